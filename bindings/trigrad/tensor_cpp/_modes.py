"""Switches of this thread, for a `with` block or as decorators: recording, and the search for NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import tensor as _core
from .._decorating import within


class _Recording:
    """Recording on or off for a while."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(_core.is_grad_enabled())
        _core._set_grad_enabled(self.mode)

    def __exit__(self, *exc: object) -> None:
        _core._set_grad_enabled(self.before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return within(lambda: _Recording(self.mode), function)


class set_grad_enabled(_Recording):  # noqa: N801 - PyTorch's name
    """Switch recording on or off at once; as a `with` block or a decorator, only for that while."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        super().__enter__()

    def __enter__(self) -> None:
        if not self.before:  # entered a second time
            super().__enter__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        super().__exit__()
        return super().__call__(function)


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record nothing: `with no_grad():`, `@no_grad()` or `@no_grad`.

    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     x.sub_(0.5)
    tensor(1.5000, requires_grad=True)
    """
    return _Recording(False) if function is None else _Recording(False)(function)


def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record again inside `no_grad`."""
    return _Recording(True) if function is None else _Recording(True)(function)


class detect_anomaly:  # noqa: N801 - PyTorch's name
    """Raise AnomalyError at the first NaN, forward or backward, naming the operation and its caller's line.

    >>> with tg.detect_anomaly():  # doctest: +ELLIPSIS
    ...     tg.log(tg.tensor(-1.0))
    Traceback (most recent call last):
    trigrad.errors.AnomalyError: detect_anomaly: log gave NaN in its output, called at ...
    """

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(_core._is_anomaly_enabled())
        _core._set_anomaly_enabled(True)

    def __exit__(self, *exc: object) -> None:
        _core._set_anomaly_enabled(self.before.pop())
