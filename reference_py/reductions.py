"""Operations that combine the values of some dims into one: sums, extremes, norms.

A rule first puts the reduced dims back with size 1 (`keep`), then broadcasting does the rest.
Read before: `elementwise.py`, `shapes.py`.  After: `along.py` (products, cumulative sums, sorting, softmax).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import Array
from .elementwise import abs, isnan, magnitude, maximum, minimum, sign, where
from .operands import as_they_are, floating
from .registry import aliased, op
from .shapes import Shape, expand, one_dim, place, reshape, several_dims
from .tensor import Tensor
from .transcendental import pow


def keep(g: Tensor, shape: Shape, dim: Shape) -> Any:
    """A reduced tensor with its reduced dims back, as size 1."""
    return reshape(g, tuple(1 if d in dim else n for d, n in enumerate(shape)))


def spread(g: Tensor, shape: Shape, dim: Shape) -> Any:
    """A reduced tensor repeated to the shape it was reduced from."""
    return expand(keep(g, shape, dim), shape)


def count(shape: Shape, dim: Shape) -> int:
    """How many values went into each result."""
    return math.prod(shape[d] for d in dim)


def freedom(shape: Shape, dim: Shape, correction: float) -> float:
    """What a variance divides by: the number of values less the correction, at least 0."""
    n = count(shape, dim) - correction
    return float(n if n > 0 else 0)


# ---- checks ----
def reduced(name: str, x: Array, dim: Any, keepdim: bool, **attrs: Any) -> dict[str, Any]:
    return {"dim": several_dims(name, x.shape, dim), "keepdim": bool(keepdim), **attrs}


def nonempty(name: str, x: Array, dim: Any, keepdim: bool) -> dict[str, Any]:
    attrs = reduced(name, x, dim, keepdim)
    if not count(x.shape, attrs["dim"]):
        raise ValueError(f"{name}: shape {x.shape} has no elements to choose from")
    return attrs


# ---- sums ----
@op("sum", dtypes=as_they_are, check=reduced, gx=lambda g, shape, dim: spread(g, shape, dim))
def sum(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.sum(x, axis=dim, keepdims=keepdim)  # NumPy sums bools and ints as int64 too


@op(
    "mean",
    dtypes=floating,
    check=reduced,
    gx=lambda g, shape, dim: spread(g / float(count(shape, dim)), shape, dim),
)
def mean(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    n = count(x.shape, dim)
    return np.sum(x, axis=dim, keepdims=keepdim) / np.asarray(n, x.dtype)


def _var(x: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    d = x - np.sum(x, axis=dim, keepdims=True) / np.asarray(count(x.shape, dim), x.dtype)
    return np.sum(d * d, axis=dim, keepdims=keepdim) / np.asarray(freedom(x.shape, dim, correction), x.dtype)


def _var_gx(g: Tensor, x: Tensor, dim: Shape, correction: float) -> Any:
    return keep(2 * g / freedom(x.shape, dim, correction), x.shape, dim) * (x - mean(x, dim, True))


@op("var", dtypes=floating, check=reduced, gx=_var_gx)
def var(x: Array, *, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Array:
    return _var(x, dim, correction, keepdim)


def _std_gx(g: Tensor, x: Tensor, z: Tensor, dim: Shape, correction: float) -> Any:
    flat = z == 0  # all values equal: a kink, where 0 is the agreed slope
    slope = where(flat, 0, g / where(flat, 1, z)) / freedom(x.shape, dim, correction)
    return keep(slope, x.shape, dim) * (x - mean(x, dim, True))


@op("std", dtypes=floating, check=reduced, gx=_std_gx)
def std(x: Array, *, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Array:
    return np.sqrt(_var(x, dim, correction, keepdim))


# ---- norms ----
def _ordered(name: str, x: Array, p: Any, dim: Any, keepdim: bool) -> dict[str, Any]:
    if not p >= 0:
        raise ValueError(f"{name}: p must be at least 0, not {p}")
    return {**(nonempty if p == math.inf else reduced)(name, x, dim, keepdim), "p": float(p)}


def _norm_gx(g: Tensor, x: Tensor, z: Tensor, p: float, dim: Shape) -> Any:
    g, z = keep(g, x.shape, dim), keep(z, x.shape, dim)
    if p == 0:
        return Tensor(np.zeros_like(x._array))  # a count: piecewise constant
    if p == 1:
        return g * sign(x)
    if p == math.inf:
        return sign(x) * _to_extremes(g, abs(x), z, dim)
    flat = z == 0  # all values 0: a kink, where 0 is the agreed slope
    z = where(flat, 1, z)
    if p == 2:
        return where(flat, 0, g / z) * x
    none = x == 0
    share = pow(where(none, 1, abs(x)) / z, p - 1)
    return where(none, 0, g * sign(x) * share)


@op("norm", dtypes=floating, check=_ordered, gx=_norm_gx)
def norm(x: Array, *, p: float = 2, dim: Any = None, keepdim: bool = False) -> Array:
    if p == 0:
        return np.sum(x.real != 0, axis=dim, keepdims=keepdim).astype(x.dtype)
    if p == math.inf:
        return pick(magnitude(x), np.argmax, dim, keepdim)[0]
    if p == 1:
        return np.sum(magnitude(x), axis=dim, keepdims=keepdim)
    if p == 2:
        return np.sqrt(np.sum(x * x, axis=dim, keepdims=keepdim))
    return np.power(np.sum(np.power(magnitude(x), p), axis=dim, keepdims=keepdim), 1 / p)


# ---- extremes ----
def lined_up(x: Array, dim: Shape) -> Array:
    """x with the given dims made into one, at the end."""
    rest = tuple(d for d in range(x.ndim) if d not in dim)
    return x.transpose(rest + dim).reshape(*(x.shape[d] for d in rest), count(x.shape, dim))


def pick(x: Array, choose: Any, dim: Shape, keepdim: bool) -> tuple[Array, Array]:
    """The value (the first one, a NaN before all) that np.argmax or np.argmin chooses, and its place."""
    flat = lined_up(x, dim)
    index = np.asarray(choose(flat.real, axis=-1))
    z = np.take_along_axis(flat, index[..., None], axis=-1)[..., 0]
    if keepdim:
        kept = tuple(1 if d in dim else n for d, n in enumerate(x.shape))
        z, index = z.reshape(kept), index.reshape(kept)
    return z, index


def _to_extremes(g: Tensor, x: Tensor, z: Tensor, dim: Shape) -> Any:
    """Share g equally among all that equal the extreme z (among the NaNs, if there are any)."""
    ties = (x == z) | isnan(x)
    return where(ties, g / sum(ties, dim, True).to(g.dtype), 0)


def _extreme_gx(g: Tensor, x: Tensor, z: Tensor, dim: Shape) -> Any:
    return _to_extremes(keep(g, x.shape, dim), x, keep(z, x.shape, dim), dim)


@op("amax", dtypes=as_they_are, check=nonempty, gx=_extreme_gx)
def amax(x: Array, *, dim: Any = (), keepdim: bool = False) -> Array:
    return pick(x, np.argmax, dim, keepdim)[0]


@op("amin", dtypes=as_they_are, check=nonempty, gx=_extreme_gx)
def amin(x: Array, *, dim: Any = (), keepdim: bool = False) -> Array:
    return pick(x, np.argmin, dim, keepdim)[0]


def _all_dims(name: str, x: Array) -> dict[str, Any]:
    nonempty(name, x, None, False)
    return {}


def _max_gx(g: Tensor, x: Tensor, z: Tensor) -> Any:
    return _extreme_gx(g, x, z, tuple(range(x.ndim)))


@op("max", dtypes=as_they_are, check=_all_dims, gx=_max_gx)
def max_all(x: Array) -> Array:
    return pick(x, np.argmax, tuple(range(x.ndim)), False)[0]


@op("min", dtypes=as_they_are, check=_all_dims, gx=_max_gx)
def min_all(x: Array) -> Array:
    return pick(x, np.argmin, tuple(range(x.ndim)), False)[0]


def _one_nonempty(name: str, x: Array, dim: Any, keepdim: bool) -> dict[str, Any]:
    return nonempty(
        name.removesuffix("_dim"), x, (one_dim(name.removesuffix("_dim"), x.shape, dim),), keepdim
    )


def _max_dim_gx(g: Tensor, shape: Shape, index: Tensor, dim: Shape) -> Any:
    """All of g goes to the one value that was picked."""
    kept = tuple(1 if d in dim else n for d, n in enumerate(shape))
    key = list(np.indices(kept, sparse=True))
    for d in dim:
        key[d] = index._array.reshape(kept)
    return place(keep(g, shape, dim), shape=shape, key=tuple(key))


@op("max_dim", dtypes=as_they_are, check=_one_nonempty, gx=_max_dim_gx)
def max_dim(x: Array, *, dim: Any, keepdim: bool = False) -> tuple[Array, Array]:
    return pick(x, np.argmax, dim, keepdim)


@op("min_dim", dtypes=as_they_are, check=_one_nonempty, gx=_max_dim_gx)
def min_dim(x: Array, *, dim: Any, keepdim: bool = False) -> tuple[Array, Array]:
    return pick(x, np.argmin, dim, keepdim)


@aliased
def max(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value; with a dim, (values, indices) along it; with a tensor, the larger of the two."""
    if isinstance(dim, Tensor) or np.ndim(dim):
        return maximum(x, dim)
    return max_all(x) if dim is None else max_dim(x, dim, keepdim)


@aliased
def min(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value; with a dim, (values, indices) along it; with a tensor, the smaller of the two."""
    if isinstance(dim, Tensor) or np.ndim(dim):
        return minimum(x, dim)
    return min_all(x) if dim is None else min_dim(x, dim, keepdim)


def _one_or_all(name: str, x: Array, dim: Any, keepdim: bool) -> dict[str, Any]:
    return nonempty(name, x, dim if dim is None else (one_dim(name, x.shape, dim),), keepdim)


@op("argmax", dtypes=as_they_are, check=_one_or_all)
def argmax(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return pick(x, np.argmax, dim, keepdim)[1]


@op("argmin", dtypes=as_they_are, check=_one_or_all)
def argmin(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return pick(x, np.argmin, dim, keepdim)[1]


@op("any", dtypes=as_they_are, check=reduced)
def any(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.any(x, axis=dim, keepdims=keepdim)


@op("all", dtypes=as_they_are, check=reduced)
def all(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.all(x, axis=dim, keepdims=keepdim)
