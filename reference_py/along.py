"""Operations that work along one dim: products, cumulative sums and products, sorting, softmax.

Read before: `reductions.py`.  After: `products.py`, `losses.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import Array
from .elementwise import where
from .indexing import index_select, positions
from .operands import as_tensor, as_they_are, floating, promoted_to_float
from .reductions import keep, reduced, spread, sum
from .registry import ValuesIndices, op
from .shapes import Shape, cat, narrow, one_dim, place, reshape
from .tensor import Tensor
from .transcendental import exp


def lending_a_dim(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lend a 0-dim tensor a dim to work along, and take it back after: PyTorch lets its dim be 0 or -1."""

    @functools.wraps(function)
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = as_tensor(x)
        if x.ndim:
            return function(x, *args, **kwargs)
        z = function(reshape(x, (1,)), *args, **kwargs)
        return ValuesIndices(*(reshape(part, ()) for part in z)) if isinstance(z, tuple) else reshape(z, ())

    return call


def one(name: str, x: Array, dim: Any, **attrs: Any) -> dict[str, Any]:
    return {"dim": one_dim(name, x.shape, dim), **attrs}


def flip(x: Tensor, dim: int) -> Any:
    """The values in reverse order along a dim."""
    return index_select(x, dim, Tensor(np.arange(x.shape[dim])[::-1]))


def shifted(x: Tensor, dim: int) -> Any:
    """A one in front, and the last value dropped: turns products up to here into products before here."""
    first = narrow(x, dim, 0, 1)
    ones = Tensor(np.ones_like(first._array))
    return cat([ones, narrow(x, dim, 0, x.shape[dim] - 1)], dim)


# ---- products; none of these rules divides by x, so zeros are no special case ----
def _one_or_all(name: str, x: Array, dim: Any, keepdim: bool) -> dict[str, Any]:
    return reduced(name, x, dim if dim is None else (one_dim(name, x.shape, dim),), keepdim)


def _prod_gx(g: Tensor, x: Tensor, dim: Shape) -> Any:
    """Each value's slope is the product of all the others: of those before it, times those after it."""
    if not x.numel() or not dim:
        return spread(g, x.shape, dim)
    line, d = (x, dim[0]) if len(dim) == 1 else (reshape(x, (-1,)), 0)
    before = shifted(cumprod(line, d), d)
    after = flip(shifted(cumprod(flip(line, d), d), d), d)
    return keep(g, x.shape, dim) * reshape(before * after, x.shape)


@op("prod", dtypes=as_they_are, check=_one_or_all, gx=_prod_gx)
def prod(x: Array, *, dim: Any = None, keepdim: bool = False) -> Array:
    return np.prod(x, axis=dim, keepdims=keepdim)


@lending_a_dim
@op("cumsum", dtypes=as_they_are, check=one, gx=lambda g, dim: flip(cumsum(flip(g, dim), dim), dim))
def cumsum(x: Array, *, dim: int) -> Array:
    return np.cumsum(x, axis=dim)


def _cumprod_gx(g: Tensor, x: Tensor, z: Tensor, dim: int) -> Any:
    """gx_k = (x_1 ... x_(k-1)) s_k, where s_k = g_k + x_(k+1) s_(k+1): Horner's rule from the end."""
    n = x.shape[dim]
    if not x.numel():
        return g
    s = narrow(g, dim, n - 1, 1)
    parts = [s]
    for k in range(n - 2, -1, -1):
        s = narrow(g, dim, k, 1) + narrow(x, dim, k + 1, 1) * s
        parts.insert(0, s)
    return shifted(z, dim) * cat(parts, dim)


@lending_a_dim
@op("cumprod", dtypes=as_they_are, check=one, gx=_cumprod_gx)
def cumprod(x: Array, *, dim: int) -> Array:
    return np.cumprod(x, axis=dim)


# ---- sorting ----
def _sorting(x: Array, dim: int, descending: bool) -> Array:
    """The order of the real parts, NaN counting as the largest.  Equal values keep their order either way."""
    if not descending:
        return np.argsort(x.real, axis=dim, kind="stable")
    backwards = np.argsort(np.flip(x.real, dim), axis=dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(backwards, dim)


def _unsort_gx(g: Tensor, shape: Shape, index: Tensor, dim: int) -> Any:
    return place(g, shape=shape, key=positions(index._array, dim))


@lending_a_dim
@op("sort", dtypes=as_they_are, check=one, gx=_unsort_gx)
def sort(x: Array, *, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple[Array, Array]:
    index = _sorting(x, dim, descending)
    return np.take_along_axis(x, index, axis=dim), index


def _topk_range(name: str, x: Array, k: int, dim: int, **attrs: Any) -> dict[str, Any]:
    d = one_dim(name, x.shape, dim)
    if not 0 <= k <= x.shape[d]:
        raise ValueError(f"{name}: k={k} is out of range for dim {d} with size {x.shape[d]}")
    return {"k": int(k), "dim": d, **attrs}


@lending_a_dim
@op("topk", dtypes=as_they_are, check=_topk_range, gx=_unsort_gx)
def topk(
    x: Array, *, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> tuple[Array, Array]:
    index = np.take(_sorting(x, dim, largest), range(k), axis=dim)
    return np.take_along_axis(x, index, axis=dim), index


# ---- log-sum-exp and softmax: the largest value is taken out first, so exp never overflows ----
def _largest(x: Array, dim: Any) -> Array:
    m: Array = np.max(x.real, axis=dim, keepdims=True, initial=-np.inf)
    return m


def _peak(x: Array, dim: Any) -> Array:
    m = _largest(x, dim)  # infinite ones are left in, which only a sum of exponentials can bear
    return np.where(np.isfinite(m), m, 0).astype(x.real.dtype)


def _logsumexp_gx(g: Tensor, x: Tensor, z: Tensor, dim: Shape) -> Any:
    none = keep(z == -np.inf, x.shape, dim)  # every x is -inf
    return keep(g, x.shape, dim) * exp(where(none, -np.inf, x) - where(none, 0, keep(z, x.shape, dim)))


@op("logsumexp", dtypes=promoted_to_float, check=reduced, gx=_logsumexp_gx)
def logsumexp(x: Array, *, dim: Any, keepdim: bool = False) -> Array:
    m = _peak(x, dim)
    z = np.log(np.sum(np.exp(x - m), axis=dim, keepdims=True)) + m
    return z if keepdim else np.squeeze(z, axis=dim)


@lending_a_dim
@op("softmax", dtypes=floating, check=one, gx=lambda g, z, dim: z * (g - sum(g * z, dim, True)))
def softmax(x: Array, *, dim: int) -> Array:
    e = np.exp(x - _largest(x, dim))
    return e / np.sum(e, axis=dim, keepdims=True)


@lending_a_dim
@op("log_softmax", dtypes=floating, check=one, gx=lambda g, z, dim: g - exp(z) * sum(g, dim, True))
def log_softmax(x: Array, *, dim: int) -> Array:
    return log_softmax_array(x, dim)


def log_softmax_array(x: Array, dim: int) -> Array:
    shifted_x = x - _largest(x, dim)
    return shifted_x - np.log(np.sum(np.exp(shifted_x), axis=dim, keepdims=True))
