"""Faults that nothing else saw: each test here was written because a planted fault had survived.

Why it exists: tests/mutants plants faults and asks whether a test fails. Where none did, the suite was blind,
and the missing question is asked here. Read tests/mutants/cpp.py for the faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .engines import Engine, with_surface
from .samples import rng

engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)
CELLS = [pytest.param(e, order, id=f"{e.id}-{order}") for e in with_surface() for order in e.orders]
walks = pytest.mark.parametrize(("engine", "order"), CELLS)


def leaf(engine: Engine, value: Any) -> Any:
    """A float64 leaf that wants a gradient."""
    return engine.tensor(np.array(value, dtype=float), "float64", True)


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
    """add hands one gradient to both inputs; what later comes to one must not come to the other."""
    x, y = leaf(engine, [1.0, 2.0]), leaf(engine, [3.0, 4.0])
    seed = engine.tensor([1.0, 1.0], "float64")
    (x + y).backward(gradient=seed, order=order)
    (x * 10.0).sum().backward(order=order)
    assert engine.array(x.grad).tolist() == [11.0, 11.0]
    assert engine.array(y.grad).tolist() == [1.0, 1.0]
    assert engine.array(seed).tolist() == [1.0, 1.0]


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
