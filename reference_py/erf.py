"""The error function without SciPy: `math.erf` for real numbers, an expansion for complex ones.

Read before: nothing.  After: `transcendental.py`.
"""

from __future__ import annotations

import math

import numpy as np

from .dtypes import Array

_math_erf = np.frompyfunc(math.erf, 1, 1)


def erf_array(x: Array) -> Array:
    """erf of every element; float32 is computed in double precision and rounded once."""
    return _complex_erf(x) if x.dtype.kind == "c" else np.asarray(_math_erf(x), dtype=x.dtype)


def _complex_erf(z: Array) -> Array:
    """erf(x + iy) from erf x, to 16 digits for |y| up to about 5, with no cancellation for small y.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.29.  Its first term divides by x;
    written with sinc(t) = sin(pi t) / (pi t) it holds at x = 0 as well.
    """
    x, y = z.real, z.imag
    cos, sin = np.cos(2 * x * y), np.sin(2 * x * y)
    re = x * (y * np.sinc(x * y / math.pi)) ** 2 / math.pi
    im = y * np.sinc(2 * x * y / math.pi) / math.pi
    for n in range(1, 33):
        weight = 2 / math.pi * math.exp(-n * n / 4) / (n * n + 4 * x * x)
        cosh, sinh = np.cosh(n * y), np.sinh(n * y)
        re = re + weight * (2 * x * (1 - cosh * cos) + n * sinh * sin)
        im = im + weight * (2 * x * cosh * sin + n * sinh * cos)
    scale = np.exp(-x * x)
    return erf_array(x) + scale * re + 1j * (scale * im)
