"""The numbers of a workload: parameters, rows, the order of the batches, learning rates.

Why it exists: `make` is the only place where numbers are drawn. Every engine, whatever its language, gets the
same bytes with one digest, so that it starts from the same bits as all others.
Read before: workload.py, numbers.py.  Read next: bundle.py (how they travel), datasets/ (the rows).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import bundle, sizes
from .datasets import Rows, rows_of
from .numbers import Philox, PythonRandom, XorShift64Star, rounded
from .workload import Workload

Array = NDArray[Any]
DATA, PARAMETERS, ORDER, MASKS = range(4)  # streams of one seed: more rows do not change the weights


@dataclass(frozen=True)
class Arrays:
    """Everything an engine is given. Float arrays are float64, whole numbers int64."""

    parameters: dict[str, Array]  # in order; weights are (out, in)
    data: dict[str, Array]  # x, y, x_val, y_val, target (F6), mask0 ...
    batches: list[Array]  # the rows of every step of the whole run
    lrs: list[float]  # the learning rate of every step
    digest: str = field(default="")

    def flat(self) -> dict[str, Array]:
        """The arrays by the names they have in a bundle."""
        starts = np.cumsum([0] + [len(b) for b in self.batches]).astype(np.int64)
        order = np.concatenate(self.batches) if self.batches else np.zeros(0, np.int64)
        return {
            **{f"parameters/{name}": array for name, array in self.parameters.items()},
            **{f"data/{name}": array for name, array in self.data.items()},
            "batches/flat": order,
            "batches/starts": starts,
            "lrs": np.array(self.lrs, np.float64),
        }

    def write(self, path: str | Path, meta: Mapping[str, Any] | None = None) -> None:
        """The bundle that engines read."""
        bundle.write(path, self.flat(), {"digest": self.digest, **(meta or {})})


def read(path: str | Path) -> Arrays:
    """The arrays of a bundle that `write` made."""
    flat, meta = bundle.read(path)

    def part(prefix: str) -> dict[str, Array]:
        return {name[len(prefix) :]: a for name, a in flat.items() if name.startswith(prefix)}

    starts, order = flat["batches/starts"].tolist(), flat["batches/flat"]
    batches = [order[a:b] for a, b in itertools.pairwise(starts)]
    return Arrays(part("parameters/"), part("data/"), batches, flat["lrs"].tolist(), meta.get("digest", ""))


def digest_of(flat: Mapping[str, Array]) -> str:
    """A fingerprint of names, shapes and bits."""
    state = hashlib.sha256()
    for name, array in flat.items():
        state.update(f"{name} {array.dtype} {array.shape};".encode())
        state.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return state.hexdigest()[:16]


def make(workload: Workload) -> Arrays:
    """All arrays of the workload."""
    weights: Any
    if workload.numbers == "xorshift64star":  # one stream: the weights are drawn after the data
        weights = XorShift64Star(workload.seed)
        rows = rows_of(workload.data, weights, workload.numbers, workload.seed)
    else:
        rows = rows_of(workload.data, Philox(workload.seed, DATA), workload.numbers, workload.seed)
        twister = workload.numbers == "mt19937"
        weights = PythonRandom(workload.seed) if twister else Philox(workload.seed, PARAMETERS)
    parameters = initial(workload, weights)
    data = named(workload, rows)
    if workload.dtypes != ("float64",):
        for name in parameters:  # one after the other: P4's are 340 MB
            parameters[name] = rounded(parameters[name])
        data = {name: rounded(a) if a.dtype.kind == "f" else a for name, a in data.items()}
    batches = order_of(workload, len(rows.x))
    made = Arrays(parameters, data, batches, learning_rates(workload))
    return Arrays(made.parameters, made.data, made.batches, made.lrs, digest_of(made.flat()))


def named(workload: Workload, rows: Rows) -> dict[str, Array]:
    """Training and validation rows, and the dropout masks of the training rows."""
    count = sizes.shares(workload.data)[1]
    data: dict[str, Array] = {}
    if len(rows.x):
        data = {"x": rows.x, "y": rows.y, **rows.more}
    if count and workload.validation:
        data |= {"x_val": rows.x_val, "y_val": rows.y_val, **rows.more_val}
    draw = Philox(workload.seed, MASKS)
    for k, rate in enumerate(workload.model.dropout):
        kept = draw.uniform(0, 1, (len(rows.x), workload.model.layers[k + 1])) >= rate
        data[f"mask{k}"] = kept / (1 - rate)
    return data


def order_of(workload: Workload, rows: int) -> list[Array]:
    """The rows of every step; without rows, steps with nothing to pick."""
    if not rows:
        return [np.zeros(0, np.int64) for _ in range(workload.steps)]
    size = workload.batch or rows
    draw, batches = Philox(workload.seed, ORDER), list[Array]()
    in_order = np.arange(rows, dtype=np.int64)
    while len(batches) < workload.steps:
        order = draw.permutation(rows) if workload.shuffle else in_order
        batches += [order[k : k + size] for k in range(0, rows, size)]
    return batches[: workload.steps]


def learning_rates(workload: Workload) -> list[float]:
    """lr, or lr (1 - drop (k - late)/span)."""
    lr, plan = workload.optimizer.lr, workload.schedule
    if plan.kind == "constant":
        return [lr] * workload.steps
    return [lr * (1.0 - plan.drop * max(k - plan.late, 0) / plan.span) for k in range(workload.steps)]


def initial(workload: Workload, draw: Any) -> dict[str, Array]:
    """Parameters by name, drawn in order: row by row, first weight, then bias, layer by layer."""
    shapes, init = sizes.parameter_shapes(workload.model), workload.init
    made: dict[str, Array] = {}
    fan_in, fan_out = 1, 1
    for name, shape in shapes.items():
        if name in init.values:
            made[name] = np.array(init.values[name], np.float64).reshape(shape)
            continue
        bias = name.rpartition(".")[2].startswith("bias")
        if not bias and len(shape) == 2:
            fan_out, fan_in = shape if workload.model.kind != "expression" else shape[::-1]
        if bias and init.bias == "zero":
            made[name] = np.zeros(shape)
        elif init.weight in ("he_in", "he_out"):
            made[name] = draw.normal(shape)
            made[name] *= math.sqrt(2 / (fan_in if init.weight == "he_in" else fan_out))
        elif init.weight == "uniform_in":
            made[name] = draw.uniform(-1, 1, shape) * fan_in**-0.5
        elif init.weight == "between":
            made[name] = draw.uniform(init.low, init.scale, shape)
        else:
            bound = {
                "xavier": math.sqrt(6 / (fan_in + fan_out)),
                "torch": fan_in**-0.5,
                "uniform": init.scale,
            }[init.weight]
            made[name] = draw.uniform(-bound, bound, shape)
    return made
