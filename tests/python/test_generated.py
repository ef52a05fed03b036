"""Generated files that are committed are fresh: docs/ops.json, docs/ops.md, and the extension's stubs.

Why it exists: readers and type checkers trust them. What fails here says the command to run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_op_tables() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_ops.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_stubs(tmp_path: Path) -> None:
    pytest.importorskip("pybind11_stubgen")
    command = [sys.executable, "-m", "pybind11_stubgen", "trigrad._core", "--output-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "trigrad" / "_core").glob("*.pyi")}
    assert made
    folder = ROOT / "bindings" / "trigrad" / "_core"
    committed = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.pyi")}
    assert committed == made, "bindings/trigrad/_core is stale: run `make stubs`"
