"""HIPS autograd: NumPy code whose calls are recorded.

Why it exists: it is the classic of define-by-run in Python, and what a NumPy user would pick first.
Read before: functional.py (the model).
"""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import autograd.numpy as np  # type: ignore[import-untyped, unused-ignore]
import numpy
from autograd import make_vjp
from autograd.scipy.special import logsumexp  # type: ignore[import-untyped, unused-ignore]

from .functional import Arrays, Functional, loss_of, regularised
from .protocol import Array
from .updates import fresh, updated

F = SimpleNamespace(
    exp=np.exp,
    log=np.log,
    tanh=np.tanh,
    sqrt=np.sqrt,
    sum=np.sum,
    mean=np.mean,
    sigmoid=lambda x: 1 / (1 + np.exp(-x)),
    relu=lambda x: np.where(x > 0, x, 0.0),  # np.maximum would share the gradient at 0 between both sides
    log_softmax=lambda z: z - logsumexp(z, axis=1, keepdims=True),
    pick=lambda z, y: z[numpy.arange(len(y)), y],
)


class Autograd(Functional):
    """make_vjp: the forward pass records, the function that comes back is the sweep."""

    name = "autograd"

    def version(self) -> str:
        return version("autograd")

    def array(self, a: Array) -> Any:
        return numpy.array(a)

    def fresh_state(self) -> Any:
        return fresh(self.workload["optimizer"], {k: numpy.zeros_like(a) for k, a in self.p.items()})

    def compile(self) -> None:
        of, per_sample = loss_of(F, self.workload), self.workload["per_sample"]

        def mean_of_rows(p: Arrays, batch: Arrays) -> Any:  # every row is a graph of its own
            rows = len(batch["x"])
            total = of(p, {name: a[:1] for name, a in batch.items()})
            for k in range(1, rows):
                total = total + of(p, {name: a[k : k + 1] for name, a in batch.items()})
            return total * (1.0 / rows)

        loss = regularised(F, self.workload, mean_of_rows if per_sample else of, self.names)

        def forward(p: Arrays, batch: Arrays) -> Any:
            sweep, value = make_vjp(lambda q: loss(q, batch))(p)
            self.penalty()
            return sweep, value

        def grad(p: Arrays, batch: Arrays) -> Any:
            sweep, value = forward(p, batch)
            return value, sweep(numpy.ones_like(value))

        def update(p: Arrays, g: Arrays, state: Any, lr: float) -> Any:
            return updated(self.workload["optimizer"], p, g, state, lr)

        def step(p: Arrays, batch: Arrays, state: Any, lr: float) -> Any:
            value, g = grad(p, batch)
            return (value, *update({k: p[k] for k in self.names}, g, state, lr))

        backward = lambda graph: graph[0](numpy.ones_like(graph[1]))
        self.calls = {"forward": forward, "backward": backward, "grad": grad, "update": update, "step": step}
