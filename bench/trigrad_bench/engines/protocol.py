"""What an engine must be able to do for the harness: eight verbs.

Why it exists: engines in Python, engines in C++ and a learner's own engine are asked the same questions in
the same words, so that nobody gets a friendlier question. A Python engine is a class with these methods,
driven by worker.py in a process of its own; a native engine is an executable that speaks the same verbs as
JSON lines.

`workload` is everywhere the plain dictionary of `Workload.as_json()`: workload["model"]["kind"], ["loss"],
["optimizer"].

What one step k is, for everybody: rows = batches[k], x = data["x"][rows], y = data["y"][rows]; forward, loss,
gradients of every parameter (and of x, named "x", when workload["x_requires_grad"]), update with lrs[k].

Phases that `run` times, each n times in a row:
    forward   the loss of batch 0 at the initial parameters; the graph is kept until the loss exists, then
    dropped backward  only the sweep; the forward pass that it needs is not timed
    grad      clear gradients, forward, backward
    update    the optimiser alone, on the gradients of batch 0
    step      grad and update, on batches 0, 1, 2, ... in turn (after batch SPAN-1 or the last one, again 0)
Every call of `run` starts at the initial parameters with a fresh optimiser, so that no engine drifts into
numbers that are cheaper to compute, and with one repeat more: setting parameters back leaves the caches to
their copies, and a step in training begins with what the step before it left there. Neither is timed. Rows of
a batch are picked and converted outside the clock.
Read next: program.py (the workload over any trigrad engine), ../worker.py, ../../examples/my_engine.py.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]
Spec = dict[str, Any]

PHASES = ("forward", "backward", "update", "grad", "step")
SPAN = 64  # how many different batches the phase "step" walks: enough to vary the data, few enough to prepare


@dataclass(frozen=True)
class Inputs:
    """The numbers of a workload (arrays.py), equal to the bit for every engine; floats are float64."""

    parameters: dict[str, Array]
    data: dict[str, Array]
    batches: list[Array]
    lrs: list[float]

    def rows(self, step: int) -> Array:
        """The rows of the data that step `step` uses."""
        return self.batches[step % len(self.batches)]

    def batch(self, step: int) -> dict[str, Array]:
        """The data of one step: "x", "y" and, if there are any, "mask0", ... (validation data stays out)."""
        rows = self.rows(step)
        return {name: array[rows] for name, array in self.data.items() if not name.endswith("_val")}

    def span(self) -> int:
        """How many batches the phase "step" walks: those before the first shorter one.

        With the rest of an epoch among them, the average step would depend on how many repeats a block has.
        """
        full = itertools.takewhile(lambda rows: len(rows) == len(self.batches[0]), self.batches[:SPAN])
        return sum(1 for _ in full)


class Engine(Protocol):
    """One engine. The constructor takes the number of threads, already set in the environment."""

    def __init__(self, threads: int) -> None: ...

    def info(self) -> dict[str, Any]:
        """name, driver ("python" or "native"), version; if known also compiler, flags, isa, blas, threads."""

    def supports(self, workload: Spec, dtype: str) -> str:
        """Why this engine cannot run the workload; "" when it can. Printed in the table."""

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        """Takes the numbers. Untimed; called again for the next workload."""

    def run(self, phase: str, n: int) -> int | None:
        """Repeats the phase n times. Returns its own nanoseconds, or None: then the worker's clock counts."""

    def result(self) -> dict[str, Array]:
        """Step 0 at the initial parameters: "loss" and "grad/<parameter>", float64; updates nothing."""

    def losses(self, steps: int) -> list[float]:
        """The training curve from the initial parameters: the loss of each step, before its update."""

    def counters(self) -> dict[str, int]:
        """Counts of one "grad", as far as they are known.

        nodes, allocations, bytes_allocated, peak_live_bytes, calls, flops, peak_stack_bytes.
        """

    def close(self) -> None:
        """Drops everything."""


def timed(repeat: Callable[[int], object], n: int, span: int = 1) -> int:
    """Nanoseconds of n repeats in a row, on batches 0 to span - 1 in turn, after an untimed one."""
    repeat(0)
    start = time.perf_counter_ns()
    for k in range(n):
        repeat(k % span)
    return time.perf_counter_ns() - start


def timed_apart(repeat: Callable[[int], int], n: int, span: int = 1) -> int:
    """The same where each repeat times a part of itself."""
    repeat(0)
    return sum(repeat(k % span) for k in range(n))


class Steps(Protocol):
    """What an engine is made of whose steps are Python: run_steps times its parts."""

    arrays: Inputs

    def reset(self) -> None: ...
    def graphs(self, step: int) -> object: ...
    def forward(self, step: int) -> object: ...
    def penalty(self) -> float: ...
    def sweep_ns(self, step: int) -> int: ...
    def grad(self, step: int) -> object: ...
    def update(self, step: int) -> None: ...
    def step(self, step: int) -> object: ...


def run_steps(engine: Steps, phase: str, n: int) -> int:
    """The verb `run` of such an engine."""

    def penalised(step: int) -> None:
        engine.forward(step)
        engine.penalty()

    engine.reset()
    if phase == "backward":
        return timed_apart(engine.sweep_ns, n)
    if phase == "update":
        engine.grad(0)
    span = engine.arrays.span() if phase == "step" else 1
    for k in range(min(n, span)):
        engine.graphs(k)
    repeats = {"forward": penalised, "update": engine.update, "grad": engine.grad, "step": engine.step}
    return timed(repeats[phase], n, span)


def read_inputs(path: str | Path) -> Inputs:
    """The numbers that the harness wrote for the workers."""
    from ..arrays import read

    found = read(path)
    return Inputs(found.parameters, found.data, found.batches, found.lrs)
