"""Powers, exponentials, logarithms, trigonometric and hyperbolic functions, erf.

Read before: `elementwise.py`, whose conventions hold here too (complex branches, guarded rules).
After: `activations.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import Array
from .elementwise import broadcasting, rsqrt, where
from .erf import erf_array
from .operands import promoted_to_float
from .registry import op
from .tensor import Tensor

LN2, LN10 = math.log(2.0), math.log(10.0)


def _pow_gx(g: Tensor, x: Tensor, y: Tensor) -> Any:
    constant = y == 0  # x^0 is 1 for every x; y x^(y-1) would be 0 * inf at x = 0
    return g * where(constant, 0, y * pow(x, where(constant, 1, y) - 1))


def _pow_gy(g: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Any:
    flat = (x == 0) & (y >= 0)  # 0^y is 0 for every y > 0; log 0 would make this NaN
    return g * where(flat, 0, z * log(where(flat, 1, x)))


def _whole_powers(name: str, x: Array, y: Array) -> dict[str, Any]:
    if x.dtype.kind == y.dtype.kind == "i" and (y < 0).any():
        raise ValueError(f"{name}: an integer to a negative power is no integer; make the base a float")
    return broadcasting(name, x, y)


@op("pow", check=_whole_powers, gx=_pow_gx, gy=_pow_gy)
def pow(x: Array, y: Array) -> Array:
    if x.dtype.kind != "c":
        return np.power(x, y).astype(x.dtype)  # NumPy's power of truth values is an int8
    # For negative x and whole y: x^y = (-1)^y (-x)^y; the principal branch would turn by a multiple of pi.
    parity = np.where(np.round(y.real) % 2 == 0, 1.0, -1.0)
    return np.where(x.real < 0, parity * np.power(-x, y), np.power(x, y))


# ---- exponentials and logarithms ----
@op("exp", dtypes=promoted_to_float, gx=lambda g, z: g * z)
def exp(x: Array) -> Array:
    return np.exp(x)


@op("expm1", dtypes=promoted_to_float, gx=lambda g, z: g * (z + 1))
def expm1(x: Array) -> Array:
    return np.expm1(x)


@op("log", dtypes=promoted_to_float, gx=lambda g, x: g / x)
def log(x: Array) -> Array:
    return np.log(x)


@op("log1p", dtypes=promoted_to_float, gx=lambda g, x: g / (1 + x))
def log1p(x: Array) -> Array:
    return log1p_array(x)


def log1p_array(x: Array) -> Array:
    """log(1 + x), exact near 0 for complex x too: log |1 + x|^2 = log1p(2a + a^2 + b^2) for x = a + ib."""
    if x.dtype.kind != "c":
        return np.log1p(x)
    a, b = x.real, x.imag
    return 0.5 * np.log1p(a * (2 + a) + b * b) + 1j * np.arctan2(b, 1 + a)


@op("log2", dtypes=promoted_to_float, gx=lambda g, x: g / (x * LN2))
def log2(x: Array) -> Array:
    return np.log2(x)


@op("log10", dtypes=promoted_to_float, gx=lambda g, x: g / (x * LN10))
def log10(x: Array) -> Array:
    return np.log10(x)


# ---- trigonometric and hyperbolic functions ----
@op("sin", dtypes=promoted_to_float, gx=lambda g, x: g * cos(x))
def sin(x: Array) -> Array:
    return np.sin(x)


@op("cos", dtypes=promoted_to_float, gx=lambda g, x: -g * sin(x))
def cos(x: Array) -> Array:
    return np.cos(x)


@op("tan", dtypes=promoted_to_float, gx=lambda g, z: g * (1 + z * z))
def tan(x: Array) -> Array:
    return np.tan(x)


@op("asin", dtypes=promoted_to_float, gx=lambda g, x: g * rsqrt(1 - x * x))
def asin(x: Array) -> Array:
    return np.arcsin(x)


@op("acos", dtypes=promoted_to_float, gx=lambda g, x: -g * rsqrt(1 - x * x))
def acos(x: Array) -> Array:
    return np.arccos(x)


@op("atan", dtypes=promoted_to_float, gx=lambda g, x: g / (1 + x * x))
def atan(x: Array) -> Array:
    return np.arctan(x)


@op("sinh", dtypes=promoted_to_float, gx=lambda g, x: g * cosh(x))
def sinh(x: Array) -> Array:
    return np.sinh(x)


@op("cosh", dtypes=promoted_to_float, gx=lambda g, x: g * sinh(x))
def cosh(x: Array) -> Array:
    return np.cosh(x)


@op("tanh", dtypes=promoted_to_float, gx=lambda g, z: g * (1 - z * z))
def tanh(x: Array) -> Array:
    return np.tanh(x)


@op("asinh", dtypes=promoted_to_float, gx=lambda g, x: g * rsqrt(x * x + 1))
def asinh(x: Array) -> Array:
    return np.arcsinh(x)


@op("acosh", dtypes=promoted_to_float, gx=lambda g, x: g * rsqrt(x * x - 1))
def acosh(x: Array) -> Array:
    return np.arccosh(x)


@op("atanh", dtypes=promoted_to_float, gx=lambda g, x: g / (1 - x * x))
def atanh(x: Array) -> Array:
    return np.arctanh(x)


@op("erf", dtypes=promoted_to_float, gx=lambda g, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x))
def erf(x: Array) -> Array:
    return erf_array(x)
