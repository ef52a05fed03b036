"""Rows split into training and validation, and brought to the scale that is asked for.

Why it exists: how rows are split and scaled is part of a workload, so all kinds of data share one way.
Read before: ../tables.py (Data).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..sizes import shares

if TYPE_CHECKING:
    from ..tables import Data

Array = NDArray[Any]
Columns = dict[str, Array]


class MissingData(ImportError):  # noqa: N818 (it reads better where it is caught)
    """The data are not on this machine; the message says how to get them."""


@dataclass(frozen=True)
class Rows:
    """Training rows and those kept back; `more` holds further columns by name."""

    x: Array
    y: Array
    x_val: Array = field(default_factory=lambda: np.zeros((0, 0)))
    y_val: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    more: Columns = field(default_factory=dict)
    more_val: Columns = field(default_factory=dict)


def wheel_file(package: str, *parts: str) -> Path:
    """A data file of an installed package, found without importing it."""
    spec = find_spec(package)
    for root in (spec.submodule_search_locations or []) if spec else []:
        path = Path(root, *parts)
        if path.is_file():
            return path
    name = {"sklearn": "scikit-learn"}.get(package, package)
    raise MissingData(f"{parts[-1]} comes with {name}, which is not installed: pip install {name}")


def finished(data: Data, x: Array, y: Array, more: Columns, draw: Any) -> Rows:
    """Split as the table says, labels as the loss wants them, columns standardised."""
    n_train, n_val, _ = shares(data)
    if data.split == "tail":
        train, kept = np.arange(n_train), np.arange(n_train, n_train + n_val)
    else:
        order = draw.permutation(len(x))
        if data.split == "stratified":
            order = stratified(order, y, len(x) - n_train)
        train, kept = order[:n_train], order[n_train : n_train + n_val]
    if data.labels == "side":
        y = (2.0 * (y > 0) - 1.0).reshape(-1, 1)
    if data.labels == "one_hot":
        y = np.eye(data.classes)[y]
    if data.standardize:
        # The deviation of a population, as scikit-learn's StandardScaler has it.
        mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
        x = (x - mean) / np.where(deviation > 0, deviation, 1.0)
    return Rows(
        x[train],
        y[train],
        x[kept],
        y[kept],
        {name: a[train] for name, a in more.items()},
        {f"{name}_val": a[kept] for name, a in more.items()},
    )


def stratified(order: Array, y: Array, kept: int) -> Array:
    """The order with `kept` rows moved to its end, as many of each class as its share of the rows.

    Whole parts first; what is missing goes to the classes with the largest remainders.
    """
    classes, counts = np.unique(y, return_counts=True)
    exact = counts * (kept / len(y))
    take = np.floor(exact).astype(np.int64)
    for k in np.argsort(take - exact, kind="stable")[: kept - take.sum()]:
        take[k] += 1
    back = np.zeros(len(y), bool)
    for label, n in zip(classes, take.tolist(), strict=True):
        back[order[y[order] == label][:n]] = True
    return np.concatenate([order[~back[order]], order[back[order]]])
