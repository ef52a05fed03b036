"""`autograd.grad`: gradients as a result, no `.grad` changes. Read tensor.py before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GraphError
from .sweep import check_order, root_of, sweep
from .tensor import Tensor


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    order: str | None = None,
) -> tuple[Tensor | None, ...]:
    """The gradients of the outputs by the inputs, as a tuple."""
    name = "autograd.grad"
    check_order(name, order, create_graph)
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = (
        [grad_outputs] * len(outputs)
        if grad_outputs is None or isinstance(grad_outputs, Tensor)
        else list(grad_outputs)
    )
    if len(given) != len(outputs):
        raise ValueError(f"{name}: {len(outputs)} outputs but {len(given)} grad_outputs")
    for k, x in enumerate(inputs):
        if not x.requires_grad:
            raise GraphError(f"{name}: input {k} does not require grad")
    roots = [root_of(name, z, g) for z, g in zip(outputs, given, strict=True)]
    found = sweep(name, roots, [x._nodes for x in inputs], bool(retain_graph))
    for k, g in enumerate(found):
        if g is None and not allow_unused:
            raise GraphError(
                f"{name}: input {k} was not used to compute the outputs; pass allow_unused=True to "
                f"get None for it"
            )
    return tuple(
        None if g is None else Tensor(g.reshape(x.shape)) for g, x in zip(found, inputs, strict=True)
    )
