"""Changes in place: allowed where nothing tracks the tensor. Read tensor.py before.

The tape holds derivatives as numbers, so no later change of a value can spoil a gradient; the refusals are
the common surface's, which keeps a program portable to the engines where it would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from .checks import float64
from .elementwise import elementwise
from .modes import modes, no_grad
from .shapes import positions_for
from .tensor import Tensor, as_tensor


def _check(name: str, x: Tensor, value: Any = None) -> None:
    if not modes.recording:
        return
    if isinstance(value, Tensor) and value.requires_grad and not x.requires_grad:
        raise GraphError(
            f"{name}: a value that a graph tracks cannot be stored in place, as its gradient would be lost; "
            "write a = a + b, or detach() the value"
        )
    if not x.requires_grad:
        return
    if x.is_leaf:
        raise GraphError(
            f"{name}: a leaf that requires grad cannot be changed in place; do it inside no_grad()"
        )
    raise GraphError(
        f"{name}: a tensor that a graph tracks cannot be changed in place; write a = a + b, or change "
        f"a detached clone"
    )


def _store(name: str, x: Tensor, values: Any, at: Any = ...) -> Tensor:
    new = np.asarray(values)
    if new.dtype == float64 and x.dtype != float64:
        raise DTypeError(f"{name}: a {new.dtype} result cannot be stored in an {x.dtype} tensor")
    target = x._array[at].shape
    if at is ... and np.broadcast_shapes(new.shape, target) != target:
        raise ShapeError(
            f"{name}: a result of shape {new.shape} cannot be stored in a tensor of shape {target}"
        )
    x._array[at] = new
    x._version_box[0] += 1
    return x


def _arithmetic(op: str) -> Callable[[Tensor, Any], Tensor]:
    name = op + "_"

    def method(self: Tensor, other: Any) -> Tensor:
        _check(name, self, other)
        y = as_tensor(op, other)
        with no_grad():
            return _store(name, self, elementwise(op, self, y)._array)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{op}, stored in this tensor."
    return method


def _augmented(op: str, symbol: str) -> Callable[[Tensor, Any], Tensor]:
    change = getattr(Tensor, op + "_")

    def method(self: Tensor, other: Any) -> Tensor:
        if self.requires_grad and not self.is_leaf and modes.recording:
            return elementwise(op, self, other)
        if not self.requires_grad and modes.recording and isinstance(other, Tensor) and other.requires_grad:
            return elementwise(op, self, other)
        changed: Tensor = change(self, other)
        return changed

    method.__name__ = method.__qualname__ = f"__i{symbol}__"
    return method


for _op, _symbol in {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "pow": "pow"}.items():
    setattr(Tensor, _op + "_", _arithmetic(_op))
    setattr(Tensor, f"__i{_symbol}__", _augmented(_op, _symbol))


def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element becomes `value`."""
    _check("fill_", self, value)
    return _store("fill_", self, as_tensor("fill_", value)._array)


def zero_(self: Tensor) -> Tensor:
    """Every element becomes 0."""
    _check("zero_", self)
    self._array.fill(0)
    self._version_box[0] += 1
    return self


def copy_(self: Tensor, src: Any) -> Tensor:
    """Takes the values of `src`, broadcast and converted."""
    _check("copy_", self, src)
    values = as_tensor("copy_", src)._array
    return _store("copy_", self, values.astype(self.dtype) if values.dtype != self.dtype else values)


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """t[key] = value."""
    _check("setitem", self, value)
    values = as_tensor("setitem", value)._array
    positions = positions_for("setitem", self, key)
    if values.dtype == float64 and self.dtype != float64:
        raise DTypeError(f"setitem: a float64 result cannot be stored in an {self.dtype} tensor")
    if np.broadcast_shapes(values.shape, positions.shape) != positions.shape:
        raise ShapeError(
            f"setitem: a value of shape {values.shape} cannot be stored in a part of shape {positions.shape}"
        )
    np.put(self._array, positions, np.broadcast_to(values, positions.shape))  # whatever the array's strides
    self._version_box[0] += 1


for _method in (fill_, zero_, copy_):
    setattr(Tensor, _method.__name__, _method)
Tensor.__setitem__ = setitem  # type: ignore[method-assign]
