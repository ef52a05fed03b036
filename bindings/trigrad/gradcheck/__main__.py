"""python -m trigrad.gradcheck [op ...] [--engine NAME] [--order 2] [--json]: the op list, checked.

Exit codes: 0 all right, 1 something is wrong, 2 the command line makes no sense.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from ._ops import OpReport, check_op, records

ENGINES = ("tensor_cpp", "scalar_cpp", "reference_py")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m trigrad.gradcheck",
        description="Check the gradients of the op list.",
        allow_abbrev=False,
    )
    parser.add_argument("op", nargs="*", help="ops to check; all if none is named")
    parser.add_argument("--engine", choices=(*ENGINES, "all"), default="tensor_cpp")
    parser.add_argument(
        "--order", type=int, choices=(1, 2), default=1, help="2 checks second derivatives too"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser


def _colour(text: str, code: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def _row(result: OpReport) -> str:
    verdict = _colour("ok", "32") if result.ok else _colour("WRONG", "1;31")
    verdict = verdict if result.reports else "-"
    numbers = f"{result.checks:>8}{result.kinks:>7}  {result.worst:>9.1e}" if result.reports else " " * 26
    return f"{result.op:<34}{result.engine:<14}{numbers}  {verdict}  {result.note}".rstrip()


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = _parser()
    try:
        given = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    unknown = [op for op in given.op if op not in records()]
    if unknown:
        close = difflib.get_close_matches(unknown[0], records(), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        print(f"gradcheck: {unknown[0]!r} is not in the op list{hint}", file=sys.stderr)
        return 2
    engines = ENGINES if given.engine == "all" else (given.engine,)
    results: list[OpReport] = []
    if not given.json:
        print(f"{'op':<34}{'engine':<14}{'numbers':>8}{'kinks':>7}  {'worst':>9}  verdict")
    for engine in engines:
        for op in given.op or records():
            result = check_op(op, engine, order=given.order, seed=given.seed, raise_exception=False)
            results.append(result)
            if not given.json:
                print(_row(result), flush=True)
    wrong = [r for r in results if not r.ok]
    if given.json:
        print(json.dumps(_summary(results), indent=1))
    else:
        for result in wrong:
            print(f"\n{result}")
        checks = sum(r.checks for r in results)
        print(f"\n{len(results) - len(wrong)} of {len(results)} right, {checks} numbers compared")
    return 1 if wrong else 0


def _summary(results: list[OpReport]) -> dict[str, Any]:
    return {
        "ok": all(r.ok for r in results),
        "checks": sum(r.checks for r in results),
        "ops": [
            {
                "op": r.op,
                "engine": r.engine,
                "ok": r.ok,
                "checks": r.checks,
                "kinks": r.kinks,
                "worst": r.worst,
                "note": r.note,
                "wrong": [report.as_dict() for report in r.reports if not report.ok],
            }
            for r in results
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
