"""One program over scalars with operators: trigrad's `scalar_cpp.Value` and micrograd's run the same lines.

Why it exists: trigrad's Value is a drop-in for micrograd's, so the fair comparison is one text and two
imports. It is written as micrograd's own demo is: neurons that sum w x, lists, p.data -= lr * p.grad. Told
"own_mlp", it calls the network that comes with the Value instead of writing it out.
Read before: protocol.py. Read next: micrograd.py (the other import line).
"""

from __future__ import annotations

import gc
import itertools
import sys
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import formulas
from .protocol import Array, Inputs, Spec, timed_apart
from .updates import Flat

Row = Sequence[Any]
# What a formula may call, as the methods of a Value.
CALLS = SimpleNamespace(
    exp=lambda v: v.exp(),
    tanh=lambda v: v.tanh(),
    relu=lambda v: v.relu(),
    sqrt=lambda v: v**0.5,
)


class Values:
    """The protocol over any class like micrograd's Value."""

    name = "scalar_cpp.value"
    most_products = 2_000_000  # of one pass: each is two objects and two nodes
    makes_cycles = False  # whether dropping a graph leaves it to Python's cyclic collector
    missing: tuple[str, ...] = ()  # functions that its Value lacks

    def __init__(self, threads: int) -> None:
        self.value, self.version = self.load()

    def load(self) -> tuple[type[Any], str]:
        """The class and its version."""
        import trigrad
        from trigrad.scalar_cpp import Value

        return Value, trigrad.__version__

    def load_mlp(self) -> type[Any]:
        """The network that comes with the class."""
        from trigrad.scalar_cpp import MLP

        return MLP

    def info(self) -> dict[str, Any]:
        return {"name": self.name, "driver": "python", "version": self.version, "threads": 1}

    def supports(self, workload: Spec, dtype: str) -> str:
        if dtype != "float64":
            return "a Value is a Python float: float64 only"
        model, loss = workload["model"], workload["loss"]["kind"]
        if model["kind"] not in ("mlp", "expression", "graph"):
            return "written for one network"
        plain = model["kind"] == "mlp" and model["activation"] == "relu" and model["bias"]
        if workload.get("own_mlp") and not (plain and not model["dropout"]):
            return "its MLP has biases, relu between its layers, and no dropout"
        needed = {
            "cross_entropy": ["exp", "log"],
            "nll": ["exp", "log"],
            "op_stress": ["exp", "log"],
            "fan_in": ["exp"],
            "chain": ["tanh"],
            "tanh": ["tanh"],
            "sigmoid": ["exp"],
        }
        words = [
            loss,
            model["formula"],
            model["shape"],
            model["activation"] if model["kind"] == "mlp" else "",
        ]
        if lacking := sorted({f for w in words for f in needed.get(w, []) if f in self.missing}):
            return f"its Value has + * ** and relu, but no {' or '.join(lacking)}"
        rows = workload["batch"] or workload["data"]["rows"] or 1
        products = rows * sum(a * b for a, b in itertools.pairwise(model["layers"]))
        if products > self.most_products:
            return f"{products / 1e6:.1f} million multiplications in a pass, each several Python objects"
        return str(workload.get("unsupported", {}).get(self.name, ""))

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.workload, self.arrays, self.model = workload, arrays, workload["model"]
        self.loss_spec = workload["loss"]
        # A deep graph needs deep recursion in micrograd's backward; its users raise the limit.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1_000_000))
        self.network: Any = None
        if workload.get("own_mlp"):
            self.network = self.load_mlp()(self.model["layers"][0], self.model["layers"][1:])
            self.named = {name: self.in_network(name) for name in arrays.parameters}
        else:
            self.named = {
                name: [self.value(float(v)) for v in np.ravel(a)] for name, a in arrays.parameters.items()
            }
        self.parameters = [p for values in self.named.values() for p in values]
        self.layers = [] if self.model["kind"] != "mlp" else self.neurons()
        self.prepared = {k: self.prepare(k) for k in range(arrays.span())}
        self.reset()

    def in_network(self, name: str) -> list[Any]:
        """The Values in the library's network that are weight0, bias0, ...; reset() fills them."""
        neurons = self.network.layers[int(name.removeprefix("weight").removeprefix("bias"))].neurons
        return [n.b for n in neurons] if name.startswith("bias") else [w for n in neurons for w in n.w]

    def neurons(self) -> list[list[tuple[list[Any], Any]]]:
        """The layers as lists of (weights, bias)."""
        layers = []
        for k, (n_in, n_out) in enumerate(itertools.pairwise(self.model["layers"])):
            w = self.named[f"weight{k}"]
            b = self.named[f"bias{k}"] if self.model["bias"] else [0.0] * n_out
            layers.append([(w[j * n_in : (j + 1) * n_in], b[j]) for j in range(n_out)])
        return layers

    def prepare(self, step: int) -> dict[str, Any]:
        """The batch of a step as lists of numbers."""
        batch: dict[str, Any] = {name: a.tolist() for name, a in self.arrays.batch(step).items()}
        if self.workload["x_requires_grad"]:
            batch["x"] = [[self.value(v) for v in row] for row in batch["x"]]
        return batch

    def batch(self, step: int) -> dict[str, Any]:
        """The lists of a step, prepared outside the clock for as many as "step" walks."""
        return self.prepared[step] if step in self.prepared else self.prepare(step)

    # ---- the program -------------------------------------------------------------------------------------

    def scores(self, x: Row, batch: dict[str, Any], row: int) -> list[Any]:
        """The outputs of the network for one row."""
        if self.network:
            z = self.network(x)
            return z if isinstance(z, list) else [z]
        h: list[Any] = list(x)
        for k, layer in enumerate(self.layers):
            h = [sum((wi * xi for wi, xi in zip(w, h, strict=True)), b) for w, b in layer]
            if k + 1 < len(self.layers):
                h = [self.activate(v) for v in h]
                if f"mask{k}" in batch:
                    h = [v * m for v, m in zip(h, batch[f"mask{k}"][row], strict=True)]
        return h

    def activate(self, v: Any) -> Any:
        """The model's activation."""
        kind = self.model["activation"]
        if kind == "relu":
            return v.relu()
        if kind == "tanh":
            return v.tanh()
        return 1.0 / (1.0 + (-v).exp()) if kind == "sigmoid" else v

    def row_loss(self, z: list[Any], y: Any) -> Any:
        """The loss of one row, before the mean."""
        kind = self.loss_spec["kind"]
        if kind in ("cross_entropy", "nll"):
            largest = max(v.data for v in z)
            return sum((v - largest).exp() for v in z).log() + largest - z[y]
        if kind == "hinge":
            return (1 + -(y[0] if isinstance(y, list) else y) * z[0]).relu()
        if kind == "mse":
            return sum((v - t) ** 2 for v, t in zip(z, y if isinstance(y, list) else [y], strict=True)) * (
                1.0 / len(z)
            )
        return sum(z)

    def forward(self, batch: dict[str, Any]) -> Any:
        """The loss, with its graph."""
        loss = self.data_loss(batch)
        if self.loss_spec["l2"] and self.loss_spec["l2_gradient"]:
            loss = loss + self.loss_spec["l2"] * sum(p * p for p in self.parameters)
        return loss

    def data_loss(self, batch: dict[str, Any]) -> Any:
        if self.model["kind"] == "mlp":
            scores = [self.scores(x, batch, k) for k, x in enumerate(batch["x"])]
        elif self.model["formula"] in ("tiny", "op_stress"):
            scores = [[self.formula(x)] for x in batch["x"]]
        else:
            return self.expression()
        targets = batch.get("y", [0.0] * len(scores))
        losses = [self.row_loss(z, y) for z, y in zip(scores, targets, strict=True)]
        return sum(losses) * (1.0 if self.loss_spec["kind"] == "sum" else 1.0 / len(losses))

    def formula(self, x: Row) -> Any:
        """T1 and T4 for one row."""
        z = sum(wi * xi for wi, xi in zip(self.named["w"], x, strict=True))
        return z if self.model["formula"] == "tiny" else (1.0 / (1.0 + (-z.exp().log()).exp())) ** 2

    def expression(self) -> Any:
        """M1 and the graphs."""
        if self.model["shape"] == "fan_in":
            pairs = zip(self.named["x"], self.named["y"], strict=True)
            return sum(x.exp() * y for x, y in pairs)
        named = {name: np.array(v, object) if len(v) > 1 else v[0] for name, v in self.named.items()}
        return formulas.evaluate(CALLS, self.model, named, {})

    def penalty(self) -> float:
        """The value of a regulariser without gradient."""
        if not self.loss_spec["l2"] or self.loss_spec["l2_gradient"]:
            return 0.0
        return float(self.loss_spec["l2"] * sum(p.data * p.data for p in self.parameters))

    def clear(self) -> None:
        """micrograd's zero_grad."""
        for p in self.parameters:
            p.grad = 0
        if self.workload["x_requires_grad"]:
            for p in itertools.chain(*self.prepared[0]["x"]):
                p.grad = 0

    def grad(self, step: int) -> float:
        """Clears gradients, forward, backward; the loss."""
        self.clear()
        loss = self.forward(self.batch(step))
        penalty = self.penalty()
        loss.backward()
        return float(loss.data) + penalty

    def update(self, step: int) -> None:
        """The optimiser's update, one parameter after the other."""
        self.optimizer.step(self.parameters, self.arrays.lrs[step % len(self.arrays.lrs)])

    # ---- the protocol's verbs ----------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to the initial parameters and a fresh optimiser."""
        for name, values in self.named.items():
            for p, initial in zip(values, np.ravel(self.arrays.parameters[name]).tolist(), strict=True):
                p.data = initial
        self.optimizer = Flat(self.workload["optimizer"], len(self.parameters))

    def run(self, phase: str, n: int) -> int | None:
        self.reset()
        if phase == "update":
            self.grad(0)

        def repeat(k: int) -> int:
            loss: Any = None
            if phase == "backward":
                self.clear()
                loss = self.forward(self.batch(0))
            start = time.perf_counter_ns()
            if phase == "forward":
                self.forward(self.batch(0))
                self.penalty()
            elif phase == "backward":
                loss.backward()
            elif phase == "update":
                self.update(0)
            elif phase == "grad":
                self.grad(0)
            else:
                self.grad(k)
                self.update(k)
            taken = time.perf_counter_ns() - start
            loss = None
            if self.makes_cycles and phase != "update":
                gc.collect()  # the harness has switched automatic collection off; this is not timed
            return taken

        return timed_apart(repeat, n, self.arrays.span())

    def result(self) -> dict[str, Array]:
        self.reset()
        found = {"loss": np.asarray(self.grad(0), np.float64)}
        for name, values in self.named.items():
            shape = self.arrays.parameters[name].shape
            found[f"grad/{name}"] = np.array([float(p.grad) for p in values]).reshape(shape)
        if self.workload["x_requires_grad"]:
            found["grad/x"] = np.array([[float(v.grad) for v in row] for row in self.prepared[0]["x"]])
        self.clear()
        return found

    def losses(self, steps: int) -> list[float]:
        self.reset()
        found = []
        for k in range(steps):
            found.append(self.grad(k))
            self.update(k)
            if self.makes_cycles:
                gc.collect()
        self.reset()
        return found

    def counters(self) -> dict[str, int]:
        """Nodes of one graph: every object that came out of an operation."""
        loss = self.forward(self.batch(0))
        seen, todo, nodes = (
            {id(loss): loss},
            [loss],
            0,
        )  # keeps what it saw: a freed object's id is used again
        while todo:
            parents = list(todo.pop()._prev)
            nodes += bool(parents)
            for p in parents:
                if id(p) not in seen:
                    seen[id(p)] = p
                    todo.append(p)
        return {"nodes": nodes}

    def close(self) -> None:
        self.prepared = {}
