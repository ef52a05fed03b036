"""Trap 12: a headline from ten samples."""

from __future__ import annotations

import statistics
from itertools import pairwise

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap

SEEDS, EPOCHS, BATCH, RATE = 12, 10, 32, 0.05
FEATURES, CLASSES, HIDDEN = 16, 4, 16
FULL, TINY = 1000, 10


def accuracy(length: int, seed: int, centres: np.ndarray) -> float:
    """Percent right of the last fifth, after training on the first four fifths of `length` samples."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, CLASSES, length)
    x = (centres[labels] + draw.standard_normal((length, FEATURES))).astype(np.float32)
    sizes = (FEATURES, HIDDEN, CLASSES)
    weights = [
        tg.tensor((draw.standard_normal((o, i)) * (2 / i) ** 0.5).astype(np.float32), requires_grad=True)
        for i, o in pairwise(sizes)
    ]
    split = length * 4 // 5
    inputs, targets = tg.tensor(x), tg.tensor(labels)
    for _ in range(EPOCHS):
        for start in range(0, split, BATCH):
            rows = slice(start, min(start + BATCH, split))
            h = tg.relu(tg.linear(inputs[rows], weights[0]))
            tg.cross_entropy(tg.linear(h, weights[1]), targets[rows]).backward()
            with tg.no_grad():
                for w in weights:
                    w -= w.grad * RATE
                    w.grad = None
    with tg.no_grad():
        scores = tg.linear(tg.relu(tg.linear(inputs[split:], weights[0])), weights[1]).numpy()
    return float((scores.argmax(axis=1) == labels[split:]).mean() * 100)


def run(seed: int = 0) -> Result:
    """The same network, data source and number of epochs, on 10 and on 1,000 samples, twelve seeds each."""
    centres = np.random.default_rng(99).standard_normal((CLASSES, FEATURES)) * 0.7
    tiny, full = (
        [accuracy(length, 1000 * seed + k, centres) for k in range(SEEDS)] for length in (TINY, FULL)
    )
    return Result(
        trapped=statistics.stdev(tiny),
        right=statistics.stdev(full),
        unit="% points",
        right_answer="two validation samples can only give 0, 50 or 100 %",
        checks={"ten samples give 0, 50 or 100 %": set(tiny) <= {0.0, 50.0, 100.0}},
        numbers={
            "tiny_min": min(tiny),
            "tiny_max": max(tiny),
            "full_min": min(full),
            "full_max": max(full),
            "steps_per_epoch_tiny": 1,
            "steps_per_epoch_full": FULL * 4 // 5 // BATCH,
            "seeds": SEEDS,
        },
        sentence=f"Over {SEEDS} seeds, ten samples end anywhere from {min(tiny):.0f} to {max(tiny):.0f} % "
        f"(one step per epoch); a thousand from {min(full):.0f} to {max(full):.0f} % "
        f"({FULL * 4 // 5 // BATCH} steps).",
    )


TRAP = Trap(
    name="single_sample_headline",
    title="A headline from ten samples",
    source="Pycrograd and Mocrograd: Longer runs on 100 samples, Bigger on 10, of which 2 validate",
    claim="Ten epochs of a network of 42 million parameters, with its loss and accuracy.",
    measured="Ten updates. The accuracy has three possible values, the outcome is a matter of the seed, and "
    "the time is mostly one pass over the weights.",
    lesson="Name the number of samples and of updates beside every headline, and run more than one seed.",
    effect="standard deviation of the validation accuracy over seeds: 10 samples against 1,000",
    timed=False,
    run=run,
)
