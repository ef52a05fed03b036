"""Tensor: a NumPy array of values and, where gradients are wanted, the tape nodes of its elements.

Float64 only, no views: shape operations copy. Every function on tensors makes its values with NumPy or the
list's own formulas, and its nodes by one of four calls into C++ (`leaf`, `elementwise`, `pick`, `combine`,
`dots`). A zero adjoint is not passed on, so 0 times infinity contributes 0 here, not NaN.

Read before: checks.py. Read next: elementwise.py, shapes.py, reductions.py, products.py, sweep.py.
"""

from __future__ import annotations

import itertools
import operator
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import scalar as core
from ..errors import AnomalyError, DTypeError, GraphError, ShapeError
from .checks import Array, Shape, as_dtype, as_values, bool_, check_dim, float64, int64, unsupported
from .modes import calling_line, modes


class GradFn:
    """What made a tensor."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Handle:
    """What register_hook returns: `.remove()` takes the hook away again."""

    _numbers = itertools.count()

    def __init__(self, nodes: Any) -> None:
        self.nodes, self.number = nodes, next(Handle._numbers)

    def remove(self) -> None:
        self.nodes.hooks.pop(self.number, None)
        self.nodes.has_hooks = bool(self.nodes.hooks)


class Tensor:
    """A shaped array of numbers whose every element is a node of the scalar tape."""

    __slots__ = ("__weakref__", "_array", "_grad", "_name", "_nodes", "_version_box")
    __array_priority__ = 1000
    engine = "scalar_cpp"
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # attached by the other files

        def __getattr__(self, name: str) -> Callable[..., Any]: ...
        def backward(
            self,
            gradient: Any = None,
            retain_graph: Any = None,
            create_graph: Any = False,
            order: str | None = None,
        ) -> None: ...
        def __getitem__(self, key: Any) -> Tensor: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...

    def __init__(
        self, array: Array, nodes: Any = None, name: str | None = None, version: list[int] | None = None
    ) -> None:
        self._array = array
        self._nodes = nodes  # an IdRange, exactly if the tensor requires grad
        self._name = name  # the operation, None for a leaf
        self._grad: Tensor | None = None
        self._version_box = [0] if version is None else version

    # ---- facts
    @property
    def shape(self) -> Shape:
        shape: Shape = self._array.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def T(self) -> Tensor:  # noqa: N802 - PyTorch's name
        from .shapes import permute

        return permute(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:  # noqa: N802
        from .shapes import transpose

        return transpose(self, -2, -1)

    def dim(self) -> int:
        return self.ndim

    def stride(self) -> Shape:
        """Steps between neighbours along each dim, in elements."""
        return tuple(step // self._array.itemsize for step in self._array.strides)

    def is_contiguous(self) -> bool:
        return self._array.flags.c_contiguous

    @property
    def is_leaf(self) -> bool:
        return self._name is None

    @property
    def requires_grad(self) -> bool:
        return self._nodes is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @property
    def grad(self) -> Tensor | None:
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"grad: expected a Tensor or None, not {type(value).__name__}")
        if value is not None and value.shape != self.shape:
            raise ShapeError(f"grad: shape {value.shape} given to a tensor of shape {self.shape}")
        self._grad = value

    @property
    def grad_fn(self) -> GradFn | None:
        return None if self._name is None else GradFn(self._name)

    @property
    def data(self) -> Tensor:
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        array = as_values(value._array if isinstance(value, Tensor) else value)
        if self._nodes is not None:
            array = array.astype(self.dtype, copy=False)
        if self._nodes is not None and array.shape != self.shape:
            raise ShapeError(
                f"data: shape {array.shape} given to a tensor of shape {self.shape} that requires grad"
            )
        self._array = array
        self._version_box = [self._version_box[0] + 1]

    @property
    def _version(self) -> int:
        return self._version_box[0]

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[check_dim("size", dim, self.shape)]

    def numel(self) -> int:
        return self._array.size

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: a 0-dim tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iter: a 0-dim tensor cannot be iterated over")
        return (self[k] for k in range(len(self)))

    # ---- values out
    def numpy(self) -> Array:
        if self.requires_grad:
            raise GraphError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def tolist(self) -> Any:
        return self._array.tolist()

    def item(self) -> Any:
        if self._array.size != 1:
            raise ValueError(f"item: a tensor of shape {self.shape} has {self._array.size} elements, not one")
        return self._array.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind == "f":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return operator.index(self.item())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ValueError(
                f"bool: a tensor of shape {self.shape} has {self._array.size} elements and no single "
                f"truth value; "
                "use .any() or .all()"
            )
        return bool(self._array.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.numel() == 1 else repr(self)

    def __repr__(self) -> str:
        text = np.array2string(self._array, separator=", ", prefix="tensor(", threshold=1000)
        if self._name is not None and self.requires_grad:
            text += f", grad_fn=<{self._name}>"
        elif self.requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text}{'' if self.dtype != int64 or self.numel() else ', dtype=int64'})"

    # ---- copies
    def detach(self) -> Tensor:
        return Tensor(self._array, version=self._version_box)

    def clone(self) -> Tensor:
        return pick("clone", [self], np.arange(self.numel()).reshape(self.shape))

    def contiguous(self) -> Tensor:
        return self

    def to(self, dtype: Any) -> Tensor:
        """The same numbers in another dtype."""
        wanted = as_dtype(dtype)
        if wanted == self.dtype:
            return self
        return Tensor(self._array.astype(wanted))

    astype = to

    def float(self) -> Tensor:
        raise unsupported("float32")

    def double(self) -> Tensor:
        return self.to(float64)

    def long(self) -> Tensor:
        return self.to(int64)

    def bool(self) -> Tensor:
        return self.to(bool_)

    def __copy__(self) -> Tensor:
        return Tensor(self._array, self._nodes, self._name, self._version_box)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  "
                "If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.utils.weight_norm usage, "
                "see https://github.com/pytorch/pytorch/pull/103001"
            )
        made = new_leaf(self._array.copy(), self.requires_grad)
        memo[id(self)] = made
        if self._grad is not None:
            made._grad = Tensor(self._grad._array.copy())
        return made

    def __reduce__(self) -> Any:
        """Pickling keeps values and flags, not the graph."""
        return new_leaf, (self._array, self.requires_grad)

    # ---- gradients
    def requires_grad_(self, requires_grad: Any = True) -> Tensor:
        if bool(requires_grad) == self.requires_grad:
            return self
        if not self.is_leaf:
            raise GraphError("requires_grad: only a leaf's flag can be changed; detach() gives a leaf")
        self._nodes = None
        if requires_grad:
            if self.dtype != float64:
                raise DTypeError(
                    f"requires_grad: only floating-point tensors can require gradients, not {self.dtype}"
                )
            self._nodes = core.leaf(self._array)
            self._nodes.wants_grad = True
            self._nodes.tensor = weakref.ref(self)
        return self

    def retain_grad(self) -> None:
        """Fills `.grad` of this tensor too, though it is no leaf."""
        if self._nodes is None:
            raise GraphError("retain_grad: this tensor does not require grad, so it never gets a gradient")
        self._nodes.wants_grad = True
        self._nodes.tensor = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle:
        """Calls hook with the complete gradient before it is passed on; what it returns replaces it."""
        if self._nodes is None:
            raise GraphError("register_hook: this tensor does not require grad, so it never gets a gradient")
        handle = Handle(self._nodes)
        if not hasattr(self._nodes, "hooks"):
            self._nodes.hooks = {}
        self._nodes.hooks[handle.number] = hook
        self._nodes.keep_for_hooks()
        self._nodes.shape = self.shape
        return handle


# -------------------- making


def new_leaf(array: Array, requires_grad: Any = False) -> Tensor:
    """A leaf over these values."""
    return Tensor(array).requires_grad_() if requires_grad else Tensor(array)


def refuse_foreign(name: str, x: Any) -> None:
    """Tensors of the other engines, and Values, are refused by name."""
    engine = getattr(type(x), "engine", None)
    if isinstance(x, core.Value):
        raise TypeError(
            f"{name}: a scalar_cpp Value cannot meet a scalar_cpp tensor; convert it with .data first"
        )
    if engine is not None and engine != Tensor.engine:
        raise TypeError(
            f"{name}: a {engine} tensor cannot meet a scalar_cpp tensor; convert it with "
            ".detach().numpy() first"
        )


def as_tensor(name: str, x: Any) -> Tensor:
    """A tensor, or numbers as one."""
    if isinstance(x, Tensor):
        return x
    if not isinstance(x, (float, int, np.ndarray, np.generic)):
        refuse_foreign(name, x)
        if not isinstance(x, (list, tuple)) and not hasattr(x, "__array__"):
            raise TypeError(f"{name}: expected a Tensor or numbers, not {type(x).__name__}")
    return Tensor(as_values(x))


def as_tensors(name: str, *operands: Any) -> list[Tensor]:
    """Of one dtype where they can be: numbers and lists become float64 beside a float64 tensor."""
    tensors = [as_tensor(name, x) for x in operands]
    if any(t.dtype == float64 for t in tensors):
        for k, x in enumerate(operands):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                tensors[k] = tensors[k].to(float64)
    return tensors


def finish(name: str, values: Array, nodes: Any) -> Tensor:
    """A result, looked at for NaN if detect_anomaly is on."""
    if modes.anomaly and values.dtype == float64 and np.isnan(values).any():
        raise AnomalyError(f"detect_anomaly: {name} gave NaN in its output, called at {calling_line()}")
    if nodes is not None and modes.anomaly:
        nodes.line = calling_line()
    return Tensor(values, nodes, name if nodes is not None else None)


def nodes_of(x: Tensor) -> Any:
    """The nodes to record, None where gradients are switched off."""
    return x._nodes if modes.recording else None


def pick(name: str, tensors: Sequence[Tensor], positions: Array) -> Tensor:
    """The tensor whose element k is element positions[k] of the tensors, laid end to end."""
    if len(tensors) == 1:
        values = tensors[0]._array.reshape(-1)[positions]
    else:
        values = np.concatenate([t._array.reshape(-1) for t in tensors])[positions]
    values = np.asarray(values)
    sources = [(nodes_of(t), t.numel()) for t in tensors]
    if all(nodes is None for nodes, _ in sources):
        return Tensor(values)
    return finish(name, values, core.pick(name, sources, positions, values))


def combine(name: str, x: Tensor, positions: Array, partials: Array, values: Array) -> Tensor:
    """Results whose derivative by x[positions[r, k]] is partials[r, k]; one row an element of the result."""
    nodes = nodes_of(x)
    return finish(
        name, values, None if nodes is None else core.combine(name, nodes, positions, partials, values)
    )


def check_float(name: str, x: Tensor) -> None:
    if x.dtype != float64:
        raise DTypeError(
            f"{name}: needs a floating-point tensor, not {x.dtype}; convert it with .float() or .double()"
        )
