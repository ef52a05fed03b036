"""A call of an op, held as data: name, arguments, and placeholders where tensors go.

Why it exists: a sample such as `linear(f(3, 4), f(5, 4), activation='relu')` is read once and then made on
every engine, in every dtype and on the oracle, with the same numbers each time. Read samples.py next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Arg:
    """The place of input number `index` in a call."""

    index: int


@dataclass
class Input:
    """One tensor input. `kind`: f (floats), i (integers), b (booleans), p (probabilities).

    `layout` says how an engine should hold it: C contiguous, T a transposed view, S a view with a step,
    E an expanded view (stride 0). The data are the same in all of them.
    """

    kind: str
    shape: tuple[int, ...]
    low: float = -3.0
    high: float = 3.0
    layout: str = "C"
    data: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def differentiable(self) -> bool:
        """Whether a gradient for it is asked for."""
        return self.kind in "fp"


@dataclass
class Call:
    """A function's name and its arguments, tensors replaced by `Arg`."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def filled(self, tensors: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with tensors in their places."""
        return [fill(a, tensors) for a in self.args], {k: fill(v, tensors) for k, v in self.kwargs.items()}


def fill(value: Any, tensors: list[Any]) -> Any:
    """`value` with every `Arg` in lists and tuples replaced."""
    if isinstance(value, Arg):
        return tensors[value.index]
    if isinstance(value, (list, tuple)):
        return type(value)(fill(v, tensors) for v in value)
    return value


class _Recorder(dict):  # type: ignore[type-arg]
    """Names of a sample expression: constructors record an input, any other name records the call."""

    def __init__(self) -> None:
        super().__init__(
            slice=slice, float=float, Ellipsis=Ellipsis, f=self.f, i=self.i, b=self.b, p=self.p, d=self.d
        )
        self.inputs: list[Input] = []

    def _add(self, made: Input) -> Arg:
        self.inputs.append(made)
        return Arg(len(self.inputs) - 1)

    def f(self, *shape: int, lo: float = -3.0, hi: float = 3.0) -> Arg:
        return self._add(Input("f", shape, lo, hi))

    def i(self, shape: tuple[int, ...], high: int) -> Arg:
        return self._add(Input("i", tuple(shape), 0, high))

    def b(self, *shape: int) -> Arg:
        return self._add(Input("b", shape))

    def p(self, *shape: int) -> Arg:
        return self._add(Input("p", shape, 0, 1))

    def d(self, values: Any) -> Arg:
        """Given floats: edge cases that no generator should choose."""
        data = np.asarray(values, dtype=np.float64)
        return self._add(Input("f", data.shape, data=data))

    def __missing__(self, name: str) -> Callable[..., Call]:
        return lambda *args, **kwargs: Call(name, args, kwargs)


def parse(expression: str) -> tuple[Call, list[Input]]:
    """The call and the inputs that a sample expression describes."""
    names = _Recorder()
    call = eval(expression, {"__builtins__": {}}, names)  # expressions come from the list in this repository
    if not isinstance(call, Call):
        raise ValueError(f"sample {expression!r} is not a call")
    return call, names.inputs
