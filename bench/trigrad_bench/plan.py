"""What is left to measure, and which engines fit into memory together.

Read before: run.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from .arrays import Arrays
from .members import Line
from .options import Options
from .workload import Workload

HEAVY = 1.5  # GB: processes with so much data are not kept
IMPORTED = {"torch": 0.5, "torch.compile": 0.8, "jax": 0.5}  # GB that a library takes by itself


def missing(
    options: Options, kept: Sequence[Line], name: str, dtype: str, threads: int, proc: int
) -> list[str]:
    """The engines without finished cells of a resumed run, and the baseline as their partner."""
    have = {
        (line["engine"], line["phase"])
        for line in kept
        if line["kind"] == "cell"
        and line["workload"] in (name, options.instead.get(name))
        and (line["threads"], line["proc"] % 100) == (threads, proc)
        and (line["dtype"] == dtype or line["dtype"] == "float64")
        and line["status"] in ("ok", "unsupported")
        and not line.get("interrupted")
    }
    checked = options.check_only or name in options.gates
    phases = ["check"] if checked else [p for p in options.phases if p != "update"]
    left = [e for e in options.engines if any((e, p) not in have for p in phases)]
    if left and have and options.baseline() not in left:
        left.insert(0, options.baseline())
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


def flights(options: Options, names: list[str], loaded: Workload, arrays: Arrays) -> list[list[str]]:
    """Groups of engines that fit into memory together, each with the baseline; mostly one group."""
    base = options.baseline()
    room = options.memory_gb - 2 * gigabytes(base, loaded, arrays)  # the control is a second one
    groups: list[list[str]] = [[]]
    used = 0.0
    for name in (n for n in names if n != base):
        if groups[-1] and used + gigabytes(name, loaded, arrays) > room:
            groups.append([])
            used = 0.0
        groups[-1].append(name)
        used += gigabytes(name, loaded, arrays)
    with_base = base in names
    return [[base, *group] if with_base else group for group in groups if group or with_base]


def gigabytes(name: str, loaded: Workload, arrays: Arrays) -> float:
    """An estimate of what an engine's process takes: its library, and about ten copies of all numbers."""
    numbers = loaded.parameter_count + sum(a.size for a in arrays.data.values())
    if name.partition(".")[0] in ("scalar_cpp", "micrograd") or name == "native.scalar_cpp":
        numbers += loaded.size * 10
    return 0.15 + IMPORTED.get(name, 0.0) + numbers * 80 / 2**30
