"""A scalar engine in the manner of micrograd, as short as it can be.

Why it exists: several traps are about how such an engine is built: a Python object per number, closures, a
sort of the graph. trigrad's own engines are not built that way, so the experiments bring one along. Each
closure refers to the number it belongs to, which refers to the closure: a cycle, as in the original.
Read next: garbage_collector.py, double_visit.py, content_hash_identity.py, recursion_depth.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise


def by_recursion(root: Number, key: Callable[[Number], Hashable] = id) -> list[Number]:
    """Depth-first search: parents before children. `key` decides which numbers count as the same."""
    found: list[Number] = []
    seen: set[Hashable] = set()

    def visit(number: Number) -> None:
        if key(number) not in seen:
            seen.add(key(number))
            for parent in number.parents:
                visit(parent)
            found.append(number)

    visit(root)
    return found


class Number:
    """A number, where it came from, and how to hand its gradient on."""

    def __init__(self, data: float, parents: tuple[Number, ...] = ()) -> None:
        self.data, self.parents, self.grad = data, parents, 0.0
        self.hand_on: Callable[[], None] = lambda: None

    def _made(self, data: float, *local: tuple[Number, float]) -> Number:
        """The result of an operation: each parent with its local derivative."""
        out = Number(data, tuple(parent for parent, _ in local))

        def hand_on() -> None:
            for parent, slope in local:
                parent.grad += slope * out.grad

        out.hand_on = hand_on
        return out

    def __add__(self, other: Number) -> Number:
        return self._made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: Number) -> Number:
        return self._made(self.data * other.data, (self, other.data), (other, self.data))

    def relu(self) -> Number:
        return self._made(max(self.data, 0.0), (self, float(self.data > 0)))

    def backward(self, order: Callable[[Number], list[Number]] = by_recursion) -> None:
        """Gradients of this number with respect to all it was made from."""
        numbers = order(self)
        self.grad = 1.0
        for number in reversed(numbers):
            number.hand_on()


def network(sizes: Sequence[int], seed: int) -> list[list[list[Number]]]:
    """Layers of neurons of weights, the last weight being the bias."""
    draw = random.Random(seed)
    return [
        [[Number(draw.uniform(-1, 1)) for _ in range(n_in + 1)] for _ in range(n_out)]
        for n_in, n_out in pairwise(sizes)
    ]


def forward(layers: list[list[list[Number]]], inputs: Sequence[Number]) -> list[Number]:
    """The outputs of the last layer; relu after each of the others."""
    values = list(inputs)
    for k, layer in enumerate(layers):
        sums = []
        for *weights, total in layer:
            for weight, value in zip(weights, values, strict=True):
                total = total + weight * value
            sums.append(total.relu() if k < len(layers) - 1 else total)
        values = sums
    return values
