"""Plants each fault in a process of its own and runs the tests that must catch it.

Why it exists: pytest collects once, then every fault gets a fork of that process, so that a fault which
crashes or never ends takes nothing with it, and a fault costs what its tests cost. Read __main__.py next."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from .fault import Fault

LIMIT = 60.0  # seconds for one fault; its tests take well below one


@dataclass
class Verdict:
    """What became of a fault: `caught`, `survived`, `not reached`, or `crashed`, `timed out`, `error`."""

    fault: Fault | None
    word: str
    by: str = ""  # the test that failed
    detail: str = ""
    seconds: float = 0.0
    checks: int = 0


@dataclass
class Asserting:
    """A pytest plugin that remembers how the last test failed, and how many checks it made."""

    failure: BaseException | None = None
    checks: int = 0

    def run(self, item: Any) -> BaseException | None:
        """Runs a test; how it failed."""
        self.failure = None
        runtestprotocol(item, nextitem=None, log=False)
        return self.failure

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        if call.excinfo is not None and not isinstance(call.excinfo.value, pytest.skip.Exception):
            self.failure = call.excinfo.value
        report = yield
        if call.when == "call":
            self.checks += 1 + sum(v[3] for k, v in report.user_properties if k == "conformance")
        return report


def is_assertion(failure: BaseException) -> bool:
    """Whether a test has seen a wrong answer; an exception of the engine itself is none."""
    if not isinstance(failure, AssertionError | pytest.fail.Exception):
        return False
    lines = [line for line in str(failure).splitlines()[1:] if not line.startswith("  ... and")]
    thrown = [" raised " in line and " raised AssertionError" not in line for line in lines]
    return not thrown or not all(thrown)


def run_items(items: list[Any], plugin: Asserting) -> tuple[str, str, str]:
    """Word, test and detail: runs until an assertion fails."""
    error = ("survived", "", "")
    for item in items:
        failure = plugin.run(item)
        if failure is None:
            continue
        detail = f"{type(failure).__name__}: {failure}"[:2000]
        if is_assertion(failure):
            return "caught", item.nodeid, detail
        error = ("error", item.nodeid, detail)
    return error


def in_child(fault: Fault | None, items: list[Any], plugin: Asserting, out: int) -> None:
    """Plants, runs, writes the verdict to `out`; never returns."""
    code = 1
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        if fault is not None:
            fault.plant()
        plugin.checks = 0
        word, by, detail = run_items(items, plugin)
        if fault is not None and fault.counts and word == "survived":
            import trigrad._core as core

            if not core._mutant_reached():  # type: ignore[attr-defined]
                word = "not reached"
        os.write(out, json.dumps([word, by, detail, plugin.checks]).encode())
        code = 0
    except BaseException as e:
        os.write(out, json.dumps(["error", "", f"while planting: {type(e).__name__}: {e}", 0]).encode())
        code = 0
    finally:
        os._exit(code)


@dataclass
class Work:
    """A child at work."""

    fault: Fault | None
    pid: int
    pipe: int
    start: float
    text: bytes = b""


@dataclass
class Pool:
    """Runs faults, `jobs` at a time."""

    jobs: int
    plugin: Asserting
    verdicts: list[Verdict] = field(default_factory=list)

    def run(self, plan: Iterable[tuple[Fault | None, list[Any]]]) -> list[Verdict]:
        """The verdicts, in no order."""
        self.verdicts = []
        waiting = list(plan)[::-1]
        selector = selectors.DefaultSelector()
        working: dict[int, Work] = {}
        while waiting or working:
            while waiting and len(working) < self.jobs:
                fault, items = waiting.pop()
                work = self.start(fault, items)
                working[work.pipe] = work
                selector.register(work.pipe, selectors.EVENT_READ)
            for key, _ in selector.select(timeout=1.0):
                work = working[key.fd]
                more = os.read(work.pipe, 65536)
                work.text += more
                if not more:
                    selector.unregister(work.pipe)
                    del working[work.pipe]
                    self.finish(work, "")
            for work in list(working.values()):
                if time.monotonic() - work.start > LIMIT:
                    os.kill(work.pid, signal.SIGKILL)
                    selector.unregister(work.pipe)
                    del working[work.pipe]
                    self.finish(work, "timed out")
        return self.verdicts

    def start(self, fault: Fault | None, items: list[Any]) -> Work:
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            in_child(fault, items, self.plugin, write)
        os.close(write)
        return Work(fault, pid, read, time.monotonic())

    def finish(self, work: Work, word: str) -> None:
        os.close(work.pipe)
        _, status = os.waitpid(work.pid, 0)
        verdict = Verdict(work.fault, word, seconds=time.monotonic() - work.start)
        if not word and os.WIFSIGNALED(status):
            verdict.word, verdict.detail = "crashed", signal.Signals(os.WTERMSIG(status)).name
        elif not word:
            try:
                verdict.word, verdict.by, verdict.detail, verdict.checks = json.loads(work.text)
            except ValueError:
                verdict.word, verdict.detail = "crashed", f"exit status {os.waitstatus_to_exitcode(status)}"
        self.verdicts.append(verdict)


def native(program: Path, fault: Fault | None, tests: Iterable[str]) -> Verdict:
    """GoogleTest: its program knows the fault from the environment."""
    start = time.monotonic()
    env = {**os.environ, "TRIGRAD_MUTANT": fault.name if fault else ""}
    command = [str(program), "--gtest_filter=" + ":".join(tests), "--gtest_brief=1"]
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, errors="replace", timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return Verdict(fault, "timed out")
    seconds = time.monotonic() - start
    failed = re.findall(r"^\[  FAILED  \] (\w+\.\w+)", done.stdout, re.MULTILINE)
    if done.returncode < 0:
        return Verdict(fault, "crashed", detail=signal.Signals(-done.returncode).name, seconds=seconds)
    if done.returncode == 0:
        return Verdict(fault, "survived", seconds=seconds)
    word = "caught" if failed and "C++ exception" not in done.stdout else "error"
    return Verdict(fault, word, failed[0] if failed else "", done.stdout[:1000], seconds)


def selected(fault: Fault, items: dict[str, Any]) -> list[Any]:
    """The tests that must catch a fault."""
    found = []
    for pattern in fault.tests:
        compiled = re.compile(pattern)
        matching = [item for name, item in items.items() if compiled.match(name)]
        if not matching:
            raise LookupError(f"{fault}: no test is called {pattern}")
        found += [item for item in matching if item not in found]
    return found
