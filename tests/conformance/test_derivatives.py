"""Each engine against itself: its gradients are the derivatives of its own forward.

Why it exists: agreement with PyTorch could hide a forward and a rule that are wrong in one way together with
their golden answer. Central differences ask the engine's own forward, whatever the oracle says; the complex
step asks reference_py's, without any truncation, for ops that are analytic. Read evaluate.py before."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from .engines import ENGINES, Engine, chosen
from .evaluate import held, wanted_inputs
from .golden import golden
from .oplist import by_name, records
from .samples import Case, cases_of, rng, upstream

STEP = 1 / 1024  # exact on the inputs' grid; four steps stay within samples.GAP of every kink
PICKED = 8  # elements tried per input
SMOOTH = [r["name"] for r in records() if r["gradient"] in ("smooth", "kinked")]


def picked(op: str) -> list[Case]:
    """Cases small and tame enough for differences: no edges, no huge inputs, each attribute set."""
    cases = [c for c in cases_of(op) if not c.edge and all(x.data.size for x in c.inputs)]
    tame = [c for c in cases if all(x.high <= 10 for x in c.inputs if x.kind == "f")]
    if by_name()[op]["kind"] == "elementwise":
        return [
            c
            for c in tame
            if c.family.startswith(("contiguous", "broadcast", "attributes", "repeated", "number"))
        ]
    return tame


def pairing(outs: list[np.ndarray], gs: list[np.ndarray | None]) -> float:
    """<upstream, outputs>, whose gradient is the vector-Jacobian product. Infinite fills count nothing."""
    finite = [np.where(np.isfinite(z), z, 0) for z in outs]
    return sum(float((z * g).sum()) for z, g in zip(finite, gs, strict=True) if g is not None)


def gradients(engine: Engine, case: Case, gs: list[np.ndarray | None], wanted: list[int]) -> list[np.ndarray]:
    """The engine's gradients of `pairing`, in its default order."""
    tensors = held(engine, case.inputs, "float64", wanted)
    outs = engine.call(case.call, tensors)
    live = [k for k, g in enumerate(gs) if g is not None]
    found = engine.grad(
        [outs[k] for k in live],
        [tensors[k] for k in wanted],
        [engine.tensor(gs[k], "float64") for k in live],
        engine.orders[0],
    )
    return [
        np.zeros(case.inputs[k].shape) if d is None else engine.array(d)
        for k, d in zip(wanted, found, strict=True)
    ]


def extrapolated(
    engine: Engine, case: Case, gs: list[np.ndarray | None], k: int, at: tuple[int, ...]
) -> tuple[float, float]:
    """d pairing / d input k at one element by central differences, twice extrapolated, and its error."""
    base = case.inputs[k].data

    def value(shift: float) -> float:
        moved = base.copy()
        moved[at] += shift
        tensors = [engine.tensor(moved if j == k else x.data, "float64") for j, x in enumerate(case.inputs)]
        return pairing([engine.array(z) for z in engine.call(case.call, tensors)], gs)

    here = {m: (value(m * STEP), value(-m * STEP)) for m in (1, 2, 4)}
    d1, d2, d4 = ((here[m][0] - here[m][1]) / (2 * m * STEP) for m in (1, 2, 4))
    r1, r2 = (4 * d1 - d2) / 3, (4 * d2 - d4) / 3
    best = (16 * r1 - r2) / 15
    size = sum(abs(v) for pair in here.values() for v in pair)
    return best, abs(best - r1) + 50 * np.finfo(float).eps * (size + 1) / STEP


@pytest.mark.parametrize("op", SMOOTH)
@pytest.mark.parametrize("engine", chosen(), ids=lambda e: e.id)
def test_central_differences(engine: Engine, op: str) -> None:
    """Richardson-extrapolated central differences on the engine's own forward."""
    if not engine.supports(op):
        return  # test_ops.py proves the refusal
    wrong = []
    for case in picked(op):
        gs, wanted = golden(case).upstream, wanted_inputs(case)
        gen = rng(case.key + " picked")
        for k, grad in zip(wanted, gradients(engine, case, gs, wanted), strict=True):
            places = list(np.ndindex(*case.inputs[k].shape))
            for index in gen.permutation(len(places))[:PICKED]:
                at = places[index]
                number, error = extrapolated(engine, case, gs, k, at)
                if not abs(float(grad[at]) - number) <= error:
                    wrong.append(
                        f"{case.key}: input {k} {at}: rule {float(grad[at])!r}, differences {number!r}"
                        f" +- {error:.1g}"
                    )
                elif error > 1e-3 * (1 + abs(number)):
                    wrong.append(f"{case.key}: differences did not settle: {number} +- {error}")
    assert not wrong, f"{engine.id} {op}:\n  " + "\n  ".join(wrong[:10])


def complex_derivative(case: Case, gs: list[np.ndarray | None], k: int, at: tuple[int, ...]) -> float:
    """d pairing / d input k at one element, from reference_py's forward at a complex point."""
    engine = ENGINES["reference_py"]
    module = import_module(engine.tg.__name__ + ".complex_step")
    ways: list[np.ndarray | None] = [None] * len(case.inputs)
    ways[k] = way = np.zeros(case.inputs[k].shape)
    way[at] = 1.0

    def forward(*tensors: Any) -> tuple[Any, ...]:
        return tuple(engine.call(case.call, list(tensors)))

    return pairing(list(module.complex_step(forward, [x.data for x in case.inputs], ways)), gs)


@pytest.mark.parametrize("op", [r["name"] for r in records() if r["analytic"] and r["gradient"] == "smooth"])
def test_complex_step(op: str) -> None:
    """reference_py's gradient is the imaginary part of its forward at x + ih: nothing is truncated."""
    engine = ENGINES["reference_py"]
    if engine not in chosen():
        pytest.skip("TRIGRAD_ENGINES leaves reference_py out of this run")
    wrong = []
    for case in picked(op):
        gs, wanted = golden(case).upstream, wanted_inputs(case)
        gen = rng(case.key + " complex")
        for k, grad in zip(wanted, gradients(engine, case, gs, wanted), strict=True):
            places = list(np.ndindex(*case.inputs[k].shape))
            for index in gen.permutation(len(places))[:PICKED]:
                number = complex_derivative(case, gs, k, places[index])
                got = float(grad[places[index]])
                if not abs(got - number) <= 1e-12 * (abs(number) + np.abs(grad).max() + 1):
                    wrong.append(
                        f"{case.key}: input {k} {places[index]}: rule {got!r}, complex step {number!r}"
                    )
    assert not wrong, f"{op}:\n  " + "\n  ".join(wrong[:10])


@pytest.mark.parametrize("engine", chosen(), ids=lambda e: e.id)
def test_zero_times_infinity(engine: Engine) -> None:
    """0 * inf is NaN as in PyTorch; an engine that skips zero adjoints gives 0, by that rule and no list."""
    for op in ("sqrt", "log", "reciprocal"):
        x = engine.tensor(np.array([0.0, 4.0]), "float64", True)
        z = engine.call(cases_of(op)[0].call, [x])[0]
        engine.backward(z, engine.tensor(np.array([0.0, 1.0]), "float64"), engine.orders[0])
        got = engine.array(x.grad)
        assert got[0] == 0 if engine.skips_zeros else math.isnan(got[0]), f"{engine.id} {op}: {got}"
        assert math.isfinite(got[1])


def test_upstream_gradients_are_random() -> None:
    """Ones would hide a rule that forgets its incoming gradient."""
    case = cases_of("mul")[0]
    first = upstream(case, 0, (3, 4))
    assert (first != upstream(case, 1, (3, 4))).any()
    assert len(np.unique(first)) == 12
