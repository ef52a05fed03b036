"""What the terminal shows: the table of a run, and one line of progress.

Read before: summary.py, which makes the rows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import stats
from .plan import final_cells
from .summary import Line, Row, baseline_of, rows, shorten


def table(lines: Sequence[Line], color: bool = False) -> str:
    """All workloads, an engine a row."""
    text: list[str] = []
    found = rows(lines)
    absent = absentees(found)
    for name in dict.fromkeys(r.line["workload"] for r in found):
        mine = [r for r in found if r.line["workload"] == name and r.line["engine"] not in absent]
        if not mine:
            continue
        text += [heading(mine), *block(mine, color), ""]
    text += [f"not here: {engine}: {shorten(reason, 200)}" for engine, reason in absent.items()]
    text += footer(lines)
    return "\n".join(text)


def absentees(found: Sequence[Row]) -> dict[str, str]:
    """Engines that could not be started at all, with the reason: one line each, not one in every workload."""
    reasons: dict[str, set[str]] = {}
    for row in found:
        missing = row.line["status"] == "unsupported" and "Error: " in row.line.get("reason", "")
        reasons.setdefault(row.line["engine"], set()).add(row.line["reason"] if missing else "")
    single = {
        engine: next(iter(said)) for engine, said in reasons.items() if len(said) == 1 and "" not in said
    }
    return {engine: reason for engine, reason in single.items() if not reason.startswith("DepthError")}


def heading(mine: Sequence[Row]) -> str:
    """The workload's line."""
    line = mine[0].line
    threads = sorted({r.line["threads"] for r in mine})
    parts = [line["workload"], f"phase {line['phase']}"]
    count = line.get("parameters")
    parts += [f"{count:,} parameter{'s' * (count != 1)}"] if count else []
    parts += [f"{'/'.join(map(str, threads))} thread{'s' if threads != [1] else ''}"]
    return ", ".join(parts)


def block(mine: Sequence[Row], color: bool) -> list[str]:
    """The rows of one workload, in columns."""
    head = ["engine", "dtype", "gradients", "deviation", "time", "speed", "95 %", ""]
    body = [cells_in_row(r) for r in mine]
    widths = [max(len(row[k]) for row in [head, *body]) for k in range(len(head))]
    text = []
    for k, row in enumerate([head, *body]):
        padded = [
            c.ljust(w) if n in (0, 1, 2, 7) else c.rjust(w)
            for n, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        if color and k:
            code = {"agree": 32, "-": 0}.get(row[2], 31)
            padded[2] = f"\033[{code}m{padded[2]}\033[0m"
        text.append(("  " + "  ".join(padded)).rstrip())
    return text


def cells_in_row(row: Row) -> list[str]:
    """The row's texts."""
    line = row.line
    check = line.get("check") or {}
    word = {"ok": "agree", "wrong": "WRONG", "nan": "NaN", "unsupported": "-"}.get(
        line["status"], line["status"].upper()
    )
    threads = f" {line['threads']}t" if line["threads"] > 1 else ""
    deviation = f"{check['max_rel']:.0e}" if check.get("max_rel") is not None else ""
    start = [line["engine"] + threads, line["dtype"], word, deviation]
    if line["status"] != "ok":
        return [*start, "", "", "", shorten(line.get("reason", ""))]
    interval = speed = ""
    if row.ratio:
        speed = f"{figure(1 / row.ratio.median)}x"
        interval = f"{figure(1 / row.ratio.high)}-{figure(1 / row.ratio.low)}"
    note = f"({line['note'].split(':')[0]})" if line.get("note") else ""
    return [*start, duration(row.ns), speed, interval, " ".join(filter(None, (row.verdict, note)))]


def figure(value: float) -> str:
    """A ratio with three figures, at most two of them after the point unless it is small."""
    return f"{value:.2f}" if 0.1 <= value < 100 else f"{value:.3g}"


def duration(ns: float) -> str:
    """A time with three figures."""
    if ns != ns:
        return ""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def footer(lines: Sequence[Line]) -> list[str]:
    """How to read the table."""
    base = baseline_of(final_cells(lines))
    low, high = stats.aa_band(c for c in lines if c["kind"] == "control")
    curves = [c for c in lines if c["kind"] == "curve"]
    text = []
    if base:
        text.append(
            f"speed: how many times as fast as {base}, paired round by round, with a 95 % interval; "
            "faster/slower only beyond what one engine shows against itself."
        )
    if controls := stats.control_ratios(c for c in lines if c["kind"] == "control"):
        of_all = stats.control_of_all(list(controls.values()))
        text.append(
            f"A/A control: {base or 'the baseline'} against itself {of_all.median:.3f} ({of_all.low:.3f}-"
            f"{of_all.high:.3f}), middle of {len(controls)} workloads; widest interval {low:.3f}-{high:.3f}."
        )
    if curves:
        drawn = [c["ok"] for c in curves if c["ok"] is not None]
        text.append(f"training curves: {sum(drawn)} of {len(drawn)} follow the reference.")
    for c in curves:
        if not c["ok"]:
            what = "no" if c["ok"] is None else "WRONG"
            text.append(f"  {what} curve: {c['engine'] or 'the reference'} on {c['workload']}: {c['reason']}")
    return text


class Terminal:
    """Progress in one line, on a terminal only."""

    def __init__(self, quiet: bool) -> None:
        self.on = sys.stderr.isatty() and not quiet

    def __call__(self, text: str) -> None:
        if self.on:
            width = min(os.get_terminal_size(sys.stderr.fileno()).columns, 120) - 1
            print(f"\r{text[:width].ljust(width)}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """An empty line, for what is printed next."""
        self("")
        if self.on:
            print("\r", end="", file=sys.stderr, flush=True)
