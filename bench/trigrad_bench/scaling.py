"""What a training step costs as a network grows: wider, deeper, or in larger batches.

Why it exists: at one end of each curve a step is overhead, at the other arithmetic; where the bend lies
decides which engine to pick for a model of that size. One base network, one thing changed at a time.
Read before: turns.py. Read next: charts/scaling.py; cost against nodes is charts/size.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from . import workload as workloads
from .options import Options
from .process import Pool
from .store import Store
from .turns import Entry, gated, header, in_turns, steps
from .workload import Workload

ENGINES = ("native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack", "torch")
WIDTH, DEPTH, BATCH, CLASSES = 64, 2, 32, 10  # the base: 64 - 64 - 64 - 10, ReLU, cross-entropy, SGD
AXES: dict[str, tuple[int, ...]] = {
    "width": (8, 16, 32, 64, 128, 256, 512, 1024),
    "depth": (1, 2, 4, 8, 16, 32, 64),
    "batch": (1, 4, 16, 64, 256, 1024),
}


def network(axis: str, value: int) -> Workload:
    """The base with one thing changed."""
    size = {"width": WIDTH, "depth": DEPTH, "batch": BATCH} | {axis: value}
    width, rows = size["width"], size["batch"]
    changes: dict[str, Any] = {
        "model.layers": [width] * (size["depth"] + 1) + [CLASSES],
        "data": {"rows": rows, "features": width},
        "init": {"weight": "he_in"},
        "batch": rows,
        "gate_factor": 16.0,  # of depth 64: thirty layers more than P3, whose factor this is
    }
    return workloads.load("F2", changes)


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each axis, value and engine."""
    entries = {e: Entry(e) for e in ENGINES if e in options.engines}
    with contextlib.closing(Pool()) as pool:
        for axis, values in AXES.items():
            for value in values:
                loaded = network(axis, value)
                with gated(options, loaded, entries, cores, pool) as members:
                    tasks = {label: steps(m, loaded) for label, m in members.items() if m.alive}
                    timed = in_turns(tasks, options.seed)
                    for label, member in members.items():
                        line = header(machine, loaded, member) | {"workload": f"scaling.{axis}"}
                        store.add("scaling", **line, axis=axis, value=value, step_ns=timed.get(label, []))
