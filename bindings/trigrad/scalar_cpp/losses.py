"""The losses, composed of the other functions. Read reductions.py before."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .checks import float64, prod
from .elementwise import elementwise
from .reductions import log_softmax, mean
from .reductions import sum as sum_of
from .shapes import places
from .tensor import Tensor, as_tensor, as_tensors, check_float, pick

__all__ = [
    *"binary_cross_entropy_with_logits cross_entropy gaussian_log_prob hinge_loss huber_loss".split(),
    *"l1_loss mse_loss nll_loss".split(),
]


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    return loss if reduction == "none" else mean(loss) if reduction == "mean" else sum_of(loss)


def _check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction {reduction!r} is not one of 'mean', 'sum', 'none'")


def _pair(name: str, input: Any, target: Any, reduction: str) -> tuple[Tensor, Tensor]:
    x, t = as_tensors(name, input, target)
    _check_reduction(name, reduction)
    if x.shape != t.shape:
        raise ShapeError(f"{name}: input is {x.shape} but target is {t.shape}")
    if x.dtype != t.dtype:
        raise DTypeError(f"{name}: dtypes {x.dtype} and {t.dtype} differ; convert one with .to()")
    check_float(name, x)
    return x, t


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """(input - target)²"""
    x, t = _pair("mse_loss", input, target, reduction)
    return _reduce(elementwise("square", x - t), reduction)


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """|input - target|"""
    x, t = _pair("l1_loss", input, target, reduction)
    return _reduce(elementwise("abs", x - t), reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Quadratic where |input - target| < delta, linear beyond."""
    x, t = _pair("huber_loss", input, target, reduction)
    d = x - t
    size = elementwise("abs", d)
    near = size.detach() < delta
    return _reduce(
        elementwise("where", near, elementwise("square", d) * 0.5, (size - 0.5 * delta) * delta), reduction
    )


def binary_cross_entropy_with_logits(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """log(1 + e^x) - t x; beyond 40, log(1 + e^x) is x to the last bit."""
    x, t = _pair("binary_cross_entropy_with_logits", input, target, reduction)
    return _reduce(elementwise("softplus", x, attrs=(1.0, 40.0)) - t * x, reduction)


def hinge_loss(input: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """relu(margin - target · input)"""
    x, t = _pair("hinge_loss", input, target, reduction)
    return _reduce(elementwise("relu", margin - t * x), reduction)


def gaussian_log_prob(value: Any, mean: Any, std: Any) -> Tensor:
    """The logarithm of the normal density, elementwise."""
    v, m, s = (as_tensor("gaussian_log_prob", x) for x in (value, mean, std))
    for x in (v, m, s):
        check_float("gaussian_log_prob", x)
    z = elementwise("sub", v, m) / s
    return elementwise("square", z) * -0.5 - elementwise("log", s) - 0.5 * math.log(2 * math.pi)


def _by_class(
    name: str, log_p: Tensor, target: Tensor, ignore_index: int, reduction: str, label_smoothing: float = 0.0
) -> Tensor:
    """-log p of the target class; dim 1 (0 without a batch) holds the classes."""
    d = min(1, log_p.ndim - 1)
    classes, labels = log_p.shape[d], target._array
    ignored = labels == ignore_index
    wrong = labels[~ignored & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise IndexError(f"{name}: index {int(wrong.flat[0])} is out of range for size {classes}")
    chosen = np.expand_dims(np.where(ignored, 0, labels), d)
    loss = -pick(name, [log_p], np.squeeze(np.take_along_axis(places(log_p), chosen, axis=d), axis=d))
    if label_smoothing:
        loss = loss * (1 - label_smoothing) - sum_of(log_p, d) * (label_smoothing / classes)
    if ignored.any():
        loss = elementwise("where", Tensor(np.asarray(ignored)), 0.0, loss)
    if reduction == "mean":
        count = float((~ignored).sum())  # none: the loss is NaN, and no score has a gradient
        if count == 0:
            return elementwise("where", Tensor(np.asarray(True)), np.nan, sum_of(loss))
        return sum_of(loss) / count
    return _reduce(loss, reduction)


def nll_loss(input: Any, target: Any, ignore_index: int = -100, reduction: str = "mean") -> Tensor:
    """-input[target]: the loss of log-probabilities."""
    x, t = as_tensor("nll_loss", input), as_tensor("nll_loss", target)
    _check_reduction("nll_loss", reduction)
    check_float("nll_loss", x)
    wanted = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if not x.ndim or t.shape != wanted:
        raise ShapeError(
            f"nll_loss: input is {x.shape}, so target must be {wanted} class indices, not {t.shape}"
        )
    if t.dtype == float64:
        raise DTypeError(f"nll_loss: the target must be an integer tensor, not {t.dtype}")
    return _by_class("nll_loss", x, t, ignore_index, reduction)


def cross_entropy(
    input: Any, target: Any, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> Tensor:
    """-log softmax(input) at the target: class indices, or probabilities of input's shape."""
    x, t = as_tensor("cross_entropy", input), as_tensor("cross_entropy", target)
    _check_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing {label_smoothing} is not between 0 and 1")
    check_float("cross_entropy", x)
    indices = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    by_class = t.dtype != float64
    if not x.ndim or t.shape != (indices if by_class else x.shape):
        raise ShapeError(
            f"cross_entropy: input is {x.shape}, so target must be {indices} class indices or "
            f"{x.shape} probabilities, not {t.shape}"
        )
    d = min(1, x.ndim - 1)
    log_p = log_softmax(x, d)
    if by_class:
        return _by_class("cross_entropy", log_p, t, ignore_index, reduction, label_smoothing)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / x.shape[d]
    loss = -sum_of(t * log_p, d)
    return sum_of(loss) / float(prod(indices)) if reduction == "mean" else _reduce(loss, reduction)
