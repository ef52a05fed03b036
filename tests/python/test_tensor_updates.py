"""The fused updates as Python reaches them: what they refuse, and what they leave alone.

Why it exists: the numbers are tested in C++ (tests/cpp/tensor_optim_test.cpp) and through optim; how lists of
tensors get into C++ only here."""

from __future__ import annotations

from typing import Any

import pytest
import trigrad as tg
from trigrad.errors import DTypeError, ShapeError
from trigrad.tensor_cpp._updates import adam_, sgd_


def sgd(parameters: Any, gradients: Any, velocities: Any = None, momentum: float = 0.0) -> None:
    sgd_(parameters, gradients, velocities, 0.5, momentum, 0.0, 0.0, False, False, True)


def test_a_missing_gradient_leaves_everything_alone() -> None:
    w = [tg.ones(2, requires_grad=True), tg.ones(3, requires_grad=True)]
    m, v = ([tg.zeros_like(x) for x in w] for _ in range(2))
    adam_(w, (None, tg.ones(3)), m, v, None, 1, 0.5, 0.9, 0.999, 0.0, 0.0, False, False)
    assert [x.tolist() for x in w] == [[1, 1], [0.5, 0.5, 0.5]]
    assert [x._version for x in (*w, *m, *v)] == [0, 1, 0, 1, 0, 1]
    assert w[1].is_leaf
    assert w[1].requires_grad


def test_the_parameters_dtype_decides() -> None:
    w = [tg.ones(2), tg.ones(2, dtype=tg.float64)]
    sgd(w, [tg.ones(2), tg.full((2,), 1 / 3, dtype=tg.float64)])
    assert w[1].tolist() == [1 - 0.5 * (1 / 3)] * 2


def test_a_graph_that_saved_a_parameter_notices() -> None:
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    sgd([w], [tg.ones(2)])
    with pytest.raises(RuntimeError, match="mul saved was changed in place"):
        loss.backward()


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (ShapeError, "sgd_: parameter 1 is (3,) but its gradient is (2,)", lambda w: sgd(w, [w[0], w[0]])),
        (
            DTypeError,
            "sgd_: parameter 0 is float32 but its gradient is float64; convert one with .to()",
            lambda w: sgd(w[:1], [w[0].double()]),
        ),
        (ValueError, "sgd_: 2 parameters but 1 gradients", lambda w: sgd(w, w[:1])),
        (ValueError, "sgd_: 2 parameters but 0 velocities", lambda w: sgd(w, w, None, 0.9)),
        (TypeError, "sgd_: gradients[1] must be a Tensor, not int", lambda w: sgd(w, [w[0], 3])),
        (TypeError, "sgd_: parameters must be a list of tensors, not dict", lambda w: sgd({}, w)),
        (
            ValueError,
            "adam_: 2 parameters but 1 first moments",
            lambda w: adam_(w, w, w[:1], w, None, 1, 0.1, 0.9, 0.9, 0, 0, False, False),
        ),
    ],
)
def test_errors_come_before_any_work(error: type[Exception], text: str, call: Any) -> None:
    w = [tg.ones(2), tg.ones(3)]
    with pytest.raises(error) as raised:
        call(w)
    assert str(raised.value) == text
    assert [x._version for x in w] == [0, 0]
