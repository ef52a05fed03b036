"""--plot: the loss curve, and what the network decides where its input is a point of the plane.

Needs matplotlib, which is imported here only. Colours are told apart by people who cannot tell red from
green.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .data import Data
from .errors import TrainingError
from .learner import Array, Learner
from .loop import History
from .progress import percent
from .settings import Settings

BLUE, ORANGE = "#0072b2", "#d55e00"
GRID = 120  # points along each side of the decision picture
MARGIN = 0.5


def draw(path: Path, settings: Settings, data: Data, learner: Learner, history: History) -> None:
    """Writes the picture; PNG or SVG by suffix."""
    plane = data.x.shape[1] == 2 and settings.workload.loss.kind == "hinge"
    shares = history.epochs[-1].accuracy is not None and not plane
    panels = 1 + plane + shares
    figure = Figure(figsize=(5.2 * panels, 4.2), layout="constrained")
    axes: list[Axes] = list(np.atleast_1d(np.asarray(figure.subplots(1, panels))))
    _losses(axes[0], history)
    if shares:
        _accuracies(axes[1], history)
    if plane:
        _boundary(axes[-1], data, learner)
        axes[-1].set_title(f"decision, {percent(history.epochs[-1].accuracy)} of training points right")
    engine = f"{settings.engine} {settings.order}".strip()
    figure.suptitle(f"{settings.command}: {engine}, {settings.dtype}, seed {settings.seed}")
    fixed: dict[str, Any] = {"metadata": {"Date": None}} if path.suffix.lower() == ".svg" else {}
    try:
        figure.savefig(path, dpi=150, **fixed)
    except OSError as error:
        raise TrainingError(f"cannot write {path}: {error.strerror or error}") from error


def _line(axis: Axes, values: list[float], label: str, color: str, style: str) -> None:
    marker = "o" if len(values) < 12 else None
    axis.plot(
        range(1, len(values) + 1), values, style, color=color, label=label, marker=marker, linewidth=1.8
    )


def _finish(axis: Axes, title: str) -> None:
    axis.set_title(title)
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    if len(axis.get_lines()) > 1:
        axis.legend(frameon=False)


def _losses(axis: Axes, history: History) -> None:
    training = [line.loss for line in history.epochs]
    _line(axis, training, "training", BLUE, "-")
    validation = [line.validation_loss for line in history.epochs if line.validation_loss is not None]
    if validation:
        _line(axis, validation, "validation", ORANGE, "--")
    if min(training) > 0 and max(training) > 100 * min(training):
        axis.set_yscale("log")
    _finish(axis, "loss")


def _accuracies(axis: Axes, history: History) -> None:
    _line(axis, [100 * (line.accuracy or 0) for line in history.epochs], "training", BLUE, "-")
    validation = [100 * v for line in history.epochs if (v := line.validation_accuracy) is not None]
    if validation:
        _line(axis, validation, "validation", ORANGE, "--")
    axis.set_ylim(0, 101)
    _finish(axis, "accuracy, %")


def _boundary(axis: Axes, data: Data, learner: Learner) -> None:
    """The side of every point of the plane, the line between the sides, and the data on it."""
    low, high = data.x.min(axis=0) - MARGIN, data.x.max(axis=0) + MARGIN
    across, up = (np.linspace(low[k], high[k], GRID) for k in range(2))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    pieces: list[Array] = [learner.scores(points[k : k + GRID * 8]) for k in range(0, len(points), GRID * 8)]
    scores = np.concatenate(pieces).reshape(GRID, GRID)
    axis.contourf(
        across, up, np.sign(scores), levels=[-2, 0, 2], cmap=ListedColormap([BLUE, ORANGE]), alpha=0.2
    )
    if scores.min() < 0 < scores.max():
        axis.contour(across, up, scores, levels=[0], colors="black", linewidths=1.2)
    for x, y, kind in ((data.x, data.y, "training"), (data.x_val, data.y_val, "validation")):
        for side, color, marker in ((-1, BLUE, "o"), (1, ORANGE, "^")):
            chosen = x[(y.reshape(-1) > 0) == (side > 0)]
            face = color if kind == "training" else "none"
            if len(chosen):
                axis.scatter(
                    chosen[:, 0], chosen[:, 1], s=26, marker=marker, facecolors=face, edgecolors=color,
                    label=f"{kind}, {side:+d}",
                )  # fmt: skip
    axis.set_aspect("equal", adjustable="box")
    axis.legend(loc="lower left", fontsize=7, frameon=True)
