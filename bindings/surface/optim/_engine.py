"""tg: the engine whose optimisers these are; sgd_ and adam_: its fused updates.

Why it exists: as nn/_engine.py. An update is one call for all parameters, in place, outside any graph:
tensor_cpp has it in C++, reference_py/_updates.py shows it in NumPy. Read next: optimizer.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .._updates import adam_ as adam_
from .._updates import sgd_ as sgd_

assert __package__ is not None
tg: Any = import_module("..", __package__)
