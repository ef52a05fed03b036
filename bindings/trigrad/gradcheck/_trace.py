"""The function, written down: every call it makes of its engine, with inputs, outputs and source line.

Why it exists: for two things.  The written calls can be made again on reference_py with complex numbers
(_replay.py), and each can be checked on its own, which names the wrong rule (_blame.py).  While a function
is watched, the engine's functions and the methods of its Tensor are wrapped; nothing else of the engine is
touched, and other threads pass straight through.
Read next: _replay.py.
"""

from __future__ import annotations

import contextlib
import linecache
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ._engines import Adapter, Torch
from ._names import ACTIVE, CUTS, ESCAPES, IN_PLACE, OPERATORS
from ._watch import torch_watched, watched, wrapped


@dataclass(frozen=True)
class Var:
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
        substitute(
            (self.args, self.kwargs), lambda leaf: found.append(leaf.index) if isinstance(leaf, Var) else None
        )
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

    def call(
        self, name: str, kind: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Make the call and, unless it is a step inside another one, write it down."""
        if ACTIVE.depth:
            return function(*args, **kwargs)
        lifted = (self.lift(tuple(args), name), self.lift(kwargs, name))
        ACTIVE.depth += 1
        try:
            result = function(*args, **kwargs)
        finally:
            ACTIVE.depth -= 1
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
        if self._is_cut(name, made, call):
            self.program.escapes.append(f"{name} at {_line()}")
        for z in made:
            call.outputs.append(self._named(z) if self.adapter.is_tensor(z) else None)
        recorded = getattr(getattr(made[0], "grad_fn", None), "name", None)
        if isinstance(recorded, str) and kind != "custom" and recorded not in ("to", "clone"):
            call.op = recorded  # the engine's own word: max_dim, gelu_tanh, slice
        call.where = _line()
        self.program.calls.append(call)
        return result

    def _is_cut(self, name: str, made: list[Any], call: Call) -> bool:
        """Whether float numbers go on from tracked tensors while the gradient does not."""
        tensors = [z for z in made if self.adapter.is_tensor(z)]
        if name not in CUTS and any(self.adapter.tracked(z) for z in tensors):
            return False
        floats = any(self.adapter.array(z).dtype.kind == "f" for z in tensors)
        return floats and any(self.adapter.tracked(self.program.tensors[v]) for v in call.variables())

    def _named(self, z: Any) -> int:
        self.program.tensors.append(z)
        self.number[id(z)] = len(self.program.tensors) - 1
        return self.number[id(z)]

    @contextlib.contextmanager
    def watching(self, fn: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
        """Calls made in this block are written down.  Gives fn in the form to call."""
        before = (ACTIVE.tracer, ACTIVE.depth)
        with (
            torch_watched(self) if isinstance(self.adapter, Torch) else wrapped(self.adapter, fn) as wrappers
        ):
            ACTIVE.tracer, ACTIVE.depth = self, 0
            try:
                yield watched(fn, wrappers)
            finally:
                ACTIVE.tracer, ACTIVE.depth = before


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


def trace(
    adapter: Adapter, fn: Callable[..., Any], leaves: list[Any], args: list[Any], outputs_of: Any
) -> Program:
    """Run fn once and write it down.  `flaws` says what makes the program useless for a replay."""
    tracer = Tracer(adapter, leaves)
    with tracer.watching(fn) as noticed:
        made = noticed(*args)
    for z in outputs_of(made):
        known = tracer.number.get(id(z))
        if known is None and adapter.tracked(z) and getattr(z, "grad_fn", None) is not None:
            tracer.program.flaws.append("an output's making was not seen")
        tracer.program.outputs.append(known)
    return tracer.program


def _line() -> str:
    """FILE:LINE of the nearest caller outside this package, with the line itself if it can be read."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in (
        "trigrad",
        "torch",
        "reference_py",
    ):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number).strip()
    return f"{name.rpartition('/')[2]}:{number}" + (f"  {text}" if text else "")
