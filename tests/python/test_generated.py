"""Generated files that are committed are fresh: docs/ops.json and docs/ops.md (stubs: test_surface_stubs.py).

Why it exists: readers and type checkers trust them. What fails here says the command to run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_op_tables() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_ops.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
