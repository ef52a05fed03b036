"""`trigrad bench`: doctor, list, check, run, compare, reproduce; hands plot, report, export and trap on.

Why it exists: the command line is where a comparison becomes repeatable: every option is stored with the run,
every line holds the command that measures it again.
Read next: options.py (what a suite is), run.py (what happens).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .arguments import Parser
from .options import EXTRAS, LONG, Options, UsageError, checked, from_suite, from_table, with_engines
from .terminal import Terminal

PROG = "trigrad bench"
RESULTS = "results"
DELEGATED = {"plot": "report.cli", "report": "report.cli", "export": "report.cli", "trap": "traps.cli"}
EPILOG = """\
exit status: 0 every engine agrees with the float64 reference (engines that are not installed do not count),
1 a gradient or a curve is wrong, an engine died, or lines could not be written, 2 wrong usage,
130 after Ctrl-C."""


def parser() -> argparse.ArgumentParser:
    """The arguments and their help."""
    top = Parser(prog=PROG, description="Gradients first, then speed, side by side.", epilog=EPILOG)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    doctor = commands.add_parser("doctor", help="is this machine fit, which engines are there")
    doctor.add_argument(
        "--seconds", type=float, default=5.0, help="how long one engine is compared with itself"
    )
    commands.add_parser("list", help="workloads, engines and suites")
    for name, text in (
        ("check", "gradients and curves only, no times"),
        ("run", "gates, times, curves; stores lines"),
        ("compare", "run, then the table, the report and three sentences"),
    ):
        add_options(commands.add_parser(name, help=text, epilog=EPILOG))
    reproduce = commands.add_parser("reproduce", help="runs a stored line's command again and shows both")
    reproduce.add_argument(
        "run", metavar="RUN[:LINE]", help="a run's id, folder or 'latest', and a line's number"
    )
    reproduce.add_argument(
        "--out", type=Path, default=Path(RESULTS), help=f"folder of the runs (default {RESULTS})"
    )
    for name, text in (
        ("plot", "charts of a stored run"),
        ("report", "one page of a stored run"),
        ("export", "tables of a stored run"),
        ("trap", "why benchmarks lie: small experiments"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    for command in ("doctor", "list", "reproduce"):
        commands.choices[command].add_argument("--json", action="store_true", help="print one JSON document")
    return top


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of check, run and compare; those not given keep the suite's values."""
    add = command.add_argument
    add("--suite", help="quick (default), paper, targets or full")
    add("--engines", help="names or groups (own, native, peers, all), separated by commas; or torch, ...")
    add("--engine", action="append", metavar="FILE", help="your own engine, as a .py file; joins the others")
    add("--workloads", help="names or .toml files, separated by commas (trigrad bench list)")
    add("--dtypes", help="float32,float64 (default: the first that the workload names)")
    add("--threads", help="numbers of threads, separated by commas")
    add("--phases", help="forward,backward,update,grad,step")
    add("--detailed", help="workloads of which all phases are timed")
    add("--rounds", type=int, help="how often everybody gets a turn")
    add("--processes", type=int, help="how often everything is done with fresh processes")
    add("--seed", type=int, help="order of the turns")
    add("--block-ms", type=float, help="length of a timed block")
    add("--budget", type=float, help="seconds of timed blocks for each workload")
    add("--curve-budget", type=float, help="seconds of training for each engine's loss curve")
    add("--timeout", type=float, help="seconds until a silent engine counts as hung")
    add(
        "--slowest",
        type=float,
        help="seconds; engines that need longer for one step are not timed (0: all are)",
    )
    add("--extras", help=f"{','.join(EXTRAS + LONG)}; or none (the last {len(LONG)} take minutes)")
    add("--out", type=Path, default=Path(RESULTS), help=f"folder of the runs (default {RESULTS})")
    add("--resume", metavar="RUN", help="goes on with a run that was interrupted")
    add("--json", action="store_true", help="print one JSON document instead of the table")


def names(text: str | None) -> tuple[str, ...] | None:
    """The comma-separated names."""
    return None if text is None else tuple(t.strip() for t in text.split(",") if t.strip())


def options_of(given: argparse.Namespace) -> Options:
    """The suite's options with what was given put over them."""
    options = from_suite(given.suite or "quick")
    changes: dict[str, Any] = {
        "workloads": names(given.workloads),
        "dtypes": names(given.dtypes),
        "phases": names(given.phases),
        "detailed": names(given.detailed) if given.detailed or not given.phases else (),
        "rounds": given.rounds,
        "processes": given.processes,
        "seed": given.seed,
        "block_ms": given.block_ms,
        "budget": given.budget,
        "curve_budget": given.curve_budget,
        "timeout": given.timeout,
        "slowest": given.slowest,
        "extras": () if given.extras == "none" else names(given.extras),
    }
    if given.threads is not None:
        try:
            changes["threads"] = tuple(int(t) for t in given.threads.split(","))
        except ValueError as error:
            raise UsageError(f"--threads {given.threads}: expected numbers separated by commas") from error
    if given.workloads is not None:
        changes |= {"gates": (), "instead": {}, "limit": 0.0}
    engines = names(given.engines) or options.engines
    changes["engines"] = (*engines, *(given.engine or ()))
    kept = {name: value for name, value in changes.items() if value is not None}
    options = with_engines(dataclasses.replace(options, **kept))
    return checked(dataclasses.replace(options, check_only=given.command == "check"))


def without_out(argv: Sequence[str]) -> list[str]:
    """The arguments without the folder: where lines lie is no part of what was measured."""
    skipped = {k for k, word in enumerate(argv) if word == "--out"}
    kept = [word for k, word in enumerate(argv) if not {k, k - 1} & skipped]
    return [word for word in kept if not word.startswith("--out=")]


def measure(given: argparse.Namespace, argv: Sequence[str]) -> int:
    """check, run and compare."""
    from .run import Run
    from .store import Store, StoreError, find, new_run_id, run_in

    if given.resume:
        folder = find(given.resume, given.out)
        kept = run_in(folder)
        options = from_table(kept[0].get("options", {}))
        store = Store(folder, kept[0]["run"])
        store.lines = kept
    else:
        options = options_of(given)
        run = new_run_id()
        store = Store(None if options.check_only else given.out / run, run)
    progress = Terminal(given.json)
    work = Run(options, store, ["trigrad", "bench", *without_out(argv)], progress)
    status, problem = 0, ""
    try:
        status = work.all()
    except KeyboardInterrupt:
        if store.path:
            with contextlib.suppress(StoreError):
                store.flush()  # what was measured, but not written when the key was pressed
        problem = f"stopped at {work.where or 'the start'}"
        if store.path:
            written = store.lines[: len(store.lines) - len(store.unsaved)]
            cells = sum(line["kind"] == "cell" for line in written)
            problem += f"; {cells} cells are kept in {store.path}; go on with: "
            problem += f"{PROG} {given.command} --resume {store.run} --out {given.out}"
        status = 130
    except StoreError as error:
        status, problem = 1, str(error)
    except OSError as error:  # a full disk: the arrays do not fit
        status = 1
        problem = f"{error.filename or 'writing'}: {error.strerror}; go on with --resume {store.run}"
    progress.clear()
    remarks = [f"not started, as the suite's time was over: {', '.join(work.late)}"] if work.late else []
    for threads in sorted(work.unfit):
        remarks.append(f"not measured: {threads} threads, as there are {len(work.cores)} processors")
    show(given, remarks, store.lines, store.path, status, problem)
    return status


def show(
    given: argparse.Namespace,
    remarks: Sequence[str],
    lines: list[dict[str, Any]],
    path: Path | None,
    status: int,
    problem: str,
) -> None:
    """The table or the JSON document, and what a reader must know besides."""
    from .summary import takeaways
    from .terminal import table

    said = takeaways(lines) if given.command == "compare" and any(c["kind"] == "cell" for c in lines) else []
    finished = status in (0, 1) and not problem
    report = make_report(path) if given.command == "compare" and path and finished else ""
    if given.json:
        document = {
            "status": status,
            "problem": problem,
            "path": str(path or ""),
            "report": report,
            "takeaways": said,
            "remarks": list(remarks),
            "lines": lines,
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    print(table(lines, color=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    for remark in remarks:
        print(remark)
    if path:
        print(f"lines:  {path}")
    if report:
        print(f"report: {report}")
    for k, sentence in enumerate(said, 1):
        print(f"{k}. {sentence}")
    if problem:
        print(f"{PROG}: {problem}", file=sys.stderr)


def make_report(path: Path) -> str:
    """The report page beside the lines; "" where there is no matplotlib or no report module."""
    import importlib
    import io

    try:
        cli = importlib.import_module("trigrad_bench.report.cli")
    except ImportError as error:
        print(f"{PROG}: no report: {error}", file=sys.stderr)
        return ""
    folder = path.parent
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            status = cli.main(["report", str(folder)])
        except Exception as error:  # the measured lines are worth more than their picture
            print(f"{PROG}: no report: {type(error).__name__}: {error}", file=sys.stderr)
            return ""
    pages = [*folder.glob("*.html"), *folder.glob("*/*.html")]
    return str(pages[0].resolve()) if status == 0 and pages else said.getvalue().strip()


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in DELEGATED:
        from .cli import delegate

        return delegate(DELEGATED[argv[0]], argv[1:] if argv[0] == "trap" else argv)
    given = parser().parse_args(argv)
    from .store import StoreError

    try:
        if given.command in ("doctor", "list"):
            from . import listing

            if given.command == "list":
                return listing.show(given)
            return listing.doctor(given, Terminal(given.json))
        if given.command == "reproduce":
            from .reproduce import reproduce

            return reproduce(given, main)
        return measure(given, argv)
    except (UsageError, StoreError) as error:
        print(f"{PROG} {given.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
