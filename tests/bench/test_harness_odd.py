"""What a harness meets sooner or later: torn files, clumsy engines, odd machines and options.

Read before: harness.py. Read next: test_harness_faults.py, test_harness_store.py.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from trigrad_bench import curves, gate, machine, options, plan, summary, workload
from trigrad_bench.bench_cli import main
from trigrad_bench.charts.measure import median_interval
from trigrad_bench.options import Options
from trigrad_bench.process import EngineError
from trigrad_bench.store import FILE, Store, StoreError, read, run_in
from trigrad_bench.training.errors import UsageError as TrainingUsage
from trigrad_bench.training.saving import load
from trigrad_bench.traps import cli as traps

from .harness import FAST, RIGHT, bench, cells, engine, only


def test_a_line_behind_a_torn_one_is_a_line_of_its_own(tmp_path: Path) -> None:
    Store(tmp_path, "run").add("run", value=1)
    with open(tmp_path / FILE, "ab") as file:
        file.write(b'{"kind": "cell", "half')
    Store(tmp_path, "run").add("cell", value=2)
    assert [line["value"] for line in read(tmp_path)] == [1, 2]
    data = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data[:-1])  # whole, but for the end of the line
    Store(tmp_path, "run").add("cell", value=3)
    assert [line["value"] for line in read(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["", '{"kind": "cell"}\n'])
def test_a_folder_without_a_run_cannot_be_resumed(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / FILE).write_text(text)
    with pytest.raises(StoreError, match="holds no run"):
        run_in(tmp_path / "one")
    for command in (["run", "--resume", "one"], ["reproduce", "one"]):
        assert main([*command, "--out", str(tmp_path)]) == 2
        assert "holds no run" in capsys.readouterr().err


CLUMSY = {
    "loss_of_many_numbers": RIGHT.replace("return float(d[0, 0] ** 2)", "return np.ones(3)"),
    "loss_of_no_number": RIGHT.replace("return float(d[0, 0] ** 2)", "return np.ones(0)"),
}


@pytest.mark.parametrize("name", CLUMSY)
def test_a_clumsy_engine_fails_alone(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = engine(tmp_path, name, CLUMSY[name])
    arguments = ["run", *FAST, "--engines", "tensor_cpp.tape", "--engine", path, "--out", str(tmp_path / "r")]
    status, document, _ = bench(capsys, *arguments)
    assert status == 1
    found = cells(document)
    assert found["tensor_cpp.tape"]["status"] == "ok"
    assert found[name]["status"] in ("wrong", "error")
    assert found[name]["reason"]


def test_a_loss_of_another_shape_is_wrong() -> None:
    assert gate.check({"loss": np.ones(4)}, {"loss": np.array(1.0)}, 1e-6).status == "wrong"


def curve_of(losses: Any) -> list[float]:
    """What is made of an engine's answer to "losses", of three steps."""
    member: Any = SimpleNamespace(ask=lambda verb, **given: {"losses": losses})
    curves.affordable = lambda *_: 3  # type: ignore[assignment]
    return curves.measured(member, Options(), 3)


@pytest.mark.parametrize("losses", [[], [1.0], [1.0] * 4, None])
def test_a_curve_of_another_length_is_an_error(losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "affordable", curves.affordable)  # put back afterwards
    with pytest.raises(EngineError, match="for 3 steps"):
        curve_of(losses)


def test_a_curve_that_leaves_the_numbers_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "affordable", curves.affordable)
    found = curve_of([1.0, 2.0, None])  # C++ writes null for NaN and infinities
    assert found[:2] == [1.0, 2.0]
    assert math.isnan(found[2])


def test_intervals_of_many_values() -> None:
    assert median_interval([float(k) for k in range(1200)]) == (565.0, 634.0)
    assert median_interval([1.0, 2.0, 3.0]) == (1.0, 3.0)
    assert median_interval([float(k) for k in range(20)]) == (5.0, 14.0)


def test_a_cut_off_network_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "whole.npz", w=np.ones(1000))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:500])
    for name in ("whole.npz", "cut.npz"):  # the first has no settings
        with pytest.raises(TrainingUsage, match="is not a network"):
            load(tmp_path / name)


def test_stored_commands_keep_paths_with_spaces_whole() -> None:
    command = Options(workloads=("my works/a.toml",), engines=("my engines/mine.py", "torch")).command()
    words = shlex.split(command)
    assert "my works/a.toml" in words
    assert "my engines/mine.py,torch" in words


@pytest.mark.parametrize(
    "given", ["--budget 0", "--budget nan", "--block-ms inf", "--timeout 0", "--slowest -1"]
)
def test_numbers_that_cannot_be_meant(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    option, value = given.split()
    assert main(["check", "--workloads", "T1", option, value]) == 2
    assert f"{option} must be a number" in capsys.readouterr().err


def test_what_was_not_measured_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", *FAST, "--engines", "tensor_cpp.tape", "--threads", "999", "--out", str(tmp_path)]
    _, document, _ = bench(capsys, *arguments)
    (remark,) = document["remarks"]
    assert remark.startswith("not measured: 999 threads, as there are ")
    assert not only(document, "cell")
    assert summary.correctness([]) == "No engine took part, so nothing is known of gradients."


def test_float32_is_not_done_when_float64_is() -> None:
    loaded = workload.load("T1")
    kept = [
        {"kind": "cell", "engine": "tensor_cpp.tape", "phase": "grad", "workload": loaded.name, "threads": 1}
        | {"proc": 0, "dtype": "float64", "status": "ok"}
    ]
    asked = options.Options(engines=("tensor_cpp.tape",), phases=("grad",), workloads=("T1",))
    assert plan.missing(asked, kept, loaded, "T1", ("float32", 1, 0), instead=False) == ["tensor_cpp.tape"]
    assert plan.missing(asked, kept, loaded, "T1", ("float32", 1, 0), instead=True) == []
    assert plan.missing(asked, kept, loaded, "folder/T1.toml", ("float64", 1, 0), instead=False) == []


def test_places_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["run", *FAST, "--engines", "tensor_cpp.tape", "--out", str(tmp_path / "file")]
    assert main(arguments) == 2
    assert "cannot be used: Not a directory" in capsys.readouterr().err
    out = tmp_path / "file" / "traps.json"
    assert traps.main(["wrong_fan_init", "--output", str(out)]) == 1
    said = capsys.readouterr()
    assert "wrong_fan_init" in said.out or "fan" in said.out, "what was found is shown all the same"
    assert "cannot be written" in said.err


def trigrad(*arguments: str, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = shlex.join([sys.executable, "-m", "trigrad_bench", *arguments])
    return subprocess.run(
        ["bash", "-c", f"{before} {command}"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def test_a_compiler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert machine.compiler() == ""


def test_a_terminal_without_micro() -> None:
    done = trigrad("bench", "list", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_limit_of_the_users_own_is_kept() -> None:
    arguments = ["bench", "check", "--workloads", "T1", "--engines", "tensor_cpp.tape", "--json"]
    done = trigrad(*arguments, before="ulimit -d 8000000;")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"]
