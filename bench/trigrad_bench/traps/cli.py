"""`trigrad bench trap NAME`: runs an experiment and says what it found.

Read record.py first; the experiments are listed in __init__.py.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
import textwrap
from pathlib import Path

from .. import machine
from ..arguments import Parser
from . import TRAPS
from .record import Document, document, ok, repeat
from .trap import Trap

PROG = "trigrad bench trap"
EPILOG = """\
exit status: 0 every effect was seen in every run (an experiment that this machine cannot run says why and
does not count), 1 an effect was not seen or a check failed, 2 wrong usage, 130 after Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The arguments and their help."""
    top = Parser(
        prog=PROG,
        description="Why benchmarks lie: fifteen small experiments, each with its measured effect.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("names", nargs="*", metavar="NAME", help="which experiments (see --list)")
    top.add_argument("--list", action="store_true", help="name all experiments and stop")
    top.add_argument("--all", action="store_true", help="run all of them")
    top.add_argument("--repeat", type=int, default=1, metavar="N", help="run each N times, seeds 0 to N-1")
    top.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    top.add_argument("--output", type=Path, metavar="FILE", help="also write the JSON document to a file")
    return top


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    options = parser().parse_args(argv)
    if options.list:
        print(json.dumps([facts(t) for t in TRAPS.values()], indent=1) if options.json else listing())
        return 0
    if wrong := complaint(options):
        print(f"{PROG}: {wrong}", file=sys.stderr)
        return 2
    chosen = list(TRAPS) if options.all else list(dict.fromkeys(options.names))
    rows: list[Document] = []
    where = machine.record(measure=False)  # before the first run: its load is not ours
    try:
        for name in chosen:
            rows.append(repeat(TRAPS[name], options.repeat, progress))
    except KeyboardInterrupt:
        progress("")
        print(f"{PROG}: interrupted; {len(rows)} of {len(chosen)} experiments were done", file=sys.stderr)
        return 130
    progress("")
    found = document(rows, " ".join([PROG, *argv]), where)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if options.json:
        print(text)
    else:
        print(report(rows))
    if options.output:
        try:
            options.output.parent.mkdir(parents=True, exist_ok=True)
            part = options.output.with_name(options.output.name + ".part")
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(options.output)
        except OSError as error:
            print(f"{PROG}: {options.output}: cannot be written: {error.strerror}", file=sys.stderr)
            return 1
    return 0 if all(ok(row) for row in rows) else 1


def complaint(options: argparse.Namespace) -> str:
    """What is wrong with the arguments, and the remedy; nothing if they are fine."""
    if options.repeat < 1:
        return f"--repeat must be at least 1, not {options.repeat}"
    if options.all == bool(options.names):
        return "give the name of an experiment, or --all; --list names them"
    for name in options.names:
        if name not in TRAPS:
            near = difflib.get_close_matches(name, TRAPS, n=1)
            return f"there is no experiment {name!r}; " + (
                f"did you mean {near[0]!r}?" if near else "see --list"
            )
    return ""


def progress(words: str) -> None:
    """One line that replaces itself, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


def facts(trap: Trap) -> dict[str, object]:
    """A trap without its experiment."""
    return {key: value for key, value in vars(trap).items() if key != "run"}


def listing() -> str:
    """All traps, one a line."""
    width = max(map(len, TRAPS))
    return "\n".join(f"{k:2}  {name:{width}}  {t.title}" for k, (name, t) in enumerate(TRAPS.items(), 1))


def report(rows: list[Document]) -> str:
    """What was found, in words when it is one experiment, as a table in any case."""
    parts = []
    if len(rows) == 1:
        trap = TRAPS[rows[0]["name"]]
        labels = {
            "found in": trap.source,
            "claim": trap.claim,
            "measured": trap.measured,
            "instead": trap.lesson,
        }
        parts.append(f"{trap.title}\n")
        parts += [wrapped(label, text) for label, text in labels.items()]
        if "typical" in rows[0]:
            parts.append(wrapped("here", rows[0]["typical"]["sentence"]))
            parts.append(wrapped("known", rows[0]["typical"]["right_answer"]))
        parts.append("")
    parts.append(table(rows))
    return "\n".join(parts)


def wrapped(label: str, text: str) -> str:
    """A paragraph beside its label."""
    lead = f"  {label:10}"
    return textwrap.fill(text, 110, initial_indent=lead, subsequent_indent=" " * len(lead))


def table(rows: list[Document]) -> str:
    """Name, trapped and right value, effect with its range, and how often its sign was seen."""
    lines = [["trap", "trapped", "right", "", "effect", "least", "most", "seen", ""]]
    for row in rows:
        if row["not_run"]:
            lines.append([row["name"], "-", "-", "", "-", "-", "-", "not run", row["not_run"]])
            continue
        typical, spread = row["typical"], row["effect"]
        values = [f"{typical[key]:.4g}" for key in ("trapped", "right")]
        sign = "+" if typical["kind"] == "difference" else "x"
        effects = [
            f"{spread[key]:.3g}{sign}" if sign == "x" else f"{sign}{spread[key]:.3g}"
            for key in ("median", "least", "most")
        ]
        note = "" if ok(row) else "NOT SEEN"
        if row["failed_checks"]:
            note = "CHECK FAILED: " + "; ".join(row["failed_checks"])
        lines.append([row["name"], *values, typical["unit"], *effects, f"{row['seen']}/{row['runs']}", note])
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    out = []
    for line in lines:
        cells = [
            c.ljust(w) if k in (0, 3, 8) else c.rjust(w)
            for k, (c, w) in enumerate(zip(line, widths, strict=True))
        ]
        if color and line[8] and line[7] != "not run":
            cells[8] = f"\033[31m{cells[8]}\033[0m"
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main())
