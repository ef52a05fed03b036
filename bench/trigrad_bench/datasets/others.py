"""wine (scikit-learn's file) and make_classification (scikit-learn's code, imported only when asked for).

Why it exists: two of the seeds' workloads need exactly these.
Read before: rows.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from .rows import Array, Columns, MissingData, wheel_file

if TYPE_CHECKING:
    from ..tables import Data

QUALITY = (0.3, -0.2, 0.15, 0.1, -0.05, 0.25, 0.2, -0.1, 0.15, 0.3, 0.1, 0.2, 0.1)  # forgeNN's invented score


def wine(data: Data) -> tuple[Array, Array, Columns]:
    """178 wines, 13 standardised measurements, 3 cultivars; and `target`, a made-up quality from 0 to 10."""
    lines = wheel_file("sklearn", "datasets", "data", "wine_data.csv").read_text().split()[1:]
    table = np.array([line.split(",") for line in lines], np.float64)
    x, y = table[:, :13], table[:, 13].astype(np.int64)
    score = ((x - x.mean(axis=0)) / x.std(axis=0)) @ np.array(QUALITY)
    score = 10 * (score - score.min()) / (score.max() - score.min())
    return x, y, {"target": score.reshape(-1, 1)}


def classification(data: Data) -> tuple[Array, Array, Columns]:
    """make_classification with the table's arguments."""
    try:
        make_classification = import_module("sklearn.datasets").make_classification
    except ImportError as error:
        raise MissingData(
            "make_classification is scikit-learn's, which is not installed: pip install scikit-learn"
        ) from error
    x, y = make_classification(
        n_samples=data.rows,
        n_features=data.features,
        n_informative=data.informative or 2,
        n_classes=data.classes,
        flip_y=data.flip,
        random_state=data.random_state,
    )
    return np.asarray(x, np.float64), np.asarray(y, np.int64), {}
