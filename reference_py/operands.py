"""Turning whatever stands beside a tensor into tensors of the dtypes an operation takes.

Each function here is given the operation's name (for the message) and its raw operands.
Read before: `dtypes.py`, `tensor.py`.  After: `registry.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import (
    as_dtype,
    bool_,
    complex128,
    get_default_dtype,
    int64,
    is_float,
    result_dtype,
    scalar_dtype,
)
from .errors import DTypeError, GraphError
from .tensor import Tensor

NUMBERS = (bool, int, float)  # np.float64 is among them: it is a Python float
ARRAYS = (Tensor, np.ndarray, np.generic)


def refuse_foreign(name: str, inputs: Sequence[Any]) -> None:
    """Engines do not mix: a tensor of another one would lose its graph on the way."""
    for x in inputs:
        engine = getattr(x, "engine", Tensor.engine)
        if engine != Tensor.engine:
            raise TypeError(
                f"{name}: a {engine} tensor cannot meet a {Tensor.engine} tensor; "
                "convert it with .detach().numpy() first"
            )


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """A tensor as it is; an array as a tensor that shares its memory; numbers and lists as a new one."""
    if isinstance(value, Tensor):
        return value if dtype is None else value.to(dtype)
    wanted = as_dtype(natural_dtype(value) if dtype is None else dtype)
    source = _plain(value)
    unsigned = isinstance(source, np.ndarray | np.generic) and source.dtype == np.uint64
    if wanted == int64 and unsigned and source.size and source.max() > np.iinfo(np.int64).max:
        raise ValueError("tensor: a number does not fit int64")
    return Tensor(np.asarray(source, dtype=wanted))


def natural_dtype(value: Any) -> np.dtype[Any]:
    """What a value becomes if nobody says: arrays keep their dtype, Python floats get the default one."""
    if isinstance(value, ARRAYS):
        return as_dtype(value.dtype)
    first = value
    while isinstance(first, list | tuple) and first:
        first = first[0]
    found = np.asarray(_plain(value))
    if isinstance(first, ARRAYS):
        return as_dtype(found.dtype)
    if found.dtype.kind not in "biuf":
        raise DTypeError(f"tensor: cannot make a tensor of {type(value).__name__} {value!r}"[:200])
    return get_default_dtype() if found.dtype.kind == "f" else as_dtype(found.dtype)


def _plain(value: Any) -> Any:
    """Lists of tensors as lists of arrays."""
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, Tensor) and value.requires_grad:
        raise GraphError(
            "tensor: a list cannot carry the gradient of a tensor in it; stack() does, or detach() the tensor"
        )
    return value._array if isinstance(value, Tensor) else value


# ---- one function for each way an operation treats dtypes ----
def promoted(name: str, inputs: Sequence[Any]) -> Sequence[Tensor]:
    """Bring all inputs to their common dtype.  It is recorded: a gradient comes back in the input's own."""
    dtype = common_dtype(inputs)
    return [convert(x, dtype) for x in inputs]


def promoted_to_float(name: str, inputs: Sequence[Any]) -> Sequence[Tensor]:
    """As `promoted`, and integers become the default float: exp, sqrt, true division ..."""
    dtype = common_dtype(inputs)
    return [convert(x, dtype if is_float(dtype) else get_default_dtype()) for x in inputs]


def matching(name: str, inputs: Sequence[Any]) -> Sequence[Tensor | None]:
    """Tensors must have one dtype; numbers and lists adopt it.  An optional input may be None."""
    dtypes = [as_dtype(x.dtype) for x in inputs if isinstance(x, Tensor | np.ndarray)]
    if complex128 in dtypes:
        return [None if x is None else convert(x, complex128) for x in inputs]
    for dtype in dtypes[1:]:
        if dtype != dtypes[0]:
            raise DTypeError(f"{name}: dtypes {dtypes[0]} and {dtype} differ; convert one with .to()")
    wanted = dtypes[0] if dtypes else common_dtype([x for x in inputs if x is not None])
    for x in inputs if not is_float(wanted) else ():
        if x is not None and is_float(natural_dtype(x)):  # a fraction would be cut off
            raise DTypeError(f"{name}: dtypes {wanted} and {natural_dtype(x)} differ; convert one with .to()")
    return [None if x is None else convert(x, wanted) for x in inputs]


def floating(name: str, inputs: Sequence[Any]) -> Sequence[Tensor | None]:
    """As `matching`, and the dtype must be a floating-point one."""
    tensors = matching(name, inputs)
    for x in tensors:
        if x is not None and not is_float(x.dtype):
            raise DTypeError(
                f"{name}: needs a floating-point tensor, not {x.dtype}; convert it with .float() or .double()"
            )
    return tensors


def as_they_are(name: str, inputs: Sequence[Any]) -> Sequence[Tensor]:
    """Every input keeps its own dtype."""
    return [as_tensor(x) for x in inputs]


def with_index(name: str, inputs: Sequence[Any]) -> Sequence[Tensor]:
    """(x, index) or (x, index, src): the index must be whole numbers, x and src of one dtype."""
    x, index, *rest = inputs
    index = as_tensor(index, int64 if isinstance(index, list | tuple) else None)
    if index.dtype != int64:
        raise DTypeError(f"{name}: the index must be int64, not {index.dtype}; convert it with .long()")
    first, *others = (t for t in matching(name, [x, *rest]) if t is not None)
    return [first, index, *others]


def with_mask(name: str, inputs: Sequence[Any]) -> Sequence[Tensor]:
    """(mask, x, y) of where, (x, mask) of masked_fill: the mask must be bool, the others are promoted."""
    first = name == "where"
    mask = as_tensor(inputs[0] if first else inputs[1])
    if mask.dtype != bool_:
        raise DTypeError(f"{name}: the condition must be bool, not {mask.dtype}; compare it, or use .bool()")
    others = promoted(name, inputs[1:] if first else inputs[:1])
    return [mask, *others] if first else [*others, mask]


def common_dtype(inputs: Sequence[Any]) -> np.dtype[Any]:
    """PyTorch's promotion.  First the usual case, quickly: floats of one dtype, and Python numbers."""
    held = [x._array.dtype for x in inputs if isinstance(x, Tensor)]
    others = [x for x in inputs if not isinstance(x, (Tensor, *NUMBERS))]
    if held and not others and held[0].kind == "f" and held.count(held[0]) == len(held):
        return held[0]
    tensors: list[np.dtype[Any]] = []
    zero_dim: list[np.dtype[Any]] = []
    numbers: list[np.dtype[Any]] = []
    for x in inputs:
        if isinstance(x, Tensor):
            (tensors if x._array.ndim else zero_dim).append(x._array.dtype)
        elif isinstance(x, NUMBERS):
            numbers.append(scalar_dtype(x))
        else:
            (tensors if np.ndim(_plain(x)) else zero_dim).append(natural_dtype(x))
    return result_dtype(tensors, zero_dim, numbers)


def convert(x: Any, dtype: np.dtype[Any]) -> Tensor:
    """One operand in the wanted dtype."""
    if isinstance(x, Tensor):
        return x if x._array.dtype == dtype else x.to(dtype)
    if isinstance(x, NUMBERS):
        return Tensor(np.asarray(x, dtype))
    return as_tensor(x, dtype)
