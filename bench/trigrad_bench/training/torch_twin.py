"""The same training step in PyTorch, written by hand as a PyTorch user would.

Read beside surface.py.
"""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from .learner import Array
from .settings import Settings


class TorchLearner:
    """nn.Sequential, its loss, its optimiser."""

    def __init__(self, settings: Settings) -> None:
        self.workload = settings.workload
        self.dtype = torch.float64 if settings.dtype == "float64" else torch.float32
        modules: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(self.workload.model.layers):
            modules += [nn.Linear(n_in, n_out, dtype=self.dtype), nn.ReLU()]
        self.model = nn.Sequential(*modules[:-1])
        parameters, lr, decay = self.model.parameters(), settings.lr, settings.weight_decay
        self.optimizer: torch.optim.Optimizer
        if settings.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(
                parameters, lr=lr, momentum=settings.momentum, weight_decay=decay
            )
        elif settings.optimizer == "adam":
            self.optimizer = torch.optim.Adam(parameters, lr=lr, weight_decay=decay)
        else:
            self.optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=decay)

    def _squares(self) -> torch.Tensor:
        return torch.stack([p.square().sum() for p in self.model.parameters()]).sum()

    def _loss(self, scores: torch.Tensor, y: Array) -> torch.Tensor:
        kind, l2 = self.workload.loss.kind, self.workload.loss.l2
        if kind == "nll":
            loss = F.nll_loss(F.log_softmax(scores, dim=1), torch.from_numpy(y))
        else:
            target = torch.tensor(y, dtype=self.dtype)
            loss = F.relu(1 - target * scores).mean() if kind == "hinge" else F.mse_loss(scores, target)
        return loss + l2 * self._squares() if l2 and self.workload.loss.l2_gradient else loss

    @torch.no_grad()
    def _beside(self) -> float:
        """The L2 term of seeds that add its value only; it has no gradient."""
        counts = self.workload.loss.l2 and not self.workload.loss.l2_gradient
        return self.workload.loss.l2 * self._squares().item() if counts else 0.0

    def step(self, x: Array, y: Array, lr: float) -> tuple[float, Array]:
        beside = self._beside()
        scores = self.model(torch.tensor(x, dtype=self.dtype))
        loss = self._loss(scores, y)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.param_groups[0]["lr"] = lr
        self.optimizer.step()
        return loss.item() + beside, scores.detach().numpy()

    @torch.no_grad()
    def look(self, x: Array, y: Array) -> tuple[float, Array]:
        scores = self.model(torch.tensor(x, dtype=self.dtype))
        return self._loss(scores, y).item() + self._beside(), scores.numpy()

    def scores(self, x: Array) -> Array:
        with torch.no_grad():
            scores: Array = self.model(torch.tensor(x, dtype=self.dtype)).numpy()
            return scores

    def state(self) -> dict[str, Array]:
        return {name: value.detach().numpy().copy() for name, value in self.model.state_dict().items()}

    def load(self, state: dict[str, Array]) -> None:
        self.model.load_state_dict(
            {name: torch.tensor(value, dtype=self.dtype) for name, value in state.items()}
        )
