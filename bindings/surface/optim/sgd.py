"""SGD: gradient descent, with momentum, Nesterov's variant and weight decay.

Read before: optimizer.py. The arithmetic is in the engine's _updates.
"""

from __future__ import annotations

from typing import Any

from ._engine import sgd_, tg
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
        """One call; two where some parameters meet their first gradient later than others."""
        if group["momentum"] == 0:
            pairs = [(p, g) for p in group["params"] if (g := p.grad) is not None]
            _call(group, [p for p, _ in pairs], [g for _, g in pairs], None, False)
            return
        found = self.with_gradients(group)
        first = [f for f in found if f[2].get("momentum_buffer") is None]
        later = found if not first else [f for f in found if f[2].get("momentum_buffer") is not None]
        for p, _, own in first:
            own["momentum_buffer"] = tg.zeros_like(p)
        for part in (first, later):
            if part:
                velocities = [own["momentum_buffer"] for _, _, own in part]
                _call(group, [p for p, _, _ in part], [g for _, g, _ in part], velocities, part is first)


def _call(
    group: dict[str, Any],
    parameters: list[Any],
    gradients: list[Any],
    velocities: list[Any] | None,
    first_step: bool,
) -> None:
    sgd_(
        parameters,
        gradients,
        velocities,
        group["lr"],
        group["momentum"],
        group["dampening"],
        group["weight_decay"],
        group["nesterov"],
        group["maximize"],
        first_step,
    )
