"""Runs every kind of test and sums up: what `make test` does after the release build.

Why it exists: the suite has five parts in two languages and four builds. One program runs them all even when
one fails, counts results from their JUnit files, and ends with a line that says how many passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "build" / "reports"
# The conformance suite says how many engines x ops passed, the mutant run how many faults it caught.
REMARKS = ("conformance:", "mutants:")


@dataclass
class Part:
    """One kind of test: the commands that lead to it, and what came of it."""

    name: str
    commands: list[list[str]]
    env: dict[str, str] = field(default_factory=dict)
    counted: bool = True  # its last command writes a JUnit file
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)  # lines of its output that belong into the summary

    @property
    def junit(self) -> Path:
        return REPORTS / f"{self.name}.xml"

    def run(self) -> None:
        print(f"\n== {self.name}", flush=True)
        self.junit.unlink(missing_ok=True)
        start = time.perf_counter()
        for command in self.commands:
            status, remarks = show(command, {**os.environ, **self.env})
            self.remarks += remarks
            if status != 0:
                break
        self.seconds = time.perf_counter() - start
        if self.counted and self.junit.exists():
            self.count()
        elif not self.counted and status == 0:
            self.passed = 1
        # A crash leaves no report, or one without the failure.
        if status != 0 and self.failed == 0:
            self.failed = 1

    def count(self) -> None:
        for case in ET.parse(self.junit).iter("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                self.failed += 1
            elif "skipped" in kinds or case.get("status") in ("disabled", "notrun"):
                self.skipped += 1
            else:
                self.passed += 1


def show(command: list[str], env: dict[str, str]) -> tuple[int, list[str]]:
    """Runs a command, passing its output on; returns its status and the lines that REMARKS names."""
    remarks = []
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, errors="replace", **pipes) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith(REMARKS):
                remarks.append(line.strip())
    return process.returncode, remarks


def cpp(preset: str, build: bool) -> Part:
    """The C++ tests of one preset."""
    part = Part(f"cpp-{preset}", [])
    if build:
        part.commands = [["make", f"build/{preset}/build.ninja"], ["cmake", "--build", "--preset", preset]]
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "2")
    part.commands.append(["ctest", "--preset", preset, "-j", jobs, "--output-junit", str(part.junit)])
    return part


def parts(quick: bool) -> list[Part]:
    """All parts, the fast ones first."""
    python = Part("python", [])
    python.commands = [
        [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "-q", f"--junitxml={python.junit}"]
    ]
    if quick:
        python.commands[0] += ["-m", "not slow"]
        return [cpp("release", build=False), python]
    every = [cpp("release", build=False), python, cpp("asan", build=True), cpp("tsan", build=True)]
    if (ROOT / "tests" / "mutants").exists():
        build = [["make", "build/mutants/build.ninja"], ["cmake", "--build", "--preset", "mutants"]]
        path = str(ROOT / "build" / "mutants" / "python")
        commands = [*build, [sys.executable, "-m", "tests.mutants"]]
        every.append(Part("mutants", commands, {"PYTHONPATH": path}, counted=False))
    return every


def main() -> int:
    """Runs the parts that were asked for; the status is 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="release build only, without tests marked slow")
    chosen = parts(parser.parse_args().quick)
    REPORTS.mkdir(parents=True, exist_ok=True)
    for part in chosen:
        part.run()

    print("\n== summary")
    for part in chosen:
        skipped = f", {part.skipped} skipped" if part.skipped else ""
        counts = f"{part.passed} passed, {part.failed} failed{skipped}"
        print(f"{part.name:<12} {counts}  {part.seconds:.0f} s")
    for line in [line for part in chosen for line in part.remarks]:
        print(line)
    failed = sum(part.failed for part in chosen)
    print(f"{sum(part.passed for part in chosen)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
