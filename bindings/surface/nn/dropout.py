"""Dropout: zeros at random while training.

Read before: module.py, functional.py (`dropout`).
"""

from __future__ import annotations

from typing import Any

from . import functional
from ._engine import tg
from .module import Module


class Dropout(Module):
    """While training, each element is 0 with probability p and the others are divided by 1 - p.

    `seed` (or a `generator`) gives this layer a random stream of its own; else it draws from the engine's.

    >>> from trigrad import nn
    >>> nn.Dropout(0.5).eval()(tg.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, generator: Any = None, seed: int | None = None) -> None:
        super().__init__()
        functional.check_probability(p)
        if generator is not None and seed is not None:
            raise ValueError("Dropout: give a generator or a seed, not both")
        self.p = p
        self.generator = generator if seed is None else tg.Generator(seed)

    def forward(self, input: Any) -> Any:
        return functional.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"

    def __getstate__(self) -> dict[str, Any]:
        """An engine's generator can be neither copied nor pickled, but its two numbers can."""
        state = self.__dict__.copy()
        state["generator"] = None if self.generator is None else self.generator.get_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if state["generator"] is not None:
            self.__dict__["generator"] = tg.Generator(0)
            self.__dict__["generator"].set_state(state["generator"])
