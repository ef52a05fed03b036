"""More faults that were found by reading: indices, values stored in place, losses without labels, integers.

Why it exists: see test_found_by_reading.py, which is about the same sort of gaps.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from .engines import Engine
from .walks import engines, leaf, walks


@engines
def test_a_tracked_value_is_not_stored_in_place(engine: Engine) -> None:
    """Its gradient would be lost without a word."""
    w = leaf(engine, [2.0, 3.0])
    x = engine.tensor([0.0, 0.0], "float64")
    changes: list[Any] = [
        lambda: x.copy_(w),
        lambda: x.add_(w),
        lambda: x.mul_(w * 3.0),
        lambda: x.__setitem__(0, w[0]),
        lambda: x.__setitem__([0, 1], w),
        lambda: x.__setitem__(slice(0, 1), (w * 3.0)[0:1]),
    ]
    for change in changes:
        with pytest.raises(engine.tg.errors.GraphError, match="its gradient would be lost"):
            change()
    assert engine.array(x).tolist() == [0.0, 0.0]
    with engine.tg.no_grad():
        x.copy_(w)
    x[0] = w.detach()[1]
    assert engine.array(x).tolist() == [3.0, 3.0]


@engines
def test_assignment_reaches_transposed_tensors(engine: Engine) -> None:
    for x in (
        engine.tensor([[1.0, 2.0], [3.0, 4.0]]).T,
        engine.tg.from_numpy(np.arange(6.0).reshape(2, 3).T),
    ):
        x[0, 1] = 9.0
        x[1] = engine.tensor([7.0, 8.0])
        assert engine.array(x)[:2].tolist() == [[engine.array(x)[0, 0], 9.0], [7.0, 8.0]]


@engines
def test_a_truth_value_as_an_index(engine: Engine) -> None:
    """A new axis: of one element where it is true, else of none. Assignment by False changes nothing."""
    x = engine.tensor([1.0, 2.0, 3.0])
    for index, rows in ((engine.tensor(True), 1), (engine.tensor(False), 0)):
        assert tuple(x[index].shape) == (rows, 3)
    x[engine.tensor(False)] = 0.0
    assert engine.array(x).tolist() == [1.0, 2.0, 3.0]
    x[engine.tensor(True)] = 5.0
    assert engine.array(x).tolist() == [5.0, 5.0, 5.0]
    y = engine.tensor(7.0)
    assert tuple(y[y > 9.0].shape) == (0,)
    assert engine.array(y[y > 5.0]).tolist() == [7.0]


@engines
def test_what_is_no_index_raises(engine: Engine) -> None:
    class Odd:
        def __index__(self) -> int:
            raise TypeError("no index today")

    with pytest.raises((TypeError, IndexError)):
        engine.tensor([1.0, 2.0])[Odd()]
    with pytest.raises((TypeError, IndexError), match=r"tensor|getitem"):
        engine.tensor([1.0, 2.0])[OtherLibrarys()]


class OtherLibrarys:
    """Like another library's tensor of several numbers: it has an __index__, which refuses."""

    engine = "another library's"

    def __index__(self) -> int:
        raise TypeError("only tensors of one element")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([0, 1])


@engines
def test_labels_and_indices_do_not_wrap(engine: Engine) -> None:
    """-1 is no row: PyTorch raises, and a label of -1 must not become the last class."""
    tg, minus = engine.tg, engine.tensor([-1])
    x = engine.tensor([[1.0, 2.0], [3.0, 4.0]])
    calls: list[Any] = [
        lambda: tg.index_select(x, 0, minus),
        lambda: tg.gather(x, 1, engine.tensor([[-1], [0]])),
        lambda: tg.embedding(minus, x),
    ]
    for call in calls:
        with pytest.raises(IndexError, match="-1"):
            call()
    assert engine.array(x[-1]).tolist() == [3.0, 4.0], "getitem counts from the end"


@walks
def test_a_loss_without_labels_has_no_gradient(engine: Engine, order: str) -> None:
    """All labels ignored: the mean is of nothing, NaN, but the scores have no part in it."""
    tg, labels = engine.tg, engine.tensor([-100, -100])
    for loss in (tg.cross_entropy, tg.nll_loss):
        x = leaf(engine, np.ones((2, 3)))
        z = loss(x, labels)
        assert math.isnan(z.item())
        z.backward(order=order)
        if x.grad is not None:
            assert engine.array(x.grad).tolist() == [[0.0] * 3] * 2


@engines
def test_gradients_of_functions_that_ignore_an_argument(engine: Engine) -> None:
    tg = engine.tg
    a, b = engine.tensor([1.0, 2.0]), engine.tensor([np.inf])
    first, second = tg.func.grad(lambda a, b: (a * a).sum(), argnums=(0, 1))(a, b)
    assert engine.array(first).tolist() == [2.0, 4.0]
    assert engine.array(second).tolist() == [0.0]
    assert engine.array(tg.func.grad(lambda a: engine.tensor(1.0))(a)).tolist() == [0.0, 0.0]
    with tg.no_grad():
        assert engine.array(tg.func.grad(lambda a: (a * a).sum())(a)).tolist() == [2.0, 4.0]


@engines
def test_softmax_of_an_infinite_score_is_nan(engine: Engine) -> None:
    """As in PyTorch; and one that is -inf is 0, unless all are."""
    tg = engine.tg
    for scores, expected in (
        ([np.inf, 0.0], [np.nan, np.nan]),
        ([-np.inf, 0.0], [0.0, 1.0]),
        ([-np.inf, -np.inf], [np.nan, np.nan]),
    ):
        np.testing.assert_array_equal(engine.array(tg.softmax(engine.tensor(scores), 0)), expected)
    assert math.isnan(tg.cross_entropy(engine.tensor([[np.inf, 0.0]]), engine.tensor([1])).item())


@engines
def test_numbers_keep_all_their_digits(engine: Engine) -> None:
    """A float in Python has 53 bits, whatever the default dtype is."""
    dtype = engine.dtypes[-1]
    x = engine.tensor([0.0, 0.0], dtype)
    x.fill_(0.1)
    assert engine.array(x).tolist() == [0.1, 0.1]
    x[0] = 0.3
    x[1] = 0.7
    assert engine.array(x).tolist() == [0.3, 0.7]
    w = leaf(engine, [1.0, 1.0])
    (w * 1.0).backward(gradient=[0.1, 0.2])
    assert engine.array(w.grad).tolist() == [0.1, 0.2]


@engines
def test_integers_beyond_int64_are_refused(engine: Engine) -> None:
    for number in (2**63, 2**64 - 1):
        with pytest.raises((ValueError, OverflowError, TypeError)):
            engine.tg.tensor(number)
        with pytest.raises((ValueError, OverflowError, TypeError)):
            engine.tg.tensor(np.array([1, number], dtype=np.uint64))
    assert engine.tg.tensor(np.array([2**63 - 1], dtype=np.uint64)).item() == 2**63 - 1


@engines
def test_random_integers_below_a_bound(engine: Engine) -> None:
    drawn = engine.array(engine.tg.randint(10, size=(50,)))
    assert drawn.shape == (50,)
    assert 0 <= drawn.min() <= drawn.max() < 10


@engines
def test_masked_fill_keeps_the_dtype(engine: Engine) -> None:
    mask = engine.tensor([True, False])
    filled = engine.tensor([True, True]).masked_fill(mask, False)
    assert engine.dtype_of(filled) == "bool"
    assert engine.array(filled).tolist() == [False, True]
    assert engine.array(engine.tensor([1, 2]).masked_fill(mask, 9)).tolist() == [9, 2]


@walks
def test_masked_fill_passes_the_values_gradient(engine: Engine, order: str) -> None:
    value, x = leaf(engine, 2.0), leaf(engine, [1.0, 1.0])
    x.masked_fill(engine.tensor([True, False]), value).sum().backward(order=order)
    assert engine.array(value.grad).tolist() == 1.0
    assert engine.array(x.grad).tolist() == [0.0, 1.0]


@engines
def test_detect_anomaly_ends_where_it_began(engine: Engine) -> None:
    """Entered twice, it is left twice; and one anomaly does not spoil what is swept after it."""
    tg = engine.tg
    anomaly = tg.detect_anomaly()
    with anomaly, anomaly:
        pass
    assert not np.isfinite(engine.array(engine.tensor([0.0]).log() * 0.0)).any(), "it is off again"
    x = leaf(engine, [1.0])
    with tg.detect_anomaly():
        with pytest.raises(tg.errors.AnomalyError):
            tg.sqrt(x * 0.0).sum().backward()
        (x * 2.0).sum().backward()
    assert x.grad is not None


@engines
def test_operators_and_methods_mean_the_same(engine: Engine) -> None:
    tg, x = engine.tg, engine.tensor([[1.0, -2.0, 3.0]])
    whole, truths = engine.tensor([1, 2]), engine.tensor([True, False])
    assert engine.array(+x).tolist() == [[1.0, -2.0, 3.0]]
    assert engine.array(truths & ~truths | truths).tolist() == [True, False]
    for refused in (lambda: whole & whole, lambda: truths | whole, lambda: ~whole):
        with pytest.raises(tg.errors.DTypeError, match=r"needs (a )?bool"):
            refused()
    assert engine.array(x.mT).tolist() == engine.array(x.T).tolist()
    assert tuple(tg.zeros((4, 2, 3)).mT.shape) == (4, 3, 2)
    assert engine.array(x.where(x > 0, 0.0)).tolist() == [[1.0, 0.0, 3.0]]
    assert engine.array(x[0].outer(x[0, :2])).tolist() == [[1.0, -2.0], [-2.0, 4.0], [3.0, -6.0]]
    assert (x.dim(), x.size(-1), x.stride(), x.is_contiguous()) == (2, 3, (3, 1), True)
    assert f"{x[0, 2]:.2f} {x[0, 0]}" == f"3.00 {x[0, 0]!r}"
    assert type(x.max(1)).__name__ == type(x.min(1)).__name__ == "ValuesIndices"
    for dim in (2, -3):
        with pytest.raises(IndexError, match=f"size: dim {dim} is out of range"):
            x.size(dim)
    for key in ("a", 1.0):
        with pytest.raises(IndexError, match="getitem"):
            x[key]


@engines
def test_a_generator_records_nothing_under_no_grad(engine: Engine) -> None:
    """While its own lines run; its caller records as ever. send, throw, close and the value it returns pass
    through."""
    tg, seen = engine.tg, []
    w = tg.tensor(2.0, requires_grad=True)

    def recorded() -> bool:
        return bool((w * 2.0).requires_grad)

    def walk() -> Iterator[Any]:
        try:
            seen.append(((yield recorded()), recorded()))
            try:
                yield 2
            except KeyError:
                yield recorded()
        finally:
            seen.append(recorded())
        return "end"

    decorated: list[Any] = [tg.no_grad(walk), tg.no_grad()(walk), tg.set_grad_enabled(False)(walk)]
    for walk_unrecorded in decorated:
        seen.clear()
        steps = walk_unrecorded()
        assert inspect.isgenerator(steps)
        assert next(steps) is False
        assert recorded()
        assert steps.send("sent") == 2
        assert recorded()
        assert steps.throw(KeyError()) is False
        with pytest.raises(StopIteration) as stop:
            next(steps)
        assert stop.value.value == "end"
        early = walk_unrecorded()
        next(early)
        early.close()
        assert seen == [("sent", False), False, False]
        assert recorded()
