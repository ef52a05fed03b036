"""The engine's functions under the names of torch.nn.functional, and dropout.

>>> import trigrad.nn.functional as F
>>> F.relu(tg.tensor([-1.0, 2.0]))
tensor([0., 2.])
"""

from __future__ import annotations

from typing import Any

from ._engine import tg

linear, embedding = tg.linear, tg.embedding
relu, tanh, sigmoid, silu, gelu = tg.relu, tg.tanh, tg.sigmoid, tg.silu, tg.gelu
leaky_relu, elu, softplus = tg.leaky_relu, tg.elu, tg.softplus
softmax, log_softmax = tg.softmax, tg.log_softmax
mse_loss, l1_loss, huber_loss, hinge_loss = tg.mse_loss, tg.l1_loss, tg.huber_loss, tg.hinge_loss
cross_entropy, nll_loss = tg.cross_entropy, tg.nll_loss
binary_cross_entropy_with_logits = tg.binary_cross_entropy_with_logits


def check_probability(p: float) -> None:
    """Refuses what is no probability."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """Each element is 0 with probability p, the others are divided by 1 - p; without training, the input.

    The draws are float64 whatever the input, so one seed drops the same elements in every engine and dtype.
    """
    check_probability(p)
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return input * 0.0
    kept = tg.rand(input.shape, dtype=tg.float64, generator=generator) >= p
    return input * (kept.to(input.dtype) * (1 / (1 - p)))
