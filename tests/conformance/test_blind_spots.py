"""Faults that nothing else saw: each test here was written because a planted fault had survived.

Why it exists: tests/mutants plants faults and asks whether a test fails. Where none did, the suite was blind,
and the missing question is asked here. Read tests/mutants/cpp.py for the faults."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from .engines import Engine
from .samples import rng
from .walks import engines, leaf, walks


@walks
def test_square_broadcast(engine: Engine, order: str) -> None:
    """Where all sizes are equal, a sum over the wrong axis has the right shape."""
    gen = rng("square broadcast")
    a, b, c, g = (gen.standard_normal(s) for s in ((3, 1), (1, 3), (3,), (3, 3)))
    x, y, z = leaf(engine, a), leaf(engine, b), leaf(engine, c)
    (x * y + z).backward(gradient=engine.tensor(g, "float64"), order=order)
    np.testing.assert_allclose(engine.array(x.grad), (g * b).sum(axis=1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(engine.array(y.grad), (g * a).sum(axis=0, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(engine.array(z.grad), g.sum(axis=0), rtol=1e-13)


@walks
def test_gradients_take_the_dtype(engine: Engine, order: str) -> None:
    """A gradient has its own tensor's dtype, also below an op of mixed dtypes."""
    x = engine.tensor([1.5, 2.0], engine.dtypes[0], True)
    y = engine.tensor([3.0, 4.0], engine.dtypes[-1], True)
    h = x * 2.0
    h.retain_grad()
    ((h * y).sum() * y.sum()).backward(order=order)
    narrow, wide = engine.dtypes[0], engine.dtypes[-1]
    assert [engine.dtype_of(t.grad) for t in (x, h, y)] == [narrow, narrow, wide]
    assert engine.array(x.grad).tolist() == [42.0, 56.0]


@walks
def test_leaves_own_their_gradients(engine: Engine, order: str) -> None:
    """What later comes to one .grad comes to no other, nor to the gradient that a caller gave, nor twice."""
    x, y = leaf(engine, [1.0, 2.0]), leaf(engine, [3.0, 4.0])
    seed = engine.tensor([1.0, 1.0], "float64")
    (x + y).backward(gradient=seed, order=order)
    (x * 10.0).sum().backward(order=order)
    assert engine.array(x.grad).tolist() == [11.0, 11.0]
    assert engine.array(y.grad).tolist() == [1.0, 1.0]
    assert engine.array(seed).tolist() == [1.0, 1.0]
    z = leaf(engine, [5.0, 6.0])
    z.backward(gradient=seed, order=order)
    z.sum().backward(order=order)
    z.sum().backward(order=order)
    assert engine.array(z.grad).tolist() == [3.0, 3.0]
    assert engine.array(seed).tolist() == [1.0, 1.0]
    w = leaf(engine, [7.0, 8.0])
    for _ in range(2):  # the gradient of a sum is one number seen twice
        w.sum().backward(order=order)
    assert engine.array(w.grad).tolist() == [2.0, 2.0]


@walks
def test_square_matrices(engine: Engine, order: str) -> None:
    """Where all sizes are equal, a forgotten transpose has the right shape."""
    gen = rng("square matrices")
    a, b, g = (gen.standard_normal((3, 3)) for _ in range(3))
    x, y = leaf(engine, a), leaf(engine, b)
    engine.tg.matmul(x, y).backward(gradient=engine.tensor(g, "float64"), order=order)
    np.testing.assert_allclose(engine.array(x.grad), g @ b.T, rtol=1e-13)
    np.testing.assert_allclose(engine.array(y.grad), a.T @ g, rtol=1e-13)
    x, w, bias = leaf(engine, a), leaf(engine, b), leaf(engine, g[0])
    engine.tg.linear(x, w, bias).backward(gradient=engine.tensor(g, "float64"), order=order)
    np.testing.assert_allclose(engine.array(x.grad), g @ b, rtol=1e-13)
    np.testing.assert_allclose(engine.array(w.grad), g.T @ a, rtol=1e-13)
    np.testing.assert_allclose(engine.array(bias.grad), g.sum(axis=0), rtol=1e-13)


@engines
def test_ignored_labels(engine: Engine) -> None:
    """An ignored label has no gradient and does not count in the mean."""
    tg, scores = engine.tg, rng("ignored labels").standard_normal((4, 3))
    labels = np.array([2, -100, 0, -100])
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    hit = np.eye(3)[[2, 0, 0, 0]]
    counted = np.array([1.0, 0.0, 1.0, 0.0])[:, None]
    for loss, expected in ((tg.cross_entropy, (p - hit) * counted / 2), (tg.nll_loss, -hit * counted / 2)):
        x = leaf(engine, scores)
        loss(x, engine.tensor(labels)).backward()
        np.testing.assert_allclose(engine.array(x.grad), expected, rtol=1e-12, atol=1e-15)


@engines
def test_einsum_sums_alone(engine: Engine) -> None:
    """A letter that one operand has alone and that the output lacks: its gradient is the same all along."""
    if not engine.supports("einsum"):
        return  # test_ops.py proves the refusal
    gen = rng("einsum alone")
    a, b, g = gen.standard_normal((3, 4)), gen.standard_normal(2), gen.standard_normal((3, 2))
    x, y = leaf(engine, a), leaf(engine, b)
    engine.tg.einsum("ij,k->ik", x, y).backward(gradient=engine.tensor(g, "float64"))
    np.testing.assert_allclose(engine.array(x.grad), np.repeat((g @ b)[:, None], 4, axis=1), rtol=1e-13)
    np.testing.assert_allclose(engine.array(y.grad), a.sum(axis=1) @ g, rtol=1e-13)


@walks
def test_second_operands_gather_too(engine: Engine, order: str) -> None:
    """A tensor that is the right operand of several operations gets the sum of what they send."""
    x, y = leaf(engine, 3.0), leaf(engine, 5.0)
    h = x * 1.0
    (y * h + y * h + (y - h) + (y / h)).backward(order=order)
    assert engine.array(x.grad) == pytest.approx(5.0 + 5.0 - 1.0 - 5.0 / 9.0, rel=1e-14)
    assert engine.array(y.grad) == pytest.approx(3.0 + 3.0 + 1.0 + 1.0 / 3.0, rel=1e-14)


@engines
def test_an_output_may_come_twice(engine: Engine) -> None:
    """Gradients of several outputs add up, also of one and the same."""
    x = leaf(engine, 3.0)
    z = x * x
    (g,) = engine.tg.autograd.grad([z, z], [x])
    assert engine.array(g) == 12.0


@engines
def test_gradients_carry_no_graph(engine: Engine) -> None:
    """Unless create_graph asks for it, a gradient is a plain tensor."""
    x = leaf(engine, 3.0)
    (g,) = engine.tg.autograd.grad([x * x * x], [x])
    assert not g.requires_grad
    assert g.is_leaf


@engines
def test_no_grad_ends(engine: Engine) -> None:
    """After the block recording is what it was before, also after an error in it."""
    tg, x = engine.tg, leaf(engine, 3.0)
    with tg.no_grad():
        pass
    assert tg.is_grad_enabled()
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (x * 2.0).requires_grad
    with tg.no_grad(), tg.enable_grad():
        pass
    assert tg.is_grad_enabled()


def test_collecting_keeps_gradients() -> None:
    """scalar_cpp moves what lives when it removes dead nodes; gradients move along."""
    scalar = pytest.importorskip("trigrad.scalar_cpp")
    dead = [scalar.Value(float(k)) * 2.0 for k in range(50)]
    a, b = scalar.Value(2.0), scalar.Value(5.0)
    z = a * b + a
    z.backward()
    del dead
    importlib.import_module("trigrad._core").scalar.collect()
    assert (a.data, b.data, z.data) == (2.0, 5.0, 12.0)
    assert (a.grad, b.grad, z.grad) == (6.0, 2.0, 1.0)
    z.backward()
    assert (a.grad, b.grad) == (12.0, 4.0)


def test_collecting_keeps_partials() -> None:
    """A graph that is swept only after dead nodes were removed: its nodes still hold their derivatives."""
    scalar = pytest.importorskip("trigrad.scalar_cpp")
    collect = importlib.import_module("trigrad._core").scalar.collect
    collect()  # so that y is older than all that is dead
    y = scalar.norm(x := scalar.tensor(np.array([3.0, 4.0]), requires_grad=True)) * 5.0
    dead = scalar.tensor(np.ones(50), requires_grad=True) * 2.0
    z = scalar.norm(w := scalar.tensor(np.array([5.0, 12.0, 84.0]), requires_grad=True)) * 85.0
    del dead
    collect()
    z.backward()
    y.backward()
    assert w.grad is not None
    assert x.grad is not None
    assert w.grad.tolist() == pytest.approx([5.0, 12.0, 84.0], rel=1e-14)
    assert x.grad.tolist() == [3.0, 4.0]


def _layers(first: list[Any]) -> list[Any]:
    """Ten layers of 150 values; each is a mix of two far apart in the layer before."""
    layer = first
    for n in range(10):
        layer = [layer[(7 * k + n) % 150] * 0.75 + layer[(11 * k) % 150] * 0.5 for k in range(150)]
    return layer


@walks
def test_a_wide_graph(engine: Engine, order: str) -> None:
    """4500 nodes that are met in another order than they were made: each still comes after its uses."""
    x = leaf(engine, 1.0)
    engine.tg.stack(_layers([x * (1.0 + k) for k in range(150)])).sum().backward(order=order)
    assert engine.array(x.grad) == pytest.approx(sum(_layers([1.0 + k for k in range(150)])), rel=1e-12)
