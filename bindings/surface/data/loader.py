"""DataLoader: a dataset in batches, in order or shuffled.

Read before: dataset.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import Tensor
from ._engine import tg
from .dataset import Subset, TensorDataset


def default_collate(batch: list[Any]) -> Any:
    """Samples as one batch: tensors are stacked, numbers made a tensor, tuples and dicts taken apart."""
    first = batch[0]
    if isinstance(first, Tensor):
        return tg.stack(batch)
    if isinstance(first, (np.ndarray, np.generic)):
        return tg.tensor(np.stack(batch))
    if isinstance(first, (bool, int, float)):
        return tg.tensor(np.array(batch))  # a float is float64, as in PyTorch
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(list(part)) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {type(first).__name__}"
    )


def _rows(dataset: Any, indices: list[int]) -> list[Any] | None:
    """A batch of a TensorDataset (or of a part of one) without making its samples; None elsewhere."""
    while type(dataset) is Subset:
        indices = [dataset.indices[k] for k in indices]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    n = len(dataset)
    rows = tg.tensor(np.array([k + n if -n <= k < 0 else k for k in indices], dtype=np.int64))
    return [tg.index_select(t, 0, rows) for t in dataset.tensors]


class DataLoader:
    """Iterating gives one epoch: batches of `batch_size`, a smaller last one unless drop_last.

    With shuffle, every epoch has a new order, drawn from `generator` (or from an own one, started by `seed`;
    else from the engine's): one seed gives the same orders in every engine. batch_size=None yields single
    samples.

    >>> from trigrad import data
    >>> loader = data.DataLoader(data.TensorDataset(tg.arange(5)), batch_size=2, shuffle=True, seed=0)
    >>> [len(x) for (x,) in loader]
    [2, 2, 1]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        generator: Any = None,
        seed: int | None = None,
    ) -> None:
        if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if generator is not None and seed is not None:
            raise ValueError("DataLoader: give a generator or a seed, not both")
        if shuffle and not len(dataset):
            raise ValueError("num_samples should be a positive integer value, but got num_samples=0")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.collate_fn = collate_fn
        self.generator = generator if seed is None else tg.Generator(seed)

    def __len__(self) -> int:
        """The number of batches."""
        n = len(self.dataset)
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.dataset)
        order = tg.randperm(n, generator=self.generator).tolist() if self.shuffle else list(range(n))
        return self._epoch(order)  # the order is drawn now, and not when the first batch is asked for

    def _epoch(self, order: list[int]) -> Iterator[Any]:
        if self.batch_size is None:
            for k in order:
                yield self.dataset[k] if self.collate_fn is None else self.collate_fn(self.dataset[k])
            return
        for b in range(len(self)):
            indices = order[b * self.batch_size : (b + 1) * self.batch_size]
            batch = _rows(self.dataset, indices) if self.collate_fn is None else None
            if batch is None:
                batch = (self.collate_fn or default_collate)([self.dataset[k] for k in indices])
            yield batch
