"""Trap 14: parameters drawn in float32 and then computed with in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap
from .yin_yang import RandomNumbers, points, weights

STEPS, RATE, BETAS, EPS, DECAY = 100, 0.1, (0.9, 0.95), 1e-8, 1e-4
FIRST, LAST = 1.0122152826497561, 0.03906091113485444  # the original demo prints these


def train(through_float32: bool) -> list[float]:
    """The training losses of the yin-yang demo: 2 → 8 → 3, tanh, cross-entropy, AdamW, float64."""
    random = RandomNumbers(42)
    data = points(random, 100)
    x, labels = tg.tensor(data[:80, :2]), tg.tensor(data[:80, 2].astype(np.int64))
    values: list[Any] = []
    for w in weights(random, (2, 8, 3)):
        values += [w.astype(np.float32).astype(np.float64) if through_float32 else w, np.zeros(len(w))]
    first, second = ([np.zeros_like(v) for v in values] for _ in range(2))
    losses = []
    for step in range(1, STEPS + 1):
        w1, b1, w2, b2 = tensors = [tg.tensor(v, requires_grad=True) for v in values]
        loss = tg.cross_entropy(tg.linear(tg.tanh(tg.linear(x, w1, b1)), w2, b2), labels)
        loss.backward()
        losses.append(loss.item())
        for k, tensor in enumerate(tensors):
            g = tensor.grad.numpy()
            first[k] = BETAS[0] * first[k] + (1 - BETAS[0]) * g
            second[k] = BETAS[1] * second[k] + (1 - BETAS[1]) * g * g
            m, v = first[k] / (1 - BETAS[0] ** step), second[k] / (1 - BETAS[1] ** step)
            values[k] = values[k] - RATE * (m / (np.sqrt(v) + EPS) + DECAY * values[k])
    return losses


def run(seed: int = 0) -> Result:
    """A hundred steps from the same draws, once rounded to float32 on the way."""
    rounded, exact = train(True), train(False)
    distance = max(abs(a - b) for a, b in zip(rounded, exact, strict=True))
    return Result(
        trapped=distance,
        right=0.0,
        unit="",
        kind="difference",
        right_answer=f"first and last loss {FIRST} and {LAST}, as the original prints them",
        checks={
            "float64 throughout ends at the original's losses": abs(exact[0] - FIRST) < 1e-12
            and abs(exact[-1] - LAST) < 1e-9,
            "the difference is of the size of float32's rounding": 1e-11 < distance < 1e-6,
        },
        numbers={
            "first_loss": exact[0],
            "last_loss": exact[-1],
            "first_difference": abs(rounded[0] - exact[0]),
        },
        sentence=f"The losses of the two runs part by up to {distance:.1e}: too little to see in "
        "print, and far more than float64 has to be off.",
    )


TRAP = Trap(
    name="float32_then_float64_init",
    title="Float32 first, float64 after",
    source="EurekaLabs' micrograd, its PyTorch twin: weights are drawn in float32, then cast",
    claim="The twin computes the same in float64.",
    measured="Two networks whose weights differ in the eighth digit. Any comparison of losses then needs a "
    "tolerance, and a tolerance hides a wrong gradient.",
    lesson="Make the arrays once, in the widest type, and hand the same bytes to everybody. Then float64 may "
    "be held to float64's own rounding.",
    effect="largest difference between the training losses",
    timed=False,
    run=run,
)
