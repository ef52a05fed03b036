"""Flat memory, measured where nothing else moves: in a process of its own.

Why it exists: what other tests leave behind is given back when it pleases the allocator, so growth seen in a
shared process says nothing about the code under test.
"""

from __future__ import annotations

import functools
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trigrad import _core

STATM = Path("/proc/self/statm")
ROOT = Path(__file__).resolve().parents[1]


def resident_kib() -> int:
    """KiB of this process that are in memory now."""
    return int(STATM.read_text(encoding="ascii").split()[1]) * 4


def in_own_process(test: Callable[..., None]) -> Callable[..., None]:
    """The test (whose arguments must be plain values) runs alone in a fresh interpreter."""

    @functools.wraps(test)
    def start(**arguments: Any) -> None:
        if hasattr(_core, "_set_mutant"):
            pytest.skip("a fault that is planted here is not planted in another process")
        path = sys.modules[test.__module__].__file__
        code = f"from tests.memory import run_one; run_one({path!r}, {test.__name__!r}, {arguments!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return pytest.mark.skipif(not STATM.exists(), reason="reads /proc/self/statm")(start)


def run_one(path: str, name: str, arguments: dict[str, Any]) -> None:
    """What the fresh interpreter does: the file's test, without the decorator."""
    runpy.run_path(path)[name].__wrapped__(**arguments)
