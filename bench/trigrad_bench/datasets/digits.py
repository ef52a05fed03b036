"""scikit-learn's digits: 1,797 images of 8 x 8, grey values 0 to 16, read from the installed wheel's file.

Why it exists: importing scikit-learn takes a second and starts threads; the file is all that is needed.
Read before: rows.py.
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .rows import Array, Columns, wheel_file

if TYPE_CHECKING:
    from ..tables import Data

FILE = ("datasets", "data", "digits.csv.gz")


@cache
def images() -> Array:
    """All rows: 64 grey values and the label."""
    text = gzip.decompress(wheel_file("sklearn", *FILE).read_bytes()).decode()
    return np.array([line.split(",") for line in text.split()], np.float64)


def load(data: Data) -> tuple[Array, Array, Columns]:
    """The first rows, scaled to 0 .. 1."""
    table = images()[: data.rows or None]
    return table[:, :64] / 16.0, table[:, 64].astype(np.int64), {}
