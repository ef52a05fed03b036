"""How a graph is walked: every node once, after all its uses, in every order the engine has.

Why it exists: the commonest fault of home-made engines is a node visited twice or too early (systems.md 3: h
+ h gave 12 instead of 6). Right answers below are worked out by hand; hooks count visits. Read
test_random_programs.py for graphs no one thought of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .compare import same_bits
from .engines import Engine, with_surface
from .samples import rng

CELLS = [pytest.param(e, order, id=f"{e.id}-{order}") for e in with_surface() for order in e.orders]
walks = pytest.mark.parametrize(("engine", "order"), CELLS)
engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)


def leaf(engine: Engine, value: Any) -> Any:
    """A float64 leaf that wants a gradient."""
    return engine.tensor(np.array(value, dtype=float), "float64", True)


def counted(t: Any, visits: dict[str, int], name: str) -> Any:
    """`t`, its gradient's arrivals counted."""

    def seen(grad: Any) -> None:
        visits[name] = visits.get(name, 0) + 1

    t.register_hook(seen)
    return t


Build = Callable[[Any, Any], Any]
# name: (graph of one leaf x = 3, its gradient there)
GRAPHS: dict[str, tuple[Build, float]] = {
    "h+h": (lambda tg, x: (lambda h: h + h)(x * 3.0), 6.0),
    "h+relu(h)": (lambda tg, x: (lambda h: h + tg.relu(h))(x * 3.0), 6.0),
    "relu(h)+h": (lambda tg, x: (lambda h: tg.relu(h) + h)(x * 3.0), 6.0),
    "b=a+a;c=b+b": (lambda tg, x: (lambda a: (lambda b: b + b)(a + a))(x * 1.0), 4.0),
    "h*h": (lambda tg, x: (lambda h: h * h)(x * 2.0), 24.0),
    "x*x": (lambda tg, x: x * x, 6.0),
    "x+x": (lambda tg, x: x + x, 2.0),
    "x-x": (lambda tg, x: x - x, 0.0),
    "x/x": (lambda tg, x: x / x, 0.0),
    "diamond": (lambda tg, x: (lambda h: tg.square(h) * (h + 1.0))(x * 2.0), 2 * (3 * 36.0 + 2 * 6)),
    "long and short path": (lambda tg, x: (lambda h: h * (((h + 1.0) + 1.0) + 1.0))(x * 1.0), 9.0),
    "short and long path": (lambda tg, x: (lambda h: (((h + 1.0) + 1.0) + 1.0) * h)(x * 1.0), 9.0),
    "maximum(h, h)": (lambda tg, x: (lambda h: tg.maximum(h, h))(x * 2.0), 2.0),
    "where(c, h, h)": (lambda tg, x: (lambda h: tg.where(h > 0, h, h))(x * 2.0), 2.0),
    "cat([h, h, h])": (lambda tg, x: (lambda h: tg.cat([h, h, h]).sum())(tg.reshape(x * 2.0, (1,))), 6.0),
    "stack([h, x])": (lambda tg, x: tg.stack([x * 2.0, x]).sum(), 3.0),
    "root is a leaf": (lambda tg, x: x, 1.0),
}


@walks
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(engine: Engine, order: str, name: str) -> None:
    """Graphs with known gradients."""
    build, expected = GRAPHS[name]
    x = leaf(engine, 3.0)
    build(engine.tg, x).backward(order=order)
    assert engine.array(x.grad) == pytest.approx(expected, rel=1e-14)


@walks
def test_forty_stacked_doublings(engine: Engine, order: str) -> None:
    """40 times y = y + y: 2^40 paths, 40 visits."""
    visits: dict[str, int] = {}
    x = leaf(engine, 1.0)
    y = counted(x * 1.0, visits, "0")
    for k in range(40):
        y = counted(y + y, visits, str(k + 1))
    y.backward(order=order)
    assert engine.array(x.grad) == 2.0**40
    assert visits == {str(k): 1 for k in range(41)}


@walks
def test_each_node_once_with_its_whole_gradient(engine: Engine, order: str) -> None:
    """A fan of 50 uses, some behind others: hooks see one complete gradient per tensor."""
    tg, visits, seen = engine.tg, dict[str, int](), []
    x = leaf(engine, 2.0)
    h = counted(x * 3.0, visits, "h")
    h.register_hook(lambda g: seen.append(float(engine.array(g))))
    total = counted(h * 1.0, visits, "first")
    for k in range(50):
        part = counted(h * float(k), visits, f"part {k}")
        total = counted(total + (tg.neg(part) if k % 2 else part), visits, f"sum {k}")
    total.backward(order=order)
    expected = 1.0 + sum(-k if k % 2 else k for k in range(50))
    assert seen == [expected]
    assert engine.array(x.grad) == 3 * expected
    assert set(visits.values()) == {1}
    assert len(visits) == 102


@walks
def test_shared_weights(engine: Engine, order: str) -> None:
    """One weight used in three layers collects three gradients."""
    tg = engine.tg
    w0 = rng("shared weights").standard_normal((3, 3))
    x = engine.tensor(np.eye(3), "float64")
    w, apart = leaf(engine, w0), [leaf(engine, w0) for _ in range(3)]

    def net(ws: list[Any]) -> Any:
        h = x
        for one in ws:
            h = tg.tanh(tg.linear(h, one))
        return h.sum()

    net([w, w, w]).backward(order=order)
    net(apart).backward(order=order)
    total = sum(engine.array(one.grad) for one in apart)
    np.testing.assert_allclose(engine.array(w.grad), total, rtol=1e-13)


def _tangle(engine: Engine, x: Any) -> Any:
    """A graph with many joins, whose sums depend on the order of addition in the last bits."""
    tg, pool = engine.tg, [x * 0.7, x * 1.3]
    gen = rng("tangle")
    for _ in range(60):
        a, b = (pool[int(k)] for k in gen.integers(0, len(pool), 2))
        pool.append(tg.tanh(a * b + a) if gen.random() < 0.5 else tg.sin(a) + b * 0.3)
    total = pool[0]
    for p in pool[1:]:
        total = total + p
    return total.sum()


@engines
def test_orders_agree(engine: Engine) -> None:
    """Recursive and stack bit for bit, all orders within rounding."""
    found = {}
    for order in engine.orders:
        x = leaf(engine, rng("orders").standard_normal((4, 5)))
        _tangle(engine, x).backward(order=order)
        found[order] = engine.array(x.grad).copy()
    first = found[engine.orders[0]]
    for order, grad in found.items():
        np.testing.assert_allclose(grad, first, rtol=1e-12, atol=1e-12 * np.abs(first).max(), err_msg=order)
    if {"recursive", "stack"} <= found.keys():
        assert same_bits(found["recursive"], found["stack"])


@walks
def test_second_backward_raises(engine: Engine, order: str) -> None:
    """A freed graph says so; so does another root over a freed part."""
    x = leaf(engine, 3.0)
    h = x * x
    z, other = h * 2.0, h * 5.0
    z.backward(order=order)
    with pytest.raises(engine.tg.errors.GraphError, match="already freed by an earlier backward"):
        z.backward(order=order)
    with pytest.raises(engine.tg.errors.GraphError, match="already freed by an earlier backward"):
        other.backward(order=order)
    assert engine.array(x.grad) == 12.0


@walks
def test_retain_graph_doubles_the_leaf(engine: Engine, order: str) -> None:
    """Leaves accumulate, interior gradients do not enter the second sweep."""
    x = leaf(engine, 3.0)
    z = (x * 2.0) * 2.0
    z.backward(retain_graph=True, order=order)
    assert engine.array(x.grad) == 4.0
    z.backward(order=order)
    assert engine.array(x.grad) == 8.0  # micrograd gives 12
    x.grad.zero_()
    (x * 1.0).backward(order=order)
    assert engine.array(x.grad) == 1.0
    x.grad = None
    (x * 1.0).backward(order=order)
    assert engine.array(x.grad) == 1.0


@walks
def test_interior_gradients(engine: Engine, order: str) -> None:
    """None unless `retain_grad()`; a leaf without requires_grad gets none."""
    x, c = leaf(engine, 3.0), engine.tensor(np.array(2.0), "float64")
    kept, dropped = x * c, None
    kept.retain_grad()
    dropped = kept * 5.0
    (dropped * 7.0).backward(order=order)
    assert engine.array(kept.grad) == 35.0
    assert dropped.grad is None
    assert c.grad is None
    assert not x.grad.requires_grad


@walks
def test_hooks(engine: Engine, order: str) -> None:
    """A hook replaces the gradient that is passed on; a removed one is not called."""
    x = leaf(engine, 3.0)
    h = x * 2.0
    handle = h.register_hook(lambda g: g * 10.0)
    (h * 3.0).backward(retain_graph=True, order=order)
    assert engine.array(x.grad) == 60.0
    handle.remove()
    x.grad = None
    (h * 3.0).backward(order=order)
    assert engine.array(x.grad) == 6.0


@walks
def test_what_a_hook_returns_stands_for_the_gradient(engine: Engine, order: str) -> None:
    """So it has its shape and dtype, or is a number where the gradient is one; else nothing moves."""
    narrow = engine.dtypes[0]
    x = engine.tensor(np.ones(2), narrow, True)
    wrong: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
        (lambda g: "a", TypeError, "hook: .*, not str"),
        (
            lambda g: engine.tensor(np.ones(3), narrow),
            ValueError,
            r"hook: it returned shape \(3,\) for .* \(2,\)",
        ),
        (lambda g: 2.0, ValueError, r"hook: it returned shape \(\) for a gradient of shape \(2,\)"),
    ]
    if narrow != "float64":
        text = "hook: it returned dtype .*float64 for a gradient of dtype .*float32"
        wrong.append((lambda g: engine.tensor(np.ones(2), "float64"), TypeError, text))
    for hook, error, message in wrong:
        handle = x.register_hook(hook)
        with pytest.raises(error, match=message):
            (x * 2.0).sum().backward(order=order)
        assert x.grad is None
        handle.remove()
    y = engine.tensor(np.array(3.0), narrow, True)
    y.register_hook(lambda g: 5)
    (y * 2.0).backward(order=order)
    assert engine.array(y.grad) == 5.0
    assert y.grad.dtype == y.dtype


@engines
def test_autograd_grad(engine: Engine) -> None:
    """Several outputs and inputs, interior ones included; `.grad` of leaves stays untouched."""
    tg, x, y = engine.tg, leaf(engine, 3.0), leaf(engine, 4.0)
    h = x * y
    gx, gh = tg.autograd.grad([h * 2.0, x * 1.0], [x, h])
    assert [engine.array(g).item() for g in (gx, gh)] == [9.0, 2.0]
    assert x.grad is None
    assert y.grad is None
    assert tg.autograd.grad(x * 2.0, [y], allow_unused=True) == (None,)
    value = tg.func.grad(lambda a: (a * a).sum())(engine.tensor([1.0, 2.0], "float64"))
    assert engine.array(value).tolist() == [2.0, 4.0]


@engines
def test_no_grad(engine: Engine) -> None:
    """Nothing is recorded inside `no_grad`, everything again inside `enable_grad`; detach cuts."""
    tg, x = engine.tg, leaf(engine, 3.0)
    with tg.no_grad():
        assert not tg.is_grad_enabled()
        assert not (x * 2.0).requires_grad
        with tg.enable_grad():
            assert (x * 2.0).requires_grad
    assert (x * 2.0).requires_grad
    (x * x.detach()).backward()
    assert engine.array(x.grad) == 3.0
