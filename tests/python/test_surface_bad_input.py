"""Wrong calls of every public function: a TypeError or ValueError of one line, never a crash or a page
of signatures.

Why it exists: the first call of a new user is a wrong one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import trigrad as tg

KEPT = {"errors", "Function", "Tensor", "ORDERS", "autograd", "func", "bool", "float32", "float64", "int64"}
FUNCTIONS = sorted(n for n in tg.tensor_cpp.__all__ if n not in KEPT and callable(getattr(tg, n)))
METHODS = sorted(n for n in dir(tg.Tensor) if not n.startswith("_") and callable(getattr(tg.Tensor, n)))
MODES = {"no_grad", "enable_grad", "set_grad_enabled", "detect_anomaly"}
# What says yes to almost anything, by design.
TOLERANT = {"show_config", "ops", "is_grad_enabled", "get_default_dtype", "get_num_threads", *MODES}


class Stranger:
    """An object of a kind that no function knows."""


def wrong_calls() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x = tg.ones(2, 3)
    things = ["?!", None, {}, Stranger(), {1, 2}, b"?", object, len, 2**70, 1j, [["a"]], [[1], [2, 3]]]
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {})]
    calls += [((thing,), {}) for thing in things]
    calls += [((x, thing), {}) for thing in things]
    calls += [((x, x, thing), {}) for thing in things]
    calls += [((x, 0, thing), {}) for thing in things]
    calls += [
        ((x,), {"nothing": 1}),
        ((x, 0), {"dim": "a"}),
        ((x,), {"dim": "a"}),
        ((x,), {"axis": {}}),
        ((x,) * 9, {}),
    ]
    return calls


@pytest.mark.parametrize(
    "call", ["x.sum(x)", "x.reshape(x)", "tg.zeros(x)", "x.std(dim=x)", "x.sum(dim=[x])", "x.permute(x, 'a')"]
)
def test_a_tensor_among_the_dims_is_an_error(call: str) -> None:
    code = f"import trigrad as tg\nx = tg.ones(2, 3)\ntry:\n    {call}\nexcept (TypeError, ValueError):\n    pass"  # noqa: E501
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def check(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        function(*args, **kwargs)
    except (
        TypeError,
        ValueError,
        IndexError,
        OverflowError,
        NotImplementedError,
        RuntimeError,
        AttributeError,
    ) as error:
        text = str(error)
        assert 0 < len(text) < 500, text
        assert "incompatible function arguments" not in text, text
        assert "Unable to cast" not in text, text
        assert "Invoked with" not in text, text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    before = tg.get_default_dtype(), tg.is_grad_enabled()
    for args, kwargs in wrong_calls():
        check(getattr(tg, name), args, kwargs)
    after = tg.get_default_dtype()
    tg.set_grad_enabled(True)
    tg.set_default_dtype(tg.float32)
    assert (after, tg.is_grad_enabled()) == before
    if name not in TOLERANT:
        with pytest.raises((TypeError, ValueError)):
            getattr(tg, name)(Stranger(), nothing=Stranger())


@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str) -> None:
    for args, kwargs in wrong_calls():
        x = tg.ones(2, 3)
        for given in (args, args[1:]):
            check(getattr(x, name), given, kwargs)
        assert x.shape == (2, 3)
    if name != "__init__":
        with pytest.raises((TypeError, ValueError)):
            getattr(tg.ones(2, 3), name)(Stranger(), nothing=Stranger())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("tg.relu()", "relu: missing argument 'input'; the call is relu(input)"),
        ("tg.relu(x, x)", "relu: 2 arguments by position, at most 1; the call is relu(input)"),
        ("x.relu(1)", "relu: 1 arguments by position, at most 0; the call is relu()"),
        ("x.reshape('a')", "reshape: sizes and dims are ints or sequences of ints, not str"),
        ("x.reshape(2.0, 3)", "reshape: sizes and dims are ints, not float"),
        ("tg.sum('x')", "sum: a tensor or a number is needed, not str"),
        (
            "x.sum(dims=0)",
            "sum: unexpected argument 'dims'; the call is sum(dim=None, keepdim=False, *, axis=None, keepdims=None)",  # noqa: E501
        ),
        ("x.sum(0, keepdim='yes')", "sum: keepdim must be a bool, not str; the call is sum(dim=None"),
        ("tg.leaky_relu(x, 'a')", "leaky_relu: negative_slope must be a number, not str"),
        (
            "tg.linspace(0, 1)",
            "linspace: missing argument 'steps'; the call is linspace(start, end, steps, *, dtype=None",
        ),
        ("tg.transpose(x, 0, 1.5)", "transpose: dim1 must be an int, not float"),
        ("tg.cat(x)", "cat: a list or tuple of tensors is needed"),
        ("tg.Generator('a')", "Generator: seed must be an int, not str; the call is Generator(seed=0)"),
        ("x.backward(order=1)", "backward: order must be a string or None, not int"),
        ("tg.Tensor([1.0])", "Tensor: a tensor is made by tensor(data)"),
        ("setattr(x, 'requires_grad', 'a')", "the value of this attribute must be a bool, not str"),
        (
            "tg.tensor(None)",
            "tensor: the data is a number, an array or nested lists of numbers, not NoneType",
        ),
        ("x + object()", "add: a tensor or a number is needed, not object"),
        ("x.max(dim='a')", "max: dim is an int, not str"),
        ("tg.mse_loss(x, x, 'avg')", "mse_loss: reduction 'avg' is not one of 'mean', 'sum', 'none'"),
        ("tg.mse_loss(x, x, reduction=1)", "mse_loss: reduction must be a string, not int"),
        (
            "tg.linear(x, bias=x)",
            "linear: missing argument 'weight'; the call is linear(input, weight,",
        ),
        ("tg.linear(x, x, input=x)", "linear: two values for 'input'"),
        ("tg.linear(x, x, relu=True)", "linear: unexpected argument 'relu'"),
        ("tg.linear(x, x, None, None, x, bias=x)", "linear: 5 arguments by position, at most 4"),
    ],
)
def test_texts(call: str, text: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(call, {"tg": tg, "x": tg.ones(2, 3)})
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("by_keyword", "by_position"),
    [
        ("tg.linear(x, x, activation='relu')", "tg.linear(x, x, None, 'relu')"),
        ("tg.linear(x, weight=x, bias=b)", "tg.linear(x, x, b)"),
        ("tg.linear(activation='tanh', weight=x, input=x)", "tg.linear(x, x, None, 'tanh')"),
        ("tg.hinge_loss(x, x, reduction='sum')", "tg.hinge_loss(x, x, 1.0, 'sum')"),
        ("x.sum(keepdim=True)", "x.sum(None, True)"),
        ("x.sum(dim=1, keepdim=True)", "x.sum(1, True)"),
        ("x.sum(axis=1, keepdim=True)", "x.sum(1, True)"),
        ("x.sum(1, keepdims=True)", "x.sum(1, True)"),
        ("tg.where(other=b, condition=x > 0, input=x)", "tg.where(x > 0, x, b)"),
        ("x.expand(2, 2)", "tg.expand(sizes=(2, 2), input=x)"),
        ("tg.zeros(2, dtype=tg.int64)", "tg.zeros(size=(2,), dtype=tg.int64)"),
    ],
)
def test_keywords_find_their_places(by_keyword: str, by_position: str) -> None:
    names = {"tg": tg, "x": tg.tensor([[1.0, -2.0], [3.0, 4.0]]), "b": tg.tensor([10.0, 20.0])}
    assert repr(eval(by_keyword, names)) == repr(eval(by_position, names))
