"""Making tensors from data, by rule, or at random.

Read before: `tensor.py`, `random.py`.  After: `__init__.py`, the whole surface.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import as_dtype, category, get_default_dtype, int64, scalar_dtype
from .errors import DTypeError
from .operands import as_tensor, natural_dtype
from .random import Generator, default_generator
from .tensor import Tensor

Shape = tuple[int, ...]


def _sizes(size: tuple[Any, ...]) -> Shape:
    """zeros(2, 3) and zeros((2, 3)) alike."""
    if len(size) == 1 and not hasattr(size[0], "__index__"):
        size = tuple(size[0])
    return tuple(int(n) for n in size)


def _float_dtype(name: str, dtype: Any) -> np.dtype[Any]:
    chosen = get_default_dtype() if dtype is None else as_dtype(dtype)
    if chosen.kind != "f":
        raise DTypeError(f"{name}: needs a floating-point dtype, not {chosen}")
    return chosen


# ---- from data ----
def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf with a copy of the data."""
    chosen = natural_dtype(data) if dtype is None else as_dtype(dtype)
    source = data.detach() if isinstance(data, Tensor) else data
    return Tensor(np.array(as_tensor(source, chosen)._array, order="C"), requires_grad)


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: needs a NumPy array, not {type(array).__name__}")
    if array.dtype != as_dtype(array.dtype):
        raise DTypeError(f"from_numpy: cannot share an array of {array.dtype}; use tensor(), which converts")
    return Tensor(array)


# ---- by rule ----
def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    chosen = scalar_dtype(fill_value) if dtype is None else as_dtype(dtype)
    return Tensor(np.full(_sizes((size,)), fill_value, chosen), requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return full(_sizes(size), 0, dtype=dtype or get_default_dtype(), requires_grad=requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return full(_sizes(size), 1, dtype=dtype or get_default_dtype(), requires_grad=requires_grad)


empty = zeros  # memory that nobody has set yet; zeros serve as well, and repeat


def zeros_like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return zeros(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def ones_like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return ones(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def full_like(x: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return full(x.shape, fill_value, dtype=dtype or x.dtype, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    chosen = get_default_dtype() if dtype is None else as_dtype(dtype)
    return Tensor(np.eye(n, m, dtype=chosen), requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """start, start + step, ... up to but without end; arange(n) starts at 0."""
    if end is None:
        start, end = 0, start
    if step == 0:
        raise ValueError("arange: step must not be 0")
    floats = any(category(scalar_dtype(value)) == 2 for value in (start, end, step))
    chosen = as_dtype(dtype) if dtype is not None else get_default_dtype() if floats else int64
    n = max(math.ceil((end - start) / step), 0)
    return Tensor((start + np.arange(n) * step).astype(chosen), requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """steps numbers at equal distances, both ends included."""
    return Tensor(np.linspace(start, end, steps).astype(_float_dtype("linspace", dtype)), requires_grad)


# ---- at random ----
def rand(
    *size: Any, dtype: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Uniform in [0, 1)."""
    shape, chosen = _sizes(size), _float_dtype("rand", dtype)
    values = (generator or default_generator).uniform(math.prod(shape), chosen)
    return Tensor(values.reshape(shape), requires_grad)


def randn(
    *size: Any, dtype: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Normal, mean 0 and variance 1."""
    shape, chosen = _sizes(size), _float_dtype("randn", dtype)
    values = (generator or default_generator).normal(math.prod(shape), chosen)
    return Tensor(values.reshape(shape), requires_grad)


def rand_like(x: Tensor, *, dtype: Any = None, **keywords: Any) -> Tensor:
    return rand(x.shape, dtype=dtype or x.dtype, **keywords)


def randn_like(x: Tensor, *, dtype: Any = None, **keywords: Any) -> Tensor:
    return randn(x.shape, dtype=dtype or x.dtype, **keywords)


def randint(
    low: int, high: Any = None, size: Any = None, *, dtype: Any = None, generator: Generator | None = None
) -> Tensor:
    """Whole numbers from low to high - 1; randint(high, size) starts at 0."""
    if size is None:
        low, high, size = 0, low, high
    if high is None:
        low, high = 0, low
    if high <= low:
        raise ValueError(f"randint: high {high} must be larger than low {low}")
    shape = _sizes((size,))
    values = (generator or default_generator).integers(low, high, math.prod(shape))
    return Tensor(values.reshape(shape).astype(int64 if dtype is None else as_dtype(dtype)))


def randperm(n: int, *, dtype: Any = None, generator: Generator | None = None) -> Tensor:
    """0 .. n - 1 in random order."""
    values = (generator or default_generator).permutation(n)
    return Tensor(values.astype(int64 if dtype is None else as_dtype(dtype)))
