"""The optimisers' arithmetic, in place on the arrays of all parameters: what `optim` calls once a step.

What is remembered about a parameter is in `state[parameter]`, by name. Without a gradient nothing changes.
A parameter's numbers lie in its array; the tape holds its nodes, which an update leaves as they are.
Formulas and their order are PyTorch's. Read before: tensor.py, inplace.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .creation import zeros_like
from .tensor import Tensor


def sgd_(
    parameters: list[Tensor],
    state: dict[Tensor, dict[str, Any]],
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    """One step of gradient descent. The velocity, "momentum_buffer", begins as the first gradient."""
    with np.errstate(all="ignore"):
        for parameter in parameters:
            if parameter.grad is None:
                continue
            p, g = parameter._array, parameter.grad._array
            d = -g if maximize else g
            if weight_decay:
                d = d + weight_decay * p
            if momentum:
                own = state.setdefault(parameter, {})
                first = own.get("momentum_buffer") is None
                velocity = own["momentum_buffer"] = zeros_like(parameter) if first else own["momentum_buffer"]
                v = velocity._array
                v[...] = d if first else momentum * v + (1 - dampening) * d
                velocity._version_box[0] += 1
                d = d + momentum * v if nesterov else v
            p -= lr * d
            parameter._version_box[0] += 1


def adam_(
    parameters: list[Tensor],
    state: dict[Tensor, dict[str, Any]],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    maximize: bool,
    decoupled: bool,
) -> None:
    """One step of Adam; decoupled: AdamW's weight decay; amsgrad: the largest second moment so far counts."""
    names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if amsgrad else 2]
    with np.errstate(all="ignore"):
        for parameter in parameters:
            if parameter.grad is None:
                continue
            own = state.setdefault(parameter, {})
            step = own["step"] = own.get("step", 0) + 1
            size = lr / (1 - beta1**step)  # moments start at 0, so early ones are too small by these factors
            root = math.sqrt(1 - beta2**step)
            p, g = parameter._array, parameter.grad._array
            d = -g if maximize else g
            if weight_decay and decoupled:
                p *= 1 - lr * weight_decay
            elif weight_decay:
                d = d + weight_decay * p
            for name in names:
                if name not in own:
                    own[name] = zeros_like(parameter)
            m, s = own["exp_avg"]._array, own["exp_avg_sq"]._array
            m += (1 - beta1) * (d - m)
            s[...] = beta2 * s + (1 - beta2) * d * d
            if amsgrad:
                largest = own["max_exp_avg_sq"]._array
                s = np.maximum(largest, s, out=largest)
            p -= size * (m / (np.sqrt(s) / root + eps))
            for changed in (parameter, *(own[name] for name in names)):
                changed._version_box[0] += 1
