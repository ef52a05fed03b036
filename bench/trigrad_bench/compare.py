"""Gate, timing and table: what `make compare` shows.

Why it exists: a time is worth nothing if the gradient beside it is wrong. So each engine's gradients are
held against reference_py in float64 first, and a row that fails gets no time. Times are taken in turns, in a
new random order each round, because on a busy machine two blocks that lie apart are not comparable.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .engines import OWN, Runner, candidates, dtype_of
from .workloads import Array, Workload

REFERENCE = "reference_py"
BLOCK_SECONDS = 0.003  # long against the clock's resolution, short against other programs' slices


@dataclass
class Row:
    """One line of the table."""

    workload: str
    engine: str
    order: str
    dtype: str
    loss: float | None = None
    deviation: float | None = None  # worst of max|g - ref| / max|ref| over the parameters
    allowed: float | None = None
    agrees: bool | None = None
    microseconds: float | None = None  # median of one step
    note: str = ""

    def ok(self) -> bool:
        """False for a wrong gradient and for an engine of ours that could not run."""
        return self.agrees is True or (self.agrees is None and self.engine not in OWN)


def deviation(gradients: dict[str, Array], reference: dict[str, Array]) -> float:
    """Worst max|g - ref| / max|ref|; not elementwise, as a sum that cancels has no relative accuracy."""
    worst = 0.0
    for name, expected in reference.items():
        if gradients[name].shape != expected.shape:
            return float("inf")
        scale = float(np.max(np.abs(expected), initial=0.0))
        error = float(np.max(np.abs(gradients[name] - expected), initial=0.0))
        if not np.isfinite(error):
            return float("inf")
        worst = max(worst, error / scale if scale > 0 else (0.0 if error == 0 else float("inf")))
    return worst


def measure(runners: list[Runner], rounds: int) -> list[float]:
    """Median seconds of one step of each runner, taken in turns."""
    steps = []
    for runner in runners:
        start = time.perf_counter()
        runner.step()
        steps.append(max(1, round(BLOCK_SECONDS / (time.perf_counter() - start))))
    blocks: list[list[float]] = [[] for _ in runners]
    turns = list(range(len(runners)))
    shuffle = random.Random(0).shuffle
    collecting = gc.isenabled()
    gc.disable()  # a collection would be charged to whoever happens to run
    try:
        for _ in range(rounds):
            shuffle(turns)
            for k in turns:
                start = time.perf_counter()
                for _ in range(steps[k]):
                    runners[k].step()
                blocks[k].append((time.perf_counter() - start) / steps[k])
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return [statistics.median(b) for b in blocks]


def compare(workload: Workload, engines: tuple[str, ...], dtype: str, rounds: int) -> list[Row]:
    """All rows of one workload."""
    rows: list[Row] = []
    timed: list[tuple[Row, Runner]] = []
    try:
        reference_loss, reference = Runner(REFERENCE, "stack", "float64", workload).result()
    except Exception as error:
        note = f"no float64 reference to compare with: {type(error).__name__}: {error}"
        return [
            Row(workload.name, e, o, dtype_of(e, dtype), note=reason or note)
            for e, o, reason in candidates(engines)
        ]
    for engine, order, reason in candidates(engines):
        row = Row(workload.name, engine, order, dtype_of(engine, dtype), note=reason)
        rows.append(row)
        if reason:
            continue
        try:
            runner = Runner(engine, order, row.dtype, workload)
            row.loss, gradients = runner.result()
        except Exception as error:  # one engine's failure is a row, not the end of the table
            row.note = f"{type(error).__name__}: {error}"
            continue
        eps = float(np.finfo(row.dtype).eps)
        row.allowed = workload.factor * workload.longest_sum**0.5 * eps
        row.deviation = deviation(gradients, reference)
        loss_error = abs(row.loss - reference_loss) / abs(reference_loss)
        row.agrees = row.deviation <= row.allowed and loss_error <= row.allowed
        if row.agrees:
            timed.append((row, runner))
        else:
            row.note = "loss or gradients disagree with the float64 reference: no time is shown"
    for (row, _), seconds in zip(timed, measure([r for _, r in timed], rounds), strict=True):
        row.microseconds = seconds * 1e6
    return rows


def as_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as plain data."""
    return [asdict(row) for row in rows]


def table(rows: list[Row], color: bool) -> str:
    """The rows as text, in columns."""
    head = ["engine", "order", "dtype", "loss", "gradient deviation", "allowed", "", "µs per step"]
    cells = [head]
    for r in rows:
        verdict = "" if r.agrees is None else "agrees" if r.agrees else "WRONG"
        numbers = [number(r.loss, ".7f"), number(r.deviation, ".1e"), number(r.allowed, ".1e")]
        cells.append([r.engine, r.order, r.dtype, *numbers, verdict, number(r.microseconds, ".1f")])
    widths = [max(len(line[k]) for line in cells) for k in range(len(head))]
    lines = []
    for line, row in zip(cells, [None, *rows], strict=True):
        padded = [
            c.ljust(w) if k < 3 or k == 6 else c.rjust(w)
            for k, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        if color and row is not None and row.agrees is not None:
            padded[6] = f"\033[{32 if row.agrees else 31}m{padded[6]}\033[0m"
        note = f"  {row.note}" if row is not None and row.note else ""
        lines.append(("  ".join(padded) + note).rstrip())
    return "\n".join(lines)


def number(value: float | None, form: str) -> str:
    """The number, or a dash where there is none."""
    return "-" if value is None else format(value, form)
