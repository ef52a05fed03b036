"""The workloads as functions of arrays, loss(parameters, batch): what users of autograd and of JAX write.

Why it exists: both differentiate plain NumPy code, so the code of the model is one; each library adds its
own way to take the gradient and to run a step (autograd.py, jax.py).
`f` carries the functions of the library: exp, log, tanh, relu, sigmoid, sqrt, sum, mean, log_softmax, pick.
Read before: formulas.py.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import formulas
from .protocol import Array, Inputs, Spec, timed_apart

Arrays = dict[str, Any]


def network(
    f: Any, model: Spec, p: Arrays, prefix: str, layers: list[int], batch: Arrays, x: Any, *, open_end: bool
) -> Any:
    """Linear layers with activations between them, and after the last one unless it is an open end."""
    activate = {"relu": f.relu, "tanh": f.tanh, "sigmoid": f.sigmoid, "identity": lambda v: v}[
        model["activation"]
    ]
    last = len(layers) - 2
    for k, _ in enumerate(itertools.pairwise(layers)):
        x = x @ p[f"{prefix}weight{k}"].T
        if model["bias"]:
            x = x + p[f"{prefix}bias{k}"]
        if k < last or not open_end:
            x = activate(x)
            if f"mask{k}" in batch:
                x = x * batch[f"mask{k}"]
    return x


def score_loss(f: Any, kind: str, z: Any, y: Any) -> Any:
    """The loss of a batch's scores."""
    if kind in ("cross_entropy", "nll"):  # nll is of log_softmax, which is the same sum
        return -f.mean(f.pick(f.log_softmax(z), y))
    if kind == "mse":
        return f.mean((z - y) ** 2)
    if kind == "hinge":
        return f.mean(f.relu(1.0 - y * z))
    return z if kind == "none" else f.sum(z)


def loss_of(f: Any, workload: Spec) -> Callable[[Arrays, Arrays], Any]:
    """loss(parameters, batch) without the regulariser."""
    model, kind = workload["model"], workload["loss"]["kind"]

    def net(
        p: Arrays, batch: Arrays, prefix: str, layers: list[int], x: Any = None, open_end: bool = True
    ) -> Any:
        start = (p["x"] if workload["x_requires_grad"] else batch["x"]) if x is None else x
        return network(f, model, p, prefix, layers, batch, start, open_end=open_end)

    def quality_and_type(quality: Any, type_: Any, batch: Arrays) -> Any:
        classes = score_loss(f, "cross_entropy", type_, batch["y"])
        return score_loss(f, "mse", quality, batch["target"]) + classes

    def mlp(p: Arrays, batch: Arrays) -> Any:
        return score_loss(f, kind, net(p, batch, "", model["layers"]), batch.get("y"))

    def two_mlps(p: Arrays, batch: Arrays) -> Any:
        found = {name: net(p, batch, f"{name}.", layers) for name, layers in model["nets"].items()}
        return quality_and_type(found["quality"], found["type"], batch)

    def shared_trunk(p: Arrays, batch: Arrays) -> Any:
        h = net(p, batch, "trunk.", model["layers"], open_end=False)
        width = model["layers"][-1]
        found = {name: net(p, batch, f"{name}.", [width, out], h) for name, out in model["heads"].items()}
        return quality_and_type(found["quality"], found["type"], batch)

    def formula(p: Arrays, batch: Arrays) -> Any:
        return score_loss(f, kind, formulas.evaluate(f, model, p, batch), batch.get("y"))

    kinds = {"mlp": mlp, "two_mlps": two_mlps, "shared_trunk": shared_trunk}
    return kinds.get(model["kind"], formula)


def regularised(f: Any, workload: Spec, loss: Callable[[Arrays, Arrays], Any], names: list[str]) -> Any:
    """The loss with l2 times the sum of all squared parameters, where that has a gradient."""
    spec = workload["loss"]
    if not spec["l2"] or not spec["l2_gradient"]:
        return loss
    return lambda p, batch: loss(p, batch) + spec["l2"] * sum(f.sum(p[k] ** 2) for k in names)


class Functional:
    """The protocol; a library fills in `compile`, which sets self.calls, and `array`."""

    name = ""
    makes_cycles = False  # whether dropping a graph leaves it to Python's cyclic collector
    calls: dict[str, Callable[..., Any]]  # forward, backward, grad, update, step

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def compile(self) -> None:
        """Sets self.calls for self.workload."""
        raise NotImplementedError

    def array(self, a: Array) -> Any:
        """The library's own array."""
        raise NotImplementedError

    def fresh_state(self) -> Any:
        """The optimiser's state."""
        raise NotImplementedError

    def version(self) -> str:
        """The library's version."""
        raise NotImplementedError

    def info(self) -> dict[str, Any]:
        found = self.version()
        versions = {self.name: found, "numpy": np.__version__}
        return {
            "name": self.name,
            "driver": "python",
            "version": found,
            "threads": self.threads,
            "versions": versions,
        }

    def supports(self, workload: Spec, dtype: str) -> str:
        return str(workload.get("unsupported", {}).get(self.name, ""))

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.workload, self.arrays, self.dtype = workload, arrays, np.dtype(dtype)
        self.names = list(arrays.parameters)
        self.prepared = {k: self.prepare(k) for k in range(arrays.span())}
        self.compile()
        self.reset()

    def prepare(self, step: int) -> Arrays:
        """The arrays of a step; hinge and mse want y in the shape of the scores, as their users write it."""
        return {
            name: self.array(a.astype(self.dtype) if a.dtype.kind == "f" else a)
            for name, a in self.arrays.batch(step).items()
        }

    def batch(self, step: int) -> Arrays:
        """The arrays of a step, prepared outside the clock for as many as "step" walks."""
        return self.prepared[step] if step in self.prepared else self.prepare(step)

    def reset(self) -> None:
        """Back to the initial parameters and a fresh optimiser."""
        self.p = {name: self.array(a.astype(self.dtype)) for name, a in self.arrays.parameters.items()}
        self.state = self.fresh_state()

    def inputs(self, step: int) -> Arrays:
        """What is differentiated: the parameters, and x where its gradient is wanted."""
        return self.p | {"x": self.batch(step)["x"]} if self.workload["x_requires_grad"] else self.p

    def step(self, step: int) -> Any:
        """One training step; the loss before the update."""
        lr = self.arrays.lrs[step % len(self.arrays.lrs)]
        loss, self.p, self.state, *_ = self.calls["step"](self.inputs(step), self.batch(step), self.state, lr)
        return loss

    def run(self, phase: str, n: int) -> int | None:
        self.reset()
        p, batch, clock = self.inputs(0), self.batch(0), time.perf_counter_ns
        call = self.calls.get(phase)
        assert call is not None, phase
        ready: tuple[Any, ...] = (p, batch)
        if phase == "update":
            ready = (self.p, self.calls["grad"](p, batch)[1], self.state, self.arrays.lrs[0])

        def repeat(k: int) -> int:
            given = (self.calls["forward"](p, batch),) if phase == "backward" else ready
            start = clock()
            if phase == "step":
                self.step(k)
            else:
                call(*given)
            taken = clock() - start
            if self.makes_cycles and phase != "update":
                given = ()
                gc.collect()  # the harness has switched automatic collection off; this is not timed
            return taken

        return timed_apart(repeat, n, self.arrays.span())

    def result(self) -> dict[str, Array]:
        self.reset()
        loss, gradients = self.calls["grad"](self.inputs(0), self.batch(0))
        found = {"loss": np.asarray(float(loss) + self.penalty(), np.float64)}
        return found | {f"grad/{name}": np.array(g, np.float64) for name, g in gradients.items()}

    def penalty(self) -> float:
        """The value of a regulariser without gradient."""
        spec = self.workload["loss"]
        if not spec["l2"] or spec["l2_gradient"]:
            return 0.0
        return float(spec["l2"]) * sum(float((self.p[k] ** 2).sum()) for k in self.names)

    def losses(self, steps: int) -> list[float]:
        self.reset()
        found = []
        for k in range(steps):
            penalty = self.penalty()
            found.append(float(self.step(k)) + penalty)
            if self.makes_cycles:
                gc.collect()
        self.reset()
        return found

    def counters(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self.prepared = {}
