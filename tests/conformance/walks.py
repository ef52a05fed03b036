"""Which tests run on every engine, and which on every engine in each of its orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .engines import Engine, with_surface

engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)
CELLS = [pytest.param(e, order, id=f"{e.id}-{order}") for e in with_surface() for order in e.orders]
walks = pytest.mark.parametrize(("engine", "order"), CELLS)


def leaf(engine: Engine, value: Any) -> Any:
    """A float64 leaf that wants a gradient."""
    return engine.tensor(np.array(value, dtype=float), "float64", True)
