"""The function, written down: every call it makes of its engine, with inputs, outputs and source line.

Why it exists: for two things.  The written calls can be made again on reference_py with complex numbers (_replay.py),
and each can be checked on its own, which names the wrong rule (_blame.py).  While a function is watched, the engine's
functions and the methods of its Tensor are wrapped; nothing else of the engine is touched, and other threads pass
straight through.
Read next: _replay.py.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from ._engines import Adapter, Torch

OPERATORS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add", "__sub__": "sub", "__rsub__": "sub", "__isub__": "sub",
    "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul", "__truediv__": "div", "__rtruediv__": "div",
    "__itruediv__": "div", "__pow__": "pow", "__rpow__": "pow", "__ipow__": "pow", "__matmul__": "matmul",
    "__rmatmul__": "matmul", "__neg__": "neg", "__abs__": "abs", "__getitem__": "getitem", "__eq__": "eq",
    "__ne__": "ne", "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge", "__and__": "logical_and",
    "__or__": "logical_or", "__invert__": "logical_not", "T": "permute", "mT": "transpose",
}  # fmt: skip
IN_PLACE = {"add_", "sub_", "mul_", "div_", "fill_", "zero_", "copy_", "__setitem__"}
ESCAPES = {"item", "numpy", "tolist", "__float__", "__array__", "data"}  # numbers leave the graph here
CUTS = {"detach"}  # gradients stop here, though the numbers go on
OTHERS = {"reshape", "view", "expand", "contiguous", "clone", "to", "astype", "float", "double", "where"}
CREATION = set(
    "tensor as_tensor from_numpy zeros ones empty full eye arange linspace zeros_like ones_like full_like rand "
    "rand_like randn randn_like randint randperm manual_seed get_default_dtype set_default_dtype no_grad enable_grad "
    "set_grad_enabled is_grad_enabled detect_anomaly ops show_config get_num_threads set_num_threads to_dot supports "
    "Tensor Function Generator bool float32 float64 int64 errors".split()
)


class Var(NamedTuple):
    """A tensor of the function, by number: the inputs first, then every output of every call."""

    index: int


@dataclass
class Constant:
    """A tensor that does not come from the inputs."""

    tensor: Any


@dataclass
class Call:
    """One call: `function(*args, **kwargs)` with tensors replaced by Var and Constant."""

    name: str  # as called: __add__, exp, T
    op: str  # as the op list has it: add, exp, permute
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    kind: str  # function, method, property or custom
    outputs: list[int | None]  # numbers of the tensors among the (flattened) results
    where: str = ""
    again: Callable[..., Any] | None = None  # the same call in a form that can be watched

    def variables(self) -> list[int]:
        """The numbers of the tensors it takes, in order, repeats included."""
        found: list[int] = []
        substitute((self.args, self.kwargs), lambda leaf: found.append(leaf.index) if isinstance(leaf, Var) else None)
        return found


@dataclass
class Program:
    """All calls of one run of a function."""

    adapter: Adapter
    calls: list[Call] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)  # by number; held, so that no id is used twice
    inputs: int = 0
    outputs: list[int | None] = field(default_factory=list)  # None: an output that no input reaches
    flaws: list[str] = field(default_factory=list)  # why it cannot be replayed
    escapes: list[str] = field(default_factory=list)  # where numbers left the graph


def substitute(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with change() applied to every Var and Constant in its tuples, lists, dicts and slices."""
    if isinstance(value, Var | Constant):
        return change(value)
    if isinstance(value, tuple):
        return tuple(substitute(v, change) for v in value)
    if isinstance(value, list):
        return [substitute(v, change) for v in value]
    if isinstance(value, dict):
        return {k: substitute(v, change) for k, v in value.items()}
    return value


def flat(result: Any) -> list[Any]:
    """What a call returned, as a list."""
    return list(result) if isinstance(result, tuple | list) else [result]


class _Active(threading.local):
    tracer: Tracer | None = None
    depth = 0


_active = _Active()


class Tracer:
    """Writes the calls of this thread into a Program while its `watching()` block runs."""

    def __init__(self, adapter: Adapter, leaves: list[Any]) -> None:
        self.adapter = adapter
        self.program = Program(adapter, tensors=list(leaves), inputs=len(leaves))
        self.number = {id(x): k for k, x in enumerate(leaves)}

    def lift(self, value: Any, name: str) -> Any:
        """A tensor becomes Var or Constant; containers are searched."""
        if self.adapter.is_tensor(value):
            if id(value) in self.number:
                return Var(self.number[id(value)])
            if self.adapter.tracked(value) and getattr(value, "grad_fn", None) is not None:
                self.program.flaws.append(f"{name} takes a tensor whose making was not seen")
            return Constant(value)
        if type(value) in (tuple, list):
            return type(value)(self.lift(v, name) for v in value)
        if isinstance(value, dict):
            return {k: self.lift(v, name) for k, v in value.items()}
        return value

    def call(self, name: str, kind: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Make the call and, unless it is a step inside another one, write it down."""
        if _active.depth:
            return function(*args, **kwargs)
        lifted = (self.lift(tuple(args), name), self.lift(kwargs, name))
        _active.depth += 1
        try:
            result = function(*args, **kwargs)
        finally:
            _active.depth -= 1
        op = getattr(function, "__self__", type).__name__ if kind == "custom" else OPERATORS.get(name, name)
        call = Call(name, op, function, *lifted, kind, [], again=_again(self.adapter, name, kind, function))
        if not call.variables():
            return result  # nothing of the inputs in it: its results are constants
        if name in ESCAPES:
            self.program.escapes.append(f"{name} at {_line()}")
            return result
        if name in IN_PLACE:
            self.program.flaws.append(f"{name} changes a tensor in place")
            return result
        made = flat(result)
        if not any(self.adapter.is_tensor(z) for z in made):
            return result
        if name in CUTS or not any(self.adapter.is_tensor(z) and self.adapter.tracked(z) for z in made):
            if any(self.adapter.is_tensor(z) and self.adapter.array(z).dtype.kind == "f" for z in made) and (
                any(self.adapter.tracked(self.program.tensors[v]) for v in call.variables())
            ):
                self.program.escapes.append(f"{name} at {_line()}")
        for z in made:
            call.outputs.append(self._named(z) if self.adapter.is_tensor(z) else None)
        recorded = getattr(getattr(made[0], "grad_fn", None), "name", None)
        if isinstance(recorded, str) and kind != "custom" and recorded not in ("to", "clone"):
            call.op = recorded  # the engine's own word: max_dim, gelu_tanh, slice
        call.where = _line()
        self.program.calls.append(call)
        return result

    def _named(self, z: Any) -> int:
        self.program.tensors.append(z)
        self.number[id(z)] = len(self.program.tensors) - 1
        return self.number[id(z)]

    @contextlib.contextmanager
    def watching(self, fn: Callable[..., Any]) -> Iterator[None]:
        """Calls made in this block are written down."""
        before = (_active.tracer, _active.depth)
        with _torch_watched(self) if isinstance(self.adapter, Torch) else _wrapped(self.adapter, fn):
            _active.tracer, _active.depth = self, 0
            try:
                yield
            finally:
                _active.tracer, _active.depth = before


def _again(adapter: Adapter, name: str, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Looked up when called: while it is watched, the engine's names are other objects than now."""
    if kind == "custom":
        cls: Any = function.__self__  # type: ignore[attr-defined]
        return lambda *args, **kwargs: cls.apply(*args, **kwargs)
    if isinstance(adapter, Torch):
        return function
    if kind == "property":
        return lambda x: getattr(x, name)
    if kind == "method":
        return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)
    tg: Any = adapter.tg  # type: ignore[attr-defined]
    return lambda *args, **kwargs: getattr(tg, name)(*args, **kwargs)


def trace(adapter: Adapter, fn: Callable[..., Any], leaves: list[Any], args: list[Any], outputs_of: Any) -> Program:
    """Run fn once and write it down.  `flaws` says what makes the program useless for a replay."""
    tracer = Tracer(adapter, leaves)
    with tracer.watching(fn):
        made = fn(*args)
    for z in outputs_of(made):
        known = tracer.number.get(id(z))
        if known is None and adapter.tracked(z) and getattr(z, "grad_fn", None) is not None:
            tracer.program.flaws.append("an output's making was not seen")
        tracer.program.outputs.append(known)
    return tracer.program


def _line() -> str:
    """FILE:LINE of the nearest caller outside this package, with the line itself if it can be read."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("trigrad", "torch", "reference_py"):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number).strip()
    return f"{name.rpartition('/')[2]}:{number}" + (f"  {text}" if text else "")


# ---- the engines of this repository: wrap the surface ----
def _surface() -> tuple[set[str], set[str]]:
    reference: Any = importlib.import_module("trigrad.reference_py")
    functions = {n for n in reference.__all__ if n not in CREATION and callable(getattr(reference, n))}
    methods = {n for n in (*functions, *OPERATORS, *IN_PLACE, *ESCAPES, *CUTS, *OTHERS)}
    return functions - {"autograd", "func", "OPS"}, methods


@contextlib.contextmanager
def _wrapped(adapter: Adapter, fn: Callable[..., Any]) -> Iterator[None]:
    """The functions of the module, those that fn's file imported by name, and the methods of Tensor, wrapped."""
    functions, methods = _surface()
    tg: Any = adapter.tg  # type: ignore[attr-defined]
    undo: list[tuple[Any, str, Any]] = []
    package = sys.modules.get("trigrad")
    homes: list[Any] = [tg] + ([package] if package is not None and tg.__name__ == "trigrad.tensor_cpp" else [])
    originals: dict[int, Any] = {}
    for name in functions:
        original = getattr(tg, name, None)
        if original is None or isinstance(original, ModuleType | type):
            continue
        wrapper = originals[id(original)] = _watch(original, name, "function")
        for home in homes:
            if home.__dict__.get(name) is original:
                undo.append((home, name, original))
                setattr(home, name, wrapper)
    borrowed = getattr(fn, "__globals__", {})
    imported = {name: value for name, value in borrowed.items() if id(value) in originals}
    if borrowed is not getattr(tg, "__dict__", None):
        borrowed.update({name: originals[id(value)] for name, value in imported.items()})
    for cls in [c for c in tg.Tensor.__mro__ if c is not object and c.__module__ != "pybind11_builtins"]:
        for name in methods & cls.__dict__.keys():
            original = cls.__dict__[name]
            undo.append((cls, name, original))
            setattr(cls, name, _watch_member(original, name))
    custom = tg.Function.__dict__["apply"]
    undo.append((tg.Function, "apply", custom))
    tg.Function.apply = classmethod(_apply(custom.__func__))
    try:
        yield
    finally:
        borrowed.update(imported)
        for owner, name, original in reversed(undo):
            setattr(owner, name, original)


def _watch(original: Any, name: str, kind: str) -> Any:
    @functools.wraps(original, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        tracer = _active.tracer
        if tracer is None or _active.depth:
            return original(*args, **kwargs)
        return tracer.call(name, kind, original, args, kwargs)

    return call


def _watch_member(original: Any, name: str) -> Any:
    if isinstance(original, property):
        getter = original.fget
        assert getter is not None
        return property(_watch(getter, name, "property"), original.fset, original.fdel, original.__doc__)
    return _watch(original, name, "method")


def _apply(original: Callable[..., Any]) -> Callable[..., Any]:
    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        tracer = _active.tracer
        bound = original.__get__(cls, type(cls))  # type: ignore[attr-defined]
        return bound(*args, **kwargs) if tracer is None else tracer.call(cls.__name__, "custom", bound, args, kwargs)

    return apply


# ---- PyTorch: it offers to be watched ----
@contextlib.contextmanager
def _torch_watched(tracer: Tracer) -> Iterator[None]:
    torch: Any = importlib.import_module("torch")
    overrides: Any = importlib.import_module("torch.overrides")

    class Mode(overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(func, "__name__", "")
            if name == "__get__":  # x.T and x.data arrive as the property's getter
                name = getattr(func.__self__, "__name__", name)
                kind = "property"
                if name not in OPERATORS and name not in ESCAPES:
                    return func(*args, **(kwargs or {}))  # shape, requires_grad, grad_fn ...
            else:
                kind = "method" if hasattr(torch.Tensor, name) else "function"
            return tracer.call(name, kind, func, args, kwargs or {})

    custom = torch.autograd.Function.__dict__["apply"]
    torch.autograd.Function.apply = classmethod(_apply(custom.__func__))
    try:
        with Mode():
            yield
    finally:
        torch.autograd.Function.apply = custom
