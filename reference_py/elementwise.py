"""Arithmetic, rounding, choices and comparisons: value by value, with broadcasting.

The forwards also accept complex arrays, for `complex_step.py`: each is then the function's analytic
continuation.  Where a function has a kink there is none; then the *real* part picks the branch, so that
x + ih stays on the branch of x.  Rules guard the branch not taken (`where` evaluates both): a NaN there would
spread through 0 * NaN.
Read before: `registry.py`.  After: `transcendental.py`, `reductions.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array
from .errors import DTypeError, ShapeError
from .operands import promoted_to_float, with_mask
from .registry import op
from .tensor import Tensor


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


def subtracting(name: str, x: Array, y: Array) -> dict[str, Any]:
    """Broadcasting, but not of two truth values."""
    if x.dtype.kind == y.dtype.kind == "b":
        raise DTypeError(f"{name}: booleans cannot be subtracted; use a != b")
    return broadcasting(name, x, y)


def negating(name: str, x: Array) -> dict[str, Any]:
    """Everything but truth values."""
    if x.dtype.kind == "b":
        raise DTypeError(f"{name}: a boolean has no negative; use ~ or logical_not")
    return {}


def magnitude(x: Array) -> Array:
    """|x|, continued analytically: -x to the left of zero, x to the right."""
    if x.dtype.kind == "b":
        return x.copy()
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


@op("sub", check=subtracting, gx=lambda g: g, gy=lambda g: -g)
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


@op("neg", check=negating, gx=lambda g: -g)
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


# ---- steps: piecewise constant, gradient 0 ----
@op("sign", gx=zero)
def sign(x: Array) -> Array:
    if x.dtype.kind == "b":
        return x.copy()
    # So that NaN has sign 0, as in PyTorch.
    return (x.real > 0).astype(x.dtype) - (x.real < 0).astype(x.dtype)


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
