"""The error function without SciPy: `math.erf` for real numbers, and for complex ones two formulas.

Read before: nothing.  After: `elementwise.py`.
"""

from __future__ import annotations

import math

import numpy as np

from .dtypes import Array

_math_erf = np.frompyfunc(math.erf, 1, 1)


def erf_array(x: Array) -> Array:
    """erf of every element; float32 is computed in double precision and rounded once."""
    if x.dtype.kind == "c":
        return np.where(np.abs(x.real) < 3, _series(x), _fraction(x))
    return np.asarray(_math_erf(x), dtype=x.dtype)


def _series(x: Array) -> Array:
    """erf x = 2/√π exp(-x²) (x + 2/3 x³ + 4/15 x⁵ + ...): all terms have one sign, so nothing cancels."""
    near = np.where(np.abs(x.real) < 3, x, 0)  # elsewhere the other formula serves; keep this one finite
    term = total = near
    for n in range(1, 120):  # at |x| = 3 the terms fall below 1e-17 of the sum before n = 50
        term = term * (2 * near * near / (2 * n + 1))
        total = total + term
    return 2 / math.sqrt(math.pi) * np.exp(-near * near) * total


def _fraction(x: Array) -> Array:
    """1 - erf x = exp(-x²)/√π / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))) for Re x > 0; erf is odd."""
    side = np.where(x.real < 0, -1.0, 1.0)
    far = np.where(np.abs(x.real) < 3, 3, x * side)
    tail = far
    for n in range(80, 0, -1):
        tail = far + (n / 2) / tail
    return side * (1 - np.exp(-far * far) / math.sqrt(math.pi) / tail)
