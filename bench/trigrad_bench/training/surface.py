"""One training step on any engine of trigrad, in the names its users type.

Read beside torch_twin.py: the same network, loss and update, hand-written in PyTorch.
"""

from __future__ import annotations

import itertools
from typing import Any

from .learner import Array
from .settings import Settings, engine_module


class SurfaceLearner:
    """Sequential(Linear, ReLU, ..., Linear) of one engine, its loss, its optimiser."""

    def __init__(self, settings: Settings) -> None:
        self.tg = tg = engine_module(settings.engine)
        self.workload, self.order, self.dtype = settings.workload, settings.order, settings.dtype
        modules: list[Any] = []
        for n_in, n_out in itertools.pairwise(self.workload.model.layers):
            modules += [tg.nn.Linear(n_in, n_out, dtype=self.dtype), tg.nn.ReLU()]
        self.model = tg.nn.Sequential(*modules[:-1])  # no activation after the last layer
        self.parameters = list(self.model.parameters())
        decay = settings.weight_decay
        if settings.optimizer == "sgd":
            momentum = settings.momentum
            self.optimizer = tg.optim.SGD(
                self.parameters, lr=settings.lr, momentum=momentum, weight_decay=decay
            )
        else:
            kind = tg.optim.Adam if settings.optimizer == "adam" else tg.optim.AdamW
            self.optimizer = kind(self.parameters, lr=settings.lr, weight_decay=decay)

    def _loss(self, scores: Any, y: Array) -> Any:
        tg, kind, l2 = self.tg, self.workload.loss.kind, self.workload.loss.l2
        if kind == "nll":
            loss = tg.nll_loss(tg.log_softmax(scores, dim=1), tg.tensor(y))
        else:
            target = tg.tensor(y, dtype=self.dtype)
            loss = tg.hinge_loss(scores, target) if kind == "hinge" else tg.mse_loss(scores, target)
        if l2 and self.workload.loss.l2_gradient:
            for p in self.parameters:
                loss = loss + tg.sum(tg.square(p)) * l2
        return loss

    def _beside(self) -> float:
        """The L2 term of seeds that add its value only; it has no gradient."""
        if not self.workload.loss.l2 or self.workload.loss.l2_gradient:
            return 0.0
        with self.tg.no_grad():
            return float(
                self.workload.loss.l2 * sum(self.tg.sum(self.tg.square(p)).item() for p in self.parameters)
            )

    def step(self, x: Array, y: Array, lr: float) -> tuple[float, Array]:
        beside = self._beside()
        scores = self.model(self.tg.tensor(x, dtype=self.dtype))
        loss = self._loss(scores, y)
        self.optimizer.zero_grad()
        loss.backward(order=self.order)
        self.optimizer.param_groups[0]["lr"] = lr
        self.optimizer.step()
        return loss.item() + beside, scores.detach().numpy()

    def look(self, x: Array, y: Array) -> tuple[float, Array]:
        with self.tg.no_grad():
            scores = self.model(self.tg.tensor(x, dtype=self.dtype))
            return self._loss(scores, y).item() + self._beside(), scores.numpy()

    def scores(self, x: Array) -> Array:
        with self.tg.no_grad():
            scores: Array = self.model(self.tg.tensor(x, dtype=self.dtype)).numpy()
            return scores

    def state(self) -> dict[str, Array]:
        return {name: value.detach().numpy().copy() for name, value in self.model.state_dict().items()}

    def load(self, state: dict[str, Array]) -> None:
        self.model.load_state_dict({k: self.tg.tensor(v, dtype=self.dtype) for k, v in state.items()})
