"""The committed stubs are the extension's, and a user's program passes mypy --strict against them.

Why it exists: an editor completes from the stubs; a stale one teaches arguments that do not exist."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trigrad

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(trigrad.__file__).parent


def missing(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")


@missing("pybind11_stubgen")
def test_stubs_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "bindings" / "make_stubs.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    for stub in ("__init__.pyi", "tensor_cpp/__init__.pyi", "_core/tensor.pyi"):
        assert (PACKAGE / stub).exists(), f"{stub} is not beside the package; build again"


@missing("mypy")
def test_a_users_program_is_strictly_typed(tmp_path: Path) -> None:
    """With this package alone: what else it imports is followed, but not reported."""
    path = os.environ | {"MYPYPATH": str(PACKAGE.parent)}
    options = [
        "--strict",
        "--config-file",
        os.devnull,
        "--cache-dir",
        str(tmp_path),
        "--follow-imports=silent",
    ]
    program = Path(__file__).with_name("typing_example.py")
    command = [sys.executable, "-m", "mypy", *options, str(program)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_users_program_runs() -> None:
    program = Path(__file__).with_name("typing_example.py")
    assert (
        subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True).stdout
        == "ok\n"
    )


def test_the_stubs_name_all_that_there_is() -> None:
    text = (PACKAGE / "_core" / "tensor.pyi").read_text(encoding="utf-8")
    own = (PACKAGE / "tensor_cpp" / "__init__.pyi").read_text(encoding="utf-8")
    absent = [
        n
        for n in trigrad.tensor_cpp.__all__
        if f"def {n}(" not in text and f"class {n}" not in text and n not in own
    ]
    assert not absent
