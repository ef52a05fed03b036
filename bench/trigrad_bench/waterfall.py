"""From one Python object a number to the fastest step, one reason at a time, each with its measured factor.

Why it exists: "C++ is faster than Python" and "a tensor beats scalars" are said together, so nobody knows
which of them did it. Here one training step is taken down a flight of rungs; two neighbours differ in one
thing, and all of them ran in the same rounds and passed the same gate.
Read before: turns.py. Read next: charts/waterfall.py, docs/make_why_fast.py.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import stats
from .options import Options
from .process import EngineError, Pool
from .store import Line, Store
from .sweeps import opened
from .turns import Entry, asked, gated, header, in_turns, steps
from .workload import Workload

WORKLOADS = ("P2.matched", "F1")
PYTHON = "tensor_cpp.tape"
PLAIN = {"plain": True}  # a product, an addition and an activation, each an operation of its own


@dataclass(frozen=True)
class Rung:
    """One step of the flight. The text says what differs from the rung above; figures come from lines."""

    title: str
    entry: Entry
    text: str


RUNGS: dict[str, Rung] = {
    "value": Rung(
        "scalars, from Python",
        Entry("scalar_cpp.value"),
        "Every number of the network is a Python object over a node of the C++ tape, and every product and"
        " every sum is a call from Python. It is micrograd's program, unchanged but for its import line.",
    ),
    "op": Rung(
        "scalars, from C++",
        Entry("native.scalar_cpp", words=("op",)),
        "The same nodes on the same tape, recorded by a C++ program, operation by operation. What is gone is"
        " the interpreter: an object, a reference count and a dispatch for each of the products.",
    ),
    "dot": Rung(
        "one node a neuron",
        Entry("native.scalar_cpp"),
        "A neuron's sum of products is recorded as one node with many inputs. The arithmetic is the same; the"
        " tape is shorter, and partial sums, which nobody asks for, get neither a node nor a gradient.",
    ),
    "numpy": Rung(
        "arrays: NumPy",
        Entry("reference_py.stack"),
        "One node for a whole layer and batch instead of one for every number. The loops over numbers are now"
        " NumPy's and its BLAS library's, in float32, with vector instructions; the graph is still Python's.",
    ),
    "plain": Rung(
        "a graph in C++, its own products",
        Entry(PYTHON, told=PLAIN),
        "tensor_cpp, called from Python with the same operations: a product, an addition, an activation."
        " Nodes, the sweep and the optimiser are C++; memory is pooled, so that a step asks the system for"
        " none.",
    ),
    "fused": Rung(
        "one operation a layer",
        Entry(PYTHON),
        "Product, bias and activation are one operation, forward and backward. That makes fewer nodes and"
        " calls, and a layer's output is passed over once while it is in the cache, not three times.",
    ),
    "native": Rung(
        "no Python at all",
        Entry("native.tensor_cpp.tape"),
        "The same engine driven by a C++ program. The difference is what the binding and the interpreter"
        " cost: so much a call, and next to nothing where the products are large.",
    ),
}
BESIDE: dict[str, Rung] = {
    "torch": Rung("PyTorch", Entry("torch"), ""),
    "torch.compile": Rung("torch.compile", Entry("torch.compile"), ""),
}
PRODUCTS = (
    "The same program with other matrix products, chosen by name; the slowest comes first, the engine's own"
    " choice last. Between neighbours only the loop nest, or the instructions it was compiled to, differ."
)


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each rung of each of WORKLOADS that the run has."""
    others = other_backends(cores)
    with contextlib.closing(Pool()) as pool:
        for loaded in asked(options, WORKLOADS):
            flight(options, store, machine, cores, pool, loaded, others)


def other_backends(cores: Sequence[int]) -> list[str]:
    """Who else can multiply for tensor_cpp."""
    with opened([PYTHON], cores) as processes, contextlib.suppress(EngineError, KeyError):
        known: Any = processes[PYTHON].ask("probe", what="backends")["probe"]
        return [name for name in known["backends"] if name != known["chosen"]]
    return []


def flight(
    options: Options,
    store: Store,
    machine: str,
    cores: Sequence[int],
    pool: Pool,
    loaded: Workload,
    others: Sequence[str],
) -> None:
    """One workload: every rung, and PyTorch beside them, in the same rounds."""
    entries = {key: rung.entry for key, rung in (RUNGS | BESIDE).items()}
    entries |= {f"products.{name}": Entry(PYTHON, told=PLAIN, backend=name) for name in others}
    with gated(options, loaded, entries, cores, pool) as members:
        tasks = {key: steps(member, loaded) for key, member in members.items() if member.alive}
        timed = in_turns(tasks, options.seed)
        for key, member in members.items():
            line = header(machine, loaded, member)
            store.add("waterfall", **line, rung=key, step_ns=timed.get(key, []))


def flights(lines: Iterable[Line]) -> dict[str, dict[str, Line]]:
    """The timed rungs of each workload from top to bottom, PyTorch not among them.

    Other products come slowest first, over all workloads together, so that the order is the same in each.
    """
    found: dict[str, dict[str, Line]] = {}
    slowness: dict[str, float] = {}
    for line in lines:
        if line.get("step_ns") and line["rung"] not in BESIDE:
            found.setdefault(line["workload"], {})[line["rung"]] = line  # the last of a resumed run
    for rungs in found.values():
        for key in filter(other_products, rungs):
            slowness[key] = slowness.get(key, 0.0) + math.log(stats.median(rungs[key]["step_ns"]))
    keys = list(RUNGS)
    keys[keys.index("plain") : keys.index("plain")] = sorted(slowness, key=lambda key: -slowness[key])
    return {name: {key: rungs[key] for key in keys if key in rungs} for name, rungs in found.items()}


def other_products(key: str) -> bool:
    """Whether a rung is the plain graph with products that are not its own choice."""
    return key.startswith("products.")


def factors(rungs: Mapping[str, Line]) -> dict[str, stats.Ratio]:
    """How many times as fast each rung is as the one above it."""
    keys = list(rungs)
    return {
        below: stats.ratio_of_pairs(rungs[above]["step_ns"], rungs[below]["step_ns"])
        for above, below in itertools.pairwise(keys)
    }


def title(key: str) -> str:
    """What a rung is called."""
    if other_products(key):
        return f"a graph in C++, {key.removeprefix('products.')} products"
    return (RUNGS | BESIDE)[key].title
