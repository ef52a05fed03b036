"""Trap 15: dropout that stays on when the network is evaluated."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap

ROWS, SIZES, RATE, EVALUATIONS = 64, (20, 64, 32, 3), 0.5, 3


def run(seed: int = 0) -> Result:
    """Three evaluations of one network on one data set, with the masks drawn and without."""
    draw = np.random.default_rng(seed)
    x = tg.tensor(draw.standard_normal((ROWS, SIZES[0])))
    labels = tg.tensor(draw.integers(0, SIZES[-1], ROWS))
    weights = [
        tg.tensor(draw.standard_normal((n_out, n_in)) * math.sqrt(2 / n_in))
        for n_in, n_out in pairwise(SIZES)
    ]

    def loss(training: bool) -> float:
        h: Any = x
        for k, weight in enumerate(weights):
            h = tg.linear(h, weight)
            if k < len(weights) - 1:
                h = tg.relu(h)
                if training:
                    mask = (draw.random((ROWS, weight.shape[0])) >= RATE) / (1 - RATE)
                    h = h * tg.tensor(mask)
        return float(tg.cross_entropy(h, labels).item())

    wrong = [loss(training=True) for _ in range(EVALUATIONS)]
    right = [loss(training=False) for _ in range(EVALUATIONS)]
    return Result(
        trapped=max(wrong) - min(wrong),
        right=max(right) - min(right),
        unit="",
        kind="difference",
        right_answer="evaluation has no randomness: the same loss to the last bit",
        checks={
            "three evaluations with masks, three losses": len(set(wrong)) == EVALUATIONS,
            "three evaluations without, one loss": len(set(right)) == 1,
        },
        numbers={"loss_1": wrong[0], "loss_2": wrong[1], "loss_3": wrong[2], "right_loss": right[0]},
        sentence=f"Three evaluations with dropout left on give {', '.join(f'{v:.3f}' for v in wrong)}; "
        f"without it, {right[0]:.3f} three times.",
    )


TRAP = Trap(
    name="dropout_in_evaluation",
    title="Dropout in evaluation",
    source="forgeNN, layers.py and training.py: evaluate() and fit() never call eval()",
    claim="Validation curves with and without dropout, beside those of another framework.",
    measured="A validation loss of a network with half of its units switched off at random, against one of "
    "the whole network.",
    lesson="Evaluate twice: two answers mean that something is still random. Then compare.",
    effect="spread of three evaluations of one network",
    timed=False,
    run=run,
)
