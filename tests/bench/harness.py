"""What the harness tests share: tiny engines that misbehave, and one way to run the command.

Read next: test_harness_faults.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trigrad_bench.bench_cli import main

EXAMPLE = Path(__file__).resolve().parents[2] / "bench/examples/my_engine.py"

# T1 is one weight: y = x w, squared error. Everything that a test engine needs fits into a line.
RIGHT = """
import numpy as np
def loss_and_gradients(p, x, y):
    d = x @ p["w"] - y
    return float(d[0, 0] ** 2), {"w": 2 * x.T @ d}
"""
FAST = "--workloads T1 --phases grad --processes 1 --rounds 2 --block-ms 0.2 --extras none".split()

Line = dict[str, Any]


def engines_read(clock: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of the test's own, such as one that counts steps."""
    monkeypatch.setattr(time, "perf_counter_ns", clock)


def engine(folder: Path, name: str, text: str) -> str:
    """The path of a test engine."""
    path = folder / f"{name}.py"
    path.write_text(text)
    return str(path)


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON document, stderr."""
    capsys.readouterr()
    status = main([*arguments, "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out.strip() else {}, said.err


def cells(document: dict[str, Any]) -> dict[str, Line]:
    """The cells by engine."""
    return {Path(c["engine"]).stem if "/" in c["engine"] else c["engine"]: c for c in only(document, "cell")}


def only(document: dict[str, Any], kind: str) -> list[Line]:
    """The lines of a kind."""
    return [line for line in document["lines"] if line["kind"] == kind]


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "trigrad_bench", "bench", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # A shell starts background jobs with SIGINT ignored, and that is inherited: here Ctrl-C must work.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
