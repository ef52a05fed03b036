"""Counts the instructions of fixed programs with valgrind, and holds them against instructions.toml.

Why it exists: no test may assert on a clock, and yet a change that makes every step a tenth slower must not
go unseen. Instructions are no time, but their number is the same in every run, on every busy machine. The
programs are the harness's native engines on small workloads; what is counted is the difference between 2N and
N steps, divided by N, so start-up, reading and the first step's memory are not in it.

    python -m tests.bench.instructions          # counts and compares
    python -m tests.bench.instructions --write  # counts and writes instructions.toml anew

Read next: instructions.toml (why there are two margins), test_instructions.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trigrad_bench import arrays, machine, workload
from trigrad_bench.engines import native

TABLE = Path(__file__).with_name("instructions.toml")
INSTALL = "sudo apt-get install -y --no-install-recommends valgrind"
TENSOR, SCALAR = "native.tensor_cpp.tape", "native.scalar_cpp"


@dataclass(frozen=True)
class Program:
    """N steps of a workload on a native engine, or N probes; `each`: the links of one, where they count."""

    engine: str
    workload: str  # "": a probe
    phase: str
    n: int
    each: int = 1
    changes: dict[str, Any] = field(default_factory=dict)


PROGRAMS = {
    "tensor-T3-step": Program(TENSOR, "T3", "step", 20),
    "tensor-M2-step": Program(TENSOR, "M2", "step", 5),
    "tensor-P2-step": Program(TENSOR, "P2.matched", "step", 4),
    "tensor-chain-link": Program(TENSOR, "chain.n1e3", "grad", 2, 1000),
    "tensor-addition": Program(TENSOR, "", "op_cost", 10, 100, {"elements": 64, "length": 100}),
    "scalar-chain-link": Program(SCALAR, "chain.n1e4", "grad", 2, 10_000),
    "scalar-M2-step": Program(SCALAR, "M2", "step", 1),
}


def obstacle() -> str:
    """Why nothing can be counted here; "" where it can."""
    if shutil.which("valgrind") is None:
        return f"valgrind is not installed; type: {INSTALL}"
    if not {"avx2", "fma"} <= set(machine.cpu()["isa"]) or platform.machine() != "x86_64":
        return "the table was counted on x86-64 with AVX2; this machine runs other instructions"
    missing = [e for e in (TENSOR, SCALAR) if native.find(e) is None]
    return f"{', '.join(missing)} not built" if missing else ""


def questions(program: Program, path: Path, n: int) -> str:
    """What the engine is asked: one job, n steps."""
    if not program.workload:
        probe = {"verb": "probe", "what": program.phase, **program.changes, "n": n}
        return json.dumps(probe) + "\n"
    loaded = workload.load(program.workload, program.changes)
    arrays.make(loaded).write(path)
    job = {"workload": loaded.as_json(), "arrays": str(path), "dtype": loaded.dtypes[0], "threads": 1}
    asked = [{"verb": "setup", **job}, {"verb": "run", "phase": program.phase, "n": n}, {"verb": "close"}]
    return "".join(json.dumps(question) + "\n" for question in asked)


def total(program: Program, n: int) -> int:
    """Instructions of the whole process that runs n steps."""
    with tempfile.TemporaryDirectory() as folder:
        asked = questions(program, Path(folder) / "arrays", n)
        done = subprocess.run(
            ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
             *native.command(program.engine, 1)],
            input=asked,
            env={"OMP_NUM_THREADS": "1"},  # nothing else: what a shell exports moves the stack
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == asked.count("\n"), done.stdout
    assert all(answer["ok"] for answer in answers), done.stdout
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert found, done.stderr
    return int(found[1].replace(",", ""))


def count(program: Program) -> float:
    """Instructions of one step, or of one link of a chain."""
    return (total(program, 2 * program.n) - total(program, program.n)) / program.n / program.each


def made_with() -> dict[str, str]:
    """What decides the instructions besides our sources."""
    asked = '{"verb":"info"}\n'
    done = subprocess.run(native.command(TENSOR, 1), input=asked, capture_output=True, text=True, check=True)
    return {"compiler": json.loads(done.stdout)["info"]["compiler"], "libc": " ".join(platform.libc_ver())}


def major(version: str) -> str:
    """`g++ 12` of `g++ 12.2.0`."""
    return version.partition(".")[0]


def margin(table: Mapping[str, Any], here: Mapping[str, str]) -> float:
    """What a count may differ by: less where compiler and C library are those of the table."""
    same = major(here["compiler"]) == major(table["compiler"]) and here["libc"] == table["libc"]
    return float(table["margin" if same else "margin_elsewhere"])


def verdict(counted: float, expected: float, allowed: float) -> str:
    """What is wrong, if anything. So are fewer: a gain that is not recorded can be lost again unseen."""
    change = counted / expected - 1
    if abs(change) <= allowed:
        return ""
    what = "slower" if change > 0 else "faster: record it, so that it stays"
    return (
        f"{counted:,.1f} instructions, {expected:,.1f} in {TABLE.name}: {change:+.1%}, {allowed:.0%} is"
        f" allowed; {what}. If this is meant: python -m tests.bench.instructions --write"
    )


def read() -> dict[str, Any]:
    """The table."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def written(counts: Mapping[str, float], here: Mapping[str, str]) -> str:
    """The table's text with these counts; its head, which people write, stays."""
    head = TABLE.read_text(encoding="utf-8").partition("compiler = ")[0]
    lines = [f"{key} = {json.dumps(value)}" for key, value in here.items()]
    return (
        "\n".join([head + lines[0], *lines[1:], "", "[counts]"])
        + "".join(f"\n{name} = {value:.1f}" for name, value in counts.items())
        + "\n"
    )


def main() -> int:
    """Counts; compares or writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the table anew")
    given = parser.parse_args()
    if why := obstacle():
        print(why, file=sys.stderr)
        return 2
    here, table = made_with(), read()
    counts = {name: count(program) for name, program in PROGRAMS.items()}
    wrong = 0
    for name, counted in counts.items():
        before = table["counts"].get(name, counted)
        print(f"{name:20} {counted:14,.1f}   {counted / before - 1:+.2%} of the table")
        wrong += bool(verdict(counted, before, margin(table, here)))
    if given.write:
        TABLE.write_text(written(counts, here), encoding="utf-8")
        return 0
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
