"""The cost of one operation, forward and backward: C++, through the binding, pure Python, PyTorch.

Why it exists: on small tensors this cost is all there is; TinyTorch's "10 % from Python" was an unoptimised
build. Next: error_time.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..engines import label
from .chart import Chart, Missing, Value, caption, duration, times
from .draw import interval, ns_axis
from .measure import Line, Lines, median_interval
from .render import figure
from .seeds import TINYTORCH_BINDING
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "op_cost", "The cost of one operation"
COLUMNS = ("engine", "driver", "op", "elements", "pass", "median_ns", "low_ns", "high_ns")
PASSES = ("forward", "backward")
MARKERS = ("o", "s", "^", "D", "v", "P")


def spread(value: Any) -> tuple[float, float, float] | None:
    """Median and interval of a stored time: a number, or one per block."""
    if value is None:
        return None
    values = [float(v) for v in value] if isinstance(value, list) else [float(value)]
    if not values:
        return None
    low, high = median_interval(values)
    return (
        (
            sorted(values)[len(values) // 2]
            if len(values) % 2
            else (sorted(values)[len(values) // 2 - 1] + sorted(values)[len(values) // 2]) / 2
        ),
        low,
        high,
    )


def build(lines: Lines) -> Chart | Missing:
    """One row an engine, one marker an operation."""
    found = sorted(lines.kind("op_cost"), key=lambda o: (rank(o["engine"]), o.get("elements", 0)))
    found = [o for o in found if any(spread(o.get(f"{way}_ns")) for way in PASSES)]
    if not found:
        return Missing(NAME, TITLE, "trigrad bench run --workloads T1 --engines own,torch --extras op_cost")
    rows: list[tuple[Value, ...]] = []
    for o in found:
        for way in PASSES:
            if three := spread(o.get(f"{way}_ns")):
                rows.append((o["engine"], o.get("driver", ""), o["op"], o.get("elements"), way, *three))
    finding = _finding(found)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Dot chart, logarithmic time axis: forward on the left, backward on the right. {finding}",
        COLUMNS,
        rows,
        caption(lines),
        lambda theme: _draw(theme, found),
        [replace(TINYTORCH_BINDING, fair=finding)],
    )


def _both(o: Line) -> float:
    return sum(three[0] for way in PASSES if (three := spread(o.get(f"{way}_ns"))))


def _finding(found: Iterable[Line]) -> str:
    adds = {o["engine"]: o for o in found if o["op"] == "add"}
    if "torch" not in adds:
        return ""
    base = _both(adds["torch"])
    words = [
        f"{e} {duration(_both(adds[e]))} ({times(base / _both(adds[e]))})"
        for e in ("native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack")
        if e in adds
    ]
    lost = [e for e, o in adds.items() if _both(o) > base and e != "torch"]
    return (
        f"An addition of {adds['torch'].get('elements', 64)} elements, forward and backward: PyTorch"
        f" {duration(base)}; in multiples of its speed, {', '.join(words)}. "
        + (f"PyTorch is faster than {', '.join(lost)}." if lost else "PyTorch is faster than none.")
    )


def _draw(theme: Theme, found: list[Line]) -> Figure:
    from matplotlib.lines import Line2D

    # Rows are engines, markers are what was done: an addition of 1 and of 64 elements are two markers.
    keys = list(dict.fromkeys(o["engine"] for o in found))
    ops = sorted(dict.fromkeys((o["op"], o.get("elements") or 0) for o in found))[: len(MARKERS)]
    fig, axes = figure(1.1 + (0.26 + 0.04 * len(ops)) * len(keys), 1, 2, sharey=True)
    for ax, way in zip(axes[0], PASSES, strict=True):
        ax.set_xscale("log")
        for o in found:
            three = spread(o.get(f"{way}_ns"))
            what = (o["op"], o.get("elements") or 0)
            if not three or what not in ops:
                continue
            k = ops.index(what)
            y = keys.index(o["engine"]) + (0.3 * (2 * k / (len(ops) - 1) - 1) if len(ops) > 1 else 0)
            color = look(o["engine"]).color(theme)
            fill = theme.paper if look(o["engine"]).hollow else color
            ax.errorbar(
                [three[0]],
                [y],
                xerr=interval(*three),
                fmt=MARKERS[k],
                color=color,
                mfc=fill,
                mec=color,
                mew=1.4,
                ms=6,
                capsize=2.5,
                elinewidth=1.2,
            )
        ns_axis(ax.xaxis, narrow=True)
        ax.set_title(way)
        ax.set_xlabel("time per operation")
        for i in range(1, len(keys)):
            ax.axhline(i - 0.5, color=theme.grid, lw=0.8)
        ax.grid(axis="y", visible=False)
    axes[0][0].set_yticks(range(len(keys)), [label(e) for e in keys])
    axes[0][0].set_ylim(len(keys) - 0.5, -0.5)
    names = [f"{op} of {n} element{'s' * (n != 1)}" if n else op for op, n in ops]
    handles = [
        Line2D([], [], color=theme.muted, marker=MARKERS[k], ls="", label=name)
        for k, name in enumerate(names)
    ]
    fig.legend(handles=handles, loc="outside lower left", ncols=4)
    return fig
