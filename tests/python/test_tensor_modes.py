"""Recording on and off, and the search for NaN: as blocks, decorators, nested, across exceptions.

Why it exists: a mode that leaks out of its block switches training off silently. Generators are in
tests/conformance/test_found_by_reading_again.py."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import trigrad as tg

from tests.threads import elsewhere

NAN = "ignore:invalid value:RuntimeWarning"


@pytest.fixture(autouse=True)
def modes_are_left_as_found() -> Generator[None]:
    assert tg.is_grad_enabled()
    yield
    on = tg.is_grad_enabled()
    tg.set_grad_enabled(True)
    assert on
    assert not tg.tensor_cpp._core._is_anomaly_enabled()


def recorded() -> bool:
    return bool((tg.ones(1, requires_grad=True) * 2).requires_grad)


def test_nesting() -> None:
    found = []
    with tg.no_grad():
        found.append(recorded())
        with tg.enable_grad():
            found.append(recorded())
            with tg.set_grad_enabled(False):
                found.append(recorded())
            found.append(recorded())
        found.append(recorded())
    assert [*found, recorded()] == [False, True, False, True, False, True]


def test_exceptions_restore() -> None:
    for mode in (tg.no_grad, lambda: tg.set_grad_enabled(False)):
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert recorded()

    @tg.no_grad()
    def bad() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        bad()
    assert recorded()


def test_one_object_may_be_entered_again() -> None:
    mode = tg.no_grad()
    for _ in range(2):
        with mode:
            with mode:
                assert not recorded()
            assert not recorded()
        assert recorded()


@pytest.mark.parametrize("decorate", [tg.no_grad, tg.no_grad()])
def test_decorators_keep_the_name_and_recurse(decorate: Any) -> None:
    @decorate
    def count(n: int) -> list[bool]:
        """Down to zero."""
        return [recorded(), *(count(n - 1) if n else [])]

    assert count(3) == [False] * 4
    assert (count.__name__, count.__doc__) == ("count", "Down to zero.")
    assert recorded()


def test_set_grad_enabled_acts_at_once_and_as_a_decorator() -> None:
    tg.set_grad_enabled(False)
    assert not recorded()
    tg.set_grad_enabled(True)

    @tg.set_grad_enabled(False)
    def f() -> bool:
        return recorded()

    assert recorded()
    assert not f()
    assert recorded()


def test_modes_belong_to_their_thread() -> None:
    with tg.no_grad():
        assert elsewhere(recorded) is True
        assert not recorded()


def line_of(function: Any, text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if text in line)


@pytest.mark.filterwarnings(NAN)
def test_detect_anomaly_names_the_line_of_a_forward_nan() -> None:
    def program() -> Any:
        x = tg.tensor([-1.0, 2.0], requires_grad=True)
        y = x * 2
        return tg.log(y).sum()  # here

    with pytest.raises(RuntimeError) as caught, tg.detect_anomaly():
        program()
    assert type(caught.value).__name__ == "AnomalyError"
    where = f"{__file__}:{line_of(program, '# here')}"
    assert str(caught.value) == f"detect_anomaly: log gave NaN in its output, called at {where}"


def test_detect_anomaly_names_the_line_of_a_nan_in_the_gradient() -> None:
    def program() -> Any:
        x = tg.tensor([0.0, 2.0], requires_grad=True)
        root = tg.sqrt(x)  # here
        return (root * tg.tensor([0.0, 1.0])).sum()

    with pytest.raises(RuntimeError) as caught, tg.detect_anomaly():
        program().backward()
    where = f"{__file__}:{line_of(program, '# here')}"
    text = f"detect_anomaly: sqrt gave NaN in the gradient of its input 0; it was called at {where}"
    assert str(caught.value) == text


def test_detect_anomaly_names_the_users_line_under_func_function_and_methods() -> None:
    class Bad(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return tg.from_numpy(np.full(x.shape, np.nan, dtype=np.float32))

    with (
        pytest.raises(
            RuntimeError, match=r"detect_anomaly: Bad gave NaN in its output, called at .*test_tensor_modes"
        ),
        tg.detect_anomaly(),
    ):
        Bad.apply(tg.ones(2))
    with (
        pytest.raises(
            RuntimeError, match=r"div gave NaN in its output, called at .*test_tensor_modes\.py:\d+$"
        ),
        tg.detect_anomaly(),
    ):
        tg.func.grad(lambda x: x / x)(tg.tensor(0.0))


def test_detect_anomaly_finds_nothing_in_sound_code() -> None:
    nan = tg.tensor([float("nan")])
    with tg.detect_anomaly():
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        (tg.log(x) * x).sum().backward()
        assert nan.isnan().all()
    assert x.grad is not None
