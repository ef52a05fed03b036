"""Recursion, explicit stack and tape against depth: time, C-stack bytes, and where recursion ends.

Why it exists: "stack instead of recursion" was published as a gain in speed. It is one in reach: the times
are close, the C stack is what runs out. Next: phases.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import Chart, Missing, Value, caption, duration, times
from .draw import legend, line, ns_axis, size_axis
from .measure import Line, Lines
from .render import figure
from .seeds import RECURSION
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "depth", "Recursion, stack, tape: time and C stack against depth"
COLUMNS = ("engine", "order", "depth", "ns", "stack_bytes", "status", "limit")


def build(lines: Lines) -> Chart | Missing:
    """One line per engine and order."""
    found = lines.kind("depth")
    series: dict[str, list[Line]] = {}
    for one in sorted(found, key=lambda d: d["depth"]):
        series.setdefault(name_of(one), []).append(one)
    series = dict(sorted(series.items(), key=lambda item: rank(item[0])))
    if not any(one.get("ns") for one in found):
        return Missing(NAME, TITLE, "trigrad bench run --workloads T1 --engines own --extras depth")
    finding = _finding(series)
    rows: list[tuple[Value, ...]] = [
        tuple(one.get(c) for c in COLUMNS) for ones in series.values() for one in ones
    ]
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Two line charts, both axes logarithmic: time, and bytes of C stack, against depth. {finding}",
        COLUMNS,
        rows,
        caption(lines, extra="one backward pass through a chain"),
        lambda theme: _draw(theme, series),
        [replace(RECURSION, fair=finding)],
    )


def name_of(one: Line) -> str:
    """tensor_cpp and stack are the engine tensor_cpp.stack; a name that has its order keeps it."""
    engine, order = str(one["engine"]), str(one.get("order") or "")
    return engine if not order or engine.endswith(order) else f"{engine}.{order}"


def ended(ones: list[Line]) -> float | None:
    """The depth at which an engine gave up: the limit that it named, else the first depth that failed."""
    failed = [o for o in ones if o.get("status") != "ok"]
    return float(failed[0].get("limit") or failed[0]["depth"]) if failed else None


def _finding(series: dict[str, list[Line]]) -> str:
    ends = [f"{engine} at {end:,.0f}" for engine, ones in series.items() if (end := ended(ones))]
    reached = [
        (engine, max(o["depth"] for o in ones if o.get("ns")))
        for engine, ones in series.items()
        if not ended(ones) and any(o.get("ns") for o in ones)
    ]
    words = f"Recursion is refused, with a clear error: {', '.join(ends)}. " if ends else ""
    if reached:
        words += f"Without an end: {', '.join(f'{e} (to {d:,})' for e, d in reached)}. "
    both = {}
    for engine, ones in series.items():
        both[engine] = {o["depth"]: o["ns"] for o in ones if o.get("ns")}
    for family in ("tensor_cpp", "reference_py"):
        a, b = both.get(f"{family}.recursive", {}), both.get(f"{family}.stack", {})
        if common := sorted(a.keys() & b.keys()):
            words += (
                f"At depth {common[-1]:,}, {family}: recursive {duration(a[common[-1]])}, stack"
                f" {duration(b[common[-1]])} ({times(a[common[-1]] / b[common[-1]])}). "
            )
    return words.strip()


def _draw(theme: Theme, series: dict[str, list[Line]]) -> Figure:
    fig, axes = figure(3.9, 1, 2)
    time, stack = axes[0]
    depths = {o["depth"] for ones in series.values() for o in ones}
    for ax in (time, stack):
        ax.set_xscale("log")
        ax.set_xlim(min(depths) / 1.8, max(depths) * 1.8)
    time.set_yscale("log")
    stack.set_yscale("symlog", linthresh=1024)
    for engine, ones in series.items():
        good = [o for o in ones if o.get("ns")]
        line(time, theme, engine, [o["depth"] for o in good], [o["ns"] for o in good])
        known = [o for o in good if o.get("stack_bytes") is not None]
        line(stack, theme, engine, [o["depth"] for o in known], [o["stack_bytes"] for o in known])
        if end := ended(ones):
            _mark(time, theme, engine, end)
            _mark(stack, theme, engine, end)
    ns_axis(time.yaxis)
    stack.set_yticks(
        [0, 1024, 1024 * 16, 2**18, 2**20, 2**23], ["0", "1 kB", "16 kB", "256 kB", "1 MB", "8 MB"]
    )
    stack.set_ylim(bottom=-200)
    stack.minorticks_off()
    for ax in (time, stack):
        size_axis(
            ax.xaxis,
            (
                depths
                if len(depths) < 8
                else [10**k for k in range(1, 9) if min(depths) <= 10**k <= max(depths)]
            ),
        )
        ax.set_xlabel("depth: operations in the chain")
    time.set_title("Time of one backward pass")
    stack.set_title("C stack in use, at most")
    legend(fig, theme, series, kind="line", columns=3)
    return fig


def _mark(ax: Axes, theme: Theme, engine: str, depth: float) -> None:
    """A line with its depth, written upwards, where recursion ends."""
    color = look(engine).color(theme)
    ax.axvline(depth, color=color, lw=1.2, ls=(0, (2, 2)), zorder=1)
    ax.plot(
        [depth],
        [1],
        marker="X",
        ms=9,
        color=theme.bad,
        mec=theme.paper,
        mew=0.8,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
        zorder=4,
    )
    ax.annotate(
        f"ends at {depth:,.0f}",
        (depth, 0.94),
        (-3, 0),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="top",
        size=8,
        color=theme.ink,
        bbox={"fc": theme.paper, "ec": "none", "pad": 1.0},
        zorder=5,
    )
