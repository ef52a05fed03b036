"""Speed against threads, each engine relative to itself on one thread.

Why it exists: Mocrograd's worker sweep was published flat and unexplained; scaling needs products large
enough to share.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import POINT_COLUMNS, Chart, Missing, caption, point_rows, times, torch_wins
from .draw import legend, line, plain_log, size_axis
from .measure import Lines, Point
from .render import figure
from .seeds import WORKERS
from .style import Theme, rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "threads", "Speed against threads"
MOST = 6


def build(lines: Lines) -> Chart | Missing:
    """One panel a workload that was timed with several thread counts."""
    panels: dict[str, dict[str, list[Point]]] = {}
    for p in lines.points:
        if p.ok and p.phase == lines.phase_of(p.workload):
            panels.setdefault(p.workload, {}).setdefault(f"{p.engine}|{p.dtype}", []).append(p)
    for w, series in panels.items():
        panels[w] = {k: ps for k, ps in series.items() if len({p.threads for p in ps}) > 1}
    panels = dict([(w, series) for w, series in panels.items() if series][:MOST])
    points = [p for series in panels.values() for ps in series.values() for p in ps]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --suite full --threads 1,2")
    finding = _finding(panels) + torch_wins(
        [p for p in points if p.threads > 1], lambda p: f"{p.workload} on {p.threads} threads"
    )
    return Chart(
        NAME,
        TITLE,
        finding,
        "Line charts of speed relative to one thread against threads, one panel each for"
        f" {', '.join(panels)}. {finding}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points),
        lambda theme: _draw(theme, panels),
        [replace(WORKERS, fair=finding)],
    )


def gain(base: Point, p: Point) -> tuple[float, float, float]:
    """How many times as fast as on the fewest threads; the interval takes the far end of both times."""
    return base.ns / p.ns, base.low / p.high, base.high / p.low


def _finding(panels: dict[str, dict[str, list[Point]]]) -> str:
    words = []
    for w, series in panels.items():
        said = []
        told = [ps for ps in series.values() if ps[0].engine in ("tensor_cpp.tape", "torch")]
        for ps in told or series.values():
            ps = sorted(ps, key=lambda p: p.threads)
            said.append(f"{ps[0].engine} {times(gain(ps[0], ps[-1])[0])} on {ps[-1].threads}")
        words.append(f"{w}: {', '.join(said)}.")
    return " ".join(words[:3]) + " "


def _draw(theme: Theme, panels: dict[str, dict[str, list[Point]]]) -> Figure:
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    fig, axes = figure(0.7 + 2.6 * rows, rows, columns, sharey=True)
    flat = list(axes.flat)
    for ax, (w, series) in zip(flat, panels.items(), strict=False):
        counts = sorted({p.threads for ps in series.values() for p in ps})
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.plot(counts, [c / counts[0] for c in counts], color=theme.muted, lw=1, ls=(0, (1, 2)))
        ax.annotate(
            "ideal",
            (counts[-1], counts[-1] / counts[0]),
            (-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=8,
            color=theme.muted,
        )
        for key, ps in sorted(series.items(), key=lambda item: rank(item[0].split("|")[0])):
            ps = sorted(ps, key=lambda p: p.threads)
            ys = [gain(ps[0], p) if p is not ps[0] else (1.0, 1.0, 1.0) for p in ps]
            line(
                ax,
                theme,
                key.split("|")[0],
                [p.threads for p in ps],
                [y[0] for y in ys],
                [y[1] for y in ys],
                [y[2] for y in ys],
            )
        size_axis(ax.xaxis, counts)
        plain_log(ax.yaxis, "{:g}×")
        ax.set_title(w)
        ax.set_xlabel("threads")
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    axes[0][0].set_ylabel("speed, one thread = 1")
    legend(fig, theme, {k.split("|")[0] for series in panels.values() for k in series}, kind="line")
    return fig
