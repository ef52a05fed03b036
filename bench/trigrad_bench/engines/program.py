"""A workload as a program over any trigrad engine module.

Why it exists: tensor_cpp, scalar_cpp and reference_py offer one surface, so one text runs on all of them and
differences in time are differences of engines. It is written as a user of the surface would write it: one
function call per layer, the engine's own optimiser, batches prepared outside the clock. What the workload
says is read once: in a step of four microseconds, a look into a dictionary is part of what is measured.
Read next: surface.py (which engine, which order), formulas.py (M1, T1, T4, graphs), then torch_eager.py.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import formulas
from .protocol import Array, Inputs, Spec, run_steps

Batch = dict[str, Any]


class Program:
    """One workload on one engine module `tg` in one order. The parameters' names are those of the arrays."""

    def __init__(self, tg: Any, workload: Spec, arrays: Inputs, dtype: str, order: str) -> None:
        self.tg, self.workload, self.arrays, self.order = tg, workload, arrays, order
        self.dtype = np.dtype(dtype)
        self.model, self.loss_spec = workload["model"], workload["loss"]
        self.initial = {name: array.astype(self.dtype) for name, array in arrays.parameters.items()}
        self.parameters = {name: tg.tensor(a, requires_grad=True) for name, a in self.initial.items()}
        self._prepared: dict[int, list[Batch]] = {}
        activation = self.model.get("activation")
        self.activation = None if activation == "identity" else activation
        self.x_requires_grad = bool(workload.get("x_requires_grad"))
        l2 = float(self.loss_spec.get("l2", 0.0))
        # A regulariser is part of the graph, or a number beside it.
        self._l2, self._penalty = (l2, 0.0) if self.loss_spec.get("l2_gradient", True) else (0.0, l2)
        self._loss = self._make_loss(self._make_score())
        self._optimizer: Any = None
        self.reset()

    # ---- data --------------------------------------------------------------------------------------------

    def graphs(self, step: int) -> list[Batch]:
        """The tensors of a step: one entry, or one for every row when each row is a graph of its own."""
        key = step % max(1, len(self.arrays.batches))
        if key not in self._prepared:
            made = self._prepare(key)
            if key >= self.arrays.span():
                return made
            self._prepared[key] = made
        return self._prepared[key]

    def _prepare(self, step: int) -> list[Batch]:
        batch = self.arrays.batch(step)
        rows = len(next(iter(batch.values()), ()))
        parts = [slice(k, k + 1) for k in range(rows)] if self.workload.get("per_sample") else [slice(None)]
        return [{name: self._tensor(name, array[part]) for name, array in batch.items()} for part in parts]

    def _tensor(self, name: str, array: Array) -> Any:
        floating = np.issubdtype(array.dtype, np.floating)
        wants_grad = name == "x" and self.x_requires_grad
        return self.tg.tensor(array.astype(self.dtype) if floating else array, requires_grad=wants_grad)

    # ---- forward -----------------------------------------------------------------------------------------

    def forward(self, step: int = 0) -> Any:
        """The loss of a step, as a tensor with its graph; a regulariser without gradient is not in it."""
        return self.loss_of(self.graphs(step))

    def loss_of(self, graphs: list[Batch]) -> Any:
        """The loss of one batch."""
        loss = self._loss(graphs[0])
        for batch in graphs[1:]:
            loss = loss + self._loss(batch)
        if len(graphs) > 1:
            loss = loss * (1 / len(graphs))
        if self._l2:
            for p in self.parameters.values():
                loss = loss + self.tg.sum(self.tg.square(p)) * self._l2
        return loss

    def penalty(self) -> float:
        """The value of a regulariser that has no gradient: a pass over all parameters, as its seeds do it."""
        if not self._penalty:
            return 0.0
        with self.tg.no_grad():
            squares = [float(self.tg.sum(self.tg.square(p)).item()) for p in self.parameters.values()]
        return self._penalty * sum(squares)

    def _make_score(self) -> Callable[[Batch], Any]:
        """What the loss is computed from; for F6 two tensors by name."""
        tg, model = self.tg, self.model
        kind = model["kind"]
        if kind == "mlp":
            net = self._stack("", len(model["layers"]) - 1)
            if model.get("output") == "log_softmax":
                return lambda batch: tg.log_softmax(net(batch["x"], batch), dim=-1)
            return lambda batch: net(batch["x"], batch)
        if kind == "two_mlps":
            nets = {n: self._stack(f"{n}.", len(layers) - 1) for n, layers in model["nets"].items()}
            return lambda batch: {n: net(batch["x"], batch) for n, net in nets.items()}
        if kind == "shared_trunk":
            trunk = self._stack("trunk.", len(model["layers"]) - 1, last=model["activation"])
            heads = {name: self._stack(f"{name}.", 1) for name in model["heads"]}

            def both(batch: Batch) -> Any:
                x = trunk(batch["x"], batch)
                return {name: head(x, batch) for name, head in heads.items()}

            return both
        return lambda batch: formulas.evaluate(tg, model, self.parameters, batch)

    def _stack(self, prefix: str, depth: int, last: str | None = None) -> Callable[[Any, Batch], Any]:
        """Linear layers with activations (and masks) between them."""
        p, masked = self.parameters, bool(self.model.get("dropout"))
        linear = self._plain_linear if self.workload.get("plain") else self.tg.linear
        layers = [
            (
                *(p[f"{prefix}weight{k}"], p.get(f"{prefix}bias{k}")),
                self.activation if k < depth - 1 else last,
                f"mask{k}" if masked and k < depth - 1 else None,
            )
            for k in range(depth)
        ]

        def net(x: Any, batch: Batch) -> Any:
            for weight, bias, activation, mask in layers:
                x = linear(x, weight, bias, activation=activation)
                if mask and mask in batch:
                    x = x * batch[mask]
            return x

        return net

    def _plain_linear(self, x: Any, weight: Any, bias: Any, activation: str | None) -> Any:
        """For waterfall.py: what the fused call saves."""
        x = self.tg.matmul(x, weight.T)
        x = x if bias is None else x + bias
        return getattr(self.tg, activation)(x) if activation else x

    def _make_loss(self, score: Callable[[Batch], Any]) -> Callable[[Batch], Any]:
        """The loss of one graph."""
        tg, kind = self.tg, self.loss_spec["kind"]
        if kind == "none":
            return score
        if kind == "sum":
            return lambda batch: tg.sum(score(batch))
        if kind == "mse_and_cross_entropy":

            def joint(batch: Batch) -> Any:
                found = score(batch)
                quality = tg.mse_loss(found["quality"], batch["target"])
                return quality + tg.cross_entropy(found["type"], batch["y"])

            return joint
        names = {"nll": "nll_loss", "mse": "mse_loss", "hinge": "hinge_loss"}
        of = getattr(tg, names.get(kind, kind))
        return lambda batch: of(score(batch), batch["y"])

    # ---- gradients and updates ---------------------------------------------------------------------------

    def clear(self) -> None:
        """No gradients."""
        for p in self.parameters.values():
            p.grad = None
        if self.x_requires_grad:
            for batch in self.graphs(0):
                batch["x"].grad = None

    def grad(self, step: int = 0) -> Any:
        """Clears gradients, then forward and backward; returns the loss."""
        self.clear()
        loss = self.forward(step)
        self.penalty()
        loss.backward(order=self.order)
        return loss

    def step(self, step: int) -> Any:
        """One training step; returns the loss before the update."""
        loss = self.grad(step)
        self.update(step)
        return loss

    def update(self, step: int) -> None:
        """The optimiser's update with the learning rate of this step."""
        if self._optimizer is not None:
            self._optimizer.param_groups[0]["lr"] = self.arrays.lrs[step % len(self.arrays.lrs)]
            self._optimizer.step()

    def reset(self) -> None:
        """Back to the initial parameters and a fresh optimiser."""
        with self.tg.no_grad():
            for name, p in self.parameters.items():
                p.copy_(self.tg.tensor(self.initial[name]))
        self.clear()
        self._optimizer = make_optimizer(self.tg, self.workload["optimizer"], list(self.parameters.values()))

    # ---- the protocol's verbs ----------------------------------------------------------------------------

    def run(self, phase: str, n: int) -> int:
        """Nanoseconds of n repeats."""
        return run_steps(self, phase, n)

    def sweep_ns(self, step: int) -> int:
        """Nanoseconds of the sweep alone."""
        self.clear()
        loss = self.forward(step)
        start = time.perf_counter_ns()
        loss.backward(order=self.order)
        return time.perf_counter_ns() - start

    def result(self) -> dict[str, Array]:
        """Loss and gradients of step 0 at the initial parameters."""
        self.reset()
        loss = self.grad(0)
        found = {"loss": np.asarray(loss.item() + self.penalty(), np.float64)}
        for name, p in self.parameters.items():
            found[f"grad/{name}"] = as_float64(p)
        if self.x_requires_grad:
            found["grad/x"] = np.concatenate([as_float64(batch["x"]) for batch in self.graphs(0)])
        self.clear()
        return found

    def losses(self, steps: int) -> list[float]:
        """The training curve from the initial parameters."""
        self.reset()
        found = []
        for k in range(steps):
            penalty = self.penalty()
            found.append(float(self.step(k).item()) + penalty)
        self.reset()
        return found


def as_float64(tensor: Any) -> Array:
    """The gradient of a leaf; zeros when nothing reached it."""
    if tensor.grad is None:
        return np.zeros(tuple(tensor.shape))
    return np.array(tensor.grad.numpy(), np.float64)


def make_optimizer(tg: Any, spec: Spec, parameters: list[Any]) -> Any:
    """The engine's own optimiser; None for workloads that only compute gradients."""
    kind = spec["kind"]
    if kind == "none":
        return None
    if kind == "sgd":
        options: dict[str, Any] = {n: spec[n] for n in ("momentum", "weight_decay") if n in spec}
        return tg.optim.SGD(parameters, lr=spec["lr"], **options)
    names = ("betas", "eps", "weight_decay")
    options = {name: tuple(spec[name]) if name == "betas" else spec[name] for name in names if name in spec}
    return {"adam": tg.optim.Adam, "adamw": tg.optim.AdamW}[kind](parameters, lr=spec["lr"], **options)


def collect_garbage() -> None:
    """Python's cyclic collector off: it would charge its pauses to whoever happens to run."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.disable()
