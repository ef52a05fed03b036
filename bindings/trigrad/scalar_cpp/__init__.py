"""The scalar engine: every number is a node of a flat tape, float64.

`Value` is micrograd's, one number at a time; `Tensor` is a shaped array of the same nodes with the common surface of
all trigrad engines, so that a tensor program can be run, and looked at, as scalar operations. What it lacks it refuses
by name (`supports`). A zero adjoint is not passed on: 0 times infinity contributes 0 to a gradient here, not NaN.

>>> from trigrad.scalar_cpp import Value
>>> a, b = Value(2.0), Value(-3.0)
>>> (a * b + a).backward()
>>> a.grad, b.grad
(-2.0, 2.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trigrad import errors

from . import autograd, creation, elementwise, func, inplace, losses, products, reductions, refused, shapes
from .creation import (
    Generator,
    arange,
    empty,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    manual_seed,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from .creation import as_tensor_ as as_tensor
from .drawing import to_dot
from .losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_log_prob,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
)
from .micrograd import MLP, Layer, Neuron, Value
from .modes import detect_anomaly, enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .products import dot, einsum, linear, matmul, outer
from .reductions import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    norm,
    softmax,
    std,
    sum,
    var,
)
from .refused import Function, ops, supports
from .shapes import (
    cat,
    concat,
    embedding,
    expand,
    flatten,
    gather,
    index_select,
    masked_fill,
    narrow,
    permute,
    reshape,
    split,
    squeeze,
    stack,
    transpose,
    tril,
    triu,
    unsqueeze,
)
from .tensor import ORDERS, Tensor, float32, float64, int64
from .tensor import bool_ as bool

globals().update(elementwise.FUNCTIONS)
globals().update({name: made for name, made in refused.FUNCTIONS.items() if name != "view"})


def set_default_dtype(dtype: Any) -> None:
    """Only float64 can be chosen."""
    if np.dtype(dtype) != float64:
        raise NotImplementedError(f"scalar_cpp does not support {np.dtype(dtype)}; engines() lists what it does")


def get_default_dtype() -> np.dtype[Any]:
    """float64, always."""
    return float64


def set_num_threads(n: int) -> None:
    """Accepted and of no effect: a tape belongs to one thread."""
    if n < 1:
        raise ValueError(f"set_num_threads: needs at least 1 thread, not {n}")


def get_num_threads() -> int:
    """1, always."""
    return 1


def show_config() -> str:
    """What this engine is."""
    return "scalar_cpp: one flat tape a thread, float64, 56 bytes a node, 1 thread"
