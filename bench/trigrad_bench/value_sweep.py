"""What a number costs in Python: trigrad's Value beside micrograd's, the same lines and another import.

Why it exists: whoever learns with micrograd pays for Python's objects and for its cyclic collector, and only
then for the graph. So an operator is timed alone, and a training step of micrograd's moons is timed written
out and by the MLP that comes with each Value, without the collector and with it.
Read before: turns.py, engines/values.py. Read next: docs/make_targets.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from . import turns
from . import workload as workloads
from .options import Options
from .process import Pool
from .store import Store
from .turns import Entry, gated, header, in_turns, probed

ENGINES = ("scalar_cpp.value", "micrograd")
WAYS: Mapping[str, Mapping[str, Any]] = {"written out": {}, "its own MLP": {"own_mlp": True}}
WORKLOAD, ROUNDS = "M2", 7


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each engine and way of writing the step, all of them in the same rounds."""
    loaded = workloads.load(WORKLOAD)
    who = {
        f"{engine} {way}": Entry(engine, told=told)
        for engine in ENGINES
        if engine in options.engines
        for way, told in WAYS.items()
    }
    with contextlib.closing(Pool()) as pool, gated(options, loaded, who, cores, pool) as members:
        tasks: dict[tuple[str, str], turns.Task] = {}
        for label, member in members.items():
            if member.process is None:
                continue
            tasks[label, "step"] = partial(member.block, "step")
            tasks[label, "shipped"] = probed(member.process, what="as_shipped")
            if not who[label].told:
                tasks[label, "operator"] = probed(member.process, what="operator")
        timed = in_turns(tasks, options.seed, ROUNDS)
        for label, member in members.items():
            times = {f"{what}_ns": timed.get((label, what), []) for what in ("operator", "step", "shipped")}
            line = header(machine, loaded, member) | {"way": label.removeprefix(member.name).strip()}
            store.add("value_cost", **line, check=member.check.as_json() if member.check else None, **times)
