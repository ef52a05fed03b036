"""What one operation on scalars costs, by library and by the way a program is written.

Why it exists: "the C++ engine is fast" is worth what it is compared with. Three libraries that record scalars
run the same programs (native/scalar_model.hpp) in turns: micrograd's moons, a long chain and a wide sum, with
every operation a variable of its own, with multiplications added up, and with whatever the library has for a
sum of products. All record anew in every pass, as micrograd does, and times are of the thread alone. Costs
are per operation as micrograd counts them, whatever a library makes of it. A tape that asks no questions
(native/bare_tape.cpp) runs along: what even that does not reach, no design of this kind can.
Read before: turns.py, native/styles.hpp. Read next: charts/scalar_cost.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from . import sizes, turns
from . import workload as workloads
from .members import Line, Member
from .options import Options
from .process import EngineError, Pool
from .store import Store
from .turns import Entry, gated, header, in_turns
from .workload import Workload

ENGINES = ("native.scalar_cpp", "native.cppad", "native.adolc")
BARE = "native.bare_tape"  # it has no call of its own for a sum of products
STYLES = ("op", "mac", "own")
PHASES = ("forward", "backward", "grad")
# No ReLU is dead: positive weights so small that no hinge is reached, and biases that outweigh the data.
# (Dead ones flatter libraries that leave out what has no influence.) Such a network is linear, and the labels
# are balanced, so without a larger L2 term the biases' gradients would be nothing but rounding.
BIASES = {"bias0": [[4.0] * 16], "bias1": [[1.0] * 16], "bias2": [[0.1]]}
ALIVE = {
    "init": {"weight": "between", "low": 0.01, "scale": 0.02, "values": BIASES},
    "loss.l2": 10.0,
}


class Job(NamedTuple):
    """A workload, and by style how many times as fast as CppAD and as ADOL-C trigrad wants to be."""

    workload: str
    changes: Mapping[str, Any]
    goals: Mapping[str, tuple[float, float]]


MOONS = {"op": (7.0, 17.0), "mac": (10.0, 22.0)}
JOBS = {
    "M2": Job("M2", {}, MOONS),
    "M2.alive": Job("M2", ALIVE, MOONS),
    "chain": Job("chain.n1e6", {}, dict.fromkeys(("op", "mac"), (4.0, 8.0))),
    "fan_in": Job("fan_in.n1e6", {}, dict.fromkeys(("op", "mac"), (3.7, 8.5))),
}
NODES = (100_000, 1_000_000, 10_000_000)
GROWING = {"chain": 2.1, "fan_in": 3.0}  # operations to a link
ROUNDS, SIZE_ROUNDS = 15, 5


def operations(loaded: Workload) -> int:
    """How many nodes micrograd makes for one loss, leaves not counted."""
    model, size = loaded.model, loaded.model.size
    if model.shape == "chain":  # v a, + b, and tanh of every tenth
        return 2 * size + size // 10
    if model.shape == "fan_in":  # exp, times y, added
        return 3 * size
    rows, (_, *widths) = sizes.shares(loaded.data)[0], model.layers
    weights = loaded.parameter_count - sum(widths)
    a_row = 2 * weights + sum(widths[:-1]) + 3  # w x, added; ReLU; the hinge of 1 + -y score
    # Rows are added up and averaged, parameters squared and added; that times alpha, and the sum of both.
    return rows * (a_row + 1) + 1 + 2 * loaded.parameter_count + 2


def styles_of(engine: str, loaded: Workload) -> tuple[str, ...]:
    """Graphs have one product to a sum: nothing that a library could do with more of them."""
    return STYLES if loaded.model.kind == "mlp" and engine != BARE else ("op", "mac")


def entry(engine: str, style: str) -> Entry:
    """The engine, told how to write, and to measure its thread's CPU time."""
    return Entry(engine, words=(style, "cpu"))


def sweep(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """A line for each job, style and library; then one for each size."""
    engines = [e for e in ENGINES if e in options.engines]
    engines += [BARE] if engines else []
    for name, job in JOBS.items():
        compare(options, store, machine, cores, engines, name, job)
    for shape, links in GROWING.items():
        sizes = [workloads.load(shape, {"model.size": round(nodes / links)}) for nodes in NODES]
        grow(options, store, machine, cores, engines, sizes)


def compare(
    options: Options,
    store: Store,
    machine: str,
    cores: Sequence[int],
    engines: Sequence[str],
    name: str,
    job: Job,
) -> None:
    """All styles of all libraries in the same rounds."""
    loaded = workloads.load(job.workload, job.changes)
    who = {
        f"{engine} {style}": entry(engine, style) for engine in engines for style in styles_of(engine, loaded)
    }
    with contextlib.closing(Pool()) as pool, gated(options, loaded, who, cores, pool) as members:
        tasks: dict[tuple[str, str], turns.Task] = {
            (label, phase): partial(member.block, phase)
            for label, member in members.items()
            if member.alive
            for phase in PHASES
        }
        timed = in_turns(tasks, options.seed, ROUNDS)
        for label, member in members.items():
            style = label.split()[1]
            times = {f"{phase}_ns": timed.get((label, phase), []) for phase in PHASES}
            line = line_of(machine, loaded, member, style) | {"workload": name}
            store.add("scalar_cost", **line, goals=job.goals.get(style), **times)


def grow(
    options: Options,
    store: Store,
    machine: str,
    cores: Sequence[int],
    engines: Sequence[str],
    sizes: Sequence[Workload],
) -> None:
    """The first pass of a new process, and passes that find its memory; all sizes in the same rounds."""
    who = {engine: entry(engine, "op") for engine in engines}
    with contextlib.ExitStack() as stack:
        grown: list[tuple[Workload, Member, Entry]] = []
        for loaded in sizes:
            pool = stack.enter_context(contextlib.closing(Pool()))
            members = stack.enter_context(gated(options, loaded, who, cores, pool))
            grown += [(loaded, members[engine], who[engine]) for engine in engines]
        found: list[list[tuple[float, float]]] = [[] for _ in grown]
        for r in range(SIZE_ROUNDS + 1):
            for (loaded, member, program), times in zip(grown, found, strict=True):
                if not member.alive:
                    continue
                with contextlib.suppress(EngineError):
                    both = passes(member, program, cores, operations(loaded))
                    times += [both] if r else []  # the first round's memory is new to the machine, too
        for (loaded, member, _), times in zip(grown, found, strict=True):
            line = line_of(machine, loaded, member, "op") | {"workload": loaded.model.shape}
            first, again = ([t[k] for t in times] for k in (0, 1))
            store.add("scalar_size", **line, first_ns=first, again_ns=again)


def passes(member: Member, who: Entry, cores: Sequence[int], nodes: int) -> tuple[float, float]:
    """Nanoseconds of the first pass and of the later ones, in a process of its own."""
    job = member.job
    with who.start(cores) as process:
        process.ask("setup", workload=job.spec, arrays=str(job.arrays), dtype=job.dtype, threads=1)
        first = process.ask("run", phase="grad", n=1)["ns"]
        n = max(1, max(NODES) // (4 * nodes))  # as much work in small graphs
        return float(first), process.ask("run", phase="grad", n=n)["ns"] / n


def line_of(machine: str, loaded: Workload, member: Member, style: str) -> Line:
    """What was measured, and what one recording takes in memory."""
    return header(machine, loaded, member) | {
        "phase": "grad",
        "style": style,
        "nodes": operations(loaded),
        "bytes": member.counters.get("peak_live_bytes"),
        "check": member.check.as_json() if member.check else None,
    }
