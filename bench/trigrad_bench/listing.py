"""`trigrad bench list` and `trigrad bench doctor`.

Read before: bench_cli.py, doctor.py.
"""

from __future__ import annotations

import argparse
import json

from . import engines
from . import workload as workloads
from .session import Progress


def show(given: argparse.Namespace) -> int:
    """Workloads, engines, suites."""
    loaded = [workloads.load(name) for name in workloads.names()]
    groups = {name: list(members) for name, members in engines.GROUPS.items()}
    if given.json:
        rows = [
            {
                "name": w.name,
                "title": w.title,
                "about": w.about,
                "dtypes": w.dtypes,
                "parameters": w.parameter_count,
                "steps": w.steps,
            }
            for w in loaded
        ]
        document = {
            "workloads": rows,
            "engines": engines.names(),
            "groups": groups,
            "suites": workloads.suites(),
        }
        print(json.dumps(document))
        return 0
    width = max(len(w.name) for w in loaded)
    print("workloads")
    for w in loaded:
        print(f"  {w.name.ljust(width)}  {w.parameter_count:>11,}  {'/'.join(w.dtypes):<15}  {w.title}")
    print("\nengines (trigrad bench doctor says which are installed)")
    for name, members in groups.items():
        print(f"  {name:<7} {', '.join(members) if name != 'all' else 'every engine'}")
    print("  or the path of a .py file: your own engine")
    print("\nsuites")
    for name, suite in workloads.suites().items():
        print(f"  {name:<7} {suite.get('about', '')}")
    return 0


def doctor(given: argparse.Namespace, progress: Progress) -> int:
    """The examination; exit status 1 when the machine is not fit."""
    from .doctor import examine, text

    found = examine(progress, given.seconds)
    progress("")
    print(json.dumps(found) if given.json else text(found))
    return 0 if found["fit"] else 1
