"""Random numbers that are the same in every engine and language: Philox4x32-10, a mixed-up counter.

Block n of the stream is a function of (seed, n) alone, so a generator is just a seed and the next block's
number; every call starts at a fresh block.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
Read before: nothing.  After: `creation.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
WORD64 = 0xFFFFFFFFFFFFFFFF


def philox(seed: int, first_block: int, blocks: int) -> Array:
    """The 32-bit words of some blocks: (blocks, 4), held in uint64 so that products of two words fit."""
    start = np.uint64(first_block & WORD64)
    low = start + np.arange(blocks, dtype=np.uint64)  # wraps around at 2^64 ...
    high = np.uint64(first_block >> 64 & WORD64) + (low < start)  # ... and carries over
    c = [low & LOW, low >> HALF, high & LOW, high >> HALF]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF
    for _ in range(ROUNDS):
        p0, p1 = c[0] * MULTIPLIERS[0], c[2] * MULTIPLIERS[1]
        c = [(p1 >> HALF) ^ c[1] ^ np.uint64(k0), p1 & LOW, (p0 >> HALF) ^ c[3] ^ np.uint64(k1), p0 & LOW]
        k0, k1 = (k0 + KEY_STEPS[0]) & 0xFFFFFFFF, (k1 + KEY_STEPS[1]) & 0xFFFFFFFF
    return np.stack(c, axis=1)


class Generator:
    """A stream of random words: a seed, and the number of the next block."""

    def __init__(self, seed: int = 0) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        self.seed = int(seed) & WORD64
        self.next_block = 0
        return self

    def get_state(self) -> tuple[int, int]:
        return self.seed, self.next_block

    def set_state(self, state: tuple[int, int]) -> Generator:
        self.seed, self.next_block = int(state[0]), int(state[1])
        return self

    def words(self, n: int) -> Array:
        """The next n words of 32 bits, from a fresh block on."""
        blocks = (n + 3) // 4
        result = philox(self.seed, self.next_block, blocks).reshape(-1)[:n]
        self.next_block += blocks
        return result

    def long_words(self, n: int) -> Array:
        """n words of 64 bits: two words each, the low one first."""
        pairs = self.words(2 * n).reshape(n, 2)
        return pairs[:, 0] | pairs[:, 1] << HALF

    def uniform(self, n: int, dtype: Any) -> Array:
        """n numbers in [0, 1): 24 random bits for float32, 53 for float64."""
        if dtype == np.float32:
            return ((self.words(n) >> np.uint64(8)) * 2.0**-24).astype(np.float32)
        return (self.long_words(n) >> np.uint64(11)) * 2.0**-53

    def normal(self, n: int, dtype: Any) -> Array:
        """n almost normal numbers: the sum of twelve uniform ones less 6, which is exact on every machine."""
        uniform = (self.words(12 * n) >> np.uint64(8)) * 2.0**-24
        return (uniform.reshape(n, 12).sum(axis=1) - 6).astype(dtype)

    def integers(self, low: int, high: int, n: int) -> Array:
        """n whole numbers from low to high - 1."""
        return (self.long_words(n) % np.uint64(high - low)).astype(np.int64) + low

    def permutation(self, n: int) -> Array:
        """0 .. n - 1 shuffled: Fisher and Yates, from the end."""
        order = np.arange(n)
        for k, u in enumerate(self.long_words(max(n - 1, 0)).tolist()):
            i = n - 1 - k
            j = u % (i + 1)
            order[i], order[j] = order[j], order[i]
        return order


default_generator = Generator(0)


def manual_seed(seed: int) -> Generator:
    """Start the default stream anew."""
    return default_generator.manual_seed(seed)
