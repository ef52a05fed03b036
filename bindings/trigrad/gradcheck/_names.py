"""What the calls of an engine are called, and which thread is being watched.

Why it exists: _trace.py and _watch.py both need it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._trace import Tracer

OPERATORS = {
    **{
        f"__{kind}{name}__": name
        for name in ("add", "sub", "mul", "pow", "matmul")
        for kind in ("", "r", "i")
    },
    **{f"__{kind}truediv__": "div" for kind in ("", "r", "i")},
    **{f"__{name}__": name for name in ("neg", "abs", "getitem", "eq", "ne", "lt", "le", "gt", "ge")},
    "__and__": "logical_and",
    "__or__": "logical_or",
    "__invert__": "logical_not",
    "T": "permute",
    "mT": "transpose",
}
IN_PLACE = {"add_", "sub_", "mul_", "div_", "pow_", "fill_", "zero_", "copy_", "__setitem__"}
ESCAPES = {"item", "numpy", "tolist", "__float__", "__array__", "data"}  # numbers leave the graph here
CUTS = {"detach"}  # gradients stop here, though the numbers go on


class _Active(threading.local):
    tracer: Tracer | None = None
    depth = 0


ACTIVE = _Active()
