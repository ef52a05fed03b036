"""A resumed run does what is left, and what it measured anew replaces what had failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from trigrad_bench.charts.measure import Lines
from trigrad_bench.plan import final_cells
from trigrad_bench.store import read
from trigrad_bench.summary import correctness, rows

from .harness import FAST, RIGHT, bench, engine, only


def test_a_mended_engine_is_no_longer_called_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = engine(tmp_path, "mine", RIGHT.replace("2 * x.T", "3 * x.T"))
    out = str(tmp_path / "results")
    engines = ["--engines", "tensor_cpp.tape", "--engine", mine]
    status, document, _ = bench(capsys, "run", *FAST, *engines, "--out", out)
    assert status == 1
    assert "Not every engine" in correctness(rows(document["lines"]))
    engine(tmp_path, "mine", RIGHT)
    run = next(Path(out).glob("*")).name
    status, document, err = bench(capsys, "run", "--resume", run, "--out", out)
    assert status == 0, err
    stored = read(Path(out) / run)
    assert [c["status"] for c in only(document, "cell") if c["engine"] == mine] == ["wrong", "ok"]
    assert [c["status"] for c in final_cells(stored) if c["engine"] == mine] == ["ok"]
    assert "Every gradient is right: 2 of 2" in correctness(rows(stored))
    assert {c["status"] for c in Lines(stored).cells} == {"ok"}
    engine(tmp_path, "mine", RIGHT.replace("2 * x.T", "3 * x.T"))
    _, again, _ = bench(capsys, "run", "--resume", run, "--out", out)
    assert len(only(again, "cell")) == len(stored_cells := only(document, "cell")), stored_cells


def test_a_failure_of_its_own_process_or_dtype_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, document, _ = bench(capsys, "run", *FAST, "--engines", "tensor_cpp.tape", "--out", str(tmp_path))
    (good,) = only(document, "cell")
    for other in ({"proc": 1}, {"dtype": "float64"}, {"phase": "step"}, {"threads": 2}, {"workload": "T2"}):
        bad = good | {"status": "nan"} | other
        assert final_cells([bad, good]) == [bad, good], other
    for proc in (100, 1000, 1100):  # sessions that go on with the same generation of processes
        bad = good | {"status": "nan"}
        assert final_cells([bad, good | {"proc": proc}]) == [good | {"proc": proc}]
    assert final_cells([good, bad]) == [good, bad], "what failed last has not been mended"


def test_extras_are_measured_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--engines", "tensor_cpp.tape", "--extras", "op_cost", "--out", str(tmp_path)]
    _, document, _ = bench(capsys, "run", *FAST[:-2], *asked)
    count = len(only(document, "op_cost"))
    assert count > 0
    run = next(tmp_path.glob("*")).name
    _, document, _ = bench(capsys, "run", "--resume", run, "--out", str(tmp_path))
    assert len(only(document, "op_cost")) == count


def test_two_files_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Charts and tables call an engine by its file's name."""
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files += ["--engine", engine(tmp_path / folder, "mine", RIGHT)]
    status, _, err = bench(capsys, "run", *FAST, *files, "--out", str(tmp_path))
    assert status == 2
    assert "two engines are called mine; give one of the files another name" in err
