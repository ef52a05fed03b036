"""Statistics of stored lines: medians, paired ratios with intervals, verdicts.

Why it exists: a ratio without an interval is an anecdote. Two engines are compared round by round (in one
round both ran within the same second, so a busy machine hits both). But a process keeps for life what chance
gave it at its start (where its memory lies, whom it shares the machine with): rounds of one process agree
with each other better than with those of the next. So everything is done with several processes, minutes
apart, and how much their medians differ is the uncertainty; rounds alone only say it where there are fewer
than three processes. "Faster" is said only if the interval excludes 1 and leaves the band that one engine
shows against itself in the same run (the A/A control).
Everything here is computed when lines are read; nothing of it is stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Line = dict[str, Any]
SAMPLES = 10_000
FEWEST_PROCESSES = 3  # that a spread can be taken from
# 97.5 % of Student's t with 1, 2, ... degrees of freedom
STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
FEWEST_PAIRS = 6  # fewer rounds say nothing at the 95 % level: six of one sign have a chance of 1 in 32


@dataclass(frozen=True)
class Ratio:
    """How many times as long a takes as b: the middle of paired ratios, 95 % interval, number of pairs."""

    median: float
    low: float
    high: float
    pairs: int
    processes: int = 1


def median(values: ArrayLike) -> float:
    """The middle value; NaN of nothing."""
    array = np.asarray(values, float)
    return float(np.median(array)) if array.size else float("nan")


def mad(values: ArrayLike) -> float:
    """Median absolute deviation from the median: a spread that one outlier cannot move."""
    array = np.asarray(values, float)
    return median(np.abs(array - median(array)))


def iqr_over_median(values: ArrayLike) -> float:
    """The middle half's width as a share of the median; above 0.1 a series is noisy."""
    array = np.asarray(values, float)
    if not array.size:
        return float("nan")
    low, middle, high = np.quantile(array, [0.25, 0.5, 0.75])
    return float((high - low) / middle) if middle else float("nan")


def bootstrap(
    values: ArrayLike, seed: int = 0, samples: int = SAMPLES, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the median: percentiles of the medians of `samples` resamples. Same seed, same interval."""
    array = np.asarray(values, float)
    if not array.size:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    medians = np.empty(samples)
    for start in range(0, samples, 1000):  # in portions, so that many rounds do not need much memory
        rows = min(1000, samples - start)
        medians[start : start + rows] = np.median(
            array[rng.integers(0, array.size, (rows, array.size))], axis=1
        )
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def ratio_of_pairs(a: ArrayLike, b: ArrayLike, seed: int = 0) -> Ratio:
    """a[i]/b[i] of two processes: the median, and a bootstrap over the rounds."""
    return ratio_of_processes([(a, b)], seed)


def ratio_of_processes(pairs: Sequence[tuple[ArrayLike, ArrayLike]], seed: int = 0) -> Ratio:
    """a[i]/b[i] for each pair of processes: the mean of their medians, and Student's interval around it.

    On the logarithmic scale, so that swapping a and b gives exactly the inverse.
    """
    logs = [np.log(np.asarray(a, float)) - np.log(np.asarray(b, float)) for a, b in pairs]
    if len(logs) < FEWEST_PROCESSES:
        rounds = np.concatenate(logs)
        middle, (low, high) = median(rounds), bootstrap(rounds, seed)
    else:
        medians = np.array([median(one) for one in logs])
        degrees = len(medians) - 1
        student = STUDENT[min(degrees, len(STUDENT)) - 1]
        middle = float(medians.mean())
        reach = student * float(medians.std(ddof=1)) / math.sqrt(len(medians))
        low, high = middle - reach, middle + reach
    pairs_of_rounds = sum(one.size for one in logs)
    return Ratio(math.exp(middle), math.exp(low), math.exp(high), pairs_of_rounds, len(logs))


def per_repeat(cell: Line) -> list[float]:
    """Nanoseconds of one repeat, block by block."""
    return [ns / cell["n"] for ns in cell["block_ns"]]


def geometric_mean(ratios: Sequence[Ratio]) -> Ratio:
    """Of independent ratios: their logarithmic intervals add up squared."""
    n = len(ratios)
    middle = sum(math.log(r.median) for r in ratios) / n
    width = math.sqrt(sum((math.log(r.high / r.low) / 2) ** 2 for r in ratios)) / n
    pairs, processes = sum(r.pairs for r in ratios), min(r.processes for r in ratios)
    return Ratio(math.exp(middle), math.exp(middle - width), math.exp(middle + width), pairs, processes)


def _by_round(cells: Line | Iterable[Line]) -> dict[int, dict[int, float]]:
    """Process, round: nanoseconds of one repeat."""
    listed = [cells] if isinstance(cells, dict) else list(cells)
    found: dict[int, dict[int, float]] = {}
    for cell in listed:
        found.setdefault(cell.get("proc", 0), {}).update(zip(cell["round"], per_repeat(cell), strict=True))
    return found


def paired_ratio(a: Line | Iterable[Line], b: Line | Iterable[Line], seed: int = 0) -> Ratio | None:
    """Time of a over time of b over the rounds that both have; None when they share none."""
    left, right = _by_round(a), _by_round(b)
    pairs = []
    for proc in sorted(left.keys() & right.keys()):
        both = sorted(left[proc].keys() & right[proc].keys())
        if both:
            pairs.append(([left[proc][r] for r in both], [right[proc][r] for r in both]))
    return ratio_of_processes(pairs, seed) if pairs else None


def control_ratios(controls: Iterable[Line], seed: int = 0) -> dict[tuple[str, str, int], Ratio]:
    """One engine against itself, for each workload, dtype and number of threads."""
    groups: dict[tuple[str, str, int], list[tuple[ArrayLike, ArrayLike]]] = {}
    for line in controls:
        key = line["workload"], line["dtype"], line["threads"]
        groups.setdefault(key, []).append((line["block_a_ns"], line["block_b_ns"]))
    return {key: ratio_of_processes(pairs, seed) for key, pairs in groups.items()}


def control_of_all(ratios: Sequence[Ratio], seed: int = 0) -> Ratio:
    """The middle workload's control: a bias of the harness moves all of them, one noisy workload does not."""
    logs = [math.log(r.median) for r in ratios]
    low, high = bootstrap(logs, seed)
    pairs, processes = sum(r.pairs for r in ratios), min(r.processes for r in ratios)
    return Ratio(math.exp(median(logs)), math.exp(low), math.exp(high), pairs, processes)


def aa_band(controls: Iterable[Line], seed: int = 0) -> tuple[float, float]:
    """What a difference must leave to count: the widest interval of any control, symmetric around 1."""
    widest = 1.0
    for ratio in control_ratios(controls, seed).values():
        for edge in (ratio.low, ratio.high):
            if np.isfinite(edge) and edge > 0:
                widest = max(widest, edge, 1 / edge)
    return 1 / widest, widest


def verdict(ratio: Ratio | None, band: tuple[float, float] = (1.0, 1.0)) -> str:
    """What the ratio a/b says of a: "faster", "slower", "no difference shown" ("" without a ratio)."""
    if ratio is None or not np.isfinite(ratio.median):
        return ""
    if ratio.pairs < FEWEST_PAIRS and ratio.processes < FEWEST_PROCESSES:
        return "too few rounds"
    if ratio.high < min(1.0, band[0]):
        return "faster"
    if ratio.low > max(1.0, band[1]):
        return "slower"
    return "no difference shown"


def outliers(values: Sequence[float]) -> int:
    """How many values lie beyond Tukey's fences; counted, never removed."""
    if len(values) < 4:
        return 0
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 1.5 * (high - low)
    return int(np.sum((np.asarray(values) < low - reach) | (np.asarray(values) > high + reach)))
