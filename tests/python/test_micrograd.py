"""trigrad.scalar_cpp in micrograd's place: its tests and demos with only the import changed.

The expressions are those that micrograd's own tests compare with PyTorch, the numbers PyTorch's answers,
recorded. The demos must give the losses that the originals print, from the same seeds and the same order
of draws."""

from __future__ import annotations

import csv
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from trigrad.scalar_cpp import MLP, Layer, Neuron, Value

GOLDEN = Path(__file__).parents[1] / "golden"


def test_sanity_check() -> None:
    """q = relu(z) + z x and its like, at x = -4: value -20, slope 46 in PyTorch."""
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_more_ops() -> None:
    """The README's expression: reflected operators, powers, division, augmented assignment."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-14)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-14)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-14)


def test_neuron_of_the_notebook() -> None:
    """The trace notebook: a neuron of two inputs; every node can be walked through `_prev`."""
    random.seed(1337)
    n = Neuron(2)
    x = [Value(1.0), Value(-2.0)]
    y = n(x)
    y.backward()
    nodes: set[Any] = set()
    edges: set[tuple[Any, Any]] = set()
    todo = [y]
    while todo:
        v = todo.pop()
        if v not in nodes:
            nodes.add(v)
            edges |= {(p, v) for p in v._prev}
            todo += v._prev
    assert {n.w[0], n.w[1], n.b, *x, y} <= nodes
    assert len(nodes) == 10
    assert len(edges) == 9
    w = [p.data for p in n.w]
    active = w[0] - 2 * w[1] > 0
    assert n.w[0].grad == (1.0 if active else 0.0)
    assert n.w[1].grad == (-2.0 if active else 0.0)
    assert [v._op for v in (y, *y._prev)] == ["ReLU", "+"]


def test_reprs() -> None:
    model = MLP(3, [2, 1])
    assert repr(model) == ("MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(2)]]")
    assert repr(Layer(1, 1)) == "Layer of [ReLUNeuron(1)]"
    assert len(model.parameters()) == 11


def moons() -> list[tuple[list[float], int]]:
    """make_moons(100, noise=0.1) of scikit-learn after np.random.seed(1337), labels -1 and 1, as recorded."""
    with open(GOLDEN / "moons.csv") as file:
        return [([float(x), float(y)], int(side)) for x, y, side in csv.reader(file)]


def test_the_moons_demo() -> None:
    """0.8958441 at 50 % to 0.0109784 at 100 %, in 100 steps."""
    points = moons()
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337

    def loss() -> tuple[Any, float]:
        scores = [model(list(map(Value, x))) for x, _ in points]
        losses = [(1 + -side * score).relu() for (_, side), score in zip(points, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        right = [(side > 0) == (score.data > 0) for (_, side), score in zip(points, scores, strict=True)]
        return data_loss + reg_loss, sum(right) / len(right)

    history = []
    for step in range(100):
        total, accuracy = loss()
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 100) * p.grad
        history.append((total.data, accuracy))
    assert history[0] == (pytest.approx(0.8958441028683222, rel=1e-12), 0.5)
    assert history[1] == (pytest.approx(1.723590533697202, rel=1e-12), 0.81)
    assert history[-1][0] == pytest.approx(0.0109784, abs=5e-8)
    assert history[-1][1] == 1.0


class XorShift:
    """EurekaLabs' generator: xorshift64*, 24 bits a number."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def random(self) -> float:
        self.state ^= self.state >> 12
        self.state ^= (self.state << 25) & 0xFFFFFFFFFFFFFFFF
        self.state ^= self.state >> 27
        return (((self.state * 0x2545F4914F6CDD1D) >> 32 & 0xFFFFFFFF) >> 8) / 2**24


def yin_yang(rng: XorShift, n: int) -> list[tuple[list[float], int]]:
    """Points of the yin-yang picture, classes in turn."""

    def kind(x: float, y: float) -> int:
        right, left = ((x - 0.75) ** 2 + (y - 0.5) ** 2) ** 0.5, ((x - 0.25) ** 2 + (y - 0.5) ** 2) ** 0.5
        if right < 0.1 or left < 0.1:
            return 2
        return 0 if right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25) else 1

    points: list[tuple[list[float], int]] = []
    while len(points) < n:
        x, y = rng.random(), rng.random()
        if ((x - 0.5) ** 2 + (y - 0.5) ** 2) ** 0.5 <= 0.5 and kind(x, y) == len(points) % 3:
            points.append(([(x / 0.5 - 1) * 2, (y / 0.5 - 1) * 2], len(points) % 3))
    return points


def test_the_eurekalabs_demo() -> None:
    """2 - 8 - 3 with tanh, cross-entropy, AdamW: 1.0122152826 to 0.0390609111 in 100 steps."""
    rng = XorShift(42)
    points = yin_yang(rng, 100)
    assert points[0] == ([-0.6436591148376465, 1.1290233135223389], 0)
    train = points[:80]
    sizes = [2, 8, 3]
    layers = [
        [([Value((2 * rng.random() - 1) * nin**-0.5) for _ in range(nin)], Value(0.0)) for _ in range(nout)]
        for nin, nout in pairwise(sizes)
    ]
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]
    moments = [[0.0, 0.0] for _ in parameters]

    def loss_of(x: list[Any], target: int) -> Any:
        for k, layer in enumerate(layers):
            x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            if k == 0:
                x = [v.tanh() for v in x]
        exps = [v.exp() for v in x]
        return -(exps[target] / sum(exps)).log()

    history = []
    for step in range(1, 101):
        loss = sum(loss_of(x, target) for x, target in train) * (1.0 / len(train))
        loss.backward()
        for p, mv in zip(parameters, moments, strict=True):
            mv[0] = 0.9 * mv[0] + 0.1 * p.grad
            mv[1] = 0.95 * mv[1] + 0.05 * p.grad**2
            m_hat, v_hat = mv[0] / (1 - 0.9**step), mv[1] / (1 - 0.95**step)
            p.data -= 0.1 * (m_hat / (v_hat**0.5 + 1e-8) + 1e-4 * p.data)
            p.grad = 0.0
        history.append(loss.data)
    assert history[0] == pytest.approx(1.0122152826497561, rel=1e-12)
    assert history[-1] == pytest.approx(0.03906091113485444, rel=1e-9)
