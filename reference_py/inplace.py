"""Changing a tensor in place, and when that is not allowed.

A graph remembers values for backward; overwriting them would make gradients silently wrong.  So a tensor that
a graph tracks cannot be changed, and a change of any other tensor is counted in its storage's version:
backward compares, and refuses to use a value that has changed since it was saved.
Read before: `tensor.py`, `elementwise.py`.  After: `methods.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import category, float64
from .elementwise import add, div, mul, sub
from .errors import DTypeError, GraphError, ShapeError
from .indexing import as_key
from .operands import as_tensor, natural_dtype
from .tensor import Tensor, is_tracked
from .transcendental import pow

BINARY = {"add": add, "sub": sub, "mul": mul, "div": div, "pow": pow}


def refuse_tracked(name: str, x: Tensor, value: Any = None) -> None:
    """Raise where a change would damage a graph, or where a recorded value would lose its history."""
    if is_tracked(x) and x.is_leaf:
        raise GraphError(
            f"{name}: a leaf that requires grad cannot be changed in place; do it inside no_grad()"
        )
    if is_tracked(x):
        raise GraphError(
            f"{name}: a tensor that a graph tracks cannot be changed in place; "
            "write a = a + b, or change a detached clone"
        )
    if is_tracked(value):
        raise GraphError(
            f"{name}: a value that a graph tracks cannot be stored in place, as its gradient would be lost; "
            "write a = a + b, or detach() the value"
        )


def exact(value: Any) -> Tensor:
    """Numbers with all their digits, whatever the default dtype."""
    if isinstance(value, Tensor):
        return value
    return as_tensor(value, float64 if natural_dtype(value).kind == "f" else None)


def store(name: str, x: Tensor, value: Any, key: Any = ...) -> Tensor:
    """Write a value into x (or into x[key]) and count the change."""
    if isinstance(value, np.ndarray | Tensor) and category(value.dtype) > category(x.dtype):
        raise DTypeError(f"{name}: {_a(value.dtype)} result cannot be stored in {_a(x.dtype)} tensor")
    array = value._array if isinstance(value, Tensor) else value
    if not x._array.flags.writeable:
        raise GraphError(
            f"{name}: this tensor's elements share memory or are read-only (expand); clone it first"
        )
    place = x._array[key]
    if np.ndim(array) > np.ndim(place) or not _fits(np.shape(array), np.shape(place)):
        raise ShapeError(f"{name}: shape {np.shape(array)} cannot be stored in shape {np.shape(place)}")
    with np.errstate(all="ignore"):
        x._array[key] = array
    x._storage.version += 1
    return x


def _a(dtype: Any) -> str:
    return f"an {dtype}" if dtype == "int64" else f"a {dtype}"


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(into), strict=False))


def _binary(name: str) -> Any:
    def method(self: Tensor, other: Any) -> Tensor:
        refuse_tracked(f"{name}_", self, other)
        return store(f"{name}_", self, BINARY[name](self, other))

    method.__name__ = f"{name}_"
    method.__doc__ = f"{name}, stored in this tensor."
    return method


add_, sub_, mul_, div_, pow_ = (_binary(name) for name in BINARY)


def augmented(self: Tensor, name: str, other: Any) -> Any:
    """`a += b`: in place where nothing is recorded, else `a = a + b`; a leaf that requires grad refuses."""
    if is_tracked(self) and self.is_leaf:
        refuse_tracked(f"{name}_", self)
    if is_tracked(self) or is_tracked(other):
        return BINARY[name](self, other)
    return store(f"{name}_", self, BINARY[name](self, other))


def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element becomes this number."""
    refuse_tracked("fill_", self, value)
    return store("fill_", self, exact(value))


def zero_(self: Tensor) -> Tensor:
    """Every element becomes 0."""
    refuse_tracked("zero_", self)
    return store("zero_", self, 0)


def copy_(self: Tensor, source: Any) -> Tensor:
    """Take over the values (and not the dtype) of another tensor."""
    refuse_tracked("copy_", self, source)
    return store("copy_", self, exact(source).detach().to(self.dtype))


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """x[key] = value."""
    refuse_tracked("setitem", self, value)
    items, _ = as_key("setitem", self.shape, key)
    value = exact(value).detach()
    store("setitem", self, value, items)
