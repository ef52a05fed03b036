"""Colours, markers, line styles and hatches: how an engine looks in every chart, on light and on dark paper.

Why it exists: an engine keeps one look throughout, and no look depends on colour alone: marker, line style
and hatch tell engines apart in grey and for colour-blind readers. The hues follow Okabe and Ito, darkened or
lightened until each has a contrast of at least 3:1 on its paper (tests/bench/test_report_charts.py). Next:
render.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Theme:
    """One paper and the colours for it. Those of LIGHT are all different: a page recolours drawings."""

    name: str
    paper: str
    ink: str
    muted: str
    grid: str
    band: str
    bad: str
    tensor: str
    scalar: str
    numpy: str
    torch: str
    micrograd: str
    peer: str
    other: str
    learner: str


LIGHT: Final = Theme(
    "light",
    paper="#fffffe",
    ink="#1b1e23",
    muted="#565d66",
    grid="#e2e4e8",
    band="#c9ced6",
    bad="#b3261e",
    tensor="#0067a5",
    scalar="#c24d00",
    numpy="#007f5b",
    torch="#43474d",
    micrograd="#a8437e",
    peer="#846800",
    other="#6a4cb4",
    learner="#7b4a22",
)
DARK: Final = Theme(
    "dark",
    paper="#15181c",
    ink="#eceef1",
    muted="#a7aeb8",
    grid="#2c3138",
    band="#454c56",
    bad="#ff8a80",
    tensor="#56b4e9",
    scalar="#f28e3c",
    numpy="#34c797",
    torch="#c8cdd5",
    micrograd="#e58fc1",
    peer="#e3c12f",
    other="#b5a1f0",
    learner="#d2a47c",
)
THEMES: Final = (LIGHT, DARK)

WIDTH: Final = 8.6  # inches of every figure
# Matplotlib's own defaults first: what is in a user's matplotlibrc must not change a stored run's chart.
RC: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "lines.markersize": 6,
    "hatch.linewidth": 0.8,
    "svg.hashsalt": "trigrad",
    "svg.fonttype": "path",
    "path.simplify": False,
}


def rc(theme: Theme) -> dict[str, Any]:
    """The settings under which a chart is drawn."""
    names = {
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.titlecolor": theme.ink,
        "legend.labelcolor": theme.ink,
        "axes.edgecolor": theme.muted,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "grid.color": theme.grid,
    }
    return {**RC, **names}


@dataclass(frozen=True)
class Look:
    """How one engine is drawn; `role` names a colour of the theme."""

    role: str
    marker: str
    line: str
    hatch: str
    hollow: bool

    def color(self, theme: Theme) -> str:
        """The engine's colour on this paper."""
        return str(getattr(theme, self.role))

    def face(self, theme: Theme) -> str:
        """What fills its marker: engines driven from Python are hollow."""
        return theme.paper if self.hollow else self.color(theme)


LOOKS: Final[dict[str, Look]] = {
    "native.tensor_cpp.tape": Look("tensor", "o", "-", "", False),
    "native.tensor_cpp.stack": Look("tensor", "s", "--", "--", False),
    "native.tensor_cpp.recursive": Look("tensor", "^", ":", "||", False),
    "tensor_cpp.tape": Look("tensor", "o", "-", "////", True),
    "tensor_cpp.stack": Look("tensor", "s", "--", "///", True),
    "tensor_cpp.recursive": Look("tensor", "^", ":", "//", True),
    "tensor_cpp.compiled": Look("tensor", "D", "-.", "/", True),
    "native.scalar_cpp": Look("scalar", "P", "-", "", False),
    "scalar_cpp.tensor": Look("scalar", "P", "--", "////", True),
    "scalar_cpp.value": Look("scalar", "v", ":", "\\\\", True),
    "reference_py.stack": Look("numpy", "<", "-.", "----", True),
    "reference_py.recursive": Look("numpy", ">", ":", "--", True),
    "torch": Look("torch", "D", "-", "xxxx", False),
    "torch.compile": Look("torch", "d", "--", "xx", True),
    "micrograd": Look("micrograd", "X", "-.", "++", False),
    "native.bare_tape": Look("scalar", "d", ":", "..", False),
    "native.cppad": Look("peer", "p", "-", "", False),
    "native.adolc": Look("peer", "*", "--", "-\\\\", False),
    "autograd": Look("other", "h", "-", "\\\\\\", True),
    "forgenn": Look("other", "*", "--", "|/", True),
    "jax": Look("other", "p", "-.", "+/", True),
}
LEARNER: Final = Look("learner", "X", "-", "+++", True)
ORDER: Final = {name: i for i, name in enumerate(LOOKS)}


def look(engine: str) -> Look:
    """An engine's look; one that a learner brought has its own."""
    return LOOKS.get(engine, LEARNER)


def rank(engine: str) -> tuple[int, str]:
    """Sorts engines in the order of LOOKS, a learner's last."""
    return ORDER.get(engine, len(ORDER)), engine


def contrast(a: str, b: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
