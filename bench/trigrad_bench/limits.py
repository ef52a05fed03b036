"""The limit of a step: its products, each as fast as anybody here computes it alone, and what must move.

Why it exists: "faster than PyTorch" says nothing of how much is left. This bound is measured, not looked up:
whatever multiplies matrices in this run (every backend of tensor_cpp, NumPy, PyTorch) is timed on every shape
of the step, the fastest counts, and a step takes at least

    Σ products + bytes / bandwidth

in the same rounds as the engines' own steps, once for each number of threads.

With several threads the fastest counts, of all of them and of one: threads meet after every product, and a
small one may not be worth it. An engine that lets the two products of a layer's backward run beside each
other, each on a thread of its own, could be faster than that; `floor_ns` is what even such a one needs.
Read before: turns.py. Read next: charts/limit.py.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import sizes, stats
from .options import Options
from .process import EngineError, Pool, Process
from .store import Line, Store
from .sweeps import opened
from .turns import Entry, Task, asked, gated, header, in_turns, probed, rows_of, steps
from .workload import Workload

WORKLOADS = (
    *(f"{name}.d{d}" for name in ("A1", "A2") for d in (128, 256, 512, 1024)),
    *(
        "F1",
        "F1.wide",
        "F1.large",
        "F2.n701k",
        "F2.n2800k",
        "P2.matched",
        "P2.net",
        "P3.matched",
        "P3.net",
        "M2",
    ),
)
ENGINES = ("native.tensor_cpp.tape", "tensor_cpp.tape", "torch", "torch.compile", "jax")
ROUNDS = 21  # a limit decides whether a goal can be reached: one disturbed round must not
OURS = ENGINES[:2]  # who is asked about our backends: without Python, if that is built
# What is read and written for each byte: NumPy adds two arrays in place, ours is an update with momentum.
MOVED = {"reference_py.stack": 3 / 2, "native.tensor_cpp.tape": 5 / 3}
OTHERS = {"reference_py.stack": "numpy", "torch": "torch"}


class Product(NamedTuple):
    """x (m, k) · y (k, n); a T in the case says which operand lies transposed in memory."""

    m: int
    n: int
    k: int
    case: str


class Alone(NamedTuple):
    """What is timed beside the steps: a product, or bytes that are moved; by whom, with so many threads."""

    what: Product | None
    who: str
    threads: int


def products(loaded: Workload) -> dict[Product, int]:
    """The products of a step, with how often each occurs. Weights are (out, in), as in PyTorch."""
    found: Counter[Product] = Counter()
    rows = rows_of(loaded)
    for prefix, layers in sizes.networks(loaded.model):
        for k, (n_in, n_out) in enumerate(itertools.pairwise(layers)):
            found[Product(rows, n_out, n_in, "NT")] += 1  # forward: x Wᵀ
            found[Product(n_out, n_in, rows, "TN")] += 1  # gradient of the weight: gᵀ x
            reads_data = k == 0 and prefix.removesuffix(".") not in loaded.model.heads
            if not reads_data or loaded.x_requires_grad:  # nobody asks for the gradient of the data
                found[Product(rows, n_in, n_out, "NN")] += 1  # gradient of the input: g W
    return found


def traffic(loaded: Workload, dtype: str, cache: float) -> tuple[int, int]:
    """(working set, bytes that a step must move besides its products). The formula, in this one place:

    A product alone reads its operands and writes its result; bias, activation and their backward, the loss
    and an L2 term can be done on the way, so none of them must move a byte. Not so the update, which knows a
    gradient only when the product that makes it is done: it reads parameter and gradient, writes the
    parameter, and reads and writes every array of state (SGD none, with momentum one, Adam two).

    The working set is parameters, gradients, state and the activations that backward reads. Where it is
    larger than the last cache, even a perfect cache must fetch the excess once a step. The update's bytes may
    be the very same, so the larger of the two counts, not their sum.
    """
    optimizer, item = loaded.optimizer, np.dtype(dtype).itemsize
    state = {"none": 0, "sgd": int(optimizer.momentum != 0)}.get(optimizer.kind, 2)
    update = 0 if optimizer.kind == "none" else loaded.parameter_count * (3 + 2 * state)
    activations = rows_of(loaded) * sum(sum(layers) for _, layers in sizes.networks(loaded.model))
    working = item * (loaded.parameter_count * (2 + state) + activations)
    return working, max(item * update, int(max(0.0, working - cache)))


def last_cache(machine: Mapping[str, Any]) -> float:
    """Bytes of the largest cache in the machine record; without one, nothing is beyond it."""
    units = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
    found = [re.fullmatch(r"(\d+)([KMG]?)B?", str(size)) for size in (machine.get("caches") or {}).values()]
    return max((int(m[1]) * units[m[2]] for m in found if m), default=float("inf"))


def multipliers(helpers: Mapping[str, Process]) -> dict[str, tuple[Process, dict[str, str]]]:
    """Who can multiply: name of the backend -> (process, what its probe is told besides).

    NumPy and PyTorch are called from Python, as their users do; on the smallest shapes the call counts most.
    """
    found: dict[str, tuple[Process, dict[str, str]]] = {}
    ours = next((helpers[name] for name in OURS if name in helpers), None)
    if ours is not None:
        with contextlib.suppress(EngineError):
            for name in ours.ask("probe", what="backends")["probe"]["backends"]:
                found[f"tensor_cpp {name}"] = ours, {"backend": name}
    return found | {label: (helpers[name], {}) for name, label in OTHERS.items() if name in helpers}


def product_tasks(
    who: Mapping[str, tuple[Process, dict[str, str]]],
    loaded: Workload,
    counts: Mapping[Product, int],
    threads: int = 1,
) -> dict[Alone, Task]:
    """Each product by each backend, with as many different weights as a step has of that shape.

    Thirty layers' weights are not in the cache that holds one; a step that read them from there is no limit.
    """
    return {
        Alone(p, name, threads): probed(
            process,
            what="product",
            shape=[p.m, p.n, p.k],
            case=p.case,
            dtype=loaded.dtypes[0],
            weights=count,
            **told,
        )
        for p, count in counts.items()
        for name, (process, told) in who.items()
    }


def move_tasks(helpers: Mapping[str, Process], working: int, threads: int = 1) -> dict[Alone, Task]:
    """Something that reads as many bytes as the working set has, and writes some of them where they lie.

    A copy would not do: what it writes it has not read, so the processor fetches lines that nobody needs.
    """
    who = [name for name in MOVED if name in helpers]
    return {Alone(None, name, threads): probed(helpers[name], what="move", bytes=working) for name in who}


def alone_of(timed: Mapping[Any, list[float]]) -> dict[Alone, list[float]]:
    """What was timed beside the steps."""
    return {key: ns for key, ns in timed.items() if isinstance(key, Alone)}


def bandwidth(alone: Mapping[Alone, list[float]], working: int) -> float:
    """GB/s of whoever moves bytes fastest."""
    return max(MOVED[key.who] * working / stats.median(ns) for key, ns in alone.items() if key.what is None)


def fastest(alone: Mapping[Alone, list[float]], product: Product, threads: int = 0) -> list[float]:
    """The rounds with the smallest median on this product.

    With `threads`, as many as the step has, a product of backward counts for its share: what runs on fewer
    leaves the others to its layer's other product.
    """
    shares = threads and product.case != "NT"  # which is forward
    rounds = [
        np.multiply(ns, key.threads / threads if shares else 1).tolist()
        for key, ns in alone.items()
        if key.what == product
    ]
    return min(rounds, key=stats.median)


def total(alone: Mapping[Alone, list[float]], counts: Mapping[Product, int], threads: int = 0) -> list[float]:
    """All products of a step, round by round."""
    each = [np.multiply(fastest(alone, p, threads), count) for p, count in counts.items()]
    return list(np.sum(each, axis=0).tolist())


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each engine on each of WORKLOADS that the run has, and one for each product and backend."""
    record = next((line for line in store.lines if line["kind"] == "machine"), {})
    engines = {e: Entry(e) for e in ENGINES if e in options.engines}
    for threads in (t for t in options.threads if t <= len(cores)):
        with contextlib.ExitStack() as stack:
            pool = stack.enter_context(contextlib.closing(Pool()))
            helpers = {
                n: stack.enter_context(opened([*OURS, *OTHERS], cores[-n:])) for n in sorted({1, threads})
            }
            for loaded in asked(options, WORKLOADS):
                mine = cores[-threads:]
                limit_of(options, store, machine, mine, pool, loaded, engines, helpers, last_cache(record))


def limit_of(
    options: Options,
    store: Store,
    machine: str,
    cores: Sequence[int],
    pool: Pool,
    loaded: Workload,
    engines: Mapping[str, Entry],
    helpers: Mapping[int, Mapping[str, Process]],
    cache: float,
) -> None:
    """One workload: products, what must move and steps in the same rounds."""
    dtype = loaded.dtypes[0]
    counts = products(loaded)
    working, moved = traffic(loaded, dtype, cache)
    with gated(options, loaded, engines, cores, pool) as members:
        tasks: dict[Any, Task] = {}
        for threads, started in helpers.items():
            tasks |= product_tasks(multipliers(started), loaded, counts, threads)
            tasks |= move_tasks(started, working, threads)
        tasks |= {label: steps(m, loaded) for label, m in members.items() if m.alive}
        timed = in_turns(tasks, options.seed, ROUNDS)
        alone = alone_of(timed)
        for key, ns in alone.items():
            if key.what is not None:
                store.add(
                    "limit_product",
                    machine=machine,
                    workload=loaded.name,
                    dtype=dtype,
                    threads=len(cores),
                    **key.what._asdict(),
                    count=counts[key.what],
                    backend=key.who,
                    backend_threads=key.threads,
                    ns=ns,
                )
        fields = {
            "products_ns": total(alone, counts),
            "floor_ns": total(alone, counts, len(cores)),
            "bytes": moved,
            "working_set": working,
            "bandwidth_gbs": bandwidth(alone, working),
            "moved_by": "update",  # lines without this field are of a copy
        }
        for label, member in members.items():
            line = header(machine, loaded, member)
            store.add("limit", **line, **fields, step_ns=timed.get(label, []))


def limit_ns(line: Line, floor: bool = False) -> list[float]:
    """The limit of a stored line, round by round; floor: what no engine whatever can do without.

    With one thread they are the same, and old lines have no floor.
    """
    products = "floor_ns" if floor and "floor_ns" in line else "products_ns"
    return [ns + line["bytes"] / line["bandwidth_gbs"] for ns in line[products]]


def ratio(line: Line, floor: bool = False) -> stats.Ratio | None:
    """How many times the limit a step takes; None for an engine that was not timed."""
    if not line.get("step_ns"):
        return None
    return stats.ratio_of_pairs(line["step_ns"], limit_ns(line, floor))
