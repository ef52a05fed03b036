"""The fused updates as Python reaches them: what they refuse, remember, and leave alone.

Why it exists: the numbers are tested in C++ (tests/cpp/tensor_optim_test.cpp) and through optim; how
parameters and what is remembered of them get into C++ only here."""

from __future__ import annotations

from typing import Any

import pytest
import trigrad as tg
from trigrad.errors import DTypeError, ShapeError
from trigrad.tensor_cpp._updates import adam_, sgd_


def sgd(parameters: Any, state: Any = None, momentum: float = 0.0) -> None:
    sgd_(parameters, {} if state is None else state, 0.5, momentum, 0.0, 0.0, False, False)


def adam(parameters: Any, state: Any, amsgrad: bool = False) -> None:
    adam_(parameters, state, 0.5, 0.9, 0.999, 0.0, 0.0, amsgrad, False, False)


def with_gradients(*gradients: Any) -> list[Any]:
    """Parameters of ones; None is a parameter of two without a gradient."""
    parameters = [tg.ones(2, requires_grad=True) if g is None else tg.ones_like(g) for g in gradients]
    for p, g in zip(parameters, gradients, strict=True):
        p.requires_grad_().grad = g
    return parameters


def test_a_missing_gradient_leaves_everything_alone() -> None:
    w, state = with_gradients(None, tg.ones(3)), {}
    adam(tuple(w), state)
    assert [x.tolist() for x in w] == [[1, 1], [0.5, 0.5, 0.5]]
    assert [x._version for x in w] == [0, 1]
    assert w[1].is_leaf
    assert w[1].requires_grad
    assert list(state) == [w[1]]
    assert state[w[1]].keys() == {"step", "exp_avg", "exp_avg_sq"}
    assert state[w[1]]["step"] == 1


def test_what_is_remembered_is_changed_in_place_and_may_be_replaced() -> None:
    (w,) = with_gradients(tg.ones(1))
    state: Any = {w: {"momentum_buffer": None, "mine": 1}}
    sgd([w], state, momentum=0.5)
    velocity = state[w]["momentum_buffer"]
    sgd([w], state, momentum=0.5)
    assert state[w]["momentum_buffer"] is velocity
    assert velocity.tolist() == [1.5]
    state[w]["momentum_buffer"] = tg.zeros(1)
    sgd([w], state, momentum=0.5)
    assert (w.tolist(), state[w]["mine"]) == ([1 - 0.5 * (1 + 1.5 + 1)], 1)
    assert velocity.tolist() == [1.5]


def test_who_missed_a_gradient_is_a_step_behind() -> None:
    a, b = with_gradients(tg.ones(1), None)
    state: Any = {}
    adam([a, b], state, amsgrad=True)
    b.grad = tg.ones(2)
    adam([a, b], state, amsgrad=True)
    assert (state[a]["step"], state[b]["step"]) == (2, 1)
    assert b.tolist() == [0.5, 0.5]  # a first step is lr, whatever the gradient's size
    assert state[b]["max_exp_avg_sq"].tolist() == state[b]["exp_avg_sq"].tolist()


def test_the_parameters_dtype_decides() -> None:
    w = with_gradients(tg.ones(2), tg.full((2,), 1 / 3, dtype=tg.float64))
    sgd(w)
    assert w[1].tolist() == [1 - 0.5 * (1 / 3)] * 2


def test_a_graph_that_saved_a_parameter_notices() -> None:
    (w,) = with_gradients(tg.ones(2))
    loss = (w * w).sum()
    sgd([w])
    with pytest.raises(RuntimeError, match="mul saved was changed in place"):
        loss.backward()


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (
            ShapeError,
            "sgd_: parameter 1 is (3,) but its velocity is (2,)",
            lambda w: sgd(w, {w[0]: {"momentum_buffer": w[0]}, w[1]: {"momentum_buffer": w[0]}}, 0.9),
        ),
        (
            DTypeError,
            "adam_: parameter 0 is float32 but its second moment is float64; convert one with .to()",
            lambda w: adam(w[:1], {w[0]: {"exp_avg_sq": w[0].detach().double()}}),
        ),
        (TypeError, "sgd_: parameters[1] must be a Tensor, not int", lambda w: sgd([w[0], 3])),
        (TypeError, "sgd_: parameters must be a list of tensors, not dict", lambda w: sgd({})),
        (
            TypeError,
            "a Tensor is needed, not int",
            lambda w: sgd(w, {w[0]: {"momentum_buffer": 3}}, 0.9),
        ),
    ],
)
def test_errors_come_before_any_work(error: type[Exception], text: str, call: Any) -> None:
    w = with_gradients(tg.ones(2), tg.ones(3))
    with pytest.raises(error) as raised:
        call(w)
    assert str(raised.value) == text
    assert [x._version for x in w] == [0, 0]
