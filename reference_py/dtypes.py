"""The four element types, and which one a result gets.

The rule is PyTorch's: bool < int64 < float32 < float64, and a Python number or a 0-dim tensor changes the
result only when it is of a higher *category* (a float beside integers).  complex128 is private: it exists for
`complex_step.py` alone.
Read before: `errors.py`.  After: `modes.py`, `tensor.py`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .errors import DTypeError

Array = Any  # an np.ndarray of one of the types below; NumPy's own annotations would say `Any` at each step

bool_ = np.dtype("bool")
int64 = np.dtype("int64")
float32 = np.dtype("float32")
float64 = np.dtype("float64")
complex128 = np.dtype("complex128")

LADDER = (bool_, int64, float32, float64, complex128)

_default = float32


def set_default_dtype(dtype: Any) -> None:
    """Choose what Python floats become: float32 (at the start) or float64."""
    global _default
    wanted = as_dtype(dtype)
    if wanted.kind != "f":
        raise DTypeError(f"set_default_dtype: needs a floating-point dtype, not {wanted}")
    _default = wanted


def get_default_dtype() -> np.dtype[Any]:
    """What Python floats become."""
    return _default


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """One of the four types: small integers widen to int64, float16 to float32."""
    given: np.dtype[Any] = np.dtype(dtype)
    if given in LADDER:
        return given
    if given.kind in "iu":
        return int64
    if given.kind == "f":
        return float32 if given.itemsize < 4 else float64
    raise DTypeError(f"tensor: dtype {given} is not one of bool, int64, float32, float64")


def is_float(dtype: np.dtype[Any]) -> bool:
    """True for float32, float64 and the private complex128."""
    return dtype.kind in "fc"


def category(dtype: np.dtype[Any]) -> int:
    """0 for bool, 1 for integers, 2 for floats, 3 for complex."""
    return "bifc".index(dtype.kind)


def scalar_dtype(value: bool | int | float) -> np.dtype[Any]:
    """The type a Python number brings along."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    return int64 if isinstance(value, (int, np.integer)) else _default


def higher(x: np.dtype[Any], y: np.dtype[Any]) -> np.dtype[Any]:
    """The higher of two types on the ladder."""
    return x if x == y or LADDER.index(x) > LADDER.index(y) else y


def result_dtype(
    tensors: list[np.dtype[Any]], zero_dim: list[np.dtype[Any]], numbers: list[np.dtype[Any]]
) -> np.dtype[Any]:
    """The common type: the tensors' highest, unless a 0-dim tensor or a number is of a higher category."""
    result: np.dtype[Any] | None = None
    for group in (tensors, zero_dim, numbers):
        if group:
            top = functools.reduce(higher, group)
            if result is None or category(top) > category(result):
                result = top
    return _default if result is None else result
