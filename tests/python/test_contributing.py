"""CONTRIBUTING.md's "add an operation", followed to the letter in a copy of the tree.

Why it exists: the promise that one declaration and one witness are enough is the heart of the design, and a
page of instructions rots unless something follows it. The copy is built without optimisation, to save time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ["CMakeLists.txt", "cmake", "scalar_cpp", "tensor_cpp", "bindings", "reference_py", "bench"]

# `In `FILE`, above the line `TEXT`:` or `... instead of `TEXT`:`, then a fenced block.
STEP = re.compile(
    r"In `(?P<file>[^`]+)`, (?P<how>above the line|instead of) `(?P<text>[^`]+)`:\n\n"
    r"```\w+\n(?P<block>.*?)```",
    re.DOTALL,
)

CHECK = """
import importlib, math
import numpy as np
from trigrad import tensor_cpp
record = {r["name"]: r for r in tensor_cpp.ops()}["softsign"]
assert record["formula"] == "x / (1 + |x|)" and list(record["saves"]) == ["x"], record
x = np.array([-2.0, -0.5, 0.0, 3.0])
for name in ("tensor_cpp", "scalar_cpp", "reference_py"):
    tg = importlib.import_module("trigrad." + name)
    for order in tg.ORDERS:
        t = tg.tensor(x, requires_grad=True)
        z = tg.softsign(t)
        z.sum().backward(order=order)
        assert np.allclose(z.detach().numpy(), x / (1 + abs(x)), rtol=1e-15), (name, z)
        assert np.allclose(t.grad.numpy(), 1 / (1 + abs(x)) ** 2, rtol=1e-15), (name, t.grad)
        assert np.array_equal(t.softsign().detach().numpy(), z.detach().numpy()), name
    print(name, "has softsign")
v = importlib.import_module("trigrad.scalar_cpp").Value(3.0)
z = v.softsign()
z.backward()
assert math.isclose(z.data, 0.75) and math.isclose(v.grad, 1 / 16), (z, v.grad)
"""


@dataclass
class Edit:
    """One step of the page."""

    file: str
    how: str
    text: str
    block: str

    def apply(self, root: Path) -> None:
        path = root / self.file
        source = path.read_text(encoding="utf-8")
        assert source.count(self.text) == 1, f"{self.file} must hold `{self.text}` exactly once"
        if self.how == "instead of":
            source = source.replace(self.text, self.block.rstrip("\n"))
        else:
            start = source.rindex("\n", 0, source.index(self.text)) + 1
            source = source[:start] + self.block + "\n" + source[start:]
        path.write_text(source, encoding="utf-8")


def edits() -> list[Edit]:
    return [Edit(**m.groupdict()) for m in STEP.finditer(PAGE)]


def test_the_page_keeps_its_promise() -> None:
    """Two source files, about 14 lines."""
    assert len({e.file for e in edits()}) == 2
    assert sum(len(e.block.splitlines()) for e in edits()) <= 14
    assert "softsign" not in (ROOT / edits()[0].file).read_text(encoding="utf-8"), (
        "the page needs another example"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_following_the_page_gives_the_op_to_every_engine(tmp_path: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, tmp_path / name)
    for edit in edits():
        edit.apply(tmp_path)

    build = tmp_path / "build"
    # Paths below the copy count as relative, so that ccache knows the files again in the next run.
    env = {**os.environ, "CCACHE_BASEDIR": str(tmp_path), "CCACHE_NOHASHDIR": "1"}

    def run(*command: object) -> str:
        done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    fast = ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0"]
    fast += ["-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=10"]
    only = [
        "-DTRIGRAD_BUILD_TESTS=OFF",
        "-DTRIGRAD_BUILD_EXAMPLES=OFF",
        "-DTRIGRAD_BUILD_BENCH=OFF",
        f"-DPython_EXECUTABLE={sys.executable}",
    ]
    run(cmake, "-S", tmp_path, "-B", build, *generator, *fast, *only)
    run(cmake, "--build", build, "--parallel", "2")
    env["PYTHONPATH"] = str(build / "python")
    assert run(sys.executable, "-c", CHECK).count("has softsign") == 3
