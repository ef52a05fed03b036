"""Trap 4: a profiler runs while the clock does, and slows some engines more than others."""

from __future__ import annotations

import cProfile
import random
from collections.abc import Callable

import numpy as np

from .clock import in_turns, seconds
from .mini import Number, forward, network
from .trap import Result, Trap

ROUNDS = 9


def run(seed: int = 0) -> Result:
    """The same network once on Python objects, and a few array operations, with and without cProfile."""
    layers = network((16, 16, 1), seed)
    draw = random.Random(seed)
    point = [draw.uniform(-1, 1) for _ in range(16)]
    array = np.random.default_rng(seed).random(100_000)
    scores: set[float] = set()

    def objects() -> None:
        for _ in range(4):
            (score,) = forward(layers, [Number(v) for v in point])
            score.backward()
            scores.add(score.data)

    def arrays() -> None:
        value = array
        for _ in range(20):
            value = np.exp(-value)

    def profiled(work: Callable[[], None]) -> float:
        profile = cProfile.Profile()
        profile.enable()
        try:
            return seconds(work)
        finally:
            profile.disable()

    objects()
    arrays()
    slow = in_turns(lambda: profiled(objects), lambda: seconds(objects), ROUNDS)
    fast = in_turns(lambda: profiled(arrays), lambda: seconds(arrays), ROUNDS)
    return Result(
        trapped=slow.ratio,
        right=fast.ratio,
        unit="x",
        right_answer="1: a measuring instrument must not change what it measures",
        checks={"the same score in every run": len(scores) == 1},
        numbers={
            "objects_ms": slow.second * 1e3,
            "objects_profiled_ms": slow.first * 1e3,
            "arrays_ms": fast.second * 1e3,
            "arrays_profiled_ms": fast.first * 1e3,
        },
        sentence=f"Under cProfile an engine of many small Python calls takes {slow.ratio:.1f}x its time, one "
        f"of a few array operations {fast.ratio:.2f}x: the ratio of the two is off by "
        f"{slow.ratio / fast.ratio:.1f}x.",
    )


TRAP = Trap(
    name="profiler_in_the_clock",
    title="The profiler inside the clock",
    source="Pycrograd and Micrograd (both fit under a profiling decorator), Mocrograd (compiled, not "
    "profiled)",
    claim="Mocrograd is six to a hundred and forty times faster than Pycrograd.",
    measured="A training loop under cProfile, which pays for every Python call, against one without. "
    "Every ratio between the two is too large by what the profiler costs.",
    lesson="Profile in one run and time in another.",
    effect="slow-down under cProfile: many small Python calls against a few array operations",
    timed=True,
    run=run,
)
