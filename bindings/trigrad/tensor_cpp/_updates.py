"""The optimisers' updates on this engine: one pass over each parameter in C++, one call for all of them.

Why it exists: optim is one source for every engine; an engine that has this file does the arithmetic itself.
Lists have one entry per parameter. A gradient that is None leaves its parameter and state alone. Everything
is checked before anything changes. Read next: tensor_cpp/include/trigrad/tensor/optim.hpp.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._core import tensor as _core
from .._core.tensor import Tensor

Tensors = Sequence[Tensor]  # lists or tuples
Gradients = Sequence[Tensor | None]


def sgd_(
    parameters: Tensors,
    gradients: Gradients,
    velocities: Gradients | None,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first_step: bool,
) -> None:
    """One step of SGD. On the first one, velocities become the gradients, whatever they held.

    >>> from trigrad.tensor_cpp import _updates
    >>> w, g = tg.tensor([1.0, 2.0]), tg.tensor([10.0, -10.0])
    >>> _updates.sgd_([w], [g], None, 0.1, 0.0, 0.0, 0.0, False, False, True)
    >>> w
    tensor([0., 3.])
    """
    _core._sgd_(
        parameters,
        gradients,
        velocities,
        lr,
        momentum,
        dampening,
        weight_decay,
        nesterov,
        maximize,
        first_step,
    )


def adam_(
    parameters: Tensors,
    gradients: Gradients,
    first_moments: Tensors,
    second_moments: Tensors,
    max_second_moments: Tensors | None,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """One step of Adam, or with decoupled of AdamW; step counts from 1, max_second_moments are amsgrad's."""
    _core._adam_(
        parameters,
        gradients,
        first_moments,
        second_moments,
        max_second_moments,
        step,
        lr,
        beta1,
        beta2,
        eps,
        weight_decay,
        decoupled,
        maximize,
    )
