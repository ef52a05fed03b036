"""All cases of the suite, built from the list of ops and from nothing else (edge values: edges.py).

Why it exists: hand-written samples forget shapes. Here every elementwise op meets every shape family, and
every structural op every sample of its record. Inputs are seeded by the case's name, so a case never changes
because another was added; they are multiples of 1/1024, hence exact in float32, and one float64 answer serves
both dtypes. Read edges.py for special values, oracle.py for the answers."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import edges
from .calls import Arg, Call, Input, parse
from .oplist import Record, by_name, records

GRID = 1024.0
GAP = 41 / GRID  # how far inputs stay from kinks; differences with steps below this are safe

Shape = tuple[int, ...]


@dataclass
class Case:
    """One op on one set of inputs. `family` is unique within the op; `edge` cases hold special values."""

    op: str
    family: str
    call: Call
    inputs: list[Input]
    attrs: dict[str, Any] = field(default_factory=dict)
    edge: bool = False
    dtypes: tuple[str, ...] = ("float32", "float64")
    plain: bool = True  # elementwise: inputs are the op's operands in order, so that C++ can read the line

    @property
    def key(self) -> str:
        return f"{self.op}: {self.family}"

    @property
    def record(self) -> Record:
        return by_name()[self.op]

    @property
    def gradient(self) -> str:
        return str(self.record["gradient"])


def rng(name: str) -> np.random.Generator:
    """A generator that depends on `name` alone."""
    return np.random.Generator(
        np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))
    )


def snapped(values: np.ndarray) -> np.ndarray:
    """Rounded to the grid on which float32 and float64 agree."""
    return np.round(np.asarray(values, dtype=np.float64) * GRID) / GRID


# -------------------------------------------------------------------------------------------------------
# numbers


def _floats(inputs: list[Input], gen: np.random.Generator) -> None:
    """Distinct values: each element of a case has its own slot of the range, so no two are close."""
    wanted = [x for x in inputs if x.kind == "f" and not x.data.size]
    total = sum(math.prod(x.shape) for x in wanted)
    slots = gen.random(total).argsort()
    jitter = gen.random(total)
    at = 0
    for x in wanted:
        n = math.prod(x.shape)
        place = (slots[at : at + n] + 0.25 + 0.5 * jitter[at : at + n]) / max(total, 1)
        x.data = snapped(x.low + (x.high - x.low) * place).reshape(x.shape)
        at += n


def _others(x: Input, gen: np.random.Generator) -> None:
    n = math.prod(x.shape)
    if x.kind == "i":
        x.data = (gen.random(n) * x.high).astype(np.int64).reshape(x.shape)
    elif x.kind == "b":
        x.data = (gen.random(n) < 0.5).reshape(x.shape)
    elif x.kind == "p":
        raw = 0.1 + gen.random(n).reshape(x.shape)
        x.data = snapped(raw / raw.sum(axis=min(1, len(x.shape) - 1), keepdims=True))


def _expand(x: Input) -> None:
    """A stride-0 view repeats its first row."""
    if x.layout == "E" and x.data.size:
        x.data = np.broadcast_to(x.data[..., :1, :], x.shape).copy()


def _away(x: Input, kinks: list[float]) -> None:
    for kink in kinks:
        near = np.abs(x.data - kink) < GAP
        x.data[near] = kink + np.where(x.data[near] < kink, -GAP, GAP)


# Structural ops whose kink lies where two inputs meet: the distance to it, so that a case is drawn again
# when too near.
MEETING_KINK: dict[str, Callable[[list[np.ndarray], dict[str, Any]], np.ndarray]] = {
    "l1_loss": lambda x, kw: x[0] - x[1],
    "huber_loss": lambda x, kw: np.abs(x[0] - x[1]) - kw.get("delta", 1.0),
    "hinge_loss": lambda x, kw: kw.get("margin", 1.0) - x[0] * x[1],
    "linear": lambda x, kw: x[0] @ x[1].T + (x[2] if len(x) > 2 else 0.0),
}


def draw(case: Case) -> Case:
    """Fills the inputs of a case, again and again until none lies at a kink."""
    given = [x.data for x in case.inputs]
    kinks = numeric_kinks(case) if not case.edge else []
    for attempt in range(100):
        gen = rng(f"{case.key} #{attempt}")
        for x, data in zip(case.inputs, given, strict=True):
            x.data = data
        _floats(case.inputs, gen)
        for x, data in zip(case.inputs, given, strict=True):
            if not data.size:
                _others(x, gen)
                _expand(x)
                if x.kind == "f":
                    _away(x, kinks)
            if x.data.shape != x.shape:
                x.data = x.data.reshape(x.shape)
        meeting = MEETING_KINK.get(case.op)
        if case.edge or meeting is None:
            return case
        gaps = np.abs(meeting([x.data for x in case.inputs], case.call.kwargs))
        if not gaps.size or gaps.min() >= GAP:
            return case
    raise AssertionError(f"{case.key}: no inputs away from the kinks found")


def numeric_kinks(case: Case) -> list[float]:
    """The x values of the record's kinks, attributes resolved (clamp's are its min and max)."""
    found: list[float] = []
    for kink in case.record.get("kinks", []):
        value = case.attrs.get(kink) if isinstance(kink, str) else kink
        if isinstance(value, (int, float)) and math.isfinite(value):
            found.append(float(value))
    if case.op == "clamp":
        found += [float(v) for v in case.attrs.values() if v is not None and math.isfinite(v)]
    if case.op in ("floor", "ceil", "round"):  # they jump at every integer and a half
        found += [k / 2 for k in range(-8, 9)]
    return sorted(set(found))


# ------------------------------------------------------------------------------------------------------
# elementwise

UNARY: dict[str, tuple[Shape, str]] = {
    "contiguous (3, 4)": ((3, 4), "C"),
    "size 0 (0, 3)": ((0, 3), "C"),
    "size 1 (1,)": ((1,), "C"),
    "0-dim ()": ((), "C"),
    "transposed (4, 3)": ((4, 3), "T"),
    "strided (3, 4)": ((3, 4), "S"),
    "expanded (3, 4)": ((3, 4), "E"),
    "long (70,)": ((70,), "C"),
}
BINARY: dict[str, tuple[list[Shape], str]] = {
    "contiguous (3, 4)": ([(3, 4), (3, 4)], "CC"),
    "broadcast (3, 1) (4,)": ([(3, 1), (4,)], "CC"),
    "broadcast (2, 3, 4) (3, 1)": ([(2, 3, 4), (3, 1)], "CC"),
    "size 0 (0, 3) (3,)": ([(0, 3), (3,)], "CC"),
    "size 1 (1,) (1,)": ([(1,), (1,)], "CC"),
    "0-dim () ()": ([(), ()], "CC"),
    "0-dim (3, 4) ()": ([(3, 4), ()], "CC"),
    "row first (4,) (3, 4)": ([(4,), (3, 4)], "CC"),
    "transposed, strided (4, 3)": ([(4, 3), (4, 3)], "TS"),
    "expanded, transposed (3, 4)": ([(3, 4), (3, 4)], "ET"),
}
TERNARY: dict[str, tuple[list[Shape], str]] = {
    "contiguous (3, 4)": ([(3, 4), (3, 4), (3, 4)], "CCC"),
    "broadcast (4,) (3, 1) (2, 3, 4)": ([(4,), (3, 1), (2, 3, 4)], "CCC"),
    "broadcast (3, 4) () (1,)": ([(3, 4), (), (1,)], "CCC"),
    "size 0 (0, 3) (3,) ()": ([(0, 3), (3,), ()], "CCC"),
    "0-dim () () ()": ([(), (), ()], "CCC"),
    "transposed, strided, expanded (4, 3)": ([(4, 3), (4, 3), (4, 3)], "TSE"),
}
# Ops that also take a Python number: the surface's operators, not a property of an op's mathematics.
WITH_NUMBERS = {
    "add": 1.5,
    "sub": 1.5,
    "mul": -0.75,
    "div": 2.5,
    "pow": 3.0,
    "eq": 0.5,
    "ne": 0.5,
    "lt": 0.5,
    "le": 0.5,
    "gt": 0.5,
    "ge": 0.5,
}


def base_attrs(record: Record) -> dict[str, Any]:
    """The attributes an op is called with by default; clamp without any bound is no call at all."""
    attrs = dict(record.get("attrs") or {})
    return {"min": -1.0, "max": 1.5} if record["name"] == "clamp" else attrs


def other_attrs(record: Record) -> list[dict[str, Any]]:
    """Attributes away from the defaults."""
    attrs = base_attrs(record)
    if record["name"] == "clamp":
        return [{"min": -0.5, "max": None}, {"min": None, "max": 0.75}, {"min": 1.0, "max": -1.0}]
    numbers = {k: v for k, v in attrs.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    return [{**attrs, **{k: 1.5 * v + 0.25 for k, v in numbers.items()}}] if numbers else []


def operands(record: Record) -> list[tuple[str, float, float]]:
    """Kind and domain of each input of an elementwise op."""
    found, domain = [], list(record["domain"])
    for k in range(len(record["inputs"])):
        boolean = record["name"].startswith("logical_") or (record["name"] == "where" and k == 0)
        low, high = domain[k] if not boolean else (0, 1)
        found.append(("b" if boolean else "f", float(low), float(high)))
    return found


def call_of(op: str, args: list[Any], attrs: dict[str, Any], default: bool) -> Call:
    """How Python calls an elementwise op. Defaults are left out, so that the engine's own are tested."""
    if op == "gelu_tanh":
        return Call("gelu", tuple(args), {"approximate": "tanh"})
    given = {} if default and op != "clamp" else {k: v for k, v in attrs.items() if v is not None}
    return Call(op, tuple(args), given)


def elementwise(record: Record) -> list[Case]:
    """Every shape family, repeated operands, Python numbers, other attributes and edge values of one op."""
    op, kinds, attrs = record["name"], operands(record), base_attrs(record)
    families: dict[str, tuple[list[Shape], str]]
    if len(kinds) == 1:
        families = {name: ([shape], layout) for name, (shape, layout) in UNARY.items()}
    else:
        families = BINARY if len(kinds) == 2 else TERNARY
    cases = []

    def made(family: str, shapes: list[Shape], layouts: str, at: dict[str, Any], default: bool) -> Case:
        inputs = [
            Input(kind, s, lo, hi, lay) for (kind, lo, hi), s, lay in zip(kinds, shapes, layouts, strict=True)
        ]
        call = call_of(op, [Arg(k) for k in range(len(inputs))], at, default)
        return Case(op, family, call, inputs, at)

    for family, (shapes, layouts) in families.items():
        cases.append(made(family, shapes, layouts, attrs, True))
    for at in other_attrs(record):
        shapes, layouts = next(iter(families.values()))
        cases.append(
            made("attributes " + ", ".join(f"{k}={v}" for k, v in at.items()), shapes, layouts, at, False)
        )
    if len(kinds) == 2:
        both = Input(kinds[0][0], (3, 4), max(k[1] for k in kinds), min(k[2] for k in kinds))
        cases.append(Case(op, "repeated operand (3, 4)", Call(op, (Arg(0), Arg(0)), {}), [both], plain=False))
    if op in WITH_NUMBERS:
        number = WITH_NUMBERS[op]
        for family, args in {"number second": (Arg(0), number), "number first": (number, Arg(0))}.items():
            kind, low, high = kinds[1] if family == "number first" else kinds[0]
            call = Call("operator." + op, args, {})
            cases.append(Case(op, f"{family} (3, 4)", call, [Input(kind, (3, 4), low, high)], plain=False))
    if kinds[0][0] == "b" and op.startswith("logical_"):
        shapes, layouts = next(iter(families.values()))
        inputs = [Input("f", s, data=np.resize([0.0, 1.5, -0.0, -2.0, 0.0], s)) for s in shapes]
        cases.append(
            Case(op, "truth of floats", Call(op, tuple(Arg(k) for k in range(len(inputs))), {}), inputs)
        )
    cases += [
        Case(op, f, call_of(op, [Arg(k) for k in range(len(x))], attrs, True), x, attrs, True, dtypes)
        for f, x, dtypes in edges.elementwise(record, [k[0] for k in kinds], attrs)
    ]
    return cases


def structural(record: Record) -> list[Case]:
    """The record's samples, and the edge samples that `edges.py` has for it."""
    cases = []
    for expression in record["samples"]:
        call, inputs = parse(expression)
        cases.append(Case(record["name"], expression, call, inputs))
    for expression in edges.STRUCTURAL.get(record["name"], []):
        call, inputs = parse(expression)
        cases.append(Case(record["name"], expression, call, inputs, edge=True))
    return cases


@functools.cache
def cases_of(op: str) -> tuple[Case, ...]:
    """All cases of one op, inputs drawn."""
    record = by_name()[op]
    made = elementwise(record) if record["kind"] == "elementwise" else structural(record)
    return tuple(draw(c) for c in made)


def all_cases() -> list[Case]:
    """All cases of the list."""
    return [c for r in records() for c in cases_of(r["name"])]


def upstream(case: Case, index: int, shape: Shape) -> np.ndarray:
    """The random gradient that comes into output `index`: on the grid, never 0, never all ones."""
    gen = rng(f"{case.key} upstream {index}")
    n = math.prod(shape)
    size = 0.25 + 1.5 * gen.random(n)
    return snapped(np.where(gen.random(n) < 0.5, -size, size)).reshape(shape)


def weights(case: Case, index: int, shape: Shape) -> np.ndarray:
    """The random weights of input `index`'s gradient in the second derivative."""
    return upstream(case, 1000 + index, shape)
