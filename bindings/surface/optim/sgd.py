"""SGD: gradient descent, with momentum, Nesterov's variant and weight decay.

Read before: optimizer.py. The arithmetic is in the engine's _updates.
"""

from __future__ import annotations

from typing import Any

from ._engine import sgd_
from .optimizer import Optimizer, check


class SGD(Optimizer):
    """p -= lr · v, where v = momentum · v + (1 - dampening) · (g + weight_decay · p).

    >>> from trigrad import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check("learning rate", lr, lr >= 0)
        check("momentum value", momentum, momentum >= 0)
        check("weight_decay value", weight_decay, weight_decay >= 0)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "nesterov": nesterov, "maximize": maximize})

    def update(self, group: dict[str, Any]) -> None:
        """The engine's update; it keeps velocities in self.state[parameter]["momentum_buffer"]."""
        sgd_(
            group["params"],
            self.state,
            group["lr"],
            group["momentum"],
            group["dampening"],
            group["weight_decay"],
            group["nesterov"],
            group["maximize"],
        )
