"""Writes docs/results.md, the figures of one stored run, from docs/results/results.jsonl.gz.

Why it exists: no figure in these pages is typed. To make a new run and the page of it:

    trigrad bench run --suite paper
    python docs/make_results.py results/RUN/lines.jsonl ...  # stores them, draws the picture, writes the page

Without an argument the page is written again from the stored lines; `--check` says whether it is fresh.
"""

from __future__ import annotations

import sys

import pages
from trigrad_bench import stats, summary
from trigrad_bench import workload as workloads
from trigrad_bench.doctor import BAND
from trigrad_bench.machine import title
from trigrad_bench.terminal import duration

PICTURE = pages.DOCS / "results" / "overview.svg"
SHOWN = {
    "native.tensor_cpp.tape": "tensor_cpp, C++",
    "tensor_cpp.tape": "tensor_cpp, Python",
    "native.scalar_cpp": "scalar_cpp, C++",
    "reference_py.stack": "reference_py",
    "torch.compile": "torch.compile",
    "jax": "JAX, jit",
}

HEAD = """# Results

Workloads of the suite `paper`, on one machine. [Comparing engines](comparing.md) has the rules: the same
bytes to every engine, gradients before times, blocks in turns, paired ratios with a 95 % interval. Ratios are
times PyTorch's speed, above 1 is faster than PyTorch. Where "no difference" stands, the interval does not
leave what PyTorch shows against itself. scalar_cpp has float64 only: where the others compute in float32 it
is held against PyTorch's float32 all the same.

![Every engine's speed relative to PyTorch, workload by workload](results/overview.svg)

"""


def cell(row: summary.Row | None) -> str:
    """One engine on one workload."""
    if row is None or row.line["status"] == "unsupported":
        return "–"
    if row.line["status"] != "ok":
        return f"**{row.line['status']}**"
    if row.ratio is None:
        return duration(row.ns)
    speed = 1 / row.ratio.median
    text = f"{speed:,.0f}×" if speed >= 100 else f"{speed:.3g}×"
    marks = {"no difference shown": " (no difference)", "too few rounds": " (few rounds)"}
    return text + marks.get(row.verdict, "")


def latest(lines: list[pages.Line]) -> list[pages.Line]:
    """Of a workload that several runs have, the lines of the last: it was measured again."""
    last = {line.get("workload"): line["run"] for line in lines if "workload" in line}
    return [line for line in lines if line["run"] == last.get(line.get("workload"), line["run"])]


def in_band(ratio: stats.Ratio) -> bool:
    """Whether two processes of one engine took the same time, as on a machine at rest."""
    return abs(ratio.median - 1) <= BAND


def reaches_band(ratio: stats.Ratio) -> bool:
    """Whether the interval leaves that possible."""
    return ratio.low <= 1 + BAND and ratio.high >= 1 - BAND


def page(lines: list[pages.Line]) -> str:
    """The whole page."""
    lines = latest(lines)
    run = next(line for line in lines if line["kind"] == "run")
    machine = next(line for line in lines if line["kind"] == "machine")
    versions = machine["versions"]
    curves = [line for line in lines if line["kind"] == "curve" and line["ok"] is not None]
    found = summary.rows(lines)
    by_name: dict[str, dict[str, summary.Row]] = {}
    for row in found:
        by_name.setdefault(row.line["workload"], {})[row.line["engine"]] = row
    text = [HEAD]
    text += [f"{k}. {sentence}\n" for k, sentence in enumerate(summary.takeaways(lines), 1)]
    followed = sum(bool(line["ok"]) for line in curves)
    pairs = stats.control_ratios(line for line in lines if line["kind"] == "control")
    controls, middle = [r.median for r in pairs.values()], stats.control_of_all(list(pairs.values()))
    spread = f"{middle.median:.3f} ({middle.low:.3f} to {middle.high:.3f}) is the middle of {len(controls)}"
    spread += f" workloads, the least {min(controls):.3f}, the largest {max(controls):.3f};"
    near, reach = (sum(within(r) for r in pairs.values()) for within in (in_band, reaches_band))
    spread += f" {near} lie within {1 - BAND:g} to {1 + BAND:g}, the intervals of {reach} reach it"
    text += [f"\n{followed} of {len(curves)} training curves follow the reference. "]
    text += [
        f"Not so {line['engine']} on {line['workload']}: {line['reason']}. "
        for line in curves
        if not line["ok"]
    ]
    text += [f"PyTorch against itself, in the same rounds: {spread}.\n"]
    names = ", ".join(f"{k} {versions[k]}" for k in ("python", "numpy", "torch") if k in versions)
    text += [f"\nMachine: {title(machine)}, {machine['cores']} cores, kernel {machine['kernel']}, "]
    text += [f"{machine['compiler']}; {names}, trigrad {run['trigrad']}; one thread. {run['started'][:10]}, "]
    commands = [f"`{' '.join(line['argv'])}`" for line in lines if line["kind"] == "run"]
    text += [f"{'; then '.join(commands)}.\n"]
    text += [
        "\n## A training step\n\n| workload | parameters | PyTorch |",
        *(f" {s} |" for s in SHOWN.values()),
    ]
    text += ["\n| --- | ---: | ---: |", *(" ---: |" for _ in SHOWN), "\n"]
    for name, rows in by_name.items():
        torch = rows.get("torch")
        size = f"{workloads.load(name).parameter_count:,}"
        cells = [cell(rows.get(engine)) for engine in SHOWN]
        text += [f"| {name} | {size} | {cell(torch)} | {' | '.join(cells)} |\n"]
    left_out = [name for name in workloads.suite("paper")["workloads"] if name not in by_name]
    if left_out:
        text += [f"\nOf the suite, not in this run: {', '.join(left_out)}.\n"]
    text += ["\nA workload without an optimiser is timed forward and backward. "]
    text += ["The names are those of `trigrad bench list`.\n"]
    return "".join(text)


def draw(lines: list[pages.Line]) -> None:
    """The overview: readable on a light and on a dark page, as it brings its own background."""
    from trigrad_bench.charts import overview
    from trigrad_bench.charts.chart import Chart
    from trigrad_bench.charts.measure import Lines
    from trigrad_bench.charts.render import render
    from trigrad_bench.charts.style import THEMES

    chart = overview.build(Lines(latest(lines)))
    if isinstance(chart, Chart):
        PICTURE.write_bytes(render(chart, THEMES[0]))


if __name__ == "__main__":
    sys.exit(pages.main(__doc__, "results", page, draw))
