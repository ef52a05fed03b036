"""What is checked: a function of float arrays, run by an engine.

Why it exists: the oracles and the analytic gradient must see the very same function at the very same numbers.
float32 inputs are widened to float64 where the function allows it, since float64 shows a wrong rule clearly.
Read next: _trace.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._engines import Adapter, Array

EPS = {"float64": 2.220446049250313e-16, "float32": 1.1920928955078125e-07}


class Problem:
    """A function, its arguments, and which of them are differentiated."""

    def __init__(self, fn: Callable[..., Any], args: Sequence[Any], adapter: Adapter, name: str = "") -> None:
        self.fn, self.adapter, self.args = fn, adapter, list(args)
        self.name = name or _called(fn)
        self.eps: float | None = None  # the step of plain differences, if the user chose one
        marked = [k for k, x in enumerate(args) if adapter.marked(x)]
        self.wanted = marked or [k for k, x in enumerate(args) if adapter.takes(x)]
        self.points = [self._numbers(args[k]) for k in self.wanted]
        self.dtype = "float64"
        self.inputs = self._input_names()

    def _numbers(self, x: Any) -> Array:
        held = self.adapter.array(x) if self.adapter.is_tensor(x) else np.asarray(x)
        return held.astype(np.float64)

    def _input_names(self) -> list[str]:
        try:
            names = list(inspect.signature(self.fn).parameters)
        except (TypeError, ValueError):
            names = []
        plain = [n for n in names if n not in ("args", "kwargs", "tensors", "xs")]
        return [plain[k] if k < len(plain) else "" for k in self.wanted]

    @property
    def precision(self) -> float:
        return EPS[self.dtype]

    def leaves(self, points: Sequence[Array]) -> tuple[list[Any], list[Any]]:
        """Fresh leaves of these numbers, and all arguments with the leaves in their places."""
        args, leaves = list(self.args), []
        for k, point, own in zip(self.wanted, points, self.points, strict=True):
            held = self.adapter.same_layout(args[k]) if point is own and self.dtype == "float64" else None
            args[k] = self.adapter.leaf(np.array(point, self.dtype)) if held is None else held
            leaves.append(args[k])
        for k, x in enumerate(args):
            if k not in self.wanted and isinstance(x, np.ndarray) and self.adapter.takes(x):
                args[k] = self.adapter.leaf(x)
        return leaves, args

    def outputs_of(self, made: Any) -> list[Any]:
        """The float tensors in what the function returned."""
        if isinstance(made, tuple | list):
            return [z for part in made for z in self.outputs_of(part)]
        if isinstance(made, dict):
            return [z for part in made.values() for z in self.outputs_of(part)]
        if not self.adapter.is_tensor(made):
            return []
        return [made] if self.adapter.array(made).dtype.kind == "f" else []

    def call(self, points: Sequence[Array]) -> tuple[list[Any], list[Any]]:
        """Leaves and outputs, as the engine's own tensors."""
        leaves, args = self.leaves(points)
        return leaves, self.outputs_of(self.adapter.run(self.fn, args))

    def forward(self, points: Sequence[Array]) -> list[Array]:
        """The outputs as float64 arrays."""
        return [np.asarray(self.adapter.array(z), np.float64) for z in self.call(points)[1]]

    def gradient(self, points: Sequence[Array], gs: Sequence[Array]) -> list[Array | None]:
        """What the engine says the gradients are; None where it says that nothing arrives."""
        leaves, outs = self.call(points)
        live = [k for k, z in enumerate(outs) if self.adapter.tracked(z)]
        if not live:
            return [None] * len(leaves)
        upstream = [np.asarray(gs[k], self.adapter.array(outs[k]).dtype) for k in live]
        return self.adapter.gradients([outs[k] for k in live], leaves, upstream)

    def settle(self) -> list[Array]:
        """Choose the precision: float64, or float32 where the function insists.  Returns the outputs."""
        narrow = any(_is_single(self.args[k]) for k in self.wanted)
        try:
            outs = self.call(self.points)[1]
        except Exception:
            if not narrow:
                raise
            self.dtype = "float32"
            self.points = [np.asarray(p, np.float32).astype(np.float64) for p in self.points]
            outs = self.call(self.points)[1]
        arrays = [self.adapter.array(z) for z in outs]
        if any(z.dtype == np.float32 for z in arrays):
            self.dtype = "float32"
            self.points = [np.asarray(p, np.float32).astype(np.float64) for p in self.points]
        return [z.astype(np.float64) for z in arrays]


def _called(fn: Callable[..., Any]) -> str:
    """The function's name; a lambda's place."""
    code = getattr(fn, "__code__", None)
    name = str(getattr(fn, "__name__", type(fn).__name__))
    if name == "<lambda>" and code is not None:
        return f"lambda at {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
    return name


def _is_single(x: Any) -> bool:
    return str(getattr(x, "dtype", "")).endswith("float32")


def upstream_for(shapes: Sequence[tuple[int, ...]], gen: np.random.Generator) -> list[Array]:
    """Random gradients for the outputs: never near 0, never all ones (which hide a rule without g)."""
    return [
        np.asarray(gen.uniform(0.25, 1.75, shape) * gen.choice([-1.0, 1.0], shape), np.float64)
        for shape in shapes
    ]
