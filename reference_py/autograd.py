"""Asking for gradients: `t.backward()`, `autograd.grad`, hooks and `retain_grad`.

Read before: `graph.py`, whose sweep does the work.  After: `func.py`, `function.py`.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import GraphError, ShapeError
from .graph import ORDERS, Node, origin_of, sweep
from .operands import as_tensor, refuse_foreign
from .tensor import Tensor


def _root(name: str, output: Tensor, gradient: Any) -> tuple[Tensor, Tensor]:
    """An output with its own gradient: 1 for a single number, else what the caller gave."""
    if not output.requires_grad:
        raise GraphError(
            f"{name}: the output does not require grad: nothing it was computed from has requires_grad=True"
        )
    if gradient is None:
        if output.numel() != 1:
            raise GraphError(
                f"{name}: the output has shape {output.shape}, not one element; "
                "pass gradient= of that shape, or reduce it first (for example with .sum())"
            )
        return output, Tensor(np.ones_like(output._array))
    refuse_foreign(name, [gradient])
    g = as_tensor(gradient, output.dtype)
    if g.shape != output.shape:
        raise ShapeError(f"{name}: gradient has shape {g.shape} but the output has shape {output.shape}")
    return output, g


def _order(name: str, order: str | None) -> str:
    if order is not None and order not in ORDERS:
        raise ValueError(f"{name}: order {order!r} is not one of {', '.join(map(repr, ORDERS))}")
    return order or ORDERS[0]


def backward(
    output: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    order: str | None = None,
) -> None:
    """Add d(output)/d(leaf) to the `.grad` of every leaf that output was computed from."""
    order = _order("backward", order)
    root = _root("backward", output, gradient)
    retain = create_graph if retain_graph is None else retain_graph
    for origin, index, g in sweep([root], order, create_graph, retain):
        target = origin if isinstance(origin, Tensor) else (origin.retains or {})[index]()
        if target is not None:  # a retained tensor may be gone by now
            _accumulate(target, g, create_graph)


def _accumulate(target: Tensor, g: Tensor, create_graph: bool) -> None:
    """Add to `.grad`, into the same tensor object as long as nobody needs its history."""
    if target._grad is None:
        # A copy: an add hands one and the same gradient to both of its inputs.
        target._grad = g.clone() if create_graph else Tensor(g._array.copy())
    elif create_graph:
        target._grad = target._grad + g
    else:
        target._grad._array += g._array
        target._grad._storage.version += 1


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    order: str | None = None,
) -> tuple[Tensor | None, ...]:
    """The gradients of the outputs by the inputs, as a tuple; no `.grad` changes."""
    name = "autograd.grad"
    order = _order(name, order)
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if grad_outputs is None or isinstance(grad_outputs, Tensor):
        grad_outputs = [grad_outputs] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(f"{name}: {len(outputs)} outputs but {len(grad_outputs)} grad_outputs")
    for k, x in enumerate(inputs):
        if not x.requires_grad:
            raise GraphError(f"{name}: input {k} does not require grad")
    roots = [_root(name, z, g) for z, g in zip(outputs, grad_outputs, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    places = [(id(origin_of(x)), x._index) for x in inputs]
    arrived = sweep(roots, order, create_graph, retain, frozenset(places))
    found = {(id(origin), index): g for origin, index, g in arrived}
    for k, place in enumerate(places):
        if place not in found and not allow_unused:
            raise GraphError(
                f"{name}: input {k} was not used to compute the outputs; "
                "pass allow_unused=True to get None for it"
            )
    return tuple(found.get(place) for place in places)


# ---- looking at gradients on the way ----
class Handle:
    """What register_hook returns: `.remove()` takes the hook away again."""

    _numbers = itertools.count()

    def __init__(self, hooks: dict[int, Callable[[Tensor], Any]]) -> None:
        self.hooks = hooks
        self.number = next(Handle._numbers)

    def remove(self) -> None:
        self.hooks.pop(self.number, None)


def register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> Handle:
    """Call hook with this tensor's complete gradient, before it is passed on; what it returns replaces it."""
    if not self.requires_grad:
        raise GraphError("register_hook: this tensor does not require grad, so it never gets a gradient")
    origin = origin_of(self)
    if origin._hooks is None:
        origin._hooks = {}
    handle = Handle(origin._hooks.setdefault(self._index, {}))
    handle.hooks[handle.number] = hook
    return handle


def retain_grad(self: Tensor) -> None:
    """Store `.grad` for this tensor too, though it is no leaf."""
    if not self.requires_grad:
        raise GraphError("retain_grad: this tensor does not require grad, so it never gets a gradient")
    if isinstance(self._node, Node):
        if self._node.retains is None:
            self._node.retains = {}
        self._node.retains[self._index] = weakref.ref(self)
