"""The A/A control and its twin lead the same life, or the control would show how their lives differ."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trigrad_bench import arrays, curves, gate, workload
from trigrad_bench.members import Job
from trigrad_bench.options import Options
from trigrad_bench.process import Pool, Process
from trigrad_bench.reference import Reference
from trigrad_bench.session import Session
from trigrad_bench.store import Store

ENGINE = "reference_py.stack"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Every question to the engine's processes: process, verb."""
    found: list[tuple[int, str]] = []
    ask = Process.ask

    def noted(self: Process, verb: str, timeout: float = 120.0, **arguments: Any) -> dict[str, Any]:
        found.append((self._process.pid, verb))
        return ask(self, verb, timeout, **arguments)

    monkeypatch.setattr(Process, "ask", noted)
    return found


@pytest.fixture
def job(tmp_path: Path) -> Iterator[tuple[Job, Reference]]:
    with contextlib.closing(Pool()) as pool:
        yield of("T1", tmp_path, pool)


def of(name: str, folder: Path, pool: Pool) -> tuple[Job, Reference]:
    """A workload as the engines of a session are given it."""
    loaded = workload.load(name)
    made = arrays.make(loaded)
    made.write(folder / "arrays")
    job = Job(loaded.as_json(), folder / "arrays", "float64", 1, [], 30.0, pool)
    return job, Reference(job, made, folder)


def opened(job: tuple[Job, Reference], **options: Any) -> Session:
    """A session of one engine, which is its own control."""
    session = Session(Options(engines=(ENGINE,), **options), job[0], [ENGINE], 0, lambda text: None)
    session.open(job[1].first, float64_instead=True)
    return session


def pid(session: Session, control: bool) -> int:
    """The process of the engine or of its control."""
    member = session.control if control else session.members[0]
    assert member
    assert member.process
    return member.process._process.pid


def test_a_control_does_what_its_twin_does(job: tuple[Job, Reference], asked: list[tuple[int, str]]) -> None:
    session = opened(job)
    twin, control = pid(session, control=False), pid(session, control=True)
    assert twin != control
    curves.run(session.options, Store(None, "test"), session, job[1])
    session.close(keep=True)
    verbs = [[verb for who, verb in asked if who == process] for process in (twin, control)]
    assert set(verbs[0]) == set(verbs[1]) >= {"result", "counters", "losses"}


def test_both_go_on_to_the_next_workload_or_none(job: tuple[Job, Reference]) -> None:
    session = opened(job)
    first = pid(session, control=False), pid(session, control=True)
    session.close(keep=True)
    session = opened(job)
    assert (pid(session, control=False), pid(session, control=True)) == first
    session.close(keep=True)
    session = opened(job, slowest=1e-9)
    assert session.members[0].status == "unsupported", "too slow: gated, and its process is gone"
    assert session.control is None
    session.close(keep=True)
    session = opened(job)
    assert not {pid(session, control=False), pid(session, control=True)} & set(first)
    session.close(keep=False)


def test_one_rounding_sends_a_deep_network_another_way(tmp_path: Path) -> None:
    """Why PyTorch's float32 curve alone cannot judge everybody's."""
    with contextlib.closing(Pool()) as pool:
        _, reference = of("P3.matched", tmp_path, pool)
        reference.curves(60.0, 30)
        starts = reference.rounded_starts()
        assert reference.rounded_starts() is starts, "made once"
    off = [gate.curve_deviation(one, reference.curve) for one in starts]
    assert [len(one) for one in starts] == 4 * [30]
    assert len(set(off)) == 4
    assert gate.curve_deviation(reference.perturbed, reference.curve) < 1e-12
    assert min(off) < 1e-6
    assert max(off) > 1e-3
