"""Where a workload's numbers come from: three generators, each the same in every language.

Why it exists: engines are compared on the same bits, so the bits must not depend on a library's version.
philox         Philox4x32-10, keyed by the seed and counted in blocks; every call starts at a fresh block, a
               normal number is the sum of twelve uniform ones less six. trigrad's engines draw this stream
               after `manual_seed` (docs/decisions/0011), and a test compares the two.
mt19937        what micrograd's demo draws: Python's `random` for weights, NumPy's legacy generator for data
xorshift64star what EurekaLabs' demo draws
Source of Philox: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
Read next: arrays.py, which draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

HALF, TO_24_BITS = np.uint64(32), np.uint64(8)
WORD64 = 0xFFFFFFFFFFFFFFFF
MANY = 1 << 20  # from here on it is worth loading the extension
CHUNK = 1 << 13  # normals at a time: the words of a chunk stay in the second-level cache


def philox(seed: int, first_block: int, blocks: int) -> Array:
    """The 32-bit words of some blocks: (blocks, 4), as the reference engine draws them."""
    from trigrad.reference_py import random  # only who draws loads an engine: workers read arrays from a file

    words: Array = random.philox(seed, first_block, blocks)
    return words


class Philox:
    """A stream: a seed, and the number of the next block. `stream` gives independent ones of one seed."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed = (seed + (stream << 32)) & WORD64  # the two halves of the key
        self.next_block = 0

    def words(self, n: int) -> Array:
        """The next n words of 32 bits, from a fresh block on."""
        blocks = (n + 3) // 4
        result = philox(self.seed, self.next_block, blocks).reshape(-1)[:n]
        self.next_block += blocks
        return result

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Array:
        """Numbers in [low, high), 24 random bits each."""
        n = int(np.prod(shape))
        u = fast("rand", self.seed, self.next_block, n)
        if u is None:
            u = (self.words(n) >> TO_24_BITS) * 2.0**-24
        else:
            self.next_block += (n + 3) // 4
        u *= high - low
        u += low
        return u.reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> Array:
        """Almost normal numbers: the sum of twelve uniform ones less six, exact on every machine."""
        n = int(np.prod(shape))
        result = fast("randn", self.seed, self.next_block, n)
        if result is not None:
            self.next_block += 3 * n
            return result.reshape(shape)
        result = np.empty(n)
        for k in range(0, n, CHUNK):  # a number takes three whole blocks, so pieces give the same stream
            m = min(CHUNK, n - k)
            u = (self.words(12 * m) >> TO_24_BITS) * 2.0**-24
            result[k : k + m] = u.reshape(m, 12).sum(axis=1) - 6
        return result.reshape(shape)

    def integers(self, low: int, high: int, n: int) -> Array:
        """n whole numbers from low to high - 1."""
        return (self._long_words(n) % np.uint64(high - low)).astype(np.int64) + low

    def permutation(self, n: int) -> Array:
        """0 .. n - 1 shuffled: Fisher and Yates, from the end."""
        order = list(range(n))
        for k, u in enumerate(self._long_words(max(n - 1, 0)).tolist()):
            i = n - 1 - k
            j = u % (i + 1)
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)

    def _long_words(self, n: int) -> Array:
        pairs = self.words(2 * n).reshape(n, 2)
        long: Array = pairs[:, 0] | pairs[:, 1] << HALF
        return long


def fast(name: str, seed: int, first_block: int, n: int) -> Array | None:
    """Many numbers of the same stream from tensor_cpp's rand or randn if it is there; P4 needs 42 million."""
    if n < MANY:
        return None
    try:
        from trigrad import tensor_cpp as tg
    except ImportError:
        return None
    # float32 holds a uniform number's 24 bits; float64 would be another stream, of 53 bits.
    dtype = tg.float32 if name == "rand" else tg.float64
    generator = tg.Generator(seed).set_state((seed, first_block))
    return np.asarray(getattr(tg, name)(n, dtype=dtype, generator=generator).numpy(), np.float64)


class XorShift64Star:
    """EurekaLabs' generator: 64 bits of state, the upper 32 of a product as output."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def u32(self) -> int:
        self.state ^= self.state >> 12
        self.state ^= (self.state << 25) & WORD64
        self.state ^= self.state >> 27
        return (self.state * 0x2545F4914F6CDD1D) >> 32 & 0xFFFFFFFF

    def random(self) -> float:
        """A number in [0, 1), 24 bits."""
        return (self.u32() >> 8) / 2**24

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Array:
        """Numbers in [low, high), drawn one after the other."""
        drawn = [low + (high - low) * self.random() for _ in range(int(np.prod(shape)))]
        return np.array(drawn).reshape(shape)


class PythonRandom:
    """Python's `random`, a Mersenne twister, as micrograd draws its weights."""

    def __init__(self, seed: int) -> None:
        import random

        self._random = random.Random(seed)

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Array:
        """Numbers in [low, high], drawn one after the other."""
        drawn = [self._random.uniform(low, high) for _ in range(int(np.prod(shape)))]
        return np.array(drawn).reshape(shape)


def rounded(array: Array) -> Array:
    """The nearest float32 values, in float64: float32 engines then start from exactly the same numbers."""
    result = np.array(array, np.float64, order="C")
    flat = result.reshape(-1)
    for k in range(0, flat.size, MANY):  # in pieces: P4's largest matrix has 268 MB
        flat[k : k + MANY] = flat[k : k + MANY].astype(np.float32)
    return result
