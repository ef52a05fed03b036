"""What a run says: a row for each engine, and three sentences to take away. Functions of stored lines only.

Why it exists: the terminal and the report must say the same, and a sentence that a person wrote by hand
outlives the numbers it was about. So sentences are computed.
Read before: stats.py. Read next: terminal.py (the table).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import stats
from .options import BASELINES
from .plan import final_cells

Line = dict[str, Any]
Key = tuple[str, str, int, str]  # workload, dtype of the session, threads, phase
MAIN_PHASES = ("step", "grad", "check")


@dataclass(frozen=True)
class Row:
    """One engine in one workload and phase, all its processes together."""

    cells: tuple[Line, ...]
    base: str
    ns: float
    ratio: stats.Ratio | None  # time over the baseline's time
    verdict: str

    @property
    def line(self) -> Line:
        """The cell that speaks for all: the worst, if one went wrong."""
        return next((c for c in self.cells if c["status"] != "ok"), self.cells[0])


def baseline_of(cells: Sequence[Line]) -> str:
    """Whom everybody is compared with."""
    timed = {c["engine"] for c in cells if c["block_ns"]}
    return next((b for b in BASELINES if b in timed), min(timed, default=""))


def partners(cell: Line, bases: Iterable[Line]) -> list[Line]:
    """The baseline's cells of the same session: dtype may differ, where an engine has float64 only."""
    same = ("workload", "threads", "phase", "proc")
    found = [b for b in bases if b["block_ns"] and all(b[k] == cell[k] for k in same)]
    return [b for b in found if b["dtype"] == cell["dtype"]] or found


def rows(lines: Sequence[Line], phases: Sequence[str] = MAIN_PHASES) -> list[Row]:
    """A row for each workload, dtype, number of threads and engine, in the first phase that was timed."""
    cells = final_cells(lines)
    base = baseline_of(cells)
    controls = [c for c in lines if c["kind"] == "control"]

    @cache
    def band(name: str, threads: int) -> tuple[float, float]:
        return stats.aa_band(c for c in controls if (c["workload"], c["threads"]) == (name, threads))

    groups: dict[tuple[Any, ...], list[Line]] = {}
    for cell in cells:
        groups.setdefault(
            (cell["workload"], cell["dtype"], cell["threads"], cell["engine"], cell["phase"]), []
        ).append(cell)
    phase_of: dict[str, str] = {}
    for name in dict.fromkeys(c["workload"] for c in cells):
        there = {c["phase"] for c in cells if c["workload"] == name}
        phase_of[name] = next((p for p in phases if p in there), min(there))
    base_cells = [c for c in cells if c["engine"] == base]
    found = []
    for (name, _, threads, engine, phase), group in groups.items():
        if phase != phase_of[name]:
            continue
        timed = [c for c in group if c["block_ns"] and c["status"] == "ok"]
        ns = stats.median([t for c in timed for t in stats.per_repeat(c)])
        bases = [b for c in timed for b in partners(c, base_cells)]
        ratio = stats.paired_ratio(timed, bases) if engine != base and timed and bases else None
        found.append(Row(tuple(group), base, ns, ratio, stats.verdict(ratio, band(name, threads))))
    return found


def shorten(text: str, most: int = 90) -> str:
    """The text in one line."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


# ---- three sentences -------------------------------------------------------------------------------------


def takeaways(lines: Sequence[Line]) -> list[str]:
    """What to remember: are the gradients right, who is how fast, what decides it."""
    found = rows(lines)
    return [correctness(found), speed_sentence(found), cause(found, lines)]


def correctness(found: Sequence[Row]) -> str:
    """The gate in one sentence."""
    asked = [r for r in found if r.line["status"] != "unsupported"]
    if not asked:
        return "No engine took part, so nothing is known of gradients."
    right = [r for r in asked if r.line["status"] == "ok"]
    names = {r.line["workload"] for r in asked}
    many = f"{len(right)} of {len(asked)} combinations of engine and workload ({plural(len(names))})"
    if len(right) == len(asked):
        checks = [
            r.line["check"] for r in right if r.line.get("check") and r.line["check"]["max_rel"] is not None
        ]
        worst = max((c["max_rel"] / c["allowed"] for c in checks), default=0.0)
        end = f"the worst at {worst:.0%} of what rounding may explain"
        return f"Every gradient is right: {many} agree with the float64 reference, {end}."
    bad = ", ".join(
        f"{r.line['engine']} on {r.line['workload']} ({r.line['status']})" for r in asked if r not in right
    )
    start = f"Not every engine gave a right answer: {many} agree with the float64 reference"
    return f"{start}; not so {shorten(bad, 200)}."


def plural(workloads: int) -> str:
    """So many workloads."""
    return f"{workloads} workload{'s' * (workloads != 1)}"


def speed_sentence(found: Sequence[Row]) -> str:
    """Our tensor engine against the baseline."""
    for engine in (
        "tensor_cpp.tape",
        "native.tensor_cpp.tape",
        *dict.fromkeys(r.line["engine"] for r in found),
    ):
        mine = [r for r in found if r.line["engine"] == engine and r.ratio]
        if mine:
            break
    else:
        return "No two engines ran the same workload, so there is no speed to compare."
    parts = []
    for word in ("faster", "slower"):
        some = sorted(
            (r for r in mine if r.verdict == word), key=lambda r: r.ratio.median if r.ratio else 0.0
        )
        if some:
            parts.append(f"{word} than {some[0].base} in {len(some)} of {len(mine)} ({span(some)})")
    level = [r for r in mine if r.verdict == "no difference shown"]
    if level:
        parts.append(f"without a difference shown in {len(level)}")
    if few := [r for r in mine if r.verdict == "too few rounds"]:
        parts.append(f"measured in too few rounds to say so in {len(few)} ({span(few)})")
    return f"{engine} is {', '.join(parts)}."


def span(some: Sequence[Row]) -> str:
    """From the smallest to the largest speed, with the workloads they belong to."""
    speeds = sorted((1 / r.ratio.median, r.line["workload"]) for r in some if r.ratio)
    low, high = speeds[0], speeds[-1]
    if low == high:
        return f"{low[0]:.2f}x on {low[1]}"
    return f"{low[0]:.2f}x on {low[1]} to {high[0]:.2f}x on {high[1]}"


def cause(found: Sequence[Row], lines: Sequence[Line]) -> str:
    """What decides: the order of the sweep does not, scalars against tensors does."""
    times = {(r.line["workload"], r.line["engine"]): r for r in found if r.ns == r.ns}
    names = dict.fromkeys(name for name, _ in times)

    def pair(left: str, right: str) -> list[tuple[float, str]]:
        both = [n for n in names if (n, left) in times and (n, right) in times]
        ratios = [(stats.paired_ratio(times[n, left].cells, times[n, right].cells), n) for n in both]
        return sorted((r.median, n) for r, n in ratios if r)

    said = []
    orders = pair("tensor_cpp.recursive", "tensor_cpp.tape")
    if orders:
        said.append(
            f"the recursive order takes {stats.median([r for r, _ in orders]):.2f}x the time of the tape"
        )
        limits = [
            c["limit"]
            for c in lines
            if c["kind"] == "depth" and c["engine"] == "tensor_cpp.recursive" and c["limit"]
        ]
        said[-1] += f", but ends at depth {limits[0]:,}" if limits else ""
    scalars = pair("scalar_cpp.tensor", "tensor_cpp.tape")
    if scalars:
        ratio, name = scalars[-1]
        said.append(f"one node per number instead of one per tensor costs up to {ratio:,.0f}x ({name})")
    native = pair("tensor_cpp.tape", "native.tensor_cpp.tape")
    if native:
        ratio, name = native[-1]
        said.append(f"calling from Python instead of C++ at most {ratio:.2f}x ({name})")
    if not said:
        return (
            "What decides between engines was not asked: it needs at least two of trigrad's own in the run."
        )
    text = "; ".join(said) + "."
    return text[0].upper() + text[1:]
