"""What is shipped holds no planted fault: neither its switch nor its name is in the binaries.

Why it exists: tests/mutants compiles hundreds of faults in. They must exist in that build alone. Read
scalar_cpp/include/trigrad/mutants.hpp before."""

from __future__ import annotations

from pathlib import Path

import pytest
from trigrad import _core

from tests.mutants.cpp import names_in_sources

EXTENSION = Path(str(_core.__file__))
BUILD = EXTENSION.parents[2]
BINARIES = [EXTENSION, *BUILD.glob("tensor_cpp/*.a"), *BUILD.glob("examples/*/*")]


@pytest.mark.parametrize("binary", [p for p in BINARIES if p.is_file()], ids=lambda p: p.name)
def test_no_fault_is_in(binary: Path) -> None:
    """No symbol and no string of a binary speaks of mutants; this covers debug information, too."""
    if hasattr(_core, "_set_mutant"):
        pytest.skip("this is the build for tests/mutants")
    content = binary.read_bytes()
    assert len(content) > 1000
    for word in ("mutant", "MUTANT", *names_in_sources()):
        assert word.encode() not in content, f"{binary.name} holds {word!r}"


def test_the_search_would_find_them() -> None:
    """The names are known, and names of that kind do stand in binaries where they are used."""
    assert len(names_in_sources()) > 80
    assert b"leaky_relu" in EXTENSION.read_bytes()
