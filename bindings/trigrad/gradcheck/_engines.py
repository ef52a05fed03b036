"""What gradcheck asks of an engine, and how each engine answers: the adapters.

Why it exists: everything else here sees NumPy arrays only.  An engine of one's own joins by a subclass of
Adapter with three methods (leaf, array, gradients), and a rule written by hand on arrays by `by_hand`.
Read next: _problem.py.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Adapter:
    """An engine as gradcheck sees it.  Override leaf, array and gradients; the rest has defaults.

    class Mine(gradcheck.Adapter):
        name = "mine"
        def leaf(self, array): return mine.Tensor(array)                 # one that collects a gradient
        def array(self, tensor): return tensor.data
        def gradients(self, outputs, leaves, upstream, create_graph=False):
            mine.backward(outputs, upstream)                             # upstream: an array for each output
            return [x.grad for x in leaves]                              # arrays, or None for "nothing
            arrived"
    """

    name = "the user's engine"
    second_order = (
        False  # whether gradients(create_graph=True) gives tensors that can be differentiated again
    )
    can_trace = False  # whether _trace.py can write down the calls of this engine

    def leaf(self, array: Array) -> Any:
        """A new tensor of these numbers that collects a gradient."""
        raise NotImplementedError

    def array(self, tensor: Any) -> Array:
        """The numbers of a tensor."""
        raise NotImplementedError

    def gradients(
        self, outputs: list[Any], leaves: list[Any], upstream: list[Array], create_graph: bool = False
    ) -> list[Any]:
        """The gradients of sum <upstream, output>, as arrays (under create_graph as tensors)."""
        raise NotImplementedError

    def is_tensor(self, x: Any) -> bool:
        """Whether x holds numbers of this engine."""
        return not isinstance(
            x, bool | int | float | str | np.ndarray | np.generic | list | tuple | dict | None
        )

    def takes(self, x: Any) -> bool:
        """Whether an argument of the checked function is to become a leaf."""
        return (isinstance(x, np.ndarray) and x.dtype.kind == "f") or self.is_tensor(x)

    def tracked(self, tensor: Any) -> bool:
        """Whether a gradient can flow back from this tensor."""
        return True

    def marked(self, x: Any) -> bool:
        """Whether the user marked this input as one to check (PyTorch's requires_grad)."""
        return False

    def same_layout(self, x: Any) -> Any:
        """A leaf that shares the strides of the user's tensor, or None: kernels may differ by layout."""
        return None

    def run(self, fn: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Call the function."""
        return fn(*args)

    def contains(self, tensors: list[Any]) -> tuple[Any, ...]:
        """The module and the Tensor class whose calls can be written down (for _trace.py)."""
        raise NotImplementedError


class Module(Adapter):
    """An engine of this repository: a module with trigrad's surface."""

    can_trace = True

    def __init__(self, module: ModuleType) -> None:
        self.tg: Any = module
        self.name = module.__name__.rpartition(".")[2]
        self.second_order = self.name != "scalar_cpp"

    def leaf(self, array: Array) -> Any:
        return self.tg.tensor(array, requires_grad=array.dtype.kind == "f")

    def array(self, tensor: Any) -> Array:
        return np.array(tensor.detach().numpy())

    def is_tensor(self, x: Any) -> bool:
        return isinstance(x, self.tg.Tensor)

    def takes(self, x: Any) -> bool:
        if isinstance(x, self.tg.Tensor | np.ndarray):
            return bool(np.dtype(x.dtype).kind == "f")
        return False

    def tracked(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def marked(self, x: Any) -> bool:
        return bool(self.is_tensor(x) and x.requires_grad)

    def same_layout(self, x: Any) -> Any:
        if self.is_tensor(x) and x.dtype == np.float64:
            return x.detach().requires_grad_()
        return None

    def gradients(
        self, outputs: list[Any], leaves: list[Any], upstream: list[Any], create_graph: bool = False
    ) -> list[Any]:
        gs = [g if self.is_tensor(g) else self.tg.tensor(g) for g in upstream]
        found = self.tg.autograd.grad(outputs, leaves, gs, create_graph=create_graph, allow_unused=True)
        return list(found) if create_graph else [None if d is None else self.array(d) for d in found]


class Torch(Adapter):
    """PyTorch, and whatever a user built on it."""

    name = "torch"
    second_order = True
    can_trace = True

    def __init__(self) -> None:
        self.tg: Any = importlib.import_module("torch")

    def leaf(self, array: Array) -> Any:
        made = self.tg.from_numpy(np.array(array))
        return made.requires_grad_() if made.is_floating_point() else made

    def array(self, tensor: Any) -> Array:
        return np.array(tensor.detach().cpu().numpy())

    def is_tensor(self, x: Any) -> bool:
        return isinstance(x, self.tg.Tensor)

    def takes(self, x: Any) -> bool:
        if isinstance(x, np.ndarray):
            return bool(x.dtype.kind == "f")
        return bool(self.is_tensor(x) and x.is_floating_point())

    def tracked(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def marked(self, x: Any) -> bool:
        return self.is_tensor(x) and bool(x.requires_grad)

    def same_layout(self, x: Any) -> Any:
        if self.is_tensor(x) and x.dtype == self.tg.float64:
            return x.detach().requires_grad_()
        return None

    def gradients(
        self, outputs: list[Any], leaves: list[Any], upstream: list[Any], create_graph: bool = False
    ) -> list[Any]:
        gs = [g if self.is_tensor(g) else self.tg.from_numpy(np.array(g)) for g in upstream]
        gs = [g.to(z.dtype).reshape(z.shape) for g, z in zip(gs, outputs, strict=True)]
        found = self.tg.autograd.grad(outputs, leaves, gs, create_graph=create_graph, allow_unused=True)
        return list(found) if create_graph else [None if d is None else self.array(d) for d in found]


class Values(Adapter):
    """A micrograd-like class: `data`, `grad`, `backward()`, operators; each number is an object."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.name = f"{kind.__module__.removeprefix('trigrad._core.')}.{kind.__qualname__}".removeprefix(
            "__main__."
        )
        self.weighs = True
        self.weighs = self._can_weigh()

    def _can_weigh(self) -> bool:
        """Whether `value * number` has a right rule: it brings in a gradient that is not 1.  (If not: 1.)"""
        try:
            x = self.kind(0.75)
            (x * 1.25).backward()
            return math.isclose(float(x.grad), 1.25)
        except Exception:
            return False

    def leaf(self, array: Array) -> Any:
        return self.kind(float(array))

    def array(self, tensor: Any) -> Array:
        return np.asarray(float(tensor.data))

    def is_tensor(self, x: Any) -> bool:
        return isinstance(x, self.kind)

    def takes(self, x: Any) -> bool:
        return self.is_tensor(x) or isinstance(x, float) or (isinstance(x, np.ndarray) and x.ndim == 0)

    def gradients(
        self, outputs: list[Any], leaves: list[Any], upstream: list[Any], create_graph: bool = False
    ) -> list[Any]:
        total = None
        for z, g in zip(outputs, upstream, strict=True):
            part = z * float(g) if self.weighs else z
            total = part if total is None else total + part
        for x in leaves:
            x.grad = 0.0
        if total is not None:
            total.backward()
        return [np.asarray(float(x.grad)) for x in leaves]


class ByHand(Adapter):
    """No engine: a forward on arrays, and its backward written by hand."""

    name = "NumPy, by hand"

    def __init__(self, backward: Callable[..., Any]) -> None:
        self.backward = backward
        self.args: Sequence[Any] = ()

    def leaf(self, array: Array) -> Any:
        return np.array(array)

    def array(self, tensor: Any) -> Array:
        return np.array(tensor, dtype=None)

    def is_tensor(self, x: Any) -> bool:
        return isinstance(x, np.ndarray | np.floating | float)

    def takes(self, x: Any) -> bool:
        return isinstance(x, np.ndarray) and x.dtype.kind == "f"

    def run(self, fn: Callable[..., Any], args: Sequence[Any]) -> Any:
        self.args = args
        return fn(*args)

    def gradients(
        self, outputs: list[Any], leaves: list[Any], upstream: list[Any], create_graph: bool = False
    ) -> list[Any]:
        gs = [np.array(g).reshape(np.shape(z))[()] for g, z in zip(upstream, outputs, strict=True)]
        found = self.backward(*gs, *self.args)
        found = list(found) if isinstance(found, tuple | list) else [found]
        place = {id(x): k for k, x in enumerate(self.args)}
        if len(found) == len(leaves):  # gradients for the float inputs only, as one would write them
            return [None if d is None else np.asarray(d) for d in found]
        if len(found) != len(self.args):
            raise ValueError(f"backward returned {len(found)} gradients for {len(self.args)} inputs")
        return [None if found[place[id(x)]] is None else np.asarray(found[place[id(x)]]) for x in leaves]


def by_hand(backward: Callable[..., Any]) -> Adapter:
    """For gradcheck(forward, inputs, engine=by_hand(backward)), where backward is called (g, *inputs)."""
    return ByHand(backward)


_NAMES = ("tensor_cpp", "scalar_cpp", "reference_py")


def adapter_for(engine: Any, inputs: Sequence[Any]) -> Adapter:
    """The adapter of what the user named, or else of the first input that belongs to an engine."""
    if isinstance(engine, Adapter):
        return engine
    if isinstance(engine, str):
        if engine == "torch":
            return Torch()
        if engine not in _NAMES:
            raise ValueError(f"gradcheck: engine {engine!r} is not one of {', '.join(_NAMES)}, torch")
        return Module(importlib.import_module(f"trigrad.{engine}"))
    if isinstance(engine, ModuleType):
        return Torch() if engine.__name__ == "torch" else Module(engine)
    if isinstance(engine, type):
        return Values(engine)
    if engine is not None:
        if all(callable(getattr(engine, verb, None)) for verb in ("leaf", "array", "gradients")):
            return _Borrowed(engine)
        raise TypeError(
            "gradcheck: engine must be a name, a module, a Value class, or have leaf, array and gradients"
        )
    for x in inputs:
        found = _recognised(x)
        if found is not None:
            return found
    raise TypeError(
        "gradcheck: none of the inputs belongs to an engine; name one, as in "
        "gradcheck(fn, inputs, engine='tensor_cpp'), or engine=by_hand(backward) for a rule on arrays"
    )


def _recognised(x: Any) -> Adapter | None:
    for base in type(x).__mro__:
        home = base.__module__
        if base.__name__ == "Tensor" and home == "trigrad._core.tensor":
            return Module(importlib.import_module("trigrad.tensor_cpp"))
        package = home.rpartition(".")[0]  # reference_py may be imported from the tree, or as part of trigrad
        if base.__name__ == "Tensor" and package.rpartition(".")[2] in _NAMES:
            return Module(sys.modules[package])
    if "torch" in sys.modules and isinstance(x, sys.modules["torch"].Tensor):
        return Torch()
    if not type(x).__module__.startswith("numpy") and all(
        hasattr(x, n) for n in ("data", "grad", "backward")
    ):
        return Values(type(x))
    return None


class _Borrowed(Adapter):
    """An object of the user's with the three verbs, without inheritance."""

    def __init__(self, engine: Any) -> None:
        self.name = str(getattr(engine, "name", type(engine).__name__))
        for verb in dir(Adapter):
            if not verb.startswith("_") and verb not in ("name",) and hasattr(engine, verb):
                setattr(self, verb, getattr(engine, verb))
