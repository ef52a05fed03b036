"""Stored lines, gathered: one Point per engine, workload and phase, with median, interval, ratio to PyTorch.

Why it exists: charts, tables and export must say the same figure for the same cell, so it is computed in one
place, from the lines alone. Points of one machine only: times of two machines never meet on one axis. Next:
chart.py; the arithmetic of ratios is trigrad_bench.stats.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .. import plan, stats
from ..engines import label
from .style import rank

Line = dict[str, Any]
BASE = "torch"
# Which of several processes' endings is shown: the one that a reader must know about.
GRAVITY = ("wrong", "nan", "dead", "hung", "error", "unsupported", "ok")


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as PyTorch, paired block by block; above 1 is faster than PyTorch."""

    value: float
    low: float
    high: float
    verdict: str  # "faster", "slower", "no difference shown"
    base: str  # what it was compared with, dtype included when that differs


@dataclass(frozen=True)
class Point:
    """All processes of one engine in one workload and phase. Times are nanoseconds per step."""

    workload: str
    engine: str
    dtype: str
    threads: int
    phase: str
    size: float | None
    status: str
    reason: str
    ns: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    blocks: int = 0
    max_rel: float | None = None
    allowed: float | None = None
    counters: dict[str, int] = field(default_factory=dict)
    parameters: int | None = None
    ratio: Ratio | None = None
    command: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is a time to show."""
        return self.status == "ok" and self.blocks > 0


def suffix_size(workload: str) -> float | None:
    """The size in a name: A1.d512 is 512, F2.n701k is 701,000, chain.n1e4 is 10,000; P2.matched has none."""
    found = re.search(r"[._-][a-z]?(\d+(?:\.\d+)?(?:e\d+)?)([kM]?)$", workload)
    return float(found[1]) * {"": 1, "k": 1e3, "M": 1e6}[found[2]] if found else None


def family(workload: str) -> str:
    """A1.512 and A1.matched belong to A1."""
    return re.split(r"[.]", workload, maxsplit=1)[0]


class Lines:
    """The lines of a run on one machine."""

    def __init__(self, rows: Iterable[Line]) -> None:
        everything = list(rows)
        machines = Counter(
            str(r["machine"]) for r in everything if r.get("kind") == "cell" and r.get("machine")
        )
        self.machine_hash = machines.most_common(1)[0][0] if machines else ""
        self.left_out = sorted(set(machines) - {self.machine_hash})
        self._band_of: dict[tuple[str, int], tuple[float, float]] = {}
        self.rows = [r for r in everything if not r.get("machine") or r["machine"] not in self.left_out]

    def kind(self, name: str) -> list[Line]:
        """All lines of a kind."""
        return [r for r in self.rows if r.get("kind") == name]

    @cached_property
    def run(self) -> Line:
        """The first line."""
        return next(iter(self.kind("run")), {})

    @cached_property
    def machine(self) -> Line:
        """The machine record."""
        return next(iter(self.kind("machine")), {})

    @cached_property
    def versions(self) -> dict[str, str]:
        """Versions of what took part: trigrad, Python, NumPy, PyTorch, and what the cells name."""
        known = {**(self.machine.get("versions") or {}), **self.machine, "trigrad": self.run.get("trigrad")}
        out = {k: str(known[k]) for k in ("trigrad", "torch", "numpy", "python") if known.get(k)}
        for line in self.cells:
            out.update({k: str(v) for k, v in (line.get("versions") or {}).items() if v and k not in out})
        return out

    @cached_property
    def cells(self) -> list[Line]:
        """The cells that were not broken off, nor measured anew."""
        return plan.final_cells(self.rows)

    def band(self, workloads: Iterable[str] | None = None, threads: int | None = None) -> tuple[float, float]:
        """The A/A band: how far an engine is from itself, in these workloads or in the whole run."""
        wanted = None if workloads is None else set(workloads)
        controls = [c for c in self.kind("control") if wanted is None or c["workload"] in wanted]
        return stats.aa_band(c for c in controls if threads is None or c.get("threads") == threads)

    def band_in_words(self) -> str:
        """Who was compared with itself, and how far it was from itself at most; "" without a control."""
        names = {c["engine"] for c in self.kind("control")}
        if not names:
            return ""
        who = "PyTorch" if names == {"torch"} else " and ".join(label(n) for n in sorted(names))
        low, high = self.band()
        return f"{who} against itself, at most {low:.3f} to {high:.3f}"

    @cached_property
    def points(self) -> list[Point]:
        """Every cell, its processes together, in the order of workloads and engines."""
        # A resumed run may have measured a cell again: the last line of a process counts.
        cells: dict[tuple[Any, ...], dict[Any, Line]] = defaultdict(dict)
        for line in self.cells:
            cells[_key(line)][line.get("proc", 0)] = line
        groups = {key: list(by_proc.values()) for key, by_proc in cells.items()}
        order = {
            name: i for i, name in enumerate(dict.fromkeys(line["workload"] for line in self.kind("cell")))
        }
        points = [self._point(key, group, groups) for key, group in groups.items()]
        return sorted(
            points,
            key=lambda p: (order[p.workload], p.size or 0, p.phase, p.threads, rank(p.engine), p.dtype),
        )

    def _bands(self, workload: str, threads: int) -> tuple[float, float]:
        if (workload, threads) not in self._band_of:
            self._band_of[workload, threads] = self.band([workload], threads)
        return self._band_of[workload, threads]

    def _point(
        self, key: tuple[Any, ...], group: list[Line], groups: dict[tuple[Any, ...], list[Line]]
    ) -> Point:
        workload, engine, dtype, threads, phase, size = key
        worst = min(group, key=lambda c: GRAVITY.index(c["status"]) if c["status"] in GRAVITY else 0)
        checks = [c.get("check") or {} for c in group]
        deviations = [float(c["max_rel"]) for c in checks if c.get("max_rel") is not None]
        point = Point(
            workload,
            engine,
            dtype,
            threads,
            phase,
            size,
            worst["status"],
            worst.get("reason", ""),
            max_rel=max(deviations) if deviations else None,
            allowed=next((float(c["allowed"]) for c in checks if c.get("allowed") is not None), None),
            counters=next((c["counters"] for c in group if c.get("counters")), {}),
            parameters=worst.get("parameters"),
            command=worst.get("command", ""),
        )
        steps = per_step(group)
        if worst["status"] != "ok" or not steps:
            return point
        low, high = median_interval(steps)
        middle, ratio = stats.median(steps), None
        base = self._base(key, groups)
        if base and (time := stats.paired_ratio(group, base[0])):
            ratio = Ratio(
                1 / time.median,
                1 / time.high,
                1 / time.low,
                stats.verdict(time, self._bands(workload, threads)),
                base[1],
            )
        return Point(
            **{**vars(point), "ns": middle, "low": low, "high": high, "blocks": len(steps), "ratio": ratio}
        )

    def _base(
        self, key: tuple[Any, ...], groups: dict[tuple[Any, ...], list[Line]]
    ) -> tuple[list[Line], str] | None:
        """PyTorch on the same job, in the same dtype if it was measured, else in the other."""
        workload, _, dtype, threads, phase, size = key
        for other in (dtype, "float32", "float64"):
            group = groups.get((workload, BASE, other, threads, phase, size), [])
            if group and all(c["status"] == "ok" for c in group):
                return group, BASE if other == dtype else f"{BASE} in {other}"
        return None

    def phase_of(self, workload: str) -> str:
        """What counts as this workload's time: a whole training step where one was measured."""
        phases = {p.phase for p in self.points if p.workload == workload}
        return next((p for p in ("step", "grad", "check") if p in phases), min(phases, default=""))

    def main(self, workload: str, threads: int | None = None) -> list[Point]:
        """The points that stand for a workload, at the smallest thread count measured unless one is given."""
        phase = self.phase_of(workload)
        found = [p for p in self.points if p.workload == workload and p.phase == phase]
        least = min((p.threads for p in found), default=1)
        return [p for p in found if p.threads == (threads or least)]

    @cached_property
    def workloads(self) -> list[str]:
        """Names of the workloads that have cells."""
        return list(dict.fromkeys(p.workload for p in self.points))

    def variants(self, name: str) -> list[str]:
        """The workloads of a family; matched variants alone where there are any, as only those are fair."""
        found = [w for w in self.workloads if family(w) == name]
        return [w for w in found if w.endswith(".matched")] or found


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The median's 95 % interval by order statistics: exact for any distribution, and instant for many cells.

    Fewer than six values have no such interval; then it is their whole range.
    """
    ordered = sorted(values)
    n = len(ordered)
    # The largest k for which P(Binomial(n, 1/2) < k) <= 2.5 %: the k-th value from either end is the limit.
    k, tail = 0, 1  # in units of 2^-n: whole numbers, since that is no float for a thousand values
    while k < n / 2 and 40 * tail <= 2**n:
        k += 1
        tail += math.comb(n, k)
    at = max(0, k - 1)
    return ordered[at], ordered[n - 1 - at]


def _key(line: Line) -> tuple[Any, ...]:
    size = line.get("size")
    size = float(size) if size else suffix_size(line["workload"])
    return line["workload"], label(line["engine"]), line["dtype"], line["threads"], line["phase"], size


def per_step(cells: Sequence[Line]) -> list[float]:
    """Nanoseconds per step of every block of these cells."""
    return [ns for cell in cells for ns in stats.per_repeat(cell)]


def one_each(points: Iterable[Point]) -> list[Point]:
    """One point per engine: a time before none, float32 before float64 (scalar engines have only that)."""
    chosen: dict[str, Point] = {}
    for p in sorted(points, key=lambda p: (not p.ok, p.dtype != "float32")):
        chosen.setdefault(p.engine, p)
    return sorted(chosen.values(), key=lambda p: rank(p.engine))
