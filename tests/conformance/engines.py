"""Who is tested: one entry per engine, and the few verbs that the suite speaks to it.

Why it exists: a new engine joins the whole suite by one line in `ENGINES`. What an engine cannot do it says
itself (`supports(name)`); such an op must refuse by name, and that refusal is tested, nothing is skipped. An
engine that is not built makes the suite fail; TRIGRAD_ENGINES=reference_py,tensor_cpp restricts a run on
purpose. Read calls.py before, test_ops.py after."""

from __future__ import annotations

import functools
import importlib
import operator
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from .calls import Call, Input

DTYPES: dict[str, Any] = {"float32": np.dtype("float32"), "float64": np.dtype("float64")}


@dataclass(frozen=True)
class Engine:
    """An engine: its import names (first that works), orders (default first) and dtypes.

    `second_order`: whether create_graph=True is offered. `skips_zeros`: the sweep skips zero adjoints, so
    that 0 * inf gives 0 there and NaN elsewhere (design.md 4). `views`: whether views share storage.
    `values_on_tape`: rules read values that no tensor can change in place, so nothing needs a version check.
    """

    id: str
    modules: tuple[str, ...]
    orders: tuple[str, ...]
    dtypes: tuple[str, ...] = ("float32", "float64")
    second_order: bool = True
    skips_zeros: bool = False
    views: bool = True
    values_on_tape: bool = False
    has_surface: bool = True  # False: a stand-in that offers only the verbs below

    @property
    def tg(self) -> Any:
        """The engine's module."""
        return _imported(self.modules)

    def supports(self, op: str) -> bool:
        """Whether the engine says that it has the op."""
        asked = getattr(self.tg, "supports", None)
        return bool(asked(op)) if asked is not None else True

    def excused(self, case: Any, dtype: str) -> bool:
        """No engine is; the stand-in's known faults are."""
        return False

    # ----------------------------------------------------------------------------------------------------
    # verbs

    def tensor(self, data: Any, dtype: str | None = None, requires_grad: bool = False) -> Any:
        """A new leaf with a copy of `data`."""
        array = np.asarray(data)
        if array.dtype.kind == "f":
            array = array.astype(DTYPES[dtype or self.dtypes[-1]])
        return self.tg.tensor(array, requires_grad=requires_grad)

    def array(self, t: Any) -> np.ndarray:
        """The values of a tensor."""
        assert t is not None, "there is no tensor (of a gradient: none has arrived)"
        return np.asarray(t.detach().numpy())

    def dtype_of(self, t: Any) -> str:
        """The name of a tensor's dtype."""
        return str(np.dtype(t.dtype))

    def held(self, x: Input, dtype: str, wants_grad: bool) -> tuple[Any, Any]:
        """The leaf and the tensor to call with, which is a view of the leaf for layouts T, S and E."""
        data, layout = x.data, x.layout
        if layout == "T":
            data = np.ascontiguousarray(np.swapaxes(data, -1, -2))
        elif layout == "S":
            data = np.repeat(data, 2, axis=-1)
        elif layout == "E":
            data = data[..., :1, :]
        calls = {
            "T": Call("transpose", (None, -1, -2), {}),
            "E": Call("expand", (None, x.shape), {}),
            "S": Call("getitem", (None, (Ellipsis, slice(None, None, 2))), {}),
        }
        if layout != "C" and not self.supports({"T": "transpose", "S": "slice", "E": "expand"}[layout]):
            data, layout = x.data, "C"
        leaf = self.tensor(data, dtype, wants_grad)
        if layout == "C":
            return leaf, leaf
        plan = calls[layout]
        return leaf, self.call(Call(plan.name, (leaf, *plan.args[1:]), {}), [])[0]

    def function(self, name: str) -> Any:
        """The function that a call's name means."""
        if name.startswith("operator."):
            plain = name.removeprefix("operator.")
            return getattr(operator, {"div": "truediv"}.get(plain, plain))
        if name == "getitem":
            return operator.getitem
        if name == "view":
            return lambda x, shape: x.view(shape)
        return getattr(self.tg, name)

    def call(self, call: Call, tensors: list[Any]) -> list[Any]:
        """The call's outputs as a flat list."""
        args, kwargs = call.filled(tensors)
        made = self.function(call.name)(*args, **kwargs)
        return list(made) if isinstance(made, (tuple, list)) else [made]

    def backward(self, z: Any, g: Any, order: str, retain_graph: bool = False) -> None:
        """Fills `.grad` from one output."""
        z.backward(gradient=g, order=order, retain_graph=retain_graph or None)

    def grad(
        self,
        outs: list[Any],
        ins: list[Any],
        gs: list[Any],
        order: str | None = None,
        create_graph: bool = False,
    ) -> list[Any]:
        """Gradients by `autograd.grad`; None where an input was not used."""
        return list(
            self.tg.autograd.grad(outs, ins, gs, create_graph=create_graph, allow_unused=True, order=order)
        )


@functools.cache
def _imported(modules: tuple[str, ...]) -> ModuleType:
    wrong = []
    for name in modules:
        try:
            return importlib.import_module(name)
        except ImportError as e:
            wrong.append(f"{name}: {e}")
    raise AssertionError(
        f"engine {modules[0].split('.')[-1]} cannot be imported ({'; '.join(wrong)}); build it, or "
        "restrict the run with TRIGRAD_ENGINES"
    )


ENGINES = {
    e.id: e
    for e in (
        Engine("tensor_cpp", ("trigrad.tensor_cpp",), ("tape", "stack", "recursive")),
        Engine(
            "scalar_cpp",
            ("trigrad.scalar_cpp",),
            ("tape",),
            ("float64",),
            second_order=False,
            skips_zeros=True,
            views=False,
            values_on_tape=True,
        ),
        Engine("reference_py", ("trigrad.reference_py", "reference_py"), ("stack", "recursive")),
    )
}


def chosen() -> list[Engine]:
    """The engines of this run: all, or those that TRIGRAD_ENGINES names; `torch` is the stand-in."""
    wanted = [w for w in os.environ.get("TRIGRAD_ENGINES", "").replace(",", " ").split() if w]
    if "torch" in wanted:
        from .null_engine import TorchEngine

        ENGINES["torch"] = TorchEngine("torch", ("torch",), ("tape",), has_surface=False)
    unknown = [w for w in wanted if w not in ENGINES]
    if unknown:
        raise ValueError(f"TRIGRAD_ENGINES names {unknown[0]!r}; known are {', '.join(ENGINES)}")
    return [ENGINES[w] for w in wanted or ENGINES]


def with_surface() -> list[Engine]:
    """The engines of this run that are modules of the trigrad surface."""
    return [e for e in chosen() if e.has_surface]
