"""trigrad.scalar_cpp.Tensor: what is its own business. Values, gradients, shapes and error texts of every
op are the conformance suite's."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest
from trigrad import scalar_cpp as tg
from trigrad._core import scalar as core
from trigrad.scalar_cpp import Value, errors, to_dot

from tests.memory import in_own_process, resident_kib
from tests.threads import elsewhere


def leaf(data: Any) -> Any:
    return tg.tensor(np.asarray(data, dtype=float), requires_grad=True)


def test_everything_floating_is_float64() -> None:
    assert tg.tensor(np.ones(2, np.float32)).dtype == tg.float64
    assert tg.tensor([1, 2]).dtype == tg.int64
    assert tg.tensor([True]).dtype == tg.bool
    assert (tg.tensor([1, 2]) / 2).dtype == tg.float64
    assert (tg.tensor([1, 2]) + 1.5).dtype == tg.float64
    assert tg.get_default_dtype() == tg.float64
    for work in (
        lambda: tg.zeros(2, dtype=tg.float32),
        lambda: tg.ones(2).float(),
        lambda: tg.set_default_dtype(tg.float32),
    ):
        with pytest.raises(NotImplementedError, match=r"^scalar_cpp does not support float32; engines"):
            work()


@pytest.mark.parametrize("name", ["sort", "topk", "prod", "cumsum", "cumprod", "scatter_add"])
def test_refusals(name: str) -> None:
    assert not tg.supports(name)
    x = tg.tensor([1.0, 2.0])
    for work in (lambda: getattr(tg, name)(x), lambda: getattr(x, name)()):
        with pytest.raises(NotImplementedError) as info:
            work()
        assert str(info.value) == f"scalar_cpp does not support {name}; engines() lists what it does"


def test_what_the_tape_cannot_do() -> None:
    x = leaf([1.0])
    for work in (
        lambda: (x * x).sum().backward(create_graph=True),
        lambda: tg.autograd.grad((x * x).sum(), x, create_graph=True),
    ):
        with pytest.raises(NotImplementedError, match="create_graph=True"):
            work()
    with pytest.raises(NotImplementedError, match="scalar_cpp does not support view"):
        x.view(1)
    with pytest.raises(NotImplementedError, match="scalar_cpp does not support Function"):
        tg.Function.apply(x)


def test_constants_are_not_recorded() -> None:
    core.collect()
    before = core.tape_size()
    x = tg.tensor(np.ones((10, 10)))
    y = tg.softmax(x @ x + 1.0, dim=1).sum()
    assert not y.requires_grad
    assert core.tape_size() == before
    w = leaf(np.ones(10))
    z = (x @ w).sum()
    assert core.tape_size() == before + 10 + 10 + 1, (
        "one node for each element of a result, none for constants"
    )
    z.backward()
    assert w.grad.tolist() == [10.0] * 10


def test_zero_adjoints_are_not_passed_on() -> None:
    """0 · ∞ is 0 here, in PyTorch and the other engines NaN: the engine's one difference."""
    x = leaf([0.0])
    (tg.sqrt(x) * 0.0).sum().backward()
    assert x.grad.tolist() == [0.0]


def test_freed_parts_are_remembered() -> None:
    x = leaf([1.0, 2.0])
    h = x * 2.0
    first, second = (h * h).sum(), (h + 1.0).sum()
    first.backward()
    for work in (first.backward, second.backward, lambda: (h * 1.0).sum().backward()):
        with pytest.raises(errors.GraphError, match="already freed"):
            work()
    assert x.grad.tolist() == [8.0, 16.0]
    y = (x * 2.0).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0, 20.0]


def test_a_view_has_a_gradient_of_its_own() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    t = x.T
    t.retain_grad()
    (t.sum() + (x * 2.0).sum()).backward()
    assert t.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert x.grad.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_hooks_outlive_their_tensor_and_are_let_go_after_backward() -> None:
    class Canary:
        pass

    def build(x: Any) -> tuple[Any, Any]:
        canary, seen = Canary(), []
        h = x * 3.0

        def hook(g: Any, canary: Any = canary) -> Any:
            seen.append(g.tolist())
            return g * 10.0

        h.register_hook(hook)
        return (h * 2.0).sum(), (seen, weakref.ref(canary))

    x = leaf([1.0, 2.0])
    y, (seen, canary) = build(x)
    for _ in range(3):
        core.collect()
    y.backward()
    assert seen == [[2.0, 2.0]]
    assert x.grad.tolist() == [60.0, 60.0]
    gc.collect()
    assert canary() is None

    y, (seen, canary) = build(x)  # and when no backward ever comes
    del y
    core.collect()
    gc.collect()
    assert canary() is None


def test_a_hook_may_compute() -> None:
    """Nodes must not move while a sweep is under way, however much a hook records."""
    x, other = leaf([1.0, 2.0]), leaf([3.0, 4.0])

    def hook(g: Any) -> None:
        for _ in range(3000):
            _ = other * 2.0
        (other * other).sum().backward()

    h = x * 3.0
    h.register_hook(hook)
    (h * h).sum().backward()
    assert x.grad.tolist() == [18.0, 36.0]
    assert other.grad.tolist() == [6.0, 8.0]


def test_values_and_tensors_share_a_tape_in_peace() -> None:
    a, x = Value(2.0), leaf([3.0])
    b, y = a * a, (x * x).sum()
    b.backward()
    y.backward()
    assert (a.grad, b.grad, x.grad.tolist()) == (4.0, 1.0, [6.0])
    b.backward()
    assert (a.grad, x.grad.tolist()) == (8.0, [6.0])


def test_in_place_changes_cannot_spoil_a_gradient() -> None:
    """The derivatives are on the tape, so no version needs to be checked."""
    x, y = leaf([2.0]), leaf([5.0])
    z = (x * y).sum()
    with tg.no_grad():
        x.mul_(100.0)
    z.backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([5.0], [2.0])


def test_pickle_and_deepcopy_of_leaves() -> None:
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.requires_grad
        assert twin.is_leaf
        (twin * 3.0).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    kept = pickle.loads(pickle.dumps(x * 2.0))
    assert (kept.tolist(), kept.is_leaf, kept.requires_grad) == ([2.0, 4.0], True, True)


def test_to_dot() -> None:
    x = leaf([1.0, 2.0])
    y = x
    for _ in range(100_000):
        y = y * 1.5
    dot = to_dot(y, max_nodes=20)
    assert dot.count("shape=record") == 20
    assert f"{200_002 - 20} more nodes are left out" in dot


def test_random_bits() -> None:
    """Philox4x32-10: the published vector for a zero counter and key, and the derived numbers."""
    words = tg.creation._philox(0, 0, 1)[0]
    assert [hex(w) for w in words.tolist()] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]
    full = tg.creation._philox(2**64 - 1, 2**128 - 1, 1)[0]
    assert [hex(w) for w in full.tolist()] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]
    g = tg.Generator(5)
    a = tg.rand(3, generator=g)
    assert g.get_state() == (5, 2)
    assert tg.rand(3, generator=g.set_state((5, 0))).tolist() == a.tolist()
    assert sorted(tg.randperm(10).tolist()) == list(range(10))


@pytest.mark.parametrize("work", ["add", "backward", "sum"])
def test_threads(work: str) -> None:
    y = leaf([1.0]) * 2.0
    with pytest.raises(errors.ThreadError) as caught:
        elsewhere({"add": lambda: y + y, "backward": y.backward, "sum": y.sum}[work])
    assert str(caught.value) == (
        f"{work}: this graph belongs to another thread, the one that recorded it; detach() shares "
        f"values across threads"
    )


@in_own_process
def test_training_in_flat_memory() -> None:
    w, b = leaf(np.zeros((3, 2))), leaf(np.zeros(3))
    x, target = tg.tensor(np.arange(8.0).reshape(4, 2) / 8), tg.tensor([0, 1, 2, 1])

    def train(steps: int) -> float:
        for _ in range(steps):
            loss = tg.cross_entropy(tg.linear(x, w, b), target)
            w.grad = b.grad = None
            loss.backward()
            with tg.no_grad():
                w.sub_(0.1 * w.grad)
                b.sub_(0.1 * b.grad)
        return float(loss)

    first = train(500)
    before = resident_kib()
    assert train(2000) < first
    assert resident_kib() - before < 1024


def test_a_deep_chain() -> None:
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.tolist() == [1.0]
    assert repr(y) == "tensor([100001.], grad_fn=<add>)"
