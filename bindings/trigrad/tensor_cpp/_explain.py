"""One line about a call that does not fit, from pybind11's account of it (bindings/src/tensor_calls.cpp).

Imported only when such a call has been made.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# What may be passed where a signature says so: the words, the test, and the test's name for a reader.
_KINDS: tuple[tuple[str, Any, str], ...] = (
    ("bool", lambda v: type(v).__name__ in ("bool", "bool_"), "a bool"),
    ("SupportsFloat", lambda v: hasattr(v, "__float__") or hasattr(v, "__index__"), "a number"),
    ("SupportsIndex", lambda v: hasattr(v, "__index__"), "an int"),
    ("SupportsInt", lambda v: hasattr(v, "__index__"), "an int"),
    ("int", lambda v: hasattr(v, "__index__"), "an int"),
    ("str", lambda v: isinstance(v, str), "a string"),
    ("Sequence", lambda v: isinstance(v, list | tuple), "a list or a tuple"),
    ("tuple", lambda v: isinstance(v, tuple), "a tuple"),
    ("Tensor", lambda v: type(v).__name__ == "Tensor", "a tensor"),
    ("Generator", lambda v: type(v).__name__ == "Generator", "a Generator"),
)
_SIGNATURE = re.compile(
    r"(?:\w+\.)*(?P<name>\w*)\(\): incompatible \w+ arguments.*?\n"
    r"\s*1\. (?P<owner>[\w.]*)(?P<parameters>\(.*?\))(?: ->[^\n]*)?\n",
    re.DOTALL,
)


class Parameter(NamedTuple):
    """One parameter of a signature as pybind11 prints it."""

    name: str
    kind: str
    default: str | None


def parameters(signature: str) -> list[Parameter]:
    """Of `(self: object, dim: object = None, *, axis: object = None)`; `*` is one, too."""
    found, depth, start = [], 0, 0
    body = signature.strip()[1:-1]
    for k, c in enumerate(body + ","):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            part, start = body[start:k].strip(), k + 1
            if part:
                head, _, default = part.partition(" = ")
                name, _, kind = head.partition(":")
                found.append(Parameter(name.strip(), kind.strip(), default or None))
    return found


def explain(text: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """`sum: unexpected argument 'dims'; the call is sum(input, dim=None, keepdim=False, ...)`."""
    match = _SIGNATURE.match(text)
    if not match:
        return text
    name, listed = match["name"] or "property", parameters(match["parameters"])
    if name == "__init__":  # (self, ...), shown as Class(...)
        name, args = match["owner"].rpartition(".")[2], args[1:]
    elif listed and listed[0].name in ("self", "arg0") and args:  # a method
        listed, args = listed[1:], args[1:]
    if name == "property":
        wanted, given = _mismatch(listed[0], args[0]), type(args[0]).__name__
        return f"the value of this attribute must be {wanted}, not {given}"
    usage = ", ".join(p.name + ("" if p.default is None else f"={p.default}") for p in listed)
    return f"{name}: {_problem(listed, args, kwargs)}; the call is {name}({usage})"


def _problem(listed: list[Parameter], args: list[Any], kwargs: dict[str, Any]) -> str:
    star = next((k for k, p in enumerate(listed) if p.name.startswith("*")), len(listed))
    places = listed[:star]
    open_ended = star < len(listed) and listed[star].name not in ("*", "**kwargs")
    named = {p.name: p for p in listed if not p.name.startswith("*")}
    unknown = [key for key in kwargs if key not in named]
    if unknown and not any(p.name.startswith("**") for p in listed):
        return f"unexpected argument {unknown[0]!r}"
    if len(args) > len(places) and not open_ended:
        return f"{len(args)} arguments by position, at most {len(places)}"
    given = dict(zip((p.name for p in places), args, strict=False))
    for key, value in kwargs.items():
        if key in given:
            return f"two values for {key!r}"
        given[key] = value
    for p in named.values():
        if p.name not in given:
            if p.default is None:
                return f"missing argument {p.name!r}"
            continue
        wanted = _mismatch(p, given[p.name])
        if wanted:
            return f"{p.name} must be {wanted}, not {type(given[p.name]).__name__}"
    kinds = ", ".join(type(v).__name__ for v in given.values())
    return f"arguments of types ({kinds}) do not fit"


def _mismatch(p: Parameter, value: Any) -> str | None:
    """What p takes, if value is nothing of the kind."""
    if (value is None and "None" in p.kind) or not p.kind:
        return None
    kinds = [(test, words) for word, test, words in _KINDS if re.search(rf"\b{word}\b", p.kind)]
    if not kinds or kinds[0][0](value):
        return None
    return kinds[0][1] + (" or None" if "None" in p.kind else "")
