"""A run: every workload, all engines, every line stored before the next workload starts.

Why it exists: it ties the protocol together (design: gate first, then interleaved rounds, then lines) and
sees to it that nothing that was measured is lost: not by a dead engine, a full disk or Ctrl-C.
Read before: session.py (one workload), store.py (lines). Read next: sweeps.py, summary.py.
"""

from __future__ import annotations

import dataclasses
import datetime
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from . import curves, machine, plan, sweeps
from . import workload as workloads
from .arrays import Arrays, make
from .engines import is_native
from .members import Blocks, Job, Line
from .options import Options
from .process import Pool, allowed_cores
from .reference import NoReferenceError, Reference
from .session import Progress, Session
from .store import Store

BAD = ("wrong", "nan", "dead", "hung", "error")


def trigrad_version() -> str:
    """trigrad's version; "" when it cannot be imported, which the engines' own lines then explain."""
    try:
        import trigrad
    except ImportError:
        return ""
    return trigrad.__version__


class Asked(NamedTuple):
    """What a session was asked for: an engine that has float64 only answers in that."""

    dtype: str
    threads: int


class Run:
    """One run of the harness; its lines go to `store`."""

    def __init__(self, options: Options, store: Store, argv: Sequence[str], progress: Progress) -> None:
        self.options, self.store, self.argv, self.progress = options, store, list(argv), progress
        self.machine = ""
        self.cores = allowed_cores()
        self.where = ""  # what is being measured, for the line after Ctrl-C
        self.kept = list(store.lines)  # of a run that is resumed
        self.pool = Pool()
        self.began = time.monotonic()
        self.given: dict[str, str] = {}  # paths of workloads that are files of the user's
        self.late: list[str] = []  # not started, as the suite's limit was reached
        self.unfit: set[int] = set()  # numbers of threads for which there are not enough processors

    def all(self) -> int:
        """Everything that the options ask for; 1 when something was wrong, else 0."""
        self.header()
        try:
            for proc in range(self.options.processes):
                self.process(proc)
        finally:
            self.pool.close()
        if not self.options.check_only:
            self.where = "sweeps"
            sweeps.run(self.options, self.store, self.machine, self.cores, self.progress)
        self.where = ""
        lines = self.store.lines
        wrong = any(cell["status"] in BAD for cell in plan.final_cells(lines))
        wrong = wrong or any(line["kind"] == "curve" and line.get("ok") is False for line in lines)
        return 1 if wrong else 0

    def process(self, proc: int) -> None:
        """Every workload once, with fresh processes."""
        self.pool.close()
        for name in (*self.options.gates, *self.options.workloads):
            for dtype in self.dtypes(workloads.load(name)):
                for threads in self.options.threads:
                    if self.options.limit and time.monotonic() - self.began > self.options.limit:
                        self.late.append(f"{name} {dtype}" + f", process {proc + 1}" * (proc > 0))
                    elif threads > len(self.cores):
                        self.unfit.add(threads)
                    else:
                        self.where = f"{name} {dtype}, {threads} thread(s), process {proc}"
                        self.workload(name, dtype, threads, proc)

    def header(self) -> None:
        """The run's first lines: what was asked, and of which machine."""
        self.progress("measuring the machine's peaks")
        found = machine.record(measure=not self.options.check_only)
        self.machine = found["machine"]
        self.store.add(
            "run",
            suite=self.options.suite,
            argv=self.argv,
            command=self.options.command(),
            options=dataclasses.asdict(self.options),
            seed=self.options.seed,
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            git=machine.git(),
            trigrad=trigrad_version(),
            python=platform.python_version(),
        )
        self.store.add("machine", **found)

    def dtypes(self, loaded: workloads.Workload) -> tuple[str, ...]:
        """The dtypes that are asked for and that the workload has; by default its first."""
        wanted = tuple(d for d in self.options.dtypes if d in loaded.dtypes)
        return wanted or loaded.dtypes[:1]

    def workload(self, name: str, dtype: str, threads: int, proc: int) -> None:
        """One workload in one dtype: arrays, reference, sessions."""
        loaded = workloads.load(name)
        self.given[loaded.name] = name
        only = len(self.dtypes(loaded)) == 1
        names = plan.missing(self.options, self.kept, loaded, name, (dtype, threads, proc), only)
        owed = plan.owed_curves(self.options, self.kept, loaded, dtype, threads, proc)
        if not names and not owed:
            return
        self.progress(f"{self.where}: arrays and reference")
        try:
            arrays = make(loaded)
        except Exception as error:  # data of a package that is not installed, a truncated file
            if name in self.options.instead:
                self.workload(self.options.instead[name], dtype, threads, proc)
                return
            self.refused(
                loaded, names, dtype, threads, proc, "unsupported", f"{type(error).__name__}: {error}"
            )
            return
        with tempfile.TemporaryDirectory(prefix="trigrad-") as folder:
            path = Path(folder) / "arrays"
            arrays.write(path)
            cores = self.cores[-threads:]
            job = Job(loaded.as_json(), path, dtype, threads, cores, self.options.timeout, self.pool)
            try:
                reference = Reference(job, arrays, Path(folder))
            except NoReferenceError as error:
                reason = f"no float64 reference to compare with: {error}"
                self.refused(loaded, names, dtype, threads, proc, "error", reason)
                return
            options = self.options
            if name in options.gates:
                options = dataclasses.replace(options, check_only=True)
            number = plan.free_number(self.kept, loaded.name, threads, proc)
            while names:
                session = Session(options, job, names, number, self.tell)
                self.session(session, loaded, arrays, reference)
                names, number = session.left, number + 100
            options = dataclasses.replace(self.options, check_only=True)
            while owed:
                session = Session(options, job, owed, number, self.tell)
                self.curves(session, loaded, reference)
                owed, number = session.left, number + 100

    def tell(self, text: str) -> None:
        """Progress, with the place."""
        self.progress(f"{self.where}: {text}")

    def session(
        self, session: Session, loaded: workloads.Workload, arrays: Arrays, reference: Reference
    ) -> None:
        """Gate, blocks, curves, lines. What was measured is stored even when this is interrupted."""
        finished = False
        before, stolen = machine.load(), machine.steal_ticks()
        try:
            session.open(reference.first, float64_instead=len(self.dtypes(loaded)) == 1)
            if not session.options.check_only:
                session.prepare()
                session.rounds()
            finished = True
        finally:
            noise = {"load": before, "steal_ticks": machine.steal_ticks() - stolen}
            lines = self.cells(session, loaded, arrays, finished, noise)
            try:
                self.store.add_all("cell", lines)
                self.control(session, loaded)
                wanted = "curves" in self.options.extras and not plan.generation(session.proc)
                if finished and wanted and plan.trains(loaded):
                    curves.run(self.options, self.store, session, reference)
            finally:
                session.close(keep=finished)

    def curves(self, session: Session, loaded: workloads.Workload, reference: Reference) -> None:
        """Curves alone, for engines whose cells a resumed run has."""
        finished = False
        try:
            session.open(reference.first, float64_instead=len(self.dtypes(loaded)) == 1)
            curves.run(self.options, self.store, session, reference)
            finished = True
        finally:
            session.close(keep=finished)

    # ---- lines -------------------------------------------------------------------------------------------

    def cells(
        self, session: Session, loaded: workloads.Workload, arrays: Arrays, finished: bool, noise: Line
    ) -> list[Line]:
        """A line for every engine and phase."""
        found = []
        asked = Asked(session.job.dtype, session.job.threads)
        for member in session.members:
            for phase in session.phases_of(member) if not session.options.check_only else ["check"]:
                blocks = member.blocks.get(phase, Blocks())
                if not finished and member.status == "ok" and not blocks.ns:
                    continue  # interrupted before its first block
                line = self.cell(member.name, loaded, member.dtype, asked, phase, session.proc)
                line |= {"status": blocks.status or member.status, "reason": blocks.reason or member.reason}
                line |= {
                    "arrays_hash": arrays.digest,
                    "n": blocks.n,
                    "round": blocks.rounds,
                    "block_ns": blocks.ns,
                }
                line |= {"warmup_ns": blocks.warmup, "note": blocks.note, "counters": member.counters}
                line |= {"check": member.check.as_json() if member.check else None}
                line |= {"noise": noise | {"iqr_over_median": member.noise(phase)}}
                line |= {"versions": member.info.get("versions", {}), "info": without(member.info, "config")}
                found.append(line if finished else line | {"interrupted": True})
        return found

    def cell(
        self, engine: str, loaded: workloads.Workload, dtype: str, asked: Asked, phase: str, proc: int
    ) -> Line:
        """What names a cell, and the command that measures it again."""
        base = self.options.baseline()
        again = self.options.command(
            workloads=(self.given.get(loaded.name, loaded.name),),
            engines=tuple(dict.fromkeys((base, engine))),
            phases=(phase,) if phase != "check" else self.options.phases,
            detailed=(),
            slowest=0.0,
            threads=(asked.threads,),
            dtypes=(asked.dtype,),
            processes=1,
            extras=(),
        )
        return {
            "machine": self.machine,
            "workload": loaded.name,
            "wl_hash": loaded.hash(),
            "engine": engine,
            "driver": "native" if is_native(engine) else "python",
            "dtype": dtype,
            "threads": asked.threads,
            "phase": phase,
            "proc": proc,
            "size": loaded.size or None,
            "rows": loaded.batch or None,
            "parameters": loaded.parameter_count,
            "command": again,
        }

    def refused(
        self, loaded: workloads.Workload, names: Sequence[str], dtype: str, threads: int, proc: int, *why: str
    ) -> None:
        """Lines for engines that could not even be asked."""
        for name in names:
            for phase in self.options.phases_of(loaded.name):
                line = self.cell(name, loaded, dtype, Asked(dtype, threads), phase, proc)
                empty: Line = {
                    "n": 0,
                    "round": [],
                    "block_ns": [],
                    "warmup_ns": [],
                    "check": None,
                    "counters": {},
                }
                self.store.add("cell", **line, status=why[0], reason=why[1], **empty)

    def control(self, session: Session, loaded: workloads.Workload) -> None:
        """The A/A line: the baseline and its second process, in the rounds that both have."""
        control, phase = session.control, session.control_phase
        if control is None:
            return
        twin = next(m for m in session.members if m.name == control.name)
        mine, other = twin.blocks.get(phase), control.blocks.get(phase)
        if mine is None or other is None or not mine.ns or not other.ns:
            return
        a = {r: ns / mine.n for r, ns in zip(mine.rounds, mine.ns, strict=True)}
        b = {r: ns / other.n for r, ns in zip(other.rounds, other.ns, strict=True)}
        rounds = sorted(a.keys() & b.keys())
        if not rounds:
            return
        asked = Asked(session.job.dtype, session.job.threads)
        line = self.cell(control.name, loaded, control.dtype, asked, phase, session.proc)
        line["block_a_ns"], line["block_b_ns"] = [a[r] for r in rounds], [b[r] for r in rounds]
        self.store.add("control", **line, round=rounds, n=mine.n)


def without(info: Line, *keys: str) -> Line:
    """The dictionary without these keys."""
    return {k: v for k, v in info.items() if k not in keys}
