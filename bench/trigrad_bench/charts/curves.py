"""Loss curves of all engines on top of each other, and below each how far they are from the reference.

Why it exists: forgeNN's first charts compared curves that started at different losses. Engines that do the
same job give one visible line; the deviation underneath, on a logarithmic axis, says how nearly the same.
Next: error_time.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .chart import Chart, Missing, Value, caption
from .draw import legend, plain_log
from .measure import Line, Lines
from .render import figure
from .seeds import FORGENN_CURVES
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "curves", "Loss curves of all engines, on top of each other"
COLUMNS = ("workload", "engine", "dtype", "step", "loss", "deviation", "ok", "reason")
POINTS = 80  # drawn per curve; every curve's worst deviation is kept in its line
MOST = 6
FLOOR = 1e-17


def build(lines: Lines) -> Chart | Missing:
    """One column a workload: losses above, deviations below."""
    panels: dict[str, list[Line]] = {}
    once: dict[tuple[str, str, str], Line] = {}  # processes and thread counts repeat a curve
    for c in sorted(lines.kind("curve"), key=lambda c: (rank(c["engine"]), c.get("ok") is not False)):
        if c.get("losses"):
            once.setdefault((c["workload"], c["engine"], c["dtype"]), c)
    for c in once.values():
        panels.setdefault(c["workload"], []).append(c)
    panels = dict(sorted(panels.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST])
    if not panels:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick --extras curves")
    rows: list[tuple[Value, ...]] = []
    for w, found in panels.items():
        for c in found:
            away = deviations(c, longest(found))
            rows += [
                (
                    w,
                    c["engine"],
                    c["dtype"],
                    k,
                    c["losses"][k],
                    away.get(k),
                    str(c.get("ok")),
                    c.get("reason", ""),
                )
                for k in picked(c, longest(found))
            ]
    finding = _finding(panels)
    return Chart(
        NAME,
        TITLE,
        finding,
        "Line charts of loss against step, and of deviation from the reference, one pair each for"
        f" {', '.join(panels)}. {finding}",
        COLUMNS,
        rows,
        caption(lines, extra=f"up to {POINTS} points a curve; dtypes as in the table"),
        lambda theme: _draw(theme, panels),
        [replace(FORGENN_CURVES, fair=finding)],
    )


def longest(found: list[Line]) -> int:
    """How many steps the longest of these curves has."""
    return max(len(c["losses"]) for c in found)


def picked(c: Line, length: int) -> list[int]:
    """The steps that are drawn, evenly spread over the longest curve: the same ones for all."""
    last = length - 1
    steps = {round(i * last / (POINTS - 1)) for i in range(POINTS)} if last >= POINTS else set(range(length))
    return sorted(k for k in steps if k < len(c["losses"]))


def deviations(c: Line, length: int) -> dict[int, float]:
    """|loss − reference| / max|reference| at every picked step: the measure by which curves are judged."""
    reference = c.get("reference") or []
    scale = max((abs(v) for v in reference if v is not None), default=0.0) or 1.0
    out = {}
    for k in picked(c, length):
        if k < len(reference) and c["losses"][k] is not None and reference[k] is not None:
            out[k] = abs(c["losses"][k] - reference[k]) / scale
    return out


def _finding(panels: dict[str, list[Line]]) -> str:
    every = [c for found in panels.values() for c in found]
    judged = [c for c in every if c.get("ok") is not None]
    bad = [c for c in judged if not c["ok"]]
    words = f"{len(judged) - len(bad)} of {len(judged)} curves stay within what is allowed."
    if bad:
        words += (
            " Not: "
            + "; ".join(
                f"{c['engine']} in {c['workload']} ({c.get('reason') or 'deviates'})" for c in bad[:3]
            )
            + "."
        )
    if undecided := len(every) - len(judged):
        words += f" {undecided} could not be judged (the reference itself is not stable there)."
    return words


def _draw(theme: Theme, panels: dict[str, list[Line]]) -> Figure:
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    fig, axes = figure(0.8 + 3.0 * rows, 2 * rows, columns, height_ratios=[3, 2] * rows)
    for i, (name, found) in enumerate(panels.items()):
        r, k = divmod(i, columns)
        top, below = axes[2 * r][k], axes[2 * r + 1][k]
        top.set_title(name)
        top.tick_params(labelbottom=False)
        for j, c in enumerate(found):
            _curve(top, below, theme, c, j, found)
        _axes(top, below, found)
        if k == 0:
            top.set_ylabel("loss")
            below.set_ylabel("deviation")
    for i in range(len(panels), rows * columns):
        r, k = divmod(i, columns)
        axes[2 * r][k].set_visible(False)
        axes[2 * r + 1][k].set_visible(False)
    legend(fig, theme, {c["engine"] for found in panels.values() for c in found}, kind="line")
    return fig


def _curve(top: Axes, below: Axes, theme: Theme, c: Line, j: int, found: list[Line]) -> None:
    style = look(c["engine"])
    color = style.color(theme)
    steps = picked(c, longest(found))
    losses = [float("nan") if c["losses"][k] is None else c["losses"][k] for k in steps]
    # Lines lie on each other: each engine's markers sit at other steps, so that all can be seen.
    every = max(1, len(steps) // 6)
    marks = list(range(j * every // len(found), len(steps), every))
    options: dict[str, Any] = {
        "color": color,
        "ls": style.line,
        "marker": style.marker,
        "ms": 4.5,
        "mew": 1.1,
        "mfc": style.face(theme),
        "lw": 1.3,
        "markevery": marks,
    }
    top.plot(steps, losses, **options)
    away = deviations(c, longest(found))
    if away:
        options["markevery"] = [m for m in marks if m < len(away)]
        below.plot(list(away), [max(v, FLOOR) for v in away.values()], **options)
    if c.get("ok") is False:
        top.annotate(
            f"{c['engine']} deviates",
            (steps[-1], losses[-1]),
            (0, 5),
            textcoords="offset points",
            ha="right",
            size=7.5,
            color=theme.bad,
        )


def _axes(top: Axes, below: Axes, found: list[Line]) -> None:
    from matplotlib.ticker import MaxNLocator

    last = longest(found)
    for ax in (top, below):
        ax.set_xlim(-0.02 * last, last * 1.02)
    losses = [v for c in found for v in c["losses"] if v is not None and math.isfinite(v) and v > 0]
    if losses and max(losses) / min(losses) > 30:
        top.set_yscale("log")
        plain_log(top.yaxis, narrow=True)
        top.minorticks_off()
    below.set_yscale("log")
    below.set_ylim(FLOOR / 3, 100)
    below.set_yticks([FLOOR, 1e-12, 1e-8, 1e-4, 1], ["0", "1e-12", "1e-8", "1e-4", "1"])
    below.minorticks_off()
    below.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    below.set_xlabel("step")
