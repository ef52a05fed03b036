"""What the epochs need of a model: a step, a look, and its weights. Both engines' sides offer it.

Read next: surface.py (trigrad's engines), torch_twin.py (PyTorch).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .settings import Settings

Array = NDArray[Any]


class Learner(Protocol):
    """A network with its loss and its optimiser."""

    def step(self, x: Array, y: Array, lr: float) -> tuple[float, Array]:
        """Trains on one batch; gives the loss and the scores before the update."""

    def look(self, x: Array, y: Array) -> tuple[float, Array]:
        """Loss and scores, nothing recorded."""

    def scores(self, x: Array) -> Array:
        """Scores alone, nothing recorded."""

    def state(self) -> dict[str, Array]:
        """The weights by name: copies."""

    def load(self, state: dict[str, Array]) -> None:
        """Sets the weights."""


def create(settings: Settings) -> Learner:
    """The learner of the chosen engine, its weights not yet set."""
    if settings.engine == "torch":
        from .torch_twin import TorchLearner

        return TorchLearner(settings)
    from .surface import SurfaceLearner

    return SurfaceLearner(settings)


def right_answers(loss: str, scores: Array, y: Array) -> int | None:
    """How many points are on the right side or in the right class; None where that means nothing."""
    if loss == "hinge":
        return int(np.sum((scores > 0) == (y > 0)))
    if loss == "nll":
        return int(np.sum(scores.argmax(axis=1) == y))
    return None
