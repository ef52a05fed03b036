"""What follows from a workload's tables without drawing a number: rows, steps, parameters, the longest sum.

Why it exists: the gate's tolerance and the harness's plan need these before any array is made.
Read before: tables.py.  Read next: workload.py.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from .schema import fail

if TYPE_CHECKING:
    from .tables import Data, Model, Tables

ALL_ROWS = {"digits": 1797, "mnist_5k": 5000, "mnist": 70_000, "wine": 178}
MNIST_TEST = 10_000
NEED_DATA = ("mlp", "two_mlps", "shared_trunk")


def shares(data: Data) -> tuple[int, int, int]:
    """(training, validation, test) rows."""
    n = len(data.x) if data.kind == "values" else data.rows or ALL_ROWS.get(data.kind, 0)
    if data.kind == "mnist" and not data.validation:
        validation = min(MNIST_TEST, n)  # the test files as they are
        return n - validation, validation, 0
    validation, test = math.ceil(n * data.validation - 1e-9), math.ceil(n * data.test - 1e-9)
    return n - validation - test, validation, test


def networks(model: Model) -> list[tuple[str, tuple[int, ...]]]:
    """(prefix of its parameters, layers) of each stack of linear layers."""
    if model.kind == "mlp":
        return [("", model.layers)]
    if model.kind == "two_mlps":
        return [(f"{name}.", layers) for name, layers in model.nets.items()]
    if model.kind == "shared_trunk":
        return [("trunk.", model.layers)] + [(f"{h}.", (model.layers[-1], n)) for h, n in model.heads.items()]
    return []


def parameter_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Every parameter's shape by name, in the order in which they are drawn; weights are (out, in)."""
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix, layers in networks(model):
        for k, (n_in, n_out) in enumerate(itertools.pairwise(layers)):
            shapes[f"{prefix}weight{k}"] = (n_out, n_in)
            if model.bias:
                shapes[f"{prefix}bias{k}"] = (n_out,)
    n, w = (model.size,), (model.width,)
    named: dict[str, dict[str, tuple[int, ...]]] = {
        "micrograd_readme": {"a": (), "b": ()},
        "op_stress": {"w": (2, 1)},
        "tiny": {"w": (1, 1)},
        "chain": {"x": (), "a": (), "b": ()},
        "fan_in": {"x": n, "y": n},
        "lattice": {"x": w},
    }
    return shapes or named[model.formula or model.shape]


def parameter_count(model: Model) -> int:
    """How many numbers are trained."""
    return sum(math.prod(shape) for shape in parameter_shapes(model).values())


def steps_per_epoch(tables: Tables) -> int:
    """Steps in which all training rows are seen once; 1 where there are no rows."""
    rows = shares(tables.data)[0]
    return max(1, math.ceil(rows / (tables.batch or max(rows, 1))))


def total_steps(tables: Tables) -> int:
    """Steps of the whole run."""
    return tables.steps or tables.epochs * steps_per_epoch(tables)


def longest_sum(tables: Tables) -> int:
    """K: the most terms that one sum of the forward or backward pass has.

    A chain's gradient is a product of as many factors as it has links. Neighbouring links are nearly alike,
    so their roundings have one sign and do not cancel: the error may grow with the length, not its root.
    """
    if tables.model.shape == "chain":
        return int(tables.model.size**2)
    rows = shares(tables.data)[0]
    batch = max(1, min(tables.batch or rows, rows))
    widths = [w for _, layers in networks(tables.model) for w in layers]
    terms = [batch, tables.model.size, *widths]
    if tables.loss.kind in ("sum", "mse", "mse_and_cross_entropy") and widths:
        terms.append(batch * widths[-1])
    # The sum of all squared parameters is left out: no gradient has it, and counting it would let P4's
    # gradients be off by a thousandth. P3 and P4 have a larger gate_factor for its sake.
    return max(terms)


def check(tables: Tables, where: str) -> None:
    """What the single keys cannot show: that they fit together."""
    model, data = tables.model, tables.data
    if model.kind == "mlp" and len(model.layers) < 2:
        raise fail(where, "model.layers", "an mlp needs at least two numbers: in and out")
    if model.kind == "two_mlps" and set(model.nets) != {"quality", "type"}:
        raise fail(where, "model.nets", "expected the nets quality and type")
    if model.kind == "shared_trunk" and (set(model.heads) != {"quality", "type"} or len(model.layers) < 2):
        raise fail(where, "model.heads", "expected layers, and the heads quality and type")
    if model.kind == "expression" and not model.formula:
        raise fail(where, "model.formula", "missing key: an expression needs one")
    if model.kind == "graph" and (not model.shape or model.size < 1):
        raise fail(where, "model.size", "a graph needs a shape and a size of at least 1")
    if min((*model.layers, *itertools.chain(*model.nets.values()), 1)) < 1:
        raise fail(where, "model.layers", "every layer needs at least one feature")
    if model.dropout and len(model.dropout) != len(model.layers) - 2:
        raise fail(where, "model.dropout", f"expected {len(model.layers) - 2} rates, one a hidden layer")
    if any(not 0 <= p < 1 for p in model.dropout):
        raise fail(where, "model.dropout", "expected rates from 0 up to, not including, 1")
    if model.kind in NEED_DATA and shares(data)[0] < 1:
        raise fail(where, "data.rows", "this model needs at least one training row")
    if tables.loss.kind == "nll" and model.output != "log_softmax":
        raise fail(where, "loss.kind", "nll needs model.output = 'log_softmax'")
    if tables.optimizer.kind != "none" and tables.optimizer.lr <= 0:
        raise fail(where, "optimizer.lr", "expected a positive learning rate")
    if len(tables.optimizer.betas) != 2:
        raise fail(where, "optimizer.betas", "expected two numbers")
    if min(tables.batch, tables.epochs - 1, tables.steps, tables.gate_factor) < 0:
        raise fail(where, "batch", "neither batch nor steps may be negative, nor epochs below 1")
    if not tables.dtypes:
        raise fail(where, "dtypes", "expected at least one of float32, float64")
    if tables.validation and shares(data)[1] < 1:
        raise fail(where, "data.validation", "validation is asked for, but no rows are kept back")
