"""tg: the engine whose tensors the loaders yield. Why it exists: as nn/_engine.py."""

from __future__ import annotations

from importlib import import_module
from typing import Any

assert __package__ is not None
tg: Any = import_module("..", __package__)
