"""The scalar engine: every number is a node of a flat tape, float64.

`Value` is micrograd's, one number at a time; `Tensor` is a shaped array of the same nodes with the common
surface of all trigrad engines, so that a tensor program can be run, and looked at, as scalar operations.
What it lacks it refuses by name (`supports`). A zero adjoint is not passed on: 0 times infinity
contributes 0 to a gradient here, not NaN.

>>> from trigrad.scalar_cpp import Value
>>> a, b = Value(2.0), Value(-3.0)
>>> (a * b + a).backward()
>>> a.grad, b.grad
(-2.0, 2.0)
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any

import numpy as _np

from .. import errors
from . import (
    autograd,
    creation,
    elementwise,
    func,
    losses,
    modes,
    products,
    reductions,
    refused,
    shapes,
)
from . import inplace as _inplace  # noqa: F401 - gives Tensor its methods
from .checks import bool_ as bool
from .checks import float32, float64, int64
from .creation import *  # noqa: F403 - each file lists its functions
from .drawing import to_dot
from .losses import *  # noqa: F403
from .micrograd import MLP, Layer, Neuron, Value
from .modes import *  # noqa: F403
from .products import *  # noqa: F403
from .reductions import *  # noqa: F403
from .refused import Function, ops, supports
from .shapes import *  # noqa: F403
from .sweep import ORDERS
from .tensor import Tensor

_FUNCTIONS = elementwise.FUNCTIONS | refused.FUNCTIONS
del _FUNCTIONS["view"]  # a method only
globals().update(_FUNCTIONS)


def set_default_dtype(dtype: Any) -> None:
    """Only float64 can be chosen."""
    if _np.dtype(dtype) != float64:
        raise NotImplementedError(
            f"scalar_cpp does not support {_np.dtype(dtype)}; engines() lists what it does"
        )


def get_default_dtype() -> _np.dtype[Any]:
    """float64, always."""
    return float64


def set_num_threads(n: int) -> None:
    """Accepted, as in PyTorch, and without effect: a tape belongs to one thread."""
    if n < 1:
        raise ValueError(f"set_num_threads: needs a positive number of threads, not {n}")


def get_num_threads() -> int:
    """1, always."""
    return 1


def show_config() -> str:
    """What this engine is, in words."""
    return f"scalar_cpp: one flat tape a thread, float64, {len(ops())} operations, 1 thread"


# Imported when first asked for: most programs about gradients need none of them.
_LAZY = ("nn", "optim", "data")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])


__all__ = [
    "MLP",
    "ORDERS",
    "Function",
    "Layer",
    "Neuron",
    "Tensor",
    "Value",
    "autograd",
    "bool",
    "errors",
    "float32",
]
__all__ += ["float64", "func", "get_default_dtype", "get_num_threads", "int64", "ops", "set_default_dtype"]
__all__ += ["set_num_threads", "show_config", "supports", "to_dot"]
__all__ += creation.__all__ + losses.__all__ + modes.__all__ + products.__all__ + reductions.__all__
__all__ += shapes.__all__
__all__ += list(_FUNCTIONS)
