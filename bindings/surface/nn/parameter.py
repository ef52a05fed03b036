"""Parameter: a tensor that a module finds and an optimiser trains.

Read before: nothing. Read next: parts.py, which collects parameters by this type.
"""

from __future__ import annotations

from typing import Any

from .. import Tensor
from ._engine import tg


class Parameter(Tensor):
    """A leaf over the memory of `data`, which requires grad unless told otherwise.

    >>> from trigrad import nn
    >>> nn.Parameter(tg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = tg.empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter: needs a tensor, not {type(data).__name__}; write Parameter(tensor(data))"
            )
        made: Any = data.detach()
        made.__class__ = cls  # an engine makes its tensors itself; a subclass is given to one that is made
        made.requires_grad = requires_grad
        return made

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass  # made already; the engine's own __init__ would start anew

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce__(self) -> Any:
        return type(self), (self.detach(), self.requires_grad)
