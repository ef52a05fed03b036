"""Trap 5: a penalty that is in the loss's value but not in its graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap

# Powers of two and small integers: every number below is exact in binary, so "exactly" means equal.
PENALTY = 1 / 16


def gradient(weights: np.ndarray[Any, Any], x: np.ndarray[Any, Any], attached: bool) -> tuple[float, Any]:
    """Loss and gradient of Σ(x·wᵀ)² + λ·Σw²."""
    w = tg.tensor(weights, requires_grad=True)
    loss = tg.linear(tg.tensor(x), w).square().sum()
    penalty = w.square().sum() * PENALTY
    loss = loss + (penalty if attached else penalty.item())
    loss.backward()
    return loss.item(), w.grad.numpy()


def run(seed: int = 0) -> Result:
    """The same loss twice: with the penalty as a tensor, and as the number that .item() gives."""
    draw = np.random.default_rng(seed)
    weights, x = draw.integers(-8, 9, (3, 4)) / 8, draw.integers(-4, 5, (5, 4)) / 4
    weights[0, 0] = 1.0
    (loss, full), (loss_detached, detached) = gradient(weights, x, True), gradient(weights, x, False)
    missing = full - detached
    return Result(
        trapped=float(np.abs(missing).max()),
        right=0.0,
        unit="",
        kind="difference",
        right_answer="the gradients differ by 2·λ·p in every parameter p, exactly",
        checks={
            "both losses are equal": loss == loss_detached,
            "what is missing is exactly 2·λ·p": bool(np.array_equal(missing, 2 * PENALTY * weights)),
        },
        numbers={"penalty": PENALTY, "loss": loss, "parameters": weights.size},
        sentence=f"Both runs print the loss {loss:g}, and the gradients differ by up to "
        f"{np.abs(missing).max():g}: 2·λ·p, exactly, in each of {weights.size} parameters.",
    )


TRAP = Trap(
    name="detached_regulariser",
    title="The regulariser without a gradient",
    source="Pycrograd and Mocrograd, nn/loss: the L2 term goes through .item()",
    claim="Both sides train with L2 regularisation.",
    measured="A full extra pass over all weights in every batch whose result changes the printed loss and "
    "nothing else, against a penalty with a gradient on the other side.",
    lesson="Compare gradients, not losses. An engine that drops a term still prints the right loss at step "
    "one.",
    effect="largest part of a gradient that is missing",
    timed=False,
    run=run,
)
