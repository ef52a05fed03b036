"""Which oracle answers, and what it answers: the complex step where it can, differences everywhere.

Why it exists: a checker is trusted as far as its oracle.  So each number of the report is judged by the best
one there is, at kinks by the rules of the op list, and the report says which.
Read before: _replay.py, _differences.py.  After: _check.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._differences import Slope, first_step, plain, slope
from ._engines import Adapter, Array, ByHand, Values
from ._problem import Problem
from ._replay import WOBBLE, Gradients, Replay, Swapped, complex_derivative
from ._trace import Program, trace


@dataclass
class Oracle:
    """How to get true derivatives of one problem."""

    problem: Problem
    program: Program | None = None  # the calls, written down
    source: Any = None  # takes complex numbers: Replay or Swapped
    rules: Any = None  # reference_py's own gradient, for kinks: Replay or Gradients
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """For the report."""
        own = f"differences of {self.problem.adapter.name}'s own forward"
        if isinstance(self.source, Replay):
            return f"complex step on reference_py's forward, and {own}"
        if isinstance(self.source, Swapped):
            run = "run on reference_py's tensors" if self.source.tg is not None else "run on complex arrays"
            return f"complex step on the function itself, {run}, and {own}"
        return f"Richardson-extrapolated {own}"

    @property
    def escapes(self) -> list[str]:
        """Where numbers left the graph."""
        return self.program.escapes if self.program else []

    def terms(self) -> int:
        """A bound on the longest sum: the size of the largest tensor."""
        sizes = [p.size for p in self.problem.points]
        if self.program is not None:
            adapter = self.problem.adapter
            sizes += [adapter.array(t).size for t in self.program.tensors]
        return max([1, *sizes])

    def exact(self, points: Sequence[Array], gs: Sequence[Array], directions: Sequence[Any]) -> float:
        """The directional derivative by the complex step; NaN if there is none."""
        return complex_derivative(self.source, points, gs, directions) if self.source is not None else np.nan

    def slope(
        self, points: Sequence[Array], gs: Sequence[Array], direction: Sequence[Any], scale: float
    ) -> Slope:
        """The directional derivative of the engine's own forward by differences."""

        def line(h: float) -> tuple[float, float]:
            moved = [p if v is None else p + h * v for p, v in zip(points, direction, strict=True)]
            with np.errstate(all="ignore"):
                terms = [g * z for g, z in zip(gs, self.problem.forward(moved), strict=True)]
                value = float(sum(float(np.sum(t)) for t in terms))
                return value, float(sum(float(np.sum(np.abs(t))) for t in terms))

        if self.problem.eps is not None:
            return plain(line, self.problem.eps, self.problem.precision)
        touched = [
            np.abs(p[v != 0]).max(initial=0.0)
            for p, v in zip(points, direction, strict=True)
            if v is not None
        ]
        where = max([0.0, *map(float, touched)])
        precision = self.problem.precision
        return slope(line, first_step(where, precision > 1e-10), precision, scale, where)

    def vjp(self, points: Sequence[Array], gs: Sequence[Array]) -> list[Array]:
        """All gradients.  (Where numbers escape the graph, a replay would keep them fixed.)"""
        exact = self.source is not None and not self.escapes
        found = [np.zeros_like(p) for p in points]
        for k, p in enumerate(points):
            for place in np.ndindex(p.shape):
                v = unit(points, k, place)
                found[k][place] = self.exact(points, gs, v) if exact else self.slope(points, gs, v, 0.0).value
        return found

    def condition(
        self, points: Sequence[Array], gs: Sequence[Array], gen: np.random.Generator
    ) -> list[float]:
        """How far each gradient moves, per relative unit, when every step on the way is a little off."""
        if not isinstance(self.rules, Replay):
            return [0.0] * len(points)
        base = self.rules.gradient(points, gs)
        worst = [0.0] * len(points)
        for _ in range(2):
            _, moved = self.rules.wobbled(points, gs, gen)
            for k, (a, b) in enumerate(zip(base, moved, strict=True)):
                gap = np.abs(a - b)
                worst[k] = max(worst[k], float(gap[np.isfinite(gap)].max(initial=0.0)) / WOBBLE)
        return worst


def unit(points: Sequence[Array], k: int, place: tuple[int, ...]) -> list[Array | None]:
    """The direction that moves one element only."""
    v = np.zeros_like(points[k])
    v[place] = 1.0
    return [v if i == k else None for i in range(len(points))]


def oracle_for(problem: Problem, values: Sequence[Array]) -> Oracle:
    """Try the best first; keep it only if it gives the engine's own values."""
    oracle = Oracle(problem)
    adapter = problem.adapter
    if adapter.can_trace:
        leaves, args = problem.leaves(problem.points)
        oracle.program = trace(adapter, problem.fn, leaves, args, problem.outputs_of)
        try:
            replay = Replay(oracle.program)
            if _agrees(replay, problem, values, oracle):
                oracle.source = oracle.rules = replay
                oracle.rules.gradient(problem.points, values)
        except Exception as e:  # whatever stands in the way: differences remain
            oracle.source = oracle.rules = None
            oracle.notes.append(f"no complex step: {str(e).partition(chr(10))[0]}")
        return oracle
    try:
        swapped = Swapped(problem.fn, problem.args, problem.wanted, wrap=not isinstance(adapter, ByHand))
        if _agrees(swapped, problem, values, oracle):
            oracle.source = swapped
            oracle.exact(problem.points, values, [np.ones_like(p) for p in problem.points])
            if swapped.tg is not None:
                oracle.rules = Gradients(swapped)
                oracle.rules.gradient(problem.points, values)
    except Exception as e:
        oracle.source = oracle.rules = None
        if not isinstance(adapter, Values) and type(adapter) is not Adapter:
            oracle.notes.append(f"no complex step: {str(e).partition(chr(10))[0]}")
    return oracle


def _agrees(source: Any, problem: Problem, values: Sequence[Array], oracle: Oracle) -> bool:
    """Whether reference_py computes the engine's values, to the engine's precision."""
    found = source.forward(problem.points)
    if len(found) != len(values):
        return False
    loose = 1e-3 if problem.precision > 1e-10 else 1e-8
    for z, own in zip(found, values, strict=True):
        finite = np.isfinite(own)
        size = float(np.abs(own[finite]).max(initial=1.0))
        if np.shape(z) != own.shape or not np.allclose(
            z.real, own, rtol=loose, atol=loose * size, equal_nan=True
        ):
            oracle.notes.append(
                "the engine's values differ from reference_py's, so its complex step is not used"
            )
            return False
    return True
