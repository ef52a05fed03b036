"""The workloads that are formulas, written once over "anything with operators".

Why it exists: M1, T1, T4 and the graph shapes run on numbers, on scalar nodes, on tensors of every library;
one text of each formula is the only way to be sure that all compute the same.
`f` carries the functions that are not operators: exp, log, tanh, sigmoid, relu, sum (torch has them,
trigrad's engines have them).
Read next: program.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVERY = 10  # a chain takes the tanh of every tenth value, so that it neither grows nor dies


def evaluate(f: Any, model: Mapping[str, Any], p: Mapping[str, Any], batch: Mapping[str, Any]) -> Any:
    """The score of an expression or graph workload, from its parameters and a batch."""
    if model["kind"] == "graph":
        return GRAPHS[model["shape"]](f, p, model["size"])
    formula = model["formula"]
    if formula == "micrograd_readme":
        return micrograd_readme(f, p["a"], p["b"])
    if formula == "tiny":
        return batch["x"] @ p["w"]
    if formula == "op_stress":
        return f.sigmoid(f.log(f.exp(batch["x"] @ p["w"]))) ** 2.0
    raise ValueError(f"no formula is called {formula!r}")


def micrograd_readme(f: Any, a: Any, b: Any) -> Any:
    """The eleven lines of micrograd's README (M1): g = 24.7041, dg/da = 138.8338, dg/db = 645.5773."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + f.relu(b + a)
    d = d + 3 * d + f.relu(b - a)
    e = c - d
    g = e**2 / 2.0
    return g + 10.0 / e**2


def chain(f: Any, p: Mapping[str, Any], size: int) -> Any:
    """`size` times v a + b; tanh after every tenth."""
    v, a, b = p["x"], p["a"], p["b"]
    for k in range(1, size + 1):
        v = v * a + b
        if k % EVERY == 0:
            v = f.tanh(v)
    return v


def fan_in(f: Any, p: Mapping[str, Any], size: int) -> Any:
    """The sum of exp(x_i) y_i: one node with `size` terms."""
    return f.sum(f.exp(p["x"]) * p["y"])


def lattice(f: Any, p: Mapping[str, Any], size: int) -> Any:
    """Layers of scalars, `size` nodes in all: v_i = sqrt(u_i u_(i+1)) of the layer below, in a ring."""
    width = p["x"].shape[0]
    layer = [p["x"][k] for k in range(width)]
    for _ in range(max(1, size // width)):
        layer = [f.sqrt(u * w) for u, w in zip(layer, [*layer[1:], layer[0]], strict=True)]
    total = layer[0]
    for v in layer[1:]:
        total = total + v
    return total


GRAPHS = {"chain": chain, "fan_in": fan_in, "lattice": lattice}
