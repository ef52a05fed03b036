"""The life of a Value: copies and pickles, graphs deeper than any stack, threads, memory.

Read before: test_scalar_value.py.
"""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from trigrad import errors
from trigrad._core import scalar as core
from trigrad.scalar_cpp import Value, to_dot

from tests.memory import in_own_process, resident_kib
from tests.threads import elsewhere

# -------------------- copy and pickle


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_copies_keep_the_graph(copied: Callable[[Any], Any]) -> None:
    x = Value(1.5, label="x")
    y = (x * 2 + 1).tanh() ** 2 + x.maximum(1.0).leaky_relu(0.2)
    y.label = "y"
    y.backward()
    model = copied({"x": x, "y": y})
    u, z = model["x"], model["y"]
    assert (z.data, z.grad, z.label, z._op, u.data, u.grad, u.label) == (
        y.data,
        y.grad,
        "y",
        "+",
        x.data,
        x.grad,
        "x",
    )
    assert u is not x
    z.backward()
    assert u.grad == 2 * x.grad

    def shape(v: Any) -> Any:
        return (v._op, v.data, tuple(shape(p) for p in v._prev))

    assert shape(z) == shape(y)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_copies_share_leaves_whichever_comes_first(copied: Callable[[Any], Any]) -> None:
    x = Value(2.0)
    y = x * 3
    for pair in ((x, y), (y, x)):
        a, b = copied(pair)
        leaf, root = (a, b) if pair[0] is x else (b, a)
        assert root._prev[0] is leaf
        root.backward()
        assert leaf.grad == 3.0


def test_deepcopy_shares_inner_values_too() -> None:
    x = Value(2.0)
    h = x * 3
    y, g = copy.deepcopy((h + 1, h))
    assert y._prev[0] is g


def test_shallow_copy_has_the_same_parents() -> None:
    x = Value(2.0)
    y = x * 3
    z = copy.copy(y)
    assert z is not y
    assert z._prev[0] is x
    z.backward()
    assert x.grad == 3.0


def test_a_damaged_pickle_is_refused() -> None:
    function, args = (Value(1.0) * 2).__reduce_ex__(4)
    names, nodes, *rest = args
    with pytest.raises(ValueError, match="damaged"):
        function(names, nodes[:-32], *rest)
    with pytest.raises(ValueError, match="damaged"):
        function(names, b"\xff" * len(nodes), *rest)


def test_a_million_deep() -> None:
    x = y = Value(1.0)
    for _ in range(1_000_000):
        y = y + 1.0
    assert repr(y) == "Value(data=1000001.0, grad=0.0)"
    dot = to_dot(y, max_nodes=10)
    assert dot.count("shape=record") == 10
    assert f"{2_000_001 - 10} more nodes are left out" in dot
    for z in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert z.data == y.data
        z.backward()
    y.backward()
    assert x.grad == 1.0


def test_to_dot_small() -> None:
    a = Value(2.0, label="a")
    dot = to_dot(a * 3)
    assert dot.count("shape=record") == 3
    assert "a | data 2.0000" in dot
    assert "left out" not in dot


# -------------------- depth


@in_own_process
def test_ten_million_nodes() -> None:
    """Forward, backward and free in linear time on a small stack, at no more than 64 bytes a node."""

    def work() -> None:
        x = y = Value(1.0)
        before = resident_kib()
        for _ in range(10_000_000):
            y = -y
        y.backward()
        assert x.grad == 1.0
        per_node = 1024 * (resident_kib() - before) / 10_000_000
        assert per_node <= 64, f"{per_node:.1f} bytes a node"

    elsewhere(work, stack=256 * 1024)


# -------------------- threads


def test_a_graph_belongs_to_its_thread() -> None:
    a = Value(2.0)
    b = a * 3
    texts: list[str] = []
    results: list[float] = []

    def body() -> None:
        for work in (lambda: a + 1, lambda: Value(1.0) * a, lambda: b.relu(), lambda: b.backward()):
            try:
                work()
            except errors.ThreadError as error:
                texts.append(str(error))
        c = a.detach()
        d = c * 5
        d.backward()
        results.extend([c.grad, a.data, b.grad])

    elsewhere(body)
    rest = (
        ": this graph belongs to another thread, the one that recorded it; detach() shares values across "
        "threads"
    )
    assert texts == [name + rest for name in ("add", "mul", "relu", "backward")]
    assert results == [5.0, 2.0, 0.0]
    b.backward()
    assert a.grad == 3.0


def test_values_may_die_on_another_thread() -> None:
    for _ in range(50):
        values = [Value(float(k)) * 2 for k in range(100)]
        made: list[Any] = []
        thread = threading.Thread(target=lambda v=values, m=made: (v.clear(), m.append(Value(1.0) + 1)))
        thread.start()
        thread.join()
        del made
    a = Value(2.0)
    (a * a).backward()
    assert a.grad == 4.0


# -------------------- memory


def test_dead_operations_leave_the_tape() -> None:
    p = Value(1.0)
    core.collect()
    before = core.tape_size()
    rounds = before + 100_000  # the collector waits until as much is new as was alive
    for _ in range(rounds):
        _ = (p * 1.5 + 2).tanh()  # three nodes
    assert core.tape_size() - before < 2 * rounds


def test_a_graph_leaves_the_tape_with_its_root() -> None:
    """Behind a training step least is alive: what the next one begins with is a tape of parameters."""
    p = Value(1.0)
    core.collect()
    before = core.tape_size()
    for _ in range(3):
        y = p
        for _ in range(before + 10_000):
            y = y + 1.0
        y.backward()
        assert core.tape_size() > before + 20_000
        y = None
        _ = p + 1.0
        assert core.tape_size() < before + 10
    assert p.grad == 3.0


def behind_a_large_graph(p: Any) -> int:
    """Leaves a dead graph on the tape, larger than what is alive: the number of nodes that are."""
    core.collect()
    before: int = core.tape_size()
    for _ in range(before + 100_000):
        p = -p
    return before


def test_small_graphs_behind_a_large_one_do_not_walk_through_it() -> None:
    """Parameters younger than some operation: each backward goes down to them, over whatever is dead."""
    older = Value(1.0) * 2.0
    p = Value(0.5)
    before = behind_a_large_graph(p)
    for _ in range(1000):
        loss = (p * 2.0 - 1.0) ** 2
        loss.backward()
    assert core.tape_size() < 2 * before + 5000
    assert older.data == 2.0


def test_room_is_given_back_when_graphs_are_small_again() -> None:
    p = Value(1.0)
    before = behind_a_large_graph(p)
    for _ in range(20 * before + 1_000_000):
        _ = -p
    largest = 0
    for _ in range(before + 10_000):
        _ = -p
        largest = max(largest, core.tape_size())
    assert largest < 3 * before + 10_000


@in_own_process
def test_a_million_operations_in_flat_memory() -> None:
    p = Value(1.0)

    def run(count: int) -> None:
        for _ in range(count):
            _ = (p * 1.5 + 2).tanh()

    run(50_000)
    before = resident_kib()
    run(350_000)
    assert resident_kib() - before < 1024
    assert core.tape_size() < 50_000


@in_own_process
def test_a_hundred_thousand_training_steps_in_flat_memory() -> None:
    w, b = Value(0.0), Value(0.0)

    def train(steps: int) -> None:
        for k in range(steps):
            x = (k % 7) / 7
            error = w * x + b - (2 * x + 1)
            loss = error * error
            w.grad = b.grad = 0
            loss.backward()
            w.data -= 0.1 * w.grad
            b.data -= 0.1 * b.grad

    train(10_000)
    before = resident_kib()
    train(100_000)
    assert resident_kib() - before < 1024
    assert (w.data, b.data) == pytest.approx((2.0, 1.0))


def test_reference_counts() -> None:
    core.collect()  # a copy looks through the whole tape, and what earlier tests left there is not meant here
    a, two = Value(2.0), 2.5
    before = sys.getrefcount(a), sys.getrefcount(two), sys.getrefcount(Value)
    for _ in range(1000):
        c = a * two + a
        c = c._prev[0]._prev[0]
        _ = (c._op, c.label, c.data, repr(c), pickle.loads(pickle.dumps(a * 2)), copy.deepcopy(a * 3))
    del c, _
    gc.collect()
    after = sys.getrefcount(a), sys.getrefcount(two), sys.getrefcount(Value)
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 20


def test_cycles_through_attributes_are_collected() -> None:
    class Canary:
        pass

    a, canary = Value(1.0), Canary()
    a.self, a.canary = a, canary
    gone, dead = weakref.ref(canary), weakref.ref(a)
    del a, canary
    gc.collect()
    assert gone() is None
    assert dead() is None


def test_collection_keeps_held_values() -> None:
    held = [Value(float(k)) for k in range(100)]
    roots = [h * 2 + 1 for h in held]
    for _ in range(30_000):
        _ = held[0] + 1
    for k, (h, r) in enumerate(zip(held, roots, strict=True)):
        assert (h.data, r.data, r._prev[0]._prev[0] is h) == (k, 2.0 * k + 1, True)
        r.backward()
        assert h.grad == 2.0
