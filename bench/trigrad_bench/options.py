"""What a run is asked to do: suites, and the options that change them.

Why it exists: `--suite quick` must mean the same for everybody, and every option must be visible in the
stored command.
Read next: run.py.
"""

from __future__ import annotations

import dataclasses
import math
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import workload as workloads
from .engines import expand, label
from .engines.protocol import PHASES
from .schema import WorkloadError
from .stats import FEWEST_PROCESSES

BASELINES = ("torch", "tensor_cpp.tape")  # everybody is compared with the first of these that takes part
EXTRAS = ("curves", "op_cost", "depth", "gemm")
ENOUGH = 3  # rounds of one process that need no remark
LONG = ("limit", "breakdown", "scaling", "waterfall", "scalar", "value")  # minutes: only when they are named


class UsageError(ValueError):
    """The command line asks for something that does not exist; exit status 2."""


@dataclass(frozen=True)
class Options:
    """One run."""

    suite: str = "quick"
    workloads: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()  # none: the first that the workload names
    threads: tuple[int, ...] = (1,)
    phases: tuple[str, ...] = ("forward", "backward", "step")
    detailed: tuple[str, ...] = ()  # workloads of which all phases are timed
    rounds: int = 15
    processes: int = 1
    seed: int = 0
    block_ms: float = (
        2.0  # a block is at least this long: long against the clock, short against other programs
    )
    budget: float = (
        6.0  # seconds of timed blocks per workload; slow engines get fewer rounds, and the line says so
    )
    curve_budget: float = 0.5  # seconds of training per engine for its loss curve
    curve_steps: int = 200
    timeout: float = 60.0  # seconds until an engine that does not answer counts as hung
    extras: tuple[str, ...] = EXTRAS
    memory_gb: float = 14.0  # what the processes of one session may take together
    slowest: float = 0.0  # seconds; engines that need longer for the gate's step are not timed; 0: all are
    check_only: bool = False
    gates: tuple[str, ...] = ()  # workloads that are checked, but not timed
    instead: dict[str, str] = field(default_factory=dict)  # what to take where data is missing
    limit: float = 0.0  # seconds after which no new workload is started; 0: none

    def baseline(self) -> str:
        """The engine that the A/A control runs twice."""
        return next((b for b in BASELINES if b in self.engines), self.engines[0])

    def fewest_rounds(self) -> int:
        """What a slow engine gets of each process, if that is at all possible."""
        return 1 if self.processes >= FEWEST_PROCESSES else ENOUGH

    def phases_of(self, workload: str) -> tuple[str, ...]:
        """The phases that are timed."""
        return PHASES if workload in self.detailed else self.phases

    def command(self, **changes: Any) -> str:
        """The command line that runs this, or a part of it, again."""
        now = dataclasses.replace(self, **changes)
        parts = [
            "trigrad bench run",
            f"--workloads {shlex.quote(','.join(now.workloads))}",
            f"--engines {shlex.quote(','.join(now.engines))}",
        ]
        parts += [f"--phases {','.join(now.phases)}", f"--threads {','.join(map(str, now.threads))}"]
        detailed = [w for w in now.detailed if w in now.workloads]
        parts += [f"--detailed {shlex.quote(','.join(detailed))}"] if detailed else []
        parts += [f"--dtypes {','.join(now.dtypes)}"] if now.dtypes else []
        parts += [f"--rounds {now.rounds} --processes {now.processes} --seed {now.seed}"]
        parts += [f"--block-ms {now.block_ms:g} --budget {now.budget:g} --curve-budget {now.curve_budget:g}"]
        parts += [f"--timeout {now.timeout:g}"]
        parts += [f"--slowest {now.slowest:g}"] if now.slowest else []
        parts += [f"--extras {','.join(now.extras) or 'none'}"]
        return " ".join(parts)


EVERYBODY = {"phases": ("grad", "step"), "engines": ("all",)}
DEFAULTS: dict[str, dict[str, Any]] = {
    "quick": {
        "engines": ("own", "native", "torch", "micrograd"),
        "phases": ("grad", "step"),
        "processes": 3,
        "rounds": 9,
        "budget": 0.6,
        "curve_budget": 0.25,
        "limit": 240.0,
    },
    "paper": EVERYBODY
    | {
        "processes": 3,
        "rounds": 9,
        "budget": 2.0,
        "curve_budget": 0.3,
        "timeout": 120.0,
        "slowest": 6.0,
    },
    "full": EVERYBODY
    | {
        "block_ms": 10.0,
        "budget": 30.0,
        "curve_budget": 10.0,
        "timeout": 600.0,
        "rounds": 9,
        "processes": 5,
        "curve_steps": 1000,
    },
}


def from_suite(name: str) -> Options:
    """The options of a suite: its defaults, and what suites.toml says over them."""
    try:
        table = workloads.suite(name)
        listed = listing(table)
    except WorkloadError as error:
        raise UsageError(str(error)) from error
    merged = DEFAULTS.get(name, {}) | table | {"workloads": listed}
    return with_engines(from_table({"suite": name, **merged}))


def from_table(table: Mapping[str, Any]) -> Options:
    """The options of a stored run or a suite: keys that are no options are skipped, lists become tuples."""
    known = {f.name for f in dataclasses.fields(Options)}
    picked: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.items() if k in known
    }
    return Options(**picked)


def listing(table: dict[str, Any]) -> tuple[str, ...]:
    """The suite's workloads and those of the suite that it is like; sizes are variants."""
    like = workloads.suite(table["like"])["workloads"] if "like" in table else []
    found: list[str] = []
    for name in [*like, *table["workloads"]]:
        sizes = table.get("sizes", {}).get(name)
        found += [variant(name, size) for size in sizes] if sizes else [name]
    return tuple(dict.fromkeys(found))


def variant(name: str, size: int) -> str:
    """The variant of a graph workload that has this size."""
    for full in workloads.names():
        if full.startswith(f"{name}.") and workloads.load(full).size == size:
            return full
    raise WorkloadError(f"{name} has no variant of size {size}")


def with_engines(options: Options) -> Options:
    """The options with groups of engines turned into names."""
    try:
        return dataclasses.replace(options, engines=expand(",".join(options.engines)))
    except ValueError as error:
        raise UsageError(str(error)) from error


def checked(options: Options) -> Options:
    """The options, if all of them can be meant; UsageError says what is wrong."""
    if not options.engines or not options.workloads:
        raise UsageError("nothing to do: name at least one engine and one workload")
    for name in options.engines:
        if name.endswith(".py") and not Path(name).is_file():
            raise UsageError(f"--engine {name}: there is no such file")
    names = Counter(label(name) for name in options.engines)
    if twice := [name for name, count in names.items() if count > 1]:
        raise UsageError(f"two engines are called {twice[0]}; give one of the files another name")
    for phase in options.phases:
        if phase not in PHASES:
            raise UsageError(f"unknown phase {phase!r}; known: {', '.join(PHASES)}")
    for extra in options.extras:
        if extra not in EXTRAS + LONG:
            raise UsageError(f"unknown extra {extra!r}; known: {', '.join(EXTRAS + LONG)}, none")
    for dtype in options.dtypes:
        if dtype not in ("float32", "float64"):
            raise UsageError(f"unknown dtype {dtype!r}; known: float32, float64")
    if min(options.rounds, options.processes, *options.threads) < 1:
        raise UsageError("--rounds, --processes and --threads must be at least 1")
    for word in ("block_ms", "budget", "timeout"):
        if not 0 < getattr(options, word) < math.inf:
            raise UsageError(f"--{word.replace('_', '-')} must be a number above 0")
    for word in ("curve_budget", "slowest"):
        if not 0 <= getattr(options, word) < math.inf:
            raise UsageError(f"--{word.replace('_', '-')} must be a number, and not below 0")
    for name in (*options.workloads, *options.gates):
        try:
            workloads.load(name)
        except WorkloadError as error:
            raise UsageError(str(error)) from error
    return options
