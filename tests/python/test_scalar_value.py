"""trigrad.scalar_cpp.Value: micrograd's interface, and object identity.

Read next: test_scalar_value_life.py (copies, depth, threads, memory).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trigrad._core import scalar as core
from trigrad.scalar_cpp import Value


def test_a_new_value() -> None:
    a = Value(3)
    assert (a.data, a.grad, a._prev, a._op, a.label) == (3.0, 0.0, (), "", "")
    assert type(a.data) is float
    assert repr(Value(2)) == "Value(data=2.0, grad=0.0)"


@pytest.mark.parametrize(
    "number",
    [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2), np.uint8(2)],
    ids=lambda n: type(n).__name__,
)
def test_numbers_of_all_kinds(number: Any) -> None:
    a = Value(number)
    expected = float(number)
    assert a.data == expected
    assert (a + number).data == (number + a).data == 2 * expected
    assert (a * number).data == (number * a).data == expected**2
    assert (a - number).data == (number - a).data == 0
    assert (a / number).data == (number / a).data == 1
    assert (a**number).data == expected**expected
    assert (number**a).data == expected**expected


@pytest.mark.parametrize(
    ("work", "error", "text"),
    [
        (lambda a: Value("3"), TypeError, "Value: data must be a number, not str"),
        (lambda a: Value(1j), TypeError, "Value: data must be a number, not complex"),
        (lambda a: Value(a), TypeError, "Value: data must be a number, not trigrad.scalar_cpp.Value"),
        (lambda a: Value(1, (2,)), TypeError, "Value: _children must be Values, not int"),
        (
            lambda a: a + "3",
            TypeError,
            "unsupported operand type(s) for +: 'trigrad.scalar_cpp.Value' and 'str'",
        ),
        (
            lambda a: None * a,
            TypeError,
            "unsupported operand type(s) for *: 'NoneType' and 'trigrad.scalar_cpp.Value'",
        ),
        (lambda a: a.maximum("3"), TypeError, "maximum: expected a Value or a number, not str"),
        (lambda a: a.leaky_relu(1, 2), TypeError, "leaky_relu() takes at most 1 arguments (2 given)"),
        (
            lambda a: a.leaky_relu(slope=1),
            TypeError,
            "leaky_relu() got an unexpected keyword argument 'slope'",
        ),
        (lambda a: setattr(a, "data", "3"), TypeError, "data must be a number, not str"),
        (lambda a: setattr(a, "grad", None), TypeError, "grad must be a number, not NoneType"),
        (
            lambda a: a < 3,
            TypeError,
            "'<' not supported between instances of 'trigrad.scalar_cpp.Value' and 'int'",
        ),
    ],
)
def test_bad_input(work: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as info:
        work(Value(2.0))
    assert str(info.value) == text


def test_a_closure_for_backward_is_refused() -> None:
    """It would never be called: better an error than silent zeros."""
    with pytest.raises(NotImplementedError, match="_backward"):
        Value(1.0)._backward = lambda: None


def test_tensors_of_an_engine_do_not_meet_values() -> None:
    from trigrad import scalar_cpp as tg

    for work in (lambda: Value(1.0) + tg.tensor([1.0]), lambda: tg.tensor([1.0]) + Value(1.0)):
        with pytest.raises(
            TypeError, match=r"^add: a scalar_cpp .* cannot meet a scalar_cpp .*; convert it with"
        ):
            work()


def test_parents_are_the_operands_themselves() -> None:
    a, b = Value(2.0), Value(3.0)
    for c, op in (
        (a + b, "+"),
        (a - b, "-"),
        (a * b, "*"),
        (a / b, "/"),
        (a**b, "**"),
        (a.maximum(b), "maximum"),
    ):
        assert c._prev[0] is a
        assert c._prev[1] is b
        assert c._op == op
    assert (a + 5)._prev[1].data == 5.0
    assert (5 - a)._prev[0].data == 5.0
    assert (a + a)._prev == (a, a)
    assert ((a**2)._op, (a**-1)._op, (a**2.5)._op) == ("**2", "**-1", "**2.5")
    assert (a**2)._prev == (a,)
    assert (a.relu()._op, a.tanh()._op, (-a)._op, abs(a)._op) == ("ReLU", "tanh", "neg", "abs")


def test_a_node_has_one_object() -> None:
    a = Value(2.0)
    c = (a * 3) + 1
    assert c._prev[0] is c._prev[0]
    seen = id(c._prev[0])
    kept = c._prev[0]
    assert id(kept) == seen or kept is c._prev[0]
    assert kept._prev[0] is a


def test_weighted_sum_is_the_loop() -> None:
    w, x, b = [Value(2.0), Value(3.0), 4.0], [Value(5.0), 6.0, Value(7.0)], Value(1.0)
    by_loop = b
    for wi, xi in zip(w, x, strict=True):
        by_loop = by_loop + wi * xi
    z = Value.weighted_sum(w, x, b)

    def shape(v: Any) -> Any:
        return (v._op, v.data, tuple(shape(p) for p in v._prev))

    assert shape(z) == shape(by_loop)
    z.backward()
    assert (w[0].grad, w[1].grad, x[0].grad, x[2].grad, b.grad) == (5.0, 6.0, 2.0, 4.0, 1.0)
    assert Value.weighted_sum([], [], b).data == 1.0
    with pytest.raises(TypeError, match="weighted_sum: expected Values or numbers, not str"):
        Value.weighted_sum([b], ["x"], b)


def test_weighted_sum_takes_what_an_operator_takes() -> None:
    class Own(Value):
        pass

    b = Value(1.0)
    z = Value.weighted_sum(iter([2, np.float32(0.5), True, 3.0]), (Own(1.0), np.int64(4), b, 10**3), b)
    assert z.data == 1.0 + 2.0 + 2.0 + 1.0 + 3000.0
    z.backward()
    assert b.grad == 2.0
    for given in (([1.0], 5), (None, [1.0])):
        with pytest.raises(TypeError, match="weighted_sum: expected two sequences"):
            Value.weighted_sum(*given, b)
    with pytest.raises(OverflowError):
        Value.weighted_sum([10**400], [b], b)


def test_weighted_sum_survives_numbers_that_change_its_lists() -> None:
    """Reading a number may run any code: here it takes away, or exchanges, what was looked at before."""
    w: list[Any] = [Value(2.0) for _ in range(1000)]

    class Number:
        def __init__(self, change: Callable[[], None]) -> None:
            self.change = change

        def __float__(self) -> float:
            self.change()
            return 3.0

    b = Value(1.0)
    assert (
        Value.weighted_sum(w, [Number(lambda: w.__delitem__(slice(5, None))), *[1.0] * 999], b).data == 15.0
    )
    with pytest.raises(RuntimeError, match="weighted_sum: a sequence was changed while it was read"):
        Value.weighted_sum(w, [1.0, Number(lambda: w.__setitem__(0, "gone"))], b)


def test_identity_decides_equality() -> None:
    a, b = Value(2.0), Value(2.0)
    assert a != b
    assert a == a
    assert len({a, b, a}) == 2


def test_attributes() -> None:
    a = Value(2.0, label="a")
    assert (a.label, vars(a)) == ("a", {"label": "a"})
    a.note = [1, 2]
    assert a.note == [1, 2]
    del a.note
    with pytest.raises(AttributeError):
        _ = a.note


def test_labels_outlive_their_objects() -> None:
    """A drawing of a graph whose inner Values were local to a function still shows their names."""

    def build() -> Any:
        hidden = Value(2.0, label="x") * Value(3.0, label="w")
        hidden.label = "h"
        return hidden + 1

    out = build()
    trash = [Value(1.0) * 2 for _ in range(20_000)]
    del trash
    core.collect()
    hidden = out._prev[0]
    assert hidden.label == "h"
    assert [v.label for v in hidden._prev] == ["x", "w"]


def test_children_for_drawing() -> None:
    """micrograd's constructor: such a node shows its parents and passes no gradient, as there."""
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    z = Value(6.0, (a, b, c), "mine")
    assert (z.data, z._prev, z._op) == (6.0, (a, b, c), "mine")
    z.backward()
    assert (z.grad, a.grad) == (1.0, 0.0)


def test_subclass() -> None:
    class Named(Value):  # type: ignore[misc,valid-type]
        def __init__(self, data: float, name: str) -> None:
            super().__init__(data)
            self.name = name

    a = Named(2.0, "a")
    assert (a * 3).data == 6.0
    assert a.name == "a"


def test_setting_data_and_grad() -> None:
    a = Value(2.0)
    (a * a).backward()
    a.data -= 0.1 * a.grad
    assert a.data == 2.0 - 0.1 * 4.0
    a.grad = 0
    assert a.grad == 0.0
    (a * 3).backward()
    assert a.grad == 3.0


def test_leaves_accumulate_and_the_rest_is_recomputed() -> None:
    a = Value(5.0)
    b = a * 2
    c = b * 2
    c.backward()
    assert (a.grad, b.grad, c.grad) == (4.0, 2.0, 1.0)
    c.backward()
    assert (a.grad, b.grad, c.grad) == (8.0, 2.0, 1.0)


def test_graphs_on_one_tape_do_not_disturb_each_other() -> None:
    a, b = Value(2.0), Value(3.0)
    first, second = a * 2 + 1, b * 3 + 1
    first.backward()
    second.backward()
    assert (a.grad, b.grad) == (2.0, 3.0)
    assert (first.grad, first._prev[0].grad, second.grad) == (1.0, 1.0, 1.0)


REUSES: dict[str, tuple[Callable[[Any], Any], float]] = {
    "h+h": (lambda h: h + h, 6.0),
    "h+relu(h)": (lambda h: h + h.relu(), 6.0),
    "relu(h)+h": (lambda h: h.relu() + h, 6.0),
    "b=h+h;b+b": (lambda h: (lambda b: b + b)(h + h), 12.0),
    "h*h": (lambda h: h * h, 54.0),
    "h-h": (lambda h: h - h, 0.0),
    "h/h": (lambda h: h / h, 0.0),
    "maximum(h,h)": (lambda h: h.maximum(h), 3.0),
    "h**h": (lambda h: h**h, 3 * 9.0**9 * (math.log(9) + 1)),
}


@pytest.mark.parametrize("name", REUSES)
def test_repeated_operands(name: str) -> None:
    build, expected = REUSES[name]
    x = Value(3.0)
    build(x * 3).backward()
    assert x.grad == pytest.approx(expected, rel=1e-14)


def test_forty_doublings() -> None:
    x = y = Value(1.0)
    for _ in range(40):
        y = y + y
    y.backward()
    assert x.grad == 2.0**40


# Value and derivative at 0.7 (at 1.7 for acosh), recorded from PyTorch 2.13 in float64.
GOLDEN = Path(__file__).parents[1] / "golden" / "scalar_unary.csv"


@pytest.mark.parametrize("line", GOLDEN.read_text().split())
def test_unary_ops_against_pytorch(line: str) -> None:
    name, *numbers = line.split(",")
    at, value, slope = map(float, numbers)
    x = Value(at)
    z = getattr(x, name)()
    z.backward()
    assert z.data == pytest.approx(value, rel=1e-15, abs=1e-300)
    assert x.grad == pytest.approx(slope, rel=1e-14, abs=1e-300)


def test_every_differentiable_op_of_the_list_is_a_method() -> None:
    for name, arity, *_ in core.elementwise_ops:
        if arity == 1:
            assert hasattr(Value, name), name
    assert Value(float("nan")).isnan() is True
    assert Value(1.0).isfinite() is True
    assert Value(3.0).clamp(max=2).data == 2.0
    assert Value(-3.0).clamp(min=-1, max=None).data == -1.0
