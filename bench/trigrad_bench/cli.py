"""The command `trigrad`: `python -m trigrad_bench` is the same.

Why it exists: one word to remember. Each subcommand's module is imported only when it is asked for, so
`trigrad --help` is quick and a missing matplotlib hurts nobody who draws nothing.
Read next: bench_cli.py.
"""

from __future__ import annotations

import importlib
import io
import os
import sys

HELP = """\
usage: trigrad COMMAND ...

measure and compare
  bench doctor|list|check|run|compare|reproduce     the harness: gradients first, then speed
  bench plot|report|export                          charts, one report page, tables from a stored run
  bench trap                                        why benchmarks lie: small experiments
  doctor                                            the same as bench doctor

train, under the names of micrograd's, pycrograd's and mocrograd's scripts
  train_mlp  train_moons  train_digits  run_digits_benchmark  train_mnist  train_regression
  export_data NAME PATH                             digits or MNIST as files for the C++ programs

options
  --version   the version
  --help      this text; every command has its own --help
"""
TRAINING = (
    "train_mlp train_moons train_digits run_digits_benchmark train_mnist train_regression export_data".split()
)


def delegate(module: str, argv: list[str]) -> int:
    """The subcommand's own main; exit status 2 when this installation lacks it."""
    try:
        found = importlib.import_module(f"trigrad_bench.{module}")
    except ModuleNotFoundError as error:
        print(f"trigrad: this command needs {error.name}, which is not installed", file=sys.stderr)
        return 2
    return int(found.main(argv))


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # µ and … on a terminal that has only ASCII: better ? than nothing
            stream.reconfigure(errors="replace")
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `trigrad bench list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(argv: list[str]) -> int:
    """The command's exit status."""
    command = argv[0] if argv else ""
    if command in ("--help", "-h", "help", ""):
        print(HELP, end="", file=sys.stdout if command else sys.stderr)
        return 0 if command else 2
    if command == "--version":
        import trigrad

        print(f"trigrad {trigrad.__version__}")
        return 0
    if command == "bench":
        return delegate("bench_cli", argv[1:])
    if command == "doctor":
        return delegate("bench_cli", ["doctor", *argv[1:]])
    if command in TRAINING:
        return delegate("training.cli", argv)
    print(f"trigrad: there is no command {command!r}; trigrad --help lists them", file=sys.stderr)
    return 2
