"""The written-down function made again on reference_py: with complex numbers, with its rules, and with noise.

Why it exists: the imaginary part of f(x + ihv) is h f'(x) v without any subtraction, so its accuracy is that
of f
itself.  That needs f's forward on complex numbers, which only reference_py has.  The same replay on real
tensors gives the gradients that the list's records decide (at kinks, where no difference quotient can), and
a replay in which every step is off by a random relative 1e-7 tells how much rounding errors may grow.
Read before: _trace.py.  After: _check.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._engines import Array
from ._trace import Call, Program, Var, flat, substitute

STEP = 1e-30
WOBBLE = 1e-7
CASTS = {"to", "astype", "float", "double", "detach", "contiguous", "clone"}
AS_PLAIN = {
    "__iadd__": "__add__",
    "__isub__": "__sub__",
    "__imul__": "__mul__",
    "__itruediv__": "__truediv__",
    "__ipow__": "__pow__",
}
EMPTY = (
    "inplace",
    "dtype",
    "out",
    "weight",
    "size_average",
    "reduce",
    "_stacklevel",
    "memory_format",
    "training",
)


class UnlistedError(Exception):
    """The function does something that the op list does not have."""


def reference() -> Any:
    """The module reference_py."""
    return importlib.import_module("trigrad.reference_py")


class Replay:
    """Evaluates a program on reference_py.  Its `forward` takes real or complex arrays for the inputs."""

    listed = True

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tg = reference()
        if program.flaws:
            raise UnlistedError(program.flaws[0])
        self.steps = [(call, self._function(call)) for call in program.calls]

    def _function(self, call: Call) -> Callable[..., Any]:
        name = AS_PLAIN.get(call.name, call.name)
        if call.kind == "custom":
            raise UnlistedError(f"{call.op} is not of the op list")
        if call.kind == "property":
            return lambda x: getattr(x, name)
        member = getattr(self.tg.Tensor, name, None)
        if call.kind == "method" and callable(member):
            return member  # type: ignore[no-any-return]
        function = getattr(self.tg, name, None)
        if not callable(function):
            raise UnlistedError(f"{call.op} is not of the op list")
        return function  # type: ignore[no-any-return]

    def _constant(self, tensor: Any) -> Any:
        array = self.program.adapter.array(tensor)
        return self.tg.Tensor(array.astype(np.float64) if array.dtype.kind == "f" else array)

    def run(
        self,
        inputs: Sequence[Any],
        adjust: Callable[[int, Any], Any] | None = None,
        use: Callable[[int, int, Any], Any] | None = None,
    ) -> list[Any]:
        """All tensors by number; adjust(number, tensor) may change each, use(call, place, tensor) a use."""
        env: list[Any] = [None] * len(self.program.tensors)
        for k, x in enumerate(inputs):
            env[k] = x if adjust is None else adjust(k, x)
        for at, (call, function) in enumerate(self.steps):
            position = -1

            def put(leaf: Any, at: int = at) -> Any:
                nonlocal position
                if not isinstance(leaf, Var):
                    return self._constant(leaf.tensor)
                position += 1
                return env[leaf.index] if use is None else use(at, position, env[leaf.index])

            args, kwargs = substitute((call.args, call.kwargs), put)
            kwargs = {
                k: v for k, v in kwargs.items() if not (k in EMPTY and (v is None or v is False or v == 3))
            }
            made = [args[0]] if call.name in CASTS else flat(function(*args, **kwargs))
            for number, z in zip(call.outputs, made, strict=True):
                if number is not None:
                    env[number] = z if adjust is None else adjust(number, z)
        return env

    def outputs(self, env: list[Any]) -> list[Any]:
        """The function's outputs among all tensors."""
        return [self.tg.Tensor(np.zeros(())) if k is None else env[k] for k in self.program.outputs]

    def forward(self, points: Sequence[Array]) -> list[Array]:
        """The outputs for real or complex inputs."""
        with self.tg.no_grad(), np.errstate(all="ignore"):
            env = self.run([self.tg.Tensor(np.asarray(p)) for p in points])
        return [z._array for z in self.outputs(env)]

    def gradient(self, points: Sequence[Array], gs: Sequence[Array]) -> list[Array]:
        """The gradients by reference_py's own rules, which decide at kinks."""
        return self._gradient(points, gs, None)[1]

    def cut_gradient(self, points: Sequence[Array], gs: Sequence[Array]) -> list[Array]:
        """As gradient, but nothing flows where the engine tracked nothing: past detach and no_grad."""
        tracked = [self.program.adapter.tracked(t) for t in self.program.tensors]
        return self._gradient(points, gs, lambda k, z: z if tracked[k] else z.detach())[1]

    def wobbled(self, points: Sequence[Array], gs: Sequence[Array], gen: np.random.Generator) -> Any:
        """Outputs and gradients when every tensor on the way is off by a relative 1e-7 of random sign."""

        def adjust(k: int, z: Any) -> Any:
            if z.dtype.kind != "f":
                return z
            return z * self.tg.Tensor(1 + WOBBLE * gen.choice([-1.0, 1.0], z.shape))

        return self._gradient(points, gs, adjust)

    def _gradient(
        self, points: Sequence[Array], gs: Sequence[Array], adjust: Any
    ) -> tuple[list[Array], list[Array]]:
        with self.tg.enable_grad(), np.errstate(all="ignore"):
            leaves = [self.tg.Tensor(np.asarray(p, np.float64), True) for p in points]
            outs = self.outputs(self.run(leaves, adjust))
            live = [
                (z, self.tg.Tensor(np.asarray(g))) for z, g in zip(outs, gs, strict=True) if z.requires_grad
            ]
            values = [z.detach()._array for z in outs]
            if not live:
                return values, [np.zeros_like(p) for p in points]
            found = self.tg.autograd.grad(
                [z for z, _ in live], leaves, [g for _, g in live], allow_unused=True
            )
        return values, [
            np.zeros_like(p) if d is None else d.detach()._array for p, d in zip(points, found, strict=True)
        ]

    def adjoint(self, points: Sequence[Array], gs: Sequence[Array], number: int, v: Array) -> float:
        """The true gradient of tensor `number` in direction v: a complex step in the middle of the graph."""
        return self._imaginary(points, gs, lambda k, z: self._moved(z, v) if k == number else z, None)

    def through(
        self, points: Sequence[Array], gs: Sequence[Array], call: int, position: int, v: Array
    ) -> float:
        """As adjoint, but only by the one use that call `call` makes of its tensor at `position`."""
        return self._imaginary(
            points, gs, None, lambda c, p, z: self._moved(z, v) if (c, p) == (call, position) else z
        )

    def _moved(self, z: Any, v: Array) -> Any:
        return self.tg.Tensor(z._array + 1j * STEP * v)

    def _imaginary(self, points: Sequence[Array], gs: Sequence[Array], adjust: Any, use: Any) -> float:
        with self.tg.no_grad(), np.errstate(all="ignore"):
            env = self.run([self.tg.Tensor(np.asarray(p)) for p in points], adjust, use)
        return pairing(gs, [np.imag(z._array) / STEP for z in self.outputs(env)])


class Swapped:
    """A function that takes reference_py's tensors as they are: it uses nothing but operators and methods."""

    listed = False

    def __init__(
        self, fn: Callable[..., Any], args: Sequence[Any], wanted: Sequence[int], wrap: bool = True
    ) -> None:
        self.fn, self.args, self.wanted = fn, list(args), list(wanted)
        self.tg = reference() if wrap else None

    def forward(self, points: Sequence[Array]) -> list[Array]:
        """The outputs for real or complex inputs."""
        args = list(self.args)
        for k, p in zip(self.wanted, points, strict=True):
            args[k] = np.array(p) if self.tg is None else self.tg.Tensor(np.asarray(p))
        with np.errstate(all="ignore"):
            if self.tg is None:
                return [np.asarray(z) for z in flat(self.fn(*args)) if np.asarray(z).dtype.kind in "fc"]
            with self.tg.no_grad():
                made = flat(self.fn(*args))
        if not all(isinstance(z, self.tg.Tensor) for z in made):
            raise UnlistedError("the function does not return tensors")
        return [z._array for z in made if z._array.dtype.kind in "fc"]


class Gradients:
    """The rules of reference_py for a swapped function: what its operators' records decide at kinks."""

    def __init__(self, swapped: Swapped) -> None:
        self.swapped = swapped

    def gradient(self, points: Sequence[Array], gs: Sequence[Array]) -> list[Array]:
        """The gradients by reference_py's rules."""
        tg: Any = self.swapped.tg
        leaves = [tg.Tensor(np.asarray(p, np.float64), True) for p in points]
        args = list(self.swapped.args)
        for k, x in zip(self.swapped.wanted, leaves, strict=True):
            args[k] = x
        outs = [z for z in flat(self.swapped.fn(*args)) if z.dtype.kind == "f"]
        live = [
            (z, tg.Tensor(np.asarray(g).reshape(z.shape)))
            for z, g in zip(outs, gs, strict=True)
            if z.requires_grad
        ]
        if not live:
            return [np.zeros_like(p) for p in points]
        found = tg.autograd.grad([z for z, _ in live], leaves, [g for _, g in live], allow_unused=True)
        return [
            np.zeros_like(p) if d is None else d.detach()._array for p, d in zip(points, found, strict=True)
        ]


def pairing(gs: Sequence[Array], zs: Sequence[Array]) -> float:
    """sum <g, z> over the outputs."""
    return float(sum(float(np.sum(g * np.broadcast_to(z, np.shape(g)))) for g, z in zip(gs, zs, strict=True)))


def complex_derivative(
    source: Any, points: Sequence[Array], gs: Sequence[Array], directions: Sequence[Any]
) -> float:
    """d/dh <gs, f(points + h directions)> at 0, by the complex step.  A direction None stays real."""
    moved = [
        np.asarray(p) if v is None else np.asarray(p, np.complex128) + 1j * STEP * np.asarray(v)
        for p, v in zip(points, directions, strict=True)
    ]
    return pairing(gs, [np.imag(z) / STEP for z in source.forward(moved)])
