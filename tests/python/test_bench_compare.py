"""`python -m trigrad_bench compare`: a row for every engine, no time for a wrong gradient.

Why it exists: a comparison that shows a time beside a wrong gradient, or drops an engine silently, misleads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from trigrad_bench import compare, engines, workloads
from trigrad_bench.__main__ import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["compare", "--rounds", "1", *arguments])
    return status, capsys.readouterr().out


def test_every_engine_and_order_has_a_row_that_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "--json")
    documents = json.loads(out)
    assert status == 0
    assert [d["workload"] for d in documents] == ["moons", "digits"]
    for document in documents:
        rows = {(r["engine"], r["order"]): r for r in document["rows"]}
        for engine in engines.OWN:
            for order in engines.surface(engine).ORDERS:
                row = rows[engine, order]
                assert row["agrees"], row
                assert row["microseconds"] > 0
        torch_row = next(r for r in document["rows"] if r["engine"] == "torch")
        assert torch_row["agrees"] or "is not installed" in torch_row["note"]


def test_a_wrong_gradient_shows_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = engines.Runner.result

    def wrong(self: engines.Runner) -> Any:
        loss, gradients = right(self)
        if self.dtype == "float32":
            gradients["bias0"] = gradients["bias0"] * (1 + 1e-4)
        return loss, gradients

    monkeypatch.setattr(engines.Runner, "result", wrong)
    status, out = run(capsys, "--workload", "moons", "--engine", "reference_py")
    assert status == 1
    assert out.count("WRONG") == 2
    assert "no time is shown" in out
    assert "agrees" not in out.replace("disagree", "")


def test_an_engine_that_cannot_run_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = engines.surface

    def broken(engine: str) -> Any:
        if engine in ("torch", "scalar_cpp"):
            raise ImportError(f"{engine}: a library is missing")
        return real(engine)

    monkeypatch.setattr(engines, "surface", broken)
    status, out = run(capsys, "--workload", "moons", "--engine", "torch", "--engine", "reference_py")
    assert status == 0, "PyTorch is optional"
    assert "ImportError: torch: a library is missing" in out
    status, out = run(capsys, "--workload", "moons", "--engine", "scalar_cpp", "--engine", "reference_py")
    assert status == 1, "our own engines are not"


def test_deviation_is_relative_to_the_largest_entry() -> None:
    reference = {"w": np.array([100.0, 1e-9])}
    assert compare.deviation({"w": np.array([100.0, 2e-9])}, reference) == pytest.approx(1e-11)
    assert compare.deviation({"w": np.array([100.0, np.nan])}, reference) == float("inf")
    assert compare.deviation({"w": np.array([100.0])}, reference) == float("inf")
    assert compare.deviation({"w": np.zeros(2)}, {"w": np.zeros(2)}) == 0.0


def test_everyone_gets_the_same_bytes() -> None:
    for make in workloads.WORKLOADS.values():
        first, second = make(), make()
        assert first.digest() == second.digest()
        for array in first.parameters.values():
            assert array.dtype == np.float32


@pytest.mark.parametrize("arguments", [["compare", "--engine", "jax"], ["compare", "--rounds", "0"], []])
def test_wrong_usage(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trigrad_bench", *arguments], capture_output=True, check=False
    )
    assert done.returncode == 2


def test_no_color_outside_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "--workload", "moons", "--engine", "reference_py")
    assert "\033" not in out
    row = compare.Row("moons", "reference_py", "stack", "float32", agrees=True)
    assert "\033[32magrees" in compare.table([row], color=True)
