"""Trap 10: parameters() names all layers alike, so that only the last one is trained."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap

SIZES = (64, *[256] * 29, 10)
ROWS = 8
Layer = tuple[Any, Any]


def network(seed: int) -> list[Layer]:
    """Thirty linear layers."""
    draw = np.random.default_rng(seed)
    layers = []
    for n_in, n_out in pairwise(SIZES):
        weight = (draw.standard_normal((n_out, n_in)) * math.sqrt(2 / n_in)).astype(np.float32)
        layers.append((tg.tensor(weight, requires_grad=True), tg.zeros(n_out, requires_grad=True)))
    return layers


def parameters(layers: list[Layer], forgetful: bool) -> list[Any]:
    """All weights and biases, by name; the slip is a counter that is never raised."""
    named: dict[str, Layer] = {}
    i = 0
    for layer in layers:
        named[f"l{i}"] = layer
        if not forgetful:
            i += 1
    return [tensor for layer in named.values() for tensor in layer]


def step(layers: list[Layer], chosen: list[Any], x: Any, labels: Any) -> int:
    """One step of gradient descent; returns how many layers moved."""
    before = [weight.detach().numpy().copy() for weight, _ in layers]
    h = x
    for k, (weight, bias) in enumerate(layers):
        h = tg.linear(h, weight, bias)
        h = tg.relu(h) if k < len(layers) - 1 else h
    tg.cross_entropy(h, labels).backward()
    with tg.no_grad():
        for tensor in chosen:
            tensor -= tensor.grad * 0.01
    return sum(
        not np.array_equal(b, weight.detach().numpy()) for b, (weight, _) in zip(before, layers, strict=True)
    )


def run(seed: int = 0) -> Result:
    """How many numbers the optimiser is given, and how many layers one step moves."""
    draw = np.random.default_rng(seed)
    x = tg.tensor(draw.standard_normal((ROWS, SIZES[0])).astype(np.float32))
    labels = tg.tensor(draw.integers(0, SIZES[-1], ROWS))
    counts, moved = [], []
    for forgetful in (True, False):
        layers = network(seed)
        chosen = parameters(layers, forgetful)
        counts.append(sum(math.prod(tensor.shape) for tensor in chosen))
        moved.append(step(layers, chosen, x, labels))
    trained, everything = counts
    share = trained / everything
    return Result(
        trapped=trained,
        right=everything,
        unit="parameters",
        kind="shortfall",
        right_answer="1,861,386 parameters in thirty layers; the last layer alone has 2,570",
        checks={
            "2,570 of 1,861,386 parameters are trained": (trained, everything) == (2570, 1861386),
            "one step moves 1 layer, and should move 30": moved == [1, len(SIZES) - 1],
        },
        numbers={"trained": trained, "parameters": everything, "layers_moved": moved[0], "layers": moved[1]},
        sentence=f"Of {everything:,} parameters the optimiser is given {trained:,} ({share:.2%}); one step "
        f"moves {moved[0]} layer of {moved[1]}.",
    )


TRAP = Trap(
    name="forgotten_layers",
    title="The forgotten layers",
    source="Mocrograd, models.mojo: the counter in MLPDigitsLonger.parameters() is never raised",
    claim="A network of thirty layers trains in 57 seconds, eighty times faster than in Python.",
    measured="Training of the last layer alone. The other gradients are computed, never used and never "
    "cleared.",
    lesson="Print how many parameters the optimiser holds, and compare all of them after one step.",
    effect="parameters that are trained, against parameters the network has",
    timed=False,
    run=run,
)
