"""A chart as SVG and PNG: same lines, same bytes.

Why it exists: a chart in a repository must only change when its figures do, so nothing from the clock, the
user's settings or a random source may reach the file; title and caption are part of the file, as it travels
alone. Next: the page inlines the bare SVG (../report/inline.py).
"""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from .chart import Chart
from .style import THEMES, WIDTH, Theme, rc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = 0.165  # inches from one small line of text to the next


def render(chart: Chart, theme: Theme, kind: str = "svg", *, bare: bool = False) -> bytes:
    """The chart's bytes; `bare` leaves out title and caption, for a page that has them as text."""
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = rc(theme)  # Matplotlib types each of its 300 keys
        mpl.rcParams.update(settings)
        figure = chart.draw(theme)
        if not bare:
            _frame(figure, chart, theme)
        out = io.BytesIO()
        # None leaves a field out: no date, and no program version that would change the bytes.
        blank: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
        metadata = blank if kind == "svg" else {"Software": None}
        figure.savefig(out, format=kind, dpi=150, metadata=metadata)
    return out.getvalue()


def _frame(figure: Figure, chart: Chart, theme: Theme) -> None:
    """Makes room above for title and finding, below for the caption."""
    finding = textwrap.wrap(chart.finding, 112)
    small = textwrap.wrap(chart.caption, 140)
    width, height = figure.get_size_inches()
    top, bottom = 0.42 + LINE * 1.1 * len(finding), 0.16 + LINE * 0.86 * len(small)
    total = height + top + bottom
    # The layout is settled first and moved as it is, so that the bare and the framed chart are alike.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    figure.set_size_inches(width, total)
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position(
            (box.x0, (box.y0 * height + bottom) / total, box.width, box.height * height / total)
        )
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0, bottom / total, 1, height / total), transform=figure.transFigure)
    left = 0.1 / width
    figure.text(left, 1 - 0.1 / total, chart.title, va="top", size=13, weight="bold", color=theme.ink)
    figure.text(left, 1 - 0.39 / total, "\n".join(finding), va="top", size=9.5, color=theme.muted)
    figure.text(left, 0.08 / total, "\n".join(small), va="bottom", size=7.5, color=theme.muted)


def save(chart: Chart, folder: Path) -> list[Path]:
    """NAME.light.svg, NAME.light.png, the same for dark, and NAME.csv; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for theme in THEMES:
        for kind in ("svg", "png"):
            path = folder / f"{chart.name}.{theme.name}.{kind}"
            path.write_bytes(render(chart, theme, kind))
            paths.append(path)
    table = folder / f"{chart.name}.csv"
    table.write_text(chart.csv(), encoding="utf-8", newline="")
    return [*paths, table]


def figure(height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure of the common width, laid out so that nothing overlaps, and its axes (always a 2-d array)."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.08, h_pad=0.08)  # type: ignore[call-arg]
    return fig, fig.subplots(rows, columns, squeeze=False, **options)
