"""What a planted fault is: a name, how to plant it, and the tests that must catch it.

Why it exists: faults of the C++ engines and of Python code are planted in different ways and run in the same
one. Read cpp.py and python.py next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A planted fault. `tests` are regular expressions that a test's id must match from its beginning."""

    engine: str
    name: str
    plant: Callable[[], None]
    tests: tuple[str, ...]
    native: bool = False  # met in C++: caught by GoogleTest, and `tests` filters its names
    counts: bool = False  # whether C++ counts how often the fault took effect

    def __str__(self) -> str:
        return f"{self.engine}: {self.name}"


def op_test(engine: str, op: str, dtype: str = "float64") -> str:
    """The conformance test of one op on one engine."""
    return re.escape(f"tests/conformance/test_ops.py::test_op[{engine}-{op}-{dtype}]") + "$"


def for_engine(engine: str, file: str, name: str, more: str = r"(-.*)?") -> str:
    """A test of the conformance suite on one engine; `more` says what may follow its name in the id."""
    return rf"tests/conformance/{file}\.py::{name}\[(.*-)?{engine}{more}\]$"


def error_text(engine: str, number: int) -> str:
    """The tests of one error text on one engine."""
    return rf"tests/conformance/test_errors\.py::test_texts\[{number}-\w+-\d+-{engine}\]$"
