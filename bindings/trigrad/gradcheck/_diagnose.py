"""What does this wrong gradient look like?  Mistakes that people make, each tried against the numbers.

Why it exists: 'ratio 0.5' is a fact, 'only one of two uses was counted' is a help.  A hypothesis predicts
the whole gradient; it is reported only if it reproduces the engine's numbers at two different points under
two different upstream gradients.  Nothing fits: nothing is said.
Read before: _check.py.  After: _suspects.py, the hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._engines import Array
from ._oracle import Oracle
from ._problem import Problem, upstream_for
from ._report import Report

MOST = 256  # numbers of all inputs together: beyond that only the ratio is looked at


@dataclass
class Evidence:
    """One point, one upstream gradient: what the engine says about input k, and what is true."""

    problem: Problem
    oracle: Oracle
    k: int
    points: Sequence[Array]
    gs: Sequence[Array]
    got: Array
    truths: list[Array]  # of all inputs
    values: list[Array]
    kept: dict[str, list[Array]] = field(default_factory=dict)

    @property
    def true(self) -> Array:
        """The true gradient of the input in question."""
        return self.truths[self.k]

    @property
    def x(self) -> Array:
        """The input in question."""
        return self.points[self.k]

    def true_under(self, label: str, gs: Sequence[Array]) -> Array:
        """The true gradient under other upstream gradients (kept by label)."""
        if label not in self.kept:
            self.kept[label] = self.oracle.vjp(self.points, gs)
        return self.kept[label][self.k]


def evidence(
    problem: Problem, oracle: Oracle, k: int, points: Sequence[Array], gs: Sequence[Array]
) -> Evidence:
    """Ask engine and oracle at one point."""
    found = problem.gradient(points, gs)[k]
    got = np.zeros_like(points[k]) if found is None or found.shape != points[k].shape else found
    return Evidence(
        problem,
        oracle,
        k,
        points,
        gs,
        np.asarray(got, np.float64),
        oracle.vjp(points, gs),
        problem.forward(points),
    )


def likely(problem: Problem, oracle: Oracle, gs: Sequence[Array], report: Report) -> str:
    """The likely mistake behind the first wrong input, or ''."""
    from ._suspects import SUSPECTS

    k = next(i for i, row in enumerate(report.inputs) if row.failures)
    row = report.inputs[k]
    if any(np.isnan(f.got) for f in row.failures):
        return "NaN where the true gradient is finite: often 0 * inf in a branch that `where` did not take"
    if all(f.oracle.endswith("at a kink") for f in row.failures):
        told = row.failures[0]
        return f"right except at a kink, where the op's record says {told.expected:.6g} (PyTorch's choice)"
    if sum(p.size for p in problem.points) > MOST:
        return _ratio_only([f.ratio for f in row.failures])
    gen = np.random.default_rng(report.seed + 17)
    scale = 1e-2 if problem.precision < 1e-10 else 3e-2
    near = [np.asarray(p * (1 + scale * gen.uniform(0.3, 1.0, p.shape))) for p in problem.points]
    other = upstream_for([g.shape for g in gs], gen) if getattr(problem.adapter, "weighs", True) else list(gs)
    try:
        seen = [evidence(problem, oracle, k, problem.points, gs), evidence(problem, oracle, k, near, other)]
    except Exception:  # the second point may lie outside the function's domain
        return _ratio_only([f.ratio for f in row.failures])
    mask = np.ones(problem.points[k].shape, bool)
    for place in row.kink_at:
        mask[place] = False
    loose = 1e-3 if problem.precision > 1e-10 else 2e-6
    for suspect in SUSPECTS:
        for text, predictions in _told(suspect, seen):
            if all(_same(p, e, mask, loose) for p, e in zip(predictions, seen, strict=False)):
                return text
    return ""


def _told(suspect: Callable[..., Any], seen: list[Evidence]) -> Iterator[tuple[str, list[Array]]]:
    try:
        with np.errstate(all="ignore"):
            yield from suspect(seen)
    except Exception:  # a hypothesis that does not apply (shapes, domains) is no hypothesis
        return


def _same(prediction: Array, e: Evidence, mask: Array, loose: float) -> bool:
    if np.shape(prediction) != e.got.shape:
        return False
    size = float(np.abs(e.got[mask]).max(initial=0.0))
    apart = np.abs(np.asarray(prediction) - e.got)[mask]
    unlike_truth = np.abs(np.asarray(prediction) - e.true)[mask]
    floor = float(np.abs(e.true[mask]).max(initial=0.0))
    return bool(apart.max(initial=0.0) <= loose * max(size, 1e-3 * floor) < unlike_truth.max(initial=0.0))


def _ratio_only(ratios: Sequence[float]) -> str:
    first = ratios[0]
    if len(ratios) > 1 and np.allclose(ratios, first, rtol=1e-5):
        return f"every wrong element is {first:.6g} x the truth"
    return ""
