"""One engine's part in a session: its process, what the gate said, its blocks.

Why it exists: whatever happens to one engine (no package, wrong gradient, crash, silence) must end in its own
cells, with a status and a reason, while the others go on.
Read before: process.py, gate.py. Read next: session.py.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import bundle, gate
from .engines import COMPILED
from .process import EngineError, Pool, Process
from .stats import iqr_over_median

WARM = 0.05  # two blocks in a row that differ by less are warm
WARM_BLOCKS = 12
WARM_SHARES = 1.0  # warm-up may take as long as the timed blocks
COUNTER_SECONDS = 60.0
START_SECONDS = 60.0
HEAVY = 1.5  # GB: larger processes are not kept for the next workload

Line = dict[str, Any]


@dataclass
class Job:
    """What every engine of a session is given."""

    spec: dict[str, Any]  # Workload.as_json()
    arrays: Path
    dtype: str
    threads: int
    cores: Sequence[int]
    timeout: float
    pool: Pool


@dataclass
class Blocks:
    """The timed blocks of one phase."""

    n: int = 0
    wall: float = 0.0  # seconds of one block as the harness sees it: n + 1 repeats, of which one is not timed
    spent: float = 0.0  # seconds of all its blocks
    rounds: list[int] = field(default_factory=list)
    ns: list[int] = field(default_factory=list)
    warmup: list[int] = field(default_factory=list)  # ns of one repeat, block by block
    note: str = ""
    status: str = ""  # a failure in this phase only
    reason: str = ""


class Member:
    """One engine in one session."""

    def __init__(self, name: str, job: Job, role: str = "") -> None:
        self.name, self.job, self.role = name, job, role
        self.dtype = job.dtype
        self.status, self.reason = "ok", ""
        self.check: gate.Check | None = None
        self.info: dict[str, Any] = {}
        self.counters: dict[str, Any] = {}
        self.blocks: dict[str, Blocks] = {}
        self.process: Process | None = None

    @property
    def control(self) -> bool:
        """Whether this is the second process of the baseline."""
        return self.role == "control"

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.process is not None

    def fail(self, status: str, reason: str) -> None:
        """Ends this engine's part."""
        self.status, self.reason = status, reason
        self.close()

    def close(self) -> None:
        """Ends its process."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def release(self) -> None:
        """Keeps its process for the next workload, if it still answers."""
        if self.process is not None and self.process.alive():
            self.job.pool.give(self.process, self.role)
            self.process = None
        self.close()

    def light(self) -> bool:
        """Whether it runs and is small enough to be kept for the next workload."""
        return self.process is not None and self.process.memory_gb() < HEAVY

    def ask(self, verb: str, timeout: float = 0.0, **arguments: Any) -> dict[str, Any]:
        """The engine's answer."""
        assert self.process is not None
        return self.process.ask(verb, timeout=timeout or self.job.timeout, **arguments)

    def open(
        self, reference: dict[str, Any], float64_instead: bool, slowest: float = 0.0, *, counters: bool = True
    ) -> None:
        """Starts it and holds its first step against the reference; failures end in the status.

        A suite's time is for many engines: one that needs more than `slowest` seconds a step is gated only.
        """
        try:
            self.process = self.job.pool.take(self.name, self.job.threads, self.job.cores, self.role)
            reason = self._supported(float64_instead)
            if reason:
                self.status, self.reason = "unsupported", reason
                self.release()
                return
            job = self.job
            self.info = dict(self.ask("info").get("info") or {})
            self.ask(
                "setup", workload=job.spec, arrays=str(job.arrays), dtype=self.dtype, threads=job.threads
            )
            start = time.perf_counter()
            found = self.result()
            seconds = 0.0 if self.name in COMPILED else time.perf_counter() - start
            self.check = gate.check(found, reference, gate.tolerance(job.spec, self.dtype))
            if self.check.status != "ok":
                self.fail(self.check.status, self.check.reason)
            elif slowest and seconds > slowest:
                reason = (
                    f"gradients agree, but step and answer take {seconds:.3g} s; --slowest is {slowest:g}"
                )
                self.fail("unsupported", reason)
            elif counters:
                with contextlib.suppress(EngineError):
                    self.counters = dict(self.ask("counters", COUNTER_SECONDS).get("counters") or {})
                if not self.process.alive():
                    raise EngineError("dead", "counters: the engine's process died")
        except EngineError as failure:
            self.fail(status_of(failure), failure.reason)
        except (TypeError, ValueError, KeyError, AttributeError) as error:  # an answer of another form
            self.fail("error", f"its answer cannot be used: {type(error).__name__}: {error}")

    def _supported(self, float64_instead: bool) -> str:
        """Why it cannot take part; an engine that has float64 only takes part in that; its cells say so."""
        first = max(START_SECONDS, self.job.timeout)  # imports happen here
        reason = str(self.ask("supports", first, workload=self.job.spec, dtype=self.dtype).get("reason", ""))
        if reason and self.dtype == "float32" and float64_instead:
            other = str(self.ask("supports", workload=self.job.spec, dtype="float64").get("reason", ""))
            if not other:
                self.dtype, reason = "float64", ""
            elif "float64 only" in reason:
                reason = other
        return reason

    def result(self) -> dict[str, Any]:
        """Loss and gradients of step 0."""
        with tempfile.TemporaryDirectory(prefix="trigrad-") as folder:
            out = Path(folder) / "result"
            self.ask("result", out=str(out))
            try:
                arrays, _ = bundle.read(out)
            except (OSError, bundle.BundleError) as error:
                raise EngineError("error", f"result: {error}") from error
            return {name: np.array(array) for name, array in arrays.items()}

    def block(self, phase: str, n: int, expected: float = 0.0) -> int:
        """Nanoseconds of n repeats."""
        ns = self.ask("run", self.job.timeout + 20 * expected, phase=phase, n=n).get("ns")
        if not isinstance(ns, (int, float)) or ns <= 0:
            raise EngineError("error", f"run {phase}: {ns!r} is no time")
        return int(ns)

    def noise(self, phase: str) -> float | None:
        """How wide the middle half of the blocks is."""
        blocks = self.blocks.get(phase)
        return round(iqr_over_median(blocks.ns), 4) if blocks and blocks.ns else None


def status_of(failure: EngineError) -> str:
    """The status of its cells: an engine that knows its limits and says so is not a wrong one."""
    limits = ("NotImplementedError", "DepthError", "RecursionError", "MemoryError")
    return "unsupported" if failure.reason.startswith(limits) else failure.status
