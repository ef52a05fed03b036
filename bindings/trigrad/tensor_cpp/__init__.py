"""tensor_cpp: the C++ tensor engine.  `import trigrad as tg` is this module's surface.

PyTorch's names, argument names and defaults, on the CPU.  backward() takes order='tape' (the default),
'stack' or 'recursive'.
"""

from __future__ import annotations

from builtins import bool as _bool

import numpy as _np

from .. import errors
from .._core import tensor as _core
from .._core import version as _version
from .._core.tensor import *  # noqa: F403 - the functions of the op list
from .._core.tensor import (
    Generator,
    Tensor,
    get_default_dtype,
    is_grad_enabled,
    manual_seed,
    set_default_dtype,
)
from . import _tensor, autograd, func
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


def get_num_threads() -> int:
    """How many threads this engine uses: one."""
    return 1


def set_num_threads(n: int) -> None:
    """Accepted, as in PyTorch, and without effect: this engine uses one thread."""
    if n < 1:
        raise ValueError(f"set_num_threads: needs a positive number of threads, not {n}")


def show_config() -> str:
    """What this engine runs on, in words."""
    what = f"orders {', '.join(ORDERS)}, {len(_OPS)} operations, matrix products by Eigen, 1 thread"
    return f"tensor_cpp {_version}: {what}"


# Records without a function of that name.
_ALIASES = {"gelu_tanh", "max_dim", "min_dim", "slice", "index", "view"}

__all__ = [
    *sorted(_OPS - _ALIASES),
    *"ORDERS Function Generator Tensor arange as_tensor autograd bool concat detect_anomaly empty".split(),
    *"enable_grad errors eye float32 float64 from_numpy full full_like func get_default_dtype".split(),
    *"get_num_threads int64 is_grad_enabled linspace manual_seed no_grad ones ones_like ops rand".split(),
    *"rand_like randint randn randn_like randperm set_default_dtype set_grad_enabled set_num_threads".split(),
    *"show_config tensor to_dot zeros zeros_like".split(),
]
