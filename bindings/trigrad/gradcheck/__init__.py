"""Is this gradient right?  For functions and ops of any engine, PyTorch's or your own.

    import trigrad as tg

    tg.gradcheck(lambda x, w: tg.tanh(x @ w), [x, w])          # raises GradcheckError if a number is wrong
    tg.gradcheck(f, [x], blame=True)                           # ... and names the op whose rule is wrong
    tg.gradcheck(f, [x], order=2)                              # second derivatives too
    tg.gradcheck.check_op("tanh", engine="reference_py")       # an op of the list

    $ python -m trigrad.gradcheck tanh matmul --engine tensor_cpp

The module is callable: `from trigrad.gradcheck import gradcheck` and `trigrad.gradcheck(...)` are the same
function.
Read in this order: _check.py (what counts as wrong), _oracle.py (who decides), _differences.py,
_trace.py and _replay.py (the two oracles), _diagnose.py, _blame.py.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ._engines import Adapter, by_hand
from ._gradcheck import gradcheck
from ._ops import check_op
from ._report import Blame, Failure, GradcheckError, InputResult, Report
from ._sweep import Curve, eps_sweep

__all__ = [
    "Adapter",
    "Blame",
    "Curve",
    "Failure",
    "GradcheckError",
    "InputResult",
    "Report",
    "by_hand",
    "check_op",
    "eps_sweep",
    "gradcheck",
]


class _CallableModule(ModuleType):
    """`tg.gradcheck(fn, inputs)`: the module stands for its main function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Report:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
