"""Nanoseconds per node against the number of nodes: a chain, a wide fan-in, a lattice of shared nodes.

Why it exists: an engine is linear if this line is flat; recursion, collectors and caches bend it. Next:
gemm.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chart import Chart, Missing, Value, caption, duration, torch_wins
from .draw import WORDS, legend, line, ns_axis, shade, short, size_axis
from .measure import Lines, Point, family
from .render import figure
from .seeds import RECURSION, Note
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "size", "Cost of a node against the size of the graph"
SHAPES = {
    "chain": "chain: x·a + b, tanh every 10th",
    "fan_in": "fan-in: Σ exp(xᵢ)·yᵢ",
    "lattice": "lattice of shared nodes",
}
STEP = 0.06  # of the panel's height, for one mark
COLUMNS = ("workload", "engine", "dtype", "nodes", "ns_per_node", "low", "high", "status", "reason")


def build(lines: Lines) -> Chart | Missing:
    """One panel a shape, one line an engine."""
    panels: dict[str, list[Point]] = {}
    for w in lines.workloads:
        found = [p for p in lines.main(w) if p.size]
        if family(w) in SHAPES and found:
            panels.setdefault(family(w), []).extend(found)
    panels = {w: found for w, found in panels.items() if len({p.size for p in found if p.ok}) > 1}
    points = [p for found in panels.values() for p in found]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --suite full --workloads chain,fan_in,lattice")
    rows: list[tuple[Value, ...]] = []
    for p in points:
        each: tuple[Value, ...] = (
            tuple(v / p.size for v in (p.ns, p.low, p.high)) if p.ok and p.size else (None,) * 3
        )
        rows.append((p.workload, p.engine, p.dtype, p.size, *each, p.status, p.reason))
    finding = _finding(panels) + torch_wins(points, lambda p: f"{p.workload} at {short(p.size or 0)}")
    limits = Note(
        "Limits found in published engines",
        "None were stated.",
        RECURSION.measured.split("Recursion costs depth, not time: ")[-1][0:1].upper()
        + RECURSION.measured.split("Recursion costs depth, not time: ")[-1][1:],
        finding,
    )
    return Chart(
        NAME,
        TITLE,
        finding,
        "Line charts of nanoseconds per node against nodes, both axes logarithmic, one panel each for"
        f" {', '.join(panels)}. {finding}",
        COLUMNS,
        rows,
        caption(lines, points),
        lambda theme: _draw(theme, panels),
        [limits],
    )


def _finding(panels: dict[str, list[Point]]) -> str:
    words = []
    for engine in ("native.scalar_cpp", "tensor_cpp.tape"):
        said = []
        for shape, points in panels.items():
            mine = sorted((p for p in points if p.engine == engine and p.ok), key=lambda p: p.size or 0)
            if len(mine) > 1:
                first, last = mine[0], mine[-1]
                said.append(
                    f"{shape} {duration(first.ns / (first.size or 1))} at {short(first.size or 0)},"
                    f" {duration(last.ns / (last.size or 1))} at {short(last.size or 0)}"
                )
        if said:
            words.append(f"{engine} per node: {'; '.join(said)}. ")
    return "".join(words)


def _draw(theme: Theme, panels: dict[str, list[Point]]) -> Figure:
    fig, axes = figure(4.8, 1, len(panels), sharey=True)
    gave_up = {shape: _gave_up(points) for shape, points in panels.items()}
    for ax, (shape, points) in zip(axes[0], panels.items(), strict=True):
        ax.set_xscale("log")
        ax.set_yscale("log")
        for engine in sorted({p.engine for p in points}, key=rank):
            mine = [p for p in points if p.engine == engine and p.ok]
            if mine:
                n = [p.size or 1 for p in mine]
                line(
                    ax,
                    theme,
                    engine,
                    n,
                    [p.ns / s for p, s in zip(mine, n, strict=True)],
                    [p.low / s for p, s in zip(mine, n, strict=True)],
                    [p.high / s for p, s in zip(mine, n, strict=True)],
                )
        _ended(ax, theme, gave_up[shape])
        size_axis(ax.xaxis, {p.size for p in points if p.size})
        ax.set_xlabel("nodes")
        ax.set_title(SHAPES[shape], size=9.5)
    low, high = axes[0][0].get_ylim()
    room = STEP * (1 + max(len(points) for points in gave_up.values()))  # for the marks of those that gave up
    axes[0][0].set_ylim(low, high * (high / low) ** (room / (1 - room)))
    ns_axis(axes[0][0].yaxis)
    axes[0][0].set_ylabel("time per node, forward and backward")
    legend(fig, theme, {p.engine for found in panels.values() for p in found}, kind="line")
    return fig


def _gave_up(points: list[Point]) -> list[Point]:
    """Where an engine that ran smaller graphs stopped. Who runs none of them is in the table."""
    ran = {p.engine for p in points if p.ok}
    first: dict[str, Point] = {}
    for p in sorted((p for p in points if not p.ok and p.engine in ran), key=lambda p: p.size or 0):
        first.setdefault(p.engine, p)
    return list(first.values())


def _ended(ax: Axes, theme: Theme, points: list[Point]) -> None:
    """The smallest size at which an engine gave up, at the panel's top, one engine below the other."""
    for k, p in enumerate(points):
        y, style, engine = 1 - STEP * (k + 0.7), look(p.engine), p.engine
        ax.plot(
            [p.size or 0],
            [y],
            marker=style.marker,
            ms=7,
            color=shade(theme, p),
            mfc=theme.paper,
            transform=ax.get_xaxis_transform(),
        )
        words = ax.annotate(
            f"{engine} {WORDS.get(p.status, p.status)}",
            (p.size or 1, y),
            (-7, 0),
            ha="right",
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            va="center",
            size=6.6,
            color=shade(theme, p),
        )
        words.set_in_layout(False)  # or the panels shrink to make room
