"""Where a step's time goes: products, elementwise loops, memory, graph, binding.

Why it exists: what to make faster next is a question about parts, and a profiler's answer depends on what was
inlined. Here every part is a time of its own, measured in the same rounds as the whole step:

    products     the step's matrix products, each alone, by the backend that the engine uses
    graph        the same operations on tensors of one element: nodes, dispatch, sweep, optimiser, no numbers
    memory       the bytes that the update must move, at the bandwidth of an update as large, alone
    elementwise  what is left of the step from C++: loops over numbers, and waiting for caches
    binding      the step from Python less the step from C++

"elementwise" is a remainder and bears the others' errors: a product alone finds what is not its
weight in the nearest cache, and its call is counted in "graph" once more.
Read before: turns.py, limits.py (products and bytes).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import stats
from . import workload as workloads
from .limits import alone_of, bandwidth, last_cache, move_tasks, product_tasks, products, total, traffic
from .options import Options
from .process import Pool
from .store import Line, Store
from .sweeps import opened
from .turns import Entry, Task, asked, gated, header, in_turns, steps
from .workload import Workload

WORKLOADS = ("T3.matched", "M2", "P2.matched", "F1", "A1.d512", "P3.matched")
NATIVE, PYTHON, NUMPY = "native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack"
PARTS = ("products", "elementwise", "memory", "graph", "binding")
ONE_ROW: dict[str, dict[str, Any]] = {  # data for a network of width one, by loss
    "mse": {"kind": "linear", "rows": 1, "weights": [1.0]},
    "hinge": {"kind": "noisy_linear", "rows": 1, "features": 1, "classes": 2, "labels": "side"},
    "sum": {"kind": "normal", "rows": 1, "features": 1},
}
ONE_CLASS = {"kind": "normal", "rows": 1, "features": 1, "classes": 1}


def of_one_element(loaded: Workload, name: str) -> Workload:
    """The same operations, layer by layer, on one row and width one."""
    data = ONE_ROW.get(loaded.loss.kind, ONE_CLASS)
    fixed = {"batch": 0, "validation": False, "data.validation": 0.0, "numbers": "philox"}
    layers = [1] * len(loaded.model.layers)
    return workloads.load(name, {**fixed, "model.layers": layers, "data": data, "steps": 1})


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each of WORKLOADS that the run has."""
    record = next((line for line in store.lines if line["kind"] == "machine"), {})
    with contextlib.closing(Pool()) as pool:
        for loaded in asked(options, WORKLOADS):
            parts_of(options, store, machine, cores, pool, loaded, last_cache(record))


def parts_of(
    options: Options,
    store: Store,
    machine: str,
    cores: Sequence[int],
    pool: Pool,
    loaded: Workload,
    cache: float,
) -> None:
    """One workload: all parts and both steps in the same rounds."""
    dtype = loaded.dtypes[0]
    counts = products(loaded)
    working, moved = traffic(loaded, dtype, cache)
    both = {name: Entry(name) for name in (NATIVE, PYTHON)}
    tiny = of_one_element(loaded, loaded.name)
    with (
        opened([NATIVE, NUMPY], cores) as helpers,
        gated(options, loaded, both, cores, pool) as members,
        gated(options, tiny, {"one": Entry(NATIVE)}, cores, pool) as small,
    ):
        line = header(machine, loaded, members[NATIVE])
        if not all(m.alive for m in (*members.values(), *small.values())) or len(helpers) < 2:
            reasons = [f"{m.name}: {m.reason}" for m in (*members.values(), *small.values()) if m.reason]
            line |= {"status": "error", "reason": "; ".join(reasons) or "engines did not start"}
            store.add("breakdown", **line)
            return
        tasks: dict[Any, Task] = dict(product_tasks({"own": (helpers[NATIVE], {})}, loaded, counts))
        tasks |= {name: steps(member, loaded) for name, member in members.items()}
        tasks |= {"one": steps(small["one"], tiny)}
        tasks |= move_tasks(helpers, working)
        timed = in_turns(tasks, options.seed)
        alone = alone_of(timed)
        store.add(
            "breakdown",
            **line,
            native_ns=timed[NATIVE],
            python_ns=timed[PYTHON],
            graph_ns=timed["one"],
            products_ns=total(alone, counts),
            bytes=moved,
            bandwidth_gbs=bandwidth(alone, working),
        )


def parts(line: Line) -> dict[str, float]:
    """Nanoseconds of each of PARTS, medians over rounds; together they are the step from Python."""
    python, native, graph, alone = (
        np.array(line[f"{k}_ns"]) for k in ("python", "native", "graph", "products")
    )
    memory = line["bytes"] / line["bandwidth_gbs"]
    found = {
        "products": stats.median(alone),
        "memory": memory,
        "graph": stats.median(graph),
        "binding": stats.median(python - native),
    }
    found["elementwise"] = stats.median(python) - sum(found.values())
    return {name: found[name] for name in PARTS}
