"""Anything that can be timed, in turns: engines that passed the gate beside bare products and copies.

Why it exists: a share of a step ("so much of it is products") is a ratio, and a ratio holds only between
times of the same rounds. A task is a function of a number of repeats that answers with nanoseconds.
Read before: members.py, sweeps.py. Read next: limits.py, breakdown.py, scaling.py, waterfall.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from . import sizes
from . import workload as workloads
from .arrays import make
from .engines import native
from .members import Job, Line, Member
from .options import Options
from .process import EngineError, Pool, Process, threads_on
from .reference import Reference
from .workload import Workload

Task = Callable[[int], float]
Key = TypeVar("Key", bound=Hashable)
ROUNDS = 9
BLOCK_NS = 3e6


def in_turns(tasks: Mapping[Key, Task], seed: int, rounds: int = ROUNDS) -> dict[Key, list[float]]:
    """Nanoseconds of one repeat, round by round, everybody in a new random order in each.

    Who fails is left out: the others' rounds go on.
    """
    repeats: dict[Key, int] = {}
    found: dict[Key, list[float]] = {}
    for key, task in tasks.items():
        with contextlib.suppress(EngineError):
            repeats[key] = enough(task)
            found[key] = []
    shuffle = random.Random(seed).shuffle
    for _ in range(rounds):
        keys = list(found)
        shuffle(keys)
        for key in keys:
            try:
                found[key].append(tasks[key](repeats[key]) / repeats[key])
            except EngineError:
                del found[key]
    return found


def enough(task: Task) -> int:
    """The repeats that make a block long enough; approached from below, as first calls are slow."""
    task(1)
    n = 1
    while True:
        ns = max(1.0, task(n))
        if ns >= BLOCK_NS / 2:
            return max(1, round(n * BLOCK_NS / ns))
        n = min(32 * n, math.ceil(n * BLOCK_NS / ns))


@dataclass(frozen=True)
class Entry:
    """An engine that takes part, perhaps told or started otherwise than by its name alone."""

    engine: str
    told: Mapping[str, Any] = field(default_factory=dict)  # put over what it is told of the workload
    words: tuple[str, ...] = ()  # of a native engine's command line, in place of its own
    backend: str = ""  # who multiplies matrices, in place of tensor_cpp's choice

    def start(self, cores: Sequence[int]) -> Process:
        """Its process."""
        program = native.find(self.engine) if self.words else None
        arguments = [str(program), *self.words] if program else None
        process = Process(self.engine, threads_on(cores), cores, arguments)
        if self.backend:
            process.ask("probe", what="backends", choose=self.backend)
        return process


@contextlib.contextmanager
def gated(
    options: Options, loaded: Workload, entries: Mapping[str, Entry], cores: Sequence[int], pool: Pool
) -> Iterator[dict[str, Member]]:
    """The engines by label, a thread a core, their first step held against the reference: no time without."""
    with tempfile.TemporaryDirectory(prefix="trigrad-") as folder:
        path = Path(folder) / "arrays"
        arrays = make(loaded)
        arrays.write(path)
        job = Job(loaded.as_json(), path, loaded.dtypes[0], threads_on(cores), cores, options.timeout, pool)
        reference = Reference(job, arrays, Path(folder))
        members: dict[str, Member] = {}
        try:
            for label, entry in entries.items():
                if entry.words or entry.backend:
                    with contextlib.suppress(EngineError):  # the member finds that out again, and says so
                        pool.give(entry.start(cores), label)
                mine = dataclasses.replace(job, spec={**job.spec, **entry.told})
                members[label] = Member(entry.engine, mine, label)
                members[label].open(reference.first, float64_instead=True)
            yield members
        finally:
            for member in members.values():
                member.release()


def available(options: Options, name: str) -> Workload | None:
    """The workload, or what the suite takes instead where its data are not installed."""
    for candidate in filter(None, (name, options.instead.get(name))):
        loaded = workloads.load(candidate)
        with contextlib.suppress(Exception):  # whatever a package of data raises
            make(loaded)
            return loaded
    return None


def asked(options: Options, names: Sequence[str]) -> Iterator[Workload]:
    """Those of the workloads that the run has and this machine has the data for."""
    for name in names:
        loaded = available(options, name) if name in options.workloads else None
        if loaded is not None:
            yield loaded


def phase_of(loaded: Workload) -> str:
    """A whole training step; without an optimiser, what there is of one."""
    return "grad" if loaded.optimizer.kind == "none" else "step"


def rows_of(loaded: Workload) -> int:
    """Rows of a step that is timed: of a full batch."""
    total = sizes.shares(loaded.data)[0]
    return min(loaded.batch or total, total)


def steps(member: Member, loaded: Workload) -> Task:
    """The engine's step."""
    return lambda n: member.block(phase_of(loaded), n)


def probed(process: Process, **question: Any) -> Task:
    """A probe of an engine's process that repeats what it is asked n times (probes.py, probe.hpp)."""
    return lambda n: float(process.ask("probe", n=n, **question)["probe"]["ns"])


def header(machine: str, loaded: Workload, member: Member) -> Line:
    """What names the line of an engine in such a sweep."""
    return {
        "machine": machine,
        "workload": loaded.name,
        "wl_hash": loaded.hash(),
        "engine": member.name,
        "dtype": member.dtype,
        "threads": member.job.threads,
        "phase": phase_of(loaded),
        "parameters": loaded.parameter_count,
        "status": member.status,
        "reason": member.reason,
    }
