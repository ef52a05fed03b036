"""How calls are noticed: an engine is wrapped for a while, and PyTorch has a mode for it.

Why it exists: the tensor engines are C++ and know nothing of Python's wish to look on.
Read before: _trace.py, which writes the calls down.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._engines import Adapter
from ._names import ACTIVE, CUTS, ESCAPES, IN_PLACE, OPERATORS

if TYPE_CHECKING:
    from ._trace import Tracer

OTHERS = {"reshape", "view", "expand", "contiguous", "clone", "to", "astype", "float", "double", "where"}
CREATION = set(
    "tensor as_tensor from_numpy zeros ones empty full eye arange linspace zeros_like ones_like full_like "
    "rand rand_like randn randn_like randint randperm manual_seed get_default_dtype set_default_dtype "
    "no_grad enable_grad set_grad_enabled is_grad_enabled detect_anomaly ops show_config get_num_threads "
    "set_num_threads to_dot supports Tensor Function Generator bool float32 float64 int64 errors".split()
)


# ---- the engines of this repository: wrap the surface ----
def _surface() -> tuple[set[str], set[str]]:
    reference: Any = importlib.import_module("trigrad.reference_py")
    functions = {n for n in reference.__all__ if n not in CREATION and callable(getattr(reference, n))}
    methods = {*functions, *OPERATORS, *IN_PLACE, *ESCAPES, *CUTS, *OTHERS}
    return functions - {"autograd", "func", "OPS"}, methods


@contextlib.contextmanager
def wrapped(adapter: Adapter, fn: Callable[..., Any]) -> Iterator[dict[int, Any]]:
    """The module's functions, those that fn's file or scope has by name, and Tensor's methods, wrapped.

    Gives the wrappers by the id of what they stand for: fn itself may be one of those functions.
    """
    functions, methods = _surface()
    tg: Any = adapter.tg  # type: ignore[attr-defined]
    undo: list[tuple[Any, str, Any]] = []
    package = sys.modules.get("trigrad")
    homes: list[Any] = [tg] + (
        [package] if package is not None and tg.__name__ == "trigrad.tensor_cpp" else []
    )
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
    cells = [c for c in getattr(fn, "__closure__", None) or () if _holds(c, originals)]
    kept = [c.cell_contents for c in cells]
    for cell, function in zip(cells, kept, strict=True):
        cell.cell_contents = originals[id(function)]
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
        yield originals
    finally:
        borrowed.update(imported)
        for cell, function in zip(cells, kept, strict=True):
            cell.cell_contents = function
        for owner, name, original in reversed(undo):
            setattr(owner, name, original)


def _holds(cell: Any, originals: dict[int, Any]) -> bool:
    """Whether a variable that fn closes over is one of the engine's functions."""
    try:
        return id(cell.cell_contents) in originals
    except ValueError:  # not assigned yet
        return False


def watched(fn: Callable[..., Any], wrappers: dict[int, Any]) -> Callable[..., Any]:
    """fn in a form that is noticed: `tg.tanh` and `MyFunction.apply` were looked up before the wrapping."""
    if id(fn) in wrappers:
        return wrappers[id(fn)]  # type: ignore[no-any-return]
    if isinstance(fn, functools.partial):
        return functools.partial(watched(fn.func, wrappers), *fn.args, **fn.keywords)
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type) and getattr(fn, "__name__", "") == "apply":
        return lambda *args, **kwargs: owner.apply(*args, **kwargs)  # type: ignore[attr-defined]
    return fn


def _watch(original: Any, name: str, kind: str) -> Any:
    @functools.wraps(original, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        tracer = ACTIVE.tracer
        if tracer is None or ACTIVE.depth:
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
        tracer = ACTIVE.tracer
        bound = original.__get__(cls, type(cls))
        return (
            bound(*args, **kwargs)
            if tracer is None
            else tracer.call(cls.__name__, "custom", bound, args, kwargs)
        )

    return apply


# ---- PyTorch: it offers to be watched ----
@contextlib.contextmanager
def torch_watched(tracer: Tracer) -> Iterator[dict[int, Any]]:
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
            yield {}
    finally:
        torch.autograd.Function.apply = custom
