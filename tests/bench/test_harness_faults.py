"""Engines that misbehave cost their own cells only, and each gets a clear line.

Why it exists: a comparison that ends with a traceback because one of fifteen engines has a bug, or that shows
a time beside a wrong gradient, is worse than none.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import EXAMPLE, FAST, RIGHT, bench, cells, engine, only

FAULTS = {
    "wrong": RIGHT.replace('"w": 2 *', '"w": 2.001 *'),
    "nan": RIGHT.replace('"w": 2 *', '"w": np.nan *'),
    "raises": RIGHT.replace("    d =", '    raise ZeroDivisionError("planted")\n    d ='),
    "dies": RIGHT + "import os, itertools\ncount = itertools.count()\nright = loss_and_gradients\n"
    "def loss_and_gradients(p, x, y):\n"
    "    if next(count) > 20: os.kill(os.getpid(), 9)\n"
    "    return right(p, x, y)\n",
    "hangs": "import time\n" + RIGHT.replace("    d =", "    time.sleep(60)\n    d ="),
    "prints": "import os\nos.write(1, b'garbage')\nprint('garbage')\n"
    + RIGHT.replace("    d =", "    print('{}')\n    d ="),
    "misses": "import a_package_that_nobody_has\n" + RIGHT,
    "empty": "x = 1\n",
    "shape": RIGHT.replace("2 * x.T @ d", "(2 * x.T @ d)[0]"),
    "limited": RIGHT.replace("    d =", '    raise RecursionError("too deep")\n    d ='),
    "silent": RIGHT.replace('{"w": 2 * x.T @ d}', "{}"),
    "right": RIGHT,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("engines")
    for name, text in FAULTS.items():
        engine(made, name, text)
    return made


def test_each_fault_has_its_own_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [word for name in FAULTS for word in ("--engine", str(folder / f"{name}.py"))]
    run = ["run", *FAST, "--engines", "tensor_cpp.tape", *files, "--timeout", "3", "--out", str(tmp_path)]
    status, document, _ = bench(capsys, *run)
    found = cells(document)
    expected = {
        "wrong": ("wrong", "grad/w is 5.0e-04 off"),
        "nan": ("nan", "grad/w is not finite"),
        "raises": ("error", "ZeroDivisionError: planted"),
        "dies": ("dead", "killed by SIGKILL"),
        "hangs": ("hung", "no answer within 3 s"),
        "misses": ("unsupported", "No module named 'a_package_that_nobody_has'"),
        "limited": ("unsupported", "RecursionError: too deep"),
        "empty": ("error", "defines neither `class Engine` nor"),
        "shape": ("wrong", "not comparable"),
        "silent": ("wrong", "no grad/w in its result"),
    }
    for name, (kind, reason) in expected.items():
        assert found[name]["status"] == kind, found[name]
        assert reason in found[name]["reason"]
    for name in ("prints", "right", "tensor_cpp.tape"):
        assert found[name]["status"] == "ok", found[name]
        assert len(found[name]["block_ns"]) == 2
        assert found[name]["check"]["ok"]
    for name in ("wrong", "nan", "shape", "silent"):
        assert not found[name]["block_ns"], "no time is shown beside a wrong gradient"
    assert status == 1


def test_a_missing_package_comes_with_its_remedy() -> None:
    from trigrad_bench.worker import remedy

    assert remedy(ModuleNotFoundError("...", name="torch")) == "; `make torch` installs it"
    assert remedy(ModuleNotFoundError("...", name="jax.numpy")) == "; `make peers` installs it"
    assert remedy(ModuleNotFoundError("...", name="somebody_elses")) == ""
    assert remedy(ZeroDivisionError("planted")) == ""


def test_an_engine_that_answers_garbage(tmp_path: Path) -> None:
    from trigrad_bench.process import EngineError, Process

    with (
        Process("x", argv=["/bin/sh", "-c", "read x; echo hello; read x"]) as process,
        pytest.raises(EngineError, match="not a JSON answer"),
    ):
        process.ask("info")
    with (
        Process("x", argv=["/bin/false"]) as process,
        pytest.raises(EngineError, match="exit status 1") as error,
    ):
        process.ask("info")
    assert error.value.status == "dead"
    with pytest.raises(EngineError, match="cannot be started"):
        Process("x", argv=[str(tmp_path / "nothing")])
    talk = "import sys; print('last words', file=sys.stderr); sys.exit(3)"
    with (
        Process("x", argv=[sys.executable, "-c", talk]) as process,
        pytest.raises(EngineError, match="last words"),
    ):
        process.ask("info")


def state(pid: int) -> str:
    """The letter that Linux has for what a process does; X for one that is gone."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "X"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is stopped")
def test_who_has_threads_stands_still_between_its_answers() -> None:
    from trigrad_bench.process import Process

    with Process("reference_py.stack", 2) as several, Process("reference_py.stack", 1) as one:
        for _ in range(2):
            assert several.ask("info")["ok"]
            assert one.ask("info")["ok"]
            wait_for(lambda: state(several._process.pid) == "T")
            assert state(one._process.pid) != "T"
        assert several.memory_gb() > 0
        several.close()
        assert not several.alive()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is stopped")
def test_who_is_stopped_ends_with_the_harness() -> None:
    harness = (
        "import os; from trigrad_bench.process import Process; p = Process('reference_py.stack', 2);"
        "p.ask('info'); print(p._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", harness], stdout=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == -9
    wait_for(lambda: state(int(ended.stdout)) in "XZ")


def wait_for(done: Callable[[], bool]) -> None:
    """Up to a while; systems that are busy answer late."""
    for _ in range(500):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_the_example_passes_the_gate_and_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 60
    options = [
        "--workloads",
        "T3",
        "--rounds",
        "2",
        "--phases",
        "step",
        "--block-ms",
        "0.2",
        "--extras",
        "curves",
    ]
    run = ["run", *options, "--engines", "tensor_cpp.tape", "--engine", str(EXAMPLE), "--out", str(tmp_path)]
    status, document, err = bench(capsys, *run)
    assert status == 0, err
    assert cells(document)["my_engine"]["status"] == "ok"
    curve = next(c for c in only(document, "curve") if "my_engine" in c["engine"])
    assert curve["ok"], curve
    assert curve["losses"][0] == pytest.approx(curve["reference"][0])
    control = only(document, "control")[0]
    assert len(control["block_a_ns"]) == len(control["block_b_ns"]) == len(control["round"]) == 2


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from trigrad_bench.bench_cli import main
    from trigrad_bench.cli import main as trigrad

    broken = tmp_path / "broken.toml"
    broken.write_text("title = [\n")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('title = 3\nabout = ""\nsource = ""\n')
    complaints = {
        ("--engines", "no_such"): "unknown engine 'no_such' (and no path of a .py file); known are own",
        ("--engines", "tourch"): "unknown engine 'tourch' (and no path of a .py file); did you mean 'torch'?",
        ("--workloads", "no_such"): "no workload is called 'no_such'",
        ("--workloads", str(broken)): "broken.toml: no valid TOML",
        ("--workloads", str(wrong)): "wrong.toml: title: expected a text",
        ("--suite", "no_such"): "no suite is called",
        ("--phases", "sleep"): "unknown phase 'sleep'",
        ("--rounds", "0"): "at least 1",
        ("--threads", "many"): "expected numbers",
        ("--engine", str(tmp_path / "none.py")): "there is no such file",
        ("--resume", "never"): "no run is called 'never'",
    }
    for arguments, complaint in complaints.items():
        assert main(["run", *arguments, "--out", str(tmp_path)]) == 2, arguments
        assert complaint in capsys.readouterr().err
    assert trigrad(["no_such"]) == 2
    assert trigrad([]) == 2
    assert trigrad(["--version"]) == 0
    assert trigrad(["--help"]) == 0
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--no-such"])
    assert not list(tmp_path.glob("*/lines.jsonl")), "wrong usage stores nothing"
