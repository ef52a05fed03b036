"""Which functions are methods of a tensor too.

Read before: `tensor.py` and the files of the operations.  After: `__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    activations,
    along,
    autograd,
    elementwise,
    indexing,
    inplace,
    products,
    reductions,
    shapes,
    transcendental,
)
from .elementwise import logical_and, logical_not, logical_or
from .errors import DTypeError
from .registry import OPS
from .tensor import Tensor

# Elementwise operations come from the list by themselves: a new one needs no line here.
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (elementwise, transcendental, activations)
    for name in OPS
    if hasattr(module, name) and name != "gelu_tanh"  # gelu(x, approximate="tanh") to the user
}

OTHERS = {
    reductions: "sum mean var std norm amax amin max min argmax argmin any all",
    along: "prod cumsum cumprod sort topk logsumexp softmax log_softmax",
    products: "matmul dot outer",
    shapes: "flatten transpose squeeze unsqueeze split narrow tril triu masked_fill contiguous clone",
    indexing: "index_select gather scatter_add",
    inplace: "add_ sub_ mul_ div_ pow_ fill_ zero_ copy_",
    autograd: "register_hook retain_grad",
}


def _of_sizes(function: Callable[..., Any], keyword: str) -> Callable[..., Any]:
    """x.reshape((2, 3)) and x.reshape(2, 3) alike."""

    def method(self: Tensor, *sizes: Any, **keywords: Any) -> Any:
        if keywords:
            return function(self, *sizes, **keywords)
        one = len(sizes) == 1 and not hasattr(sizes[0], "__index__")
        return function(self, sizes[0] if one else sizes)

    method.__name__ = function.__name__
    method.__doc__ = f"{function.__name__}(self, {keyword}); {keyword} may also be given one by one."
    return method


def _on_bools(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The operators & | ~, which are for bool tensors."""

    def method(self: Tensor, *others: Any) -> Any:
        for x in (self, *others):
            if getattr(x, "dtype", "bool") != "bool":
                raise DTypeError(f"{name}: needs bool tensors, not {x.dtype}")
        return function(self, *others)

    return method


def _reflected(self: Tensor, name: str, other: Any) -> Any:
    """The operator with the tensor on its right-hand side."""
    return {**ELEMENTWISE, "matmul": products.matmul}[name](other, self)


def _where(self: Tensor, condition: Tensor, other: Any) -> Any:
    return elementwise.where(condition, self, other)


SPECIAL: dict[str, Callable[..., Any]] = {
    "where": _where,
    "reshape": _of_sizes(shapes.reshape, "shape"),
    "view": _of_sizes(shapes.view, "shape"),
    "permute": _of_sizes(shapes.permute, "dims"),
    "expand": _of_sizes(shapes.expand, "sizes"),
    "float": lambda self: self.to("float32"),
    "double": lambda self: self.to("float64"),
    "long": lambda self: self.to("int64"),
    "bool": lambda self: self.to("bool"),
    "_cast": shapes.cast,
    "_getitem": indexing.getitem,
    "_setitem": inplace.setitem,
    "_augmented": inplace.augmented,
    "_reflected": _reflected,
    "_and": _on_bools("logical_and", logical_and),
    "_or": _on_bools("logical_or", logical_or),
    "_invert": _on_bools("logical_not", logical_not),
}


def attach() -> None:
    """Give Tensor its methods."""
    for name, function in ELEMENTWISE.items():
        setattr(Tensor, name, function)
    for module, names in OTHERS.items():
        for name in names.split():
            setattr(Tensor, name, getattr(module, name))
    for name, function in SPECIAL.items():
        setattr(Tensor, name, function)
