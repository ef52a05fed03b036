"""`trigrad bench reproduce RUN[:LINE]`: the stored command once more, old and new side by side.

Why it exists: a result that nobody can repeat is a rumour. Times of two runs are compared only on one
machine, and only as ratios to the baseline of their own run; that is the number which should come out again.
Read before: store.py, summary.py.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .options import UsageError
from .store import StoreError, find, read, run_in
from .summary import Row, rows
from .terminal import duration

Line = dict[str, Any]
SAME = ("workload", "engine", "dtype", "threads", "phase")


def reproduce(given: argparse.Namespace, main: Callable[[list[str]], int]) -> int:
    """Runs it again and shows both."""
    name, _, number = given.run.partition(":") if not Path(given.run).exists() else (given.run, "", "")
    folder = find(name, given.out)
    lines = run_in(folder)
    line = chosen(lines, number)
    command = shlex.split(line["command"])[2:]
    before = {p.name for p in given.out.iterdir()} if given.out.is_dir() else set()
    print(f"{line['command']}\n", file=sys.stderr)
    sink = [*command, "--out", str(given.out)]
    status = quietly(main, sink)
    made = [p for p in given.out.iterdir() if p.name not in before] if given.out.is_dir() else []
    if not made:
        raise StoreError(f"the command stored nothing; exit status {status}")
    pairs = matched(lines, read(made[0]), line)
    if given.json:
        print(
            json.dumps(
                {
                    "command": line["command"],
                    "status": status,
                    "path": str(made[0]),
                    "rows": [plain(*p) for p in pairs],
                }
            )
        )
        return status
    for old, new in pairs:
        print(comparison(old, new))
    if machine_of(lines) != machine_of(read(made[0])):
        print("another machine: only the ratios can be compared")
    return status


def quietly(main: Callable[[list[str]], int], argv: list[str]) -> int:
    """Runs the command without its table."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        return main(argv)


def chosen(lines: Sequence[Line], number: str) -> Line:
    """The line of that number (the first is 1), or the whole run."""
    if not number:
        return lines[0]
    if not number.isdigit() or not 1 <= int(number) <= len(lines):
        raise UsageError(f"there is no line {number!r}; the run has {len(lines)}")
    line = lines[int(number) - 1]
    if "command" not in line:
        raise UsageError(
            f"line {number} is a {line['kind']!r} line, which has no command of its own; cells have"
        )
    return line


def matched(old: Sequence[Line], new: Sequence[Line], line: Line) -> list[tuple[Row, Row | None]]:
    """The stored rows that the command measures, each with its twin of the new run."""
    phases = (line["phase"],) if line["kind"] in ("cell", "control") else ("step", "grad", "check")
    wanted = line if line["kind"] in ("cell", "control") else None
    twins = {tuple(r.line[k] for k in SAME): r for r in rows(new, phases)}
    found = []
    for row in rows(old, phases):
        key = tuple(row.line[k] for k in SAME)
        if wanted is None or all(row.line[k] == wanted[k] for k in SAME):
            found.append((row, twins.get(key)))
    return found


def machine_of(lines: Sequence[Line]) -> str:
    """The machine's hash."""
    return next((str(c["machine"]) for c in lines if c["kind"] == "machine"), "")


def shown(row: Row | None) -> str:
    """Time, speed and interval of a row."""
    if row is None:
        return "not measured"
    if row.line["status"] != "ok":
        return f"{row.line['status']}: {row.line.get('reason', '')[:60]}"
    speed = (
        f", {1 / row.ratio.median:.3f}x [{1 / row.ratio.high:.3f}, {1 / row.ratio.low:.3f}]"
        if row.ratio
        else ""
    )
    return f"{duration(row.ns)}{speed}"


def agreement(old: Row, new: Row | None) -> str:
    """Whether the intervals of the two ratios overlap."""
    if new is None or old.ratio is None or new.ratio is None:
        return ""
    overlap = old.ratio.low <= new.ratio.high and new.ratio.low <= old.ratio.high
    return "intervals overlap" if overlap else "intervals do not overlap"


def comparison(old: Row, new: Row | None) -> str:
    """Both in one line."""
    name = f"{old.line['workload']} {old.line['engine']} {old.line['phase']}"
    said = agreement(old, new)
    return f"{name}: stored {shown(old)}; now {shown(new)}" + (f"; {said}" if said else "")


def plain(old: Row, new: Row | None) -> Line:
    """Both as data."""
    keys = {k: old.line[k] for k in SAME}
    return keys | {"stored": shown(old), "now": shown(new), "agreement": agreement(old, new)}
