"""Adam and AdamW.

Sources: Kingma and Ba, "Adam: a method for stochastic optimization" (2015); Loshchilov and Hutter, "Decoupled
weight decay regularization" (2019); Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).
Read before: optimizer.py. The arithmetic is in the engine's _updates.
"""

from __future__ import annotations

from typing import Any

from ._engine import adam_
from .optimizer import Optimizer, check


class Adam(Optimizer):
    """Steps along the mean gradient, divided by the root of its mean square.

    >>> from trigrad import nn, optim
    >>> optimizer = optim.Adam(nn.Linear(2, 1).parameters(), lr=1e-2)
    """

    decoupled = False  # whether weight decay shrinks the parameter directly

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check("learning rate", lr, lr >= 0)
        check("epsilon value", eps, eps >= 0)
        check("beta parameter at index 0", betas[0], 0 <= betas[0] < 1)
        check("beta parameter at index 1", betas[1], 0 <= betas[1] < 1)
        check("weight_decay value", weight_decay, weight_decay >= 0)
        defaults = {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "amsgrad": amsgrad, "maximize": maximize})

    def update(self, group: dict[str, Any]) -> None:
        """The engine's update; it keeps step and moments in self.state[parameter]."""
        beta1, beta2 = group["betas"]
        adam_(
            group["params"],
            self.state,
            group["lr"],
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            group["amsgrad"],
            group["maximize"],
            self.decoupled,
        )


class AdamW(Adam):
    """Adam with decoupled weight decay: p shrinks by lr · weight_decay · p, whatever the gradient."""

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
