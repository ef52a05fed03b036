"""Work on another thread, as if it were a call: for graphs that belong to theirs, and for small stacks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def elsewhere(work: Callable[[], Any], stack: int = 0) -> Any:
    """What `work` gives, or raises, on another thread, of that many bytes of stack (0: the usual)."""
    found: list[Any] = []
    raised: list[BaseException] = []

    def body() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001, RUF100 - carried over
            raised.append(error)

    before = threading.stack_size(stack)
    try:
        thread = threading.Thread(target=body)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if raised:
        raise raised[0]
    return found[0]
