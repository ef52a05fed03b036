"""A `with` block around every call of a function. (reference_py stands alone, and so has its own.)"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

Function = Callable[..., Any]


def within(block: Callable[[], AbstractContextManager[Any]], function: Function) -> Function:
    """The function inside a fresh block at each call, as it may run in several threads."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    @functools.wraps(function)
    def resumed(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        """Of a generator: the block holds while its own lines run, not while its caller has the turn."""
        inner = function(*args, **kwargs)
        resume, given = inner.send, None
        while True:
            try:
                with block():
                    item = resume(given)
            except StopIteration as stop:
                return stop.value
            try:
                resume, given = inner.send, (yield item)
            except BaseException as error:  # GeneratorExit, too: close() reaches the generator as an error
                resume, given = inner.throw, error

    return resumed if inspect.isgeneratorfunction(function) else wrapper
