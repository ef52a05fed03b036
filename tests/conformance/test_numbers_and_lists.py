"""Numbers and nested lists where a tensor is expected: their dtype, and that no gradient is lost in them.

Why it exists: lists were float64 beside float32 tensors in one engine and took the tensors' dtype in another,
and in two of three the gradient of a tensor inside a list was lost without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from .engines import Engine
from .walks import engines


def float_dtypes(engine: Engine) -> list[str]:
    return [d for d in ("float32", "float64") if d in engine.dtypes]


@engines
def test_a_list_takes_the_dtype_of_the_tensor_beside_it(engine: Engine) -> None:
    tg = engine.tg
    for dtype in float_dtypes(engine):
        x = engine.tensor([1.0, 2.0, 3.0], dtype)
        third = [1 / 3, 0.1, 3.0]
        calls: list[tuple[Any, Any]] = [
            (x + third, engine.array(x) + np.array(third, dtype)),
            (tg.maximum(third, x), np.maximum(engine.array(x), np.array(third, dtype))),
            (tg.where(x > 1.5, x, third), [np.array(1 / 3, dtype), 2.0, 3.0]),
            (tg.dot(x, third), engine.array(x) @ np.array(third, dtype)),
            (tg.matmul([third], x), np.array([third], dtype) @ engine.array(x)),
            (tg.mse_loss(x, [1, 2, 3]), 0.0),
            (tg.linear(x, [[1.0, 2.0, 3.0]], [0.5]), [14.5]),
            (tg.cat([x, third]), [*engine.array(x), *np.array(third, dtype)]),
            (tg.stack([x.sum(), 0.5]), [6.0, 0.5]),
        ]
        for k, (got, expected) in enumerate(calls):
            assert str(got.dtype) == dtype, k
            np.testing.assert_allclose(
                engine.array(got), expected, rtol=4 * np.finfo(dtype).eps, err_msg=str(k)
            )


@engines
def test_alone_a_list_or_a_number_is_what_tensor_makes_of_it(engine: Engine) -> None:
    tg = engine.tg
    for data in (0.1, 2, True, [0.1, 0.2], [1, 2], [True, False], [], ((1.0,), (2.0,))):
        expected = tg.tensor(data).dtype
        assert tg.reshape(data, (-1,)).dtype == expected
        assert tg.maximum(data, data).dtype == expected
        assert tg.cat([[data], [data]] if isinstance(data, float | int) else [data, data]).dtype == expected
        if expected.kind == "f":
            for op in (tg.exp, tg.sum, tg.neg):
                assert op(data).dtype == expected
            assert tg.mse_loss(data, data).dtype == expected
            assert tg.where([True], data, data).dtype == expected
    assert tg.add([1, 2], 0.5).dtype == tg.add([1, 2], [0.5, 0.5]).dtype == tg.tensor(0.5).dtype


@engines
def test_a_fraction_does_not_become_whole_beside_whole_numbers(engine: Engine) -> None:
    tg, whole = engine.tg, engine.tensor([1, 2])
    assert engine.array(whole + [0.5, 0.25]).tolist() == [1.5, 2.25]
    with pytest.raises(TypeError, match=r"matmul|dot"):
        tg.matmul(whole, [0.5, 0.25])


def holding(item: Any) -> Iterator[Any]:
    yield [item, item]
    yield [1.0, item]
    yield (item, 1.0)


@engines
def test_a_list_does_not_carry_gradients(engine: Engine) -> None:
    """stack() does; a list that silently did not would train nothing."""
    tg = engine.tg
    w = tg.tensor(2.0, requires_grad=True)
    x = tg.tensor([1.0, 2.0])
    for listed in [*holding(w), *holding(w * 3.0)]:
        calls: list[Any] = [
            lambda: tg.tensor(listed),  # noqa: B023 - called at once
            lambda: x + listed,  # noqa: B023
            lambda: tg.mse_loss(x, listed),  # noqa: B023
            lambda: x.copy_(listed),  # noqa: B023
            lambda: x.__setitem__(slice(None), listed),  # noqa: B023
        ]
        for call in calls:
            with pytest.raises(tg.errors.GraphError, match="a list cannot carry the gradient"):
                call()
    assert engine.array(x).tolist() == [1.0, 2.0]
    assert engine.array(tg.tensor([w.detach(), 1.0]) + [w.detach(), w.item()]).tolist() == [4.0, 3.0]
    tg.stack([w, w * 3.0]).sum().backward()
    assert engine.array(w.grad).tolist() == 4.0


@engines
def test_numpy_takes_no_tracked_tensor(engine: Engine) -> None:
    w = engine.tg.tensor([2.0, 3.0], requires_grad=True)
    for convert in (np.asarray, np.array, np.sum, np.exp):
        with pytest.raises((engine.tg.errors.GraphError, TypeError)):
            convert(w)
        convert(w.detach().numpy())


@engines
def test_copy_converts_and_arithmetic_does_not(engine: Engine) -> None:
    """As in PyTorch: copy_ cuts fractions off, add_ would lose them unseen."""
    x = engine.tensor([0, 0])
    for source in (engine.tensor([1.7, -1.7]), [1.7, -1.7]):
        assert engine.array(x.copy_(source)).tolist() == [1, -1]
        with pytest.raises(TypeError, match="add_"):
            x.add_(source)


@engines
def test_arange_counts_beyond_the_digits_of_a_double(engine: Engine) -> None:
    big = 2**53
    for start, end, step in (
        (big, big + 4, 1),
        (-big - 9, -big, 4),
        (big + 5, big, -2),
        (0, 5, 2),
        (3, 3, 1),
    ):
        numbers = engine.tg.arange(start, end, step)
        assert engine.array(numbers).tolist() == list(range(start, end, step))
