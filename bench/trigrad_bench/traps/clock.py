"""Two ways of doing a job, timed in turns.

Why it exists: on a busy machine two blocks that lie apart are not comparable, so the two take turns, who
begins changes from round to round, and only the ratio within one round counts. What is counted is this
thread's processor time: the wall clock also counts what other programs did in between. An experiment about
timing must not fall for a trap itself.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Median seconds of one call of each, and the median of the ratios within rounds (first : second)."""

    first: float
    second: float
    ratio: float


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Processor seconds of one call in this thread."""
    start = time.thread_time()
    for _ in range(repeats):
        work()
    return (time.thread_time() - start) / repeats


def in_turns(first: Callable[[], float], second: Callable[[], float], rounds: int) -> Pair:
    """Both measure themselves (they return seconds); each round asks both."""
    a, b = [], []
    for k in range(rounds):
        if k % 2:
            b.append(second())
            a.append(first())
        else:
            a.append(first())
            b.append(second())
    ratio = statistics.median(x / y for x, y in zip(a, b, strict=True))
    return Pair(statistics.median(a), statistics.median(b), ratio)


def compare(
    first: Callable[[], object], second: Callable[[], object], rounds: int = 7, block: float = 0.004
) -> Pair:
    """Warmed up, without garbage collection, in blocks that are long against the clock's resolution."""
    counts = []
    for work in (first, second):
        work()
        counts.append(max(1, round(block / max(seconds(work), 1e-7))))
    collecting = gc.isenabled()
    gc.disable()
    try:
        return in_turns(lambda: seconds(first, counts[0]), lambda: seconds(second, counts[1]), rounds)
    finally:
        if collecting:
            gc.enable()
