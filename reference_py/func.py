"""Gradients of functions rather than of tensors: `func.grad(f)` is the function that computes f's gradient.

Read before: `autograd.py`.  After: nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import autograd
from .errors import GraphError
from .modes import modes, recording
from .operands import as_tensor
from .tensor import Tensor


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns f's value and its gradient by the argument argnums (or by several)."""
    several = isinstance(argnums, tuple | list)
    numbers = tuple(argnums) if isinstance(argnums, tuple | list) else (argnums,)

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        # Inside another func.grad, or for a tracked argument, this gradient will itself be differentiated.
        given = [as_tensor(args[n]) for n in numbers]
        record = modes.nesting > 0 or (modes.recording and any(x.requires_grad for x in given))
        modes.nesting += 1
        try:
            with recording(True):
                inputs = [x.clone() if x.requires_grad else x.detach().requires_grad_() for x in given]
                arguments = list(args)
                for n, x in zip(numbers, inputs, strict=True):
                    arguments[n] = x
                value = f(*arguments, **kwargs)
                if not isinstance(value, Tensor) or value.numel() != 1:
                    raise GraphError("func.grad: the function must return a tensor with one element")
                if value.requires_grad:
                    found = autograd.grad(value, inputs, create_graph=record, allow_unused=True)
                else:
                    found = (None,) * len(inputs)  # f is constant
        finally:
            modes.nesting -= 1
        grads = tuple(
            Tensor(np.zeros_like(x._array)) if g is None else g for x, g in zip(inputs, found, strict=True)
        )
        return value if record else value.detach(), grads if several else grads[0]

    return wrapper


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the gradient of f, which must return one number."""
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return wrapper
