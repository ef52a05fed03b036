"""Activations as modules: each calls the engine's function of that name.

Read before: module.py. Read next: containers.py, where a Linear and an activation become one operation.
"""

from __future__ import annotations

from typing import Any

from ._engine import tg
from .module import Module


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, input: Any) -> Any:
        return tg.relu(input)


class Tanh(Module):
    """tanh x."""

    def forward(self, input: Any) -> Any:
        return tg.tanh(input)


class Sigmoid(Module):
    """1 / (1 + e^-x)."""

    def forward(self, input: Any) -> Any:
        return tg.sigmoid(input)


class SiLU(Module):
    """x sigmoid(x)."""

    def forward(self, input: Any) -> Any:
        return tg.silu(input)


class LeakyReLU(Module):
    """x, or negative_slope x where x < 0."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        return tg.leaky_relu(input, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x, or alpha (e^x - 1) where x < 0."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        return tg.elu(input, alpha=self.alpha)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"alpha={self.alpha}"


class GELU(Module):
    """x times the normal distribution function, or with approximate='tanh' its approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return tg.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + e^(beta x)) / beta, and x itself where beta x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        return tg.softplus(input, beta=self.beta, threshold=self.threshold)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """e^x, divided by its sum along dim."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        if self.dim is None:
            raise TypeError(
                f"{type(self).__name__}: dim is missing; write {type(self).__name__}(dim=-1) for the last"
            )
        return self._of(input, self.dim)

    def _of(self, input: Any, dim: int) -> Any:
        return tg.softmax(input, dim=dim)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """log softmax, without its overflow."""

    def _of(self, input: Any, dim: int) -> Any:
        return tg.log_softmax(input, dim=dim)
