"""What is left to measure, and the numbers of sessions.

A suite is measured with several generations of processes (stats.py says why): number 0, 1, 2, ... A
session that goes on with the engines that memory had no room for counts on by 100, one of a resumed run by
1000.
Read before: run.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from .members import Line
from .options import Options
from .workload import Workload


def generation(proc: int) -> int:
    """Which generation a session belongs to. What never changes (curves, counters) is asked of the first."""
    return proc % 100


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
        for line in kept
        if line["kind"] == "cell"
        and line["workload"] in (loaded.name, options.instead.get(name))
        and (line["threads"], generation(line["proc"])) == (threads, proc)
        and (line["dtype"] == dtype or (instead and line["dtype"] == "float64"))
        and line["status"] in ("ok", "unsupported")
        and not line.get("interrupted")
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
