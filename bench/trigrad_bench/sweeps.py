"""The lines beside the workloads: cost of one operation, depth of the orders, speed of matrix products.

Why it exists: these are properties of engines, not of workloads; each is measured once per run, engines in
turns.
Read before: probes.py (what runs inside the engine).
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

from .engines import is_native
from .options import Options
from .process import EngineError, Process, threads_on
from .session import Progress
from .stats import median
from .store import Store

OP_ENGINES = (
    "native.tensor_cpp.tape",
    "tensor_cpp.tape",
    "tensor_cpp.stack",
    "scalar_cpp.tensor",
    "reference_py.stack",
    "torch",
)
DEPTH_ENGINES = (
    "tensor_cpp.tape",
    "tensor_cpp.stack",
    "tensor_cpp.recursive",
    "reference_py.stack",
    "reference_py.recursive",
)
GEMM_ENGINES = {"tensor_cpp.tape": "tensor_cpp", "reference_py.stack": "numpy", "torch": "torch"}
DEPTHS = (10, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
SQUARES = (32, 64, 128, 256, 512)
BATCHED = ((32, 128, 784), (32, 1024, 512), (32, 2048, 1024))
CASES = ("NN", "NT", "TN")
TIMEOUT = 60.0
ROUNDS = 7


def run(options: Options, store: Store, machine: str, cores: Sequence[int], progress: Progress) -> None:
    """What the options ask for."""
    # They use what stands below.
    from . import breakdown, limits, scalar_sweep, scaling, value_sweep, waterfall

    done = {line["name"] for line in store.lines if line["kind"] == "extra"}
    for extra, sweep in (
        ("op_cost", op_cost),
        ("depth", depth),
        ("gemm", gemm),
        ("limit", limits.sweep),
        ("breakdown", breakdown.sweep),
        ("scaling", scaling.sweep),
        ("waterfall", waterfall.sweep),
        ("scalar", scalar_sweep.sweep),
        ("value", value_sweep.sweep),
    ):
        if extra in options.extras and extra not in done:
            progress(f"sweep: {extra}")
            sweep(options, store, machine, cores if extra == "limit" else cores[-1:])
            store.add("extra", name=extra)  # a resumed run need not do it again


@contextlib.contextmanager
def opened(names: Sequence[str], cores: Sequence[int]) -> Iterator[dict[str, Process]]:
    """The engines that can be started, with a thread a core."""
    found: dict[str, Process] = {}
    try:
        for name in names:
            with contextlib.suppress(EngineError):
                found[name] = Process(name, threads_on(cores), cores)
                found[name].ask("info", timeout=TIMEOUT)
        yield {name: process for name, process in found.items() if process.alive()}
    finally:
        for process in found.values():
            process.kill()


def asked(process: Process, **question: Any) -> dict[str, Any] | None:
    """The answer to a probe; None when the engine cannot be asked."""
    if not process.alive():
        return None
    with contextlib.suppress(EngineError):
        return dict(process.ask("probe", timeout=TIMEOUT, **question)["probe"])
    return None


def in_turns(
    processes: dict[str, Process], question: dict[str, Any], seed: int
) -> dict[str, list[dict[str, Any]]]:
    """ROUNDS answers of each engine, in random order within a round; the first of each is thrown away."""
    shuffle = random.Random(seed).shuffle
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in processes}
    for r in range(ROUNDS + 1):
        names = list(processes)
        shuffle(names)
        for name in names:
            reply = asked(processes[name], **question)
            if reply is not None and r > 0:
                found[name].append(reply)
    return found


def op_cost(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """Nanoseconds per addition of 1 and of 64 floats."""
    with opened([e for e in OP_ENGINES if e in options.engines], cores) as processes:
        for elements in (1, 64):
            question = {"what": "op_cost", "elements": elements, "length": 100, "n": 10}
            for name, replies in in_turns(processes, question, options.seed).items():
                if replies:
                    both = {k: median([r[k] for r in replies]) for k in ("forward_ns", "backward_ns")}
                    driver = "native" if is_native(name) else "python"
                    fields = {"engine": name, "driver": driver, "op": "add", "elements": elements, **both}
                    store.add("op_cost", machine=machine, rounds=len(replies), **fields)


def depth(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """Time and stack against depth, for each order; the recursive ones end with the depth that they reach."""
    for name in (e for e in DEPTH_ENGINES if e in options.engines):
        with opened([name], cores) as processes:
            for deep in DEPTHS:
                reply = asked(processes[name], what="depth", depth=deep, n=4) if name in processes else None
                if reply is None:
                    break
                order = name.split(".")[1]
                store.add("depth", machine=machine, engine=name, order=order, depth=deep, **reply)
                if reply["status"] != "ok":
                    break


def gemm(options: Options, store: Store, machine: str, cores: Sequence[int]) -> None:
    """GFLOP/s of the products of training, for every backend that the engines bring."""
    shapes = [(n, n, n) for n in SQUARES] + list(BATCHED)
    with opened([e for e in GEMM_ENGINES if e in options.engines], cores) as processes:
        for shape in shapes:
            for case in CASES if options.suite != "quick" else CASES[:2]:
                m, n, k = shape
                repeats = max(1, int(1e8 / (2 * m * n * k)))
                question = {"what": "gemm", "shape": shape, "case": case, "n": repeats}
                for name, replies in in_turns(processes, question, options.seed).items():
                    if replies:
                        fields = {
                            "backend": GEMM_ENGINES[name],
                            "engine": name,
                            "m": m,
                            "n": n,
                            "k": k,
                            "case": case,
                        }
                        speed = median([r["gflops"] for r in replies])
                        store.add("gemm", machine=machine, dtype="float32", threads=1, **fields, gflops=speed)
