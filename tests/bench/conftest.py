"""What the harness's tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _recursion_limit() -> Iterator[None]:
    """An engine that needs deep recursion raises the limit of its process, which here is everybody's."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)
