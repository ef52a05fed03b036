"""The README's examples do what it says.

Why it exists: they are the first lines a newcomer runs. Python sessions run as doctests; the C++ program is
compiled against the headers and its output compared with the comment beside it.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_python_sessions() -> None:
    """One session: later blocks may use the names of earlier ones."""
    text = "\n".join(blocks("python"))
    test = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert len(test.examples) > 10
    results = doctest.DocTestRunner().run(test)
    assert results.failed == 0


def test_cpp_program(tmp_path: Path) -> None:
    (code,) = blocks("cpp")
    source, program = tmp_path / "example.cpp", tmp_path / "example"
    source.write_text(code, encoding="utf-8")
    compiler = os.environ.get("CXX", "c++")
    include = ROOT / "scalar_cpp" / "include"
    subprocess.run([compiler, "-std=c++20", f"-I{include}", source, "-o", program], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()
    assert f"// prints {printed}\n" in code


def test_links_and_paths_exist() -> None:
    """Every file or folder that is named in backticks or linked is there."""
    named = re.findall(r"\]\(([\w./]+)\)|`([\w.]+/[\w./]+)`", README)
    for path in {a or b for a, b in named} - {"build/release", "build/release/examples/train"}:
        assert (ROOT / path).exists(), path
