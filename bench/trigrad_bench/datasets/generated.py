"""Rows drawn from a seed: the pictures that small networks are shown (moons, spirals, ...), and plain noise.

Why it exists: most workloads need no file. Every kind is a few lines here, drawn from philox; moons and
yin-yang can also be drawn exactly as micrograd's and EurekaLabs' demos draw them.
Read before: ../numbers.py.  Read next: rows.py (splitting).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .rows import Array, Columns

if TYPE_CHECKING:
    from ..tables import Data

Drawn = tuple[Array, Array]


def make(data: Data, draw: Any, numbers: str, seed: int) -> tuple[Array, Array, Columns]:
    """x, y and no further columns."""
    if data.kind == "moons" and numbers == "mt19937":
        return *moons_of_scikit_learn(data.rows, data.noise, seed), {}
    if data.kind == "yin_yang":
        return *yin_yang(data.rows, draw), {}
    return *KINDS[data.kind](data, draw), {}


def values(data: Data, draw: Any) -> Drawn:
    """What the file gives."""
    return np.array(data.x, np.float64), np.array(data.y, np.float64)


def normal(data: Data, draw: Any) -> Drawn:
    """x ~ N(0, 1); labels drawn evenly, zeros where there are no classes."""
    x = draw.normal((data.rows, data.features))
    return x, draw.integers(0, data.classes, data.rows) if data.classes else np.zeros(data.rows, np.int64)


def prototypes(data: Data, draw: Any) -> Drawn:
    """Something to recognise, of any width: a random prototype for each class, half hidden under noise."""
    kinds = draw.uniform(0, 1, (data.classes, data.features))
    y = draw.integers(0, data.classes, data.rows)
    return 0.5 * kinds[y] + 0.5 * draw.uniform(0, 1, (data.rows, data.features)), y


def linear(data: Data, draw: Any) -> Drawn:
    """x ~ U(-1, 1), y = x . weights + offset; summed in order, for the same bits everywhere."""
    x = draw.uniform(-1, 1, (data.rows, len(data.weights)))
    y = np.full(data.rows, data.offset)
    for column, w in zip(x.T, data.weights, strict=True):
        y = y + w * column
    if data.target == "sigmoid_square":
        y = np.array([(1 / (1 + math.exp(-v))) ** 2 for v in y.tolist()])
    return x, y.reshape(-1, 1)


def noisy_linear(data: Data, draw: Any) -> Drawn:
    """Labels argmax(x W + noise N)."""
    w = draw.normal((data.features, data.classes))
    x = draw.normal((data.rows, data.features))
    scores = x @ w + data.noise * draw.normal((data.rows, data.classes))
    return x, scores.argmax(axis=1).astype(np.int64)


def sine(data: Data, draw: Any) -> Drawn:
    """One period: x ~ U(-1, 1), y = sin(pi x) + noise."""
    x = draw.uniform(-1, 1, (data.rows, 1))
    y = np.array([[math.sin(math.pi * v)] for v in x[:, 0].tolist()])
    return x, y + data.noise * draw.normal((data.rows, 1))


def noisy(points: list[tuple[float, float]], data: Data, draw: Any) -> Array:
    """The points, moved a little."""
    moved: Array = np.array(points) + data.noise * draw.normal((len(points), 2))
    return moved


def moons(data: Data, draw: Any) -> Drawn:
    """Two half circles that hold each other."""
    y, t = draw.permutation(data.rows) % 2, draw.uniform(0, math.pi, (data.rows,))
    points = [
        (math.cos(a), math.sin(a)) if k == 0 else (1 - math.cos(a), 0.5 - math.sin(a))
        for k, a in zip(y.tolist(), t.tolist(), strict=True)
    ]
    return noisy(points, data, draw), y


def circles(data: Data, draw: Any) -> Drawn:
    """A circle of radius 1 and one of half that."""
    y, t = draw.permutation(data.rows) % 2, draw.uniform(0, 2 * math.pi, (data.rows,))
    turns = zip(y.tolist(), t.tolist(), strict=True)
    points = [(r * math.cos(a), r * math.sin(a)) for k, a in turns for r in [0.5 if k else 1.0]]
    return noisy(points, data, draw), y


def spirals(data: Data, draw: Any) -> Drawn:
    """As many arms as classes, each turning once and a half."""
    arms = max(data.classes, 2)
    y, t = draw.permutation(data.rows) % arms, draw.uniform(0.05, 1, (data.rows,))
    points = []
    for k, r in zip(y.tolist(), t.tolist(), strict=True):
        angle = 3 * math.pi * r + 2 * math.pi * k / arms
        points.append((r * math.cos(angle), r * math.sin(angle)))
    return noisy(points, data, draw), y


def blobs(data: Data, draw: Any) -> Drawn:
    """A normal cloud about each centre, in turn, then shuffled."""
    y = draw.permutation(data.rows) % len(data.centers)
    spread = np.array(data.deviations or (1.0,) * len(data.centers))
    return np.array(data.centers)[y] + spread[y][:, None] * draw.normal((data.rows, len(data.centers[0]))), y


KINDS = {
    "values": values,
    "normal": normal,
    "prototypes": prototypes,
    "linear": linear,
    "noisy_linear": noisy_linear,
    "sine": sine,
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "blobs": blobs,
}


def moons_of_scikit_learn(rows: int, noise: float, seed: int) -> Drawn:
    """make_moons(rows, noise=noise) after np.random.seed(seed), bit for bit, without scikit-learn."""
    random = np.random.RandomState(seed)
    outer = rows // 2
    a, b = np.linspace(0, np.pi, outer), np.linspace(0, np.pi, rows - outer)
    x = np.concatenate([np.cos(a), 1 - np.cos(b)])
    y = np.concatenate([np.sin(a), 1 - np.sin(b) - 0.5])
    labels = np.repeat(np.array([0, 1], np.int64), [outer, rows - outer])
    order = np.arange(rows)
    random.shuffle(order)
    points = np.stack([x, y], axis=1)[order] + random.normal(scale=noise, size=(rows, 2))
    return points, labels[order]


def yin_yang(rows: int, draw: Any) -> Drawn:
    """EurekaLabs' picture: two halves and two dots, classes in turn, points drawn until they fit."""

    def kind(x: float, y: float) -> int:
        right, left = ((x - 0.75) ** 2 + (y - 0.5) ** 2) ** 0.5, ((x - 0.25) ** 2 + (y - 0.5) ** 2) ** 0.5
        if right < 0.1 or left < 0.1:
            return 2
        return 0 if right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25) else 1

    points: list[tuple[float, float]] = []
    while len(points) < rows:
        for x, y in draw.uniform(0, 1, (1, 2)).tolist():
            if ((x - 0.5) ** 2 + (y - 0.5) ** 2) ** 0.5 <= 0.5 and kind(x, y) == len(points) % 3:
                points.append(((x / 0.5 - 1) * 2, (y / 0.5 - 1) * 2))
    return np.array(points), np.arange(rows, dtype=np.int64) % 3
