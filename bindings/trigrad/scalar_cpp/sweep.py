"""The sweep from outputs back to leaves: roots, hooks, and `Tensor.backward`. Read tensor.py before."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import scalar as core
from ..errors import AnomalyError, GraphError, ShapeError
from .checks import Array, float64
from .modes import modes
from .tensor import Tensor, as_tensor

ORDERS = ("tape",)


def check_order(name: str, order: str | None, create_graph: Any) -> None:
    if order is not None and order not in ORDERS:
        raise ValueError(f"{name}: order {order!r} is not one of {', '.join(map(repr, ORDERS))}")
    if create_graph:
        raise NotImplementedError(
            f"{name}: scalar_cpp does not support create_graph=True: its tape holds the derivatives "
            f"as plain numbers; "
            "use tensor_cpp or reference_py"
        )


def root_of(name: str, output: Tensor, gradient: Any) -> tuple[Any, Array]:
    """An output's nodes and their own gradients: 1 for a single number, else what the caller gave."""
    if output._nodes is None:
        raise GraphError(
            f"{name}: the output does not require grad: nothing it was computed from has requires_grad=True"
        )
    if gradient is None:
        if output.numel() != 1:
            raise GraphError(
                f"{name}: the output has shape {output.shape}, not one element; pass gradient= of "
                f"that shape, "
                "or reduce it first (for example with .sum())"
            )
        return output._nodes, np.ones(1)
    g = as_tensor(name, gradient)
    if g.shape != output.shape:
        raise ShapeError(f"{name}: gradient has shape {g.shape} but the output has shape {output.shape}")
    return output._nodes, np.ascontiguousarray(g._array, dtype=float64).reshape(-1)


def fire(nodes: Any, gradient: Array) -> Array | None:
    """Calls a tensor's hooks, one after another; the gradient that replaces its own, if any does."""
    replaced = False
    for hook in list(nodes.hooks.values()):
        answer = hook(Tensor(gradient.reshape(nodes.shape)))
        if answer is not None:
            gradient, replaced = as_tensor("hook", answer)._array, True
            if gradient.shape != nodes.shape:
                raise ShapeError(
                    f"hook: it returned shape {gradient.shape} for a gradient of shape {nodes.shape}"
                )
    return gradient if replaced else None


def sweep(name: str, roots: list[tuple[Any, Array]], watched: list[Any] | None, retain: bool) -> list[Any]:
    """Pairs (nodes, gradient) for all that want one, or a gradient or None for each of `watched`."""
    found: list[Any] = core.backward("backward", roots, watched, not retain and not modes.anomaly, fire)
    if modes.anomaly:
        for nodes, _ in roots:
            bad = core.nan_maker(nodes)
            if bad is not None:
                line = getattr(nodes, "line", "an unknown line")
                raise AnomalyError(
                    f"detect_anomaly: {bad[0]} gave NaN in the gradient of its input {bad[1]}; it was "
                    f"called at {line}"
                )
    return found


def backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: Any = None,
    create_graph: Any = False,
    order: str | None = None,
) -> None:
    """Adds d(self)/d(leaf) to the `.grad` of every leaf that self was computed from."""
    check_order("backward", order, create_graph)
    root = root_of("backward", self, gradient)
    for nodes, g in sweep("backward", [root], None, bool(retain_graph)):
        tensor = nodes.tensor()
        if tensor is None:
            continue
        if tensor._grad is None:
            tensor._grad = Tensor(g.reshape(tensor.shape))
        else:
            tensor._grad._array += g.reshape(tensor.shape)
            tensor._grad._version_box[0] += 1


Tensor.backward = backward  # type: ignore[method-assign]
