"""The overview: speed relative to PyTorch, one row per workload, one dot with its interval per engine.

Why it exists: the question that everybody asks first, answered with ratios only, as those alone carry over to
another machine. An engine without a time keeps its place, in the column on the right. Next: bars.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import POINT_COLUMNS, Chart, Missing, caption, geomean, point_rows, times, torch_wins
from .draw import WORDS, dot, interval, legend, plain_log
from .measure import Lines, Point, suffix_size
from .render import figure
from .seeds import HEADLINES
from .style import LOOKS, Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "overview", "Speed relative to PyTorch, per workload"
# The orders of a traversal differ by little here and have a chart of their own.
HIDDEN = {name for name in LOOKS if name.endswith((".stack", ".recursive"))} - {"reference_py.stack"}


def build(lines: Lines) -> Chart | Missing:
    """Every workload that PyTorch ran, at the fewest threads."""
    names = [w for w in lines.workloads if any(p.ratio for p in lines.main(w))]
    points = [
        p for w in names for p in _largest(lines.main(w)) if p.engine not in HIDDEN and p.engine != "torch"
    ]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick --engines own,native,torch")
    finding = _finding(points)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Dot chart, logarithmic axis, {len(_rows(points))} workloads. {finding}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points, _band(lines)),
        lambda theme: _draw(theme, lines, points),
        [replace(HEADLINES, fair=finding)],
    )


def _band(lines: Lines) -> str:
    words = lines.band_in_words()
    return f"shaded: each row's A/A band, {words}" if words else "no A/A control"


def _finding(points: list[Point]) -> str:
    parts = []
    for engine, words in (("native.tensor_cpp.tape", "from C++"), ("tensor_cpp.tape", "from Python")):
        ratios = [p.ratio.value for p in points if p.engine == engine and p.ratio]
        if ratios:
            parts.append(f"{times(geomean(ratios))} {words} ({len(ratios)} workloads)")
    start = f"tensor_cpp against PyTorch, geometric mean: {', '.join(parts)}. " if parts else ""
    return start + torch_wins(points)


def _largest(points: list[Point]) -> list[Point]:
    """A graph of many sizes has a chart of its own; here it stands with the largest that PyTorch ran."""
    largest = max((p.size or 0 for p in points if p.ratio), default=0)
    return [p for p in points if (p.size or 0) == largest]


def _rows(points: list[Point]) -> list[str]:
    return list(dict.fromkeys(p.workload for p in points))


def _draw(theme: Theme, lines: Lines, points: list[Point]) -> Figure:
    rows = {w: [p for p in points if p.workload == w] for w in _rows(points)}
    most = max(sum(1 for p in found if p.ratio) for found in rows.values())
    fig, axes = figure(1.5 + (0.2 + 0.06 * most) * len(rows), 1, 2, width_ratios=(4.4, 1.7), sharey=True)
    ax, side = axes[0]
    ax.axvline(1, color=theme.ink, lw=1, zorder=1)
    ax.set_xscale("log")
    for i, here in enumerate(rows.values()):
        low, high = lines.band([here[0].workload])
        ax.fill_betweenx([i - 0.5, i + 0.5], low, high, color=theme.band, lw=0, zorder=0)
        timed = [(p, p.ratio) for p in here if p.ratio]
        for k, (p, r) in enumerate(timed):
            y = i + (0.32 * (2 * k / (len(timed) - 1) - 1) if len(timed) > 1 else 0)
            dot(ax, theme, p.engine, r.value, y, xerr=interval(r.value, r.low, r.high), size=6)
        _without_time(side, theme, i, [p for p in here if not p.ratio])
    texts = [
        f"{w} ({size:,.0f})" if (size := found[0].size) and suffix_size(w) is None else w
        for w, found in rows.items()
    ]
    ax.set_yticks(range(len(rows)), texts)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    for i in range(1, len(rows)):
        ax.axhline(i - 0.5, color=theme.grid, lw=0.8)
    ax.grid(axis="y", visible=False)
    plain_log(ax.xaxis, "{:g}×")
    ax.set_xlabel("← PyTorch is faster        times PyTorch's speed        faster than PyTorch →")
    side.set_title("No time (– not supported)", size=9, weight="normal")
    side.set_xlim(-0.4, 9)
    side.grid(visible=False)
    side.set_xticks([])
    side.spines[:].set_visible(False)
    side.tick_params(left=False, labelleft=False)
    legend(fig, theme, {p.engine for p in points})
    return fig


def _without_time(side: Axes, theme: Theme, row: int, points: list[Point]) -> None:
    """The engines that have no time here, failures first and in words."""
    at = 0.0
    for p in sorted(points, key=lambda p: (p.status in ("ok", "unsupported"), rank(p.engine))):
        bad = p.status not in ("ok", "unsupported")
        color, mark = theme.bad if bad else theme.muted, look(p.engine)
        side.plot(
            [at],
            [row],
            marker=mark.marker,
            ms=6,
            color=color,
            mfc=theme.paper if mark.hollow else color,
            mec=color,
        )
        side.text(at + 0.35, row, WORDS[p.status] if bad else "–", va="center", size=8, color=color)
        at += 3.4 if bad else 1.0
