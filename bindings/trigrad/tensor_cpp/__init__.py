"""tensor_cpp: the C++ tensor engine.  `import trigrad as tg` is this module's surface.

PyTorch's names, argument names and defaults, on the CPU.  backward() takes order='tape' (the default),
'stack' or 'recursive'.
"""

from __future__ import annotations

from builtins import bool as _bool
from importlib import import_module as _import_module
from typing import Any as _Any

import numpy as _np

from .. import errors
from .._core import tensor as _core
from .._core import version as _version
from .._core.tensor import *  # noqa: F403 - the functions of the op list
from .._core.tensor import (
    Generator,
    Tensor,
    get_default_dtype,
    get_num_threads,
    is_grad_enabled,
    manual_seed,
    set_default_dtype,
    set_num_threads,
)
from . import _tensor, autograd, func
from ._compile import compile
from ._draw import to_dot
from ._function import Function
from ._modes import detect_anomaly, enable_grad, no_grad, set_grad_enabled
from ._tensor import from_dlpack as from_dlpack

ORDERS = ("tape", "stack", "recursive")
float32, float64, int64 = _np.dtype("float32"), _np.dtype("float64"), _np.dtype("int64")
bool = _np.dtype("bool")

_OPS = frozenset(record["name"] for record in _core.ops())


def supports(op: str) -> _bool:
    """Whether this engine has the op: every one of the list."""
    return op in _OPS


def show_config() -> str:
    """What this engine runs on, in words."""
    products = f"matrix products: {_core.gemm_backend()}, {get_num_threads()} threads"
    return f"tensor_cpp {_version}: orders {', '.join(ORDERS)}, {len(_OPS)} operations, {products}"


# Imported when first asked for: most programs about gradients need none of them.
_LAZY = ("nn", "optim", "data")


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])


# Records without a function of that name.
_ALIASES = {"gelu_tanh", "max_dim", "min_dim", "slice", "index", "view"}

__all__ = [
    *sorted(_OPS - _ALIASES),
    *"ORDERS Function Generator Tensor arange as_tensor autograd bool compile concat".split(),
    *"detect_anomaly empty enable_grad errors eye float32 float64 from_numpy full full_like func".split(),
    *"get_default_dtype get_num_threads int64 is_grad_enabled linspace manual_seed no_grad ones".split(),
    *"ones_like ops rand rand_like randint randn randn_like randperm set_default_dtype".split(),
    *"set_grad_enabled set_num_threads".split(),
    *"show_config tensor to_dot zeros zeros_like".split(),
]
