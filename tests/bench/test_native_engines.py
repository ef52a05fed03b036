"""The engines that are programs of their own: right gradients, and an answer to every bad question."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trigrad import reference_py
from trigrad_bench import arrays, bundle, gate
from trigrad_bench.engines import NATIVE, native
from trigrad_bench.engines.program import Program
from trigrad_bench.engines.protocol import Inputs
from trigrad_bench.workload import load

SMALL = {
    "T1": {},
    "T3": {},
    "T4": {},
    "M1": {},
    "M2": {},
    "E1": {},
    "P1": {"data.rows": 20, "batch": 8, "steps": 4},  # rows are graphs of their own, l2 without gradient
    "F7": {"data.rows": 40, "batch": 8, "steps": 4},  # Adam
    "chain.n1e3": {},
    "fan_in.n1e3": {},
    "lattice.n1e3": {},
}
STEPS = 4


class Running:
    """A running native engine."""

    def __init__(self, name: str) -> None:
        if native.find(name) is None:
            pytest.skip(f"{name} is not built")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            native.command(name, 1), stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def say(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """The answer, which must be a success."""
        answer = self.say(json.dumps({"verb": verb, **arguments}))
        assert answer.pop("ok"), answer
        return answer

    def end(self) -> None:
        """Closes its pipes and waits for it."""
        self.process.communicate(timeout=10)


@pytest.fixture(params=NATIVE)
def engine(request: pytest.FixtureRequest) -> Iterator[Running]:
    program = Running(request.param)
    yield program
    program.end()


@pytest.fixture
def scalar() -> Iterator[Running]:
    program = Running("native.scalar_cpp")
    yield program
    program.end()


_jobs: dict[str, tuple[Any, arrays.Arrays, dict[str, Any], list[float]]] = {}


def job(name: str) -> tuple[Any, arrays.Arrays, dict[str, Any], list[float]]:
    """(workload, arrays, the reference's result, its losses), made once."""
    if name not in _jobs:
        workload = load(name, SMALL[name])
        made = arrays.make(workload)
        inputs = Inputs(made.parameters, made.data, made.batches, made.lrs)
        program = Program(reference_py, workload.as_json(), inputs, "float64", "stack")
        steps = min(STEPS, len(made.batches))
        _jobs[name] = workload.as_json(), made, program.result(), program.losses(steps)
    return _jobs[name]


# The three orders of the tensor engine are one program: one of them does every workload.
ORDERS = [e for e in NATIVE if e.endswith((".stack", ".recursive"))]
PAIRS = [(e, n) for e in NATIVE for n in SMALL if e not in ORDERS or n in ("M2", "chain.n1e3")]


@pytest.mark.parametrize(("engine", "name"), PAIRS, indirect=["engine"])
def test_agrees_with_reference(engine: Running, name: str, tmp_path: Path) -> None:
    workload, made, reference, losses = job(name)
    path, out = tmp_path / "in.bundle", tmp_path / "out.bundle"
    made.write(path)
    assert engine.ask("supports", workload=workload, dtype="float64")["reason"] == ""
    engine.ask("setup", workload=workload, arrays=str(path), dtype="float64", threads=1)
    engine.ask("result", out=str(out))
    found, _ = bundle.read(out)
    check = gate.check(found, reference, 4 * gate.tolerance(workload, "float64"))
    assert check.status == "ok", check
    assert np.allclose(engine.ask("losses", steps=len(losses))["losses"], losses, rtol=1e-10, atol=0)
    for phase in ("forward", "backward", "update", "grad", "step"):
        assert engine.ask("run", phase=phase, n=2)["ns"] >= 0
    engine.ask("result", out=str(out))  # what was timed left no trace
    again, _ = bundle.read(out)
    assert all(np.array_equal(found[k], again[k]) for k in found)
    counters = engine.ask("counters")["counters"]
    assert counters["nodes"] > 0
    assert counters["peak_live_bytes"] > 0
    engine.ask("close")


def test_float32_is_for_tensors(engine: Running) -> None:
    reason = engine.ask("supports", workload=load("F1").as_json(), dtype="float32")["reason"]
    tensors = "tensor" in engine.ask("info")["info"]["name"]
    assert reason == "" if tensors else "float64" in reason
    engine.ask("close")


def test_too_large_for_scalars(scalar: Running) -> None:
    assert "million" in scalar.ask("supports", workload=load("P4").as_json(), dtype="float64")["reason"]
    scalar.ask("close")


BAD_LINES = {
    "{": "ProtocolError",
    "[1]": "ProtocolError",
    '{"verb":7}': "ProtocolError",
    '{"verb":"rnu"}': "unknown verb 'rnu'",
    '{"verb":"run","phase":"grad","n":1}': "nothing is set up",
    '{"verb":"supports","dtype":"float64"}': "ProtocolError",
    '{"verb":"supports","workload":{},"dtype":"float64"}': "WorkloadError",
    '{"verb":"setup","workload":{},"arrays":"","dtype":"float64"}': "WorkloadError",
    '{"verb":"\\ud800"}': "ProtocolError",
}


def test_bad_questions_are_answered(scalar: Running) -> None:
    for line, expected in BAD_LINES.items():
        answer = scalar.say(line)
        assert answer["ok"] is False
        assert expected in answer["error"], line
    scalar.ask("close")


def test_bad_bundles_are_answered(engine: Running, tmp_path: Path) -> None:
    workload, made, _, _ = job("T3")
    path = tmp_path / "in.bundle"
    made.write(path)
    whole = path.read_bytes()
    request = json.dumps({"verb": "setup", "workload": workload, "arrays": str(path), "dtype": "float64"})
    cuts = [0, 5, 8, 100, len(whole) // 2, len(whole) - 64]
    for content in [*(whole[:k] for k in cuts), b"\xff" * 4096, whole.replace(b'"shape": [', b'"shape": [9')]:
        path.write_bytes(content)
        answer = engine.say(request)
        assert not answer["ok"]
        assert answer["error"].startswith(("BundleError", "WorkloadError")), answer
    path.unlink()
    assert "cannot be read" in engine.say(request)["error"]
    made.write(path)
    assert engine.say(request)["ok"]  # and it still works
    for phase, n in (("grda", 1), ("grad", 0)):
        assert not engine.say(json.dumps({"verb": "run", "phase": phase, "n": n}))["ok"]
    assert not engine.say(json.dumps({"verb": "result", "out": str(tmp_path / "no/such/folder")}))["ok"]
    engine.ask("close")


def test_arrays_that_do_not_fit_are_answered(engine: Running, tmp_path: Path) -> None:
    workload, made, _, _ = job("T3")
    path = tmp_path / "in.bundle"
    flat = made.flat()
    wrong: list[dict[str, Any]] = [
        {"batches/flat": flat["batches/flat"] + 1000},
        {"batches/starts": flat["batches/starts"][::-1]},
        {"parameters/weight0": np.zeros((3, 3))},
        {"data/x": flat["data/x"][:, :1]},
        {"data/y": flat["data/y"].repeat(2, axis=1)},
    ]
    for change in wrong:
        bundle.write(path, flat | change)
        answer = engine.say(
            json.dumps({"verb": "setup", "workload": workload, "arrays": str(path), "dtype": "float64"})
        )
        if answer["ok"]:  # the tensor engine checks shapes when it computes
            answer = engine.say(json.dumps({"verb": "run", "phase": "grad", "n": 1}))
        assert not answer["ok"]
        assert answer["error"].startswith(("WorkloadError: ", "ShapeError: ")), answer
    engine.ask("close")


def test_missing_program_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIGRAD_NATIVE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"trigrad_native_cppad was not built: .*cmeel-cppad"):
        native.command("native.cppad", 1)
