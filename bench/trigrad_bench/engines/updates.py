"""SGD, Adam and AdamW for libraries that bring no optimiser: their users write these lines themselves.

Why it exists: micrograd, autograd and JAX compute gradients only. PyTorch's formulas, once over objects
with .data and .grad (`Flat`), once over arrays without changing them (`updated`, which JAX can compile).
Read next: values.py, functional.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .protocol import Spec


class Flat:
    """One Python number after the other."""

    def __init__(self, spec: Spec, count: int) -> None:
        self.spec, self.steps = spec, 0
        self.first, self.second = [0.0] * count, [0.0] * count

    def step(self, parameters: Sequence[Any], lr: float) -> None:
        """Changes p.data by p.grad."""
        self.steps += 1
        kind, decay = self.spec["kind"], self.spec["weight_decay"]
        if kind == "sgd" and not self.spec["momentum"] and not decay:
            for p in parameters:
                p.data -= lr * p.grad
        elif kind == "sgd":
            momentum = self.spec["momentum"]
            for k, p in enumerate(parameters):
                self.first[k] = momentum * self.first[k] + (p.grad + decay * p.data)
                p.data -= lr * self.first[k]
        elif kind in ("adam", "adamw"):
            self._adam(parameters, lr)

    def _adam(self, parameters: Sequence[Any], lr: float) -> None:
        (b1, b2), eps, decay = self.spec["betas"], self.spec["eps"], self.spec["weight_decay"]
        coupled = decay if self.spec["kind"] == "adam" else 0.0
        rate, scale = lr / (1 - b1**self.steps), (1 - b2**self.steps) ** -0.5
        for k, p in enumerate(parameters):
            g = p.grad + coupled * p.data
            self.first[k] = b1 * self.first[k] + (1 - b1) * g
            self.second[k] = b2 * self.second[k] + (1 - b2) * g * g
            p.data -= lr * (decay - coupled) * p.data
            p.data -= rate * self.first[k] / (self.second[k] ** 0.5 * scale + eps)


def fresh(spec: Spec, zeros: Any) -> Any:
    """The state before the first step; `zeros` are arrays like the parameters."""
    if spec["kind"] == "sgd" and not spec["momentum"]:
        return ()
    return (zeros,) if spec["kind"] == "sgd" else (zeros, zeros, 0)


def updated(
    spec: Spec, p: dict[str, Any], g: dict[str, Any], state: Any, lr: Any
) -> tuple[dict[str, Any], Any]:
    """(parameters, state) after a step."""
    kind, decay = spec["kind"], spec["weight_decay"]
    if kind == "none":
        return p, state
    if kind in ("sgd", "adam") and decay:
        g = {k: g[k] + decay * p[k] for k in p}
    if kind == "sgd":
        if not spec["momentum"]:
            return {k: p[k] - lr * g[k] for k in p}, state
        velocity = {k: spec["momentum"] * state[0][k] + g[k] for k in p}
        return {k: p[k] - lr * velocity[k] for k in p}, (velocity,)
    (b1, b2), eps, (first, second, steps) = spec["betas"], spec["eps"], state
    steps = steps + 1
    first = {k: b1 * first[k] + (1 - b1) * g[k] for k in p}
    second = {k: b2 * second[k] + (1 - b2) * g[k] * g[k] for k in p}
    rate, scale = lr / (1 - b1**steps), (1 - b2**steps) ** -0.5
    if kind == "adamw":
        p = {k: p[k] - lr * decay * p[k] for k in p}
    return {k: p[k] - rate * first[k] / (second[k] ** 0.5 * scale + eps) for k in p}, (first, second, steps)
