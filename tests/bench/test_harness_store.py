"""Nothing that was measured is lost: full disks, Ctrl-C, resume, and runs that never overwrite each other."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from trigrad_bench import store
from trigrad_bench.bench_cli import main
from trigrad_bench.process import Process
from trigrad_bench.store import Store, StoreError, find, new_run_id, read

from .harness import FAST, RIGHT, bench, cells, engine, only, start


def test_lines_are_appended_and_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "run", "run")
    store.add("cell", value=1.5, broken=float("nan"), deep=[{"x": float("inf")}])
    Store(tmp_path / "run", "run").add("cell", value=2)
    lines = read(tmp_path / "run")
    assert [line["value"] for line in lines] == [1.5, 2], "a second store adds to the file"
    assert lines[0]["broken"] is None
    assert lines[0]["deep"] == [{"x": None}]
    with open(tmp_path / "run/lines.jsonl", "a") as file:
        file.write('{"kind": "cell", "half": ')
    assert len(read(tmp_path / "run")) == 2, "a crash while writing costs that line only"
    (tmp_path / "bad.jsonl").write_text("nonsense\n{}\n")
    with pytest.raises(StoreError, match="line 1 is not JSON"):
        read(tmp_path / "bad.jsonl")
    assert new_run_id() != new_run_id()


def test_runs_are_found_by_the_start_of_their_name(tmp_path: Path) -> None:
    for name in ("20300101-aa", "20300102-bb"):
        Store(tmp_path / name, name).add("run")
    assert find("20300102", tmp_path).name == "20300102-bb"
    assert find("latest", tmp_path).name == "20300102-bb"
    assert find(str(tmp_path / "20300101-aa"), tmp_path).name == "20300101-aa"
    with pytest.raises(StoreError, match="2 runs start with '2030'"):
        find("2030", tmp_path)
    with pytest.raises(StoreError, match="there are 20300101-aa, 20300102-bb"):
        find("none", tmp_path)


FULL = """
import resource, sys
from pathlib import Path
from typing import Any
from trigrad_bench import store
from trigrad_bench.bench_cli import main
from trigrad_bench.store import Store, StoreError, read
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]), "run")
try:
    for k in range(100):
        store.add("cell", number=k, text="x" * 100)
except StoreError as error:
    lines = read(store.path)
    assert [line["number"] for line in lines] == list(range(len(lines)))
    assert store.lines[-1]["number"] == len(lines), "the line that did not fit is kept in memory"
    assert store.unsaved == store.lines[-1:]
    print(error)
"""


def test_a_full_disk_keeps_earlier_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "run")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be written: File too large. Lines written before are intact; 1 line(s)" in done.stdout


def test_a_run_on_a_full_disk_ends_with_a_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store.append

    def full(path: Path, data: bytes) -> None:
        if b'"kind": "cell"' in data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    monkeypatch.setattr(store, "append", full)
    status = main(["run", *FAST, "--engines", "tensor_cpp.tape", "--out", str(tmp_path)])
    said = capsys.readouterr()
    assert status == 1
    assert "cannot be written: No space left on device. Lines written before are intact" in said.err
    assert "tensor_cpp.tape" in said.out, "the table is shown from memory"
    kept = read(next(tmp_path.glob("*/lines.jsonl")))
    assert [line["kind"] for line in kept] == ["run", "machine"]


def test_ctrl_c_keeps_what_was_measured_and_resume_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = tmp_path / "stop"
    slow = "import os, time\n" + RIGHT.replace(
        "    d =", f"    if os.path.exists({str(marker)!r}): time.sleep(30)\n    d ="
    )
    mine = engine(tmp_path, "slow", slow)
    folder = tmp_path / "results"
    # Two processes of each engine: the second is stopped while it works, the first is stored by then.
    run = [
        "run",
        *FAST,
        "--processes",
        "2",
        "--engines",
        "tensor_cpp.tape",
        "--engine",
        mine,
        "--out",
        str(folder),
    ]
    process = start(*run)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        files = list(folder.glob("*/lines.jsonl"))
        if files and b'"cell"' in files[0].read_bytes():
            break
        time.sleep(0.02)
    marker.touch()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "stopped at T1 float32, 1 thread(s), process 1; " in said
    assert "go on with: trigrad bench run --resume" in said
    assert "Traceback" not in said
    marker.unlink()
    run_folder = next(folder.glob("*"))
    before = (run_folder / "lines.jsonl").read_bytes()
    have = [c for c in read(run_folder) if c["kind"] == "cell" and not c.get("interrupted")]
    assert {c["proc"] for c in have} == {0}
    status, document, _ = bench(capsys, "run", "--resume", run_folder.name, "--out", str(folder))
    assert status == 0
    assert (run_folder / "lines.jsonl").read_bytes().startswith(before), "nothing is overwritten"
    done = [c for c in only(document, "cell") if not c.get("interrupted")]
    assert len(done) == 4, "what was there is not measured again"
    _, again, _ = bench(capsys, "run", "--resume", run_folder.name, "--out", str(folder))
    assert len(only(again, "cell")) == len(only(document, "cell")), "a finished run has nothing left to do"


def test_a_run_that_stopped_before_its_curves_gets_them_on_resume(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engines = ["--engines", "tensor_cpp.tape,reference_py.stack", "--extras", "curves"]
    status, document, err = bench(capsys, "run", *FAST, *engines, "--out", str(tmp_path))
    assert status == 0, err
    wanted = {c["engine"]: c["losses"] for c in only(document, "curve")}
    assert len(wanted) == 2
    file = next(tmp_path.glob("*/lines.jsonl"))
    lines = file.read_text().splitlines(keepends=True)
    for lost in (["tensor_cpp.tape"], list(wanted)):
        left = [
            t for t in lines if not ((line := json.loads(t))["kind"] == "curve" and line["engine"] in lost)
        ]
        assert len(left) == len(lines) - len(lost)
        file.write_text("".join(left))
        status, document, err = bench(capsys, "run", "--resume", file.parent.name, "--out", str(tmp_path))
        assert status == 0, err
        found = {c["engine"]: c["losses"] for c in only(document, "curve")}
        assert found == wanted
        assert len(only(document, "cell")) == 2, "nothing is timed again"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def document(out: Path) -> dict[str, Any]:
    """One small run."""
    run = ["run", *FAST, "--engines", "tensor_cpp.tape,scalar_cpp.tensor", "--out", str(out), "--json"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(run) == 0
    return dict(json.loads(said.getvalue()))


def test_the_stored_lines_are_complete(document: dict[str, Any]) -> None:
    assert read(Path(document["path"])) == document["lines"]
    first, machine = document["lines"][:2]
    assert (first["kind"], first["suite"], first["seed"]) == ("run", "quick", 0)
    assert first["command"].startswith("trigrad bench run --workloads T1 ")
    assert {
        "cpu",
        "isa",
        "kernel",
        "compiler",
        "gemm_peak_gflops",
        "bandwidth_gbs",
        "versions",
    } <= machine.keys()
    cell = cells(document)["tensor_cpp.tape"]
    names = "machine workload wl_hash arrays_hash engine driver dtype threads phase proc rows status reason n"
    assert set(names.split()) <= cell.keys()
    assert cell["counters"]["nodes"] > 0
    assert cell["counters"]["allocations"] == 0, "in steady state nothing is asked from the system"
    assert cells(document)["scalar_cpp.tensor"]["dtype"] == "float64", "it has no float32, and says so"


def test_two_runs_never_meet_and_reproduce_shows_both(
    document: dict[str, Any], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Path(document["path"])
    before = kept.read_bytes()
    kinds = [(line["kind"], line.get("engine")) for line in read(kept)]
    number = 1 + kinds.index(("cell", "scalar_cpp.tensor"))
    status, shown, _ = bench(capsys, "reproduce", f"{kept.parent.name}:{number}", "--out", str(out))
    assert status == 0
    assert kept.read_bytes() == before
    assert len(list(out.glob("*/lines.jsonl"))) == 2
    row = shown["rows"][0]
    assert row["engine"] == "scalar_cpp.tensor"
    assert "x [" in row["stored"]
    assert "x [" in row["now"]
    assert row["agreement"] in ("intervals overlap", "intervals do not overlap")
    assert "--workloads T1 --engines tensor_cpp.tape,scalar_cpp.tensor --phases grad" in shown["command"]
    status, _, err = bench(capsys, "reproduce", f"{kept.parent.name}:999", "--out", str(out))
    assert (status, "there is no line '999'" in err) == (2, True)


def test_engines_that_do_not_fit_into_memory_together_get_sessions_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Process, "memory_gb", lambda self: 8.0)
    names = "tensor_cpp.tape,tensor_cpp.stack,reference_py.stack"
    status, document, _ = bench(capsys, "run", "--engines", names, *FAST, "--out", str(tmp_path))
    found = [(c["proc"], c["engine"]) for c in only(document, "cell")]
    first, second = (
        [(0, "tensor_cpp.tape"), (0, "tensor_cpp.stack")],
        [(100, "tensor_cpp.tape"), (100, "reference_py.stack")],
    )
    assert (status, found) == (0, [*first, *second]), "each session has the baseline"


def test_an_engine_that_would_take_the_suites_time_is_checked_but_not_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = engine(
        tmp_path, "slow", "import time\n" + RIGHT.replace("    d =", "    time.sleep(0.3)\n    d =")
    )
    arguments = [
        "run",
        "--engines",
        "tensor_cpp.tape",
        "--engine",
        slow,
        *FAST,
        "--out",
        str(tmp_path / "out"),
    ]
    status, document, _ = bench(capsys, *arguments, "--slowest", "0.2")
    cell = cells(document)["slow"]
    assert (status, cell["status"], cell["block_ns"], cell["check"]["ok"]) == (0, "unsupported", [], True)
    assert "--slowest is 0.2" in cell["reason"]


def test_detailed_workloads_are_timed_phase_by_phase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "--engines", "tensor_cpp.tape", *FAST, "--detailed", "T1", "--out", str(tmp_path)]
    _, document, _ = bench(capsys, *arguments)
    assert {c["phase"] for c in only(document, "cell")} == {"forward", "backward", "update", "grad", "step"}
    assert "--detailed T1" in only(document, "run")[0]["command"]
