"""PyTorch, eager: what a good PyTorch user writes by hand.

Why it exists: the yardstick must be PyTorch at its usual best: nn.Sequential, torch.optim,
zero_grad(set_to_none=True), batches as tensors, no detours through a common interface of ours.
Read before: torch_models.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .protocol import Array, Inputs, Spec, run_steps
from .torch_models import LOSSES, Batch, build


class TorchEager:
    """The protocol over hand-written PyTorch."""

    name = "torch"

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)

    def info(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "driver": "python",
            "version": torch.__version__,
            "threads": torch.get_num_threads(),
            "isa": torch.backends.cpu.get_cpu_capability(),
            "config": torch.__config__.show(),
            "versions": {"torch": torch.__version__, "numpy": np.__version__},
        }

    def supports(self, workload: Spec, dtype: str) -> str:
        return str(workload.get("unsupported", {}).get(self.name, ""))

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.workload, self.arrays, self.dtype = workload, arrays, np.dtype(dtype)
        self.initial = {name: np.array(a, self.dtype) for name, a in arrays.parameters.items()}
        self.model, self.parameters = build(workload, self.initial)
        self.start = {name: p.detach().clone() for name, p in self.parameters.items()}
        for name, a in self.initial.items():
            self.start[name] = torch.from_numpy(a.copy())
        self.prepared: dict[int, list[Batch]] = {}
        self.loss = self.loss_function(self.model)
        self.reset()

    def loss_function(self, model: nn.Module) -> Callable[[list[Batch]], Tensor]:
        """The loss of a step; its graphs are the rows where each row is a graph of its own."""
        spec = self.workload["loss"]
        of = LOSSES[spec["kind"]]
        l2 = spec["l2"] if spec.get("l2") and spec.get("l2_gradient", True) else 0.0
        parameters = list(self.parameters.values())

        def loss(graphs: list[Batch]) -> Tensor:
            found = of(model(graphs[0]), graphs[0])
            for batch in graphs[1:]:
                found = found + of(model(batch), batch)
            if len(graphs) > 1:
                found = found / len(graphs)
            if l2:
                found = found + l2 * sum(p.square().sum() for p in parameters)
            return found

        return loss

    def penalty(self) -> float:
        """The value of a regulariser that has no gradient."""
        spec = self.workload["loss"]
        if not spec.get("l2") or spec.get("l2_gradient", True):
            return 0.0
        with torch.no_grad():
            return float(spec["l2"]) * sum(p.square().sum().item() for p in self.parameters.values())

    def graphs(self, step: int) -> list[Batch]:
        """The tensors of a step."""
        key = step % max(1, len(self.arrays.batches))
        if key in self.prepared:
            return self.prepared[key]
        batch = {name: self._tensor(name, a) for name, a in self.arrays.batch(key).items()}
        made = [batch]
        if self.workload.get("per_sample"):
            rows = len(next(iter(batch.values()), ()))
            made = [{name: t[k : k + 1] for name, t in batch.items()} for k in range(rows)]
        if key < self.arrays.span():
            self.prepared[key] = made
        return made

    def _tensor(self, name: str, array: Array) -> Tensor:
        made = torch.from_numpy(np.array(array, self.dtype if array.dtype.kind == "f" else np.int64))
        return made.requires_grad_(name == "x" and bool(self.workload.get("x_requires_grad")))

    def reset(self) -> None:
        """Back to the initial parameters and a fresh optimiser."""
        with torch.no_grad():
            for name, p in self.parameters.items():
                p.copy_(self.start[name])
        self.optimizer = make_optimizer(self.workload["optimizer"], list(self.parameters.values()))
        self.clear()

    def clear(self) -> None:
        """No gradients."""
        self.optimizer.zero_grad(set_to_none=True)
        if self.workload.get("x_requires_grad"):
            for batch in self.graphs(0):
                batch["x"].grad = None

    def forward(self, step: int) -> Tensor:
        """The loss of a step."""
        return self.loss(self.graphs(step))

    def grad(self, step: int) -> Tensor:
        """Clears gradients, then forward and backward; returns the loss."""
        self.clear()
        loss = self.forward(step)
        self.penalty()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    def update(self, step: int) -> None:
        """The optimiser's update with the learning rate of this step."""
        self.optimizer.param_groups[0]["lr"] = self.arrays.lrs[step % len(self.arrays.lrs)]
        self.optimizer.step()

    def step(self, step: int) -> Tensor:
        """One training step; returns the loss before the update."""
        loss = self.grad(step)
        if self.workload["optimizer"]["kind"] != "none":
            self.update(step)
        return loss

    def run(self, phase: str, n: int) -> int | None:
        return run_steps(self, phase, n)

    def sweep_ns(self, step: int) -> int:
        """Nanoseconds of the sweep alone."""
        self.clear()
        loss = self.forward(step)
        start = time.perf_counter_ns()
        loss.backward()  # type: ignore[no-untyped-call]
        return time.perf_counter_ns() - start

    def result(self) -> dict[str, Array]:
        self.reset()
        loss = self.grad(0)
        found = {"loss": np.asarray(loss.item() + self.penalty(), np.float64)}
        for name, p in self.parameters.items():
            found[f"grad/{name}"] = as_float64(p)
        if self.workload.get("x_requires_grad"):
            found["grad/x"] = np.concatenate([as_float64(batch["x"]) for batch in self.graphs(0)])
        return found

    def losses(self, steps: int) -> list[float]:
        self.reset()
        found = []
        for k in range(steps):
            penalty = self.penalty()
            found.append(float(self.step(k).item()) + penalty)
        self.reset()
        return found

    def counters(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self.prepared = {}


def as_float64(tensor: Tensor) -> Array:
    """The gradient of a leaf; zeros when nothing reached it."""
    if tensor.grad is None:
        return np.zeros(tuple(tensor.shape))
    return np.array(tensor.grad.detach().numpy(), np.float64)


def make_optimizer(spec: Spec, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """torch.optim with the workload's settings; SGD also where nothing is ever updated."""
    kind = spec["kind"]
    if kind in ("none", "sgd"):
        return torch.optim.SGD(
            parameters, lr=spec["lr"], momentum=spec["momentum"], weight_decay=spec["weight_decay"]
        )
    make: Callable[..., torch.optim.Optimizer] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    options = {"lr": spec["lr"], "betas": tuple(spec["betas"]), "eps": spec["eps"]}
    return make(parameters, weight_decay=spec["weight_decay"], **options)
