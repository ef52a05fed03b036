"""Writes docs/why_fast.md: which reason brings how much, from the lines in docs/results/why_fast.jsonl.gz.

Why it exists: reasons are told in words, their size is measured, and no figure of the page is typed. The
words of the rungs are those of the experiment (bench/trigrad_bench/waterfall.py). The page names the command
of its run; the same command makes a new one, a few minutes on a quiet machine, and then

    python docs/make_why_fast.py results/RUN/lines.jsonl  # stores lines, draws the pictures, writes the page

Without an argument the page is written again from the stored lines; `--check` says whether it is fresh.
"""

from __future__ import annotations

import sys
import textwrap

import pages
from trigrad_bench import breakdown, limits, stats, waterfall
from trigrad_bench.charts import breakdown as breakdown_chart
from trigrad_bench.charts import limit as limit_chart
from trigrad_bench.charts import scaling as scaling_chart
from trigrad_bench.charts import waterfall as waterfall_chart
from trigrad_bench.charts.chart import Chart, duration, times
from trigrad_bench.charts.measure import Lines
from trigrad_bench.machine import title

Line = pages.Line
KINDS = ("run", "machine", "waterfall", "limit", "breakdown", "scaling")
CHARTS = (waterfall_chart, breakdown_chart, limit_chart, scaling_chart)
ENGINES = ("native.tensor_cpp.tape", "tensor_cpp.tape", "torch", "torch.compile", "jax")

HEAD = """# Why it is fast

One training step, taken from one Python object a number down to the fastest step there is here. Each rung
differs from the one above it in as little as possible, so its factor is about the size of one reason. Two
change more at once: the first with arrays is a Python graph in single precision again, below scalars in C++
and in double; the first graph in C++ has other products than NumPy, its plainest. All rungs start from the
same numbers, pass the same gate, and run in the same rounds ([Comparing engines](comparing.md)). A factor
below one is a step back, and says as much as the others: what helps a large network may cost a small one.
"""
PARTS = """
## Where a step's time goes

![Shares of a step from Python](results/why_fast_breakdown.svg)

Products are timed one by one, outside of the step, with their operands in a cache. Graph is the same step on
tensors of one element, where nothing is left but nodes and calls. Memory is what the update must read and
write, at the bandwidth of an update as large, alone. Binding is the step from Python less the step from C++.
Elementwise is what then remains: loops over numbers, waiting for caches, and the errors of the other four.

"""
LIMIT = """
## How near the limit

![Steps in multiples of their limit](results/why_fast_limit.svg)

The limit of a step is a sum: each of its matrix products alone, by whichever library or backend computes that
shape fastest in this run, and the bytes that must move besides, at the bandwidth of an update alone. With the
products there are on this machine no engine can be faster; what it needs beyond that is its overhead.

"""
SCALING = """
## Wider, deeper, larger batches

![Time of a step against width, depth and batch](results/why_fast_scaling.svg)

"""


def factor(ratio: stats.Ratio) -> str:
    """A factor with its interval."""
    return f"{times(ratio.median)} ({times(ratio.low)} to {times(ratio.high)})"


def rungs(found: dict[str, waterfall_chart.Flight]) -> str:
    """The table, a row a rung."""
    keys = list(dict.fromkeys(key for above, beside in found.values() for key in (*above, *beside)))
    keys.sort(key=lambda key: key in waterfall.BESIDE)
    text = [
        "| |",
        *(f" {name} | factor |" for name in found),
        "\n| --- |",
        *(" ---: | ---: |" for _ in found),
    ]
    for key in keys:
        text.append(f"\n| {waterfall.title(key)} |")
        for above, beside in found.values():
            line, ratio = (above | beside).get(key), waterfall.factors(above).get(key)
            text.append(f" {duration(stats.median(line['step_ns'])) if line else '–'} |")
            text.append(f" {times(ratio.median) if ratio else ''} |")
    return "".join(text) + "\n"


def sections(found: dict[str, waterfall_chart.Flight]) -> str:
    """Each rung: what differs from the one above, and what that brings."""
    steps = {name: waterfall.factors(above) for name, (above, _) in found.items()}
    products = [key for key in next(iter(steps.values()), {}) if waterfall.other_products(key)]
    parts = []
    for key, rung in waterfall.RUNGS.items():
        if key == "plain" and products:  # the graph's own gain is that of the first rung which has it
            parts.append(section("a graph in C++", rung.text, measured(steps, products[:1])))
            last = [*products[1:], key]
            parts.append(
                section("the same graph, faster products", waterfall.PRODUCTS, measured(steps, last))
            )
        else:
            parts.append(section(rung.title, rung.text, measured(steps, [key])))
    return "\n".join(parts)


def measured(steps: dict[str, dict[str, stats.Ratio]], keys: list[str]) -> list[str]:
    """The factors of these rungs, workload by workload; of several, each with its name."""
    said = []
    for name, factors in steps.items():
        words = [
            (waterfall.title(key).split(", ")[-1] + " " if keys[1:] else "") + factor(factors[key])
            for key in keys
            if key in factors
        ]
        said += [f"{name} {', '.join(words)}"] if words else []
    return said


def section(title: str, text: str, said: list[str]) -> str:
    """A heading, the words, and the factors, if there are any."""
    told = f"\n\n{fill('Measured: ' + '; '.join(said))}." if said else ""
    return f"### {title[0].upper()}{title[1:]}\n\n{fill(text)}{told}\n"


def fill(text: str) -> str:
    """The text in lines of a readable length."""
    return textwrap.fill(text, 118, break_on_hyphens=False)


def shares(lines: list[Line]) -> str:
    """Parts of the steps, in per cent of the step from Python."""
    text = ["| | step |", *(f" {part} |" for part in breakdown.PARTS), "\n| --- | ---: |"]
    text += [" ---: |" for _ in breakdown.PARTS]
    for line in lines:
        step = stats.median(line["python_ns"])
        text.append(f"\n| {line['workload']} | {duration(step)} |")
        text += [f" {100 * ns / step:.0f} % |" for ns in breakdown.parts(line).values()]
    return "".join(text) + "\n"


def limit_table(lines: list[Line]) -> str:
    """Multiples of the limit, a row a workload."""
    ratios = {(line["workload"], line["engine"]): limits.ratio(line) for line in lines}
    least = {line["workload"]: stats.median(limits.limit_ns(line)) for line in lines}
    engines = [e for e in ENGINES if any(engine == e for _, engine in ratios)]
    text = ["| | limit |", *(f" {e} |" for e in engines), "\n| --- | ---: |", *(" ---: |" for _ in engines)]
    for name, ns in least.items():
        text.append(f"\n| {name} | {duration(ns)} |")
        text += [f" {times(r.median) if (r := ratios.get((name, e))) else '–'} |" for e in engines]
    return "".join(text) + "\n"


def page(rows: list[Line]) -> str:
    """The whole page; a part whose lines are not there is left out."""
    lines = Lines(rows)
    found = waterfall_chart.flights(lines)
    machine, run = lines.machine, lines.run
    names = ", ".join(f"{k} {v}" for k, v in lines.versions.items())
    text = [HEAD, "\n![One bar a rung](results/why_fast_waterfall.svg)\n\n", rungs(found), "\n"]
    text += [fill(waterfall_chart.sentence(name, *flight)) + "\n\n" for name, flight in found.items()]
    text += [f"Machine: {title(machine)}, {machine['cores']} cores, {machine['compiler']}; {names}; one"]
    text += [f" thread. {run['started'][:10]}, `{' '.join(run['argv'])}`.\n\n", sections(found)]
    if timed := [line for line in lines.kind("breakdown") if line["status"] == "ok"]:
        text += [PARTS, shares(timed)]
    if timed := [line for line in lines.kind("limit") if line["threads"] == 1]:
        text += [LIMIT, limit_table(timed)]
    if lines.kind("scaling") and isinstance(chart := scaling_chart.build(lines), Chart):
        text += [SCALING, fill(chart.finding), "\n"]
    return "".join(text)


def draw(rows: list[Line]) -> None:
    """The pictures: readable on a light and on a dark page, as they bring their own background."""
    from trigrad_bench.charts.render import render
    from trigrad_bench.charts.style import THEMES

    for family in CHARTS:
        chart = family.build(Lines(rows))
        if isinstance(chart, Chart):
            path = pages.DOCS / "results" / f"why_fast_{family.NAME}.svg"
            path.write_bytes(render(chart, THEMES[0]))


if __name__ == "__main__":
    sys.exit(pages.main(__doc__, "why_fast", page, draw, KINDS))
