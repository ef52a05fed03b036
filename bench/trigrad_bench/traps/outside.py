"""Work in other processes: a fresh Python, or a small C++ program made by the system's compiler.

Why it exists: a first call happens once in a process, a recursion that ends the process must not end ours,
and a build without optimisation has to be built.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .trap import CannotRunError


def fresh_python(code: str) -> Any:
    """Runs `code` in a new interpreter that finds the same packages; it prints one JSON document."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"a fresh Python ended with status {done.returncode}: {done.stderr.strip()[-300:]}"
        )
    return json.loads(done.stdout)


def compiler() -> str:
    """The C++ compiler: CXX, or the first that the system has."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and (path := shutil.which(name)):
            return path
    raise CannotRunError("no C++ compiler found (looked for $CXX, c++, g++, clang++)")


@functools.cache
def _folder() -> Path:
    """Where programs are built: one folder for this process, gone when it ends."""
    folder = tempfile.mkdtemp(prefix="trigrad-trap-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@functools.cache
def build(source: str, *flags: str) -> str:
    """The program built from a source beside this file. Built once per process and choice of flags."""
    target = _folder() / f"{Path(source).stem}{''.join(flags)}"
    path = Path(__file__).with_name(source)
    # Without contraction of a*b+c the two builds compute the same bits on every kind of machine.
    command = [compiler(), "-std=c++17", "-ffp-contract=off", *flags, str(path), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise CannotRunError(f"{command[0]} could not build {source}: {done.stderr.strip()[:300]}")
    return str(target)
