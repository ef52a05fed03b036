"""Work on many parameters at once: torch.nn.utils under its names.

Read before: parameter.py.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

from .. import Tensor
from ._engine import tg


def _gradients(who: str, parameters: Any) -> list[Any]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    else:
        lazy = not hasattr(parameters, "__len__")
        parameters = list(parameters)
        if lazy and not parameters:  # model.parameters() that was walked through before
            warnings.warn(
                f"{who}: `parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
            )
    return [p.grad for p in parameters if p.grad is not None]


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Any:
    """Scale all gradients together so that their common norm is at most max_norm; returns what it was.

    Without gradients the norm is 0.
    """
    gradients = _gradients("clip_grad_norm_", parameters)
    if not gradients:
        return tg.tensor(0.0)
    with tg.no_grad():
        norms = tg.stack([tg.norm(g, p=float(norm_type)) for g in gradients])
        total = norms if len(gradients) == 1 else tg.norm(norms, p=float(norm_type))
        total = total.reshape(())
        if error_if_nonfinite and not math.isfinite(total.item()):
            raise RuntimeError(
                f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, "
                "so it cannot be clipped. To disable this error and scale the gradients by the non-finite "
                "norm anyway, set `error_if_nonfinite=False`"
            )
        scale = tg.clamp(max_norm / (total + 1e-6), max=1.0)
        for g in gradients:
            g.mul_(scale.to(g.dtype))
    return total


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Every element of every gradient into [-clip_value, clip_value]."""
    bound = float(clip_value)
    with tg.no_grad():
        for g in _gradients("clip_grad_value_", parameters):
            g.copy_(tg.clamp(g, -bound, bound))


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All elements of all parameters in one 1-D tensor."""
    return tg.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """The inverse: copies the elements back."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a Tensor, but got: {type(vec).__name__}")
    parameters = list(parameters)
    wanted = sum(math.prod(p.shape) for p in parameters)
    if vec.ndim != 1 or vec.shape[0] != wanted:
        raise ValueError(
            f"vector_to_parameters: the vector is {vec.shape} but the parameters hold {wanted} elements"
        )
    start = 0
    with tg.no_grad():
        for p in parameters:
            n = math.prod(p.shape)
            p.copy_(vec.detach()[start : start + n].reshape(p.shape))
            start += n
