"""Time and speed against the size of the work: AaronNet's width sweep and forgeNN's ladder of models.

Why it exists: both were published as tables whose first row decided the headline; a sweep shows where
overhead ends and arithmetic begins. Next: size.py, which does the same for graphs of scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import POINT_COLUMNS, Chart, Missing, caption, fair, point_rows, torch_wins
from .draw import legend, line, ns_axis, plain_log, shade, short, size_axis, why
from .measure import Lines, Point
from .render import figure
from .seeds import AARONNET, FORGENN_SIZES, Note
from .style import LOOKS, Theme, rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (
    "native.tensor_cpp.tape",
    "tensor_cpp.tape",
    "reference_py.stack",
    "torch",
    "torch.compile",
    "forgenn",
    "autograd",
    "jax",
)


def width(lines: Lines) -> Chart | Missing:
    """A1 and A2 against their width d."""
    return _sweep(
        lines,
        "width",
        "AaronNet's sweep: time against width",
        ("A1", "A2"),
        "width d",
        AARONNET,
        {"A1": "A1: d→2d→d, batch 32", "A2": "A2: d→1024→d, batch 32, input gradient"},
    )


def ladder(lines: Lines) -> Chart | Missing:
    """F2 against its number of parameters."""
    return _sweep(
        lines,
        "ladder",
        "forgeNN's ladder: time against model size",
        ("F2",),
        "parameters",
        FORGENN_SIZES,
        {"F2": "F2: a training step, batch 32"},
    )


def _sweep(
    lines: Lines,
    name: str,
    title: str,
    families: tuple[str, ...],
    axis: str,
    note: Note,
    titles: dict[str, str],
) -> Chart | Missing:
    panels: dict[str, list[Point]] = {}
    for one in families:
        found = [p for w in lines.variants(one) for p in lines.main(w)]
        found = [p for p in found if p.size and (p.engine in SHOWN or p.engine not in LOOKS)]
        if len({p.size for p in found if p.ok}) > 1:
            panels[one] = found
    if not panels:
        return Missing(name, title, f"trigrad bench run --suite paper --workloads {','.join(families)}")
    points = [p for found in panels.values() for p in found]
    finding = torch_wins(points, lambda p: f"{p.workload.split('.')[0]} at {short(p.size or 0)}")
    return Chart(
        name,
        title,
        finding,
        f"Line charts of time and of speed relative to PyTorch against {axis}. {finding}",
        POINT_COLUMNS,
        point_rows(points),
        caption(lines, points, "shaded: the A/A band" if lines.kind("control") else ""),
        lambda theme: _draw(theme, lines, panels, axis, titles),
        [replace(note, fair=fair(_ours(points)))],
    )


def _ours(points: list[Point]) -> list[Point]:
    return [p for p in points if p.engine in ("tensor_cpp.tape", "torch")]


def _draw(
    theme: Theme, lines: Lines, panels: dict[str, list[Point]], axis: str, titles: dict[str, str]
) -> Figure:
    fig, axes = figure(0.9 + 2.75 * len(panels), len(panels), 2)
    for (ax, ratio), (name, points) in zip(axes, panels.items(), strict=True):
        engines = sorted({p.engine for p in points}, key=rank)
        for engine in engines:
            mine = [p for p in points if p.engine == engine and p.ok]
            _line(ax, theme, engine, mine, lambda p: (p.ns, p.low, p.high))
            compared = [p for p in mine if p.ratio and engine != "torch"]
            _line(
                ratio,
                theme,
                engine,
                compared,
                lambda p: (p.ratio.value, p.ratio.low, p.ratio.high) if p.ratio else (1, 1, 1),
            )
        for one in (ax, ratio):
            one.set_xscale("log")
            one.set_yscale("log")
            size_axis(one.xaxis, [p.size for p in points if p.size])
            one.set_xlabel(axis)
        ratio.axhspan(*lines.band({p.workload for p in points}), color=theme.band, lw=0, zorder=0)
        ratio.axhline(1, color=theme.ink, lw=1)
        ns_axis(ax.yaxis)
        plain_log(ratio.yaxis, "{:g}×")
        ax.set_title(titles[name])
        ratio.set_title("times PyTorch's speed")
        _absent(ax, theme, [p for p in points if not p.ok])
    legend(fig, theme, {p.engine for found in panels.values() for p in found if p.ok}, kind="line")
    return fig


def _line(
    ax: Axes,
    theme: Theme,
    engine: str,
    points: list[Point],
    value: Callable[[Point], tuple[float, float, float]],
) -> None:
    if points:
        ys = [value(p) for p in points]
        line(
            ax,
            theme,
            engine,
            [p.size or 0 for p in points],
            [y[0] for y in ys],
            [y[1] for y in ys],
            [y[2] for y in ys],
        )


def _absent(ax: Axes, theme: Theme, points: list[Point]) -> None:
    """Crosses where a time is missing, and why, inside the panel's upper left."""
    for p in points:
        where = ax.get_xaxis_transform()
        ax.plot(
            [p.size or 0],
            [0.02],
            marker="x",
            ms=7,
            mew=1.8,
            color=shade(theme, p),
            transform=where,
            clip_on=False,
        )
    said = {f"× {p.engine}: {why(p, 34)}": p for p in points}
    for k, (text, p) in enumerate(list(said.items())[:4]):
        note = ax.text(
            0.02, 0.98 - 0.065 * k, text, transform=ax.transAxes, va="top", size=7.5, color=shade(theme, p)
        )
        note.set_in_layout(False)
    if said:  # room for them above the curves
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** (0.05 + 0.07 * min(4, len(said))))
