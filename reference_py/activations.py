"""The nonlinear functions of neural networks, value by value.

Read before: `elementwise.py`, whose conventions hold here too, and `transcendental.py`.
After: `reductions.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import Array
from .elementwise import magnitude, where
from .erf import erf_array
from .operands import as_tensor, common_dtype, promoted_to_float
from .registry import op
from .tensor import Tensor
from .transcendental import erf, exp, log1p_array, tanh

SQRT_HALF = math.sqrt(0.5)
NORMAL_PEAK = 1 / math.sqrt(2 * math.pi)  # the standard normal density at 0
GELU_SCALE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), where exp never sees a large positive number."""
    small = np.exp(-magnitude(x))
    return np.where(x.real < 0, small, 1) / (1 + small)


@op("sigmoid", dtypes=promoted_to_float, gx=lambda g, z: g * (z * (1 - z)))
def sigmoid(x: Array) -> Array:
    return logistic(x)


@op("relu", gx=lambda g, z: where(z <= 0, 0, g))
def relu(x: Array) -> Array:
    return np.where(x.real <= 0, 0, x)  # so that NaN stays NaN


@op(
    "leaky_relu",
    dtypes=promoted_to_float,
    gx=lambda g, x, negative_slope: where(x > 0, g, g * negative_slope),
)
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    return np.where(x.real > 0, x, negative_slope * x)


def _elu_gx(g: Tensor, x: Tensor, alpha: float) -> Any:
    return where(x > 0, g, g * alpha * exp(where(x > 0, 0, x)))


@op("elu", dtypes=promoted_to_float, gx=_elu_gx)
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    return np.where(x.real > 0, x, alpha * np.expm1(np.where(x.real > 0, 0, x)))


def _silu_gx(g: Tensor, x: Tensor, beta: float) -> Any:
    s = sigmoid(beta * x)
    return g * (s + (beta * x) * (s * (1 - s)))


@op("silu", dtypes=promoted_to_float, gx=_silu_gx)
def silu(x: Array, *, beta: float = 1.0) -> Array:
    return x * logistic(beta * x)


def _gelu_gx(g: Tensor, x: Tensor) -> Any:
    below = 0.5 * (1 + erf(x * SQRT_HALF))  # the chance that a standard normal number is below x
    density = NORMAL_PEAK * exp(-0.5 * x * x)
    return g * (below + x * density)


@op("gelu", dtypes=promoted_to_float, gx=_gelu_gx)
def gelu_erf(x: Array) -> Array:
    return 0.5 * x * (1 + erf_array(x * SQRT_HALF))


def _gelu_tanh_gx(g: Tensor, x: Tensor) -> Any:
    t = tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x))
    slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x)
    return g * (0.5 * (1 + t) + 0.5 * x * ((1 - t * t) * slope))


@op("gelu_tanh", dtypes=promoted_to_float, gx=_gelu_tanh_gx)
def gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x)))


def gelu(x: Tensor, approximate: str = "none") -> Any:
    """x times the chance that a standard normal number is below x; exactly, or by a formula with tanh."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate {approximate!r} is not one of 'none', 'tanh'")
    return gelu_tanh(x) if approximate == "tanh" else gelu_erf(x)


@op(
    "softplus",
    dtypes=promoted_to_float,
    gx=lambda g, x, beta, threshold: where(beta * x > threshold, g, g * sigmoid(beta * x)),
)
def softplus(x: Array, *, beta: float = 1.0, threshold: float = 20.0) -> Array:
    t = beta * x
    soft = (np.where(t.real > 0, t, 0) + log1p_array(np.exp(-magnitude(t)))) / beta
    return np.where(t.real > threshold, x, soft)  # out there the two agree to the last digit


def _bounds(name: str, x: Array, min: Any, max: Any) -> dict[str, Any]:
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both")
    return {"min": min, "max": max}


def _clamp_gx(g: Tensor, x: Tensor, min: Any, max: Any) -> Any:
    if min is not None:
        g = where(x >= min, g, 0)
    return g if max is None else where(x <= max, g, 0)


@op("clamp", check=_bounds, gx=_clamp_gx)
def _clamp(x: Array, *, min: Any = None, max: Any = None) -> Array:
    if min is not None:
        x = np.where(x.real < min, np.asarray(min, x.dtype), x)
    return x if max is None else np.where(x.real > max, np.asarray(max, x.dtype), x)


def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    """Values below min become min, values above max become max."""
    x = as_tensor(x)
    bounds = [bound for bound in (min, max) if bound is not None]
    return _clamp(x.to(common_dtype([x, *bounds])), min, max)
