"""Your own engine, from one file: `trigrad bench compare --engine path/to/mine.py`.

Why it exists: whoever wrote an engine wants to see it in the same table, after the same gate. The file holds
either

    def loss_and_gradients(parameters, x, y):     # the simplest: dict of arrays, arrays -> (loss, {name:
    gradient})

which is enough for a network with a loss (how the loss is computed is up to you: `WORKLOAD` holds the
dictionary of the workload while it runs), or

    class Engine:                                  # everything: the methods of protocol.Engine

with a constructor that takes the number of threads. bench/examples/my_engine.py is a complete example.
Optional in both:
`name` (shown in tables), and for the simple form `supports(workload) -> str`.
Read before: protocol.py.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .protocol import Array, Engine, Inputs, Spec, timed

Gradients = dict[str, Array]
Simple = Callable[[Gradients, Any, Any], tuple[float, Gradients]]


def load(path: Path, threads: int) -> Engine:
    """The engine that the file defines."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(f"learner_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses and pickles look their module up
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    if hasattr(module, "Engine"):
        made: Engine = module.Engine(threads)
        return made
    if hasattr(module, "loss_and_gradients"):
        return Learner(module, path)
    raise AttributeError(
        f"{path.name} defines neither `class Engine` nor `def loss_and_gradients(parameters, x, y)`"
    )


class Learner:
    """The protocol around a function that returns loss and gradients; updates are SGD in NumPy, here."""

    def __init__(self, module: ModuleType, path: Path) -> None:
        self.module, self.path = module, path
        self.function: Simple = module.loss_and_gradients

    def info(self) -> dict[str, Any]:
        return {"name": getattr(self.module, "name", self.path.stem), "driver": "python", "version": ""}

    def supports(self, workload: Spec, dtype: str) -> str:
        kind, optimizer = workload["model"]["kind"], workload["optimizer"]
        if kind not in ("mlp", "expression"):
            return f"loss_and_gradients gets parameters, x and y; a {kind} needs more: define `class Engine`"
        if workload["model"].get("dropout"):
            return "loss_and_gradients gets no dropout masks: define `class Engine`"
        if workload.get("x_requires_grad"):
            return "this workload wants the gradient of x, too: define `class Engine`"
        if optimizer["kind"] not in ("none", "sgd"):
            return f"loss_and_gradients is trained with SGD, not {optimizer['kind']}: define `class Engine`"
        own = getattr(self.module, "supports", None)
        return str(own(workload)) if own else ""

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.workload, self.arrays, self.dtype = workload, arrays, dtype
        self.module.WORKLOAD = workload  # type: ignore[attr-defined]
        self.reset()

    def reset(self) -> None:
        """The initial parameters, without momentum."""
        self.parameters = {n: a.astype(self.dtype) for n, a in self.arrays.parameters.items()}
        self.velocity: Gradients = {}
        self.prepared: dict[int, tuple[Any, Any]] = {}

    def batch(self, step: int) -> tuple[Any, Any]:
        """x and y of a step, in the run's dtype."""
        if step not in self.prepared:
            data = self.arrays.batch(step)
            floats = {n: a.astype(self.dtype) if a.dtype.kind == "f" else a for n, a in data.items()}
            self.prepared[step] = (floats.get("x"), floats.get("y"))
        return self.prepared[step]

    def update(self, gradients: Gradients, lr: float) -> None:
        """SGD as PyTorch defines it."""
        options = self.workload["optimizer"]
        for name, p in self.parameters.items() if options["kind"] == "sgd" else ():
            g = gradients[name] + options.get("weight_decay", 0.0) * p
            if options.get("momentum"):
                g = self.velocity[name] = (
                    options["momentum"] * self.velocity[name] + g if name in self.velocity else g
                )
            p -= (lr * g).astype(p.dtype)

    def step(self, k: int) -> float:
        """One training step; the loss before the update."""
        loss, gradients = self.function(self.parameters, *self.batch(k))
        self.update(gradients, self.arrays.lrs[k])
        return float(loss)

    def run(self, phase: str, n: int) -> int | None:
        self.reset()
        if phase not in ("grad", "step"):
            raise NotImplementedError(f"loss_and_gradients is one call: {phase} cannot be timed alone")
        span = self.arrays.span() if phase == "step" else 1
        for k in range(min(n, span)):
            self.batch(k)
        return timed(self.step if phase == "step" else self._grad, n, span)

    def _grad(self, k: int) -> None:
        self.function(self.parameters, *self.batch(k))

    def result(self) -> dict[str, Array]:
        self.reset()
        loss, gradients = self.function(self.parameters, *self.batch(0))
        found = {f"grad/{name}": np.asarray(g, np.float64) for name, g in gradients.items()}
        return found | {"loss": np.asarray(loss, np.float64)}

    def losses(self, steps: int) -> list[float]:
        self.reset()
        return [self.step(k) for k in range(steps)]

    def counters(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self.prepared = {}
