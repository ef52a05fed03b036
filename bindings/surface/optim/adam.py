"""Adam and AdamW.

Sources: Kingma and Ba, "Adam: a method for stochastic optimization" (2015); Loshchilov and Hutter, "Decoupled
weight decay regularization" (2019); Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).
Read before: optimizer.py. The arithmetic is in the engine's _updates.
"""

from __future__ import annotations

from typing import Any

from ._engine import adam_, tg
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
        """One call; more where some parameters have missed gradients, and are at another step."""
        found = self.with_gradients(group)
        steps = {own.get("step", 0) for _, _, own in found}
        if not found:
            return
        parts = (
            [found] if len(steps) == 1 else [[f for f in found if f[2].get("step", 0) == s] for s in steps]
        )
        beta1, beta2 = group["betas"]
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if group["amsgrad"] else 2]
        for part, step in zip(parts, steps, strict=True):
            for p, _, own in part:
                own["step"] = step + 1
                if names[-1] not in own:
                    own |= {name: tg.zeros_like(p) for name in names if name not in own}
            moments = [[own[name] for _, _, own in part] for name in names]
            adam_(
                [p for p, _, _ in part],
                [g for _, g, _ in part],
                moments[0],
                moments[1],
                moments[2] if group["amsgrad"] else None,
                step + 1,
                group["lr"],
                beta1,
                beta2,
                group["eps"],
                group["weight_decay"],
                self.decoupled,
                group["maximize"],
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
