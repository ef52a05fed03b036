"""Tensor: a NumPy array of values and, where gradients are wanted, the tape nodes of its elements.

Float64 only, no views: shape operations copy. Every function on tensors makes its values with NumPy or the
list's own formulas, and its nodes by one of four calls into C++ (`leaf`, `elementwise`, `pick`, `combine`,
`dots`). A zero adjoint is not passed on, so 0 times infinity contributes 0 here, not NaN.

Read next: elementwise.py, shapes.py, reductions.py, products.py.
"""

from __future__ import annotations

import itertools
import math
import operator
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core import scalar as core
from ..errors import AnomalyError, DTypeError, GraphError, ShapeError
from .modes import calling_line, modes

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
float32, float64, int64, bool_ = (np.dtype(n) for n in ("float32", "float64", "int64", "bool"))
ORDERS = ("tape",)


def unsupported(name: str) -> NotImplementedError:
    """The one refusal of what this engine lacks."""
    return NotImplementedError(f"scalar_cpp does not support {name}; engines() lists what it does")


def as_values(data: Any) -> Array:
    """Numbers as this engine holds them: float64, int64 or bool."""
    array = np.asarray(data)
    if array.dtype.kind == "f":
        return array.astype(float64, copy=False)
    if array.dtype.kind in "iu":
        return array.astype(int64, copy=False)
    if array.dtype.kind == "b":
        return array
    if array.size == 0:
        return array.astype(float64)
    raise DTypeError(f"tensor: numbers or booleans are needed, not {array.dtype}")


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that this engine has."""
    wanted: np.dtype[Any] = np.dtype(dtype)
    if wanted.kind in "iu":
        return int64
    if wanted not in (float64, bool_):
        raise unsupported(str(wanted))
    return wanted


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
        def __xor__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
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
        if self._nodes is not None and (array.shape != self.shape or array.dtype != self.dtype):
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

    def backward(
        self,
        gradient: Any = None,
        retain_graph: Any = None,
        create_graph: Any = False,
        order: str | None = None,
    ) -> None:
        """Adds d(self)/d(leaf) to the `.grad` of every leaf that self was computed from."""
        check_order("backward", order, create_graph)
        root = root_of("backward", self, gradient)
        for nodes, g in sweep("backward", [root], None, bool(retain_graph)):
            tensor = nodes.tensor()
            if tensor is None:
                continue
            if tensor._grad is None:
                tensor._grad = Tensor(g.reshape(tensor.shape))
            else:
                tensor._grad._array += g.reshape(tensor.shape)
                tensor._grad._version_box[0] += 1


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
        if isinstance(x, (list, tuple)) and any(isinstance(v, Tensor) for v in x):
            x = [v.item() if isinstance(v, Tensor) else v for v in x]
        elif not isinstance(x, (list, tuple)) and not hasattr(x, "__array__"):
            raise TypeError(f"{name}: expected a Tensor or numbers, not {type(x).__name__}")
    return Tensor(as_values(x))


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


# -------------------- backward


def check_order(name: str, order: str | None, create_graph: Any) -> None:
    if order is not None and order not in ORDERS:
        raise ValueError(f"{name}: order {order!r} is not one of {', '.join(map(repr, ORDERS))}")
    if create_graph:
        raise NotImplementedError(
            f"{name}: scalar_cpp does not support create_graph=True: its tape holds the derivatives "
            f"as plain numbers; "
            "use tensor_cpp or reference_py"
        )


def root_of(name: str, output: Tensor, gradient: Any) -> tuple[Any, Array]:
    """An output's nodes and their own gradients: 1 for a single number, else what the caller gave."""
    if output._nodes is None:
        raise GraphError(
            f"{name}: the output does not require grad: nothing it was computed from has requires_grad=True"
        )
    if gradient is None:
        if output.numel() != 1:
            raise GraphError(
                f"{name}: the output has shape {output.shape}, not one element; pass gradient= of "
                f"that shape, "
                "or reduce it first (for example with .sum())"
            )
        return output._nodes, np.ones(1)
    g = as_tensor(name, gradient)
    if g.shape != output.shape:
        raise ShapeError(f"{name}: gradient has shape {g.shape} but the output has shape {output.shape}")
    return output._nodes, np.ascontiguousarray(g._array, dtype=float64).reshape(-1)


def fire(nodes: Any, gradient: Array) -> Array | None:
    """Calls a tensor's hooks, one after another; the gradient that replaces its own, if any does."""
    replaced = False
    for hook in list(nodes.hooks.values()):
        answer = hook(Tensor(gradient.reshape(nodes.shape)))
        if answer is not None:
            gradient, replaced = as_tensor("hook", answer)._array, True
            if gradient.shape != nodes.shape:
                raise ShapeError(
                    f"hook: it returned shape {gradient.shape} for a gradient of shape {nodes.shape}"
                )
    return gradient if replaced else None


def sweep(name: str, roots: list[tuple[Any, Array]], watched: list[Any] | None, retain: bool) -> list[Any]:
    """Pairs (nodes, gradient) for all that want one, or a gradient or None for each of `watched`."""
    found: list[Any] = core.backward("backward", roots, watched, not retain and not modes.anomaly, fire)
    if modes.anomaly:
        for nodes, _ in roots:
            bad = core.nan_maker(nodes)
            if bad is not None:
                line = getattr(nodes, "line", "an unknown line")
                raise AnomalyError(
                    f"detect_anomaly: {bad[0]} gave NaN in the gradient of its input {bad[1]}; it was "
                    f"called at {line}"
                )
    return found


# -------------------- checks


def check_dim(name: str, dim: Any, shape: Shape, extra: int = 0) -> int:
    """A dim, counted from the front."""
    n = len(shape) + extra
    limit = max(n, 1)
    d = operator.index(dim)
    if not -limit <= d < limit:
        raise IndexError(f"{name}: dim {d} is out of range for shape {shape}: use {-limit} to {limit - 1}")
    return d % limit


def check_dims(name: str, dim: Any, shape: Shape) -> Shape:
    """One dim, several, or None for all, as a sorted tuple."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(len(shape)))
    dims = [check_dim(name, d, shape) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(dims)) != len(dims):
        raise ValueError(f"{name}: dim {tuple(dim)} names a dimension twice")
    return tuple(sorted(d for d in dims if d < len(shape)))


def check_float(name: str, x: Tensor) -> None:
    if x.dtype != float64:
        raise DTypeError(
            f"{name}: needs a floating-point tensor, not {x.dtype}; convert it with .float() or .double()"
        )


def prod(shape: Sequence[int]) -> int:
    return math.prod(shape)


def broadcast(name: str, *shapes: Shape) -> Shape:
    """The shape that these broadcast to."""
    result: Shape = ()
    for shape in shapes:
        n = max(len(result), len(shape))
        a, b = (1,) * (n - len(result)) + result, (1,) * (n - len(shape)) + shape
        for k in range(n - 1, -1, -1):
            if a[k] != b[k] and a[k] != 1 and b[k] != 1:
                raise ShapeError(
                    f"{name}: shapes {result} and {shape} do not broadcast: sizes {a[k]} and {b[k]} "
                    f"differ at dim {k - n}"
                )
        result = tuple(y if x == 1 else x for x, y in zip(a, b, strict=True))
    return result


def positions_of(shape: Shape, wanted: Shape) -> Array | None:
    """Where each element of a broadcast tensor comes from; None if nothing moves."""
    if shape == wanted:
        return None
    return np.ascontiguousarray(np.broadcast_to(np.arange(prod(shape)).reshape(shape), wanted))
