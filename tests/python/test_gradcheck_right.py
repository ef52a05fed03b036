"""Right code is never accused: 10,000 seeded checks, and the awkward cases that weak checkers stumble over.

Why it exists: one false alarm and a student stops believing the checker. A check here is one number of one
gradient, compared with its oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trigrad import reference_py, scalar_cpp, tensor_cpp
from trigrad.gradcheck import check_op, gradcheck
from trigrad.gradcheck._ops import records

ENGINES = [tensor_cpp, scalar_cpp, reference_py]
NAMES = ["tensor_cpp", "scalar_cpp", "reference_py"]
WANTED = 10_000

UNARY = "exp tanh sigmoid relu abs sin cos square softplus gelu silu elu leaky_relu erf atan sinh".split()
OTHER: list[Callable[[Any, Any, Any], Any]] = [
    lambda tg, x, y: x * y,
    lambda tg, x, y: x - 0.5 * y,
    lambda tg, x, y: x / (y * y + 1),
    lambda tg, x, y: tg.maximum(x, y),
    lambda tg, x, y: tg.where(x > y, x, y * 2),
    lambda tg, x, y: (x @ y.T) @ y,
    lambda tg, x, y: tg.softmax(x, 1) + y.mean(0),
    lambda tg, x, y: tg.log_softmax(x, 0) * y.sum(1, keepdim=True),
    lambda tg, x, y: x + x.amax(1, keepdim=True),
    lambda tg, x, y: tg.cat([x[:1], y[1:]], 0),
    lambda tg, x, y: tg.linear(x, y.T @ y, y[0]),
    lambda tg, x, y: x * x.var() + y,
]


def random_program(seed: int) -> Callable[[Any, Any, Any], Any]:
    """A seeded composition of listed ops; sizes stay near 1."""
    gen = np.random.default_rng(seed)
    steps = [
        (int(gen.integers(3)), int(gen.integers(99)), gen.permutation(2))
        for _ in range(int(gen.integers(2, 6)))
    ]

    def program(tg: Any, x: Any, y: Any) -> Any:
        held = [x, y]
        for kind, which, (a, b) in steps:
            if kind == 0:
                held[a] = getattr(tg, UNARY[which % len(UNARY)])(held[a] * 0.7)
            else:
                held[a] = tg.tanh(OTHER[which % len(OTHER)](tg, held[a], held[b]))
        return held[0] + held[1]

    return program


@pytest.mark.parametrize("tg", ENGINES, ids=NAMES)
def test_no_false_alarm(tg: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Together more than 10,000 checks; each engine does a third of them and more; the count is printed."""
    name = NAMES[ENGINES.index(tg)]
    checks, alarms, seed = 0, [], 100
    for op in records():
        result = check_op(op, name, raise_exception=False)
        checks += result.checks
        alarms += [] if result.ok else [str(result)]
    assert checks > WANTED / len(ENGINES)
    of_ops = checks
    while checks - of_ops < 500:
        gen = np.random.default_rng(seed)
        program = random_program(seed)
        x, y = (
            tg.tensor(gen.normal(size=(3, 4)) * 10.0 ** gen.integers(-2, 2), requires_grad=True) for _ in "xy"
        )
        report = gradcheck(lambda x, y, p=program: p(tg, x, y), [x, y], raise_exception=False, seed=seed)
        checks += report.checks
        alarms += [] if report else [f"seed {seed}: {report}"]
        seed += 1
    with capsys.disabled():
        print(f"\ngradcheck {name}: {len(alarms)} false alarms in {checks} checks of right rules", end=" ")
    assert not alarms, "\n\n".join(alarms[:5])


def leaf(tg: Any, values: Any) -> Any:
    return tg.tensor(np.asarray(values, np.float64), requires_grad=True)


BIG = np.random.default_rng(3).normal(size=(20, 30))
AWKWARD: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "relu close to its kink": (lambda tg, x: tg.relu(x), [[3e-7, -3e-7, 1e-9, -1e-12, 1.0]]),
    "relu at its kink": (lambda tg, x: tg.relu(x) * 3, [[0.0, -0.0, 1.0]]),
    "kinks that cancel": (lambda tg, x: tg.relu(x) - tg.relu(-x), [[0.0, 1.0]]),
    "large inputs": (lambda tg, x: tg.softmax(x * 1e3, 0) + tg.tanh(x), [[1.0, 2.0, -3.0]]),
    "exp of eight times as much": (lambda tg, x: tg.exp(8 * x), [[1.0, 2.0, -3.0]]),
    "tiny gradients": (lambda tg, x: x * 1e-12, [[1.0, 2.0]]),
    "huge gradients": (lambda tg, x: x * x * 1e12, [[1.0, 2.0]]),
    "ties of max": (lambda tg, x: x.amax(), [[2.0, 2.0, 1.0]]),
    "ties of maximum": (lambda tg, x, y: tg.maximum(x, y), [[1.0, 2.0], [1.0, 0.0]]),
    "an argument that is not used": (lambda tg, x, y: x * 2, [[1.0, 2.0], [3.0]]),
    "no elements": (lambda tg, x: x * 2, [np.zeros((0, 3))]),
    "the same tensor twice": (lambda tg, x: x * x + x / x, [[1.0, 2.0]]),
    "a constant output": (lambda tg, x: x * 0 + 3, [[1.0, 2.0]]),
    "a step function": (lambda tg, x: tg.floor(x) + tg.sign(x), [[1.5, -0.5]]),
    "a step function at its jump": (lambda tg, x: tg.floor(x), [[1.0, 2.0]]),
    "several outputs, one an index": (lambda tg, x: (x.max(0), x.sum()), [[1.0, 3.0, 2.0]]),
    "cancellation": (lambda tg, x: (x * 1e8 + 1.0) - x * 1e8 + tg.sin(x), [[1.0, 2.0]]),
    "log of a small number": (lambda tg, x: tg.log(x), [[1e-8, 1e-3, 1e6]]),
    "pow at 0": (lambda tg, x: x**2 + x**3, [[0.0, 2.0]]),
    "norm at 0": (lambda tg, x: tg.norm(x), [[0.0, 0.0]]),
    "branches by value": (lambda tg, x: x * 2 if float(x.sum().detach()) > 0 else x * 3, [[1.0, 2.0]]),
    "an input as large as a layer": (lambda tg, x: tg.tanh(x).sum(0), [BIG]),
    "a mask inside": (lambda tg, x: x * tg.tensor(np.array([0.0, 2.0])), [[1.0, 2.0]]),
    "infinite where masked": (
        lambda tg, x: tg.where(x > 0, tg.log(tg.where(x > 0, x, 1.0)), 0.0),
        [[-1.0, 2.0]],
    ),
}


@pytest.mark.parametrize("tg", [tensor_cpp, reference_py], ids=["tensor_cpp", "reference_py"])
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_but_right(tg: Any, name: str) -> None:
    function, inputs = AWKWARD[name]
    report = gradcheck(lambda *xs: function(tg, *xs), [leaf(tg, x) for x in inputs], raise_exception=False)
    assert report, str(report)


@pytest.mark.parametrize("op", ["relu", "abs", "maximum", "minimum", "leaky_relu", "clamp"])
def test_second_order_at_kinks_and_ties(op: str) -> None:
    """The derivative by the upstream gradient is the first gradient, so the record decides it too."""
    result = check_op(op, "tensor_cpp", order=2)
    assert result.kinks


@pytest.mark.parametrize("tg", [tensor_cpp, reference_py], ids=["tensor_cpp", "reference_py"])
def test_awkward_tensors(tg: Any) -> None:
    """Views, float32 that stays float32, integers beside floats."""
    x = tg.tensor(np.arange(12.0).reshape(3, 4) / 7)
    assert gradcheck(lambda x: tg.sin(x) @ x.T, [x.T], engine=tg.__name__.rpartition(".")[2])
    weight = tg.tensor(np.arange(6, dtype=np.float32).reshape(2, 3) / 5)
    report = gradcheck(lambda x: tg.tanh(tg.linear(x, weight)), [tg.tensor([[0.1, -0.2, 0.3]])])
    assert report.dtype == "float32"
    assert gradcheck(lambda x: tg.exp(x), [tg.tensor([0.5, 1.0])]).dtype == "float64"
    table = tg.tensor(np.arange(8.0).reshape(4, 2))
    assert gradcheck(tg.embedding, [tg.tensor(np.array([0, 2, 2])), table]).checks == 8


@pytest.mark.parametrize(
    "op", ["pow", "softmax", "matmul", "gelu", "prod", "cross_entropy", "norm", "logsumexp"]
)
@pytest.mark.parametrize("engine", ["tensor_cpp", "reference_py"])
def test_second_order(engine: str, op: str) -> None:
    assert check_op(op, engine, order=2).ok
