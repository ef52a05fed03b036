""".grad, hooks, retain_grad and autograd.grad from Python; PyTorch is asked live where it can be.

Why it exists: what a training loop does between two backward calls is Python's side of the engine."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest
import trigrad as tg

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment,unused-ignore]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")


def test_grad_is_one_object() -> None:
    x = tg.ones(2, requires_grad=True)
    assert x.grad is None
    x.sum().backward()
    grad = x.grad
    assert x.grad is grad
    x.sum().backward()
    assert x.grad is grad  # accumulated in place
    assert grad.tolist() == [2.0, 2.0]
    grad.note = "kept"
    assert x.grad.note == "kept"
    assert x.grad in {x.grad}
    x.grad = None
    x.sum().backward()
    assert x.grad is not grad
    assert not hasattr(x.grad, "note")


def test_assigning_grad() -> None:
    x = tg.ones(2, requires_grad=True)
    mine = tg.tensor([3.0, 4.0])
    x.grad = mine
    assert x.grad is mine
    x.sum().backward()
    assert mine.tolist() == [4.0, 5.0]
    x.grad.zero_()
    assert mine.tolist() == [0.0, 0.0]
    del x.grad
    assert x.grad is None
    for wrong, error in (
        (tg.ones(3), ValueError),
        (tg.ones(2, dtype=tg.float64), ValueError),
        (tg.tensor([1, 2]), ValueError),
        ("a", TypeError),
        (x, RuntimeError),
    ):
        with pytest.raises(error, match="grad: "):
            x.grad = wrong
    assert x.grad is None


def test_grad_does_not_outlive_its_tensor() -> None:
    x = tg.ones(2, requires_grad=True)
    x.sum().backward()
    tensor, grad = weakref.ref(x), weakref.ref(x.grad)
    del x
    gc.collect()
    assert tensor() is None
    assert grad() is None
    x = tg.ones(2, requires_grad=True)
    x.sum().backward()
    kept, before = x.grad, sys.getrefcount(x.grad)
    for _ in range(1000):
        assert x.grad is kept
    assert sys.getrefcount(x.grad) == before + 1
    x.grad = None
    assert sys.getrefcount(kept) == 2


def test_hooks_run_in_order_replace_and_leave() -> None:
    x = tg.ones(2, requires_grad=True)
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(("first", g.tolist())))
    doubling = x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: seen.append(("last", g.tolist())))
    (x * 3).sum().backward()
    assert seen == [("first", [3.0, 3.0]), ("last", [6.0, 6.0])]
    assert x.grad.tolist() == [6.0, 6.0]
    doubling.remove()
    doubling.remove()  # twice is once
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    with x.register_hook(lambda g: g * 100):
        (x * 3).sum().backward()
    assert x.grad.tolist() == [303.0, 303.0]
    (x * 3).sum().backward()
    assert x.grad.tolist() == [306.0, 306.0]


def test_hook_on_an_interior_tensor_sees_the_complete_gradient_once() -> None:
    x = tg.tensor(3.0, requires_grad=True)
    y = x * x
    seen: list[float] = []
    handle = y.register_hook(lambda g: seen.append(g.item()))
    z = y * 2 + y * 5 + y
    z.backward(retain_graph=True)
    assert seen == [8.0]
    del y  # only the graph holds it now
    handle.remove()
    z.backward()
    assert seen == [8.0]


def test_a_hook_that_raises_leaves_everything_usable() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * x

    def bad(g: Any) -> None:
        raise KeyError("boom")

    handle = y.register_hook(bad)
    z = y.sum()
    for order in tg.ORDERS:
        with pytest.raises(KeyError, match="boom"):
            z.backward(retain_graph=True, order=order)
        assert x.grad is None
    handle.remove()
    z.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_a_number_that_a_hook_returns_takes_the_gradients_dtype() -> None:
    x = tg.tensor(1.0, requires_grad=True)
    x.register_hook(lambda g: 2.0)
    (x * x).backward()
    assert x.grad.dtype == tg.float32
    tg.optim.SGD([x], lr=0.25).step()
    assert x.item() == 0.5


def test_what_a_hook_may_not_do() -> None:
    x = tg.ones(2, requires_grad=True)
    for wrong, error, text in (
        (lambda g: "a", TypeError, "hook: a tensor or a number is needed, not str"),
        (lambda g: tg.ones(3), ValueError, "hook: it returned shape (3,) for a gradient of shape (2,)"),
        (lambda g: g.double(), TypeError, "hook: it returned dtype float64 for a gradient of dtype float32"),
    ):
        handle = x.register_hook(wrong)
        with pytest.raises(error) as caught:
            (x * 2).sum().backward()
        assert str(caught.value) == text
        handle.remove()
    with pytest.raises(TypeError, match="register_hook: a function of the gradient is needed, not int"):
        x.register_hook(3)
    with pytest.raises(RuntimeError, match="register_hook: this tensor does not require grad"):
        tg.ones(2).register_hook(print)
    with pytest.raises(RuntimeError, match="retain_grad: this tensor does not require grad"):
        tg.ones(2).retain_grad()


def test_hooks_are_freed_with_the_tensor() -> None:
    class Heavy:
        def __call__(self, g: Any) -> None: ...

    heavy = Heavy()
    alive = weakref.ref(heavy)
    x = tg.ones(2, requires_grad=True)
    y = x * 2
    handle = y.register_hook(heavy)
    del heavy
    assert alive() is not None
    del y
    gc.collect()
    assert alive() is None  # the handle does not keep it
    handle.remove()


def test_retain_grad() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x * 2
    z = y * 3
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    z.sum().backward()
    assert (y.grad.tolist(), x.grad.tolist(), z.grad) == ([30.0, 30.0], [60.0, 60.0], None)
    x.retain_grad()  # a leaf keeps it anyway


GRAD_CASES = {
    "one": "T.autograd.grad((x * w).sum(), x)",
    "two": "T.autograd.grad((x * w).sum(), [x, w])",
    "tuple": "T.autograd.grad((x * w).sum(), (w, x))",
    "twice the same": "T.autograd.grad((x * w).sum(), [x, x])",
    "interior": "(lambda y: T.autograd.grad((y * y).sum(), [y, x]))(x * w)",
    "interior that is the output": "(lambda y: T.autograd.grad(y, [y, x]))((x * w).sum())",
    "itself": "T.autograd.grad(s, s)",
    "several outputs": "T.autograd.grad([(x * w).sum(), (x * x).sum()], [x, w])",
    "seeds": "T.autograd.grad(x * w, x, T.tensor([10.0, 100.0]))",
    "seeds in a list with None": "T.autograd.grad([(x * w).sum(), x * x], x, [None, T.tensor([1.0, 2.0])])",
    "one output twice": "T.autograd.grad([s * 2, s * 2], s)",
    "unused": "T.autograd.grad((x * 2).sum(), [x, w])",
    "unused allowed": "T.autograd.grad((x * 2).sum(), [x, w], allow_unused=True)",
    "unused by one of two outputs": "T.autograd.grad([(x * 2).sum(), (w * 2).sum()], [x, w])",
    "no scalar": "T.autograd.grad(x * 2, x)",
    "seed of a wrong shape": "T.autograd.grad(x * 2, x, T.ones(3))",
    "too few seeds": "T.autograd.grad([(x * 2).sum(), (x * 3).sum()], x, [T.tensor(1.0)])",
    "input without grad": "T.autograd.grad((x * 2).sum(), T.ones(2))",
    "output without grad": "T.autograd.grad(T.ones(()), x)",
    "not a tensor": "T.autograd.grad((x * 2).sum(), [1.0])",
    "a string": "T.autograd.grad((x * 2).sum(), 'x')",
    "None": "T.autograd.grad((x * 2).sum(), None)",
    "second": "(lambda g: T.autograd.grad(g.sum(), x))(T.autograd.grad((x ** 3).sum(), x, create_graph=True)[0])",  # noqa: E501
    "third": "(lambda g: (lambda h: T.autograd.grad(h.sum(), x))(T.autograd.grad(g.sum(), x, create_graph=True)[0]))"  # noqa: E501
    "(T.autograd.grad((x ** 4).sum(), x, create_graph=True)[0])",
    "by w of x's": "(lambda g: T.autograd.grad((g * g).sum(), [x, w]))(T.autograd.grad((x * x * w).sum(), x, create_graph=True)[0])",  # noqa: E501
    "second with an unused": "(lambda g: T.autograd.grad(g.sum(), [x, w], allow_unused=True))"
    "(T.autograd.grad((x ** 2).sum(), x, create_graph=True)[0])",
    "again without retain": "(lambda y: (T.autograd.grad(y, x), T.autograd.grad(y, x)))((x * w).sum())",
    "again with retain": "(lambda y: (T.autograd.grad(y, x, retain_graph=True), T.autograd.grad(y, x)))((x * w).sum())",  # noqa: E501
    "inside no_grad": "no_grad(lambda y: T.autograd.grad(y, x))((x * w).sum())",
    "grads untouched": "(T.autograd.grad((x * w).sum(), x), x.grad, w.grad)",
    "create_graph requires": "[g.requires_grad for g in T.autograd.grad((x * w * w).sum(), [x, w], create_graph=True)]",  # noqa: E501
    "plain does not": "[g.requires_grad for g in T.autograd.grad((x * w * w).sum(), [x, w])]",
}


def plain(found: Any) -> Any:
    if isinstance(found, tuple | list):
        return [plain(v) for v in found]
    return found.tolist() if hasattr(found, "tolist") else found


@needs_torch
@pytest.mark.parametrize("case", GRAD_CASES)
def test_autograd_grad_is_pytorchs(case: str) -> None:
    """The same numbers, or an error in both."""
    found = []
    for module in (tg, torch):
        names = {
            "T": module,
            "x": module.tensor([1.0, 2.0], requires_grad=True),
            "w": module.tensor([3.0, 5.0], requires_grad=True),
            "s": module.tensor(2.0, requires_grad=True),
            "no_grad": lambda f, module=module: module.no_grad()(f),
        }
        try:
            found.append(plain(eval(GRAD_CASES[case], names)))
        except (RuntimeError, TypeError, ValueError):
            found.append("raises")
    assert found[0] == found[1]


def test_inputs_may_be_any_iterable() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert tg.autograd.grad((x * 2).sum(), {"x": x}.values())[0].tolist() == [2.0, 2.0]
    assert tg.autograd.grad((x * 2).sum(), (v for v in [x]))[0].tolist() == [2.0, 2.0]


FUNC_CASES = {
    "first": "F.grad(lambda x: x ** 4)(T.tensor(2.0))",
    "second": "F.grad(F.grad(lambda x: x ** 4))(T.tensor(2.0))",
    "third": "F.grad(F.grad(F.grad(lambda x: x ** 4)))(T.tensor(2.0))",
    "argnums": "F.grad(lambda x, y: (x * x * y).sum(), argnums=(0, 1))(v, w)",
    "argnums 1": "F.grad(lambda x, y: (x * x * y).sum(), argnums=1)(v, w)",
    "argnums -1": "F.grad(lambda x, y: (x * x * y).sum(), argnums=-1)(v, w)",
    "unused argument": "F.grad(lambda x, y: (y * y).sum())(v, w)",
    "constant": "F.grad(lambda x: T.tensor(1.0))(v)",
    "closure over the outer variable": "F.grad(lambda x: F.grad(lambda y: x * y * y)(T.tensor(3.0)))(T.tensor(2.0))",  # noqa: E501
    "no perturbation confusion": "F.grad(lambda x: x * F.grad(lambda y: x + y)(T.tensor(1.0)))(T.tensor(1.0))",  # noqa: E501
    "mixed second": "F.grad(lambda x: F.grad(lambda y: (x * y) ** 2)(x))(T.tensor(2.0))",
    "third through a closure": "F.grad(lambda a: F.grad(lambda b: F.grad(lambda c: a * b * c ** 3)(T.tensor(2.0)))"  # noqa: E501
    "(T.tensor(3.0)))(T.tensor(5.0))",
    "inside no_grad": "no_grad(F.grad(lambda x: x * x))(T.tensor(2.0))",
    "not a scalar": "F.grad(lambda x: x * x)(v)",
    "not a tensor": "F.grad(lambda x: 2.0)(v)",
    "an int": "F.grad(lambda x: x * x)(T.tensor(2))",
    "argnums out of range": "F.grad(lambda x: x * x, argnums=3)(T.tensor(2.0))",
}


@needs_torch
@pytest.mark.parametrize("case", FUNC_CASES)
def test_func_grad_is_pytorchs(case: str) -> None:
    found = []
    for module in (tg, torch):
        names = {
            "T": module,
            "F": module.func,
            "v": module.tensor([1.0, 2.0]),
            "w": module.tensor([3.0, 4.0]),
            "no_grad": lambda f, module=module: module.no_grad()(f),
        }
        try:
            found.append(plain(eval(FUNC_CASES[case], names)))
        except (RuntimeError, TypeError, ValueError, IndexError):
            found.append("raises")
    assert found[0] == found[1]


def test_func_gradients_join_a_graph_outside() -> None:
    x = tg.tensor(2.0, requires_grad=True)
    value, slope = tg.func.value_and_grad(lambda v: v**3)(x)
    assert (value.item(), slope.item()) == (8.0, 12.0)
    slope.backward()
    assert x.grad.item() == 12.0
    plain_value, plain_slope = tg.func.value_and_grad(lambda v: v**3)(2.0)
    assert plain_value.requires_grad is plain_slope.requires_grad is False
    with pytest.raises(TypeError, match=r"func\.grad: a function is needed, not int"):
        tg.func.grad(3)


def test_func_recovers_after_an_exception() -> None:
    def bad(x: Any) -> Any:
        raise KeyError("boom")

    with pytest.raises(KeyError):
        tg.func.grad(bad)(tg.tensor(1.0))
    assert tg.func.grad(lambda x: x * x)(tg.tensor(2.0)).requires_grad is False
    assert tg.is_grad_enabled()
