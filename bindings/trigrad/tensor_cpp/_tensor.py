"""What a Tensor does at Python's own requests: print itself, be copied, be pickled, be walked through."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._core import tensor as _core
from ._repr import tensor_repr

Tensor = _core.Tensor

_NO_DEEPCOPY = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "  # noqa: E501
    "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "  # noqa: E501
    "https://github.com/pytorch/pytorch/pull/103001"
)


class _Hook:
    """A hook that can be emptied: its tensor may be gone from Python while the graph still holds it."""

    __slots__ = ("__weakref__", "function")

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, g: Any) -> Any:
        return None if self.function is None else self.function(g)


class HookHandle:
    """What register_hook returns: remove() takes the hook away.  It keeps neither tensor nor hook alive."""

    def __init__(self, tensor: Any, hook: _Hook, number: int) -> None:
        self._tensor, self._hook, self._number = weakref.ref(tensor), weakref.ref(hook), number

    def remove(self) -> None:
        """Never call the hook again."""
        hook, tensor = self._hook(), self._tensor()
        if hook is not None:
            hook.function = None
        if tensor is not None:
            tensor._remove_hook(self._number)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def _repr(self: Any) -> str:
    return tensor_repr(self)


def _iter(self: Any) -> Iterator[Any]:
    if self.ndim == 0:
        raise TypeError("iteration over a 0-dim tensor")
    return (self[k] for k in range(len(self)))


def _contains(self: Any, value: Any) -> bool:
    """Whether some element equals value."""
    equal = self == value
    return bool(equal.any()) if isinstance(equal, Tensor) else False


def _format(self: Any, spec: str) -> str:
    """A 0-dim tensor formats as its number."""
    if not spec:
        return str(self)
    if self.ndim == 0:
        return format(self.item(), spec)
    raise TypeError(f"format: only a 0-dim tensor takes a format ({spec!r}), not one of shape {self.shape}")


def _copy(self: Any) -> Any:
    """Another tensor on the same memory, outside the graph."""
    return self.detach().requires_grad_(self.requires_grad)


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
    """A tensor that shares memory with anything that speaks DLPack: arrays of NumPy, PyTorch, JAX.

    >>> a = np.arange(3.0)
    >>> x = tg.tensor_cpp.from_dlpack(a)
    >>> a[0] = 9
    >>> x
    tensor([9., 1., 2.], dtype=float64)
    """
    return _core.from_numpy(np.from_dlpack(source))


_register: Any = Tensor.register_hook


def _register_hook(self: Any, hook: Any) -> HookHandle:
    """Call hook with the gradient of this tensor; what it returns, unless None, replaces the gradient.

    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> handle = x.register_hook(lambda g: 10 * g)
    >>> (x * x).backward()
    >>> x.grad
    tensor(60.)
    >>> handle.remove()
    """
    if not callable(hook):
        raise TypeError(f"register_hook: a function of the gradient is needed, not {type(hook).__name__}")
    held = _Hook(hook)
    return HookHandle(self, held, _register(self, held))


_register_hook.__annotations__["return"] = HookHandle  # for the stubs, which resolve no name of this module
for _name, _method in {
    "__repr__": _repr,
    "__iter__": _iter,
    "__contains__": _contains,
    "__format__": _format,
    "__copy__": _copy,
    "__deepcopy__": _deepcopy,
    "__reduce__": _reduce,
    "register_hook": _register_hook,
}.items():
    setattr(Tensor, _name, _method)
