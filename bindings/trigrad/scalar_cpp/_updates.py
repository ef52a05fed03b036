"""The optimisers' arithmetic, in place on the arrays of all parameters: what `optim` calls once a step.

A parameter's numbers lie in its array; the tape holds its nodes, which an update leaves as they are.
Formulas and their order are PyTorch's. Read before: tensor.py, inplace.py.
"""

from __future__ import annotations

import math

import numpy as np

from .tensor import Tensor


def sgd_(
    parameters: list[Tensor],
    gradients: list[Tensor],
    velocities: list[Tensor] | None,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first_step: bool,
) -> None:
    """One step of gradient descent; velocities (None without momentum) are set on the first step."""
    with np.errstate(all="ignore"):
        for k, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            p, d = parameter._array, -gradient._array if maximize else gradient._array
            if weight_decay:
                d = d + weight_decay * p
            if velocities is not None:
                v = velocities[k]._array
                v[...] = d if first_step else momentum * v + (1 - dampening) * d
                velocities[k]._version_box[0] += 1
                d = d + momentum * v if nesterov else v
            p -= lr * d
            parameter._version_box[0] += 1


def adam_(
    parameters: list[Tensor],
    gradients: list[Tensor],
    first_moments: list[Tensor],
    second_moments: list[Tensor],
    max_second_moments: list[Tensor] | None,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """Step `step` (from 1) of Adam; decoupled: AdamW's weight decay; maximal second moments: AMSGrad."""
    size = lr / (1 - beta1**step)  # the moments start at 0, so early ones are too small by these factors
    root = math.sqrt(1 - beta2**step)
    with np.errstate(all="ignore"):
        for k, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            p, d = parameter._array, -gradient._array if maximize else gradient._array
            if weight_decay and decoupled:
                p *= 1 - lr * weight_decay
            elif weight_decay:
                d = d + weight_decay * p
            moments = [first_moments[k], second_moments[k]]
            m, s = (t._array for t in moments)
            m += (1 - beta1) * (d - m)
            s[...] = beta2 * s + (1 - beta2) * d * d
            if max_second_moments is not None:
                moments.append(max_second_moments[k])
                s = np.maximum(moments[2]._array, s, out=moments[2]._array)
            p -= size * (m / (np.sqrt(s) / root + eps))
            for changed in (parameter, *moments):
                changed._version_box[0] += 1
