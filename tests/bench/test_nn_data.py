"""Datasets and loaders: every row once an epoch, and one order for one seed in every engine."""

from __future__ import annotations

import importlib
import itertools
from collections import namedtuple
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ENGINES = ["tensor_cpp", "scalar_cpp", "reference_py"]


@pytest.fixture(params=ENGINES)
def tg(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"trigrad.{request.param}")


def rows(tg: Any, n: int = 10) -> Any:
    return tg.data.TensorDataset(tg.arange(2 * n).reshape(n, 2), tg.arange(n))


def orders(tg: Any, loader: Any, epochs: int = 2) -> list[list[list[int]]]:
    return [[batch[1].tolist() for batch in loader] for _ in range(epochs)]


def test_batches(tg: Any) -> None:
    loader = tg.data.DataLoader(rows(tg), batch_size=4)
    assert len(loader) == 3
    batches = list(loader)
    assert [tuple(x.shape) for x, _ in batches] == [(4, 2), (4, 2), (2, 2)]
    assert isinstance(batches[0], list)
    assert isinstance(batches[0][0], tg.Tensor)
    assert orders(tg, loader) == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]] * 2
    loader = tg.data.DataLoader(rows(tg), batch_size=4, drop_last=True)
    assert len(loader) == len(list(loader)) == 2
    assert len(tg.data.DataLoader(rows(tg))) == 10
    assert [int(y) for _, y in tg.data.DataLoader(rows(tg), batch_size=None)] == list(range(10))


def test_every_epoch_is_another_order_of_all_rows(tg: Any) -> None:
    loader = tg.data.DataLoader(rows(tg), batch_size=4, shuffle=True, seed=1)
    first, second = orders(tg, loader)
    assert first != second
    assert sorted(itertools.chain(*first)) == sorted(itertools.chain(*second)) == list(range(10))
    for x, y in loader:
        assert x[:, 0].tolist() == [2 * k for k in y.tolist()]  # rows stay together
    own = tg.data.DataLoader(rows(tg), batch_size=4, shuffle=True, generator=tg.Generator(1))
    assert orders(tg, own) == [first, second]
    tg.manual_seed(1)
    assert orders(tg, tg.data.DataLoader(rows(tg), batch_size=4, shuffle=True)) == [first, second]


def test_one_seed_is_one_order_in_every_engine() -> None:
    found = []
    for name in ENGINES:
        tg = importlib.import_module(f"trigrad.{name}")
        parts = tg.data.random_split(rows(tg), [6, 4], generator=tg.Generator(3))
        loader = tg.data.DataLoader(parts[0], batch_size=4, shuffle=True, seed=9)
        found.append(([list(p.indices) for p in parts], orders(tg, loader)))
    assert found[0] == found[1] == found[2]


def test_subsets_and_splits(tg: Any) -> None:
    part = tg.data.Subset(rows(tg), [7, 2, 5])
    assert len(part) == 3
    assert int(part[1][1]) == 2
    nested = tg.data.Subset(part, [2, 0])
    assert orders(tg, tg.data.DataLoader(nested, batch_size=2), 1) == [[[5, 7]]]
    parts = tg.data.random_split(rows(tg), [0.55, 0.45])
    assert [len(p) for p in parts] == [6, 4]
    assert sorted(k for p in parts for k in p.indices) == list(range(10))
    with pytest.raises(
        ValueError, match="Sum of input lengths does not equal the length of the input dataset!"
    ):
        tg.data.random_split(rows(tg), [6, 6])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        tg.data.random_split(rows(tg), [1.5, -0.5])


def test_a_dataset_of_ones_own_is_collated(tg: Any) -> None:
    Sample = namedtuple("Sample", "x label")

    class Squares(tg.data.Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 3

        def __getitem__(self, k: int) -> Any:
            return Sample({"t": tg.ones(2) * k, "a": np.full(2, k), "f": k / 2}, k * k), f"no {k}"

    ((sample, names),) = tg.data.DataLoader(Squares(), batch_size=3)
    assert sample.label.tolist() == [0, 1, 4]
    assert sample.label.dtype == "int64"
    assert sample.x["f"].dtype == "float64"
    assert sample.x["t"].tolist() == sample.x["a"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert names == ["no 0", "no 1", "no 2"]
    mine = tg.data.DataLoader(Squares(), batch_size=2, collate_fn=len)
    assert list(mine) == [2, 1]


def test_loaded_batches_train_a_model(tg: Any) -> None:
    x = tg.randn(40, 2, generator=tg.Generator(0))
    y = x[:, :1] * 2.0 - x[:, 1:]
    model = tg.nn.Linear(2, 1, generator=tg.Generator(1))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        for xb, yb in tg.data.DataLoader(tg.data.TensorDataset(x, y), 10, shuffle=True, seed=2):
            optimizer.zero_grad()
            loss = tg.nn.MSELoss()(model(xb), yb)
            loss.backward()
            optimizer.step()
    assert loss.item() < 1e-4


def test_mistakes(tg: Any) -> None:
    data = tg.data
    for action, error, text in (
        (lambda: data.TensorDataset(), ValueError, "TensorDataset: needs at least one tensor"),
        (
            lambda: data.TensorDataset([1]),
            TypeError,
            "TensorDataset: needs tensors of at least 1 dim, not list",
        ),
        (lambda: data.TensorDataset(tg.tensor(1.0)), TypeError, "at least 1 dim, not a 0-dim tensor"),
        (
            lambda: data.TensorDataset(tg.zeros(3, 2), tg.zeros(4)),
            ValueError,
            r"Size mismatch between tensors: \(3, 2\), \(4,\)",
        ),
        (lambda: data.DataLoader(rows(tg), 0), ValueError, "batch_size should be a positive integer value"),
        (lambda: data.DataLoader(rows(tg), 2.0), ValueError, "but got batch_size=2.0"),
        (
            lambda: data.DataLoader(rows(tg), None, drop_last=True),
            ValueError,
            "mutually exclusive with drop_last",
        ),
        (
            lambda: data.DataLoader([], shuffle=True),
            ValueError,
            "num_samples should be a positive integer value",
        ),
        (
            lambda: data.DataLoader(rows(tg), generator=tg.Generator(0), seed=0),
            ValueError,
            "DataLoader: give a generator or a seed, not both",
        ),
        (lambda: list(data.DataLoader([object()])), TypeError, "batch must contain tensors.*found object"),
        (lambda: list(data.DataLoader([(1,), (1, 2)], 2)), RuntimeError, "should be of equal size"),
        (
            lambda: data.Dataset()[0],
            NotImplementedError,
            "Subclasses of Dataset should implement __getitem__.",
        ),
    ):
        with pytest.raises(error, match=text):
            action()
