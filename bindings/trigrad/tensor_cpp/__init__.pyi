# Written by hand: __init__.py gathers the op list's names at run time, which no type checker follows.
from typing import Any

import numpy as np

from .. import errors as errors
from .._core.tensor import *
from . import autograd as autograd
from . import data as data
from . import func as func
from . import nn as nn
from . import optim as optim
from ._compile import compile as compile
from ._draw import to_dot as to_dot
from ._function import Function as Function
from ._modes import detect_anomaly as detect_anomaly
from ._modes import enable_grad as enable_grad
from ._modes import no_grad as no_grad
from ._modes import set_grad_enabled as set_grad_enabled
from ._tensor import from_dlpack as from_dlpack

ORDERS: tuple[str, ...]
float32: np.dtype[Any]
float64: np.dtype[Any]
int64: np.dtype[Any]
bool: np.dtype[Any]

def supports(op: str) -> Any: ...
def show_config() -> str: ...
