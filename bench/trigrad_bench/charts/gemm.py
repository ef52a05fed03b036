"""Matrix products: what each library reaches on the shapes of these workloads, against the machine's peak.

Why it exists: large steps are matrix products and little else, so this is the ceiling that any engine has.
Next: roofline.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .chart import Chart, Missing, Value, caption
from .draw import interval
from .measure import Line, Lines
from .op_cost import spread
from .render import figure
from .seeds import UNBATCHED
from .style import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME, TITLE = "gemm", "Matrix products against the machine's peak"
COLUMNS = ("backend", "m", "n", "k", "case", "gflops", "low", "high", "peak_gflops")
# Roles of colours, and markers; a backend is no engine.
STYLES = (
    ("tensor", "o"),
    ("scalar", "s"),
    ("numpy", "^"),
    ("torch", "D"),
    ("micrograd", "v"),
    ("peer", "P"),
    ("other", "X"),
)


def peak_of(lines: Lines) -> float:
    """GFLOP/s of the best product of the run: the machine record's own may have met a busy moment."""
    return max([lines.machine.get("gemm_peak_gflops") or 0.0, *map(_reached, lines.kind("gemm"))])


def build(lines: Lines) -> Chart | Missing:
    """One row a shape, one marker a backend."""
    found = [g for g in lines.kind("gemm") if spread(g.get("gflops"))]
    if not found:
        return Missing(NAME, TITLE, "trigrad bench run --workloads T1 --engines own,torch --extras gemm")
    peak = peak_of(lines)
    rows: list[tuple[Value, ...]] = [
        (g["backend"], g["m"], g["n"], g["k"], g.get("case", "NN"), *(spread(g["gflops"]) or ()), peak)
        for g in found
    ]
    finding = _finding(found, peak)
    return Chart(
        NAME,
        TITLE,
        finding,
        f"Dot chart of GFLOP/s, one row per shape, one marker per library. {finding}",
        COLUMNS,
        rows,
        caption(lines, extra="float32; m × n × k; NN, NT, TN: which operand is transposed"),
        lambda theme: _draw(theme, found, peak),
        [replace(UNBATCHED, fair=finding)],
    )


def _shape(g: Line) -> str:
    return f"{g['m']}×{g['n']}×{g['k']} {g.get('case', 'NN')}"


def _reached(g: Line) -> float:
    three = spread(g.get("gflops"))
    return three[0] if three else 0.0


def _finding(found: list[Line], peak: float) -> str:
    best: dict[str, Line] = {}
    for g in found:
        if _shape(g) not in best or _reached(g) > _reached(best[_shape(g)]):
            best[_shape(g)] = g
    firsts: dict[str, int] = {}
    for g in best.values():
        firsts[g["backend"]] = firsts.get(g["backend"], 0) + 1
    words = ", ".join(f"{b} in {n}" for b, n in sorted(firsts.items(), key=lambda item: -item[1]))
    top = max(_reached(g) for g in found)
    return (
        f"Fastest of {len(best)} shapes: {words}. The best product reaches {top:.0f} GFLOP/s, "
        f"{100 * top / peak:.0f} % of the measured peak of {peak:.0f}."
    )


def _draw(theme: Theme, found: list[Line], peak: float) -> Figure:
    from matplotlib.lines import Line2D

    shapes = list(
        dict.fromkeys(
            _shape(g) for g in sorted(found, key=lambda g: (g["m"] * g["n"] * g["k"], g.get("case", "")))
        )
    )
    backends = list(dict.fromkeys(g["backend"] for g in found))
    fig, axes = figure(1.1 + 0.27 * len(shapes))
    ax = axes[0][0]
    for g in found:
        role, marker = STYLES[backends.index(g["backend"]) % len(STYLES)]
        color = getattr(theme, role)
        three = spread(g["gflops"]) or (0, 0, 0)
        hollow = theme.paper if backends.index(g["backend"]) % 2 else color
        ax.errorbar(
            [three[0]],
            [shapes.index(_shape(g))],
            xerr=interval(*three),
            fmt=marker,
            color=color,
            mec=color,
            mfc=hollow,
            mew=1.4,
            ms=7,
            capsize=2.5,
        )
    ax.set_yticks(range(len(shapes)), shapes)
    ax.set_ylim(len(shapes) - 0.4, -0.6)
    ax.axvline(peak, color=theme.ink, lw=1.4, ls="--")
    ax.annotate(
        f"peak {peak:.0f}",
        (peak, 1),
        (-4, 2),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        ha="right",
        va="bottom",
        size=8.5,
    )
    ax.set_xlim(0, 1.05 * peak)
    ax.set_xlabel("GFLOP/s")
    handles = []
    for i, backend in enumerate(backends):
        role, marker = STYLES[i % len(STYLES)]
        color = getattr(theme, role)
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker=marker,
                ms=7,
                color=color,
                mfc=theme.paper if i % 2 else color,
                mew=1.4,
                label=backend,
            )
        )
    fig.legend(handles=handles, loc="outside lower left", ncols=6)
    return fig
