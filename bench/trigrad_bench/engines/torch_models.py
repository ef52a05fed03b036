"""The workloads' models as a PyTorch user would write them: nn.Sequential, nn.Linear, nn.functional.

Read next: torch_eager.py, which trains them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import formulas
from .protocol import Spec

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "identity": nn.Identity}
Batch = dict[str, Tensor]


class Masked(nn.Module):
    """Dropout with the masks of the workload, so that everybody drops the same units."""

    mask: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask


def stack(layers: list[int], model: Spec, output: str = "none") -> nn.Sequential:
    """Linear layers with activations between them."""
    parts: list[nn.Module] = []
    for k, (n_in, n_out) in enumerate(itertools.pairwise(layers)):
        parts.append(nn.Linear(n_in, n_out, bias=model.get("bias", True)))
        if k < len(layers) - 2:
            parts.append(ACTIVATIONS[model["activation"]]())
            if model.get("dropout"):
                parts.append(Masked())
    if output == "log_softmax":
        parts.append(nn.LogSoftmax(dim=-1))
    return nn.Sequential(*parts)


class Mlp(nn.Module):
    """One network."""

    def __init__(self, model: Spec) -> None:
        super().__init__()
        self.net = stack(model["layers"], model, model["output"])
        self.masked = [part for part in self.net if isinstance(part, Masked)]

    def forward(self, batch: Batch) -> Tensor:
        for k, part in enumerate(self.masked):
            part.mask = batch[f"mask{k}"]
        found: Tensor = self.net(batch["x"])
        return found


class TwoMlps(nn.Module):
    """F6 as forgeNN ran it: a network for the quality, another for the type."""

    def __init__(self, model: Spec) -> None:
        super().__init__()
        self.quality = stack(model["nets"]["quality"], model)
        self.kind = stack(model["nets"]["type"], model)  # a Module has a method called type

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return {"quality": self.quality(batch["x"]), "type": self.kind(batch["x"])}


class SharedTrunk(nn.Module):
    """F6 as its PyTorch side ran it: one trunk with two heads."""

    def __init__(self, model: Spec) -> None:
        super().__init__()
        trunk = stack(model["layers"], model)
        self.trunk = nn.Sequential(*trunk, ACTIVATIONS[model["activation"]]())
        self.quality = nn.Linear(model["layers"][-1], model["heads"]["quality"])
        self.kind = nn.Linear(model["layers"][-1], model["heads"]["type"])

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        x = self.trunk(batch["x"])
        return {"quality": self.quality(x), "type": self.kind(x)}


class Formula(nn.Module):
    """Expressions and graphs over named parameters."""

    def __init__(self, model: Spec, initial: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.values = nn.ParameterDict({name: nn.Parameter(torch.tensor(a)) for name, a in initial.items()})

    def forward(self, batch: Batch) -> Tensor:
        found: Tensor = formulas.evaluate(torch, self.model, dict(self.values.items()), batch)
        return found


def build(workload: Spec, initial: dict[str, Any]) -> tuple[nn.Module, dict[str, nn.Parameter]]:
    """The model and its parameters under the workload's names."""
    model = workload["model"]
    if model["kind"] in ("expression", "graph"):
        made = Formula(model, initial)
        return made, {name: p for name, p in made.values.items() if isinstance(p, nn.Parameter)}
    net = {"mlp": Mlp, "two_mlps": TwoMlps, "shared_trunk": SharedTrunk}[model["kind"]](model)
    net.to(torch.float64 if next(iter(initial.values())).dtype == "float64" else torch.float32)
    named: dict[str, nn.Parameter] = {}
    for prefix, part in parts_of(net).items():
        for k, layer in enumerate(m for m in part.modules() if isinstance(m, nn.Linear)):
            named |= {f"{prefix}{kind}{k}": p for kind, p in layer.named_parameters()}
    return net, {name: named[name] for name in initial}


def parts_of(net: nn.Module) -> dict[str, nn.Module]:
    """The stacks of linear layers by the prefix of their parameters."""
    if isinstance(net, TwoMlps):
        return {"quality.": net.quality, "type.": net.kind}
    if isinstance(net, SharedTrunk):
        return {"trunk.": net.trunk, "quality.": net.quality, "type.": net.kind}
    return {"": net}


LOSSES: dict[str, Callable[[Any, Batch], Tensor]] = {
    "none": lambda score, batch: score,
    "sum": lambda score, batch: score.sum(),
    "cross_entropy": lambda score, batch: F.cross_entropy(score, batch["y"]),
    "nll": lambda score, batch: F.nll_loss(score, batch["y"]),
    "mse": lambda score, batch: F.mse_loss(score, batch["y"]),
    "mse_and_cross_entropy": lambda score, batch: (
        F.mse_loss(score["quality"], batch["target"]) + F.cross_entropy(score["type"], batch["y"])
    ),
    "hinge": lambda score, batch: (1 - batch["y"] * score).relu().mean(),
}
