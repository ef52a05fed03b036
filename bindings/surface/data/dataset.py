"""Datasets: anything with a length and an item at each index. Names and rules are torch.utils.data's.

Read next: loader.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import Tensor
from ._engine import tg


class Dataset:
    """The base: subclasses define __getitem__ and __len__."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __len__(self) -> int:
        raise NotImplementedError("Subclasses of Dataset should implement __len__.")


class TensorDataset(Dataset):
    """Rows of tensors of equal length: item k is (first[k], second[k], ...).

    >>> from trigrad import data
    >>> len(data.TensorDataset(tg.zeros(5, 2), tg.zeros(5)))
    5
    """

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ValueError("TensorDataset: needs at least one tensor")
        for t in tensors:
            if not isinstance(t, Tensor) or not t.ndim:
                what = "a 0-dim tensor" if isinstance(t, Tensor) else type(t).__name__
                raise TypeError(f"TensorDataset: needs tensors of at least 1 dim, not {what}")
        if len({len(t) for t in tensors}) != 1:
            raise ValueError(
                f"Size mismatch between tensors: {', '.join(str(tuple(t.shape)) for t in tensors)}"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """The items of a dataset at these indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Disjoint random parts of these lengths, or of these fractions where they sum to 1.

    What fractions leave over is dealt out one by one, from the first part on.
    """
    n = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        for k, fraction in enumerate(lengths):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {k} is not between 0 and 1")
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for k in range(n - sum(sizes)):
            sizes[k % len(sizes)] += 1
    else:
        sizes = [int(length) for length in lengths]
    if sum(sizes) != n:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = tg.randperm(n, generator=generator).tolist()
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
