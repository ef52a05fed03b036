"""Gradients without touching anybody's .grad."""

from __future__ import annotations

from collections.abc import Sequence
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
    """∂(Σ outputs · grad_outputs)/∂inputs, one for each input."""
    return _core._grad(  # type: ignore[no-any-return]
        _as_list(outputs),
        _as_list(inputs),
        [] if grad_outputs is None else _as_list(grad_outputs),
        retain_graph,
        create_graph,
        allow_unused,
        order,
    )


def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, Sequence) and not isinstance(x, _core.Tensor) else [x]
