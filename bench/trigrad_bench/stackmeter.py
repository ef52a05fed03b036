"""How much C stack a call needs, from Python, on Linux.

Why it exists: the recursive order pays with stack what the others pay with heap, and a chart of it needs
bytes, not opinions. The pages of the stack below the current frame are given back to the kernel, the call
runs, and the pages that are resident afterwards are those it touched. The answer is in whole pages; 0 where
the kernel does not tell.
Read next: probes.py, engines/counting.py.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from typing import Any

MARGIN = 8 * mmap.PAGESIZE  # this module's own frames, and the red zone below them
MADV_DONTNEED = 4


def stack_pointer() -> int:
    """Where this thread's stack is just now; 0 when the kernel does not say."""
    try:
        with open("/proc/thread-self/syscall") as file:
            return int(file.read().split()[-2], 16)
    except (OSError, ValueError, IndexError):
        return 0


def stack_mapping() -> tuple[int, int]:
    """First address and resident bytes of the main thread's stack."""
    start = 0
    with open("/proc/self/smaps") as file:
        for line in file:
            if line.rstrip().endswith("[stack]"):
                start = int(line.split("-")[0], 16)
            elif start and line.startswith("Rss:"):
                return start, int(line.split()[1]) * 1024
    return 0, 0


def stack_bytes(call: Callable[[], Any]) -> int:
    """Bytes of stack that the call touches beyond this frame (main thread only)."""
    top = stack_pointer()
    try:
        start, _ = stack_mapping()
    except OSError:
        top = start = 0
    length = (top - MARGIN - start) // mmap.PAGESIZE * mmap.PAGESIZE
    if not top or not start or length <= 0:
        call()
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_DONTNEED)
    before = stack_mapping()[1]
    call()
    return max(0, stack_mapping()[1] - before)
