"""Memory over a long life: training loops, reference counts, graphs ten million deep.

Why it exists: a leak of one reference or one node per step is invisible in every short test."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest
import trigrad as tg

from tests.memory import in_own_process, resident_kib


@in_own_process
@pytest.mark.slow
def test_a_training_loop_of_100_000_steps_is_flat() -> None:
    tg.manual_seed(0)
    x, target = tg.randn(8, 3), tg.randn(8, 1)
    w1, b1 = tg.randn(16, 3).requires_grad_(), tg.zeros(16, requires_grad=True)
    w2 = tg.randn(1, 16).requires_grad_()
    parameters = [w1, b1, w2]

    def steps(n: int) -> float:
        for _ in range(n):
            for p in parameters:
                p.grad = None
            loss = tg.mse_loss(tg.linear(tg.linear(x, w1, b1, activation="tanh"), w2), target)
            loss.backward()
            with tg.no_grad():
                for p in parameters:
                    p -= 0.01 * p.grad
        return float(loss)

    first = steps(10_000)
    memory, counters, objects = resident_kib(), tg.tensor_cpp._core._pool_counters(), len(gc.get_objects())
    last = steps(100_000)
    after = tg.tensor_cpp._core._pool_counters()
    assert last < first
    assert after["system_calls"] == counters["system_calls"]
    assert after["live_bytes"] == counters["live_bytes"]
    assert after["peak_bytes"] == counters["peak_bytes"]
    assert resident_kib() - memory < 2_000
    assert abs(len(gc.get_objects()) - objects) < 100


@in_own_process
@pytest.mark.slow
def test_reference_counts_after_a_million_operations() -> None:
    x = tg.ones(2, requires_grad=True)
    y, index, key = tg.ones(2), tg.tensor([0, 1]), (0,)
    watched: list[Any] = [x, y, index, key, None, True, tg.float32, tg.Tensor]

    def operate(n: int) -> None:
        for _ in range(n):
            z = x * y + 1.5
            z = z[0] + y[index].sum()
            _ = (z.shape, z.dtype, z.requires_grad, z.grad_fn, z.grad, x.grad, z == z, y.T, z.data)
            y.add_(0.0)
            with tg.no_grad():
                x.mul_(1.0)

    operate(1_000)
    gc.collect()
    counts, memory = [sys.getrefcount(o) for o in watched], resident_kib()
    operate(100_000)  # ten and more operations each
    gc.collect()
    after = [sys.getrefcount(o) for o in watched]
    assert max(abs(a - b) for a, b in zip(after, counts, strict=True)) <= 20
    assert after[:4] == counts[:4]
    assert resident_kib() - memory < 1_000


def test_errors_keep_nothing_alive() -> None:
    x, wrong = tg.ones(2, requires_grad=True), tg.ones(3)
    counts = [sys.getrefcount(o) for o in (x, wrong)]
    for _ in range(1_000):
        for bad in (
            lambda: x + wrong,
            lambda: x.sum("a"),
            lambda: x[5],
            lambda: x.reshape(7),
            lambda: tg.sum(x, nothing=1),
            lambda: x.backward(),
            lambda: tg.zeros("a"),
            lambda: tg.tensor("a"),
        ):
            with pytest.raises((TypeError, ValueError, IndexError, RuntimeError)):
                bad()
    gc.collect()
    assert [sys.getrefcount(o) for o in (x, wrong)] == counts


def chain(n: int) -> tuple[Any, Any]:
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(n):
        y = y + x
    return x, y


@pytest.mark.slow
def test_ten_million_nodes() -> None:
    """Built, swept in both orders, and freed; nothing recurses."""
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(10_000_000):
        y = -y
    for order in ("tape", "stack"):
        y.backward(order=order, retain_graph=order == "tape")
        assert x.grad.item() == 1.0
        x.grad = None
    del y
    y = x
    for _ in range(2_000_000):  # and without any backward
        y = -y
    del y
    (x * 2).backward()
    assert x.grad.item() == 2.0


def test_a_million_deep_graph_is_printed_drawn_copied_and_freed() -> None:
    _, y = chain(1_000_000)
    assert repr(y) == "tensor(1000001., grad_fn=<add>)"
    drawing = tg.to_dot(y, max_nodes=100)
    assert drawing.count("\n") < 500
    assert "999901 more nodes are left out (max_nodes=100)" in drawing
    with pytest.raises(RecursionError, match=r"backward: the recursive order reached depth \d+"):
        y.backward(order="recursive")
    with pytest.raises(RuntimeError, match="deepcopy protocol"):
        __import__("copy").deepcopy(y)
    assert y.detach().item() == 1_000_001
    node = y.grad_fn
    for _ in range(1000):
        node = node.inputs[0]
    del y
    assert node.name == "add"  # what is below it stays
    assert len(node.inputs) == 2


def test_garbage_in_a_circle_is_collected() -> None:
    """A tensor that holds, through its own attributes and its hook, itself."""
    x = tg.ones(1000, requires_grad=True)
    x.me = x
    before = tg.tensor_cpp._core._pool_counters()["live_bytes"]
    del x
    gc.collect()
    assert tg.tensor_cpp._core._pool_counters()["live_bytes"] < before
