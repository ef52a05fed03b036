"""Sums, extremes, moments, softmax. A reduction over many elements is one node with as many parents.

Read shapes.py before.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from .checks import Array, Shape, check_dim, check_dims, float64, int64, prod
from .elementwise import elementwise
from .shapes import places
from .tensor import Tensor, as_tensor, check_float, combine, pick

__all__ = [
    *"all amax amin any argmax argmin log_softmax logsumexp max mean min norm softmax std sum".split(),
    *"var".split(),
]

ValuesIndices = namedtuple("ValuesIndices", "values indices")


def _named(dim: Any, keepdim: bool, axis: Any, keepdims: bool | None) -> tuple[Any, bool]:
    return (dim if axis is None else axis), (keepdim if keepdims is None else keepdims)


def _rows(x: Tensor, dims: Shape, keepdim: bool) -> tuple[Array, Shape]:
    """Positions, one row for each element of the result; and the result's shape."""
    kept = tuple(s for k, s in enumerate(x.shape) if k not in dims)
    width = prod([x.shape[d] for d in dims])
    moved = np.moveaxis(places(x), dims, range(x.ndim - len(dims), x.ndim)).reshape(prod(kept), width)
    return moved, tuple(1 if k in dims else s for k, s in enumerate(x.shape)) if keepdim else kept


def _reduced(
    name: str, x: Tensor, rows: Array, partials: Array | float, values: Array, shape: Shape
) -> Tensor:
    if x.dtype != float64:
        return Tensor(np.asarray(values).reshape(shape))
    weights = np.broadcast_to(np.asarray(partials, dtype=float64), rows.shape)
    return combine(
        name, x, rows, np.ascontiguousarray(weights), np.asarray(values, dtype=float64).reshape(shape)
    )


def sum(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The sum; booleans are counted."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("sum", x)
    rows, shape = _rows(x, check_dims("sum", dim, x.shape), keepdim)
    flat = x._array.reshape(-1)[rows]
    return _reduced(
        "sum", x, rows, 1.0, flat.sum(axis=1, dtype=float64 if x.dtype == float64 else int64), shape
    )


def _count(x: Tensor, dims: Shape) -> int:
    return prod([x.shape[d] for d in dims])


def mean(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("mean", x)
    check_float("mean", x)
    count = _count(x, check_dims("mean", dim, x.shape))
    return elementwise("div", sum(x, dim, keepdim), float(count))


def var(
    x: Any,
    dim: Any = None,
    correction: float = 1,
    keepdim: bool = False,
    *,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The mean squared distance from the mean, divided by n - correction."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("var", x)
    check_float("var", x)
    dims = check_dims("var", dim, x.shape)
    distance = elementwise("sub", x, mean(x, dims, keepdim=True) if dims else x)
    return elementwise(
        "div",
        sum(elementwise("square", distance), dims or None, keepdim),
        max_number(_count(x, dims) - correction),
    )


def max_number(n: float) -> float:
    """A divisor: not below 0, so that too few elements give NaN or infinity as in PyTorch."""
    return float(n) if n > 0 else 0.0


def std(
    x: Any,
    dim: Any = None,
    correction: float = 1,
    keepdim: bool = False,
    *,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The root of var; its gradient is 0 where it is 0."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("std", x)
    check_float("std", x)
    v = var(x, dim, correction, keepdim)
    positive = elementwise("gt", v, 0.0)
    return elementwise("where", positive, elementwise("sqrt", elementwise("where", positive, v, 1.0)), v)


def norm(
    x: Any,
    p: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """(sum |x|^p)^(1/p); the largest |x| for p = inf, a count of non-zeros for p = 0. Gradient 0 at 0."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("norm", x)
    check_float("norm", x)
    p = float(p)
    rows, shape = _rows(x, check_dims("norm", dim, x.shape), keepdim)
    flat = x._array.reshape(-1)[rows]
    size = np.abs(flat)
    with np.errstate(all="ignore"):
        if p == math.inf:
            if not rows.shape[1]:
                raise ValueError(f"norm: shape {x.shape} has no elements to choose from")
            values = size.max(axis=1)
            partials = np.sign(flat) * _shares(size, values)
        elif p == 0:
            values, partials = (size != 0).sum(axis=1).astype(float64), np.zeros(rows.shape)
        else:
            values = np.sqrt((flat * flat).sum(axis=1)) if p == 2 else (size**p).sum(axis=1) ** (1 / p)
            partials = np.sign(flat) * (size / values[:, None]) ** (p - 1)
            partials = np.where((values[:, None] == 0) | (flat == 0), 0.0, partials)
    return _reduced("norm", x, rows, partials, values, shape)


def _shares(flat: Array, values: Array) -> Array:
    """1 where the extreme is, divided among ties; NaN ties with NaN."""
    best = (flat == values[:, None]) | (np.isnan(flat) & np.isnan(values)[:, None])
    shares: Array = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    return shares


def _extreme(name: str, x: Tensor, dims: Shape, keepdim: bool) -> Tensor:
    rows, shape = _rows(x, dims, keepdim)
    if not rows.shape[1] and (rows.shape[0] or not dims):
        raise ValueError(f"{name}: shape {x.shape} has no elements to choose from")
    flat = x._array.reshape(-1)[rows]
    values = (
        np.zeros(0, x.dtype)
        if not rows.size
        else flat.max(axis=1)
        if name in ("max", "amax")
        else flat.min(axis=1)
    )
    return _reduced(name, x, rows, _shares(flat, values) if x.dtype == float64 else 0.0, values, shape)


def amax(
    x: Any, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The largest; ties share the gradient."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("amax", x)
    return _extreme("amax", x, check_dims("amax", dim, x.shape), keepdim)


def amin(
    x: Any, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The smallest; ties share the gradient."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("amin", x)
    return _extreme("amin", x, check_dims("amin", dim, x.shape), keepdim)


def _along(name: str, x: Tensor, dim: Any, keepdim: bool) -> tuple[Tensor, Tensor]:
    d = check_dim(name, dim, x.shape)
    if not x.ndim:
        return pick(name, [x], places(x)), Tensor(np.zeros((), int64))
    if not x.shape[d]:
        raise ValueError(f"{name}: shape {x.shape} has no elements to choose from")
    found = (np.argmax if name == "max" else np.argmin)(x._array, axis=d)
    where = np.take_along_axis(places(x), np.expand_dims(found, d), axis=d)
    values = pick(name, [x], where if keepdim else np.squeeze(where, axis=d))
    return values, Tensor(np.asarray(np.expand_dims(found, d) if keepdim else found, dtype=int64))


def _max_or_min(name: str, x: Any, dim: Any, keepdim: bool) -> Any:
    x = as_tensor(name, x)
    if isinstance(dim, Tensor):
        return elementwise(name + "imum", x, dim)
    if dim is None:
        return _extreme(name, x, tuple(range(x.ndim)), False)
    return ValuesIndices(*_along(name, x, dim, keepdim))


def max(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Any:
    """max(x): the largest, ties sharing the gradient; max(x, dim): values, first indices; max(x, other)."""
    return _max_or_min("max", x, *_named(dim, keepdim, axis, keepdims))


def min(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Any:
    """min(x): the smallest, ties sharing the gradient; min(x, dim): values, first indices; min(x, other)."""
    return _max_or_min("min", x, *_named(dim, keepdim, axis, keepdims))


def _arg(name: str, function: Any, x: Any, dim: Any, keepdim: bool) -> Tensor:
    x = as_tensor(name, x)
    d = None if dim is None else check_dim(name, dim, x.shape)
    if not (x.numel() if d is None or not x.ndim else x.shape[d]):
        raise ValueError(f"{name}: shape {x.shape} has no elements to choose from")
    found = np.asarray(function(x._array, axis=d if x.ndim else None), dtype=int64)
    if keepdim and x.ndim:
        found = found.reshape((1,) * x.ndim) if d is None else np.expand_dims(found, d)
    return Tensor(found)


def argmax(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The first index of the largest element."""
    return _arg("argmax", np.argmax, x, *_named(dim, keepdim, axis, keepdims))


def argmin(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The first index of the smallest element."""
    return _arg("argmin", np.argmin, x, *_named(dim, keepdim, axis, keepdims))


def any(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("any", x)
    return Tensor(np.asarray((x._array != 0).any(axis=check_dims("any", dim, x.shape), keepdims=keepdim)))


def all(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("all", x)
    return Tensor(np.asarray((x._array != 0).all(axis=check_dims("all", dim, x.shape), keepdims=keepdim)))


# -------------------- softmax


def logsumexp(
    x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """log sum exp(x), shifted by the largest element so that nothing overflows. Its slope is the softmax."""
    dim, keepdim = _named(dim, keepdim, axis, keepdims)
    x = as_tensor("logsumexp", x)
    check_float("logsumexp", x)
    rows, shape = _rows(x, check_dims("logsumexp", dim, x.shape), keepdim)
    flat = x._array.reshape(-1)[rows]
    top = flat.max(axis=1, initial=-math.inf, keepdims=True)
    with np.errstate(all="ignore"):
        top = np.where(np.isfinite(top), top, 0.0)
        exps = np.exp(flat - top)
        total = exps.sum(axis=1, keepdims=True)
        return _reduced("logsumexp", x, rows, exps / total, (np.log(total) + top)[:, 0], shape)


def _shifted(name: str, x: Any, dim: Any) -> tuple[Tensor, int]:
    """x less its largest element along dim, which is a constant here: the results do not depend on it."""
    x = as_tensor(name, x)
    d = check_dim(name, dim, x.shape)
    check_float(name, x)
    if not x.ndim:
        return elementwise("sub", x, x.detach()), d
    return elementwise("sub", x, Tensor(x._array.max(axis=d, initial=-math.inf, keepdims=True))), d


def softmax(x: Any, dim: Any = None, *, axis: Any = None) -> Tensor:
    shifted, d = _shifted("softmax", x, dim if axis is None else axis)
    exps = elementwise("exp", shifted)
    return elementwise("div", exps, sum(exps, d, keepdim=True) if shifted.ndim else exps)


def log_softmax(x: Any, dim: Any = None, *, axis: Any = None) -> Tensor:
    shifted, d = _shifted("log_softmax", x, dim if axis is None else axis)
    return elementwise("sub", shifted, logsumexp(shifted, d if shifted.ndim else None, keepdim=True))


for _method in (
    sum,
    mean,
    var,
    std,
    norm,
    amax,
    amin,
    max,
    min,
    argmax,
    argmin,
    any,
    all,
    logsumexp,
    softmax,
    log_softmax,
):
    setattr(Tensor, _method.__name__, _method)
