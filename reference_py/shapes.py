"""Operations that move values and compute nothing: their rules move the gradient back.

Those marked `view=True` look at the memory of their input wherever that is possible.
Read before: `registry.py`.  After: `indexing.py`, `reductions.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import Array, as_dtype
from .elementwise import broadcasting, where
from .errors import ShapeError
from .operands import NUMBERS, as_tensor, as_they_are, with_mask
from .registry import aliased, op
from .tensor import Tensor

Shape = tuple[int, ...]


# ---- checking dims and sizes ----
def one_dim(name: str, shape: Shape, dim: Any, extra: int = 0) -> int:
    """A dim counted from the front.  A 0-dim tensor has dims -1 and 0, as in PyTorch."""
    n = max(len(shape) + extra, 1)
    d = operator.index(dim)
    if not -n <= d < n:
        raise IndexError(f"{name}: dim {d} is out of range for shape {shape}: use {-n} to {n - 1}")
    return int(d % n)


def several_dims(name: str, shape: Shape, dim: Any) -> Shape:
    """Dims counted from the front; None and () mean all of them."""
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(range(len(shape)))
    dims = tuple(one_dim(name, shape, d) for d in (dim if isinstance(dim, tuple | list) else (dim,)))
    if len(set(dims)) < len(dims):
        raise ValueError(f"{name}: a dim appears twice in {tuple(dim)}")
    return dims if shape else ()


def as_sizes(sizes: Any) -> Shape:
    """(2, 3), [2, 3] or 2 as a tuple of ints."""
    return tuple(int(n) for n in sizes) if isinstance(sizes, Sequence | np.ndarray) else (int(sizes),)


def fitting(name: str, x: Array, shape: Any) -> dict[str, Any]:
    """The new shape of a reshape, its -1 replaced by what is left."""
    sizes = as_sizes(shape)
    if sizes.count(-1) > 1:
        raise ShapeError(f"{name}: only one size can be -1, not {sizes}")
    known = math.prod(n for n in sizes if n != -1)
    final = tuple((x.size // known if known else 0) if n == -1 else n for n in sizes)
    if math.prod(final) != x.size or any(n < 0 for n in final):
        raise ShapeError(f"{name}: shape {x.shape} has {x.size} elements, which do not fit {sizes}")
    return {"shape": final}


# ---- steps of this engine that are no operations of the list ----
def _cast_from(name: str, x: Array, dtype: Any, source: Any) -> dict[str, Any]:
    return {"dtype": dtype, "source": x.dtype}


@op("to", dtypes=as_they_are, listed=False, check=_cast_from, gx=lambda g, source: g.to(source))
def cast(x: Array, *, dtype: Any, source: Any = None) -> Array:
    return x.real.astype(dtype) if x.dtype.kind == "c" and dtype.kind != "c" else x.astype(dtype)


@op("clone", dtypes=as_they_are, listed=False, gx=lambda g: g)
def clone(x: Array) -> Array:
    return x.copy()


def contiguous(x: Tensor) -> Any:
    """The tensor itself if its elements lie in order, else a copy in which they do."""
    return x if x.is_contiguous() else clone(x)


# ---- new shapes for the same values ----
@op("reshape", dtypes=as_they_are, check=fitting, view=True, gx=lambda g, shapes: reshape(g, shapes[0]))
def reshape(x: Array, *, shape: Any) -> Array:
    return x.reshape(shape)


def _without_copy(name: str, x: Array, shape: Any) -> dict[str, Any]:
    final = fitting(name, x, shape)
    if x.size and not np.may_share_memory(x.reshape(final["shape"]), x):
        strides = tuple(step // x.itemsize for step in x.strides)
        raise ShapeError(
            f"{name}: shape {x.shape} with strides {strides} cannot be seen as {final['shape']} "
            "without a copy; use reshape"
        )
    return final


@op("view", dtypes=as_they_are, check=_without_copy, view=True, gx=lambda g, shapes: reshape(g, shapes[0]))
def view(x: Array, *, shape: Any) -> Array:
    return x.reshape(shape)


def _span(name: str, x: Array, start_dim: int, end_dim: int) -> dict[str, Any]:
    start, end = one_dim(name, x.shape, start_dim), one_dim(name, x.shape, end_dim)
    if start > end:
        raise ShapeError(f"{name}: start_dim {start_dim} comes after end_dim {end_dim} in shape {x.shape}")
    return {"start_dim": start, "end_dim": end}


@op("flatten", dtypes=as_they_are, check=_span, view=True, gx=lambda g, shapes: reshape(g, shapes[0]))
def flatten(x: Array, *, start_dim: int = 0, end_dim: int = -1) -> Array:
    middle = x.shape[start_dim : end_dim + 1]
    return x.reshape(*x.shape[:start_dim], math.prod(middle), *x.shape[end_dim + 1 :])


def _squeezed(name: str, x: Array, dim: Any) -> dict[str, Any]:
    return {"dim": tuple(d for d in several_dims(name, x.shape, dim) if x.shape[d] == 1)}


@op("squeeze", dtypes=as_they_are, check=_squeezed, view=True, gx=lambda g, shapes: reshape(g, shapes[0]))
def squeeze(x: Array, *, dim: Any = None) -> Array:
    return x.reshape(tuple(n for d, n in enumerate(x.shape) if d not in dim))


def _inserted(name: str, x: Array, dim: int) -> dict[str, Any]:
    return {"dim": one_dim(name, x.shape, dim, extra=1)}


@op("unsqueeze", dtypes=as_they_are, check=_inserted, view=True, gx=lambda g, shapes: reshape(g, shapes[0]))
def unsqueeze(x: Array, *, dim: int) -> Array:
    return np.expand_dims(x, dim)


def _expanded(name: str, x: Array, sizes: Any) -> dict[str, Any]:
    wanted, added = as_sizes(sizes), len(as_sizes(sizes)) - x.ndim
    final = [x.shape[d - added] if n == -1 and d >= added else n for d, n in enumerate(wanted)]
    refused = f"{name}: shape {x.shape} cannot expand to {wanted}"
    if added < 0:
        raise ShapeError(f"{refused}: it has more dims")
    for d, n in enumerate(x.shape):
        if final[d + added] != n and n != 1:
            raise ShapeError(f"{refused}: dim {d} has size {n}")
    if any(n < 0 for n in final):
        raise ShapeError(f"{refused}: -1 keeps a size, and a new dim has none")
    return {"sizes": tuple(final)}


@op("expand", dtypes=as_they_are, check=_expanded, view=True, gx=lambda g: g)  # the sweep un-broadcasts
def expand(x: Array, *, sizes: Any) -> Array:
    return np.broadcast_to(x, sizes)


# ---- the order of dims ----
def _two_dims(name: str, x: Array, dim0: int, dim1: int) -> dict[str, Any]:
    return {"dim0": one_dim(name, x.shape, dim0), "dim1": one_dim(name, x.shape, dim1)}


@op(
    "transpose",
    dtypes=as_they_are,
    check=_two_dims,
    view=True,
    gx=lambda g, dim0, dim1: transpose(g, dim0, dim1),
)
def transpose(x: Array, *, dim0: int, dim1: int) -> Array:
    return x.swapaxes(dim0, dim1) if x.ndim else x.view()


def _permutation(name: str, x: Array, dims: Any) -> dict[str, Any]:
    order = tuple(one_dim(name, x.shape, d) for d in dims)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"{name}: dims {tuple(dims)} are not a permutation of the dims of shape {x.shape}")
    return {"dims": order}


@op(
    "permute",
    dtypes=as_they_are,
    check=_permutation,
    view=True,
    gx=lambda g, dims: permute(g, tuple(dims.index(d) for d in range(len(dims)))),
)
def permute(x: Array, *, dims: Any) -> Array:
    return x.transpose(dims)


# ---- joining and splitting ----
def _joined(name: str, *xs: Array, dim: int) -> dict[str, Any]:
    first = xs[0].shape
    if not first:
        raise ShapeError(f"{name}: 0-dim tensors have no dim to join along; use stack")
    d = one_dim(name, first, dim)
    for x in xs[1:]:
        if len(x.shape) != len(first):
            raise ShapeError(f"{name}: shapes {first} and {x.shape} have different numbers of dims")
        for other, (n, m) in enumerate(zip(first, x.shape, strict=True)):
            if n != m and other != d:
                raise ShapeError(
                    f"{name}: shapes {first} and {x.shape} differ at dim {other}, not only at dim {d}"
                )
    return {"dim": d}


def _cat_gx(g: Tensor, k: int, shapes: list[Shape], dim: int) -> Any:
    start = sum(shape[dim] for shape in shapes[:k])
    return narrow(g, dim, start, shapes[k][dim])


@op("cat", check=_joined, gxs=_cat_gx)
def _cat(*xs: Array, dim: int) -> Array:
    return np.concatenate(xs, axis=dim)


@aliased
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """Join tensors along a dim they have."""
    if not len(tensors):
        raise ValueError("cat: needs at least one tensor")
    return _cat(*tensors, dim=dim)


def _stacked(name: str, *xs: Array, dim: int) -> dict[str, Any]:
    for x in xs[1:]:
        if x.shape != xs[0].shape:
            raise ShapeError(f"{name}: shapes {xs[0].shape} and {x.shape} differ")
    return {"dim": one_dim(name, xs[0].shape, dim, extra=1)}


@op("stack", check=_stacked, gxs=lambda g, k, dim: squeeze(narrow(g, dim, k, 1), dim))
def _stack(*xs: Array, dim: int) -> Array:
    return np.stack(xs, axis=dim)


@aliased
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """Join tensors of one shape along a new dim."""
    if not len(tensors):
        raise ValueError("stack: needs at least one tensor")
    return _stack(*tensors, dim=dim)


def _sections(name: str, x: Array, split_size_or_sections: Any, dim: int) -> dict[str, Any]:
    if not x.ndim:
        raise ShapeError(f"{name}: a 0-dim tensor cannot be split")
    d = one_dim(name, x.shape, dim)
    n = x.shape[d]
    if isinstance(split_size_or_sections, Sequence):
        sizes = list(split_size_or_sections)
        if sum(sizes) != n or any(size < 0 for size in sizes):
            raise ValueError(f"{name}: sizes {tuple(sizes)} do not add up to {n}, the size of dim {d}")
    else:
        step = int(split_size_or_sections)
        if step <= 0:
            raise ValueError(f"{name}: the size of a piece must be positive, not {step}")
        sizes = [min(step, n - start) for start in range(0, n, step)] or [0]
    return {"split_size_or_sections": sizes, "dim": d}


@op(
    "split",
    dtypes=as_they_are,
    check=_sections,
    view=True,
    many=True,
    gx=lambda g, dim: cat(g, dim),
)
def split(x: Array, *, split_size_or_sections: Any, dim: int = 0) -> tuple[Array, ...]:
    ends = np.cumsum(split_size_or_sections)[:-1]
    return tuple(np.split(x, ends, axis=dim))


# ---- parts ----
def _range(name: str, x: Array, dim: int, start: int, length: int) -> dict[str, Any]:
    d = one_dim(name, x.shape, dim)
    n = x.shape[d] if x.ndim else 0
    first = start + n if start < 0 else start
    if not (0 <= first and 0 <= length and first + length <= n):
        raise IndexError(f"{name}: start {start} and length {length} do not fit dim {d} with size {n}")
    return {"dim": d, "start": int(first), "length": int(length)}


def _narrow_gx(g: Tensor, shape: Shape, dim: int, start: int, length: int) -> Any:
    return place(g, shape=shape, key=(slice(None),) * dim + (slice(start, start + length),))


@op("narrow", dtypes=as_they_are, check=_range, view=True, gx=_narrow_gx)
def narrow(x: Array, *, dim: int, start: int, length: int) -> Array:
    return x[(slice(None),) * dim + (slice(start, start + length),)]


@op("place", dtypes=as_they_are, listed=False, gx=lambda g, key: g[key])
def place(x: Array, *, shape: Shape, key: Any) -> Array:
    """The transpose of indexing: zeros of the given shape, with x added at key (again where key repeats)."""
    z = np.zeros(shape, x.dtype)
    np.add.at(z, key, x)
    return z


def _matrix(name: str, x: Array, diagonal: int) -> dict[str, Any]:
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs at least 2 dims, not shape {x.shape}")
    return {"diagonal": int(diagonal)}


@op("tril", dtypes=as_they_are, check=_matrix, gx=lambda g, diagonal: tril(g, diagonal))
def tril(x: Array, *, diagonal: int = 0) -> Array:
    return np.tril(x, diagonal)


@op("triu", dtypes=as_they_are, check=_matrix, gx=lambda g, diagonal: triu(g, diagonal))
def triu(x: Array, *, diagonal: int = 0) -> Array:
    return np.triu(x, diagonal)


@op("masked_fill", dtypes=with_mask, check=broadcasting, gx=lambda g, mask: where(mask, 0, g))
def _masked_fill(x: Array, mask: Array, *, value: Any) -> Array:
    return np.where(mask, np.asarray(value, x.dtype), x)


def masked_fill(x: Tensor, mask: Any, value: Any) -> Any:
    """x, with value where the mask is True."""
    if isinstance(value, NUMBERS):
        return _masked_fill(x, mask, value)
    return where(mask, as_tensor(value, as_dtype(as_tensor(x).dtype)), x)
