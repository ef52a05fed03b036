"""Planted faults: gradcheck must find each, blame the right op in its graph, and say what it looks like.

Why it exists: a checker that finds nothing looks like a checker of right code. The wrong rules here are
slips that people make; they are planted in custom Functions of three engines, in the rules of reference_py,
in its sweep, and in learners' own Value classes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import trigrad
from trigrad import reference_py, tensor_cpp
from trigrad.gradcheck import gradcheck

GEN = np.random.default_rng(7)
X, Y, SQUARE, ROW = (
    GEN.uniform(0.4, 2, (2, 3)),
    GEN.uniform(0.4, 2, (2, 3)),
    GEN.normal(size=(3, 3)),
    GEN.normal(size=3),
)
BOTH = np.array([[-1.0, 1, 1], [1, -1, -1]]) * X

# name, forward(tg, *xs), rule(tg, g, z, *xs), inputs, what the report must say ("" where no hypothesis fits)
Fault = tuple[str, Callable[..., Any], Callable[..., Any], list[Any], str]
FAULTS: list[Fault] = [
    (
        "TanhOfX",
        lambda tg, x: tg.tanh(x),
        lambda tg, g, z, x: g * (1 - x * x),
        [BOTH],
        "computed from its input",
    ),
    (
        "TanhNoG",
        lambda tg, x: tg.tanh(x),
        lambda tg, g, z, x: 1 - z * z,
        [BOTH],
        "upstream gradient is ignored",
    ),
    ("ExpIsG", lambda tg, x: tg.exp(x), lambda tg, g, z, x: g, [X], "passed on unchanged"),
    ("ExpMinus", lambda tg, x: tg.exp(x), lambda tg, g, z, x: -g * z, [X], "sign is wrong"),
    ("ExpNothing", lambda tg, x: tg.exp(x), lambda tg, g, z, x: None, [X], "no gradient arrives"),
    ("ExpAlmost", lambda tg, x: tg.exp(x), lambda tg, g, z, x: g * z * 1.0001, [X], "1.0001 x the truth"),
    ("SquareHalf", lambda tg, x: x * x, lambda tg, g, z, x: g * x, [X], "half the truth"),
    ("SquareTwice", lambda tg, x: x * x, lambda tg, g, z, x: 4 * g * x, [X], "2 x the truth"),
    ("LogTimes", lambda tg, x: tg.log(x), lambda tg, g, z, x: g * x, [X], "x squared"),
    ("SqrtTwice", lambda tg, x: tg.sqrt(x), lambda tg, g, z, x: g / z, [X], "2 x the truth"),
    ("CosPlus", lambda tg, x: tg.cos(x), lambda tg, g, z, x: g * tg.sin(x), [BOTH], "sign is wrong"),
    ("SinIsCosh", lambda tg, x: tg.sin(x), lambda tg, g, z, x: g * tg.cosh(x), [BOTH], "derivative of sinh"),
    ("SigmoidNoRest", lambda tg, x: tg.sigmoid(x), lambda tg, g, z, x: g * z, [BOTH], ""),
    ("ReluNoMask", lambda tg, x: tg.relu(x), lambda tg, g, z, x: g, [BOTH], "passed on unchanged"),
    (
        "EluHalf",
        lambda tg, x: tg.elu(x),
        lambda tg, g, z, x: tg.where(x > 0, g, g * 0),
        [BOTH],
        "input is positive",
    ),
    ("CubeKeeps", lambda tg, x: x**3, lambda tg, g, z, x: 3 * g * x**3, [X], "a factor x too many"),
    ("ReciprocalPlain", lambda tg, x: 1 / x, lambda tg, g, z, x: -g * z, [X], "a factor x too many"),
    (
        "MeanIsSum",
        lambda tg, x: x.mean(),
        lambda tg, g, z, x: g.expand(2, 3),
        [X],
        "division by 6 is missing",
    ),
    (
        "SumIsMean",
        lambda tg, x: x.sum(),
        lambda tg, g, z, x: (g / 6).expand(2, 3),
        [X],
        "a mean where a sum belongs",
    ),
    (
        "RowSumIsMean",
        lambda tg, x: x.sum(1),
        lambda tg, g, z, x: (g / 3).reshape(2, 1).expand(2, 3),
        [X],
        "1/3",
    ),
    (
        "TransposeIsReshape",
        lambda tg, x: x.T.clone(),
        lambda tg, g, z, x: g.reshape(2, 3),
        [X],
        "reshape where a",
    ),
    ("Turned", lambda tg, x: x.T.exp(), lambda tg, g, z, x: g * z, [SQUARE], "transposed"),
    ("SoftmaxDiagonal", lambda tg, x: tg.softmax(x, 1), lambda tg, g, z, x: g * z * (1 - z), [X], "diagonal"),
    (
        "LogSoftmaxNoSum",
        lambda tg, x: tg.log_softmax(x, 1),
        lambda tg, g, z, x: g,
        [X],
        "passed on unchanged",
    ),
    ("MulSwapped", lambda tg, x, y: x * y, lambda tg, g, z, x, y: (g * x, g * y), [X, Y], "swapped"),
    (
        "DivPlain",
        lambda tg, x, y: x / y,
        lambda tg, g, z, x, y: (g / y, -g * x / y),
        [X, Y],
        "a factor input 1 too",
    ),
    ("SubPlus", lambda tg, x, y: x - y, lambda tg, g, z, x, y: (g, g), [X, Y], "sign is wrong"),
    ("AddOne", lambda tg, x, y: x + y, lambda tg, g, z, x, y: (g, None), [X, Y], "no gradient arrives"),
    (
        "BiasFirst",
        lambda tg, x, b: x * b,
        lambda tg, g, z, x, b: (g * b, (g * x)[0]),
        [X, ROW],
        "only the first",
    ),
    ("BiasMean", lambda tg, x, b: x + b, lambda tg, g, z, x, b: (g, g.mean(0)), [X, ROW], "1/2 of the truth"),
    (
        "MatmulPlain",
        lambda tg, x, y: x @ y,
        lambda tg, g, z, x, y: (g @ y, x.T @ g),
        [SQUARE, SQUARE + 1],
        "",
    ),
    ("CumsumForward", lambda tg, x: tg.cumsum(x, 1), lambda tg, g, z, x: tg.cumsum(g, 1), [X], ""),
    ("NotANumber", lambda tg, x: tg.relu(x), lambda tg, g, z, x: g * tg.sqrt(x) / tg.sqrt(x), [BOTH], "NaN"),
]


def planted(tg: Any, fault: Fault) -> Any:
    """The Function class with the wrong rule."""
    name, forward, rule, _, _ = fault

    def run(ctx: Any, *xs: Any) -> Any:
        z = forward(tg, *xs)
        ctx.save_for_backward(*xs, z)
        return z

    def back(ctx: Any, g: Any) -> Any:
        *xs, z = ctx.saved_tensors
        return rule(tg, g, z, *xs)

    base = tg.autograd.Function if tg.__name__ == "torch" else tg.Function
    return type(name, (base,), {"forward": staticmethod(run), "backward": staticmethod(back)})


def graph_around(tg: Any, function: Any) -> Callable[..., Any]:
    """Right ops before and after the wrong one."""

    def inside(*xs: Any) -> Any:
        z = function.apply(*[x * 1.0 for x in xs])
        return (tg.tanh(z * 0.3) * 2).sum()

    return inside


@pytest.mark.parametrize("tg", [tensor_cpp, reference_py], ids=["tensor_cpp", "reference_py"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f[0])
def test_a_wrong_function_is_found_blamed_and_diagnosed(tg: Any, fault: Fault) -> None:
    function = planted(tg, fault)
    inputs = [tg.tensor(x, requires_grad=True) for x in fault[3]]
    report = gradcheck(graph_around(tg, function), inputs, blame=True, raise_exception=False)
    assert not report
    assert report.blame is not None, str(report)
    assert report.blame.op == fault[0], str(report)
    assert report.blame.calls == len(inputs) + 5, str(report)
    assert fault[4] in report.blame.likely, str(report)
    assert "test_gradcheck_faults.py:" in report.blame.where


@pytest.mark.parametrize("fault", FAULTS[:8] + FAULTS[24:28], ids=lambda f: f[0])
def test_pytorch_functions(fault: Fault) -> None:
    torch = pytest.importorskip("torch")
    inputs = [torch.tensor(x, requires_grad=True) for x in fault[3]]
    report = gradcheck(graph_around(torch, planted(torch, fault)), inputs, blame=True, raise_exception=False)
    assert report.blame is not None, str(report)
    assert (report.blame.op, fault[4] in report.blame.likely) == (fault[0], True), str(report)


# op, input, wrong rule of reference_py, a function that meets it, what the report must say
RULES: list[tuple[str, str, Callable[..., Any], Callable[..., Any], str]] = [
    ("sigmoid", "x", lambda g, z: g * z * (1 + z), lambda tg, x: tg.sigmoid(x.exp() - 1).sum(1), ""),
    (
        "tanh",
        "x",
        lambda g, x: g * (1 - x * x),
        lambda tg, x: (x * 2).tanh() @ x.T,
        "computed from its input",
    ),
    ("exp", "x", lambda g: g, lambda tg, x: tg.log_softmax(x.exp(), 1), "passed on unchanged"),
    ("mul", "y", lambda g, y: g * y, lambda tg, x: (x.exp() * x.cos()).sum(), "gradient of input 0"),
    ("div", "y", lambda g, x, y: g * x / (y * y), lambda tg, x: x.cos() / (x.exp() + 1), "sign is wrong"),
    ("sub", "y", lambda g: g, lambda tg, x: x.exp() - x.sin(), "sign is wrong"),
    (
        "matmul",
        "x",
        lambda g, y: g @ y.transpose(-1, -2) * 0.5,
        lambda tg, x: tg.relu(x @ x.T),
        "half the truth",
    ),
    ("matmul", "y", lambda g, x: x.transpose(-1, -2) @ (g * 0 + 1), lambda tg, x: x.T @ x.exp(), "ignored"),
    (
        "sum",
        "x",
        lambda g, shape: g.sum().expand(*shape),
        lambda tg, x: (x.exp().sum(1) * x.sum(1)).sum(0),
        "",
    ),
    (
        "mean",
        "x",
        lambda g, shape: g.expand(*shape),
        lambda tg, x: (x * x).mean() * 3,
        "division by 6 is missing",
    ),
    (
        "var",
        "x",
        lambda g, x: g * 2 * (x - x.mean()) / 6,
        lambda tg, x: tg.var(x * 3),
        "0.833333 x the truth",
    ),
    ("softmax", "x", lambda g, z: g * z, lambda tg, x: tg.softmax(x * 2, 1) @ x.T, ""),
    ("log_softmax", "x", lambda g, z: g - z.exp(), lambda tg, x: tg.log_softmax(x * 2, 1).exp(), ""),
    ("logsumexp", "x", lambda g, x, z: g * 1, lambda tg, x: tg.logsumexp(x.exp(), (0, 1)), "shape"),
    ("relu", "x", lambda g, x: g, lambda tg, x: tg.relu(x - 0.1) * 2, "passed on unchanged"),
    ("abs", "x", lambda g, x: g, lambda tg, x: tg.abs(x.sin()).sum(0), "passed on unchanged"),
    ("sqrt", "x", lambda g, z: g / z, lambda tg, x: tg.sqrt(x * x + 1), "2 x the truth"),
    ("log", "x", lambda g, x: g * x, lambda tg, x: tg.log(x * x + 1), "squared"),
    ("pow", "x", lambda g, x, y: g * y * x**y, lambda tg, x: (x.exp() ** 3).mean(), "a factor x"),
    (
        "transpose",
        "x",
        lambda g, shape: g.reshape(shape),
        lambda tg, x: x.exp().transpose(0, 1) @ x,
        "reshape where",
    ),
    ("maximum", "y", lambda g, x, y: g, lambda tg, x: tg.maximum(x, x.cos()), ""),
    ("max_dim", "x", lambda g, shape: g.unsqueeze(1).expand(*shape), lambda tg, x: x.exp().max(1).values, ""),
    ("gelu", "x", lambda g, x: g * tensor_gelu(x), lambda tg, x: tg.gelu(x * 2).sum(1), ""),
    (
        "mse_loss",
        "input",
        lambda g, input, target: g * (input - target),
        lambda tg, x: tg.mse_loss(x, x.exp()),
        "",
    ),
    ("sin", "x", lambda g, x: g * x.sin(), lambda tg, x: x.exp().sin() + x, ""),
    ("cumsum", "x", lambda g: g, lambda tg, x: tg.cumsum(x * x, 0), "passed on unchanged"),
]


def tensor_gelu(x: Any) -> Any:
    """GELU itself, taken for its derivative."""
    return reference_py.gelu(x)


@pytest.mark.parametrize(("op", "k", "wrong", "graph", "says"), RULES, ids=[f"{r[0]}-{r[1]}" for r in RULES])
def test_a_wrong_rule_of_reference_py_is_blamed(
    op: str, k: str, wrong: Any, graph: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = reference_py.registry.Rule(wrong, tuple(inspect.signature(wrong).parameters))
    monkeypatch.setitem(reference_py.OPS[op].rules, k, rule)
    x = reference_py.tensor(BOTH, requires_grad=True)
    report = gradcheck(lambda x: graph(reference_py, x), [x], blame=True, raise_exception=False)
    assert not report, str(report)
    assert report.blame is not None, str(report)
    assert report.blame.op == op, str(report)
    assert says in str(report), str(report)
    assert report.oracle.startswith("complex step") or report.problems


def test_a_missing_unbroadcast_is_blamed_on_the_op_that_broadcasts(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_only(g: Any, shape: tuple[int, ...]) -> Any:
        while g.ndim > len(shape):
            g = g[0]
        return g

    monkeypatch.setattr(reference_py.graph, "unbroadcast", first_only)
    x, b = (reference_py.tensor(v, requires_grad=True) for v in (X, ROW))
    report = gradcheck(lambda x, b: (x.exp() + b).sin(), [x, b], blame=True, raise_exception=False)
    assert report.blame is not None
    assert report.blame.op == "add"
    assert "only the first of the broadcast copies" in report.blame.likely


def test_overwriting_in_the_sweep_is_blamed_on_accumulation(monkeypatch: pytest.MonkeyPatch) -> None:
    source = inspect.getsource(reference_py.graph.sweep)
    right = "outputs[index] + g if index in outputs else g"
    assert right in source
    names = dict(vars(reference_py.graph))
    exec("from __future__ import annotations\n" + source.replace(right, "g"), names)
    monkeypatch.setattr(reference_py.autograd, "sweep", names["sweep"])
    x = reference_py.tensor(X, requires_grad=True)

    def several(x: Any) -> Any:
        h = x.exp()
        return h.sin() * (h + x)

    report = gradcheck(several, [x], blame=True, raise_exception=False)
    assert report.blame is not None
    assert report.blame.op == "accumulation"
    assert "the output of exp is used 2 times" in report.blame.likely
    assert "overwritten where it must be added" in report.blame.likely
    report = gradcheck(lambda x: x.exp() + x.exp() * 0 + x, [x], raise_exception=False)
    assert not report
    assert "uses of this input only one counted" in report.likely


# ---- learners' own Value classes ----
class Value:
    """As in micrograd; `rules` may be replaced by wrong ones."""

    rules: ClassVar[dict[str, Callable[..., tuple[float, ...]]]] = {}
    adds = True

    def __init__(self, data: float, _prev: tuple[Any, ...] = (), _op: str = "") -> None:
        self.data, self.grad, self._prev, self._op = data, 0.0, set(_prev), _op
        self._backward: Callable[[], None] = lambda: None

    def _made(self, data: float, op: str, *parents: Any) -> Any:
        out = type(self)(data, parents, op)

        def backward() -> None:
            rule = self.rules.get(
                op.rstrip("0123456789.-") if op[:2] == "**" else op, RIGHT[op[:2] if op[:2] == "**" else op]
            )
            power = float(op[2:]) if op[:2] == "**" else 0.0
            for p, d in zip(parents, rule(*[p.data for p in parents], data, power), strict=True):
                p.grad = p.grad * self.adds + d * out.grad

        out._backward = backward
        return out

    def _of(self, other: Any) -> Any:
        return other if isinstance(other, Value) else type(self)(other)

    def __add__(self, other: Any) -> Any:
        return self._made(self.data + self._of(other).data, "+", self, self._of(other))

    def __mul__(self, other: Any) -> Any:
        other = self._of(other)
        return self._made(self.data * other.data, "*", self, other)

    def __pow__(self, k: float) -> Any:
        return self._made(self.data**k, f"**{k}", self)

    def tanh(self) -> Any:
        return self._made(math.tanh(self.data), "tanh", self)

    def exp(self) -> Any:
        return self._made(math.exp(self.data), "exp", self)

    def relu(self) -> Any:
        return self._made(max(0.0, self.data), "ReLU", self)

    def backward(self) -> None:
        order: list[Any] = []
        seen: set[Any] = set()

        def visit(v: Any) -> None:
            if v not in seen:
                seen.add(v)
                for p in v._prev:
                    visit(p)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()


RIGHT: dict[str, Callable[..., tuple[float, ...]]] = {
    "+": lambda a, b, z, k: (1.0, 1.0),
    "*": lambda a, b, z, k: (b, a),
    "**": lambda a, z, k: (k * a ** (k - 1),),
    "tanh": lambda a, z, k: (1 - z * z,),
    "exp": lambda a, z, k: (z,),
    "ReLU": lambda a, z, k: (float(z > 0),),
}


def expression(a: Any, b: Any) -> Any:
    c = a * b + b**3
    return (c.tanh() + a.exp()).relu() * c


def test_a_right_value_class_passes() -> None:
    report = gradcheck(expression, [Value(0.7), Value(-0.4)], blame=True)
    assert report.oracle.startswith("complex step")


@pytest.mark.parametrize(
    ("op", "wrong"),
    [
        ("+", lambda a, b, z, k: (1.0, 0.0)),
        ("*", lambda a, b, z, k: (a, b)),
        ("**", lambda a, z, k: (a ** (k - 1),)),
        ("**", lambda a, z, k: (k * a**k,)),
        ("tanh", lambda a, z, k: (1 - a * a,)),
        ("exp", lambda a, z, k: (1.0,)),
        ("ReLU", lambda a, z, k: (float(z < 0),)),
    ],
    ids=["add", "mul", "pow-no-factor", "pow-not-reduced", "tanh", "exp", "relu"],
)
def test_a_wrong_op_of_a_value_class_is_blamed(op: str, wrong: Any) -> None:
    kind = type("Mine", (Value,), {"rules": {op: wrong}})
    report = gradcheck(expression, [kind(0.7), kind(-0.4)], blame=True, raise_exception=False)
    assert report.blame is not None, str(report)
    assert report.blame.op.startswith(op), str(report)


def test_values_that_overwrite_are_told_so() -> None:
    kind = type("Mine", (Value,), {"adds": False})

    def twice(a: Any) -> Any:
        h = a.exp()
        return h + h

    def diamond(a: Any) -> Any:
        h = a.exp()
        return h.tanh() + h * a

    first = gradcheck(twice, [kind(0.7)], blame=True, raise_exception=False).blame
    second = gradcheck(diamond, [kind(0.7)], blame=True, raise_exception=False).blame
    assert first is not None
    assert second is not None
    assert "= instead of +=" in first.likely
    assert (second.op, "used 2 times" in second.likely) == ("accumulation", True)


def test_the_names_agree() -> None:
    assert trigrad.gradcheck.gradcheck is gradcheck
