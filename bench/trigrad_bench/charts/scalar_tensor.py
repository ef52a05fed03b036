"""The same networks on scalars and on tensors, every engine: the story of Micrograd, Pycrograd and Mocrograd.

Why it exists: those times span six orders of magnitude, and the published explanation (recursion) is not the
cause. A logarithmic axis of times with one row per engine shows what is. Next: depth.py, for the recursion
itself.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..engines import label
from .chart import POINT_COLUMNS, Chart, Missing, caption, duration, fair, point_rows, times, torch_wins
from .draw import absent, dot, interval, ns_axis
from .measure import Lines, Point, one_each
from .render import figure
from .seeds import PYCROGRAD
from .style import Theme, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "scalar_tensor", "Scalars against tensors: moons and digits, every engine"
JOBS = {
    "M2": "M2: moons, full batch of 100",
    "M3": "M3: moons, Pycrograd's twin",
    "P1": "P1: moons, 10 graphs of a row",
    "P1.batched": "P1.batched: moons, batch 10",
    "P2": "P2: digits, 32 graphs of a row",
    "P2.matched": "P2.matched: digits, batch 32",
}


def build(lines: Lines) -> Chart | Missing:
    """One panel a workload that has at least a scalar and a tensor engine."""
    panels = {w: one_each(lines.main(w)) for w in JOBS}
    panels = {w: points for w, points in panels.items() if any(p.ok for p in points)}
    points = [p for found in panels.values() for p in found]
    if not panels:
        return Missing(NAME, TITLE, "trigrad bench run --workloads M2,M3,P1,P2,P2.matched --engines all")
    finding = _finding(panels) + torch_wins(points)
    told = [p for p in points if p.engine in ("native.scalar_cpp", "tensor_cpp.tape", "micrograd", "torch")]
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Dot charts, logarithmic time axis, one panel each for {', '.join(panels)}. {finding}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points, "f64: in float64"),
        lambda theme: _draw(theme, panels),
        [replace(PYCROGRAD, fair=fair(told))],
    )


def _finding(panels: dict[str, list[Point]]) -> str:
    for name, points in panels.items():
        by = {p.engine: p for p in points if p.ok}
        if "micrograd" not in by:
            continue
        words = [
            f"{e} {times(by['micrograd'].ns / by[e].ns)}"
            for e in ("native.scalar_cpp", "scalar_cpp.value", "tensor_cpp.tape", "torch")
            if e in by
        ]
        return f"{name}, in multiples of micrograd's speed (its garbage collector off): {', '.join(words)}. "
    return ""


def _draw(theme: Theme, panels: dict[str, list[Point]]) -> Figure:
    engines = sorted({p.engine for found in panels.values() for p in found}, key=rank)
    rows = math.ceil(len(panels) / 2)
    fig, axes = figure(rows * (0.75 + 0.215 * len(engines)), rows, min(2, len(panels)), sharey=True)
    flat = list(axes.flat)
    for ax, (name, points) in zip(flat, panels.items(), strict=False):
        _panel(ax, theme, points, engines)
        ax.set_title(JOBS[name])
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    flat[0].set_yticks(range(len(engines)), [label(e) for e in engines])
    flat[0].set_ylim(len(engines) - 0.5, -0.5)
    return fig


def _panel(ax: Axes, theme: Theme, points: list[Point], engines: list[str]) -> None:
    ax.set_xscale("log")
    timed = [p for p in points if p.ok]
    ax.set_xlim(min(p.low for p in timed) / 2, max(p.high for p in timed) * 14)
    for p in points:
        y = engines.index(p.engine)
        if p.ok:
            dot(ax, theme, p.engine, p.ns, y, xerr=interval(p.ns, p.low, p.high))
            words = duration(p.ns) + (" f64" if p.dtype == "float64" else "")
            ax.annotate(words, (p.high, y), (7, 0), textcoords="offset points", va="center", size=8)
        else:
            absent(ax, theme, p, y, 42)
    ns_axis(ax.xaxis)
    ax.set_xlabel("time of a training step")
