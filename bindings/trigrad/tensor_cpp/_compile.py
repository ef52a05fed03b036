"""compile: a training step that is recorded once, checked against itself, and then replayed without Python.

The first call runs the step as always while the engine notes its own calls: the ops, backward, the
optimiser's updates. The next calls (`check` of them) run the step and the notes, and compare all that both
have changed, bit for bit. From then on a call replays the notes. What Python does between the engine's calls
is not noted: it happened once. So a step must not depend on what Python alone remembers, and what would read
a number out of a tensor in the middle raises at once.

Read next: tensor_cpp/include/trigrad/tensor/capture.hpp (the notes), bindings/src/tensor_capture.cpp (which
notes serve which call).
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from types import CodeType
from typing import Any, TypeVar, overload

from .. import errors
from .._core import tensor as _core

Step = TypeVar("Step", bound=Callable[..., Any])
SETTLING = 4  # calls after which a step that still changes what it finds is given up


@overload
def compile(step: Step, *, check: int = 1, max_programs: int = 16) -> Step: ...
@overload
def compile(step: None = None, *, check: int = 1, max_programs: int = 16) -> Callable[[Step], Step]: ...
def compile(step: Any = None, *, check: int = 1, max_programs: int = 16) -> Any:
    """The step, recorded at its first call and replayed later: for loops in which Python takes the time.

    Tensors among the arguments may change their numbers from call to call; another shape or dtype, and
    another value of any other argument, is recorded anew, max_programs times at most. docs/compile.md says
    what is noted, what is checked at each call, and what cannot be replayed.

    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([w], lr=0.25)
    >>> @tg.compile
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     loss = (w * x).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> [step(tg.ones(2)).item() for _ in range(4)]
    [3.0, 2.5, 2.0, 1.5]
    """
    if step is None:
        return functools.partial(compile, check=check, max_programs=max_programs)
    if not callable(step):
        raise TypeError(f"compile: a function is needed, not {type(step).__name__}")
    return _compiled(step, check, max_programs)


def _compiled(step: Callable[..., Any], check: int, max_programs: int) -> Callable[..., Any]:
    programs: list[Any] = []
    restless: list[str] = []  # why recordings were thrown away

    @functools.wraps(step)
    def call(*args: Any, **kwargs: Any) -> Any:
        for program in programs:
            if (result := program.replay(*args, **kwargs)) is not NotImplemented:
                return result
        return slowly(args, kwargs)

    def slowly(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _core._runs_as_written():  # as part of another recording, or under detect_anomaly()
            return step(*args, **kwargs)
        for program in programs:
            if not program.checked and program.serves(args, kwargs):
                try:
                    return program.check(step, args, kwargs)
                except errors.CaptureError:
                    programs.remove(program)
                    raise
        if len(programs) == max_programs:
            raise errors.CaptureError(
                f"compile: {getattr(step, '__name__', step)!s} was recorded {max_programs} times, and this "
                "call fits none of the recordings. Something differs at each call: a shape, a number among "
                "the arguments or variables (make it a tensor), an attribute; or say max_programs="
            )
        result, program = _record(step, args, kwargs, check)
        if not isinstance(program, str):
            programs.append(program)
            restless.clear()
            return result
        restless.append(program)
        if len(restless) > SETTLING:
            raise errors.CaptureError(f"compile: the step cannot be replayed: {program}, at every call")
        return result

    call.programs = programs  # type: ignore[attr-defined]
    return call


def _record(
    step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], check: int
) -> tuple[Any, Any]:
    """The step's result, and its program, or in words why there is none yet."""
    here, met = threading.get_ident(), set()
    recording = _core._StepRecording(args, kwargs)
    _remember_variables(recording, step)

    def watch_module(module: Any) -> None:
        if threading.get_ident() == here:
            for part in module.modules():
                if part not in met:
                    met.add(part)
                    for attributes in (part.__dict__, part._parameters, part._buffers, part._modules):
                        recording.remember_dict(attributes)

    def watch_optimizer(optimizer: Any, group: Any) -> None:
        if threading.get_ident() != here:
            return
        if group is None:
            raise errors.CaptureError(
                f"compile: {type(optimizer).__name__}.step() was called inside the step; call it after the "
                "step, as the rate is read at each replay"
            )
        recording.followed(optimizer, group)

    module_watchers = import_module(f"{__package__}.nn.module").watchers
    optimizer_watchers = import_module(f"{__package__}.optim.optimizer").watchers
    module_watchers.append(watch_module)
    optimizer_watchers.append(watch_optimizer)
    try:
        result = step(*args, **kwargs)
        return result, recording.finish(result, check)
    finally:
        module_watchers.remove(watch_module)
        optimizer_watchers.remove(watch_optimizer)
        recording.stop()


def _names(code: CodeType) -> Iterator[str]:
    """The names in a function's code, and in that of comprehensions and functions inside of it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _remember_variables(recording: Any, step: Any) -> None:
    """What the step's own lines name: of the functions around it, of its module, and of its `self`."""
    function = getattr(step, "__func__", step)
    if hasattr(step, "__self__") and hasattr(step.__self__, "__dict__"):
        recording.remember_dict(vars(step.__self__))
    if not inspect.isfunction(function):
        return
    for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars, strict=True):
        recording.remember_variable(cell, name)
    variables = function.__globals__
    for name in sorted(set(_names(function.__code__))):
        if name in variables and not inspect.ismodule(variables[name]):
            recording.remember_variable(variables, name)
