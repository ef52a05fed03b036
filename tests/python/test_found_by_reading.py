"""Faults of the Python side that were found by reading: Functions, capture, schedulers, loaders.

Read before: tests/conformance/test_found_by_reading.py, which is about all engines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import data, optim
from trigrad.errors import DTypeError


class Both(tg.Function):
    """Two products, of which backward reads the outputs."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, c: Any, w: Any) -> Any:
        return a * w, b * c * w

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        return None, None, None, g * 2.0 + h * 3.0


def test_a_function_whose_fourth_input_alone_is_tracked() -> None:
    a, w = tg.ones(2), tg.ones(2, requires_grad=True)
    first, second = Both.apply(a * 2.0, a * 3.0, a, w)
    (first + second).sum().backward()
    assert w.grad.tolist() == [5.0, 5.0]


def test_truth_operators_are_for_truth_values() -> None:
    yes, no = tg.tensor([True, True]), tg.tensor([True, False])
    assert (yes & no).tolist() == [True, False]
    assert (yes | no).tolist() == [True, True]
    for call in (lambda: tg.tensor([6]) & tg.tensor([3]), lambda: no | tg.tensor([1.0, 0.0])):
        with pytest.raises(DTypeError, match="needs bool tensors, not"):
            call()


def test_numbers_of_ranges_decide_the_dtype() -> None:
    quarters = tg.arange(tg.tensor(0.0), tg.tensor(1.0), tg.tensor(0.25))
    assert quarters.tolist() == [0.0, 0.25, 0.5, 0.75]
    assert str(tg.arange(tg.tensor(3)).dtype) == "int64"
    assert str(tg.tensor([1, 5]).clamp(min=np.array(1.5)).dtype) == "float32"
    assert str(tg.tensor([1, 5]).clamp(min=np.array(2)).dtype) == "int64"


SCALE = 2.0


def test_names_inside_of_comprehensions_are_watched() -> None:
    global SCALE
    SCALE = 2.0
    step = tg.compile(lambda x: sum([part * SCALE for part in (x, x)]))
    x = tg.ones(2)
    for _ in range(5):
        assert step(x).tolist() == [4.0, 4.0]
    SCALE = 3.0
    assert step(x).tolist() == [6.0, 6.0]


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_a_cleared_state_is_not_the_one_that_was_recorded(kind: str) -> None:
    def trained(compiled: bool) -> list[float]:
        w = tg.ones(3, requires_grad=True)
        make = {"sgd": lambda: optim.SGD([w], lr=0.1, momentum=0.9), "adam": lambda: optim.Adam([w], lr=0.1)}
        optimizer: Any = make[kind]()

        def step() -> None:
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()

        called = tg.compile(step) if compiled else step
        for _ in range(6):
            called()
        optimizer.state.clear()
        for _ in range(6):
            called()
        found: list[float] = w.tolist()
        return found

    assert trained(True) == trained(False)


def test_whole_numbers_keep_all_their_digits() -> None:
    big = 2**60 + 1
    assert tg.full_like(tg.tensor([0, 0]), big).tolist() == [big, big]
    x = tg.zeros(2, dtype=tg.int64)
    assert x.fill_(big).tolist() == [big, big]
    assert tg.full_like(tg.ones(1), 0.5).tolist() == [0.5]
    assert str(tg.full_like(tg.tensor([1]), 2.5).dtype) == "int64"


def optimizer_of(lr: float) -> Any:
    return optim.SGD([tg.ones(1, requires_grad=True)], lr=lr)


def test_a_second_scheduler_keeps_the_initial_rate() -> None:
    optimizer = optimizer_of(1.0)
    optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=10)
    second = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)
    assert second.base_lrs == [1.0]
    assert optimizer.param_groups[0]["lr"] == 1.0


@pytest.mark.parametrize(
    "make",
    [
        lambda o, S, last: S.ExponentialLR(o, 0.5, last_epoch=last),
        lambda o, S, last: S.CosineAnnealingLR(o, 10, last_epoch=last),
        lambda o, S, last: S.LinearLR(o, 0.5, total_iters=8, last_epoch=last),
        lambda o, S, last: S.StepLR(o, 2, last_epoch=last),
    ],
    ids=["exponential", "cosine", "linear", "step"],
)
def test_a_resumed_scheduler_goes_on_as_pytorchs(make: Any) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
    ours = optimizer_of(1.0)
    for optimizer in (theirs, ours):
        optimizer.param_groups[0].update(initial_lr=1.0, lr=0.5)
        optimizer.step()  # before the scheduler, as both want it
    pair = make(theirs, torch.optim.lr_scheduler, 3), make(ours, optim.lr_scheduler, 3)
    for _ in range(12):
        rates = [s.optimizer.param_groups[0]["lr"] for s in pair]
        assert rates[1] == pytest.approx(rates[0], rel=1e-12)
        for optimizer, scheduler in zip((theirs, ours), pair, strict=True):
            optimizer.step()
            scheduler.step()


def test_a_subset_counted_from_the_end() -> None:
    subset = data.Subset(data.TensorDataset(tg.arange(5)), [-1, -2, 0])
    batches = [batch[0].tolist() for batch in data.DataLoader(subset, batch_size=2)]
    assert batches == [[4, 3], [0]]


def test_other_libraries_tensors_as_an_index() -> None:
    torch = pytest.importorskip("torch")
    x = tg.tensor([1.0, 2.0, 3.0])
    assert x[torch.tensor([2, 0])].tolist() == [3.0, 1.0]
    assert x[torch.tensor(1)].item() == 2.0
    x[torch.tensor([0, 1])] = 9.0
    assert x.tolist() == [9.0, 9.0, 3.0]
