"""From scalars in Python to the fastest step: a bar a rung, with the factor to the one above; PyTorch beside.

Why it exists: it says which reason brings how much. Next: ../waterfall.py, which has the reasons in words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import stats, waterfall
from .chart import Chart, Missing, Value, caption, duration, times
from .draw import bar, interval, legend, ns_axis
from .measure import Line, Lines, median_interval
from .render import figure
from .seeds import PYCROGRAD
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "waterfall", "From one Python object a number to the fastest step"
COLUMNS = (
    "workload", "rung", "title", "engine", "dtype", "median_ns", "low_ns", "high_ns", "factor", "low", "high",
)  # fmt: skip
Flight = tuple[dict[str, Line], dict[str, Line]]  # the rungs, and what stands beside them


def flights(lines: Lines) -> dict[str, Flight]:
    """The timed rungs of each workload, and PyTorch."""
    rows = lines.kind("waterfall")
    beside: dict[str, dict[str, Line]] = {}
    for line in rows:
        if line["rung"] in waterfall.BESIDE and line["step_ns"]:
            beside.setdefault(line["workload"], {})[line["rung"]] = line
    found = waterfall.flights(rows)
    return {name: (rungs, beside.get(name, {})) for name, rungs in found.items() if len(rungs) > 1}


def build(lines: Lines) -> Chart | Missing:
    """One panel a workload."""
    found = flights(lines)
    if not found:
        return Missing(NAME, TITLE, "trigrad bench run --workloads P2.matched,F1 --extras waterfall")
    rows: list[tuple[Value, ...]] = []
    for name, (rungs, beside) in found.items():
        factors = waterfall.factors(rungs)
        for key, line in (rungs | beside).items():
            r = factors.get(key)
            rows.append(
                (
                    *(name, key, waterfall.title(key), line["engine"], line["dtype"]),
                    *(stats.median(line["step_ns"]), *median_interval(line["step_ns"])),
                    *((r.median, r.low, r.high) if r else (None, None, None)),
                )
            )
    finding = " ".join(sentence(name, *flight) for name, flight in found.items())
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Horizontal bars, logarithmic time axis, one panel each for {', '.join(found)}. {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            extra="one thread; medians, 95 % intervals; factors are paired, round by round; scalars compute"
            " in float64, arrays in the workload's first dtype",
        ),
        lambda theme: _draw(theme, found),
        [replace(PYCROGRAD, fair=finding)],
    )


def sentence(name: str, rungs: dict[str, Line], beside: dict[str, Line]) -> str:
    """From where to where, what brings most, and who is PyTorch."""
    keys = list(rungs)
    factors = waterfall.factors(rungs)
    whole = stats.ratio_of_pairs(rungs[keys[0]]["step_ns"], rungs[keys[-1]]["step_ns"])
    most = max(factors, key=lambda key: factors[key].median)
    said = (
        f"{name}: {times(whole.median)} from {duration(stats.median(rungs[keys[0]]['step_ns']))}"
        f" ({waterfall.title(keys[0])}) to {duration(stats.median(rungs[keys[-1]]['step_ns']))}"
        f" ({waterfall.title(keys[-1])}), most of it by “{waterfall.title(most)}”"
        f" ({times(factors[most].median)})"
    )
    back = [f"{waterfall.title(k)} ({times(r.median)})" for k, r in factors.items() if r.high < 1]
    said += f"; a step back: {', '.join(back)}" if back else ""
    for key, line in beside.items():
        ratio = stats.ratio_of_pairs(line["step_ns"], rungs[keys[-1]]["step_ns"])
        said += f"; {waterfall.title(key)} takes {times(ratio.median)} the time of the last rung"
    return said + "."


def _draw(theme: Theme, found: dict[str, Flight]) -> Figure:
    heights = [len(rungs) + len(beside) + 0.6 for rungs, beside in found.values()]
    fig, axes = figure(0.7 + sum(0.55 + 0.29 * h for h in heights), len(found), 1, height_ratios=heights)
    for ax, (name, flight) in zip(axes[:, 0], found.items(), strict=True):
        _panel(ax, theme, *flight)
        ax.set_title(name)
    axes[-1][0].set_xlabel("time of a training step")
    engines = {line["engine"] for flight in found.values() for part in flight for line in part.values()}
    legend(fig, theme, engines, kind="bar")
    return fig


def _panel(ax: Axes, theme: Theme, rungs: dict[str, Line], beside: dict[str, Line]) -> None:
    factors = waterfall.factors(rungs)
    shown = rungs | beside
    ax.set_xscale("log")
    places = [i + (0.6 if key in beside else 0.0) for i, key in enumerate(shown)]
    floor = min(min(line["step_ns"]) for line in shown.values()) / 2
    for y, (key, line) in zip(places, shown.items(), strict=True):
        ns = stats.median(line["step_ns"])
        low, high = median_interval(line["step_ns"])
        ax.barh([y], [ns - floor], left=floor, height=0.7, **bar(theme, line["engine"]))
        ax.errorbar([ns], [y], xerr=interval(ns, low, high), color=theme.ink, capsize=2.5, lw=1.2, ls="")
        words = duration(ns) + (f", {times(factors[key].median)}" if key in factors else "")
        ax.annotate(words, (high, y), (5, 0), textcoords="offset points", va="center", size=8.5)
    if beside:
        ax.axhline(len(rungs) - 0.2, color=theme.grid, lw=1)
    ax.set_yticks(places, [waterfall.title(key) for key in shown], size=8.5)
    ax.set_ylim(places[-1] + 0.55, -0.55)
    ax.set_xlim(floor, 8 * max(max(line["step_ns"]) for line in shown.values()))
    ns_axis(ax.xaxis)
    ax.grid(axis="y", visible=False)
