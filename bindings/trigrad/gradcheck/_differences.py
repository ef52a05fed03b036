"""Derivatives of any function by differences: Richardson's extrapolation, an error bar, and a nose for kinks.

Why it exists: one step size fits no function.  Here central differences with steps h, h/2, h/4, h/8 are
extrapolated to h = 0; their disagreement is the error bar.  The one-sided slopes are extrapolated as well:
where right and left keep apart as h goes to 0, the function has a kink, and no difference quotient is its
gradient. Read next: _sweep.py for the picture behind it (the V-curve).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Line = Callable[[float], tuple[float, float]]  # offset -> value, and the size of the terms it was summed from

WINDOW = 4  # steps that are extrapolated together
FINEST = 24  # halvings of the first step before we give up


@dataclass(frozen=True)
class Slope:
    """A derivative in one direction.  `error` bounds how far `value` may be off (inf: nothing found)."""

    value: float
    error: float
    kink: bool = False
    left: float = float("nan")
    right: float = float("nan")


def first_step(x: float, single: bool = False) -> float:
    """Where the halvings start: in proportion to x, but never so small that x + h rounds to x."""
    size = max(min(max(abs(x), 0.25), 1.0), 1e-6 * abs(x))
    return float(2.0 ** (math.floor(math.log2(size)) - (3 if single else 5))) if math.isfinite(size) else 1.0


def slope(line: Line, step: float, precision: float, scale: float = 0.0, where: float = 0.0) -> Slope:
    """The derivative of line at 0.

    `scale` is the size of the gradients around: what is small beside it is noise.  `where` is the |x| that
    the offsets are added to, since x + h is rounded too.

    A first window of four steps settles smooth functions.  If it does not, the next windows have finer
    steps, which a kink close by does not reach.
    """
    known: dict[int, tuple[float, float, float]] = {}
    middle, size = line(0.0)
    best = Slope(float("nan"), float("inf"))
    kinks: list[Slope] = []
    finest = FINEST if precision < 1e-10 else 9
    for start in range(0, finest - WINDOW + 1, WINDOW - 1):
        rows = []
        for k in range(start, start + WINDOW):
            if k not in known:
                h = step / 2.0**k
                (right, a), (left, b) = line(h), line(-h)
                known[k] = (right, left, max(a, b, size))
            rows.append((step / 2.0**k, *known[k]))
        found = _window(rows, middle, precision, scale, where)
        if found is None:
            continue
        if found.kink:
            kinks.append(found)
            continue
        if found.error < best.error:
            best = found
        if found.error <= 1e-9 * max(abs(found.value), scale) or (
            precision > 1e-10 and np.isfinite(found.error)
        ):
            return best
    if kinks and (not np.isfinite(best.error) or best.error > 1e-6 * max(abs(best.value), scale)):
        return kinks[-1]
    return best


def plain(line: Line, step: float, precision: float) -> Slope:
    """The central difference with one given step; its error bar knows of rounding and curvature."""
    (right, a), (left, b), (middle, c) = line(step), line(-step), line(0.0)
    rounding = 4 * precision * max(a, b, c) / step
    return Slope((right - left) / (2 * step), rounding + abs(right - 2 * middle + left) / 20, False)


def _window(
    rows: list[tuple[float, float, float, float]], middle: float, precision: float, scale: float, where: float
) -> Slope | None:
    """One window of steps: the extrapolated derivative with its error, or the two slopes of a kink."""
    central, apart = [], []
    noise = 0.0
    for h, right, left, size in rows:
        if not (np.isfinite(right) and np.isfinite(left) and np.isfinite(middle)):
            return None
        central.append((right - left) / (2 * h))
        apart.append((right - 2 * middle + left) / h)
        noise = max(noise, 4 * precision * (size + where * abs(central[-1])) / h)
    value, error = _to_zero(central, (4.0, 16.0, 64.0))  # errors of h^2, h^4, h^6
    gap, unsure = _to_zero(apart, (2.0, 8.0, 32.0))  # h f'' + h^3 ...: errors of h, h^3, h^5
    limit = 1e-6 * max(abs(value), scale, abs(gap)) + 10 * unsure + 4 * noise
    if abs(gap) > limit or (abs(apart[-1]) > 1.5 * abs(apart[0]) > 100 * noise):  # apart, or a jump
        return Slope(value, float("inf"), True, value - gap / 2, value + gap / 2)
    return Slope(value, error + noise)


def _to_zero(values: list[float], powers: tuple[float, ...]) -> tuple[float, float]:
    """Neville's table: each column removes one more power of h; how columns disagree is the error."""
    column, last = list(values), values[-1]
    error = float("inf")
    for power in powers:
        column = [(power * fine - coarse) / (power - 1) for coarse, fine in itertools.pairwise(column)]
        error = min(error, max(abs(column[-1] - last), abs(column[-1] - column[max(0, len(column) - 2)])))
        last = column[-1]
    return last, error
