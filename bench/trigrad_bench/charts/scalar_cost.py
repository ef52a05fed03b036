"""Nanoseconds of an operation on scalars by library and by style, and whether they stay as the graph grows.

Why it exists: between libraries that all record, what counts is how much of a node there is to write and to
read; and a cost that holds at a hundred thousand nodes may not at ten million. Next: size.py, which has the
engines of this project beside them, and where they give up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import scalar_sweep, stats
from .chart import Chart, Missing, Value, caption, duration, times
from .draw import dot, interval, legend, line, ns_axis, size_axis
from .measure import Line, Lines, median_interval
from .render import figure
from .seeds import FORWARD
from .style import Theme, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "scalar_cost", "What an operation on scalars costs, by library and style"
OURS, *PEERS = scalar_sweep.ENGINES
NAMES = {"native.cppad": "CppAD", "native.adolc": "ADOL-C"}
TITLES = {
    "M2": "micrograd's moons",
    "M2.alive": "moons, no ReLU dead",
    "chain": "chain: x·a + b, tanh every 10th",
    "fan_in": "wide sum: Σ exp(xᵢ)·yᵢ",
}
COLUMNS = (
    *("workload", "style", "engine", "pass", "nodes", "median_ns", "low_ns", "high_ns", "rounds"),
    *("bytes_per_node", "peer", "times_as_fast", "times_low", "times_high", "goal"),
)
Cost = tuple[float, float, float]


def build(lines: Lines) -> Chart | Missing:
    """A panel a program, and one for each that grows."""
    costs = [one for one in lines.kind("scalar_cost") if one["grad_ns"]]
    growing = [one for one in lines.kind("scalar_size") if one["again_ns"]]
    if not costs:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick --extras scalar")
    rows = [row for one in costs for row in _rows(one, costs)]
    for one in growing:
        rows += [(*_head(one, way), None, None, None, None, None) for way in ("first", "again")]
    finding = _finding(costs)
    return Chart(
        NAME,
        TITLE,
        finding,
        "Dot charts of nanoseconds for each operation, one panel a program, one row a style; below, line"
        f" charts against the number of operations. {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            extra="time to record and to sweep, for each operation as micrograd counts them, CPU time of one"
            " thread, medians, 95 % intervals; op: every operation a node, mac: z = z + w·x (scalar_cpp:"
            " mul_add), own: what the library has for a sum of products; the bars are goals of scalar_cpp:"
            f" {_goals()}; bare_tape asks no questions: the limit; below in style op, dashed the first pass"
            " of a process",
        ),
        lambda theme: _draw(theme, costs, growing),
        [replace(FORWARD, fair=finding)],
    )


def each(one: Line, way: str) -> Cost:
    """Nanoseconds of one operation: the median and its interval."""
    values = [ns / one["nodes"] for ns in one[f"{way}_ns"]]
    return (stats.median(values), *median_interval(values))


def against(one: Line, costs: list[Line], peer: str) -> stats.Ratio | None:
    """How many times as fast as the peer, by rounds, in the same program and style."""
    key = (one["workload"], one["style"], peer)
    for other in costs:
        if (other["workload"], other["style"], other["engine"]) == key:
            return stats.ratio_of_pairs(other["grad_ns"], one["grad_ns"])
    return None


def _head(one: Line, way: str) -> tuple[Value, ...]:
    size = one["bytes"] / one["nodes"] if one["bytes"] else None
    who = (one["workload"], one["style"], one["engine"], way, one["nodes"])
    return (*who, *each(one, way), len(one[f"{way}_ns"]), size)


def _rows(one: Line, costs: list[Line]) -> list[tuple[Value, ...]]:
    """Both passes and the two together; ours once more for each peer."""
    nothing: tuple[Value, ...] = ("", None, None, None, None)
    found = [(*_head(one, way), *nothing) for way in scalar_sweep.PHASES]
    for peer, goal in zip(PEERS, one["goals"] or (None, None), strict=True):
        if one["engine"] == OURS and (ratio := against(one, costs, peer)):
            found.append((*_head(one, "grad"), peer, ratio.median, ratio.low, ratio.high, goal))
    return found


def _goals() -> str:
    """`2 to 4× CppAD, 3 to 5× ADOL-C`, by the sweep's table."""
    pairs = [pair for job in scalar_sweep.JOBS.values() for pair in job.goals.values()]
    spans = [(min(each), max(each)) for each in zip(*pairs, strict=True)]
    return ", ".join(f"{low:g} to {high:g}× {NAMES[p]}" for p, (low, high) in zip(PEERS, spans, strict=True))


def _finding(costs: list[Line]) -> str:
    said = []
    for one in costs:
        ratios = [(NAMES[p], r.median) for p in PEERS if (r := against(one, costs, p))]
        if one["engine"] == OURS and one["style"] == "op" and ratios:
            words = " and ".join(f"{times(r)} {name}" for name, r in ratios)
            said.append(f"{TITLES[one['workload']]} {duration(each(one, 'grad')[0])} ({words})")
    if not said:
        return ""
    return (
        f"An operation of scalar_cpp, recorded and swept, in multiples of others' speed: {'; '.join(said)}."
    )


def _draw(theme: Theme, costs: list[Line], growing: list[Line]) -> Figure:
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(one["workload"] for one in costs))
    shapes = list(dict.fromkeys(one["workload"] for one in growing))
    rows = -(-len(names) // 2)
    fig, axes = figure(2.9 * rows + 2.6 * bool(shapes), rows + bool(shapes), 2)
    flat = list(axes.flat)
    for ax, name in zip(flat, names, strict=False):
        _panel(ax, theme, [one for one in costs if one["workload"] == name], costs)
        ax.set_title(TITLES[name])
    below = flat[2 * rows :]
    for ax, shape in zip(below, shapes, strict=False):
        _growth(ax, theme, [one for one in growing if one["workload"] == shape])
        ax.set_title(TITLES[shape])
    for ax in (*flat[len(names) : 2 * rows], *below[len(shapes) :]):
        ax.set_visible(False)
    goal = Line2D([], [], color=theme.muted, marker="|", ms=11, mew=2, ls="", label="goal of scalar_cpp")
    legend(fig, theme, {one["engine"] for one in costs}, more=[goal])
    return fig


def _panel(ax: Axes, theme: Theme, ones: list[Line], costs: list[Line]) -> None:
    """One row a style, in it one line a library."""
    styles = [s for s in scalar_sweep.STYLES if any(one["style"] == s for one in ones)]
    engines = sorted({one["engine"] for one in ones}, key=rank)
    ax.set_xscale("log")
    totals = [each(one, "grad") for one in ones]
    goals = [_wanted(one, costs) if one["engine"] == OURS else None for one in ones]
    least = min(filter(None, (*goals, *(low for _, low, _ in totals))))
    ax.set_xlim(least / 1.4, max(high for _, _, high in totals) * 2.5)
    for one, (ns, low, high), most in zip(ones, totals, goals, strict=True):
        place = engines.index(one["engine"]) - (len(engines) - 1) / 2
        y = styles.index(one["style"]) + 0.8 / len(engines) * place
        dot(ax, theme, one["engine"], ns, y, xerr=interval(ns, low, high), size=6)
        ax.annotate(
            f"{ns:.3g}", (high, y), (6, 0), textcoords="offset points", va="center", size=7.5, color=theme.ink
        )
        if most:
            ax.plot([most], [y], marker="|", ms=11, mew=2, color=theme.muted, zorder=2)
    ns_axis(ax.xaxis)
    ax.set_xlabel("time of an operation")
    ax.set_yticks(range(len(styles)), styles)
    ax.set_ylim(len(styles) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    for k in range(1, len(styles)):
        ax.axhline(k - 0.5, color=theme.grid, lw=0.8)


def _wanted(one: Line, costs: list[Line]) -> float | None:
    """The most that an operation may take: the peers' times over the goals."""
    found = [
        each(other, "grad")[0] / goal
        for peer, goal in zip(PEERS, one["goals"] or (), strict=False)
        for other in costs
        if (other["workload"], other["style"], other["engine"]) == (one["workload"], one["style"], peer)
    ]
    return min(found, default=None)


def _growth(ax: Axes, theme: Theme, ones: list[Line]) -> None:
    """Later passes as each engine is drawn elsewhere, first passes dashed and thin."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    for engine in sorted({one["engine"] for one in ones}, key=rank):
        mine = sorted((one for one in ones if one["engine"] == engine), key=lambda one: one["nodes"])
        nodes = [one["nodes"] for one in mine]
        again, first = ([each(one, way) for one in mine] for way in ("again", "first"))
        line(ax, theme, engine, nodes, *([cost[k] for cost in again] for k in range(3)))
        line(ax, theme, engine, nodes, [cost[0] for cost in first], alpha=0.55, dashes=(2, 3))
    size_axis(ax.xaxis, {10.0 ** round(len(str(one["nodes"] + 1)) - 1) for one in ones})
    ns_axis(ax.yaxis)
    ax.set_xlabel("operations")
    ax.set_ylabel("time of an operation")
