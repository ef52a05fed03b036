"""Losses as modules: called with (input, target), they give one number to call backward() on.

reduction is 'mean', 'sum' or 'none', as in PyTorch. Read before: module.py.
"""

from __future__ import annotations

from typing import Any

from ._engine import tg
from .module import Module


class _Loss(Module):
    """A loss with nothing to set but its reduction."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction


class MSELoss(_Loss):
    """(input - target)²."""

    def forward(self, input: Any, target: Any) -> Any:
        return tg.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """|input - target|."""

    def forward(self, input: Any, target: Any) -> Any:
        return tg.l1_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """-log of the probability sigmoid(input) gives to a target of 0, 1 or between."""

    def forward(self, input: Any, target: Any) -> Any:
        return tg.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)


class HuberLoss(_Loss):
    """Quadratic within delta of the target, linear beyond."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return tg.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class HingeLoss(_Loss):
    """relu(margin - target · input), for targets of -1 and 1.  (PyTorch has no module for it.)"""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return tg.hinge_loss(input, target, margin=self.margin, reduction=self.reduction)


class NLLLoss(_Loss):
    """-input[target], for log-probabilities (B, C) and class indices (B,)."""

    def __init__(self, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return tg.nll_loss(input, target, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """-log softmax(input) at the target: class indices (B,), or probabilities (B, C)."""

    def __init__(
        self, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__(reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return tg.cross_entropy(
            input,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
