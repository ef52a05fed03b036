"""reference_py: reverse-mode differentiation in plain NumPy, written for reading.

It is the witness against which the C++ engines are tested, and shares no code with them.  Read the files in
this order: `tensor.py`, `graph.py`, `registry.py`, `elementwise.py`, then whichever operation you are curious
about.  Everything a user needs is a name of this module: `import reference_py as tg`.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from pathlib import Path as _Path
from typing import Any

import numpy as _np

from . import autograd, errors, func
from .along import cumprod, cumsum, log_softmax, logsumexp, prod, softmax, sort, topk
from .complex_step import complexify as complexify
from .creation import (
    arange,
    empty,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
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
from .drawing import to_dot
from .dtypes import bool_ as bool
from .dtypes import float32, float64, get_default_dtype, int64, set_default_dtype
from .function import Function
from .graph import ORDERS
from .indexing import embedding, gather, index_select, scatter_add
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
from .methods import ELEMENTWISE as _ELEMENTWISE
from .methods import attach as _attach
from .modes import compile, detect_anomaly, enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .operands import as_tensor
from .products import dot, einsum, linear, matmul, outer
from .random import Generator, manual_seed
from .reductions import all, amax, amin, any, argmax, argmin, max, mean, min, norm, std, sum, var
from .registry import OPS
from .shapes import (
    cat,
    expand,
    flatten,
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
from .tensor import Tensor

_attach()
globals().update(_ELEMENTWISE)  # exp, add, relu, where, ...
concat = cat

# nn, optim and data are written once for all engines. Builds and wheels lay them into this folder; where this
# package is imported from the source tree, they are found where they are written.
__path__.append(str(_Path(__file__).parents[1] / "bindings" / "surface"))
_LAZY = ("nn", "optim", "data")


def __getattr__(name: str) -> Any:  # type checkers take the elementwise operations from here, too
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])


def ops() -> list[str]:
    """The names of all operations."""
    return list(OPS)


def get_num_threads() -> int:
    """How many threads this engine uses: one, whatever NumPy's matrix product may do."""
    return 1


def set_num_threads(n: int) -> None:
    """Accepted, as in the other engines, and without effect."""


def show_config() -> str:
    """What this engine runs on, in words."""
    return f"reference_py: NumPy {_np.__version__}, orders {', '.join(ORDERS)}, {len(OPS)} operations"


__all__ = ["OPS", "ORDERS", "Function", "Generator", "Tensor", "all", "amax", "amin", "any", "arange"]
__all__ += ["argmax", "argmin", "as_tensor", "autograd", "binary_cross_entropy_with_logits", "bool", "cat"]
__all__ += [
    "compile",
    "concat",
    "cross_entropy",
    "cumprod",
    "cumsum",
    "detect_anomaly",
    "dot",
    "einsum",
    "embedding",
]
__all__ += ["empty", "enable_grad", "errors", "expand", "eye", "flatten", "float32", "float64", "from_numpy"]
__all__ += ["full", "full_like", "func", "gather", "gaussian_log_prob", "get_default_dtype"]
__all__ += ["get_num_threads", "hinge_loss", "huber_loss", "index_select", "int64", "is_grad_enabled"]
__all__ += ["l1_loss", "linear", "linspace", "log_softmax", "logsumexp", "manual_seed", "masked_fill"]
__all__ += ["matmul", "max", "mean", "min", "mse_loss", "narrow", "nll_loss", "no_grad", "norm", "ones"]
__all__ += ["ones_like", "ops", "outer", "permute", "prod", "rand", "rand_like", "randint", "randn"]
__all__ += ["randn_like", "randperm", "reshape", "scatter_add", "set_default_dtype", "set_grad_enabled"]
__all__ += ["set_num_threads", "show_config", "softmax", "sort", "split", "squeeze", "stack", "std", "sum"]
__all__ += ["tensor", "to_dot", "topk", "transpose", "tril", "triu", "unsqueeze", "var", "zeros"]
__all__ += ["zeros_like"]
__all__ += _ELEMENTWISE
