"""The command line: `python -m trigrad_bench compare`."""

from __future__ import annotations

import argparse
import json
import os
import sys

EPILOG = """\
exit status: 0 every engine agrees with the float64 reference (a missing PyTorch does not count),
1 a gradient is wrong or an engine of trigrad cannot run, 2 wrong usage.
Colours appear on terminals only; NO_COLOR=1 turns them off."""


def parser() -> argparse.ArgumentParser:
    """The arguments and their help."""
    from .engines import ALL
    from .workloads import WORKLOADS

    top = argparse.ArgumentParser(prog="trigrad_bench", description="Gradients and speed, side by side.")
    commands = top.add_subparsers(dest="command", required=True)
    compare = commands.add_parser(
        "compare",
        help="every engine on two small workloads",
        description="Runs every engine on the same numbers: loss, gradient agreement, time where they agree.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument("--engine", action="append", choices=ALL, help="only this engine (may be repeated)")
    compare.add_argument(
        "--workload", action="append", choices=list(WORKLOADS), help="only this workload (may be repeated)"
    )
    compare.add_argument(
        "--dtype", choices=["float32", "float64"], default="float32", help="scalar_cpp is always float64"
    )
    compare.add_argument(
        "--rounds", type=int, default=15, help="how often each engine gets its turn (default 15)"
    )
    compare.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    # Every row is one thread's work; NumPy's matrix products read this when they are loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options = parser().parse_args(arguments)
    from .compare import as_json, compare, table
    from .engines import ALL
    from .workloads import WORKLOADS

    if options.rounds < 1:
        print("trigrad_bench compare: --rounds must be at least 1", file=sys.stderr)
        return 2
    engines = tuple(e for e in ALL if not options.engine or e in options.engine)
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    documents, ok = [], True
    for name in options.workload or WORKLOADS:
        workload = WORKLOADS[name]()
        rows = compare(workload, engines, options.dtype, options.rounds)
        ok = ok and all(row.ok() for row in rows)
        if options.json:
            documents.append({"workload": name, "data": workload.digest(), "rows": as_json(rows)})
            continue
        print(f"{name}: {workload.about}; data {workload.digest()}")
        print(table(rows, color), end="\n\n", flush=True)
    if options.json:
        print(json.dumps(documents, indent=1))
    else:
        print("Deviation: the worst max|g - ref| / max|ref| of a parameter, against reference_py in float64.")
        print("Time: one thread, engines in turns, median of the rounds; true of this machine only.")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
