"""Trap 6: Kaiming's initialisation with the number of outputs in place of the number of inputs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from .trap import Result, Trap

SIZES = (256, 128, 64, 32, 16, 8)
ROWS = 256


def spread(fan_out: bool, seed: int) -> float:
    """Root mean square of what the last layer puts out, for relu(inputs) of normal inputs."""
    draw = np.random.default_rng(seed)
    h = draw.standard_normal((ROWS, SIZES[0]))
    for n_in, n_out in pairwise(SIZES):
        h = (
            np.maximum(h, 0)
            @ (draw.standard_normal((n_out, n_in)) * math.sqrt(2 / (n_out if fan_out else n_in))).T
        )
    return float(np.sqrt(np.mean(h * h)))


def run(seed: int = 0) -> Result:
    """The same draws, scaled by fan-out and by fan-in."""
    wrong, right = spread(True, seed), spread(False, seed)
    expected = math.sqrt(SIZES[0] / SIZES[-1])
    layer = np.random.default_rng(seed).standard_normal((10, 64))
    return Result(
        trapped=wrong,
        right=right,
        unit="",
        right_answer=f"√({SIZES[0]}/{SIZES[-1]}) = {expected:.3f}: each layer is off by √(in/out); a 64 → 10 "
        f"layer gets {math.sqrt(2 / 10):.3f} instead of {math.sqrt(2 / 64):.3f}",
        checks={"the factor is √(first/last)": math.isclose(wrong / right, expected, rel_tol=1e-12)},
        numbers={
            "std_64_to_10_trapped": float((layer * math.sqrt(2 / 10)).std()),
            "std_64_to_10_right": float((layer * math.sqrt(2 / 64)).std()),
            "layers": len(SIZES) - 1,
        },
        sentence=f"A network that narrows from {SIZES[0]} to {SIZES[-1]} puts out {wrong:.2f} instead of "
        f"{right:.2f} before the first step: {wrong / right:.2f}x too much.",
    )


TRAP = Trap(
    name="wrong_fan_init",
    title="The wrong fan",
    source="Pycrograd, nn/init (called Kaiming, divides by the outputs); its bundled Micrograd and PyTorch "
    "use other rules again",
    claim="The same network on both sides.",
    measured="Two networks that start in different places. Losses, accuracies and the number of epochs they "
    "need cannot be compared, and nobody sees it, as both learn.",
    lesson="Give every engine the same arrays, down to the bits.",
    effect="root mean square of the outputs before training: scaled by fan-out against fan-in",
    timed=False,
    run=run,
)
