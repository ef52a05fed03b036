"""Gradients of functions rather than of tensors: `func.grad(f)` is the function that computes f's gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._core import tensor as _core
from . import autograd
from ._modes import enable_grad


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that returns f's value and its gradient by the chosen arguments."""
    single = isinstance(argnums, int)
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)

    @functools.wraps(f)
    def with_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        # Inside another func.grad an argument is tracked already: the inner gradient then belongs to the outer graph.
        outer = any(isinstance(x, _core.Tensor) and x.requires_grad for x in args)
        with enable_grad():
            tracked = list(args)
            for k in chosen:
                x = args[k] if isinstance(args[k], _core.Tensor) else _core.tensor(args[k])
                tracked[k] = x.clone() if x.requires_grad else x.detach().requires_grad_()
            value = f(*tracked, **kwargs)
            grads = autograd.grad(value, [tracked[k] for k in chosen], create_graph=outer)
        return (value if outer else value.detach()), (grads[0] if single else grads)

    return with_gradient


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that returns f's gradient by the chosen arguments."""
    with_value = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return with_value(*args, **kwargs)[1]

    return gradient
