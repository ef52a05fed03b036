"""`x[...]` to read and to write, and the indexed operations: index_select, gather, scatter_add, embedding.

Slices, ints, None and ... give a view (the operation `slice`); index and mask tensors give a copy (`index`).
Reading at one place twice means that its gradient arrives twice: `place`, the transpose of reading, adds.
Read before: `shapes.py`.  After: `reductions.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array
from .errors import ShapeError
from .operands import as_tensor, as_they_are, with_index
from .registry import aliased, op
from .shapes import Shape, one_dim, place
from .tensor import Tensor


# ---- x[...] ----
def as_key(name: str, shape: Shape, key: Any) -> tuple[tuple[Any, ...], bool]:
    """The key as NumPy takes it, checked against the shape; and whether an index or mask array is in it."""
    items = [_as_item(name, item) for item in (key if isinstance(key, tuple) else (key,))]
    used = sum(_dims_used(item) for item in items)
    if used > len(shape):
        raise IndexError(f"{name}: {used} indices for a tensor of shape {shape}")
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexError(f"{name}: only one ellipsis is allowed")
    dim = 0
    for item in items:
        if item is Ellipsis:
            dim += len(shape) - used
            continue
        _check_item(name, shape, item, dim)
        dim += _dims_used(item)
    return tuple(items), any(isinstance(item, np.ndarray) for item in items)


def _as_item(name: str, item: Any) -> Any:
    if item is None or item is Ellipsis or isinstance(item, slice):
        if isinstance(item, slice) and item.step is not None and item.step <= 0:
            raise ValueError(f"{name}: the step of a slice must be positive, not {item.step}")
        return item
    if not isinstance(item, bool | list | Tensor | np.ndarray | np.bool_) and hasattr(item, "__index__"):
        return item.__index__()
    array = np.array(item, dtype=np.int64) if isinstance(item, list) and not item else _as_array(name, item)
    if array.dtype.kind not in "iub":
        raise IndexError(f"{name}: an index must be made of ints or bools, not {array.dtype}")
    if array.ndim == 0 and array.dtype.kind != "b":
        return int(array)
    return array.copy()  # backward needs it as it is now


def _as_array(name: str, item: Any) -> Array:
    if not isinstance(item, bool | list | Tensor | np.ndarray | np.generic):
        raise IndexError(f"{name}: cannot index with {type(item).__name__}")
    return as_tensor(item)._array


def _dims_used(item: Any) -> int:
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def _check_item(name: str, shape: Shape, item: Any, dim: int) -> None:
    if isinstance(item, np.ndarray) and item.dtype.kind == "b":
        for k, n in enumerate(item.shape):
            if n != shape[dim + k]:
                raise IndexError(
                    f"{name}: a mask of shape {item.shape} does not fit dim {dim + k} "
                    f"with size {shape[dim + k]}"
                )
    elif isinstance(item, int | np.ndarray):
        wrong = [i for i in np.ravel(item).tolist() if not -shape[dim] <= i < shape[dim]]
        if wrong:
            raise IndexError(f"{name}: index {wrong[0]} is out of range for dim {dim} with size {shape[dim]}")


def _lookup_gx(g: Tensor, shape: Shape, key: Any) -> Any:
    return place(g, shape=shape, key=key)


@op("slice", dtypes=as_they_are, view=True, gx=_lookup_gx)
def _slice(x: Array, *, key: Any) -> Array:
    return x[key if Ellipsis in key else (*key, Ellipsis)]  # with the dots, all-int keys give a view as well


@op("index", dtypes=as_they_are, gx=_lookup_gx)
def _index(x: Array, *, key: Any) -> Array:
    return x[key]


def getitem(x: Tensor, key: Any) -> Any:
    """x[key]."""
    items, advanced = as_key("getitem", x.shape, key)
    try:
        return _index(x, items) if advanced else _slice(x, items)
    except IndexError as error:  # index arrays that do not broadcast together
        raise IndexError(f"getitem: {error}") from None


# ---- along one dim ----
def check_range(name: str, index: Array, n: int) -> None:
    """Raise for the first index outside 0 .. n - 1."""
    wrong = index[(index < 0) | (index >= n)]
    if wrong.size:
        raise IndexError(f"{name}: index {wrong.flat[0]} is out of range for size {n}")


def _selection(name: str, x: Array, index: Array, dim: int) -> dict[str, Any]:
    d = one_dim(name, x.shape, dim)
    if index.ndim != 1 or not x.ndim:
        raise ShapeError(
            f"{name}: needs a 1-D index and at least 1 dim, not shapes {index.shape} and {x.shape}"
        )
    check_range(name, index, x.shape[d])
    return {"dim": d}


def _select_gx(g: Tensor, shape: Shape, index: Tensor, dim: int) -> Any:
    return place(g, shape=shape, key=(slice(None),) * dim + (index._array,))


@op("index_select", dtypes=with_index, check=_selection, gx=_select_gx)
def _index_select(x: Array, index: Array, *, dim: int) -> Array:
    return x[(slice(None),) * dim + (index,)]


@aliased
def index_select(x: Tensor, dim: int, index: Any) -> Any:
    """The slices of x along dim that a 1-D index names."""
    return _index_select(x, index, dim=dim)


def _along(name: str, x: Array, index: Array, *src: Array, dim: int) -> dict[str, Any]:
    """For gather and scatter_add: the index may be smaller than x, except along dim, where it is free."""
    d = one_dim(name, x.shape, dim)
    if index.ndim != x.ndim or any(index.shape[k] > n for k, n in enumerate(x.shape) if k != d):
        raise ShapeError(
            f"{name}: an index of shape {index.shape} does not fit shape {x.shape} along dim {d}"
        )
    check_range(name, index, x.shape[d] if x.ndim else 1)
    return {"dim": d}


def positions(index: Array, dim: int) -> tuple[Array, ...]:
    """The key for which x[key][i, j, ...] is x[index[i, j, ...], j, ...], here for dim 0."""
    key = list(np.indices(index.shape, sparse=True))
    if key:
        key[dim] = index
    return tuple(key)


@op(
    "gather",
    dtypes=with_index,
    check=_along,
    gx=lambda g, shape, index, dim: place(g, shape=shape, key=positions(index._array, dim)),
)
def _gather(x: Array, index: Array, *, dim: int) -> Array:
    return x[positions(index, dim)]


@aliased
def gather(x: Tensor, dim: int, index: Any) -> Any:
    """One value of x for each index: its place along dim is the index, all else stays."""
    return _gather(x, index, dim=dim)


@op(
    "scatter_add",
    dtypes=with_index,
    check=_along,
    gx=lambda g: g,
    gsrc=lambda g, index, dim: gather(g, dim, index),
)
def _scatter_add(x: Array, index: Array, src: Array, *, dim: int) -> Array:
    z = x.copy()
    np.add.at(z, positions(index, dim), src)
    return z


@aliased
def scatter_add(x: Tensor, dim: int, index: Any, src: Tensor) -> Any:
    """A copy of x with each value of src added where its index says."""
    used, given = np.shape(as_tensor(index)._array), as_tensor(src).shape
    if len(used) != len(given) or any(n > m for n, m in zip(used, given, strict=True)):
        raise ShapeError(f"scatter_add: an index of shape {used} does not fit src of shape {given}")
    if used != given:
        src = src[tuple(slice(n) for n in used)]
    return _scatter_add(x, index, src, dim=dim)


def _rows(name: str, index: Array, weight: Array) -> dict[str, Any]:
    if weight.ndim != 2:
        raise ShapeError(f"{name}: the weight must have 2 dims, not shape {weight.shape}")
    check_range(name, index, weight.shape[0])
    return {}


def _row_dtypes(name: str, inputs: Any) -> Any:
    weight, index = with_index(name, [inputs[1], inputs[0]])
    return [index, weight]


@op(
    "embedding",
    dtypes=_row_dtypes,
    check=_rows,
    gweight=lambda g, input, shapes: place(g, shape=shapes[1], key=(input._array,)),
)
def embedding(input: Array, weight: Array) -> Array:
    return weight[input]
