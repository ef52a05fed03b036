"""The tensor: a NumPy array, and what the engine must know about it.

A tensor made by the user is a *leaf* (`_node` is None).  One made by a recorded operation points to the node
that made it; the graph itself lives in those nodes, not here.
Read before: `dtypes.py`.  After: `graph.py` (nodes and the backward sweep), `registry.py` (how a call is
recorded).  The methods that merely call an operation (`t.exp()`, `t.sum()`) are attached in `methods.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import Array, as_dtype, float32, float64, get_default_dtype, int64
from .errors import DTypeError, GraphError, ShapeError
from .modes import modes
from .operators import Operators

if TYPE_CHECKING:
    from .graph import Node


Hooks = dict[int, dict[int, Callable[["Tensor"], Any]]]  # output -> number of the hook -> hook


class Storage:
    """The version counter of one piece of memory, shared by every tensor that looks at it."""

    __slots__ = ("version",)

    def __init__(self) -> None:
        self.version = 0


class Tensor(Operators):
    """A NumPy array that can remember how it was computed."""

    __slots__ = ("_array", "_storage", "_requires_grad", "_grad", "_node", "_index", "_hooks", "__weakref__")

    engine = "reference_py"
    __array_ufunc__ = None  # so that `array * tensor` asks the tensor, instead of looping over its elements

    def __init__(
        self,
        array: Array,
        requires_grad: bool = False,
        *,
        storage: Storage | None = None,
        node: Node | None = None,
        index: int = 0,
    ) -> None:
        self._array = array if type(array) is np.ndarray else np.asarray(array)
        self._storage = Storage() if storage is None else storage
        self._requires_grad = False
        self._grad: Tensor | None = None
        self._node = node  # the node that computed this tensor; None for a leaf
        self._index = index  # which of that node's outputs this is
        self._hooks: Hooks | None = None  # a leaf's; those of other tensors are on their node
        if node is not None:
            self._requires_grad = True
        elif requires_grad:
            self.requires_grad = True

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...  # the methods attached in methods.py

    # ---- what it is ----
    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    def dim(self) -> int:
        return self.ndim

    def size(self, dim: int | None = None) -> Any:
        if dim is not None and not -self.ndim <= dim < self.ndim:
            known = f"use -1 to {self.ndim - 1}" if self.ndim else "it has no dims"
            raise IndexError(f"size: dim {dim} is out of range for shape {self.shape}: {known}")
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        return int(self._array.size)

    def stride(self) -> tuple[int, ...]:
        """Steps between neighbours along each dim, in elements."""
        return tuple(step // self._array.itemsize for step in self._array.strides)

    def is_contiguous(self) -> bool:
        return bool(self._array.flags.c_contiguous)

    @property
    def T(self) -> Tensor:  # noqa: N802 - NumPy's name
        return self.permute(tuple(reversed(range(self.ndim))))

    @property
    def mT(self) -> Tensor:  # noqa: N802
        return self.transpose(-2, -1)

    # ---- its place in the graph ----
    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._node is not None and not wanted:
            raise GraphError("requires_grad: only a leaf can stop requiring a gradient; use detach()")
        if wanted and self.dtype not in (float32, float64):
            raise DTypeError(
                f"requires_grad: only floating-point tensors can require gradients, not {self.dtype}"
            )
        self._requires_grad = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        return self._node

    @property
    def grad(self) -> Tensor | None:
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"grad: must be a tensor or None, not {type(value).__name__}")
        if value is not None and value.shape != self.shape:
            raise ShapeError(f"grad: has shape {value.shape} but the tensor has shape {self.shape}")
        self._grad = value

    @property
    def data(self) -> Tensor:
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        """Look at other memory from now on.  A graph that saved the old values will notice by the version."""
        version = self._version + 1
        self._array = value._array if isinstance(value, Tensor) else np.asarray(value, dtype=self.dtype)
        self._storage = value._storage if isinstance(value, Tensor) else Storage()
        self._storage.version = max(self._storage.version, version)

    @property
    def _version(self) -> int:
        return self._storage.version

    def detach(self) -> Tensor:
        """The same memory, outside any graph."""
        return Tensor(self._array, storage=self._storage)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        order: str | None = None,
    ) -> None:
        """Add to every leaf's `.grad` the derivative of this tensor by that leaf."""
        from .autograd import backward  # imported here, as autograd is built on Tensor

        backward(self, gradient, retain_graph, create_graph, order)

    # ---- out to NumPy and Python ----
    def numpy(self) -> Array:
        """The array itself, sharing memory."""
        if self._requires_grad:
            raise GraphError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.numpy().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def item(self) -> Any:
        if self._array.size != 1:
            raise ValueError(f"item: a tensor of shape {self.shape} has {self._array.size} elements, not one")
        return self._array.item()

    def tolist(self) -> Any:
        return self._array.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype != int64:
            raise TypeError(f"only an integer tensor of one element can be an index, not {self.dtype}")
        return int(self.item())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ValueError(
                f"bool: a tensor of shape {self.shape} has {self._array.size} elements "
                "and no single truth value; use .any() or .all()"
            )
        return bool(self._array.item())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool((self._array == (value._array if isinstance(value, Tensor) else value)).any())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self._array.size == 1 else repr(self)

    def __repr__(self) -> str:
        text = np.array2string(
            self._array, separator=", ", prefix="tensor(", precision=4, floatmode="maxprec_equal"
        )
        if self.dtype not in (get_default_dtype(), int64, np.bool_):
            text += f", dtype={self.dtype}"
        if self._node is not None:
            text += f", grad_fn=<{self._node.name}>"
        elif self._requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text})"

    # ---- copies ----
    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
                "at the moment.  If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        result = _rebuild(type(self), self._array.copy(), self._requires_grad)
        result._grad = None if self._grad is None else Tensor(self._grad._array.copy())
        return result

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self._array, self._requires_grad)  # values travel, graphs do not

    def to(self, dtype: Any) -> Tensor:
        """The same values in another dtype; this very tensor where it has that dtype already."""
        wanted = dtype.dtype if isinstance(dtype, Tensor) else as_dtype(dtype)
        return self if wanted == self.dtype else self._cast(dtype=wanted)

    astype = to


def _rebuild(kind: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    """A new leaf; `__init__` of a subclass may want other arguments, so it is not called."""
    result = kind.__new__(kind)
    Tensor.__init__(result, array, requires_grad)
    return result


def is_tracked(value: Any) -> bool:
    """True where an operation on this value would be recorded now."""
    return modes.recording and isinstance(value, Tensor) and value._requires_grad
