"""trigrad: three autodiff engines on one list of operations.

`import trigrad as tg` is the C++ tensor engine. `from trigrad import reference_py as tg` is the same names in
NumPy, `from trigrad import scalar_cpp as tg` on scalars in C++.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import tensor_cpp
from ._core import version as __version__
from .tensor_cpp import *  # noqa: F403 - this module is tensor_cpp's surface

# Imported when first asked for: `import trigrad` stays quick.
_LAZY = ("scalar_cpp", "reference_py", "gradcheck")
_OF_TENSOR_CPP = ("nn", "optim", "data")
_ENGINES = ("tensor_cpp", "scalar_cpp", "reference_py")


def engines() -> dict[str, dict[str, Any]]:
    """What there is: for each engine its backward orders, dtypes, and the operations it supports."""
    names = [record["name"] for record in tensor_cpp.ops()]
    found = {}
    for engine in _ENGINES:
        module = importlib.import_module(f"{__name__}.{engine}")
        supports = getattr(module, "supports", lambda op: True)
        found[engine] = {
            "orders": module.ORDERS,
            "dtypes": ("float64",) if engine == "scalar_cpp" else ("float32", "float64", "int64", "bool"),
            "ops": [name for name in names if supports(name)],
        }
    return found


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _OF_TENSOR_CPP:
        return getattr(tensor_cpp, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY, *_OF_TENSOR_CPP])


__all__ = [*vars(tensor_cpp)["__all__"], "__version__", "engines", "tensor_cpp", *_LAZY, *_OF_TENSOR_CPP]
