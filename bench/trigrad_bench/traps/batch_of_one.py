"""Trap 11: a batch that is a loop over samples, so that no matrix product ever happens."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .clock import compare
from .trap import Result, Trap

BATCH, SIZES = 32, (64, 64, 32, 10)


def run(seed: int = 0) -> Result:
    """The digits network on 32 samples: 32 graphs of one row each, and one graph of 32 rows."""
    draw = np.random.default_rng(seed)
    weights = [
        tg.tensor(draw.standard_normal((n_out, n_in)) * (2 / n_in) ** 0.5, requires_grad=True)
        for n_in, n_out in pairwise(SIZES)
    ]
    x = tg.tensor(draw.standard_normal((BATCH, SIZES[0])))
    labels = tg.tensor(draw.integers(0, SIZES[-1], BATCH))
    rows = [(x[k : k + 1], labels[k : k + 1]) for k in range(BATCH)]

    def loss(inputs: Any, targets: Any) -> Any:
        h = inputs
        for k, weight in enumerate(weights):
            h = tg.linear(h, weight)
            h = tg.relu(h) if k < len(weights) - 1 else h
        return tg.cross_entropy(h, targets)

    def cleared() -> None:
        for weight in weights:
            weight.grad = None

    def one_by_one() -> None:
        cleared()
        total = loss(*rows[0])
        for row in rows[1:]:
            total = total + loss(*row)
        (total * (1 / BATCH)).backward()

    def together() -> None:
        cleared()
        loss(x, labels).backward()

    one_by_one()
    separate = [weight.grad.numpy().copy() for weight in weights]
    together()
    agree = all(
        np.allclose(a, weight.grad.numpy(), rtol=1e-12, atol=1e-14)
        for a, weight in zip(separate, weights, strict=True)
    )
    pair = compare(one_by_one, together)
    return Result(
        trapped=pair.first * 1e6,
        right=pair.second * 1e6,
        unit="µs",
        within_rounds=pair.ratio,
        right_answer="the same gradients, up to rounding",
        checks={"gradients agree to 1e-12": agree},
        numbers={"batch": BATCH},
        sentence=f"A batch of {BATCH} as {BATCH} graphs takes {pair.first * 1e6:,.0f} µs, as one graph "
        f"{pair.second * 1e6:,.0f} µs: {pair.ratio:.1f}x, for the same gradients.",
    )


TRAP = Trap(
    name="batch_of_one",
    title="The batch of one",
    source="TinyTorch-CPP (batch 1 only), Pycrograd and Mocrograd (a batch of 32 is 32 graphs of one column)",
    claim="How C++, NumPy, Mojo and PyTorch compare, and what SIMD and more workers bring.",
    measured="The cost of making a node, dozens of times, around products too small to notice. Neither "
    "vector instructions nor workers have anything to work on, which is why their number changed nothing.",
    lesson="State the batch as the kernel sees it. Show a size at which arithmetic dominates beside one at "
    "which overhead does.",
    effect="one batch of 32: as 32 graphs against one graph",
    timed=True,
    run=run,
)
