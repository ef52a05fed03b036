"""Error against time: each engine's worst gradient deviation beside the time it took.

Why it exists: a fast wrong gradient is worthless, and float64 is not free; one look shows both. Next:
curves.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import Chart, Missing, Value, caption, torch_wins
from .draw import dot, interval, legend, ns_axis
from .measure import Lines, Point
from .render import figure
from .seeds import UNCHECKED
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "error_time", "Error against time"
COLUMNS = (
    "workload",
    "engine",
    "dtype",
    "median_ns",
    "low_ns",
    "high_ns",
    "max_rel",
    "allowed",
    "status",
    "reason",
)
FIRST = ("A1.d512", "F1", "P2.matched", "M2", "T3", "E1", "T2", "M1")
MOST = 6
EXACT = 1e-18  # where a deviation of zero is drawn


def build(lines: Lines) -> Chart | Missing:
    """Up to six workloads, every engine and dtype that was checked."""
    names = sorted(lines.workloads, key=lambda w: FIRST.index(w) if w in FIRST else len(FIRST))
    panels: dict[str, list[Point]] = {}
    for w in names:
        found = [p for p in lines.main(w) if p.max_rel is not None]
        if sum(p.ok for p in found) > 1:
            panels[w] = found
    panels = dict(list(panels.items())[:MOST])
    points = [p for found in panels.values() for p in found]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick")
    rows: list[tuple[Value, ...]] = [
        (
            p.workload,
            p.engine,
            p.dtype,
            *((p.ns, p.low, p.high) if p.ok else (None,) * 3),
            p.max_rel,
            p.allowed,
            p.status,
            p.reason,
        )
        for p in points
    ]
    wrong = [p for p in points if p.status in ("wrong", "nan")]
    worst = max((p for p in points if p.ok), key=lambda p: p.max_rel or 0)
    finding = (
        f"{len(points) - len(wrong)} of {len(points)} checked cells agree; of these the worst is"
        f" {worst.max_rel:.1e} ({worst.engine}, {worst.workload}, {worst.dtype})"
    )
    finding += f". Wrong: {', '.join(f'{p.engine} in {p.workload}' for p in wrong)}. " if wrong else ". "
    return Chart(
        NAME,
        TITLE,
        finding + torch_wins(points),
        f"Scatter charts of gradient deviation against time, one panel each for {', '.join(panels)}."
        f" {finding}",
        COLUMNS,
        rows,
        caption(lines, points, "deviation: worst max|g − ref| / max|ref| of a gradient, float64 reference"),
        lambda theme: _draw(theme, panels),
        [replace(UNCHECKED, fair=finding)],
    )


def _draw(theme: Theme, panels: dict[str, list[Point]]) -> Figure:
    from matplotlib.lines import Line2D

    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    fig, axes = figure(0.8 + 2.3 * rows, rows, columns, sharey=True)
    flat = list(axes.flat)
    for ax, (name, points) in zip(flat, panels.items(), strict=False):
        _panel(ax, theme, points)
        ax.set_title(name)
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    for row in axes:
        row[0].set_ylabel("gradient deviation")
    dashes = Line2D([], [], color=theme.ink, ls="--", lw=1, label="allowed")
    legend(fig, theme, {p.engine for found in panels.values() for p in found}, more=[dashes])
    return fig


def _panel(ax: Axes, theme: Theme, points: list[Point]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    slowest = max(p.high for p in points if p.ok)
    for p in points:
        y = max(p.max_rel or 0.0, EXACT)
        if p.ok:
            dot(ax, theme, p.engine, p.ns, y, xerr=interval(p.ns, p.low, p.high))
        else:
            ax.plot([slowest], [y], marker="x", color=theme.bad, ms=8, mew=2)
            ax.annotate(
                f"{p.engine}: {p.status.upper()}",
                (slowest, y),
                (-7, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                size=7.5,
                color=theme.bad,
            )
    for allowed in {p.allowed for p in points if p.allowed}:
        ax.axhline(allowed, color=theme.ink, ls="--", lw=1)
    ns_axis(ax.xaxis, narrow=True)
    ax.set_ylim(EXACT / 3, 3)
    ax.set_yticks(
        [1e-18, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1], ["0", *(f"1e{k}" for k in (-15, -12, -9, -6, -3)), "1"]
    )
    ax.minorticks_off()
    ax.set_xlabel("time of a step")
