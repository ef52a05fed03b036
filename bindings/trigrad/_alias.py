"""Further names for modules that exist already.

Why it exists: `import trigrad.nn as nn` and `import trigrad.nn.functional as F` are what PyTorch users type.
Those modules are `trigrad.tensor_cpp.nn`; loading them a second time would give a second Module class.
"""

from __future__ import annotations

import sys


def alias(name: str, known: str) -> None:
    """`name`, and name.x for every known.x, are from now on the loaded module `known` and its submodules."""
    for module in [m for m in sys.modules if m == known or m.startswith(known + ".")]:
        sys.modules[name + module.removeprefix(known)] = sys.modules[module]
