"""Faults that were found by reading: each test here failed when it was written.

Why it exists: the suite draws its inputs from the list of operations, and these stand beside the list: bounds
of integers, graphs that change after they were recorded, sizes beyond any memory.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from .engines import Engine
from .walks import engines, leaf, walks


@engines
def test_integers_are_clamped(engine: Engine) -> None:
    """A side without a bound stays open; whole bounds leave integers what they are."""
    x = engine.tensor([1, 5, 9])
    for bounds, expected in (
        ({"min": 2}, [2, 5, 9]),
        ({"max": 6}, [1, 5, 6]),
        ({"min": 2, "max": np.int64(6)}, [2, 5, 6]),
    ):
        clamped = x.clamp(**bounds)
        assert engine.array(clamped).tolist() == expected
        assert engine.dtype_of(clamped) == "int64"
    assert engine.array(engine.tensor([True, False]).clamp(min=0)).tolist() == [1, 0]


@engines
def test_a_fraction_makes_clamped_integers_floats(engine: Engine) -> None:
    """As in PyTorch, also where the fraction is whole by value."""
    for bound, expected in ((1.5, [1.5, 5.0]), (np.float32(2.5), [2.5, 5.0]), (2.0, [2.0, 5.0])):
        clamped = engine.tensor([1, 5]).clamp(min=bound)
        assert engine.array(clamped).tolist() == expected
        assert engine.dtype_of(clamped) in engine.dtypes
    with pytest.raises((TypeError, ValueError), match=r"clamp|tensor"):
        engine.tensor([1.0]).clamp(min="a")


@engines
def test_powers_of_integers_are_exact(engine: Engine) -> None:
    """Beyond 53 bits too, where an engine holds integers."""
    if engine.values_on_tape:
        return  # it computes in float64, and says so
    bases = [3, -3, 2**53 + 1, 0, 7, -1]
    powers = [39, 39, 1, 0, 22, 2**40 + 1]
    x, n = engine.tensor(bases), engine.tensor(powers)
    expected = [3**39, -(3**39), 2**53 + 1, 1, 7**22, -1]
    assert engine.array(x**n).tolist() == expected


@walks
def test_what_requires_a_gradient_later_gets_none(engine: Engine, order: str) -> None:
    """The graph was recorded without it, and what its rule would read was not kept."""
    w, x = engine.tensor([2.0], "float64"), leaf(engine, [3.0])
    y = w * x
    w.requires_grad_()
    y.backward(order=order)
    assert w.grad is None
    assert engine.array(x.grad).tolist() == [2.0]
    for build in (
        lambda a, b: engine.tg.matmul(a, b * 2.0),
        lambda a, b: engine.tg.linear(b * 2.0, a),
        lambda a, b: engine.tg.where(b > 0, a, b * 2.0),
        lambda a, b: engine.tg.cat([a, b, a, b, a]),
    ):
        late, early = engine.tensor(np.ones((2, 2)), "float64"), leaf(engine, np.ones((2, 2)))
        z = build(late, early)
        late.requires_grad_()
        z.sum().backward(order=order)
        assert early.grad is not None
        assert late.grad is None


@walks
def test_leaves_own_gradients_with_a_graph(engine: Engine, order: str) -> None:
    """What later comes to one .grad comes to no other, and to each of its elements once."""
    if not engine.second_order:
        return
    x, y = leaf(engine, [1.0, 2.0]), leaf(engine, [2.0, 4.0])
    ((x + y) ** 2).sum().backward(create_graph=True, order=order)
    (x * 3.0).sum().backward(order=order)
    assert engine.array(x.grad).tolist() == [9.0, 15.0]
    assert engine.array(y.grad).tolist() == [6.0, 12.0]
    w = leaf(engine, [1.0, 2.0, 3.0])
    w.sum().backward(create_graph=True, order=order)
    (w * w).sum().backward(order=order)
    assert engine.array(w.grad).tolist() == [3.0, 5.0, 7.0]


@engines
def test_an_expanded_tensor_cannot_be_changed_in_place(engine: Engine) -> None:
    """One number stands for several elements, so only one of what is written could stay."""
    if not engine.views:
        return
    x = engine.tensor([0.0]).expand(3)
    changes: list[Any] = [
        lambda: x.copy_(engine.tensor([1.0, 2.0, 3.0])),
        lambda: x.add_(1.0),
        lambda: x.zero_(),
    ]
    for change in changes:
        with pytest.raises(Exception, match=r"share memory or are read-only \(expand\); clone it first"):
            change()
    assert engine.array(x).tolist() == [0.0] * 3


@engines
def test_sizes_beyond_memory_are_errors(engine: Engine) -> None:
    """Products of sizes must not wrap around 64 bits: not a crash, and no tensor of nothing."""
    tg = engine.tg
    huge: list[Any] = [
        lambda: tg.zeros(2**55),
        lambda: tg.zeros(2**31, 2**31),
        lambda: tg.linspace(0, 1, 2**55),
        lambda: tg.zeros(1).expand(2**55).clone(),
        lambda: tg.eye(2**31),
    ]
    if engine.id == "tensor_cpp":  # NumPy's own words elsewhere
        for make in huge:
            with pytest.raises((MemoryError, ValueError), match=r"GiB are wanted for|than memory can hold"):
                make()
    with pytest.raises(ValueError, match=r"reshape"):
        tg.zeros(0).reshape(2**32, 2**32)
    with pytest.raises(IndexError, match=r"narrow: .* dim 0 with size 5"):
        tg.narrow(tg.zeros(5), 0, 1, sys.maxsize)


@engines
def test_a_new_dim_has_no_size_to_keep(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"expand: shape \(3,\) cannot expand to \(-1, 3\): -1 keeps a size"):
        engine.tg.zeros(3).expand(-1, 3)


@engines
def test_anomalies_of_a_loss_are_found(engine: Engine) -> None:
    """cross_entropy keeps probabilities beside its inputs; their NaN is its own."""
    tg = engine.tg
    scores, label = engine.tensor([[np.inf, 0.0]]), engine.tensor([0])
    with tg.detect_anomaly(), pytest.raises(tg.errors.AnomalyError, match="gave NaN in its output"):
        tg.cross_entropy(scores, label)
