"""tg: the engine whose nn this is, the package that holds this folder.

Why it exists: one source serves every engine (`trigrad.tensor_cpp.nn`, `trigrad.scalar_cpp.nn`, ...). Which
one it is bound to is decided by where the folder lies, and by nothing else; what is written `tg.relu` in
these files is that engine's. Read next: parameter.py, module.py, linear.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

assert __package__ is not None
tg: Any = import_module("..", __package__)
