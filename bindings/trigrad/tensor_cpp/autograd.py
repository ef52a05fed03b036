"""Gradients without touching anybody's .grad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._core import tensor as _core


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    order: str | None = None,
) -> tuple[Any, ...]:
    """∂(Σ outputs · grad_outputs)/∂inputs, one for each input; nobody's .grad changes.

    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> (g,) = tg.autograd.grad(x**3, x, create_graph=True)
    >>> (h,) = tg.autograd.grad(g, x)
    >>> g, h
    (tensor(27., grad_fn=<mul>), tensor(18.))
    """
    roots, sources = _as_list("outputs", outputs), _as_list("inputs", inputs)
    seeds = [] if grad_outputs is None else _as_list("grad_outputs", grad_outputs)
    for name, listed in (("outputs", roots), ("inputs", sources)):
        for k, x in enumerate(listed):
            if not isinstance(x, _core.Tensor):
                raise TypeError(f"autograd.grad: {name}[{k}] must be a tensor, not {type(x).__name__}")
    if seeds and len(seeds) != len(roots):
        raise ValueError(f"autograd.grad: {len(roots)} outputs but {len(seeds)} grad_outputs")
    return _core._grad(roots, sources, seeds, retain_graph, create_graph, allow_unused, order)


def _as_list(name: str, x: Any) -> list[Any]:
    if x is None:
        raise TypeError(f"autograd.grad: {name} must be a tensor or several, not None")
    if isinstance(x, str | float | int | _core.Tensor) or not isinstance(x, Iterable):
        return [x]
    return list(x)
