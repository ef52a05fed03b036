"""The folders depend on each other in one direction only, and public headers stay free of third parties.

Why it exists: design rules that no compiler checks are kept by a test or not at all.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("scalar_cpp", "tensor_cpp", "bindings")


def includes(folder: str, *suffixes: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in suffixes:
            for name in re.findall(
                r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(encoding="utf-8"), re.MULTILINE
            ):
                yield path, name


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_scalar_cpp_knows_nothing_of_tensors() -> None:
    found = [(p, i) for p, i in includes("scalar_cpp", ".hpp", ".cpp") if "tensor" in i or "pybind11" in i]
    assert not found


def test_tensor_cpp_knows_nothing_of_python() -> None:
    assert not [
        (p, i) for p, i in includes("tensor_cpp", ".hpp", ".cpp") if "pybind11" in i or i == "Python.h"
    ]


@pytest.mark.parametrize("folder", ["scalar_cpp/include", "tensor_cpp/include"])
def test_public_headers_include_ours_and_the_standard_library_only(folder: str) -> None:
    third = ("Eigen", "gtest", "nlohmann", "omp.h", "immintrin", "cblas")
    assert not [(p, i) for p, i in includes(folder, ".hpp") if i.startswith(third)]


def test_reference_py_depends_on_numpy_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy"}
    for path in (ROOT / "reference_py").rglob("*.py"):
        assert {name.partition(".")[0] for name in imports(path)} <= allowed, path


def test_reference_py_works_without_the_extension() -> None:
    code = (
        "import sys; import reference_py as tg; x = tg.tensor(3.0, requires_grad=True); (x * x).backward(); "
        "assert x.grad.item() == 6.0; assert not [m for m in sys.modules if m.startswith('trigrad')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_trigrad_loads_neither_the_harness_nor_torch() -> None:
    code = "import sys, trigrad; assert not {'trigrad_bench', 'torch', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_macro_functions_and_no_fast_math() -> None:
    for folder in OURS:
        for path in (ROOT / folder).rglob("*.[hc]pp"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*#\s*define\s+\w+\(", text, re.MULTILINE), path
    for path in [ROOT / "CMakeLists.txt", *(ROOT / "cmake").iterdir(), *ROOT.glob("*/CMakeLists.txt")]:
        assert "-ffast-math" not in path.read_text(encoding="utf-8"), path


def test_hooks_are_local() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (\S+)", text) == ["local"]


def test_no_test_reads_a_clock() -> None:
    """What a test asserts of time fails on a busy machine; instructions and calls can be counted instead."""
    clocks = re.compile(r"\bperf_counter|\bprocess_time|\bthread_time|\btime\.time\(|(steady|system)_clock")
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests/cpp").glob("*.cpp")]
    here = Path(__file__)
    assert not [path for path in tests if path != here and clocks.search(path.read_text(encoding="utf-8"))]
