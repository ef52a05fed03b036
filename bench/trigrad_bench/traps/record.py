"""Runs experiments again and again, and puts what they found into one JSON document.

Why it exists: one measurement of a timing effect proves little, and a number on a page is worth what is known
about the machine it came from. docs/results/traps.json is such a document; docs/make_traps.py turns it into
docs/why_benchmarks_lie.md.
Read next: cli.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trigrad

from .trap import CannotRunError, Result, Trap

SCHEMA = 1
Document = dict[str, Any]


def repeat(trap: Trap, times: int, progress: Callable[[str], None] = lambda _: None) -> Document:
    """One trap with seeds 0, 1, ...: how often the effect was seen, its spread, and the run in the middle.

    A machine that lacks something gets a row that says so.
    """
    row: Document = {"name": trap.name, "runs": times, "seen": 0, "not_run": ""}
    results: list[Result] = []
    for k in range(times):
        progress(f"{trap.name} {k + 1}/{times}")
        try:
            results.append(trap.run(k))
        except CannotRunError as reason:
            return {**row, "runs": 0, "not_run": str(reason)}
    effects = [result.effect for result in results]
    typical = sorted(results, key=lambda result: result.effect)[(times - 1) // 2]  # a run, not a mean of two
    return {
        **row,
        "seen": sum(result.holds for result in results),
        "effect": {"median": typical.effect, "least": min(effects), "most": max(effects)},
        "effects": effects,
        "failed_checks": sorted({name for r in results for name, passed in r.checks.items() if not passed}),
        "typical": typical.as_json(),
    }


def ok(row: Document) -> bool:
    """The effect was seen every time it could be."""
    return bool(row["seen"] == row["runs"])


def document(rows: list[Document], command: str, machine: Document) -> Document:
    """Everything a reader of the numbers may want to know."""
    return {
        "schema": SCHEMA,
        "command": command,
        "trigrad": trigrad.__version__,
        "machine": machine,
        "traps": rows,
    }
