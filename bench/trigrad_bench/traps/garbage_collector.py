"""Trap 3: Python's cyclic garbage collector, mistaken for the cost of recursion."""

from __future__ import annotations

import gc
import random

from .clock import in_turns, seconds
from .mini import Number, forward, network
from .trap import Result, Trap

POINTS, ROUNDS = 40, 3


def run(seed: int = 0) -> Result:
    """One training step of a scalar engine in Python, with the collector on and off, in turns."""
    layers = network((2, 16, 16, 1), seed)
    parameters = [number for layer in layers for neuron in layer for number in neuron]
    draw = random.Random(seed)
    points = [(draw.uniform(-1, 1), draw.uniform(-1, 1)) for _ in range(POINTS)]
    gradients: set[tuple[float, ...]] = set()

    def step() -> None:
        loss = Number(0.0)
        for x, y in points:
            (score,) = forward(layers, (Number(x), Number(y)))
            loss = loss + (Number(1.0) + Number(-1.0 if x * y > 0 else 1.0) * score).relu()
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        gradients.add(tuple(p.grad for p in parameters))

    def collected() -> float:
        gc.collect()
        gc.enable()
        return seconds(step)

    def uncollected() -> float:
        gc.collect()
        gc.disable()
        return seconds(step)

    before = gc.isenabled()
    try:
        uncollected()
        pair = in_turns(collected, uncollected, ROUNDS)
    finally:
        if before:
            gc.enable()
        else:
            gc.disable()
        gc.collect()
    return Result(
        trapped=pair.first * 1e3,
        right=pair.second * 1e3,
        unit="ms",
        within_rounds=pair.ratio,
        right_answer="the same gradients to the last bit",
        checks={"gradients are equal with and without": len(gradients) == 1},
        numbers={"parameters": len(parameters), "points": POINTS},
        sentence=f"One step takes {pair.first * 1e3:.0f} ms with the collector on and "
        f"{pair.second * 1e3:.0f} ms with it off: {pair.ratio:.1f}x. The collector looks again and again "
        "through a graph in which nothing is garbage.",
    )


TRAP = Trap(
    name="garbage_collector",
    title="The garbage collector",
    source="Pycrograd against Micrograd (the moons network)",
    claim="Micrograd is slow because it sorts its graph by recursion; an explicit stack is what makes "
    "Pycrograd fast.",
    measured="Python's cyclic garbage collector. A graph of one object per number makes it run all the time, "
    "a graph of one object per matrix hardly ever. The sort is a small part of the step.",
    lesson="Before blaming an algorithm, take it out and measure. Time with gc.disable() beside gc.enable(), "
    "and say which one a table shows.",
    effect="one training step of a scalar engine in Python: collector on against off",
    timed=True,
    run=run,
)
