"""`func.grad` and `func.value_and_grad`: from a function to the function that gives its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import autograd
from .modes import enable_grad
from .tensor import Tensor, as_tensor


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns (f(...), gradient by the chosen arguments)."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inside = list(args)
        for k in chosen:
            inside[k] = as_tensor("func.grad", args[k]).detach().clone().requires_grad_()
        with enable_grad():
            value = f(*inside, **kwargs)
        grads: tuple[Tensor | None, ...] = (None,) * len(chosen)
        if value.requires_grad:  # else f is constant
            grads = autograd.grad(value, [inside[k] for k in chosen], allow_unused=True)
        full = tuple(
            Tensor(np.zeros(inside[k].shape)) if g is None else g for g, k in zip(grads, chosen, strict=True)
        )
        return value.detach(), full[0] if isinstance(argnums, int) else full

    return wrapper


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the gradient of f by the chosen arguments."""
    both = value_and_grad(f, argnums)
    return functools.wraps(f)(lambda *args, **kwargs: both(*args, **kwargs)[1])
