"""How near a training step comes to its limit: its products alone, and what must move, in the same rounds.

Why it exists: a ratio to PyTorch has no end, this one has: no step of these products can be below 1 on this
machine, unless several threads take different products side by side.
Next: ../limits.py, which has the formula; roofline.py asks the same of the machine's peaks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import limits, stats
from .chart import Chart, Missing, Value, caption, duration, times
from .draw import bar, interval, legend, plain_log
from .measure import Line, Lines
from .render import figure
from .seeds import AARONNET
from .style import Theme, rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "limit", "How near a step comes to its limit"
COLUMNS = (
    "workload", "engine", "dtype", "threads", "phase", "step_ns", "limit_ns", "products_ns",
    "bytes", "bandwidth_gbs", "step_over_limit", "low", "high", "rounds",
)  # fmt: skip
LARGE, SMALL = 1.15, 1.3  # how near steps should come: those of width 256 or more, and those of 128
NATIVE = "native.tensor_cpp.tape"
Found = dict[tuple[str, str], tuple[Line, stats.Ratio]]  # by workload, with its threads if many, and engine


def build(lines: Lines) -> Chart | Missing:
    """One group a workload, one bar an engine."""
    found: Found = {}
    for line in lines.kind("limit"):
        if ratio := limits.ratio(line):
            threads = f", {line['threads']} threads" if line["threads"] > 1 else ""
            found[line["workload"] + threads, line["engine"]] = line, ratio  # the last of a resumed run
    if not found:
        return Missing(NAME, TITLE, "trigrad bench run --suite paper --extras limit")
    rows: list[tuple[Value, ...]] = [
        (
            *(line[k] for k in ("workload", "engine", "dtype", "threads", "phase")),
            stats.median(line["step_ns"]),
            stats.median(limits.limit_ns(line)),
            stats.median(line["products_ns"]),
            line["bytes"],
            line["bandwidth_gbs"],
            *(r.median, r.low, r.high, r.pairs),
        )
        for line, r in found.values()
    ]
    finding = _finding(found)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Horizontal bars, logarithmic axis: time of a step in multiples of its limit. {finding}",
        COLUMNS,
        rows,
        caption(
            lines,
            extra="limit: each product of the step by whoever computes that shape fastest alone, operands in"
            " cache, plus the bytes of the update (or what no cache holds, if more) at the bandwidth of an"
            " update as large as the step's data, in the same rounds; 95 % intervals of paired ratios",
        ),
        lambda theme: _draw(theme, found),
        [replace(AARONNET, fair=finding)],
    )


def _finding(found: Found) -> str:
    words = []
    for engine in (NATIVE, "tensor_cpp.tape", "torch", "torch.compile", "jax"):
        mine = sorted((r.median, w) for (w, e), (_, r) in found.items() if e == engine)
        if mine:
            (low, near), (high, far) = mine[0], mine[-1]
            words.append(f"{engine} {times(low)} ({near}) to {times(high)} ({far})")
    said = f"Steps in multiples of their limit: {'; '.join(words)}."
    goals = {"128": SMALL, "256": LARGE, "512": LARGE, "1024": LARGE}
    wide = {
        w: r.median <= goals[width]
        for (w, e), (line, r) in found.items()
        if e == NATIVE and (width := line["workload"].split(".d")[-1]) in goals
    }
    if wide:
        beyond = sorted(w for w, near in wide.items() if not near)
        said += f" Of A1 and A2, {len(wide) - len(beyond)} of {len(wide)} steps from C++ are within the goal"
        said += f" ({times(SMALL)} at width 128, {times(LARGE)} above)"
        said += f"; not so {', '.join(beyond)}." if beyond else "."
    return said


def _draw(theme: Theme, found: Found) -> Figure:
    names = list(dict.fromkeys(w for w, _ in found))
    engines = sorted({e for _, e in found}, key=rank)
    fig, axes = figure(0.9 + len(names) * (0.16 + 0.15 * len(engines)))
    ax = axes[0][0]
    ax.set_xscale("log")
    height = 0.84 / len(engines)
    for (name, engine), (line, r) in found.items():
        y = names.index(name) - 0.42 + height * (engines.index(engine) + 0.5)
        ax.barh([y], [r.median - 1], left=1, height=0.86 * height, **bar(theme, engine))
        ax.errorbar(
            [r.median], [y], xerr=interval(r.median, r.low, r.high), color=theme.ink, capsize=2, lw=1, ls=""
        )
        words = f"{times(r.median)}, {duration(stats.median(line['step_ns']))}"
        ax.annotate(words, (max(1.0, r.high), y), (4, 0), textcoords="offset points", va="center", size=6.5)
    ax.axvline(1, color=theme.ink, lw=1.4)
    ax.axvspan(1, LARGE, color=theme.band, lw=0, zorder=0)
    limit = {w: stats.median(limits.limit_ns(line)) for (w, _), (line, _) in found.items()}
    ax.set_yticks(range(len(names)), [f"{w}\n{duration(limit[w])}" for w in names], size=8)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_xlim(
        min(0.95, *(0.97 * r.low for _, r in found.values())), 2.2 * max(r.high for _, r in found.values())
    )
    ax.grid(axis="y", visible=False)
    plain_log(ax.xaxis, "{:g}×")
    ax.set_xlabel(f"time of a step, its limit = 1 (shaded: up to {times(LARGE)})")
    legend(fig, theme, engines, kind="bar")
    return fig
