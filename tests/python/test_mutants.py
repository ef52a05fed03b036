"""What is shipped holds no planted fault, and only a wrong answer that a test has seen counts as caught.

Why it exists: tests/mutants compiles hundreds of faults in. They must exist in that build alone, and a crash
or an exception of the engine must not pass for a test that works. Read scalar_cpp/include/trigrad/mutants.hpp
before."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from trigrad import _core

from tests.mutants import __main__ as mutants
from tests.mutants.cpp import names_in_sources
from tests.mutants.runner import is_assertion

EXTENSION = Path(str(_core.__file__))
BUILD = EXTENSION.parents[2]
BINARIES = [EXTENSION, *BUILD.glob("tensor_cpp/*.a"), *BUILD.glob("examples/*/*")]


@pytest.mark.parametrize(
    "binary", [p for p in BINARIES if p.is_file()], ids=lambda p: str(p.relative_to(BUILD))
)
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


def test_only_wrong_answers_count() -> None:
    """An assertion counts; an exception does not, nor a report of nothing but exceptions."""
    assert is_assertion(AssertionError("5.0 == 6.0"))
    assert is_assertion(pytest.fail.Exception("DID NOT RAISE GraphError"))
    assert not is_assertion(TypeError("no"))
    thrown = "mul: 2 of 9 checks failed\n  a: order stack raised KeyError: 1\n  ... and 4 more"
    assert not is_assertion(pytest.fail.Exception(thrown))
    assert is_assertion(pytest.fail.Exception(thrown + "\n  b: gradient of input 0: element (0,) is 1.0"))


def test_a_name_that_no_fault_has_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "program", lambda: EXTENSION)
    options = argparse.Namespace(only="nosuch", list=False)
    assert mutants.run(options, {}, mutants.Asserting()) == 1
    assert "no fault has 'nosuch' in its name" in capsys.readouterr().out
