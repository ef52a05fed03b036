"""Where a step's time goes: products, elementwise loops, memory, graph, binding, as shares of it.

Why it exists: it says what to make faster next, and where nothing is left to gain. Next: ../breakdown.py,
which says how each part is measured; phases.py has the shares of forward, backward and update.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import breakdown, stats
from .chart import Chart, Missing, Value, caption, duration
from .measure import Line, Lines
from .render import figure
from .seeds import TINYTORCH_BINDING
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "breakdown", "Where a step's time goes"
COLUMNS = ("workload", "dtype", "part", "ns", "share", "step_ns")
LOOKS = {  # role of the colour, hatch; hollow where there is a hatch
    "products": ("tensor", ""),
    "elementwise": ("tensor", "////"),
    "memory": ("numpy", "----"),
    "graph": ("scalar", ""),
    "binding": ("other", "xxxx"),
}


def build(lines: Lines) -> Chart | Missing:
    """One bar a workload."""
    found = {line["workload"]: line for line in lines.kind("breakdown") if line["status"] == "ok"}
    if not found:
        return Missing(NAME, TITLE, "trigrad bench run --suite paper --extras breakdown")
    rows: list[tuple[Value, ...]] = []
    for name, line in found.items():
        step = stats.median(line["python_ns"])
        for part, ns in breakdown.parts(line).items():
            rows.append((name, line["dtype"], part, ns, ns / step, step))
    finding = _finding(found)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Stacked bars: shares of the time of a step from Python, one bar a workload. {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            extra="products: each alone, operands in cache; graph: the same operations on one element;"
            " memory: bytes of the update at the bandwidth of an update alone; binding: the step from"
            " Python less that from C++; elementwise: what is left, with the others' errors; one thread,"
            " medians of the same rounds",
        ),
        lambda theme: _draw(theme, found),
        [replace(TINYTORCH_BINDING, fair=finding)],
    )


def _finding(found: dict[str, Line]) -> str:
    words = []
    for name, line in found.items():
        shares = breakdown.parts(line)
        step = stats.median(line["python_ns"])
        two = sorted(shares, key=lambda part: -shares[part])[:2]
        said = " and ".join(f"{part} {100 * shares[part] / step:.0f} %" for part in two)
        words.append(f"{name} ({duration(step)}): {said}")
    return "tensor_cpp's step from Python goes mostly to: " + "; ".join(words) + "."


def _draw(theme: Theme, found: dict[str, Line]) -> Figure:
    from matplotlib.patches import Patch

    fig, axes = figure(1.1 + 0.42 * len(found))
    ax = axes[0][0]
    fill = {
        part: {
            "facecolor": theme.paper if hatch else getattr(theme, role),
            "edgecolor": getattr(theme, role),
            "hatch": hatch,
            "linewidth": 1.2,
        }
        for part, (role, hatch) in LOOKS.items()
    }
    for i, line in enumerate(found.values()):
        step, start = stats.median(line["python_ns"]), 0.0
        for part, ns in breakdown.parts(line).items():
            share = max(0.0, ns / step)  # a remainder below nothing is an error of measurement
            ax.barh([i], [share], left=start, height=0.68, **fill[part])
            start += share
        ax.text(max(1.0, start) + 0.02, i, duration(step), va="center", size=8.5)
    ax.set_yticks(range(len(found)), list(found))
    ax.set_ylim(len(found) - 0.45, -0.55)
    ax.set_xlim(0, 1.2)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "50 %", "", "100 %"])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("share of a training step from Python")
    handles = [Patch(**fill[part], label=part) for part in breakdown.PARTS]
    fig.legend(handles=handles, loc="outside lower left", ncols=5, handlelength=2.6)
    return fig
