"""Time of a training step against width, depth and batch: one base network, one thing changed at a time.

Why it exists: the seeds' sweeps change several things at once; here a curve has one reason. Next: sweep.py
(the seeds' own sizes), size.py (cost against nodes), threads.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import scaling, stats
from .chart import Chart, Missing, Value, caption, times
from .draw import legend, line, ns_axis, size_axis
from .measure import Line, Lines, median_interval
from .render import figure
from .seeds import FORGENN_SIZES
from .style import Theme, rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "scaling", "What a step costs: wider, deeper, larger batches"
COLUMNS = ("axis", "value", "parameters", "engine", "dtype", "median_ns", "low_ns", "high_ns", "rounds")
Curves = dict[str, dict[str, dict[int, Line]]]  # by axis, engine, value


def build(lines: Lines) -> Chart | Missing:
    """One panel an axis."""
    curves: Curves = {axis: {} for axis in scaling.AXES}
    for one in sorted(lines.kind("scaling"), key=lambda one: one["value"]):
        if one["step_ns"]:
            curves[one["axis"]].setdefault(one["engine"], {})[one["value"]] = one
    curves = {axis: engines for axis, engines in curves.items() if engines}
    if not curves:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick --extras scaling")
    rows: list[tuple[Value, ...]] = [
        (
            *(axis, value, one["parameters"], engine, one["dtype"]),
            *(stats.median(one["step_ns"]), *median_interval(one["step_ns"]), len(one["step_ns"])),
        )
        for axis, engines in curves.items()
        for engine, points in engines.items()
        for value, one in points.items()
    ]
    finding = " ".join(filter(None, (_sentence(axis, engines) for axis, engines in curves.items())))
    base = {"width": scaling.WIDTH, "depth": scaling.DEPTH, "batch": scaling.BATCH}
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Line charts of the time of a step, both axes logarithmic, one panel each for {', '.join(curves)}."
        f" {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            extra=f"a ReLU network of {base['depth']} hidden layers of width {base['width']},"
            f" {scaling.CLASSES} classes, batch {base['batch']}, SGD; one of these changed in each panel; one"
            " thread, medians, 95 % intervals",
        ),
        lambda theme: _draw(theme, curves),
        [replace(FORGENN_SIZES, fair=finding)],
    )


def _sentence(axis: str, engines: dict[str, dict[int, Line]]) -> str:
    """PyTorch against C++ and C++ from Python at both ends."""
    if "torch" not in engines:
        return ""
    said = []
    for engine in ("native.tensor_cpp.tape", "tensor_cpp.tape"):
        both = sorted(engines["torch"].keys() & engines.get(engine, {}).keys())
        if both:
            ratios = [
                stats.ratio_of_pairs(engines["torch"][v]["step_ns"], engines[engine][v]["step_ns"]).median
                for v in (both[0], both[-1])
            ]
            said.append(f"{engine} {times(ratios[0])} at {both[0]}, {times(ratios[1])} at {both[-1]}")
    return f"By {axis}, in multiples of PyTorch's speed: {'; '.join(said)}." if said else ""


def _draw(theme: Theme, curves: Curves) -> Figure:
    fig, axes = figure(3.7, 1, len(curves), sharey=True)
    for ax, (axis, engines) in zip(axes[0], curves.items(), strict=True):
        ax.set_xscale("log")
        ax.set_yscale("log")
        for engine, points in sorted(engines.items(), key=lambda item: rank(item[0])):
            spans = [median_interval(one["step_ns"]) for one in points.values()]
            line(
                ax,
                theme,
                engine,
                list(points),
                [stats.median(one["step_ns"]) for one in points.values()],
                [low for low, _ in spans],
                [high for _, high in spans],
            )
        size_axis(ax.xaxis, {v for points in engines.values() for v in points})
        ax.tick_params(axis="x", labelsize=7.5)
        ax.set_title(axis)
        ax.set_xlabel({"depth": "hidden layers", "batch": "rows of a batch"}.get(axis, "width of all layers"))
    ns_axis(axes[0][0].yaxis)
    axes[0][0].set_ylabel("time of a training step")
    legend(fig, theme, {e for engines in curves.values() for e in engines}, kind="line")
    return fig
