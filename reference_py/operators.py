"""What `+`, `==`, `[...]` and the like mean for a tensor: operations of the list, attached as methods.

Read before: nothing.  After: `tensor.py`, whose class inherits these, and `inplace.py` for `+=`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np


def is_operand(value: Any) -> bool:
    """Whether a tensor can be compared with this, element by element."""
    return hasattr(value, "engine") or isinstance(
        value, bool | int | float | np.ndarray | np.generic | list | tuple
    )


class Operators:
    """Python's operators, spelled as the operations they call."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the operations, attached in methods.py

    __hash__ = object.__hash__  # by identity, since == compares elements

    def __add__(self, other: Any) -> Any:
        return self.add(other)

    def __sub__(self, other: Any) -> Any:
        return self.sub(other)

    def __mul__(self, other: Any) -> Any:
        return self.mul(other)

    def __truediv__(self, other: Any) -> Any:
        return self.div(other)

    def __pow__(self, other: Any) -> Any:
        return self.pow(other)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def __radd__(self, other: Any) -> Any:
        return self._reflected("add", other)

    def __rsub__(self, other: Any) -> Any:
        return self._reflected("sub", other)

    def __rmul__(self, other: Any) -> Any:
        return self._reflected("mul", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._reflected("div", other)

    def __rpow__(self, other: Any) -> Any:
        return self._reflected("pow", other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._reflected("matmul", other)

    def __neg__(self) -> Any:
        return self.neg()

    def __abs__(self) -> Any:
        return self.abs()

    def __pos__(self) -> Any:
        return self

    def __invert__(self) -> Any:
        return self._invert()

    def __lt__(self, other: Any) -> Any:
        return self.lt(other)

    def __le__(self, other: Any) -> Any:
        return self.le(other)

    def __gt__(self, other: Any) -> Any:
        return self.gt(other)

    def __ge__(self, other: Any) -> Any:
        return self.ge(other)

    def __eq__(self, other: Any) -> Any:
        return self.eq(other) if is_operand(other) else NotImplemented  # so that `t == None` is False

    def __ne__(self, other: Any) -> Any:
        return self.ne(other) if is_operand(other) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return self._and(other)

    def __rand__(self, other: Any) -> Any:
        return self._and(other)

    def __or__(self, other: Any) -> Any:
        return self._or(other)

    def __ror__(self, other: Any) -> Any:
        return self._or(other)

    def __iadd__(self, other: Any) -> Any:
        return self._augmented("add", other)

    def __isub__(self, other: Any) -> Any:
        return self._augmented("sub", other)

    def __imul__(self, other: Any) -> Any:
        return self._augmented("mul", other)

    def __itruediv__(self, other: Any) -> Any:
        return self._augmented("div", other)

    def __ipow__(self, other: Any) -> Any:
        return self._augmented("pow", other)

    def __getitem__(self, key: Any) -> Any:
        return self._getitem(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._setitem(key, value)
