"""Plain tables turned into frozen dataclasses, with an error that says which key of which file is wrong.

Why it exists: a typing error in a workload must not silently measure something else, so every key is known,
every type is checked, and the message names file, key and what was expected.
Read next: workload.py, whose dataclasses are built with this.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class WorkloadError(ValueError):
    """A workload's file cannot be used: which file, which key, what was expected."""


def fail(where: str, key: str, expected: str) -> WorkloadError:
    """The error, in the one form all of them have."""
    return WorkloadError(f"{where}: {key}: {expected}" if key else f"{where}: {expected}")


def build(cls: type[T], table: Any, where: str, prefix: str = "") -> T:
    """An instance of the dataclass from a table of a TOML file; `where` is the file, `prefix` the table."""
    if not isinstance(table, Mapping):
        raise fail(where, prefix.rstrip("."), f"expected a table, found {shown(table)}")
    hints = hints_of(typing.cast(Any, cls))
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise fail(where, prefix + key, f"unknown key{near(key, fields)}")
    values = {}
    for name, field in fields.items():
        if name in table:
            values[name] = convert(hints[name], table[name], where, prefix + name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise fail(where, prefix + name, "missing key")
    return cls(**values)


@functools.cache
def hints_of(cls: type[Any]) -> dict[str, Any]:
    """The types of the fields, as types."""
    return typing.get_type_hints(cls)


def convert(hint: Any, value: Any, where: str, key: str) -> Any:
    """The value as the type the field has; lists become tuples, whole numbers become floats where asked."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), value, where, key + ".")
    if origin is typing.Literal:
        if value not in parts or isinstance(value, bool):
            raise fail(where, key, f"expected one of {', '.join(map(str, parts))}, found {shown(value)}")
        return value
    if origin in (types.UnionType, typing.Union):
        return convert_one_of(parts, value, where, key)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise fail(where, key, f"expected a list, found {shown(value)}")
        return tuple(convert(parts[0], v, where, f"{key}[{k}]") for k, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise fail(where, key, f"expected a table, found {shown(value)}")
        return {str(k): convert(parts[1], v, where, f"{key}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise fail(where, key, f"expected {NAMES.get(hint, hint.__name__)}, found {shown(value)}")
    return value


def convert_one_of(parts: tuple[Any, ...], value: Any, where: str, key: str) -> Any:
    """The first member of the union that takes the value."""
    if value is None and type(None) in parts:
        return None
    members = [p for p in parts if p is not type(None)]
    for part in members:
        try:
            return convert(part, value, where, key)
        except WorkloadError:
            if part is members[-1]:
                raise
    raise AssertionError("a union has members")


NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def shown(value: Any) -> str:
    """The value as the file has it, shortened."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def near(key: str, known: Collection[str]) -> str:
    """A guess at what was meant, or the list of what there is."""
    guesses = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {guesses[0]!r}?" if guesses else f"; known are {', '.join(known)}"


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `over` put over it; tables are merged, everything else is replaced.

    A table whose `kind` changes is replaced as a whole: the other kind's keys would mean nothing.
    """
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        same_kind = (
            isinstance(old, Mapping)
            and isinstance(value, Mapping)
            and (value.get("kind", old.get("kind")) == old.get("kind"))
        )
        result[key] = merged(old, value) if same_kind and isinstance(old, Mapping) else value
    return result
