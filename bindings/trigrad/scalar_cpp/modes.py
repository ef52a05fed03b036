"""What is switched on: recording, and the search for NaN. Every thread has its own switches."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .._decorating import within

__all__ = "compile detect_anomaly enable_grad is_grad_enabled no_grad set_grad_enabled".split()


class _Modes(threading.local):
    def __init__(self) -> None:
        self.recording = True
        self.anomaly = False


modes = _Modes()


class set_grad_enabled:  # noqa: N801 - PyTorch's name
    """Recording on or off, at once; as a `with` block or a decorator only for that while."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before = [modes.recording]
        modes.recording = self.mode

    def __enter__(self) -> None:
        if not self.before:
            self.before.append(modes.recording)
        modes.recording = self.mode

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        modes.recording = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self.before:
            modes.recording = self.before.pop()
        return within(lambda: set_grad_enabled(self.mode), function)


class _Recording:
    """`no_grad` and `enable_grad`: nothing happens before `with` or the decorated call."""

    mode = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.before = []
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(modes.recording)
        modes.recording = self.mode

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        modes.recording = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return within(type(self), function)


class no_grad(_Recording):  # noqa: N801 - PyTorch's name
    """Records nothing: `with no_grad():`, `@no_grad()` or `@no_grad`."""


class enable_grad(_Recording):  # noqa: N801 - PyTorch's name
    """Records again inside `no_grad`."""

    mode = True


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread now."""
    return modes.recording


class detect_anomaly:  # noqa: N801 - PyTorch's name
    """Raises AnomalyError at the first NaN, forward or backward."""

    def __init__(self) -> None:
        self._before: list[bool] = []  # one may be entered several times

    def __enter__(self) -> None:
        self._before.append(modes.anomaly)
        modes.anomaly = True

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        modes.anomaly = self._before.pop()


def compile(step: Any = None, *, check: int = 1, max_programs: int = 16) -> Any:
    """The step itself, as only tensor_cpp can replay one: a program that calls it runs on every engine."""
    return (lambda step: step) if step is None else step


def calling_line() -> str:
    """FILE:LINE of the nearest caller outside trigrad."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "trigrad":
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
