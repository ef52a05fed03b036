"""New tensors: given, regular, random. The random bits are those of every engine.

They come from Philox4x32-10, counted in blocks (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
easy as 1, 2, 3", SC 2011). Read tensor.py before.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .checks import Array, Shape, as_dtype, as_values, float64, int64, prod, unsupported
from .tensor import Tensor, new_leaf
from .tensor import as_tensor as held

__all__ = [
    *"Generator arange as_tensor empty eye from_numpy full full_like linspace manual_seed ones".split(),
    *"ones_like rand rand_like randint randn randn_like randperm tensor zeros zeros_like".split(),
]


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of the data. Floats are float64 whatever they were."""
    source = held("tensor", data)._array
    return new_leaf(np.array(source, dtype=source.dtype if dtype is None else as_dtype(dtype)), requires_grad)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """The data itself where it is a tensor or a float64, int64 or bool array."""
    made = held("as_tensor", data)
    return made if dtype is None else made.to(dtype)


def from_numpy(array: Array) -> Tensor:
    """A tensor over the array's memory where the dtype allows it."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, not {type(array).__name__}")
    return Tensor(as_values(array))


def _sizes(size: tuple[Any, ...]) -> Shape:
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    return tuple(operator.index(s) for s in size)


def _filled(size: Shape, value: Any, dtype: Any, requires_grad: bool) -> Tensor:
    return new_leaf(np.full(size, value, float64 if dtype is None else as_dtype(dtype)), requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _filled(_sizes(size), 0, dtype, requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _filled(_sizes(size), 1, dtype, requires_grad)


empty = zeros


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    value = held("full", fill_value)._array
    return _filled(
        _sizes((size,)) if not isinstance(size, int) else (size,), value, dtype or value.dtype, requires_grad
    )


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return new_leaf(np.eye(n, m, dtype=float64 if dtype is None else as_dtype(dtype)), requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    first, last = (0, start) if end is None else (start, end)
    whole = all(isinstance(v, (int, np.integer)) for v in (first, last, step))
    values = np.arange(first, last, step, dtype=int64 if whole else float64)
    return new_leaf(values if dtype is None else values.astype(as_dtype(dtype)), requires_grad)


def linspace(start: float, end: float, steps: int, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    values = np.linspace(start, end, steps)
    return new_leaf(values if dtype is None else values.astype(as_dtype(dtype)), requires_grad)


def _like(x: Any, value: Any, dtype: Any, requires_grad: bool) -> Tensor:
    t = held("like", x)
    return _filled(t.shape, value, dtype or t.dtype, requires_grad)


def zeros_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(x, 0, dtype, requires_grad)


def ones_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(x, 1, dtype, requires_grad)


def full_like(x: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    return _like(x, fill_value, dtype, requires_grad)


# -------------------- random

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def _philox(seed: int, first_block: int, blocks: int) -> Array:
    """The words of some blocks, (blocks, 4), in uint64 so that products of two words fit."""
    numbers = [first_block + k for k in range(blocks)] if first_block + blocks >= 2**64 else None
    if numbers is None:
        low = np.arange(blocks, dtype=np.uint64) + np.uint64(first_block)
        c0, c1, c2, c3 = low & _LOW, low >> _HALF, np.zeros_like(low), np.zeros_like(low)
    else:
        c0, c1, c2, c3 = (
            np.array([n >> (32 * k) & 0xFFFFFFFF for n in numbers], dtype=np.uint64) for k in range(4)
        )
    for r in range(10):
        k0 = np.uint64((seed + r * 0x9E3779B9) & 0xFFFFFFFF)
        k1 = np.uint64(((seed >> 32) + r * 0xBB67AE85) & 0xFFFFFFFF)
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
    return np.stack([c0, c1, c2, c3], axis=1)


class Generator:
    """A stream of random words: a seed, and the number of the next block, where the next call starts."""

    def __init__(self, seed: int = 0) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        self.seed, self.next_block = int(seed) & 0xFFFFFFFFFFFFFFFF, 0
        return self

    def get_state(self) -> tuple[int, int]:
        return self.seed, self.next_block

    def set_state(self, state: tuple[int, int]) -> Generator:
        self.seed, self.next_block = int(state[0]), int(state[1])
        return self

    def _words(self, n: int) -> Array:
        blocks = (n + 3) // 4
        words = _philox(self.seed, self.next_block, blocks).reshape(-1)[:n]
        self.next_block += blocks
        return words

    def _long_words(self, n: int) -> Array:
        pairs = self._words(2 * n).reshape(n, 2)
        words: Array = pairs[:, 0] | pairs[:, 1] << _HALF
        return words


_default = Generator(0)


def manual_seed(seed: int) -> Generator:
    """Starts the default stream anew."""
    return _default.manual_seed(seed)


def _float_only(dtype: Any) -> None:
    if dtype is not None and np.dtype(dtype) != float64:
        raise unsupported(str(np.dtype(dtype)))


def rand(
    *size: Any, dtype: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Uniform in [0, 1): 53 bits each."""
    _float_only(dtype)
    shape = _sizes(size)
    values = ((generator or _default)._long_words(prod(shape)) >> np.uint64(11)) * 2.0**-53
    return new_leaf(values.reshape(shape), requires_grad)


def randn(
    *size: Any, dtype: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Almost normal: twelve uniform numbers of 24 bits, less 6. Additions only: the bits agree everywhere."""
    _float_only(dtype)
    shape = _sizes(size)
    words = (generator or _default)._words(12 * prod(shape)).reshape(-1, 12)
    return new_leaf((((words >> np.uint64(8)) * 2.0**-24).sum(axis=1) - 6).reshape(shape), requires_grad)


def rand_like(x: Any, **keywords: Any) -> Tensor:
    return rand(held("rand_like", x).shape, **keywords)


def randn_like(x: Any, **keywords: Any) -> Tensor:
    return randn(held("randn_like", x).shape, **keywords)


def randint(
    low: int, high: Any = None, size: Any = None, dtype: Any = None, generator: Generator | None = None
) -> Tensor:
    """Whole numbers from low to high - 1; randint(high, size) starts at 0."""
    if size is None:
        low, high, size = 0, low, high
    if high is None:
        low, high = 0, low
    if high <= low:
        raise ValueError(f"randint: high {high} must be larger than low {low}")
    shape = _sizes((size,)) if not isinstance(size, int) else (size,)
    values = ((generator or _default)._long_words(prod(shape)) % np.uint64(high - low)).astype(int64) + low
    return Tensor(values.reshape(shape).astype(int64 if dtype is None else as_dtype(dtype)))


def randperm(n: int, dtype: Any = None, generator: Generator | None = None) -> Tensor:
    """0 .. n - 1 in random order: Fisher and Yates, from the end."""
    order = np.arange(n)
    for k, word in enumerate((generator or _default)._long_words(max(n - 1, 0)).tolist()):
        i = n - 1 - k
        j = word % (i + 1)
        order[i], order[j] = order[j], order[i]
    return Tensor(order if dtype is None else order.astype(as_dtype(dtype)))
