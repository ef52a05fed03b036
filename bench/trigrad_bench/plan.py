"""What is left to measure, and the numbers of sessions.

A suite is measured with several generations of processes (stats.py says why): number 0, 1, 2, ... A
session that goes on with the engines that memory had no room for counts on by 100, one of a resumed run by
1000.
Read before: run.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .members import Line
from .options import Options
from .workload import Workload

HAVE = ("ok", "unsupported")  # cells of any other status are measured anew when a run is resumed


def generation(proc: int) -> int:
    """Which generation a session belongs to. What never changes (curves, counters) is asked of the first."""
    return proc % 100


def final_cells(lines: Iterable[Line]) -> list[Line]:
    """The cells but for those that were interrupted and for failures that a resumed run measured anew."""
    cells = [line for line in lines if line["kind"] == "cell" and not line.get("interrupted")]
    last = {_place(cell): k for k, cell in enumerate(cells)}
    return [c for k, c in enumerate(cells) if c["status"] in HAVE or last[_place(c)] == k]


def _place(cell: Line) -> tuple[Any, ...]:
    """What a resumed run measures at most once more."""
    same = ("workload", "engine", "dtype", "threads", "phase")
    return (*(cell[k] for k in same), generation(cell["proc"]))


def missing(
    options: Options,
    kept: Sequence[Line],
    loaded: Workload,
    name: str,
    asked: tuple[str, int, int],
    instead: bool,
) -> list[str]:
    """The engines without finished cells of a resumed run, and the baseline as their partner.

    `name` is what the workload is asked for by, a file perhaps; `asked` dtype, threads and process; `instead`
    whether an engine without that dtype is measured in float64.
    """
    dtype, threads, proc = asked
    have = {
        (line["engine"], line["phase"])
        for line in final_cells(kept)
        if line["workload"] in (loaded.name, options.instead.get(name))
        and (line["threads"], generation(line["proc"])) == (threads, proc)
        and (line["dtype"] == dtype or (instead and line["dtype"] == "float64"))
        and line["status"] in HAVE
    }
    checked = options.check_only or name in options.gates
    phases = ["check"] if checked else [p for p in options.phases_of(name) if p != "update"]
    left = [e for e in options.engines if any((e, p) not in have for p in phases)]
    if left and have and options.baseline() not in left:
        left.insert(0, options.baseline())
    return left


def trains(loaded: Workload) -> bool:
    """Whether there is a curve: a workload without an optimiser, or of one step, has none."""
    return loaded.optimizer.kind != "none" and loaded.steps >= 2


def owed_curves(
    options: Options, kept: Sequence[Line], loaded: Workload, dtype: str, threads: int, proc: int
) -> list[str]:
    """The engines of a resumed run that were timed, but stopped before their curve; and the baseline."""
    if "curves" not in options.extras or generation(proc) or not trains(loaded):
        return []
    mine = [
        line
        for line in kept
        if line["kind"] in ("cell", "curve")
        and line.get("workload") == loaded.name
        and line.get("threads", threads) == threads
        and line.get("dtype", dtype) in (dtype, "float64")
    ]
    drawn = {line["engine"] for line in mine if line["kind"] == "curve"}
    timed = {
        line["engine"]
        for line in mine
        if line["kind"] == "cell" and line["status"] == "ok" and not line.get("interrupted")
    }
    if "" in drawn:  # no reference to compare with
        return []
    left = [e for e in options.engines if e in timed - drawn]
    if left and options.baseline() in timed and options.baseline() not in left:
        left.insert(0, options.baseline())  # its rounding is the yardstick of the others'
    return left


def free_number(kept: Sequence[Line], name: str, threads: int, proc: int) -> int:
    """A number that no stored line of this workload has: only blocks of one session may be paired."""
    taken = {
        line["proc"]
        for line in kept
        if line["kind"] == "cell" and (line["workload"], line["threads"]) == (name, threads)
    }
    while proc in taken:
        proc += 1000
    return proc
