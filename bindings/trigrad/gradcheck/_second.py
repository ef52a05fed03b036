"""Second order: are the derivatives of the gradient right?

Why it exists: a rule that is right once may be wrong twice, when it is not itself made of differentiable ops.
Read before: _check.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._check import Limits, compare, only_op
from ._engines import Array
from ._oracle import Oracle
from ._problem import Problem, upstream_for
from ._report import Report


def second(
    problem: Problem, seed: int, atol: float | None, rtol: float | None, first: Oracle, kinks: bool
) -> Report:
    """The engine differentiates <w, its own gradient>, by the inputs and by the upstream gradient.

    The true number is the slope of <w, f'>, where f' in direction w comes from the complex step, or from the
    engine's first gradient, which by now is known to be right.  At kinks it must be the latter: there the
    first gradient is what the record says, and complex numbers take one of the branches.
    """
    gen = np.random.default_rng(seed + 1)
    adapter = problem.adapter
    report = Report(problem.name, adapter.name, order=2, seed=seed, dtype=problem.dtype)
    points = problem.points
    shapes = [z.shape for z in problem.forward(points)]
    gs = upstream_for(shapes, gen)
    ws = upstream_for([p.shape for p in points], gen)
    if not adapter.second_order:
        report.notes.append(
            f"{adapter.name} cannot differentiate a gradient again; only the first order is checked"
        )
        return report
    try:
        found = _twice(problem, gs, ws)
    except Exception as e:
        report.problems.append(f"the second backward raised {type(e).__name__}: {e}")
        return report

    exact = first.source is not None and not kinks

    def total(*both: Any) -> list[Array]:
        here, g = list(both[: len(points)]), list(both[len(points) :])
        if exact:
            return [np.asarray(first.exact(here, g, ws))]
        mine = problem.gradient(here, g)
        return [np.asarray(sum(float(np.sum(w * d)) for w, d in zip(ws, mine, strict=True) if d is not None))]

    outer = _Outer(problem, total, gs)
    oracle = Oracle(outer)
    report.oracle = "differences of " + (
        "the complex step's gradient" if exact else f"{adapter.name}'s own first gradient"
    )
    compare(
        outer, oracle, found, [np.ones(())], report, Limits(outer, oracle, atol, rtol), gen, only_op(first)
    )
    return report


def _twice(problem: Problem, gs: Sequence[Array], ws: Sequence[Array]) -> list[Array | None]:
    adapter = problem.adapter
    leaves, outs = problem.call(problem.points)
    live = [k for k, z in enumerate(outs) if adapter.tracked(z)]
    upstream = [adapter.leaf(np.asarray(gs[k], problem.dtype)) for k in live]
    every: list[Array | None] = [None] * (len(leaves) + len(gs))
    if not live:
        return every
    firsts = adapter.gradients([outs[k] for k in live], leaves, upstream, create_graph=True)
    chosen = [(d, w) for d, w in zip(firsts, ws, strict=True) if d is not None and adapter.tracked(d)]
    if not chosen:
        return every
    weights = [np.asarray(w, problem.dtype) for _, w in chosen]
    twice = adapter.gradients([d for d, _ in chosen], leaves + upstream, weights)
    for place, d2 in zip([*range(len(leaves)), *(len(leaves) + k for k in live)], twice, strict=True):
        every[place] = d2
    return every


class _Outer(Problem):
    """The function (inputs, upstream) -> <w, gradient>, as a problem of its own."""

    def __init__(self, inner: Problem, total: Callable[..., list[Array]], gs: Sequence[Array]) -> None:
        self.fn, self.adapter, self.name = total, inner.adapter, inner.name
        self.points = [*inner.points, *gs]
        self.wanted = list(range(len(self.points)))
        self.args = list(self.points)
        self.dtype, self.eps = inner.dtype, None
        labels = [name or f"input {k}" for name, k in zip(inner.inputs, inner.wanted, strict=True)]
        self.inputs = [f"second by {name}" for name in labels] + ["by its upstream"] * len(gs)

    def forward(self, points: Sequence[Array]) -> list[Array]:
        return self.fn(*points)  # type: ignore[no-any-return]
