"""forgeNN: a NumPy tensor library with closures, VectorizedMLP and optimisers; float32 only.

Why it exists: its tables started this project's story, so it is in the comparison as its users run it.
Version 2.0.0 on PyPI imports numba without declaring it, and so fails where numba is not there; 1.3.1 runs.
Read before: functional.py (the protocol's loops).
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import forgeNN  # type: ignore[import-untyped, unused-ignore]
import numpy as np
from forgeNN.vectorized import cross_entropy_loss, mse  # type: ignore[import-untyped, unused-ignore]

from .functional import Arrays, Functional
from .protocol import Array, Spec


class ForgeNN(Functional):
    """VectorizedMLP, its loss functions, its optimisers."""

    name = "forgenn"
    makes_cycles = True  # each tensor's closure holds the tensor

    def version(self) -> str:
        return version("forgenn")

    def supports(self, workload: Spec, dtype: str) -> str:
        model = workload["model"]
        if dtype != "float32":
            return "its tensors are float32 only"
        if model["kind"] != "mlp" or not model["bias"]:
            return "written for its VectorizedMLP: one network, with biases"
        if len(model["layers"]) < 3:
            return "its VectorizedMLP has at least one hidden layer"
        return super().supports(workload, dtype)

    def array(self, a: Array) -> Any:
        return np.array(a)

    def fresh_state(self) -> Any:
        """The optimiser over the model's tensors, which get the initial values back."""
        for k, layer in enumerate(self.net.layers):
            layer.weights.data = np.ascontiguousarray(self.p[f"weight{k}"].T)
            layer.bias.data = self.p[f"bias{k}"].copy()
        spec, tensors = self.workload["optimizer"], self.net.parameters()
        if spec["kind"] in ("adam", "adamw"):
            make = forgeNN.Adam if spec["kind"] == "adam" else forgeNN.AdamW
            betas, eps, decay = tuple(spec["betas"]), spec["eps"], spec["weight_decay"]
            return make(tensors, lr=spec["lr"], betas=betas, eps=eps, weight_decay=decay)
        return forgeNN.SGD(
            tensors, lr=spec["lr"], momentum=spec["momentum"], weight_decay=spec["weight_decay"]
        )

    def compile(self) -> None:
        spec, sizes = self.workload["loss"], self.workload["model"]["layers"]
        activation = self.workload["model"]["activation"]
        hidden = ["linear" if activation == "identity" else activation] * (len(sizes) - 2)
        self.net = forgeNN.VectorizedMLP(sizes[0], sizes[1:-1], sizes[-1], [*hidden, "linear"])
        wants_x = self.workload["x_requires_grad"]
        masks = [k for k in range(len(sizes) - 2) if f"mask{k}" in self.prepared[0]]

        def graph(batch: Arrays) -> tuple[Any, Any]:
            x = h = forgeNN.Tensor(batch["x"], requires_grad=wants_x)
            if masks:
                for k, layer in enumerate(self.net.layers):
                    h = layer(h)
                    h = h * forgeNN.Tensor(batch[f"mask{k}"], requires_grad=False) if k in masks else h
            else:
                h = self.net(h)
            return x, score_loss(spec["kind"], h, batch.get("y"))

        def forward(p: Arrays, batch: Arrays) -> Any:
            if not self.workload["per_sample"]:
                x, loss = graph(batch)
            else:
                rows = len(batch["x"])
                x, loss = graph({name: a[:1] for name, a in batch.items()})
                for k in range(1, rows):
                    loss = loss + graph({name: a[k : k + 1] for name, a in batch.items()})[1]
                loss = loss * (1.0 / rows)
            if spec["l2"] and spec["l2_gradient"]:
                for t in self.net.parameters():
                    loss = loss + (t * t).sum() * spec["l2"]
            self.penalty()
            return x, loss

        def backward(made: Any) -> Any:
            made[1].backward()
            return made

        def grad(p: Arrays, batch: Arrays) -> Any:
            self.net.zero_grad()
            x, loss = backward(forward(p, batch))
            gradients: Arrays = {}
            for k, layer in enumerate(self.net.layers):
                gradients |= {f"weight{k}": layer.weights.grad.T, f"bias{k}": layer.bias.grad}
            return loss.data, gradients | ({"x": x.grad} if wants_x else {})

        def update(p: Arrays, g: Arrays, optimizer: Any, lr: float) -> None:
            optimizer.lr = lr
            optimizer.step()

        def step(p: Arrays, batch: Arrays, optimizer: Any, lr: float) -> Any:
            loss, _ = grad(p, batch)
            update(p, {}, optimizer, lr)
            return loss, p, optimizer

        self.calls = {"forward": forward, "backward": backward, "grad": grad, "update": update, "step": step}

    def penalty(self) -> float:
        """The value of a regulariser without gradient."""
        spec = self.workload["loss"]
        if not spec["l2"] or spec["l2_gradient"]:
            return 0.0
        return float(spec["l2"]) * sum(float((t.data**2).sum()) for t in self.net.parameters())


def score_loss(kind: str, z: Any, y: Any) -> Any:
    """The loss of the scores: its own functions where it has them."""
    if kind in ("cross_entropy", "nll"):  # nll is of log_softmax, which is the same sum
        return cross_entropy_loss(z, y)
    if kind == "mse":
        return mse(z, y)
    if kind == "hinge":
        return (1.0 - z * y).relu().mean()
    return z.sum()
