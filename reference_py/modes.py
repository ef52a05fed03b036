"""What is switched on: recording, anomaly detection.  Every thread has its own switches.

Read before: `dtypes.py`.  After: `tensor.py`, and `registry.py`, which asks these switches at every call.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any


class _Modes(threading.local):
    """The switches of one thread."""

    def __init__(self) -> None:
        self.recording = True
        self.anomaly = False
        self.in_sweep = False  # backward is under way: it checks for NaN itself, rule by rule
        self.nesting = 0  # how many func.grad calls we are inside of
        self.token = object()  # names this thread; unlike a thread's number it is never used again


modes = _Modes()


class recording:  # noqa: N801 - reads as a word in `with recording(False):`
    """Recording on or off: in a `with` block, or around each call of a decorated function."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(modes.recording)
        modes.recording = self.mode

    def __exit__(self, *exc: object) -> None:
        modes.recording = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with recording(self.mode):  # a fresh one: the function may run in several threads
                return function(*args, **kwargs)

        @functools.wraps(function)
        def resumed(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            """Of a generator: the switch holds while its own lines run, not while its caller has the turn."""
            inner = function(*args, **kwargs)
            resume, given = inner.send, None
            while True:
                try:
                    with recording(self.mode):
                        item = resume(given)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, given = inner.send, (yield item)
                except BaseException as error:  # close() too reaches the generator as an error
                    resume, given = inner.throw, error

        return resumed if inspect.isgeneratorfunction(function) else wrapper


class set_grad_enabled(recording):  # noqa: N801 - PyTorch's name
    """Switch recording on or off at once; as a `with` block or a decorator, only for that while."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        super().__enter__()

    def __enter__(self) -> None:
        if not self.before:  # entered a second time
            super().__enter__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        super().__exit__()
        return super().__call__(function)


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record nothing: `with no_grad():`, `@no_grad()` or `@no_grad`."""
    return recording(False) if function is None else recording(False)(function)


def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record again inside `no_grad`."""
    return recording(True) if function is None else recording(True)(function)


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread now."""
    return modes.recording


class sweeping:  # noqa: N801 - reads as a word, too
    """Backward is under way in this block."""

    def __enter__(self) -> None:
        self.before, modes.in_sweep = modes.in_sweep, True

    def __exit__(self, *exc: object) -> None:
        modes.in_sweep = self.before


class detect_anomaly:  # noqa: N801 - PyTorch's name
    """Raise AnomalyError at the first NaN, forward or backward, naming the operation and who called it."""

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(modes.anomaly)
        modes.anomaly = True

    def __exit__(self, *exc: object) -> None:
        modes.anomaly = self.before.pop()


def compile(step: Any = None, *, check: int = 1, max_programs: int = 16) -> Any:
    """The step itself, as only tensor_cpp can replay one: a program that calls it runs on every engine."""
    return (lambda step: step) if step is None else step


def calling_line() -> str:
    """FILE:LINE of the nearest caller outside this package (or outside `trigrad`, where it is installed)."""
    package = __name__.partition(".")[0]
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
