"""The roofline: arithmetic per byte of each workload, and how near each engine comes to the machine's limit.

Why it exists: it says whether a step waits for arithmetic, for memory, or for the framework around them. FLOP
and bytes are counted once per workload (by tensor_cpp's counters, or a stored roofline line), so engines
differ in height only. Next: threads.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import Chart, Missing, Value, caption, torch_wins
from .draw import dot, interval, legend, plain_log
from .gemm import peak_of
from .measure import Lines, Point, family
from .render import figure
from .seeds import UNBATCHED
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOAT32 = 4  # bytes
NAME, TITLE = "roofline", "Roofline: how near a step comes to the machine"
COLUMNS = (
    "workload",
    "engine",
    "flop",
    "bytes",
    "flop_per_byte",
    "gflops",
    "low",
    "high",
    "roof_gflops",
    "share_of_roof",
)
SHOWN = ("native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack", "torch")


def build(lines: Lines) -> Chart | Missing:
    """One column of markers a workload, under the roof of peak and bandwidth."""
    peak = peak_of(lines)
    bandwidth = lines.machine.get("bandwidth_gbs")
    work = _work(lines)
    # One a family, its largest: the sizes of one network lie close to each other.
    chosen = {family(w): w for w in sorted(work, key=lambda w: work[w][0])}
    points = [
        p
        for w in chosen.values()
        for p in lines.main(w)
        if p.ok and p.engine in SHOWN and p.dtype == "float32"
    ]
    if not points or not peak or not bandwidth:
        return Missing(NAME, TITLE, "trigrad bench run --suite paper")
    rows: list[tuple[Value, ...]] = []
    for p in points:
        flop, size = work[p.workload]
        roof = min(peak, bandwidth * flop / size)
        rows.append(
            (
                p.workload,
                p.engine,
                flop,
                size,
                flop / size,
                flop / p.ns,
                flop / p.high,
                flop / p.low,
                roof,
                flop / p.ns / roof,
            )
        )
    best = max(rows, key=lambda r: float(r[9] or 0))
    share = float(best[9] or 0)
    finding = f"{best[1]} in {best[0]} reaches {100 * share:.0f} % of the roof, the most of all. "
    if share > 1.05:
        finding += "More than 100 %: the measured peak is too low; measure it again on a quiet machine. "
    finding += torch_wins(points)
    return Chart(
        NAME,
        TITLE,
        finding,
        "Roofline chart, both axes logarithmic: GFLOP/s against floating-point operations per byte."
        f" {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            points,
            f"peak {peak:.0f} GFLOP/s and {bandwidth:.0f} GB/s measured in this run; FLOP of matrix products,"
            " bytes that weights and gradients must move at least",
        ),
        lambda theme: _draw(theme, points, work, peak, bandwidth),
        [replace(UNBATCHED, fair=finding)],
    )


def _work(lines: Lines) -> dict[str, tuple[float, float]]:
    """FLOP of each workload's products, and the bytes that its weights and gradients must move at least."""
    out: dict[str, tuple[float, float]] = {}
    for p in lines.points:
        # Forward and backward read each weight, and its gradient is written; an update reads both and
        # writes the weight.
        passes = {"grad": 3, "step": 6}.get(p.phase, 0)
        flop, size = p.counters.get("flops", 0), FLOAT32 * passes * (p.parameters or 0)
        if flop and size and p.phase == lines.phase_of(p.workload) and "tensor_cpp" in p.engine:
            out.setdefault(p.workload, (float(flop), float(size)))
    for r in lines.kind("roofline"):
        if r.get("workload") and r.get("flops") and r.get("bytes"):
            out[str(r["workload"])] = (float(r["flops"]), float(r["bytes"]))
    return out


def _draw(
    theme: Theme, points: list[Point], work: dict[str, tuple[float, float]], peak: float, bandwidth: float
) -> Figure:
    fig, axes = figure(4.4)
    ax = axes[0][0]
    ax.set_xscale("log")
    ax.set_yscale("log")
    at = {w: work[w][0] / work[w][1] for w in dict.fromkeys(p.workload for p in points)}
    low, high = min([*at.values(), peak / bandwidth]) / 2, max([*at.values(), peak / bandwidth]) * 2.5
    knee = peak / bandwidth
    ax.plot([low, knee, high], [bandwidth * low, peak, peak], color=theme.ink, lw=1.8)
    ax.set_title(
        f"the roof: {bandwidth:.0f} GB/s, then {peak:.0f} GFLOP/s, both measured in this run",
        size=9.5,
        weight="normal",
    )
    for p in points:
        flop = work[p.workload][0]
        dot(
            ax,
            theme,
            p.engine,
            at[p.workload],
            flop / p.ns,
            yerr=interval(flop / p.ns, flop / p.high, flop / p.low),
        )
    floor = min(work[p.workload][0] / p.ns for p in points)
    top = max(work[p.workload][0] / p.low for p in points)
    ax.set_ylim(floor / 4, max(peak, top) * 2)
    ax.set_xlim(low, high)
    # Names stand on the axis, one above the other where two workloads have nearly the same intensity.
    ends: dict[int, float] = {}
    for w, x in sorted(at.items(), key=lambda item: item[1]):
        left = math.log(x / low) / math.log(high / low)
        level = next(lv for lv in range(99) if ends.get(lv, -1.0) < left)
        ends[level] = left + 0.011 * (len(w) + 1)
        ax.axvline(x, color=theme.grid, lw=0.8, zorder=0)
        ax.annotate(
            w,
            (x, 0),
            (2, 4 + 10 * level),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            size=7.5,
            color=theme.muted,
        )
    plain_log(ax.xaxis)
    plain_log(ax.yaxis)
    ax.set_xlabel("FLOP per byte")
    ax.set_ylabel("GFLOP/s")
    ax.grid(axis="x", visible=False)
    legend(fig, theme, {p.engine for p in points})
    return fig
