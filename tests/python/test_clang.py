"""Clang, the other compiler that README names: what a user compiles, compiles with it, without a warning.

Why it exists: our own build is GCC's. Another compiler asks other questions, and asks them in another order.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDES = [ROOT / "scalar_cpp" / "include", ROOT / "tensor_cpp" / "include"]
OLDEST = 16


def clang() -> str:
    """Under its plain name or, as Debian has it, with its version."""
    names = ["clang++", *(f"clang++-{version}" for version in range(30, OLDEST - 1, -1))]
    for path in filter(None, map(shutil.which, names)):
        shown = subprocess.run([path, "-dumpversion"], capture_output=True, text=True, check=True).stdout
        if int(shown.split(".")[0]) >= OLDEST:
            return path
    pytest.skip(f"Clang {OLDEST} or newer is not installed")


def programs(folder: Path) -> list[Path]:
    """The examples, a file of ours that uses most of the tensor engine, and one with every public header."""
    headers = sorted((p.relative_to(i).as_posix() for i in INCLUDES for p in i.rglob("*.hpp")), reverse=True)
    everything = folder / "everything.cpp"
    everything.write_text("".join(f"#include <{header}>\n" for header in headers), encoding="utf-8")
    examples = sorted(ROOT.glob("*_cpp/examples/*.cpp"))
    assert len(headers) > 40
    assert len(examples) > 4
    return [everything, ROOT / "tensor_cpp" / "src" / "backward.cpp", *examples]


@pytest.mark.slow
def test_what_users_compile(tmp_path: Path) -> None:
    command = [clang(), "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    command += [f"-I{path}" for path in INCLUDES]
    for program in programs(tmp_path):
        done = subprocess.run([*command, str(program)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program.name}: {done.stderr[:3000]}"
