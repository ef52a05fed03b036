"""What a Tensor does at Python's own requests: print itself, be copied, be pickled, be walked through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._core import tensor as _core

Tensor = _core.Tensor

_NO_DEEPCOPY = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "
    "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
    "https://github.com/pytorch/pytorch/pull/103001"
)


class HookHandle:
    """What register_hook returns: remove() takes the hook away again."""

    def __init__(self, tensor: Any, number: int) -> None:
        self._tensor, self._number = tensor, number

    def remove(self) -> None:
        if self._tensor is not None:
            self._tensor._remove_hook(self._number)
        self._tensor = None

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def _repr(self: Any) -> str:
    """As PyTorch prints: numbers, dtype unless it is the default for them, and where it came from."""
    numbers = np.array2string(self.detach().numpy(), separator=", ", precision=4, threshold=1000, prefix="tensor(")
    parts = [numbers]
    if self.dtype not in (_core.get_default_dtype(), np.int64, np.bool_):
        parts.append(f"dtype={self.dtype}")
    if self.grad_fn is not None:
        parts.append(f"grad_fn=<{self.grad_fn.name}>")
    elif self.requires_grad:
        parts.append("requires_grad=True")
    return f"tensor({', '.join(parts)})"


def _iter(self: Any) -> Iterator[Any]:
    if self.ndim == 0:
        raise TypeError("iteration over a 0-dim tensor")
    return (self[k] for k in range(len(self)))


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    if not self.is_leaf:
        raise RuntimeError(_NO_DEEPCOPY)
    copied = self.detach().clone().requires_grad_(self.requires_grad)
    if self.grad is not None:
        copied.grad = self.grad.detach().clone()
    memo[id(self)] = copied
    return copied


def _rebuild(array: np.ndarray[Any, Any], requires_grad: bool) -> Any:
    return _core.tensor(array, requires_grad=requires_grad)


def _reduce(self: Any) -> tuple[Any, ...]:
    """A pickle keeps the numbers and the flag, not the graph."""
    return _rebuild, (np.array(self.detach().numpy()), self.requires_grad)


def from_dlpack(source: Any) -> Any:
    """A tensor that shares memory with anything that speaks DLPack."""
    return _core.from_numpy(np.from_dlpack(source))


_register = Tensor.register_hook


def _register_hook(self: Any, hook: Any) -> HookHandle:
    """Call hook with the gradient of this tensor; what it returns, unless None, replaces the gradient."""
    return HookHandle(self, _register(self, hook))


Tensor.__repr__ = _repr
Tensor.__iter__ = _iter
Tensor.__deepcopy__ = _deepcopy
Tensor.__reduce__ = _reduce
Tensor.register_hook = _register_hook
