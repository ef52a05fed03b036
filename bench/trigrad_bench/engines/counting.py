"""Counts that do not depend on the machine's mood: nodes, allocations, products, calls, stack.

Why it exists: times need intervals; counts are facts, and most differences in time are differences in counts.
Read before: program.py.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from ..stackmeter import stack_bytes
from .program import Program

Counters = dict[str, int]
SLOW = 0.5  # seconds: counting everything takes several passes


def count(program: Program) -> Counters:
    """What one "grad" needs, as far as the engine tells."""
    program.reset()
    start = time.perf_counter()
    for _ in range(2):  # in steady state: pools are filled, caches are warm
        program.grad(0)
        if time.perf_counter() - start > SLOW:
            return {"flops": flops(program)} | nodes(program)
    products = flops(program)
    found = {"flops": products} if products else {}
    found |= nodes(program)
    found |= memory(program)
    found["calls"] = calls(program)
    program.clear()
    loss = program.forward(0)
    found["peak_stack_bytes"] = stack_bytes(lambda: loss.backward(order=program.order))
    program.clear()
    return found


def flops(program: Program) -> int:
    """2 m n k of every matrix product: forward, and backward for weights and for inputs that need it."""
    total = 0
    rows = sum(next(iter(batch.values())).shape[0] if batch else 0 for batch in program.graphs(0))
    wanted = bool(program.workload.get("x_requires_grad"))
    for name, p in program.parameters.items():
        if name.rpartition(".")[2].startswith("weight"):
            first = (
                name.endswith("weight0") and program.model["kind"] != "shared_trunk"
            ) or name == "trunk.weight0"
            products = 2 if first and not wanted else 3
            total += products * 2 * rows * math.prod(p.shape)
    return total


def nodes(program: Program) -> Counters:
    """Nodes of the graph of one loss, leaves left out."""
    loss = program.forward(0)
    start = loss.grad_fn
    if program.tg.__name__.endswith("scalar_cpp"):
        from trigrad._core import scalar

        return {"nodes": int(scalar.graph_size(loss._nodes))}
    if not hasattr(start, "inputs"):
        return {}
    seen, todo = set(), [start]
    kept = [start]  # wrappers must outlive their ids
    while todo:
        node = todo.pop()
        name = getattr(node, "id", id(node))
        if name in seen or getattr(node, "name", "") == "leaf":
            continue
        seen.add(name)
        below = [n for n in parents(node) if n is not None]
        kept += below
        todo += below
    return {"nodes": len(seen)}


def parents(node: Any) -> list[Any]:
    """The nodes below: tensor_cpp gives nodes, reference_py tensors or edges to nodes."""
    return [below if hasattr(below, "inputs") else getattr(below, "grad_fn", None) for below in node.inputs]


def memory(program: Program) -> Counters:
    """Pool of tensor_cpp: blocks asked from the system in steady state, bytes of a graph, bytes of a pass."""
    core = getattr(program.tg, "_core", None)
    if core is None or not hasattr(core, "_pool_counters"):
        return {}
    core._pool_reset_peak()
    before = core._pool_counters()
    program.grad(0)
    after = core._pool_counters()
    asked = after["system_calls"] - before["system_calls"]
    peak = after["peak_bytes"] - before["live_bytes"]
    program.clear()
    empty = core._pool_counters()["live_bytes"]
    loss = program.forward(0)
    held = core._pool_counters()["live_bytes"] - empty
    del loss
    return {"allocations": int(asked), "graph_bytes": int(held), "peak_live_bytes": int(peak)}


def calls(program: Program) -> int:
    """Calls of compiled functions in one "grad"; operators (a + b) are not seen and not counted."""
    made = 0

    def look(_frame: Any, event: str, function: Any) -> None:
        nonlocal made
        owner = str(
            getattr(function, "__module__", "") or type(getattr(function, "__self__", None)).__module__
        )
        if event == "c_call" and owner.startswith(("trigrad", "numpy")):
            made += 1

    sys.setprofile(look)
    try:
        program.grad(0)
    finally:
        sys.setprofile(None)
    return made
