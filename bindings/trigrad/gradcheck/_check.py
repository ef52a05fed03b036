"""The check itself: the engine's gradients beside the true ones, number by number.

Why it exists: this is the one place that says what counts as wrong.  For each number there are up to four
witnesses: the engine's gradient, the complex step, differences of the engine's own forward, and the rule of
the op's record.
    at a kink         the record decides; without one the number is left out
    else              the complex step decides, with a tolerance of rounding errors only;
                      differences must agree too, within their own error bar; without a complex step they
                      decide
Read before: _oracle.py.  After: _diagnose.py, _blame.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ._differences import Slope
from ._engines import Array
from ._oracle import Oracle, oracle_for, unit
from ._problem import Problem, upstream_for
from ._report import Failure, InputResult, Report

MOST = 128  # so many elements of one input are all checked;
SAMPLE = 48  # of a larger one this many, and all of them along one direction


class Limits:
    """How far a right number may lie from the oracle's."""

    def __init__(self, problem: Problem, oracle: Oracle, atol: float | None, rtol: float | None) -> None:
        self.atol, self.rtol = atol, rtol
        self.given = atol is not None or rtol is not None
        self.precision = problem.precision
        self.growth = 4 + 2 * math.sqrt(oracle.terms())
        self.loose = 1e-3 if self.precision > 1e-10 else 1e-6
        self.tight = 1e-5 if self.precision > 1e-10 else 1e-10

    def exact(self, expected: float, size: float, condition: float, floor: float) -> float:
        """Against an exact oracle: rounding errors only, eps (4 + 2 sqrt K) (size + condition + floor)."""
        if self.given:
            return (self.atol or 0.0) + (self.rtol or 0.0) * abs(expected)
        return self.precision * self.growth * (size + condition + floor) + self.tight * size + 1e-300

    def rough(self, found: Slope, size: float, floor: float) -> float:
        """Against differences: their error bar and a share of the size."""
        if self.given:
            return (self.atol or 0.0) + (self.rtol or 0.0) * abs(found.value) + 20 * found.error
        return self.loose * size + 20 * found.error + self.precision * self.growth * floor + 1e-300


def examine(
    problem: Problem,
    seed: int,
    atol: float | None = None,
    rtol: float | None = None,
    op: str = "",
) -> tuple[Report, Oracle | None, list[Array]]:
    """First order.  Gives the report, the oracle and the upstream gradients (for blame and diagnosis)."""
    gen = np.random.default_rng(seed)
    report = Report(problem.name, problem.adapter.name, seed=seed)
    values = problem.settle()
    report.dtype = problem.dtype
    if problem.dtype == "float32":
        report.notes.append("the function insists on float32, so tolerances are those of float32")
    again = problem.forward(problem.points)
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(values, again, strict=True)):
        report.problems.append(
            "two calls with the same inputs gave different values: fix the seed inside the function"
        )
        return report, None, []
    if not values:
        report.notes.append("the function gives no floating-point tensor, so there is no gradient to check")
        return report, None, []
    gs = upstream_for([z.shape for z in values], gen)
    if not getattr(problem.adapter, "weighs", True):
        gs = [np.ones_like(g) for g in gs]
        report.notes.append("value * number has a wrong rule here, so the incoming gradient could only be 1")
    try:
        found = problem.gradient(problem.points, gs)
    except Exception as e:
        report.problems.append(f"backward raised {type(e).__name__}: {e}")
        return report, oracle_for(problem, values), gs
    oracle = oracle_for(problem, values)
    report.oracle = oracle.name
    report.notes += oracle.notes
    _shapes(problem, found, report)
    compare(
        problem, oracle, found, gs, report, Limits(problem, oracle, atol, rtol), gen, op or only_op(oracle)
    )
    return report, oracle, gs


def _shapes(problem: Problem, found: list[Array | None], report: Report) -> None:
    for k, (p, d) in enumerate(zip(problem.points, found, strict=True)):
        if d is not None and d.shape != p.shape:
            label = problem.inputs[k] or f"input {problem.wanted[k]}"
            report.problems.append(
                f"the gradient of {label} has shape {d.shape}, but {label} has shape {p.shape}"
            )
            found[k] = None


def only_op(oracle: Oracle) -> str:
    calls = oracle.program.calls if oracle.program else []
    return calls[0].op if len(calls) == 1 else ""


def compare(
    problem: Problem,
    oracle: Oracle,
    found: Sequence[Array | None],
    gs: Sequence[Array],
    report: Report,
    limits: Limits,
    gen: np.random.Generator,
    op: str,
) -> None:
    """Fill the report with one row for each input."""
    points = problem.points
    record: list[Array] | None = None
    if oracle.rules is not None:
        record = oracle.rules.gradient(points, gs)
    condition = oracle.condition(points, gs, gen) if oracle.source is not None else [0.0] * len(points)
    floor = max([float(np.abs(g).max(initial=0.0)) for g in gs], default=0.0)
    for k, p in enumerate(points):
        row = InputResult(problem.inputs[k] or f"input {problem.wanted[k]}", p.shape)
        report.inputs.append(row)
        got = np.zeros_like(p) if found[k] is None else np.asarray(found[k], np.float64)
        places = list(np.ndindex(p.shape))
        directions: list[tuple[tuple[int, ...] | None, list[Array | None], float]] = []
        if len(places) > MOST:
            chosen = sorted(gen.choice(len(places), SAMPLE, replace=False))
            v = gen.choice([-1.0, 1.0], p.shape) / math.sqrt(p.size)
            directions.append(
                (None, [v if i == k else None for i in range(len(points))], float(np.sum(v * got)))
            )
            report.notes.append(
                f"{row.label}: {SAMPLE} of {len(places)} elements, and all of them along one direction"
            )
            places = [places[i] for i in chosen]
        directions += [(place, unit(points, k, place), float(got[place])) for place in places]
        truth = [oracle.exact(points, gs, v) for _, v, _ in directions]
        finite = [abs(t) for t in truth if math.isfinite(t)]
        if oracle.source is None:
            finite = [abs(mine) for _, _, mine in directions if math.isfinite(mine)]
        size = max(finite, default=0.0)
        slopes = [oracle.slope(points, gs, v, size) for _, v, _ in directions]
        size = max([size, *(abs(s.value) for s in slopes if s.error < size)], default=0.0)
        for (place, _, mine), exact, rough in zip(directions, truth, slopes, strict=True):
            ruled = math.nan
            if record is not None and place is not None:
                ruled = float(record[k][place])
            verdict = judge(
                mine,
                exact,
                rough,
                ruled,
                limits,
                size,
                condition[k],
                floor,
                bool(oracle.escapes),
                oracle.source is not None,
            )
            row.checked += verdict.counted
            row.kinks += verdict.kink
            if verdict.kink and place is not None:
                row.kink_at.append(place)
            row.undecided += verdict.undecided
            if verdict.wrong:
                row.failures.append(
                    Failure(
                        op,
                        problem.wanted[k],
                        problem.inputs[k],
                        place,
                        mine,
                        verdict.expected,
                        verdict.allowed,
                        verdict.by,
                    )
                )
            elif verdict.counted and size:
                gap = abs(mine - verdict.expected) / max(size, 1e-8 * floor)
                row.worst = max(row.worst, gap if math.isfinite(gap) else 0.0)
        if directions and row.undecided == len(directions) - row.kinks and row.undecided:
            report.problems.append(
                f"{row.label}: no oracle could decide; the function may be too noisy or not finite here"
            )


class Verdict:
    """What the witnesses say about one number."""

    def __init__(self, expected: float = math.nan, allowed: float = 0.0, by: str = "") -> None:
        self.expected, self.allowed, self.by = expected, allowed, by
        self.wrong = self.kink = self.undecided = False
        self.counted = True


def judge(
    mine: float,
    exact: float,
    rough: Slope,
    ruled: float,
    limits: Limits,
    size: float,
    condition: float,
    floor: float,
    escapes: bool,
    has_exact: bool,
) -> Verdict:
    """One number and its witnesses; the rules of precedence are those at the top of this file."""

    def near(a: float, b: float, allowed: float) -> bool:
        return bool(a == b or abs(a - b) <= allowed or (math.isnan(a) and math.isnan(b)))

    tight = limits.exact(exact if math.isfinite(exact) else mine, size, condition, floor)
    if rough.kink:
        if math.isnan(ruled):
            verdict = Verdict()
            verdict.kink, verdict.counted = True, False
            return verdict
        verdict = Verdict(ruled, tight, "the op's record, at a kink")
        verdict.kink, verdict.wrong = True, not near(mine, ruled, tight)
        return verdict
    allowed = limits.rough(rough, size, floor)
    sharp = math.isfinite(rough.value) and 20 * rough.error <= 1e-2 * max(size, 1e-6 * floor)
    by_slope = near(mine, rough.value, allowed)
    if not has_exact or math.isnan(exact):
        if not sharp:
            verdict = Verdict(ruled, tight, "the op's record, where differences do not settle")
            if math.isnan(ruled) and not (has_exact and math.isnan(mine)):
                verdict.undecided, verdict.counted = True, False
            else:
                verdict.wrong = not near(mine, ruled, tight)
            return verdict
        verdict = Verdict(rough.value, allowed, "differences")
        verdict.wrong = not by_slope
        return verdict
    verdict = Verdict(exact, tight, "complex step")
    if near(mine, exact, tight):
        unlike = sharp and not by_slope
        if unlike and (escapes or math.isnan(ruled) or not near(mine, ruled, tight)):
            verdict = Verdict(rough.value, allowed, "differences of the engine's own forward")
            verdict.wrong = True
        elif unlike:  # two kinks that cancel: relu(x) - relu(-x) at 0; the records decide
            verdict.kink = True
        return verdict
    if sharp and by_slope and not near(exact, rough.value, allowed):
        return Verdict(
            rough.value, allowed, "differences"
        )  # the function is not analytic, complex numbers mislead
    verdict.wrong = True
    return verdict
