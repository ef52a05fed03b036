"""docs/results.md shows the figures of its stored run and no others."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_page_is_fresh() -> None:
    command = [sys.executable, DOCS / "make_results.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_stored_run_names_its_machine_and_nobodys_paths() -> None:
    text = gzip.decompress((DOCS / "results" / "results.jsonl.gz").read_bytes()).decode()
    lines = [json.loads(line) for line in text.splitlines()]
    run = next(line for line in lines if line["kind"] == "run")
    machine = next(line for line in lines if line["kind"] == "machine")
    assert run["git"]
    assert "+changed" not in run["git"]
    assert machine["cpu"]
    assert not re.search(r"(?<![\w.])/\w[\w.-]*/", text), "a path that begins at a root"
