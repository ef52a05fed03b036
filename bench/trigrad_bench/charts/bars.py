"""TinyTorch's chart, done again: C++, C++ from Python, NumPy, PyTorch on its two regressions, with intervals.

Why it exists: the published bars came from a build without optimisation; these start from the same bits, were
checked first, and are linear, so that lengths may be compared. Next: sweep.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import POINT_COLUMNS, Chart, Missing, caption, duration, fair, point_rows, times, torch_wins
from .draw import absent, bar, interval
from .measure import Lines, Point, one_each
from .render import figure
from .seeds import TINYTORCH
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "cpp_python_numpy_pytorch", "C++, C++ from Python, NumPy, PyTorch"
WHO = {
    "native.scalar_cpp": "C++, scalars",
    "native.tensor_cpp.tape": "C++, tensors",
    "tensor_cpp.tape": "C++ from Python",
    "reference_py.stack": "NumPy",
    "torch": "PyTorch",
}
JOBS = {
    "T2": "T2: linear regression, batch 1",
    "T3": "T3: 2→4→1 network, batch 1",
    "T2.matched": "T2.matched: batch 100",
    "T3.matched": "T3.matched: batch 100",
}


def build(lines: Lines) -> Chart | Missing:
    """Both regressions, the five rows of WHO."""
    panels = {w: [p for p in lines.main(w) if p.engine in WHO] for w in JOBS}
    panels = {w: _who(points) for w, points in panels.items() if any(p.ok for p in points)}
    points = [p for found in panels.values() for p in found]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --workloads T2,T3 --engines own,native,torch")
    finding = _finding(panels) + torch_wins(points)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Bar charts of the time per training step, one panel each for {' and '.join(panels)}."
        f" {fair(points)}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points),
        lambda theme: _draw(theme, panels),
        [replace(TINYTORCH, fair=fair(points))],
    )


def _who(points: list[Point]) -> list[Point]:
    return sorted(one_each(points), key=lambda p: list(WHO).index(p.engine))


def _finding(panels: dict[str, list[Point]]) -> str:
    words = []
    for name, points in panels.items():
        by = {p.engine: p for p in points if p.ratio}
        said = [
            f"{WHO[e]} {times(r.value)}"
            for e in ("native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack")
            if e in by and (r := by[e].ratio)
        ]
        if said:
            words.append(f"{name}, against PyTorch's speed: {', '.join(said)}.")
    return " ".join(words) + " " if words else ""


def _draw(theme: Theme, panels: dict[str, list[Point]]) -> Figure:
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    fig, axes = figure(rows * (0.75 + 0.42 * max(map(len, panels.values()))), rows, columns)
    flat = list(axes.flat)
    for ax, (name, points) in zip(flat, panels.items(), strict=False):
        _panel(ax, theme, points)
        ax.set_title(JOBS[name])
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    return fig


def _panel(ax: Axes, theme: Theme, points: list[Point]) -> None:
    unit, scale = ("µs", 1e3) if max(p.ns for p in points if p.ok) < 1e6 else ("ms", 1e6)
    longest = max(p.high for p in points if p.ok) / scale
    for i, p in enumerate(points):
        if not p.ok:
            absent(ax, theme, p, i, 34)
            continue
        value = p.ns / scale
        ax.barh([i], [value], height=0.66, **bar(theme, p.engine))
        ax.errorbar(
            [value],
            [i],
            xerr=[[e[0] / scale] for e in interval(p.ns, p.low, p.high)],
            color=theme.ink,
            capsize=3,
            lw=1.3,
            ls="",
        )
        words = duration(p.ns) + (f", {times(p.ratio.value)}" if p.ratio and p.engine != "torch" else "")
        ax.text(p.high / scale + 0.02 * longest, i, words, va="center", size=8.5)
    ax.set_yticks(
        range(len(points)),
        [WHO[p.engine] + (f" ({p.dtype})" if p.dtype != "float32" else "") for p in points],
    )
    ax.set_ylim(len(points) - 0.45, -0.55)
    ax.set_xlim(0, 1.55 * longest)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{unit} a step; ×: PyTorch's speed")
