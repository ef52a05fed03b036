"""Writes docs/targets.md: what trigrad set out to reach, and what stored runs show of it.

Why it exists: goals were set before there was an engine, so they say more than figures chosen afterwards; one
that is missed stays on the page, beside the limit of this machine where that forbids it. To make a new run:

    trigrad bench run --suite targets
    trigrad bench run --suite targets --workloads T3 --engines native --extras scalar --rounds 1 --processes 1
    trigrad bench run --workloads M2 --engines scalar_cpp.value,micrograd --extras value --rounds 1
    python docs/make_targets.py results/RUN/lines.jsonl results/RUN2/lines.jsonl results/RUN3/lines.jsonl

Runs of several machines may be given; those of one machine stand together. What is stored of a machine stays
until new runs of it are given.

Without an argument the page is written again from the stored lines; `--check` says whether it is fresh.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pages
from trigrad_bench import limits, stats, summary
from trigrad_bench.charts import scalar_cost
from trigrad_bench.charts.chart import duration, times
from trigrad_bench.charts.limit import LARGE, SMALL
from trigrad_bench.charts.measure import Lines
from trigrad_bench.machine import title
from trigrad_bench.scalar_sweep import BARE
from trigrad_bench.scalar_sweep import ENGINES as SCALARS
from trigrad_bench.value_sweep import ENGINES as VALUES
from trigrad_bench.value_sweep import WAYS

Line = pages.Line
KINDS = tuple("run machine cell control limit op_cost scalar_cost scalar_size value_cost".split())
NATIVE, PYTHON = "native.tensor_cpp.tape", "tensor_cpp.tape"
BESIDE = {
    "tensor_cpp.compiled": "trigrad.compile",
    "torch.compile": "torch.compile",
    "jax": "JAX, jit",
    "reference_py.stack": "NumPy",
}
OP_NS = {NATIVE: 100, PYTHON: 400}
VALUE_NS = 45  # of an operator on Values in Python
VALUE_STEPS = {  # what it is called, and how many times as fast as micrograd our own MLP should be
    "step": ("collector off", 30),
    "shipped": ("as Python ships it", 300),
}
FLAT = 1.25  # how far the cost of a node may differ between sizes


class Goal(NamedTuple):
    """How many times as fast as PyTorch eager a step should be, from C++ and from Python."""

    what: str
    native: float
    python: float


GOALS = {
    "A1.d128": Goal("128 – 256 – 128", 2.4, 2.2),
    "A1.d256": Goal("256 – 512 – 256", 1.6, 1.5),
    "A1.d512": Goal("512 – 1024 – 512", 2, 2),
    "A1.d1024": Goal("1024 – 2048 – 1024", 2, 2),
    "F1": Goal("784 – 128 – 64 – 10", 3.5, 3),
    "F1.wide": Goal("784 – 512 – 256 – 10", 1.9, 1.8),
    "F1.large": Goal("784 – 1024 – 1024 – 512 – 10", 1.6, 1.6),
    "P2.net": Goal("64 – 64 – 32 – 10", 18, 10),
    "P3.net": Goal("30 layers of 256", 2.3, 2.2),
    "P1.net": Goal("2 – 16 – 16 – 1, 100 rows", 40, 15),
    "T3": Goal("2 – 4 – 1, one row", 200, 25),
}
MEAN = Goal("geometric mean", 5, 3.5)

HEAD = """# Targets

Goals that were set before the engines were written, and what stored runs show of them. A ratio is how many
times as fast as PyTorch eager a training step is, with its 95 % interval; batches have 32 rows unless the
table says otherwise. ✓ the goal is reached, ≈ the interval reaches it, ✗ it does not, ⊘ nor could any engine
here, as the limits below say.
[Comparing engines](comparing.md) has the rules, [Why it is fast](why_fast.md) the reasons.
"""
SHORT = """
A ratio belongs to its machine: on a processor that runs Python faster, PyTorch loses less of a small step to
it. Geometric means over all rows:

| machine | threads | C++ | goal | Python | goal |
| --- | --- | ---: | ---: | ---: | ---: |
"""
LIMIT, OP, SCALAR, NUMBERS = "How near the limit", "One operation", "Scalars", "Numbers in Python"
READING = f"""
## How to read the tables

### {LIMIT}

The limit of a step is the sum of its matrix products, each by whichever library here computes it fastest, on
as many different weights as the step has, and the bytes that must move besides. The tables have steps in
multiples of it. What PyTorch takes is what the limit allows: no engine can be more times as fast here, nor
more than C++ is and its own multiple together. A goal above either, each at the upper end of its interval,
cannot be reached. On two threads the two products of a layer's backward may run beside each other, so a step
may be below 1 there; for a verdict such a product counts half of its time on one thread, where that is less.

### {OP}

An addition of 64 numbers in a chain of a hundred, recorded and differentiated.

### {SCALAR}

Nanoseconds to record an operation on scalars and to differentiate it, and how many times as fast that is as
CppAD and as ADOL-C in the same program, style and rounds. *op*: every operation is a node; *mac*: a
multiplication added to a sum is one; *own*: what the library has for a sum of products. The bare tape
writes and sweeps the same nodes without a question, whose an operand is, whether it is a constant, whether
there is room: a goal that it does not reach either is marked ⊘. It is no limit where scalar_cpp is the faster
of the two, which does not zero all adjoints at once.

Then nanoseconds for an operation as the graph grows, on the second pass, when the memory is there.

### {NUMBERS}

trigrad's `Value` and micrograd's, the same lines and another import: an addition, recorded, in a chain of a
hundred, and a training step of micrograd's moons, whose neurons are written out or those of the MLP that
comes with each. Python's cyclic collector is off, or on as Python ships it.
"""
COPIED = """
The bytes of this run were counted at the speed of a copy, which may be less than an
update's: a multiple below 1 comes of that.
"""


def counted(threads: int) -> str:
    """1 thread, 2 threads."""
    return f"{threads} thread{'s' * (threads > 1)}"


def mark(reached: bool, nearly: bool = False, possible: bool = True) -> str:
    """What became of a goal; nearly: the interval reaches it; possible: the limit allows it."""
    return "✓" if reached else "≈" if nearly else "✗" if possible else "⊘"


def reached(ratio: stats.Ratio | None, goal: float, most: float = math.inf) -> str:
    """A speed, its interval, and the verdict on the goal; most: what the limit allows, as a speed."""
    if ratio is None:
        return "– | "
    met = mark(ratio.median >= goal, ratio.high >= goal, goal <= most)
    return f"{times(ratio.median)} ({times(ratio.low)} to {times(ratio.high)}) | {goal:g} {met}"


def speed(row: summary.Row | None) -> stats.Ratio | None:
    """How many times as fast as PyTorch."""
    if row is None or row.ratio is None:
        return None
    r = row.ratio
    return stats.Ratio(1 / r.median, 1 / r.high, 1 / r.low, r.pairs, r.processes)


def mean(ratios: Sequence[stats.Ratio | None]) -> stats.Ratio | None:
    """The geometric mean of all rows, or of none."""
    known = [r for r in ratios if r is not None]
    return stats.geometric_mean(known) if known and len(known) == len(ratios) else None


def speeds(found: Sequence[summary.Row], threads: int, limited: Mapping[tuple[str, str], stats.Ratio]) -> str:
    """The table of one number of threads; limited: multiples of the limit, by workload and engine."""
    rows = {(r.line["workload"], r.line["engine"]): r for r in found if r.line["threads"] == threads}
    names = [n for n in GOALS if (n, "torch") in rows]
    beside = [e for e in BESIDE if any((n, e) in rows for n in names)]
    text = [f"\n### A training step, {counted(threads)}\n\n"]
    text += ["| | network | PyTorch | C++ | goal | Python | goal |", *(f" {BESIDE[e]} |" for e in beside)]
    text += ["\n| --- | --- | ---: | ---: | ---: | ---: | ---: |", *(" ---: |" for _ in beside)]
    for name in names:
        goal = GOALS[name]
        native, python = (speed(rows.get((name, e))) for e in (NATIVE, PYTHON))
        text.append(f"\n| {name} | {goal.what} | {duration(rows[name, 'torch'].ns)} |")
        most = allowed(native, limited.get((name, NATIVE)), limited.get((name, "torch")))
        text.append(f" {reached(native, goal.native, most)} | {reached(python, goal.python, most)} |")
        others = [speed(rows.get((name, e))) for e in beside]
        text += [f" {times(r.median)} |" if r else " – |" for r in others]
    if len(names) == len(GOALS):
        means = [mean([speed(rows.get((n, e))) for n in names]) for e in (NATIVE, PYTHON, *beside)]
        text.append(f"\n| | {MEAN.what} | | {reached(means[0], MEAN.native)} |")
        text.append(f" {reached(means[1], MEAN.python)} |")
        text += [f" {times(r.median)} |" if r else " – |" for r in means[2:]]
    return "".join(text) + "\n"


def allowed(native: stats.Ratio | None, ours: stats.Ratio | None, torch: stats.Ratio | None) -> float:
    """How many times PyTorch's speed is possible: its multiple of the limit, or our speed times our own.

    What C++ reaches is possible, whatever a limit says.
    """
    bounds = [torch.high] if torch else []
    bounds += [native.high * max(1.0, ours.high)] if native and ours else []
    return max(min(bounds, default=math.inf), native.high if native else 0.0)


def limit_table(lines: Sequence[Line]) -> str:
    """Each step with one number of threads against its limit, and what the limit allows."""
    by_name: dict[str, dict[str, Line]] = {}
    for line in lines:
        by_name.setdefault(line["workload"], {})[line["engine"]] = line
    text = [f"\n| {counted(lines[0]['threads'])} | limit | C++ | goal | Python | PyTorch |"]
    text += ["\n| --- | ---: | ---: | ---: | ---: | ---: |\n"]
    for name, engines in by_name.items():
        if name not in GOALS or "torch" not in engines:
            continue
        goal = SMALL if name.endswith("d128") else LARGE
        found = {e: limits.ratio(engines[e]) for e in (NATIVE, PYTHON, "torch") if e in engines}
        cells = [times(r.median) if (r := found.get(e)) else "–" for e in (NATIVE, PYTHON, "torch")]
        native = found.get(NATIVE)
        wanted = ""
        if native and name.startswith(("A1", "P3", "F1.")):
            wanted = f"{goal:g} {mark(native.median <= goal, native.low <= goal)}"
        least = duration(stats.median(limits.limit_ns(engines["torch"])))
        text.append(f"| {name} | {least} | {cells[0]} | {wanted} | {cells[1]} | {cells[2]} |\n")
    return "".join(text)


def op_table(lines: Sequence[Line]) -> str:
    """One addition, engine by engine."""
    text = ["| engine | forward | backward | both | goal |\n| --- | ---: | ---: | ---: | ---: |\n"]
    for line in lines:
        if line["elements"] != 64:
            continue
        both = line["forward_ns"] + line["backward_ns"]
        goal = OP_NS.get(line["engine"])
        wanted = f"{goal} ns {mark(both <= goal)}" if goal else ""
        parts = " | ".join(duration(ns) for ns in (line["forward_ns"], line["backward_ns"], both))
        text.append(f"| {line['engine']} | {parts} | {wanted} |\n")
    return "".join(text)


def scalar_table(costs: list[Line]) -> str:
    """A row for each program and style."""
    ours, *peers = SCALARS
    text = ["| | style | bare tape | scalar_cpp |", *(f" {scalar_cost.NAMES[p]} | goal |" for p in peers)]
    text += ["\n| --- | --- | ---: | ---: |", *(" ---: | ---: |" for _ in peers)]
    bare = {(one["workload"], one["style"]): one for one in costs if one["engine"] == BARE and one["grad_ns"]}
    for one in costs:
        if one["engine"] != ours or not one["grad_ns"]:
            continue
        least = bare.get((one["workload"], one["style"]))
        text.append(f"\n| {scalar_cost.TITLES[one['workload']]} | {one['style']} |")
        text += [f" {scalar_cost.each(o, 'grad')[0]:.2f} ns |" if o else " – |" for o in (least, one)]
        for peer, goal in zip(peers, one["goals"] or (None, None), strict=True):
            ratio = scalar_cost.against(one, costs, peer)
            plain = f"{times(ratio.median)} | " if ratio else "– | "
            most = scalar_cost.against(least, costs, peer) if least else None
            # Who is faster than a limit has shown that it is none.
            bound = most.high if most and ratio and ratio.low <= most.high else math.inf
            text.append(f" {reached(ratio, goal, bound) if goal else plain} |")
    return "".join(text) + "\n"


def is_flat(grown: Sequence[Line]) -> bool:
    """Whether what a node costs stays as the graph grows: compared with the smallest, round by round."""
    costs = [[ns / s["nodes"] for ns in s["again_ns"]] for s in sorted(grown, key=lambda s: s["nodes"])]
    ratios = [stats.median([a / b for a, b in zip(c, costs[0], strict=False)]) for c in costs]
    return not ratios or max(ratios) <= FLAT * min(ratios)


def size_table(sizes: Sequence[Line]) -> str:
    """A row for each program and library."""
    grown = [s for s in sizes if s["again_ns"]]
    key = {id(s): (s["workload"], s["engine"], 10 ** round(math.log10(s["nodes"]))) for s in grown}
    nodes = sorted({n for _, _, n in key.values()})
    each = {key[id(s)]: stats.median(s["again_ns"]) / s["nodes"] for s in grown}
    text = ["| | engine |", *(f" {n:,} |" for n in nodes), " goal |"]
    text += ["\n| --- | --- |", *(" ---: |" for _ in nodes), " ---: |"]
    lines_of: dict[tuple[str, str], list[Line]] = {}
    for s in grown:
        lines_of.setdefault((s["workload"], s["engine"]), []).append(s)
    for name, engine in lines_of:
        ours = {n: each[name, engine, n] for n in nodes if (name, engine, n) in each}
        text.append(f"\n| {name} | {engine} |")
        text += [f" {ours[n]:.2f} |" if n in ours else " – |" for n in nodes]
        flat = mark(is_flat(lines_of[name, engine]), possible=is_flat(lines_of.get((name, BARE), [])))
        text.append(f" within {FLAT:g}× {flat} |" if engine == SCALARS[0] else " |")
    return "".join(text) + "\n"


def value_table(costs: Sequence[Line]) -> str:
    """A row for an operator, and for a training step by each way of writing it, collector off and on."""
    of = {(one["engine"], one["way"]): one for one in costs}
    text = ["| | trigrad | micrograd | times as fast | goal |\n| --- | ---: | ---: | ---: | ---: |\n"]

    def row(title: str, way: str, what: str, goal: float | None = None) -> None:
        ours, theirs = (of.get((engine, way), {}).get(f"{what}_ns", []) for engine in VALUES)
        if not ours:
            return
        ns = stats.median(ours)
        ratio = stats.ratio_of_pairs(theirs, ours) if theirs else None
        cells = f"{times(ratio.median)} | " if ratio else "– | "
        if what == "operator":
            cells += f"{VALUE_NS} ns {mark(ns <= VALUE_NS)}"
        elif goal:
            cells = reached(ratio, goal)
        other = duration(stats.median(theirs)) if theirs else "–"
        text.append(f"| {title} | {duration(ns)} | {other} | {cells} |\n")

    written, own = WAYS
    row("an operator", written, "operator")
    for what, (collector, goal) in VALUE_STEPS.items():
        row(f"a step, {written}, {collector}", written, what)
        row(f"a step, {own}, {collector}", own, what, goal)
    return "".join(text)


def steps(rows: Sequence[Line]) -> list[summary.Row]:
    """The training steps, which are compared within the first run."""
    return summary.rows([line for line in rows if line["run"] == rows[0]["run"]])


def means(found: Sequence[summary.Row]) -> list[str]:
    """The geometric means of one machine: a row for each number of threads."""
    text = []
    for threads in sorted({r.line["threads"] for r in found}):
        rows = {(r.line["workload"], r.line["engine"]): r for r in found if r.line["threads"] == threads}
        native, python = (mean([speed(rows.get((name, e))) for name in GOALS]) for e in (NATIVE, PYTHON))
        if native and python:
            cells = f"{reached(native, MEAN.native)} | {reached(python, MEAN.python)}"
            text.append(f" {counted(threads)} | {cells} |")
    return text


def section(rows: list[Line], found: Sequence[summary.Row]) -> str:
    """What one machine shows; a part whose lines are not there is left out."""
    lines = Lines(rows)
    if lines.left_out:
        raise SystemExit(
            f"make_targets.py: these runs are of several hosts: {title(lines.machine)}; give those of one"
        )
    names = ", ".join(f"{k} {v}" for k, v in lines.versions.items())
    text = [f"\n## {title(lines.machine)}\n"]
    text.append(f"\n{lines.machine['cores']} cores, {lines.machine['compiler']}; {names}.\n")
    text += [f"{run['started'][:10]}, `{' '.join(run['argv'])}`.\n" for run in lines.kind("run")]
    limited: dict[int, list[Line]] = {}
    for line in lines.kind("limit"):
        limited.setdefault(line["threads"], []).append(line)
    for threads in sorted({r.line["threads"] for r in found}):
        multiples = {
            (x["workload"], x["engine"]): ratio
            for x in limited.get(threads, [])
            if (ratio := limits.ratio(x, floor=True))
        }
        text.append(speeds(found, threads, multiples))
    if limited:
        text += [
            f"\n### {LIMIT}\n",
            "" if all("moved_by" in line for line in lines.kind("limit")) else COPIED,
        ]
        text += [limit_table(limited[threads]) for threads in sorted(limited)]
    if ops := lines.kind("op_cost"):
        text += [f"\n### {OP}\n\n", op_table(ops)]
    if costs := lines.kind("scalar_cost"):
        text += [f"\n### {SCALAR}\n\n", scalar_table(costs)]
    if sizes := lines.kind("scalar_size"):
        text += ["\n", size_table(sizes)]
    if values := lines.kind("value_cost"):
        text += [f"\n### {NUMBERS}\n\n", value_table(values)]
    return "".join(text)


def page(rows: list[Line]) -> str:
    """The whole page: machine by machine, since a ratio of one says little about another."""
    title_of = {line["run"]: title(line) for line in rows if line["kind"] == "machine"}
    by_machine: dict[str, list[Line]] = {}
    for line in rows:
        by_machine.setdefault(title_of[line["run"]], []).append(line)
    found = {name: steps(own) for name, own in by_machine.items()}
    short = [f"| {name} |{row}\n" for name in found for row in means(found[name])]
    sections = [section(own, found[name]) for name, own in by_machine.items()]
    return "".join([HEAD, *([SHORT, *short] if short else []), READING, *sections])


if __name__ == "__main__":
    sys.exit(pages.main(__doc__, "targets", page, kinds=KINDS, place=title))
