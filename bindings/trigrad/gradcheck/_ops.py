"""Checks of the op list: every sample of an op's record, on any engine.

Why it exists: someone who adds an op, or a whole engine, wants one line that says whether its rules are
right.  The samples come from the record alone: elementwise ops get shapes and their domain, plus points at
their kinks; structural ops get the calls that their record lists.
Read next: __main__.py, the command.
"""

from __future__ import annotations

import functools
import importlib
import operator
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._engines import Adapter, Array, adapter_for
from ._gradcheck import gradcheck
from ._report import GradcheckError, Report

Shape = tuple[int, ...]
ONE: tuple[tuple[Shape, ...], ...] = (((3, 4),), ((),), ((1,),), ((0, 3),))
TWO: tuple[tuple[Shape, ...], ...] = (
    ((3, 4), (3, 4)),
    ((3, 1), (4,)),
    ((2, 3, 4), (3, 1)),
    ((), ()),
    ((4,), (3, 4)),
)
THREE: tuple[tuple[Shape, ...], ...] = (((3, 4), (3, 4), (3, 4)), ((4,), (3, 1), (2, 3, 4)))


@functools.cache
def records() -> dict[str, dict[str, Any]]:
    """The op list."""
    core: Any = importlib.import_module("trigrad.tensor_cpp")
    return {record["name"]: record for record in core.ops()}


@dataclass
class Sample:
    """One call of an op: text for the report, inputs, and the function of them."""

    text: str
    inputs: list[Array]
    call: Callable[[Any], Callable[..., Any]]  # engine module -> function of the tensors


@dataclass
class OpReport:
    """All samples of one op on one engine."""

    op: str
    engine: str
    reports: list[Report] = field(default_factory=list)
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether every sample is right."""
        return all(r.ok for r in self.reports)

    @property
    def checks(self) -> int:
        """How many numbers were compared."""
        return sum(r.checks for r in self.reports)

    @property
    def kinks(self) -> int:
        """How many of them lie at a kink."""
        return sum(r.kinks for r in self.reports)

    @property
    def worst(self) -> float:
        """The largest deviation of a right number."""
        return max((row.worst for r in self.reports for row in r.inputs), default=0.0)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        bad = [r for r in self.reports if not r.ok]
        if bad:
            return "\n\n".join(map(str, bad))
        rest = f"  {self.note}" if self.note else ""
        return f"{self.op} ({self.engine})  ok  {self.checks} numbers in {len(self.reports)} samples{rest}"


def check_op(
    op: str, engine: Any = "tensor_cpp", *, order: int = 1, seed: int = 0, raise_exception: bool = True
) -> OpReport:
    """Check every sample of the op's record on an engine: a name, or a module with trigrad's surface."""
    if op not in records():
        raise ValueError(f"check_op: {op!r} is not in the op list; ops() gives the {len(records())} names")
    adapter = adapter_for(engine, [])
    tg: Any = adapter.tg  # type: ignore[attr-defined]
    result = OpReport(op, adapter.name)
    if not getattr(tg, "supports", lambda _: True)(op):
        result.note = f"{adapter.name} does not have it"
        return result
    if records()[op]["gradient"] == "none":
        result.note = "has no gradient"
        return result
    for sample in samples(op, seed):
        report = _checked(sample, adapter, tg, op, order, seed)
        if report is not None:
            result.reports.append(report)
    if raise_exception and not result.ok:
        raise GradcheckError(next(r for r in result.reports if not r.ok))
    return result


def _checked(sample: Sample, adapter: Adapter, tg: Any, op: str, order: int, seed: int) -> Report | None:
    tensors = [adapter.leaf(x) if x.dtype.kind == "f" else tg.tensor(x) for x in sample.inputs]
    if not any(x.dtype.kind == "f" for x in sample.inputs):
        return None
    return gradcheck(
        sample.call(tg),
        tensors,
        engine=adapter,
        order=order,
        raise_exception=False,
        seed=seed,
        name=sample.text,
    )


def samples(op: str, seed: int = 0) -> list[Sample]:
    """What the record says to try; the same for every engine."""
    record = records()[op]
    gen = np.random.default_rng([seed, zlib.crc32(op.encode())])
    if record["kind"] == "structural":
        return [_parsed(expression, gen) for expression in record["samples"]]
    return _elementwise(record, gen)


# ---- structural: the record's calls ----
def function_of(tg: Any, name: str) -> Callable[..., Any]:
    """The function that a sample's name means."""
    if name == "getitem":
        return operator.getitem
    if name == "view":
        return lambda x, shape: x.view(shape)
    return getattr(tg, name)  # type: ignore[no-any-return]


class _Place(int):
    """Input number so-and-so of a sample's call."""


class _Names(dict[str, Any]):
    """f, i, b, p, d make inputs; any other name makes the call."""

    def __init__(self, gen: np.random.Generator) -> None:
        super().__init__(slice=slice, float=float, Ellipsis=Ellipsis)
        self.gen, self.made = gen, list[Array]()
        self.update(
            f=self.floats, i=self.whole, b=self.truth, p=self.shares, d=lambda v: self.add(np.array(v, float))
        )

    def add(self, array: Array) -> _Place:
        self.made.append(array)
        return _Place(len(self.made) - 1)

    def floats(self, *shape: int, lo: float = -3.0, hi: float = 3.0) -> _Place:
        return self.add(np.asarray(self.gen.uniform(lo, hi, shape)))

    def whole(self, shape: Shape, high: int) -> _Place:
        return self.add(np.asarray(self.gen.integers(0, high, shape)))

    def truth(self, *shape: int) -> _Place:
        return self.add(np.asarray(self.gen.random(shape) < 0.5))

    def shares(self, *shape: int) -> _Place:
        raw = 0.1 + self.gen.random(shape)
        return self.add(raw / raw.sum(axis=min(1, len(shape) - 1), keepdims=True))

    def __missing__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: (name, args, kwargs)


def _parsed(expression: str, gen: np.random.Generator) -> Sample:
    names = _Names(gen)
    name, args, kwargs = eval(expression, {"__builtins__": {}}, names)  # the list is part of this package

    def call(tg: Any) -> Callable[..., Any]:
        def fn(*tensors: Any) -> Any:
            return function_of(tg, name)(*_filled(args, tensors), **_filled(kwargs, tensors))

        return fn

    return Sample(expression, names.made, call)


def _filled(value: Any, tensors: tuple[Any, ...]) -> Any:
    if isinstance(value, _Place):
        return tensors[value]
    if isinstance(value, tuple | list):
        return type(value)(_filled(v, tensors) for v in value)
    if isinstance(value, dict):
        return {k: _filled(v, tensors) for k, v in value.items()}
    return value


# ---- elementwise: shapes, attributes, kinks ----
def _elementwise(record: dict[str, Any], gen: np.random.Generator) -> list[Sample]:
    op, count = record["name"], len(record["inputs"])
    attrs = dict(record["attrs"])
    if op == "clamp":
        attrs = {"min": -1.0, "max": 1.5}
    found = []
    for shapes in (ONE, TWO, THREE)[count - 1]:
        found.append(
            _sample(record, [_drawn(record, k, shape, gen) for k, shape in enumerate(shapes)], attrs)
        )
    numbers = {k: 1.5 * v + 0.25 for k, v in attrs.items() if isinstance(v, int | float)}
    if numbers:
        shapes = (ONE, TWO, THREE)[count - 1][0]
        found.append(
            _sample(record, [_drawn(record, k, s, gen) for k, s in enumerate(shapes)], {**attrs, **numbers})
        )
    kinks = [float(k) for k in record["kinks"] if isinstance(k, int | float)]
    kinks += [float(v) for v in attrs.values() if op == "clamp" and v is not None]
    if kinks and count == 1:
        found.append(_sample(record, [np.array([*kinks, *(k + 0.5 for k in kinks)])], attrs))
    if "tie" in record["kinks"] and count == 2:
        tie = np.array([0.0, 1.5, -2.0, 0.5])
        found.append(_sample(record, [tie, tie + np.array([0.0, 0.0, 0.0, 1.0])], attrs))
    return found


def _drawn(record: dict[str, Any], k: int, shape: Shape, gen: np.random.Generator) -> Array:
    if record["name"] == "where" and k == 0:
        return np.asarray(gen.random(shape) < 0.5)
    low, high = record["domain"][k]
    return np.asarray(gen.uniform(low, high, shape))


def _sample(record: dict[str, Any], inputs: list[Array], attrs: dict[str, Any]) -> Sample:
    op = record["name"]
    given = {k: v for k, v in attrs.items() if v is not None}
    if op == "gelu_tanh":
        given = {"approximate": "tanh"}

    def call(tg: Any) -> Callable[..., Any]:
        name = "gelu" if op == "gelu_tanh" else op  # looked up at each call, when it may be watched
        return lambda *tensors: getattr(tg, name)(*tensors, **given)

    words = [str(x.shape) for x in inputs] + [f"{k}={v}" for k, v in given.items()]
    return Sample(f"{op}({', '.join(words)})", inputs, call)
