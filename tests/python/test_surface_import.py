"""What `import trigrad` brings and what it must not: quick, silent, and nothing that nobody asked for.

Why it exists: an import that pulls PyTorch or prints a line is noticed by every user and by no other test."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import trigrad

NOT_LOADED = "torch matplotlib hypothesis pytest scipy trigrad.reference_py trigrad.scalar_cpp trigrad.gradcheck trigrad_bench"  # noqa: E501


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_import_is_silent_and_loads_little() -> None:
    code = f"import trigrad, sys; print([m for m in {NOT_LOADED.split()} if m in sys.modules])"
    result = run(code, "-W", "error")
    assert result.stdout == "[]\n"
    assert result.stderr == ""


@pytest.mark.parametrize("other", ["torch", "jax.numpy", "scipy.linalg"])
def test_import_after_another_large_library(other: str) -> None:
    """All libraries share what a process has for threads' variables: docs/decisions/0019."""
    pytest.importorskip(other)
    for first, second in ((other, "trigrad"), ("trigrad", other)):
        result = run(f"import {first}, {second}; print(trigrad.ones(2).sum().item())")
        assert result.stdout == "2.0\n"


def test_importtime_names_only_numpy_and_the_standard_library() -> None:
    """Of what `-X importtime` lists, nothing comes from elsewhere."""
    lines = run("import trigrad", "-X", "importtime").stderr.splitlines()
    roots = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if "|" in line}
    plain = run("import numpy", "-X", "importtime").stderr.splitlines()
    roots -= {line.rpartition("|")[2].strip().partition(".")[0] for line in plain if "|" in line}
    assert {
        r for r in roots if r.lstrip("_") not in sys.stdlib_module_names and r not in sys.stdlib_module_names
    } <= {"trigrad"}


def test_import_does_little_beyond_numpys() -> None:
    """Counted in calls, which are no time, but are the same in every run: about 8,000."""
    code = (
        "import numpy, sys; calls = []; sys.setprofile(lambda *event: calls.append(1)); import trigrad; "
        "sys.setprofile(None); print(len(calls))"
    )
    assert int(run(code).stdout) < 16_000


def test_engines() -> None:
    engines = trigrad.engines()
    assert list(engines) == ["tensor_cpp", "scalar_cpp", "reference_py"]
    names = [record["name"] for record in trigrad.ops()]
    assert engines["tensor_cpp"] == {
        "orders": ("tape", "stack", "recursive"),
        "dtypes": ("float32", "float64", "int64", "bool"),
        "ops": names,
    }
    assert engines["reference_py"]["orders"] == ("stack", "recursive")
    assert engines["reference_py"]["ops"] == names
    assert engines["scalar_cpp"]["orders"] == ("tape",)
    assert engines["scalar_cpp"]["dtypes"] == ("float64",)
    assert set(engines["scalar_cpp"]["ops"]) < set(names)
    assert {"add", "matmul", "softmax", "cross_entropy"} <= set(engines["scalar_cpp"]["ops"])


def test_engine_modules_by_attribute_and_by_import() -> None:
    code = (
        "import trigrad as tg; from trigrad import reference_py, scalar_cpp, tensor_cpp; "
        "assert tg.reference_py is reference_py and tg.scalar_cpp is scalar_cpp and tg.tensor_cpp is tensor_cpp; "  # noqa: E501
        "assert {'reference_py', 'scalar_cpp', 'sum'} <= set(dir(tg)); assert tg.Tensor is tensor_cpp.Tensor"
    )
    run(code)
    with pytest.raises(AttributeError, match="module 'trigrad' has no attribute 'nothing'"):
        _ = trigrad.nothing  # type: ignore[attr-defined,unused-ignore]


def test_star_import_hides_no_module_name_by_accident() -> None:
    names: dict[str, Any] = {}
    exec("from trigrad import *", names)
    assert names["sum"] is trigrad.sum
    assert "_core" not in names


def test_version_and_configuration() -> None:
    assert trigrad.__version__ in trigrad.show_config()
    assert "tensor_cpp" in trigrad.show_config()
    assert trigrad.get_num_threads() >= 1
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="set_num_threads: needs a positive number"):
            trigrad.set_num_threads(wrong)
    with pytest.raises(TypeError):
        trigrad.set_num_threads("two")  # type: ignore[arg-type,unused-ignore]
