"""Where a step's time goes: forward, backward, update, as shares, with the total beside each bar.

Why it exists: Pycrograd's gain was ascribed to the backward pass although forward took nine tenths. Shares
make engines of very different speed comparable; the phases are timed one by one and need not add up to a
step. Next: op_cost.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..engines import label
from .chart import POINT_COLUMNS, Chart, Missing, caption, duration, point_rows
from .draw import absent
from .measure import Lines, Point
from .render import figure
from .seeds import FORWARD
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME, TITLE = "phases", "Forward, backward, update: where a step's time goes"
PHASES = ("forward", "backward", "update")
HATCHES = {"forward": "", "backward": "////", "update": "----"}
MOST = 6
Row = dict[str, Point]


def build(lines: Lines) -> Chart | Missing:
    """One panel a workload whose phases were timed, one bar an engine."""
    panels: dict[str, dict[tuple[str, str], Row]] = {}
    for p in lines.points:
        if p.phase in PHASES and p.threads == 1:
            panels.setdefault(p.workload, {}).setdefault((p.engine, p.dtype), {})[p.phase] = p
    panels = {w: {k: row for k, row in found.items() if len(row) >= 2} for w, found in panels.items()}
    panels = {
        w: found
        for w, found in panels.items()
        if any(all(p.ok for p in row.values()) for row in found.values())
    }
    panels = dict(list(panels.items())[:MOST])
    points = [
        row[phase] for found in panels.values() for row in found.values() for phase in PHASES if phase in row
    ]
    if not points:
        return Missing(NAME, TITLE, "trigrad bench run --suite quick --phases forward,backward,update,step")
    finding = _finding(panels)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Stacked bars of the shares of forward, backward and update, one panel each for {', '.join(panels)}."
        f" {finding}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points, "phases timed one by one; their totals beside the bars"),
        lambda theme: _draw(theme, panels),
        [replace(FORWARD, fair=finding)],
    )


def _total(row: Row) -> float:
    return sum(p.ns for p in row.values())


def _finding(panels: dict[str, dict[tuple[str, str], Row]]) -> str:
    words = []
    for name, found in list(panels.items())[:3]:
        said = []
        for engine in ("tensor_cpp.tape", "torch", "micrograd"):
            row = next(
                (r for (e, _), r in found.items() if e == engine and all(p.ok for p in r.values())), None
            )
            if row and "backward" in row:
                said.append(
                    (
                        engine,
                        _total(row),
                        (
                            f"{engine} {100 * row['backward'].ns / _total(row):.0f} % backward of"
                            f" {duration(_total(row))}"
                        ),
                    )
                )
        if said:
            least = min(said, key=lambda s: s[1])
            words.append(
                f"{name}: {', '.join(s[2] for s in said)}"
                + ("; PyTorch is the fastest of these." if least[0] == "torch" and len(said) > 1 else ".")
            )
    return " ".join(words)


def _draw(theme: Theme, panels: dict[str, dict[tuple[str, str], Row]]) -> Figure:
    from matplotlib.patches import Patch

    heights = [len(found) for found in panels.values()]
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    fig, axes = figure(0.5 + rows * (0.75 + 0.27 * max(heights)), rows, columns)
    flat = list(axes.flat)
    for ax, (name, found) in zip(flat, panels.items(), strict=False):
        _panel(ax, theme, dict(sorted(found.items(), key=lambda item: rank(item[0][0]))))
        ax.set_title(name)
    for ax in flat[len(panels) :]:
        ax.set_visible(False)
    samples = [
        Patch(
            facecolor=theme.paper if HATCHES[p] else theme.muted,
            edgecolor=theme.muted,
            hatch=HATCHES[p],
            label=p,
        )
        for p in PHASES
        if any(p in row for found in panels.values() for row in found.values())
    ]
    fig.legend(handles=samples, loc="outside lower left", ncols=3, handlelength=2.6)
    return fig


def _panel(ax: Axes, theme: Theme, found: dict[tuple[str, str], Row]) -> None:
    for i, ((engine, _), row) in enumerate(found.items()):
        bad = next((p for p in row.values() if not p.ok), None)
        if bad:
            absent(ax, theme, bad, i, 34)
            continue
        total, start, color = _total(row), 0.0, look(engine).color(theme)
        for phase in (p for p in PHASES if p in row):
            p = row[phase]
            fill = theme.paper if HATCHES[phase] else color
            ax.barh(
                [i],
                [p.ns / total],
                left=start,
                height=0.68,
                facecolor=fill,
                edgecolor=color,
                hatch=HATCHES[phase],
                linewidth=1.2,
            )
            start += p.ns / total
            ax.errorbar(
                [start],
                [i],
                xerr=[[(p.ns - p.low) / total], [(p.high - p.ns) / total]],
                color=theme.ink,
                capsize=2.5,
                lw=1.2,
                ls="",
            )
        ax.text(
            1.06,
            i,
            duration(total),
            va="center",
            size=8.5,
            bbox={"fc": theme.paper, "ec": "none", "pad": 1.0},
            zorder=5,
        )
    ax.set_yticks(
        range(len(found)), [label(e) + (" f64" if d == "float64" else "") for e, d in found], size=8.5
    )
    ax.set_ylim(len(found) - 0.45, -0.55)
    ax.set_xlim(0, 1.3)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "50 %", "", "100 %"])
    ax.grid(axis="y", visible=False)
