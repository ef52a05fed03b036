"""Runs all planted faults: `mutants: N of N caught`, and status 1 if one survives.

Why it exists: `make test` needs one command. Read runner.py before."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from . import cpp, python
from .runner import Asserting, Pool, Verdict, native, selected

FILES = [
    "tests/conformance",
    *(
        f"tests/python/test_{name}.py"
        for name in "scalar_value scalar_value_life scalar_tensor tensor_grad tensor_threads".split()
    ),
]


class Session:
    """A pytest plugin in the place of its test loop."""

    def __init__(self, options: argparse.Namespace, asserting: Asserting) -> None:
        self.options = options
        self.asserting = asserting
        self.status = 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        items = {item.nodeid: item for item in session.items}
        self.status = run(self.options, items, self.asserting)
        return True


def warm() -> None:
    """Loads before the forks what each of them would load again."""
    from tests.conformance.golden import stored
    from tests.conformance.samples import all_cases

    stored()
    all_cases()


def program() -> Path:
    """The GoogleTest program of the build that Python imports."""
    import trigrad._core as core

    assert hasattr(core, "_set_mutant"), (
        f"{core.__file__} holds no faults: build the preset `mutants` and put its python/ on PYTHONPATH"
    )
    return Path(str(core.__file__)).parents[2] / "tests" / "trigrad_tests"


def run(options: argparse.Namespace, items: dict[str, Any], asserting: Asserting) -> int:
    """All faults, then the same tests without any."""
    start = time.perf_counter()
    tests = program()
    faults = [f for f in cpp.faults() + python.faults() if options.only in str(f)]
    if not faults:
        print(f"mutants: no fault has {options.only!r} in its name; -l alone lists them all")
        return 1
    if options.list:
        print("\n".join(map(str, faults)))
        return 0
    warm()
    gc.collect()
    gc.freeze()  # so that the forks do not copy what they only read
    pool = Pool(options.jobs, asserting)
    plan = [(f, selected(f, items)) for f in faults if not f.native]
    verdicts = pool.run(plan) + [native(tests, f, f.tests) for f in faults if f.native]

    used = {item.nodeid: item for _, chosen in plan for item in chosen}
    share = 1 + len(used) // (4 * options.jobs)
    names = list(used)
    chunks = [[used[n] for n in names[k : k + share]] for k in range(0, len(names), share)]
    clean = pool.run([(None, chunk) for chunk in chunks])
    filters = sorted({t for f in faults if f.native for t in f.tests})
    clean += [native(tests, None, filters)] if filters else []
    return report(verdicts, clean, len(used), time.perf_counter() - start, options)


def report(
    verdicts: list[Verdict], clean: list[Verdict], used: int, seconds: float, options: argparse.Namespace
) -> int:
    """Prints the score and everything that is not as it should be."""
    missed = [v for v in verdicts if v.word != "caught"]
    alarms = [v for v in clean if v.word != "survived"]
    for v in sorted(verdicts, key=lambda v: str(v.fault)) if options.verbose else missed:
        why = v.detail.splitlines()[0] if v.detail and v.word != "caught" else ""
        print(f"  {v.word:<11} {v.fault}  {v.by}  {why}")
    for v in alarms:
        print(f"  false alarm: {v.word} {v.by}\n{v.detail}")
    total, caught = (
        Counter(v.fault.engine for v in verdicts if v.fault),
        Counter(v.fault.engine for v in verdicts if v.fault and v.word == "caught"),
    )
    print(", ".join(f"{engine} {caught[engine]} of {n}" for engine, n in sorted(total.items())))
    checks = sum(v.checks for v in clean)
    print(
        f"mutants: {len(verdicts) - len(missed)} of {len(verdicts)} caught, {len(alarms)} false alarms"
        f" in {checks} checks of {used} tests without a fault; {seconds:.0f} s"
    )
    return 1 if missed or alarms else 0


def main() -> int:
    """Collects the tests with pytest and runs the faults in its place."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "only", nargs="?", default="", help="a part of the names, such as 'tensor_cpp: rule.mul'"
    )
    parser.add_argument("-j", "--jobs", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument("-v", "--verbose", action="store_true", help="name the test that caught each fault")
    parser.add_argument("-l", "--list", action="store_true", help="name the faults and stop")
    options = parser.parse_args()
    asserting = Asserting()
    session = Session(options, asserting)
    arguments = [
        "-q",
        "-s",
        "--no-header",
        "--no-summary",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        *FILES,
    ]
    pytest.main(arguments, plugins=[asserting, session])
    return session.status


if __name__ == "__main__":
    sys.exit(main())
