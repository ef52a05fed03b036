"""What the tests of pages that are written from stored lines share."""

from __future__ import annotations

import gzip
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def check_fresh(name: str) -> None:
    """The page says what its lines say."""
    command = [sys.executable, DOCS / f"make_{name}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def stored(name: str) -> list[dict[str, Any]]:
    """The lines of a page: from a machine with a name, and without anybody's paths."""
    text = gzip.decompress((DOCS / "results" / f"{name}.jsonl.gz").read_bytes()).decode()
    assert not re.search(r"(?<![\w.])/\w[\w.-]*/", text), "a path that begins at a root"
    lines = [json.loads(line) for line in text.splitlines()]
    assert next(line for line in lines if line["kind"] == "machine")["cpu"]
    return lines


def check_commits(lines: list[dict[str, Any]]) -> None:
    """Every run names the commit that it was made of, and nothing was changed in it."""
    runs = [line for line in lines if line["kind"] == "run"]
    assert runs
    assert all(run["git"] for run in runs)
    assert not any("+changed" in run["git"] for run in runs)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that writes the page."""
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module(f"make_{name}")
