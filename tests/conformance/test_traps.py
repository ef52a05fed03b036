"""The traps of systems.md 3 that concern ops and graphs: 7, 8, 9, 10, 13 and 15, each with its known right
answer.

Why it exists: each of these was found in a published engine. Read test_traversal.py for trap 8's whole
family."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.threads import elsewhere

from .engines import Engine
from .samples import rng
from .walks import engines, leaf, walks


@walks
def test_trap_7_identity_is_not_content(engine: Engine, order: str) -> None:
    """Equal values are different nodes: 0 + loss is not loss, and two equal leaves share nothing."""
    a, b = leaf(engine, [1.0, 2.0]), leaf(engine, [1.0, 2.0])
    total = engine.tensor(np.array(0.0), "float64")
    for x in (a, b, a):
        total = total + (x * x).sum()
    total.backward(order=order)
    assert engine.array(a.grad).tolist() == [4.0, 8.0]
    assert engine.array(b.grad).tolist() == [2.0, 4.0]


@walks
def test_trap_8_double_visit(engine: Engine, order: str) -> None:
    """h + h and h + relu(h) of an interior h, where one seed gave 12 and 9 instead of 6."""
    for second in (lambda h: h, engine.tg.relu):
        x = leaf(engine, 1.0)
        h = x * 3.0
        (h + second(h)).backward(order=order)
        assert engine.array(x.grad) == 6.0


@walks
def test_trap_9_bias_gradient_is_reduced(engine: Engine, order: str) -> None:
    """A broadcast bias gets the sum over the batch, in its own shape, by whichever road it was broadcast."""
    tg, gen = engine.tg, rng("trap 9")
    x, w, g = gen.standard_normal((5, 3)), gen.standard_normal((4, 3)), gen.standard_normal((5, 4))
    for shape in ((4,), (1, 4), (1,), (), (5, 1)):
        for road in ("linear", "add"):
            if road == "linear" and shape != (4,):
                continue
            bias, wt = leaf(engine, np.zeros(shape)), engine.tensor(w, "float64")
            xt = engine.tensor(x, "float64")
            z = tg.linear(xt, wt, bias) if road == "linear" else tg.linear(xt, wt) + bias
            z.backward(gradient=engine.tensor(g, "float64"), order=order)
            padded = (1,) * (2 - len(shape)) + shape
            axes = tuple(k for k, n in enumerate(padded) if n == 1)
            expected = g.sum(axis=axes, keepdims=True).reshape(shape)
            assert tuple(bias.grad.shape) == shape
            np.testing.assert_allclose(engine.array(bias.grad), expected, rtol=1e-13, atol=1e-13)


@walks
def test_trap_10_no_layer_is_forgotten(engine: Engine, order: str) -> None:
    """Each of the six parameters of a three-layer net gets its own gradient, checked by differences."""
    tg, gen = engine.tg, rng("trap 10")
    sizes = [3, 5, 4, 2]
    values = [gen.standard_normal(s) * 0.5 for i, o in pairwise(sizes) for s in ((o, i), (o,))]
    x, target = gen.standard_normal((6, 3)), gen.standard_normal((6, 2))

    def loss(parameters: list[Any]) -> Any:
        h = engine.tensor(x, "float64")
        for k in range(0, 6, 2):
            h = tg.linear(h, parameters[k], parameters[k + 1], activation="tanh" if k < 4 else None)
        return tg.mse_loss(h, engine.tensor(target, "float64"))

    parameters = [leaf(engine, v) for v in values]
    loss(parameters).backward(order=order)
    for k, p in enumerate(parameters):
        way = gen.standard_normal(values[k].shape)

        def moved(h: float, k: int = k, way: np.ndarray = way) -> float:
            shifted = [v + h * way if j == k else v for j, v in enumerate(values)]
            return float(engine.array(loss([engine.tensor(v, "float64") for v in shifted])))

        number = (8 * (moved(1e-3) - moved(-1e-3)) - (moved(2e-3) - moved(-2e-3))) / 12e-3
        got = engine.array(p.grad)
        assert np.abs(got).max() > 0, f"parameter {k} gets no gradient"
        assert float((got * way).sum()) == pytest.approx(number, rel=1e-8)


@walks
def test_trap_13_depth(engine: Engine, order: str) -> None:
    """A deep chain on a 512 KiB stack: only the recursive order may refuse, by name, and life goes on."""
    length = 20_000 if engine.id == "reference_py" else 200_000

    def work() -> None:
        x = leaf(engine, 1.0)
        y = x * 1.0
        for _ in range(length):
            y = y + 1.0
        if order == "recursive":
            words = (
                r"^backward: the recursive order reached depth \d+, as deep as .* allows; use order='stack'"
            )
            with pytest.raises(engine.tg.errors.DepthError, match=words):
                y.backward(order=order)
        else:
            y.backward(order=order)
            assert engine.array(x.grad) == 1.0
        assert "tensor" in repr(y).lower()
        del y
        again = leaf(engine, 2.0)
        (again * again).backward(order=order)
        assert engine.array(again.grad) == 4.0

    elsewhere(work, stack=512 * 1024)


@engines
def test_trap_15_masks_belong_to_training(engine: Engine) -> None:
    """A random mask, redrawn, changes the result; without it three evaluations are equal bit for bit."""
    tg = engine.tg
    x = leaf(engine, rng("trap 15").standard_normal((8, 8)))

    def net(training: bool) -> np.ndarray:
        h = tg.tanh(x)
        if training:
            h = h * (tg.rand(8, 8, dtype=tg.float64) > 0.5).to(tg.float64) * 2.0
        return engine.array(h.sum()).copy()

    tg.manual_seed(7)
    drawn = [net(True) for _ in range(3)]
    assert len({v.tobytes() for v in drawn}) == 3
    tg.manual_seed(7)
    assert [net(True).tobytes() for _ in range(3)] == [v.tobytes() for v in drawn]
    state = tg.rand(3)
    tg.manual_seed(7)
    for _ in range(3):
        net(True)
    assert len({net(False).tobytes() for _ in range(3)}) == 1
    assert engine.array(tg.rand(3)).tobytes() == engine.array(state).tobytes(), (
        "evaluation drew random numbers"
    )
