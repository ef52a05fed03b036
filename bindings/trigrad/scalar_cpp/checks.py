"""What every function of this engine asks of its arguments: dtypes that it has, dims and shapes that fit.

Read next: tensor.py.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
float32, float64, int64, bool_ = (np.dtype(n) for n in ("float32", "float64", "int64", "bool"))


def unsupported(name: str) -> NotImplementedError:
    """The one refusal of what this engine lacks."""
    return NotImplementedError(f"scalar_cpp does not support {name}; engines() lists what it does")


def as_values(data: Any) -> Array:
    """Numbers as this engine holds them: float64, int64 or bool."""
    try:
        array = np.asarray(data)
    except GraphError:
        raise GraphError(
            "tensor: a list cannot carry the gradient of a tensor in it; stack() does, or detach() the tensor"
        ) from None
    if array.dtype.kind == "f":
        return array.astype(float64, copy=False)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(int64).max:
        raise ValueError("tensor: a number does not fit int64")
    if array.dtype.kind in "iu":
        return array.astype(int64, copy=False)
    if array.dtype.kind == "b":
        return array
    if array.size == 0:
        return array.astype(float64)
    raise DTypeError(f"tensor: numbers or booleans are needed, not {array.dtype}")


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that this engine has."""
    wanted: np.dtype[Any] = np.dtype(dtype)
    if wanted.kind in "iu":
        return int64
    if wanted not in (float64, bool_):
        raise unsupported(str(wanted))
    return wanted


def check_dim(name: str, dim: Any, shape: Shape, extra: int = 0) -> int:
    """A dim, counted from the front."""
    n = len(shape) + extra
    limit = max(n, 1)
    d = operator.index(dim)
    if not -limit <= d < limit:
        raise IndexError(f"{name}: dim {d} is out of range for shape {shape}: use {-limit} to {limit - 1}")
    return d % limit


def check_dims(name: str, dim: Any, shape: Shape) -> Shape:
    """One dim, several, or None for all, as a sorted tuple."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(len(shape)))
    dims = [check_dim(name, d, shape) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(dims)) != len(dims):
        raise ValueError(f"{name}: dim {tuple(dim)} names a dimension twice")
    return tuple(sorted(d for d in dims if d < len(shape)))


def prod(shape: Sequence[int]) -> int:
    return math.prod(shape)


def broadcast(name: str, *shapes: Shape) -> Shape:
    """The shape that these broadcast to."""
    result: Shape = ()
    for shape in shapes:
        n = max(len(result), len(shape))
        a, b = (1,) * (n - len(result)) + result, (1,) * (n - len(shape)) + shape
        for k in range(n - 1, -1, -1):
            if a[k] != b[k] and a[k] != 1 and b[k] != 1:
                raise ShapeError(
                    f"{name}: shapes {result} and {shape} do not broadcast: sizes {a[k]} and {b[k]} "
                    f"differ at dim {k - n}"
                )
        result = tuple(y if x == 1 else x for x, y in zip(a, b, strict=True))
    return result


def positions_of(shape: Shape, wanted: Shape) -> Array | None:
    """Where each element of a broadcast tensor comes from; None if nothing moves."""
    if shape == wanted:
        return None
    return np.ascontiguousarray(np.broadcast_to(np.arange(prod(shape)).reshape(shape), wanted))
