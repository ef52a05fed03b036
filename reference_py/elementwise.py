"""Arithmetic, comparisons and the functions of one variable: value by value, with broadcasting.

The forwards also accept complex arrays, for `complex_step.py`: each is then the function's analytic
continuation.  Where a function has a kink there is none; then the *real* part picks the branch, so that
x + ih stays on the branch of x.  Rules guard the branch not taken (`where` evaluates both): a NaN there would
spread through 0 * NaN.
Read before: `registry.py`.  After: `activations.py`, `reductions.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import Array
from .erf import erf_array
from .errors import ShapeError
from .operands import promoted_to_float, with_mask
from .registry import op
from .tensor import Tensor

LN2, LN10 = math.log(2.0), math.log(10.0)


def broadcasting(name: str, *arrays: Array, **attrs: Any) -> dict[str, Any]:
    """Check that all shapes broadcast: from the last dim backwards, sizes are equal or one of them is 1."""
    for i, x in enumerate(arrays):
        for y in arrays[:i]:
            if x.shape != y.shape:
                check_pair(name, y.shape, x.shape)
    return attrs


def check_pair(name: str, x: tuple[int, ...], y: tuple[int, ...], skip: int = 0) -> None:
    """Raise unless two shapes broadcast, their last `skip` dims left aside."""
    for k in range(1 + skip, min(len(x), len(y)) + 1):
        if x[-k] != y[-k] and 1 not in (x[-k], y[-k]):
            raise ShapeError(
                f"{name}: shapes {x} and {y} do not broadcast: sizes {x[-k]} and {y[-k]} differ at dim {-k}"
            )


def magnitude(x: Array) -> Array:
    """|x|, continued analytically: -x to the left of zero, x to the right."""
    return np.where(x.real < 0, -x, x)


def whole(x: Array, function: Any) -> Array:
    """A piecewise constant function; whole numbers are their own floor, and need no trip through floats."""
    return function(x.real).astype(x.dtype) if x.dtype.kind in "fc" else x.copy()


def zero(g: Tensor) -> Tensor:
    """The gradient of a piecewise constant function (0 * g would be NaN for an infinite g)."""
    return Tensor(np.zeros_like(g._array))


# ---- arithmetic ----
@op("add", check=broadcasting, gx=lambda g: g, gy=lambda g: g)
def add(x: Array, y: Array) -> Array:
    return x + y


@op("sub", check=broadcasting, gx=lambda g: g, gy=lambda g: -g)
def sub(x: Array, y: Array) -> Array:
    return x - y


@op("mul", check=broadcasting, gx=lambda g, y: g * y, gy=lambda g, x: g * x)
def mul(x: Array, y: Array) -> Array:
    return x * y


@op(
    "div",
    check=broadcasting,
    dtypes=promoted_to_float,
    gx=lambda g, y: g / y,
    gy=lambda g, x, y: -g * (x / y / y),
)
def div(x: Array, y: Array) -> Array:
    return x / y


def _pow_gx(g: Tensor, x: Tensor, y: Tensor) -> Any:
    constant = y == 0  # x^0 is 1 for every x; y x^(y-1) would be 0 * inf at x = 0
    return g * where(constant, 0, y * pow(x, where(constant, 1, y) - 1))


def _pow_gy(g: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Any:
    flat = (x == 0) & (y >= 0)  # 0^y is 0 for every y > 0; log 0 would make this NaN
    return g * where(flat, 0, z * log(where(flat, 1, x)))


@op("pow", check=broadcasting, gx=_pow_gx, gy=_pow_gy)
def pow(x: Array, y: Array) -> Array:
    if x.dtype.kind != "c":
        return np.power(x, y)
    # For negative x and whole y: x^y = (-1)^y (-x)^y; the principal branch would turn by a multiple of pi.
    parity = np.where(np.round(y.real) % 2 == 0, 1.0, -1.0)
    return np.where(x.real < 0, parity * np.power(-x, y), np.power(x, y))


@op("neg", gx=lambda g: -g)
def neg(x: Array) -> Array:
    return -x


@op("abs", gx=lambda g, x: g * sign(x))
def abs(x: Array) -> Array:
    return magnitude(x)


@op("square", gx=lambda g, x: g * (2 * x))
def square(x: Array) -> Array:
    return x * x


@op("reciprocal", dtypes=promoted_to_float, gx=lambda g, z: -g * (z * z))
def reciprocal(x: Array) -> Array:
    return 1 / x


@op("sqrt", dtypes=promoted_to_float, gx=lambda g, z: g / (2 * z))
def sqrt(x: Array) -> Array:
    return np.sqrt(x)


@op("rsqrt", dtypes=promoted_to_float, gx=lambda g, z: -0.5 * g * (z * z * z))
def rsqrt(x: Array) -> Array:
    return 1 / np.sqrt(x)


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


# ---- steps: piecewise constant, gradient 0 ----
@op("sign", gx=zero)
def sign(x: Array) -> Array:
    return (x.real > 0).astype(x.dtype) - (x.real < 0).astype(
        x.dtype
    )  # so that NaN has sign 0, as in PyTorch


@op("floor", gx=zero)
def floor(x: Array) -> Array:
    return whole(x, np.floor)


@op("ceil", gx=zero)
def ceil(x: Array) -> Array:
    return whole(x, np.ceil)


@op("round", gx=zero)
def round(x: Array) -> Array:
    return whole(x, np.round)  # halves go to the even neighbour


# ---- choices ----
def _share(g: Tensor, loses: Tensor, ties: Tensor) -> Any:
    """What one of two candidates gets: nothing where it loses, half at a tie, else all (so does NaN)."""
    return where(loses, 0, where(ties, g / 2, g))


@op(
    "maximum",
    check=broadcasting,
    gx=lambda g, x, y: _share(g, x < y, x == y),
    gy=lambda g, x, y: _share(g, y < x, x == y),
)
def maximum(x: Array, y: Array) -> Array:
    return np.where((x.real >= y.real) | np.isnan(x), x, y)  # a NaN on either side wins


@op(
    "minimum",
    check=broadcasting,
    gx=lambda g, x, y: _share(g, x > y, x == y),
    gy=lambda g, x, y: _share(g, y > x, x == y),
)
def minimum(x: Array, y: Array) -> Array:
    return np.where((x.real <= y.real) | np.isnan(x), x, y)


@op(
    "where",
    check=broadcasting,
    dtypes=with_mask,
    gx=lambda g, condition: where(condition, g, 0),
    gy=lambda g, condition: where(condition, 0, g),
)
def where(condition: Array, x: Array, y: Array) -> Array:
    return np.where(condition, x, y)


# ---- questions: bool results, no gradient ----
@op("isnan")
def isnan(x: Array) -> Array:
    return np.isnan(x)


@op("isfinite")
def isfinite(x: Array) -> Array:
    return np.isfinite(x)


@op("eq", check=broadcasting)
def eq(x: Array, y: Array) -> Array:
    return x.real == y.real


@op("ne", check=broadcasting)
def ne(x: Array, y: Array) -> Array:
    return x.real != y.real


@op("lt", check=broadcasting)
def lt(x: Array, y: Array) -> Array:
    return x.real < y.real


@op("le", check=broadcasting)
def le(x: Array, y: Array) -> Array:
    return x.real <= y.real


@op("gt", check=broadcasting)
def gt(x: Array, y: Array) -> Array:
    return x.real > y.real


@op("ge", check=broadcasting)
def ge(x: Array, y: Array) -> Array:
    return x.real >= y.real


@op("logical_and", check=broadcasting)
def logical_and(x: Array, y: Array) -> Array:
    return (x != 0) & (y != 0)


@op("logical_or", check=broadcasting)
def logical_or(x: Array, y: Array) -> Array:
    return (x != 0) | (y != 0)


@op("logical_not")
def logical_not(x: Array) -> Array:
    return x == 0
