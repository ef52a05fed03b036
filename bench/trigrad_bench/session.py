"""One session: all engines on one workload, in turns.

Why it exists: this is the protocol of the comparison. Everybody is started and gated first; then each engine
is warmed up and gets a number of repeats that makes a block long enough; then rounds: in each, every engine
runs one block of each phase, in a random order, alone. A second process of the baseline runs along as the A/A
control.
Read before: members.py. Read next: run.py.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from .members import WARM, WARM_BLOCKS, WARM_SHARES, Blocks, Job, Member, status_of
from .options import BASELINES, ENOUGH, Options
from .plan import generation
from .process import EngineError

Progress = Callable[[str], None]


class Session:
    """Engines that are compared with each other: the pairs of all ratios come from one session."""

    def __init__(
        self, options: Options, job: Job, names: Sequence[str], proc: int, progress: Progress
    ) -> None:
        self.options, self.job, self.proc, self.progress = options, job, proc, progress
        base = options.baseline()
        self.names = sorted(names, key=lambda name: name != base)  # the baseline first
        self.members: list[Member] = []
        self.left: list[str] = []  # the engines that did not fit into memory besides, and the baseline
        self.phases = options.phases_of(job.spec["name"])
        self.control: Member | None = None
        self.control_phase = "step" if "step" in self.phases else self.phases[0]
        self.random = random.Random(f"{options.seed} {job.spec['name']} {job.dtype} {job.threads} {proc}")

    def open(self, reference: dict[str, Any], float64_instead: bool) -> None:
        """Starts and gates everybody, as far as memory goes."""
        baseline, used, largest = self.options.baseline(), 0.0, 0.0
        for k, name in enumerate(self.names):
            if k > 1 and used + largest > self.options.memory_gb:
                self.left = [n for n in self.names if n == baseline] + self.names[k:]
                break
            self.progress(f"checking {name}")
            member = Member(name, self.job)
            self.members.append(member)
            slowest = 0.0 if self.options.check_only else self.options.slowest
            member.open(reference, float64_instead, slowest, counters=not generation(self.proc))
            takes = member.process.memory_gb() if member.process else 0.0
            used += takes if k else 2 * takes  # the control is a second baseline
            largest = max(largest, takes)
        self.members.sort(key=lambda m: self.options.engines.index(m.name))
        able = [m.name for m in self.members if m.alive]
        if able and not self.options.check_only:  # without PyTorch, the next baseline is its own control
            name = next((n for n in (baseline, *BASELINES) if n in able), able[0])
            self.control = Member(name, self.job, "control")
            self.control.open(reference, float64_instead, counters=not generation(self.proc))

    def everybody(self) -> list[Member]:
        """The engines and the control."""
        return self.members + ([self.control] if self.control else [])

    def phases_of(self, member: Member) -> list[str]:
        """What is timed: without an optimiser there is no update. The control does all that its twin does."""
        trains = self.job.spec["optimizer"]["kind"] != "none"
        return [p for p in self.phases if trains or p != "update"]

    def prepare(self) -> None:
        """Warm-up and number of repeats, everybody in turn."""
        share, turns = self.share(), self.everybody()
        self.random.shuffle(turns)  # who is last is warmest when the rounds begin
        for member in turns:
            for phase in self.phases_of(member):
                if member.alive:
                    self.progress(f"warming up {member.name} {phase}")
                    blocks = member.blocks[phase] = Blocks()
                    self.guarded(member, blocks, lambda m=member, p=phase: self._warm(m, p, share))  # type: ignore[misc]
        self.equal_repeats()

    def equal_repeats(self) -> None:
        """The baseline and its control run equal blocks: the first repeats of a block are colder."""
        twin = next((m for m in self.members if self.control and m.name == self.control.name), None)
        if (
            twin
            and self.control
            and self.control_phase in twin.blocks
            and self.control_phase in self.control.blocks
        ):
            n = max(twin.blocks[self.control_phase].n, self.control.blocks[self.control_phase].n)
            twin.blocks[self.control_phase].n = self.control.blocks[self.control_phase].n = n

    def share(self) -> float:
        """Seconds for one engine's blocks of one phase."""
        turns = sum(len(self.phases_of(m)) for m in self.everybody() if m.alive)
        return self.options.budget / max(1, turns)

    def guarded(self, member: Member, blocks: Blocks, action: Callable[[], None]) -> None:
        """Does it; a failure ends the member, or only its phase if its process still answers."""
        try:
            action()
        except EngineError as failure:
            blocks.status, blocks.reason = status_of(failure), failure.reason
            if failure.status in ("dead", "hung") or member.process is None or not member.process.alive():
                member.fail(failure.status, failure.reason)

    def _warm(self, member: Member, phase: str, share: float) -> None:
        """Blocks until one is long enough and like the one before it; `n` grows on the way."""
        blocks = member.blocks[phase]
        target = self.options.block_ms * 1e6
        n, last, began = 1, 0.0, time.perf_counter()
        while True:
            ns, wall = _block(member, phase, n, expected=2 * blocks.wall)
            per, each = ns / n, wall / (n + 1)
            blocks.warmup.append(round(per))
            blocks.n, blocks.wall = n, wall
            affordable = max(1, int(share / self.options.fewest_rounds() / each))
            wanted = min(affordable, math.ceil(1.1 * target / per))
            if n < 0.9 * wanted:  # a first call is slow: approach the number, do not jump to it
                n, last = min(wanted, 32 * n), per
            elif last and abs(per - last) <= WARM * last:
                break
            else:
                last = per
            if time.perf_counter() - began > WARM_SHARES * share or len(blocks.warmup) >= WARM_BLOCKS:
                break

    def rounds(self) -> None:
        """The rounds: each engine one block of each phase, alone, in a new random order."""
        share, total = self.share(), self.options.rounds
        for r in range(total):
            self.progress(f"round {r + 1} of {total}")
            for phase in self.phases:
                turns = [m for m in self.everybody() if self._takes_part(m, phase, share)]
                self.random.shuffle(turns)
                for member in turns:
                    blocks = member.blocks[phase]
                    self.guarded(member, blocks, lambda m=member, b=blocks, p=phase, k=r: _timed(m, b, p, k))  # type: ignore[misc]
        for member in self.everybody():
            for blocks in member.blocks.values():
                if not blocks.status and len(blocks.ns) < min(total, ENOUGH):
                    each = blocks.wall / (blocks.n + 1)
                    why = f"one repeat takes {each:.3g} s, the budget is {self.options.budget:g} s"
                    blocks.note = f"{len(blocks.ns)} of {total} rounds: {why}"

    def _takes_part(self, member: Member, phase: str, share: float) -> bool:
        """Whether it gets another block: a slow engine gets fewer."""
        blocks = member.blocks.get(phase)
        if not member.alive or blocks is None or blocks.status:
            return False
        fewest = self.options.fewest_rounds()
        enough = len(blocks.ns) >= fewest and blocks.spent >= 2 * share
        return not enough and blocks.spent < 2 * fewest * share

    def close(self, keep: bool) -> None:
        """Ends all processes, or keeps them for the next workload.

        The baseline's and its control's together: how fast a process is depends on what it did before (an
        allocator that was asked for larger blocks once treats them otherwise later).
        """
        kept = {m for m in self.everybody() if keep and m.light()}
        if not self.options.check_only:
            name = self.control.name if self.control else self.options.baseline()
            twins = {m for m in self.everybody() if m.name == name}
            if len(twins) < 2 or not twins <= kept:
                kept -= twins
                self.job.pool.end(name, self.job.threads, "control")
        for member in self.everybody():
            if member in kept:
                member.release()
            else:
                member.close()


def _block(member: Member, phase: str, n: int, expected: float) -> tuple[int, float]:
    """Its nanoseconds, and the seconds that it took the harness."""
    start = time.perf_counter()
    ns = member.block(phase, n, expected)
    return ns, time.perf_counter() - start


def _timed(member: Member, blocks: Blocks, phase: str, r: int) -> None:
    """One block; others ran meanwhile, but it begins with an untimed repeat (engines/protocol.py)."""
    ns, wall = _block(member, phase, blocks.n, blocks.wall)
    blocks.rounds.append(r)
    blocks.ns.append(ns)
    blocks.spent += wall
