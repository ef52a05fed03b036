"""The data and weights of EurekaLabs' demo: xorshift64*, and points on a yin-yang sign.

Why it exists: float32_then_float64_init.py has to start from the very numbers whose losses are known.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MASK = 2**64 - 1


class RandomNumbers:
    """xorshift64*, 24 bits a number."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def random(self) -> float:
        """Uniform in [0, 1)."""
        s = self.state
        s ^= s >> 12
        s ^= (s << 25) & MASK
        s ^= s >> 27
        self.state = s
        return (((s * 0x2545F4914F6CDD1D) >> 32 & 0xFFFFFFFF) >> 8) / 2**24

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()


def class_of(x: float, y: float) -> int:
    """0 the dark part, 1 the light part, 2 the two dots."""
    right, left = math.dist((x, y), (0.75, 0.5)), math.dist((x, y), (0.25, 0.5))
    if right < 0.1 or left < 0.1:
        return 2
    dark = right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25)
    return 0 if dark else 1


def points(random: RandomNumbers, count: int) -> Array:
    """Rows of x, y and class; the classes take turns."""
    rows: list[tuple[float, float, int]] = []
    while len(rows) < count:
        x, y = random.random(), random.random()
        if math.dist((x, y), (0.5, 0.5)) <= 0.5 and class_of(x, y) == len(rows) % 3:
            rows.append(((x / 0.5 - 1) * 2, (y / 0.5 - 1) * 2, class_of(x, y)))
    return np.array(rows)


def weights(random: RandomNumbers, sizes: tuple[int, ...]) -> list[Array]:
    """(out, in) matrices, uniform in ±1/√in, drawn neuron by neuron."""
    return [
        np.array([[random.uniform(-1, 1) * n_in**-0.5 for _ in range(n_in)] for _ in range(n_out)])
        for n_in, n_out in pairwise(sizes)
    ]
