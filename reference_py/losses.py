"""Losses, each one operation: what a network's output and its target cost.

With reduction 'mean' or 'sum' one number comes out, with 'none' one per element (or per sample).
Read before: `along.py` (log_softmax).  After: `autograd.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .activations import sigmoid
from .along import log_softmax, log_softmax_array, softmax
from .dtypes import Array, int64
from .elementwise import abs, broadcasting, magnitude, sign, where
from .errors import DTypeError, ShapeError
from .indexing import check_range
from .operands import as_tensor, floating
from .reductions import sum
from .registry import op
from .shapes import Shape, unsqueeze
from .tensor import Tensor
from .transcendental import log1p_array

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


# ---- what they share ----
def _check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction {reduction!r} is not one of 'mean', 'sum', 'none'")


def same_shapes(name: str, input: Array, target: Array, reduction: str, **attrs: Any) -> dict[str, Any]:
    _check_reduction(name, reduction)
    if input.shape != target.shape:
        raise ShapeError(f"{name}: input is {input.shape} but target is {target.shape}")
    return {"reduction": reduction, **attrs}


def reduce(losses: Array, reduction: str, n: float | None = None) -> Array:
    """All losses, their sum, or their mean (over n of them where some do not count)."""
    if reduction == "none":
        return losses
    total = np.sum(losses)
    return total if reduction == "sum" else total / np.asarray(losses.size if n is None else n, losses.dtype)


def each(g: Tensor, reduction: str, n: float) -> Any:
    """The gradient that reaches each single loss."""
    return g / float(n) if reduction == "mean" else g


# ---- distances ----
def _mse_ginput(g: Tensor, input: Tensor, target: Tensor, reduction: str) -> Any:
    return each(g, reduction, input.numel()) * (2 * (input - target))


@op(
    "mse_loss",
    dtypes=floating,
    check=same_shapes,
    ginput=_mse_ginput,
    gtarget=lambda g, input, target, reduction: -_mse_ginput(g, input, target, reduction),
)
def mse_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    d = input - target
    return reduce(d * d, reduction)


def _l1_ginput(g: Tensor, input: Tensor, target: Tensor, reduction: str) -> Any:
    return each(g, reduction, input.numel()) * sign(input - target)


@op(
    "l1_loss",
    dtypes=floating,
    check=same_shapes,
    ginput=_l1_ginput,
    gtarget=lambda g, input, target, reduction: -_l1_ginput(g, input, target, reduction),
)
def l1_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    return reduce(magnitude(input - target), reduction)


def _huber_ginput(g: Tensor, input: Tensor, target: Tensor, reduction: str, delta: float) -> Any:
    d = input - target
    return each(g, reduction, input.numel()) * where(abs(d) < delta, d, delta * sign(d))


def _positive_delta(name: str, input: Array, target: Array, reduction: str, delta: float) -> dict[str, Any]:
    if not delta > 0:
        raise ValueError(f"{name}: delta must be positive, not {delta}")
    return same_shapes(name, input, target, reduction, delta=delta)


@op(
    "huber_loss",
    dtypes=floating,
    check=_positive_delta,
    ginput=_huber_ginput,
    gtarget=lambda g, input, target, reduction, delta: -_huber_ginput(g, input, target, reduction, delta),
)
def huber_loss(input: Array, target: Array, *, reduction: str = "mean", delta: float = 1.0) -> Array:
    """Quadratic near zero, a straight line beyond delta."""
    d = input - target
    far = magnitude(d)
    return reduce(np.where(far.real < delta, 0.5 * d * d, delta * (far - 0.5 * delta)), reduction)


# ---- classes ----
def class_dim(shape: Shape) -> int:
    """Where the classes are: dim 0 of (C), dim 1 of (N, C) and (N, C, d1, ...)."""
    return 0 if len(shape) == 1 else 1


def without_classes(shape: Shape) -> Shape:
    """The shape of the class indices, one for each sample."""
    return tuple(n for d, n in enumerate(shape) if d != class_dim(shape))


def _class_dtypes(name: str, inputs: Any) -> Any:
    """(input, target): floats, and class indices or (for cross_entropy) probabilities of the same dtype."""
    target = as_tensor(inputs[1])
    if target.dtype.kind in "fc":
        return floating(name, [inputs[0], target])
    if target.dtype != int64:
        raise DTypeError(f"{name}: the target must be int64 class indices, not {target.dtype}")
    return [*floating(name, [inputs[0]]), target]


def _check_classes(name: str, input: Array, target: Array, ignore_index: int) -> None:
    check_range(name, target[target != ignore_index], input.shape[class_dim(input.shape)])


def _chosen(input: Array, target: Array, ignore_index: int) -> Array:
    """input at the target classes; 0 for the samples that do not count."""
    d = class_dim(input.shape)
    ignored = target == ignore_index
    index = np.expand_dims(np.where(ignored, 0, target), d)
    return np.where(ignored, 0, np.take_along_axis(input, index, axis=d).squeeze(d))


def _one_hot(target: Tensor, shape: Shape, dtype: Any, ignore_index: int) -> Array:
    """1 at the target classes, in the input's shape; only zeros for the samples that do not count."""
    d = class_dim(shape)
    classes = np.arange(shape[d]).reshape([-1 if k == d else 1 for k in range(len(shape))])
    labels = np.expand_dims(target._array, d)
    return ((classes == labels) & (labels != ignore_index)).astype(dtype)


def _counted(target: Tensor, ignore_index: int) -> int:
    return int(np.sum(target._array != ignore_index))


def _nll_check(name: str, input: Array, target: Array, ignore_index: int, reduction: str) -> dict[str, Any]:
    _check_reduction(name, reduction)
    if target.dtype != int64:
        raise DTypeError(f"{name}: the target must be int64 class indices, not {target.dtype}")
    if not input.ndim or target.shape != without_classes(input.shape):
        raise ShapeError(f"{name}: input is {input.shape} but target is {target.shape}")
    _check_classes(name, input, target, ignore_index)
    return {"ignore_index": ignore_index, "reduction": reduction}


def _nll_ginput(g: Tensor, target: Tensor, shape: Shape, ignore_index: int, reduction: str) -> Any:
    g = each(g, reduction, _counted(target, ignore_index))
    g = unsqueeze(g, class_dim(shape)) if reduction == "none" else g
    picked = Tensor(_one_hot(target, shape, g.dtype, ignore_index))
    return where(picked == 1, -g, 0)


@op("nll_loss", dtypes=_class_dtypes, check=_nll_check, ginput=_nll_ginput)
def nll_loss(input: Array, target: Array, *, ignore_index: int = -100, reduction: str = "mean") -> Array:
    """Minus the log-probability of the target class."""
    n = float(np.sum(target != ignore_index))
    return reduce(-_chosen(input, target, ignore_index), reduction, n)


def _cross_entropy_check(
    name: str, input: Array, target: Array, ignore_index: int, reduction: str, label_smoothing: float
) -> dict[str, Any]:
    _check_reduction(name, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: label_smoothing must be between 0 and 1, not {label_smoothing}")
    labels = without_classes(input.shape)
    if not input.ndim or target.shape != (labels if target.dtype == int64 else input.shape):
        raise ShapeError(
            f"{name}: input is {input.shape}, so target must be {labels} class indices "
            f"or {input.shape} probabilities, not {target.shape}"
        )
    if target.dtype == int64:
        _check_classes(name, input, target, ignore_index)
    return {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": label_smoothing}


def _samples(target: Tensor, shape: Shape, ignore_index: int) -> int:
    """What a mean divides by: the samples that count."""
    return _counted(target, ignore_index) if target.dtype == int64 else math.prod(without_classes(shape))


def _smoothed(target: Tensor, shape: Shape, dtype: Any, ignore_index: int, label_smoothing: float) -> Any:
    """The target as probabilities: a share of label_smoothing is spread evenly over all classes."""
    C = shape[class_dim(shape)]
    if target.dtype != int64:
        return target * (1 - label_smoothing) + label_smoothing / C
    counts = np.expand_dims(target._array != ignore_index, class_dim(shape))
    hot = _one_hot(target, shape, dtype, ignore_index)
    return Tensor(np.where(counts, hot * (1 - label_smoothing) + label_smoothing / C, 0).astype(dtype))


def _cross_entropy_ginput(
    g: Tensor, input: Tensor, target: Tensor, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    """softmax(x) sum(q) - q for target probabilities q; their sum is 0 where a sample does not count."""
    d, shape = class_dim(input.shape), input.shape
    g = each(g, reduction, _samples(target, shape, ignore_index))
    g = unsqueeze(g, d) if reduction == "none" else g
    q = _smoothed(target, shape, input.dtype, ignore_index, label_smoothing)
    gx = g * (softmax(input, d) * sum(q, d, True) - q)
    if target.dtype != int64:
        return gx
    counts = Tensor(np.expand_dims(target._array != ignore_index, d))
    return where(counts, gx, 0)  # where all labels are ignored, g is infinite


def _cross_entropy_gtarget(
    g: Tensor, input: Tensor, target: Tensor, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    d, shape = class_dim(input.shape), input.shape
    g = each(g, reduction, _samples(target, shape, ignore_index))
    g = unsqueeze(g, d) if reduction == "none" else g
    return -(1 - label_smoothing) * g * log_softmax(input, d)


@op(
    "cross_entropy",
    dtypes=_class_dtypes,
    check=_cross_entropy_check,
    ginput=_cross_entropy_ginput,
    gtarget=_cross_entropy_gtarget,
)
def cross_entropy(
    input: Array,
    target: Array,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """-sum(q log softmax(x)): q is the target's probabilities, or all on one class."""
    d = class_dim(input.shape)
    C = input.shape[d]
    logp = log_softmax_array(input, d)
    if target.dtype != int64:
        q = target * (1 - label_smoothing) + label_smoothing / C
        return reduce(-np.sum(q * logp, axis=d), reduction)
    losses = -(1 - label_smoothing) * _chosen(logp, target, ignore_index)
    if label_smoothing:
        losses = losses - label_smoothing / C * np.where(target == ignore_index, 0, np.sum(logp, axis=d))
    return reduce(losses, reduction, float(np.sum(target != ignore_index)))


# ---- two classes, margins, densities ----
def _bce_ginput(g: Tensor, input: Tensor, target: Tensor, reduction: str) -> Any:
    return each(g, reduction, input.numel()) * (sigmoid(input) - target)


@op(
    "binary_cross_entropy_with_logits",
    dtypes=floating,
    check=same_shapes,
    ginput=_bce_ginput,
    gtarget=lambda g, input, reduction: -each(g, reduction, input.numel()) * input,
)
def binary_cross_entropy_with_logits(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """-t log s - (1 - t) log(1 - s) for s = sigmoid(x), written so that no exp overflows."""
    positive = np.where(input.real > 0, input, 0)
    return reduce(positive - input * target + log1p_array(np.exp(-magnitude(input))), reduction)


def _hinge(g: Tensor, input: Tensor, target: Tensor, slope: Tensor, reduction: str, margin: float) -> Any:
    inside = margin - target * input > 0
    return where(inside, -each(g, reduction, input.numel()) * slope, 0)


@op(
    "hinge_loss",
    dtypes=floating,
    check=same_shapes,
    ginput=lambda g, input, target, reduction, margin: _hinge(g, input, target, target, reduction, margin),
    gtarget=lambda g, input, target, reduction, margin: _hinge(g, input, target, input, reduction, margin),
)
def hinge_loss(input: Array, target: Array, *, margin: float = 1.0, reduction: str = "mean") -> Array:
    """relu(margin - target input), for targets -1 and 1."""
    gap = margin - target * input
    return reduce(np.where(gap.real <= 0, 0, gap), reduction)


def _score(value: Tensor, mean: Tensor, std: Tensor) -> Any:
    return (value - mean) / std


@op(
    "gaussian_log_prob",
    dtypes=floating,
    check=broadcasting,
    gvalue=lambda g, value, mean, std: -g * (_score(value, mean, std) / std),
    gmean=lambda g, value, mean, std: g * (_score(value, mean, std) / std),
    gstd=lambda g, value, mean, std: g * ((_score(value, mean, std) * _score(value, mean, std) - 1) / std),
)
def gaussian_log_prob(value: Array, mean: Array, std: Array) -> Array:
    """The log of the normal density."""
    d = (value - mean) / std
    return -0.5 * d * d - np.log(std) - HALF_LOG_2PI
