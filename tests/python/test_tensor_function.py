"""Function: operations that a user writes in Python, several inputs and outputs, second order, errors,
no leaks.

Why it exists: user code runs inside the sweep here, and each object of it can keep the graph alive by
accident."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import trigrad as tg

from tests.memory import in_own_process, resident_kib

orders = pytest.mark.parametrize("order", tg.ORDERS)


class Cube(tg.Function):
    """x³, by a rule that is itself made of ops."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class MulAdd(tg.Function):
    """(x·y·k, x + y): two tensors, a number, two outputs, one of them saved."""

    seen: list[Any] = []  # noqa: RUF012 - what backward was told

    @staticmethod
    def forward(ctx: Any, x: Any, k: float, y: Any) -> Any:
        z = x * y * k
        ctx.k = k
        ctx.save_for_backward(x, y, z)
        return z, x + y

    @staticmethod
    def backward(ctx: Any, gz: Any, gs: Any) -> Any:
        x, y, z = ctx.saved_tensors
        MulAdd.seen.append((ctx.needs_input_grad, z.tolist(), gz.tolist(), gs.tolist()))
        return gz * y * ctx.k + gs, None, gz * x * ctx.k + gs


@orders
def test_one_in_one_out(order: str) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x)
    assert y.requires_grad
    assert y.grad_fn.name == "Cube"
    y.sum().backward(order=order)
    assert x.grad.tolist() == [3.0, 12.0]


@orders
def test_several_inputs_outputs_and_a_number(order: str) -> None:
    x, y = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 5.0])
    MulAdd.seen.clear()
    z, s = MulAdd.apply(x, 10.0, y)
    assert (z.tolist(), s.tolist()) == ([30.0, 100.0], [4.0, 7.0])
    (z.sum() + (s * 2).sum()).backward(order=order)
    assert x.grad.tolist() == [32.0, 52.0]
    assert MulAdd.seen == [((True, False, False), [30.0, 100.0], [1.0, 1.0], [2.0, 2.0])]
    assert y.grad is None


@orders
def test_an_output_that_is_not_used_has_a_gradient_of_zeros(order: str) -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    MulAdd.apply(x, 2.0, y)[0].sum().backward(order=order)
    assert (x.grad.tolist(), y.grad.tolist()) == ([2.0, 2.0], [2.0, 2.0])
    assert MulAdd.seen[-1][3] == [0.0, 0.0]


@orders
def test_second_and_third_order(order: str) -> None:
    x = tg.tensor([2.0], requires_grad=True)
    (g,) = tg.autograd.grad(Cube.apply(x).sum(), x, create_graph=True, order=order)
    (h,) = tg.autograd.grad(g.sum(), x, create_graph=True, order=order)
    (k,) = tg.autograd.grad(h.sum(), x, order=order)
    assert (g.item(), h.item(), k.item()) == (12.0, 12.0, 6.0)
    assert tg.func.grad(tg.func.grad(lambda v: Cube.apply(v)))(tg.tensor(5.0)).item() == 30.0


def test_none_means_no_gradient() -> None:
    class First(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g, None

    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    First.apply(x, y).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert y.grad is None or y.grad.tolist() == [0.0, 0.0]


def test_gradients_take_the_inputs_dtype_and_sum_over_broadcast_dims() -> None:
    x = tg.ones(2, requires_grad=True)
    y = tg.ones(1, requires_grad=True)
    returning(lambda g: (g.double(), g * tg.tensor([[1.0, 2.0], [3.0, 4.0]]))).apply(x, y).sum().backward()
    assert (x.grad.dtype, x.grad.tolist(), y.grad.tolist()) == (tg.float32, [1.0, 1.0], [10.0])


def test_nothing_is_recorded_where_nothing_is_needed() -> None:
    assert not Cube.apply(tg.ones(2)).requires_grad
    with tg.no_grad():
        assert not Cube.apply(tg.ones(2, requires_grad=True)).requires_grad


def test_outputs_keep_their_own_dtypes() -> None:
    class Both(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x.double() * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            assert (g.dtype, h.dtype) == (tg.float32, tg.float64)
            return g * 2 + h * 3

    x = tg.ones(2, requires_grad=True)
    y, z = Both.apply(x)
    assert (y.dtype, z.dtype) == (tg.float32, tg.float64)
    (y.sum() + z.sum()).backward()
    assert (x.grad.dtype, x.grad.tolist()) == (tg.float32, [5.0, 5.0])


def test_outputs_that_are_not_differentiable() -> None:
    class Top(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            values, places = x.max(dim=0)
            whole = x.round()
            ctx.mark_non_differentiable(whole)
            ctx.save_for_backward(places)
            return values, places, whole

        @staticmethod
        def backward(ctx: Any, g: Any, g_places: Any, g_whole: Any) -> Any:
            (places,) = ctx.saved_tensors
            return tg.zeros(3).scatter_add(0, places.reshape(1), g.reshape(1))

    x = tg.tensor([1.0, 5.0, 2.0], requires_grad=True)
    values, places, whole = Top.apply(x)
    assert (values.requires_grad, places.requires_grad, whole.requires_grad) == (True, False, False)
    (values * 7).backward()
    assert x.grad.tolist() == [0.0, 7.0, 0.0]


def returning(result: Any) -> Any:
    class Returns(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            if isinstance(result, Exception):
                raise result
            return result(g)

    return Returns


@orders
@pytest.mark.parametrize(
    ("result", "error", "text"),
    [
        (lambda g: g, RuntimeError, "Returns.backward: returned 1 gradients for 2 inputs"),
        (lambda g: (g, g, g), RuntimeError, "Returns.backward: returned 3 gradients for 2 inputs"),
        (
            lambda g: (g, "a"),
            TypeError,
            "Returns.backward: the gradient of input 1 must be a tensor or None, not str",
        ),
        (KeyError("boom"), KeyError, "'boom'"),
        (
            lambda g: (g, tg.ones(7)),
            ValueError,
            "the gradient of input 1 has shape (7,), but the input has (2,)",
        ),
        (lambda g: (g.sum(), g), ValueError, "the gradient of input 0 has shape (), but the input has (2,)"),
    ],
    ids=["too few", "too many", "a string", "raises", "a wrong shape", "a scalar"],
)
def test_errors_in_backward_leave_everything_usable(
    result: Any, error: type[Exception], text: str, order: str
) -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    for _ in range(3):
        with pytest.raises(error) as caught:
            returning(result).apply(x, y * 2).sum().backward(order=order)
        assert text in str(caught.value)
    x.grad = y.grad = None
    (x * y).sum().backward(order=order)
    assert x.grad.tolist() == [1.0, 1.0]


def test_errors_in_forward() -> None:
    class Raises(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            raise KeyError("boom")

    with pytest.raises(KeyError):
        Raises.apply(tg.ones(2, requires_grad=True))
    assert tg.is_grad_enabled()
    with pytest.raises(NotImplementedError, match=r"static method forward\(ctx, \*args\)"):
        tg.Function.apply(tg.ones(2))


def test_a_saved_tensor_that_was_changed_is_refused() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    z = Cube.apply(y)
    y.detach().zero_()
    with pytest.raises(
        RuntimeError, match=r"that Cube saved was changed in place: it had version 0 and now has 1"
    ):
        z.sum().backward()


def test_twice_needs_retain_graph() -> None:
    x = tg.ones(2, requires_grad=True)
    z = Cube.apply(x).sum()
    z.backward(retain_graph=True)
    z.backward()
    assert x.grad.tolist() == [6.0, 6.0]
    with pytest.raises(RuntimeError, match="already freed"):
        z.backward()


@pytest.mark.parametrize("with_backward", [True, False])
@pytest.mark.parametrize("function", ["Cube", "MulAdd"])
def test_context_and_tensors_are_freed(function: str, with_backward: bool) -> None:
    """Without the garbage collector: nothing points in a circle."""
    contexts: list[weakref.ref[Any]] = []

    class Watched(Cube if function == "Cube" else MulAdd):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, *args: Any) -> Any:
            contexts.append(weakref.ref(ctx))
            return (Cube if function == "Cube" else MulAdd).forward(ctx, *args)

    gc.disable()
    try:
        x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
        args = (x,) if function == "Cube" else (x, 2.0, y)
        result = Watched.apply(*args)
        z = (result if function == "Cube" else result[0] + result[1]).sum()
        assert contexts[0]() is not None
        if with_backward:
            z.backward()
        watched = weakref.ref(x)
        del x, y, args, result, z
        assert contexts[0]() is None
        assert watched() is None
    finally:
        gc.enable()


@pytest.mark.slow
@in_own_process
def test_memory_is_flat_over_many_applications() -> None:
    x = tg.ones(16, requires_grad=True)

    def steps(n: int) -> int:
        for k in range(n):
            z = Cube.apply(x).sum()
            if k % 2:
                z.backward()
            x.grad = None
        return resident_kib()

    warm = steps(5_000)
    live = tg.tensor_cpp._core._pool_counters()["live_bytes"]
    grown = steps(100_000) - warm
    assert grown < 2_000, f"{grown} KiB more"
    assert tg.tensor_cpp._core._pool_counters()["live_bytes"] == live
