"""Gradients of functions, not of tensors: `func.grad(f)` is the function that computes f's gradient."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

from .._core import tensor as _core
from ..errors import GraphError
from . import autograd
from ._modes import enable_grad


class _Depth(threading.local):
    """How many of these functions are at work in this thread."""

    value = 0


_depth = _Depth()


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that returns f's value and its gradient by the chosen arguments.

    >>> tg.func.value_and_grad(lambda w, x: (w * x).sum())(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    (tensor(11.), tensor([3., 4.]))
    """
    return _transform("func.value_and_grad", f, argnums)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that returns f's gradient by the chosen arguments; it can be differentiated again.

    >>> cube = lambda x: x**3
    >>> x = tg.tensor(2.0)
    >>> tg.func.grad(cube)(x), tg.func.grad(tg.func.grad(cube))(x)
    (tensor(12.), tensor(12.))
    """
    with_value = _transform("func.grad", f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return gradient


def _transform(name: str, f: Callable[..., Any], argnums: int | Sequence[int]) -> Callable[..., Any]:
    if not callable(f):
        raise TypeError(f"{name}: a function is needed, not {type(f).__name__}")
    single = isinstance(argnums, int)
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)

    @functools.wraps(f)
    def with_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        for k in chosen:
            if not -len(args) <= k < len(args):
                raise IndexError(f"{name}: argnums has {k}, but there are {len(args)} arguments by position")
        # Inside another of these functions, or on a tracked argument, the gradient belongs to an outer graph.
        inputs = any(isinstance(x, _core.Tensor) and x.requires_grad for x in args)
        outer = _core.is_grad_enabled() and (_depth.value > 0 or inputs)
        _depth.value += 1
        try:
            tracked = list(args)
            for k in chosen:
                x = args[k] if isinstance(args[k], _core.Tensor) else _core.tensor(args[k])
                tracked[k] = x.clone() if outer and x.requires_grad else x.detach().requires_grad_()
            wanted = [tracked[k] for k in chosen]
            with enable_grad():
                value = f(*tracked, **kwargs)
                grads = _gradients(name, value, wanted, outer)
        finally:
            _depth.value -= 1
        return (value if outer else value.detach()), (grads[0] if single else tuple(grads))

    return with_gradient


def _gradients(name: str, value: Any, inputs: list[Any], create_graph: bool) -> list[Any]:
    if not isinstance(value, _core.Tensor):
        raise TypeError(f"{name}: the function must return a tensor, not {type(value).__name__}")
    if value.numel() != 1:
        raise GraphError(f"{name}: the function must return one element, not shape {value.shape}")
    if not value.requires_grad:  # it depends on none of them
        return [_core.zeros_like(x) for x in inputs]
    found = autograd.grad(value, inputs, create_graph=create_graph, allow_unused=True)
    return [_core.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]
