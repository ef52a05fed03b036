"""Linear, and the two layers without numbers of their own: Identity and Flatten.

Read before: module.py, init.py. Read next: activations.py, containers.py.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from . import init
from ._engine import tg
from .module import Module
from .parameter import Parameter


def check_size(who: str, name: str, value: Any) -> int:
    """A number of features, as an int."""
    try:
        size = operator.index(value)
    except TypeError:
        raise TypeError(f"{who}: {name} must be a whole number, not {type(value).__name__}") from None
    if size < 0:
        raise ValueError(f"{who}: {name} must not be negative, but is {size}")
    return size


class Linear(Module):
    """input · weightᵀ + bias; weight is (out_features, in_features).

    Weights and bias start uniform in ±1/√in_features, which is PyTorch's kaiming_uniform_ with a = √5.

    >>> from trigrad import nn
    >>> nn.Linear(3, 2)
    Linear(in_features=3, out_features=2, bias=True)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        generator: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = check_size("Linear", "in_features", in_features)
        self.out_features = check_size("Linear", "out_features", out_features)
        self.weight = Parameter(tg.empty(self.out_features, self.in_features, dtype=dtype))
        self.register_parameter("bias", Parameter(tg.empty(self.out_features, dtype=dtype)) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Any = None) -> None:
        """Draw the starting values anew: first the weight, then the bias."""
        bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound, generator)

    def forward(self, input: Any, activation: str | None = None) -> Any:
        # Taken from their table: as an attribute, a parameter is found only after a search that fails.
        own = self._parameters
        if activation is None:
            return tg.linear(input, own["weight"], own["bias"])
        return tg.linear(input, own["weight"], own["bias"], activation=activation)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        bias = self._parameters["bias"] is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"


class Identity(Module):
    """Gives back its input; takes any arguments, for a place that another layer would fill."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """Dims start_dim .. end_dim as one; by default all but the batch.

    >>> from trigrad import nn
    >>> nn.Flatten()(tg.zeros(5, 2, 3)).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        return tg.flatten(input, start_dim=self.start_dim, end_dim=self.end_dim)

    def extra_repr(self) -> str:
        """As PyTorch prints it."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
