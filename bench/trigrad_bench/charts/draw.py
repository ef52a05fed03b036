"""Drawing steps that several charts share: a point with its interval, an engine's line, a reason for no time.

Why it exists: the same thing must look the same in every chart. Next: the chart families, one file each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..engines import label
from .measure import Point
from .style import Theme, look, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The words that stand where a time would; the reason follows.
WORDS = {
    "ok": "not timed",
    "wrong": "WRONG",
    "nan": "NaN",
    "unsupported": "not supported",
    "dead": "died",
    "hung": "hung",
    "error": "failed",
}


def why(point: Point, width: int = 58) -> str:
    """`WRONG: weight0 is 0.31 off`, cut to fit."""
    text = (
        f"{WORDS.get(point.status, point.status)}: {point.reason}"
        if point.reason
        else WORDS.get(point.status, point.status)
    )
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def shade(theme: Theme, point: Point) -> str:
    """Failures are red; what an engine does not offer is no failure."""
    return theme.muted if point.status == "unsupported" else theme.bad


def absent(ax: Axes, theme: Theme, point: Point, y: float, width: int) -> None:
    """The reason in the row where a time would be; it must not push the panel's edges."""
    where = ax.get_yaxis_transform()
    text = ax.text(
        0.02, y, why(point, width), transform=where, va="center", size=7.5, color=shade(theme, point)
    )
    text.set_in_layout(False)
    text.set_bbox({"fc": theme.paper, "ec": "none", "pad": 0.8})


def dot(
    ax: Axes,
    theme: Theme,
    engine: str,
    x: float,
    y: float,
    *,
    xerr: Any = None,
    yerr: Any = None,
    size: float = 6.5,
) -> None:
    """A marker with its 95 % interval, which keeps its caps when shorter than the marker."""
    style = look(engine)
    color = style.color(theme)
    ax.errorbar(
        [x],
        [y],
        xerr=xerr,
        yerr=yerr,
        fmt=style.marker,
        color=color,
        mfc=style.face(theme),
        mec=color,
        mew=1.4,
        ms=size,
        elinewidth=1.3,
        capsize=2.5,
        zorder=3,
    )


def interval(value: float, low: float, high: float) -> list[list[float]]:
    """Matplotlib's form of an interval; never negative."""
    return [[max(0.0, value - low)], [max(0.0, high - value)]]


def line(
    ax: Axes,
    theme: Theme,
    engine: str,
    xs: Sequence[float],
    ys: Sequence[float],
    lows: Sequence[float] = (),
    highs: Sequence[float] = (),
    **extra: Any,
) -> None:
    """An engine's line through its points, with intervals where given."""
    style = look(engine)
    color = style.color(theme)
    yerr = None
    if lows:
        yerr = [
            [max(0.0, y - lo) for y, lo in zip(ys, lows, strict=True)],
            [max(0.0, hi - y) for y, hi in zip(ys, highs, strict=True)],
        ]
    ax.errorbar(
        xs,
        ys,
        yerr=yerr,
        fmt=style.marker,
        ls=style.line,
        color=color,
        mfc=style.face(theme),
        mec=color,
        mew=1.4,
        ms=6,
        elinewidth=1.2,
        capsize=2.5,
        zorder=3,
        **extra,
    )


def legend(
    fig: Figure,
    theme: Theme,
    engines: Iterable[str],
    *,
    kind: str = "marker",
    columns: int = 4,
    more: Sequence[Any] = (),
) -> None:
    """One legend below the figure: `marker`, `line` or `bar` samples of these engines, then `more`."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    for engine in sorted(set(engines), key=rank):
        style = look(engine)
        color = style.color(theme)
        if kind == "bar":
            handles.append(Patch(**bar(theme, engine), label=label(engine)))
            continue
        handles.append(
            Line2D(
                [],
                [],
                color=color,
                marker=style.marker,
                ls=style.line if kind == "line" else "",
                mfc=style.face(theme),
                mec=color,
                mew=1.4,
                ms=6.5,
                label=label(engine),
            )
        )
    handles += more
    fig.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=2.6, columnspacing=1.6)


def bar(theme: Theme, engine: str) -> dict[str, Any]:
    """Fill, edge and hatch of an engine's bar."""
    style = look(engine)
    color = style.color(theme)
    fill = theme.paper if style.hatch else color
    return {"facecolor": fill, "edgecolor": color, "hatch": style.hatch, "linewidth": 1.3}


def plain_log(axis: Any, form: str = "{:g}", *, narrow: bool = False) -> None:
    """A log axis whose ticks are written as plain numbers: 0.5, 1, 2, 5, 10; fewer over many decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    low, high = sorted(axis.get_view_interval())
    if high / low < 8:  # fewer ticks than two would make Matplotlib choose its own
        low, high = low / math.sqrt(8 * low / high), high * math.sqrt(8 * low / high)
        axis.axes.set(**{f"{axis.axis_name}lim": (low, high)})
    decades = math.log10(high / low)
    subs: tuple[float, ...] = (1.0, 2.0, 5.0) if decades <= (1.4 if narrow else 2.6) else (1.0,)
    axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=4 if narrow and len(subs) == 1 else 15))
    axis.set_minor_locator(
        NullLocator() if narrow or len(subs) > 1 else LogLocator(base=10, subs=(2.0, 5.0), numticks=30)
    )
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda v, _: form.format(v) if v < 10_000 else f"{v:,.0f}"))


def size_axis(axis: Any, values: Iterable[float]) -> None:
    """Ticks exactly at these sizes, written 128, 701k, 2.8M."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(sorted(set(values))))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: short(v)))


def short(value: float) -> str:
    """128, 10k, 701k, 2.8M."""
    for limit, unit in ((1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.3g}{unit}"
    return f"{value:g}"


def ns_axis(axis: Any, *, narrow: bool = False) -> None:
    """A log axis of nanoseconds, written in ns, µs, ms, s."""
    from matplotlib.ticker import FuncFormatter

    from .chart import duration

    plain_log(axis, narrow=narrow)
    axis.set_major_formatter(FuncFormatter(lambda v, _: duration(v)))
