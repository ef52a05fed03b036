"""Shapes and indexing: NumPy moves positions, `pick` makes the tensor. Read tensor.py before."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .checks import Array, Shape, bool_, broadcast, check_dim, float64, int64, prod
from .elementwise import elementwise
from .tensor import Tensor, as_tensor, pick

__all__ = [
    *"cat concat embedding expand flatten gather index_select masked_fill narrow permute reshape".split(),
    *"split squeeze stack transpose tril triu unsqueeze".split(),
]


def places(x: Tensor) -> Array:
    """0, 1, 2, ... in the tensor's shape."""
    return np.arange(x.numel()).reshape(x.shape)


def _sizes(sizes: tuple[Any, ...]) -> Shape:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list, np.ndarray)):
        sizes = tuple(sizes[0])
    return tuple(operator.index(s) for s in sizes)


def reshape(x: Tensor, *shape: Any) -> Tensor:
    x, wanted = as_tensor("reshape", x), _sizes(shape)
    misfit = ShapeError(f"reshape: shape {x.shape} has {x.numel()} elements, which do not fit {wanted}")
    if wanted.count(-1) > 1 or any(s < -1 for s in wanted):
        raise misfit
    if -1 in wanted:
        known = prod([s for s in wanted if s != -1])
        if not known or x.numel() % known:
            raise misfit
        wanted = tuple(x.numel() // known if s == -1 else s for s in wanted)
    if prod(wanted) != x.numel():
        raise misfit
    return pick("reshape", [x], places(x).reshape(wanted))


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    x = as_tensor("flatten", x)
    first, last = check_dim("flatten", start_dim, x.shape), check_dim("flatten", end_dim, x.shape)
    if first > last:
        raise ValueError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    shape = (*x.shape[:first], prod(x.shape[first : last + 1]), *x.shape[last + 1 :])
    return pick("flatten", [x], places(x).reshape(shape))


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    x = as_tensor("transpose", x)
    a, b = check_dim("transpose", dim0, x.shape), check_dim("transpose", dim1, x.shape)
    return pick("transpose", [x], np.swapaxes(places(x), a, b) if x.ndim else places(x))


def permute(x: Tensor, *dims: Any) -> Tensor:
    x, wanted = as_tensor("permute", x), _sizes(dims)
    order = [check_dim("permute", d, x.shape) for d in wanted]
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(
            f"permute: dims {wanted} are not a permutation of the {x.ndim} dims of shape {x.shape}"
        )
    return pick("permute", [x], np.transpose(places(x), order))


def squeeze(x: Tensor, dim: Any = None) -> Tensor:
    x = as_tensor("squeeze", x)
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    gone = {check_dim("squeeze", d, x.shape) for d in dims}
    shape = tuple(s for k, s in enumerate(x.shape) if k not in gone or s != 1)
    return pick("squeeze", [x], places(x).reshape(shape))


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    x = as_tensor("unsqueeze", x)
    return pick("unsqueeze", [x], np.expand_dims(places(x), check_dim("unsqueeze", dim, x.shape, extra=1)))


def expand(x: Tensor, *sizes: Any) -> Tensor:
    x, wanted = as_tensor("expand", x), _sizes(sizes)
    extra = len(wanted) - x.ndim
    if extra < 0:
        raise ShapeError(f"expand: shape {x.shape} cannot expand to {wanted}: it has more dims")
    shape = []
    for k, size in enumerate(wanted):
        own = x.shape[k - extra] if k >= extra else 1
        if size < -1 or (size == -1 and k < extra):
            raise ShapeError(
                f"expand: shape {x.shape} cannot expand to {wanted}: -1 keeps a size, and a new dim has none"
            )
        if size != own and own != 1 and size != -1:
            raise ShapeError(
                f"expand: shape {x.shape} cannot expand to {wanted}: dim {k - extra} has size {own}"
            )
        shape.append(own if size == -1 else size)
    return pick("expand", [x], np.broadcast_to(places(x), shape))


def cat(tensors: Sequence[Any], dim: int = 0, *, axis: int | None = None) -> Tensor:
    items = [as_tensor("cat", t) for t in tensors]
    if not items:
        raise ValueError("cat: needs at least one tensor")
    first = items[0].shape
    d = check_dim("cat", dim if axis is None else axis, first)
    for t in items[1:]:
        if t.ndim != len(first):
            raise ShapeError(f"cat: shapes {first} and {t.shape} differ in the number of dims")
        for k in range(len(first)):
            if k != d and t.shape[k] != first[k]:
                raise ShapeError(f"cat: shapes {first} and {t.shape} differ at dim {k}, not only at dim {d}")
    return _joined("cat", items, lambda parts: np.concatenate(parts, axis=d))


concat = cat


def stack(tensors: Sequence[Any], dim: int = 0, *, axis: int | None = None) -> Tensor:
    items = [as_tensor("stack", t) for t in tensors]
    if not items:
        raise ValueError("stack: needs at least one tensor")
    for t in items[1:]:
        if t.shape != items[0].shape:
            raise ShapeError(f"stack: shapes {items[0].shape} and {t.shape} differ")
    d = check_dim("stack", dim if axis is None else axis, items[0].shape, extra=1)
    return _joined("stack", items, lambda parts: np.stack(parts, axis=d))


def _joined(name: str, items: list[Tensor], join: Any) -> Tensor:
    starts = np.cumsum([0, *(t.numel() for t in items)])
    dtypes = {t.dtype for t in items}
    if len(dtypes) > 1:
        wanted = float64 if float64 in dtypes else int64
        items = [t if t.dtype == wanted else t.to(wanted) for t in items]
    return pick(name, items, join([places(t) + start for t, start in zip(items, starts, strict=False)]))


def split(
    x: Tensor, split_size_or_sections: Any, dim: int = 0, *, axis: int | None = None
) -> tuple[Tensor, ...]:
    x = as_tensor("split", x)
    d = check_dim("split", dim if axis is None else axis, x.shape)
    size = x.shape[d]
    if isinstance(split_size_or_sections, (list, tuple)):
        sections = [operator.index(s) for s in split_size_or_sections]
        if sum(sections) != size:
            raise ValueError(
                f"split: sections {sections} sum to {sum(sections)}, but dim {d} has size {size}"
            )
    else:
        step = operator.index(split_size_or_sections)
        if step <= 0:
            raise ValueError(f"split: the size must be positive, not {step}")
        sections = [min(step, size - at) for at in range(0, size, step)] or [0]
    ends = np.cumsum(sections)[:-1]
    return tuple(pick("split", [x], part) for part in np.split(places(x), ends, axis=d))


def narrow(x: Tensor, dim: int, start: int, length: int) -> Tensor:
    x = as_tensor("narrow", x)
    d = check_dim("narrow", dim, x.shape)
    if start < 0:
        start += x.shape[d]
    if not 0 <= start <= start + length <= x.shape[d]:
        raise IndexError(
            f"narrow: {start} to {start + length} is out of range for dim {d} with size {x.shape[d]}"
        )
    return pick("narrow", [x], np.take(places(x), np.arange(start, start + length), axis=d))


def masked_fill(x: Tensor, mask: Any, value: Any) -> Tensor:
    x, m = as_tensor("masked_fill", x), as_tensor("masked_fill", mask)
    if m.dtype != bool_:
        raise DTypeError(f"masked_fill: the mask must be boolean, not {m.dtype}")
    broadcast("masked_fill", x.shape, m.shape)
    filled = as_tensor("masked_fill", value)
    return elementwise("where", m, filled.to(x.dtype) if not filled.requires_grad else filled, x)


def _triangle(name: str, x: Any, kept: Any, diagonal: int) -> Tensor:
    x = as_tensor(name, x)
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs a tensor of at least 2 dims, not shape {x.shape}")
    keep = Tensor(np.ascontiguousarray(kept(np.ones(x.shape[-2:], dtype=bool), diagonal)))
    return elementwise("where", keep, x, Tensor(np.zeros((), x.dtype)))


def tril(x: Tensor, diagonal: int = 0) -> Tensor:
    return _triangle("tril", x, np.tril, diagonal)


def triu(x: Tensor, diagonal: int = 0) -> Tensor:
    return _triangle("triu", x, np.triu, diagonal)


# -------------------- indexing


def _indices(name: str, index: Any, size: int) -> Array:
    """Integers from 0 to size - 1."""
    array = as_tensor(name, index)._array
    if array.dtype != int64 and array.size:
        raise DTypeError(f"{name}: the index must be an integer tensor, not {array.dtype}")
    array = array.astype(int64)
    wrong = array[(array < 0) | (array >= size)]
    if wrong.size:
        raise IndexError(f"{name}: index {int(wrong.flat[0])} is out of range for size {size}")
    return array


def index_select(x: Tensor, dim: int, index: Any) -> Tensor:
    x = as_tensor("index_select", x)
    d = check_dim("index_select", dim, x.shape)
    chosen = _indices("index_select", index, x.shape[d] if x.ndim else 1)
    if chosen.ndim > 1:
        raise ShapeError(f"index_select: the index must be 1-D, not {chosen.shape}")
    return pick("index_select", [x], np.take(places(x), chosen.reshape(-1), axis=d) if x.ndim else places(x))


def gather(x: Tensor, dim: int, index: Any) -> Tensor:
    x = as_tensor("gather", x)
    d = check_dim("gather", dim, x.shape)
    chosen = _indices("gather", index, x.shape[d] if x.ndim else 1)
    if chosen.ndim != x.ndim or any(
        i > s for k, (i, s) in enumerate(zip(chosen.shape, x.shape, strict=True)) if k != d
    ):
        raise ShapeError(
            f"gather: index has shape {chosen.shape}, which does not fit input {x.shape} away from dim {d}"
        )
    part = places(x)[tuple(slice(None) if k == d else slice(s) for k, s in enumerate(chosen.shape))]
    return pick("gather", [x], np.take_along_axis(part, chosen, axis=d) if x.ndim else part)


def embedding(input: Any, weight: Tensor) -> Tensor:
    """Row input[k] of weight."""
    table = as_tensor("embedding", weight)
    if table.ndim != 2:
        raise ShapeError(f"embedding: weight must be 2-D, not {table.shape}")
    return pick("embedding", [table], places(table)[_indices("embedding", input, table.shape[0])])


def positions_for(name: str, x: Tensor, key: Any) -> Array:
    """What x[key] picks, NumPy's rules with errors that name the dim."""
    items = list(key) if isinstance(key, tuple) else [key]
    plain: list[Any] = []
    for item in items:
        if isinstance(item, Tensor):
            item = np.asarray(item._array)  # a comparison of 0-dim tensors holds a NumPy number
        if isinstance(item, list):
            item = np.asarray(
                [v.item() if isinstance(v, Tensor) else v for v in item] if item else np.zeros(0, dtype=int64)
            )
        if isinstance(item, np.ndarray) and item.ndim == 0 and item.dtype.kind in "iu":
            item = int(item)
        if isinstance(item, np.ndarray) and item.dtype.kind not in "biu":
            raise IndexError(f"{name}: tensors used as indices must be integer or boolean, not {item.dtype}")
        if isinstance(item, slice) and item.step is not None and item.step <= 0:
            raise ValueError(f"{name}: the step of a slice must be positive, not {item.step}")
        if not isinstance(item, (slice, np.ndarray, bool)) and item is not None and item is not Ellipsis:
            try:
                item = operator.index(item)
            except TypeError:
                raise IndexError(f"{name}: {type(item).__name__} cannot be used as an index") from None
        plain.append(item)
    used = [
        i.ndim
        if isinstance(i, np.ndarray) and i.dtype == bool_
        else i is not None and i is not Ellipsis and not isinstance(i, bool)
        for i in plain
    ]
    if sum(used) > x.ndim:
        raise IndexError(f"{name}: {sum(used)} indices for a tensor of shape {x.shape}")
    at = 0
    for k, (item, width) in enumerate(zip(plain, used, strict=True)):
        if item is Ellipsis:
            at = x.ndim - sum(used[k:])
        elif isinstance(item, np.ndarray) and item.dtype == bool_:
            if item.shape != x.shape[at : at + item.ndim]:
                raise IndexError(
                    f"{name}: a mask of shape {item.shape} does not fit shape {x.shape} at dim {at}"
                )
        elif isinstance(item, (int, np.ndarray)) and not isinstance(item, bool):
            array = np.asarray(item)
            wrong = array[(array < -x.shape[at]) | (array >= x.shape[at])]
            if wrong.size:
                raise IndexError(
                    f"{name}: index {int(wrong.flat[0])} is out of range for dim {at} with size {x.shape[at]}"
                )
        at += int(width)
    try:
        return np.asarray(places(x)[tuple(plain)])
    except IndexError as error:
        raise IndexError(f"{name}: {error}") from None


def getitem(x: Tensor, key: Any) -> Tensor:
    """x[key]: a copy, with nodes of its own."""
    return pick("getitem", [x], positions_for("getitem", x, key))


for _method in (
    reshape,
    flatten,
    transpose,
    permute,
    squeeze,
    unsqueeze,
    expand,
    split,
    narrow,
    masked_fill,
    tril,
    triu,
    index_select,
    gather,
):
    setattr(Tensor, _method.__name__, _method)
Tensor.__getitem__ = getitem  # type: ignore[method-assign]
