"""What a chart is: words, points, and a function that draws them on a given paper.

Why it exists: one object feeds the SVG, the PNG, the CSV, and the page, so that they cannot disagree.
Next: render.py turns it into files; each chart family has a file beside this one.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..machine import title
from .measure import Lines, Point
from .seeds import Note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .style import Theme

Value = str | float | int | None


@dataclass(frozen=True)
class Chart:
    """A chart that can be drawn."""

    name: str
    title: str
    finding: str  # one sentence computed from the points; names PyTorch where it wins
    alt: str
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    caption: str
    draw: Callable[[Theme], Figure]
    notes: list[Note] = field(default_factory=list)

    def csv(self) -> str:
        """The points, one a line."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if v is None else v for v in row] for row in self.rows)
        return out.getvalue()


@dataclass(frozen=True)
class Missing:
    """A chart whose lines are not in the run."""

    name: str
    title: str
    needs: str  # which command makes them


POINT_COLUMNS = (
    "workload",
    "engine",
    "dtype",
    "threads",
    "phase",
    "size",
    "status",
    "reason",
    "median_ns",
    "low_ns",
    "high_ns",
    "blocks",
    "speed_vs_torch",
    "speed_low",
    "speed_high",
    "verdict",
    "torch_dtype_differs",
)


def point_rows(points: Iterable[Point]) -> list[tuple[Value, ...]]:
    """Points as rows of POINT_COLUMNS."""
    rows: list[tuple[Value, ...]] = []
    for p in points:
        time: tuple[Value, ...] = (p.ns, p.low, p.high, p.blocks) if p.ok else (None, None, None, 0)
        ratio: tuple[Value, ...] = (None, None, None, "", "")
        if p.ratio:
            r = p.ratio
            ratio = (r.value, r.low, r.high, r.verdict, "yes" if " " in r.base else "no")
        rows.append(
            (p.workload, p.engine, p.dtype, p.threads, p.phase, p.size, p.status, p.reason, *time, *ratio)
        )
    return rows


def caption(lines: Lines, points: Sequence[Point] = (), extra: str = "") -> str:
    """Where the figures come from: machine, versions, threads, dtype, repetitions, date, command."""
    machine, run = lines.machine, lines.run
    parts = [f"Machine {lines.machine_hash or machine.get('machine', '?')}: {title(machine)}"]
    parts.append(", ".join(f"{name} {version}" for name, version in lines.versions.items()))
    if points:
        threads = sorted({p.threads for p in points})
        parts.append(f"{_list(threads)} thread{'s' if threads != [1] else ''}")
        parts.append(_list(sorted({p.dtype for p in points})))
        blocks = sorted({p.blocks for p in points if p.ok})
        if blocks:
            spread = str(blocks[0]) if blocks[0] == blocks[-1] else f"{blocks[0]} to {blocks[-1]}"
            parts.append(
                f"n = {spread} blocks a point, median and 95 % interval"
                + (" (the whole range below 6)" if blocks[0] < 6 else "")
            )
    if extra:
        parts.append(extra)
    parts.append(str(run.get("started", "date unknown"))[:10])
    # As it was typed; the page has the whole of it, with every default spelled out.
    parts.append(" ".join(run.get("argv") or [str(run.get("command", "command unknown"))]))
    return " · ".join(p for p in parts if p) + "."


def _list(values: Sequence[object]) -> str:
    words = [str(v) for v in values]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def torch_wins(points: Iterable[Point], what: Callable[[Point], str] | None = None) -> str:
    """The sentences that say where PyTorch is faster: than tensor_cpp one by one, than others as a count."""
    compared = [p for p in points if p.ratio and not p.engine.startswith("torch")]
    own = [p for p in compared if "tensor_cpp" in p.engine]
    others = [p for p in compared if "tensor_cpp" not in p.engine]
    words = []
    if own:
        lost = [(p, 1 / p.ratio.value) for p in own if p.ratio and p.ratio.verdict == "slower"]
        if not lost:
            words.append(f"PyTorch is faster than tensor_cpp in none of {len(own)} comparisons")
        else:
            worst = sorted(lost, key=lambda pair: -pair[1])[:4]
            named = "; ".join(f"{what(p) if what else p.workload} ({p.engine}, {times(f)})" for p, f in worst)
            more = f"; {len(lost) - 4} more" if len(lost) > 4 else ""
            words.append(
                f"PyTorch is faster than tensor_cpp in {len(lost)} of {len(own)} comparisons: {named}{more}"
            )
    slower = Counter(p.engine for p in others if p.ratio and p.ratio.verdict == "slower")
    if others:
        named = ", ".join(f"{engine} {count}" for engine, count in slower.most_common(4))
        words.append(
            f"than other engines in {sum(slower.values())} of {len(others)}"
            + (f" ({named})" if named else "")
        )
    if words and words[0].startswith("than"):
        words[0] = "PyTorch is faster " + words[0]
    return "; ".join(words) + "." if words else ""


def times(value: float) -> str:
    """A factor with the digits it deserves: 229×, 16×, 2.4×, 0.61×."""
    if value < 0.0995:
        return f"{value:.2g}×"
    return f"{value:,.0f}×" if value >= 99.5 else f"{value:.3g}×" if value >= 9.95 else f"{value:.2f}×"


def duration(ns: float) -> str:
    """Nanoseconds in the unit a reader would choose."""
    for limit, unit, scale in ((1e3, "ns", 1.0), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if ns < limit * 0.9995:
            return f"{ns / scale:.3g} {unit}"
    return f"{ns / 1e9:.3g} s"


def fair(points: Iterable[Point]) -> str:
    """The figures in words: `T2: tensor_cpp.tape 7.3 µs (34× PyTorch, 33× to 35×); torch 250 µs.`"""
    by: dict[str, list[str]] = {}
    for p in points:
        if not p.ok:
            if p.status != "unsupported":
                by.setdefault(p.workload, []).append(f"{p.engine} {p.status}")
            continue
        words = f"{p.engine} {duration(p.ns)}"
        if p.ratio and p.engine != "torch":
            words += (
                f" ({times(p.ratio.value)} the speed of {p.ratio.base}, {times(p.ratio.low)} to"
                f" {times(p.ratio.high)})"
            )
        by.setdefault(p.workload, []).append(words)
    return " ".join(f"{workload}: {'; '.join(said)}." for workload, said in by.items())


def geomean(values: Sequence[float]) -> float:
    """The geometric mean; not a number for nothing."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")
