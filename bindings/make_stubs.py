"""Writes bindings/trigrad/_core/*.pyi from the built extension, and with --check only compares.

Why it exists: the stubs are committed, so that type checkers need no build; they must not grow stale.
Run with the package importable: `python bindings/make_stubs.py [--check]`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

COMMITTED = Path(__file__).resolve().parent / "trigrad" / "_core"
HEADER = "# Made by bindings/make_stubs.py from the extension; do not edit.\n"


def generate(folder: Path) -> dict[str, str]:
    """File name to text."""
    command = [sys.executable, "-m", "pybind11_stubgen", "trigrad._core", "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    found = sorted((folder / "trigrad" / "_core").glob("*.pyi"))
    return {path.name: HEADER + polish(path.read_text(encoding="utf-8")) for path in found}


NAMED_TUPLE = """class ValuesIndices(typing.NamedTuple):
    values: Tensor
    indices: Tensor"""
# pybind11 does not bind operators and .grad (tensor_object.cpp).
GRAD = """    @property
    def grad(self) -> typing.Any:
        \"\"\"
        ∂loss/∂this, or None. Leaves accumulate it until `x.grad = None` or `x.grad.zero_()`.
        \"\"\"
    @grad.setter
    def grad(self, value: typing.Any) -> None:
        ...
"""
REWRITES = (
    (r'    @staticmethod\n    def __new__\(.*\):\n        """\n.*\n        """\n', ""),
    (r"(def __\w+__)\(self, value(?:, mod = None)?\):", r"\1(self, value: typing.Any) -> Tensor:"),
    (r"(def __(?:abs|invert|neg|pos)__\(self\)):", r"\1 -> Tensor:"),
    (r"(def __hash__\(self\)):", r"\1 -> int:"),
    (r"    @property\n    def grad_fn\(", GRAD + r"\g<0>"),
    # == gives a tensor where both sides are tensors.
    (r"(def __(?:eq|ne)__\(self, \w+: )[^)]*\) -> [^:]*:", r"\1object) -> Tensor:  # type: ignore[override]"),
    (r"(?<!\w: )\bobject\b(?= = None|,|\))", "typing.Any"),
    (r"(?<=: )object(?= = None|,|\))(?!\) -> Tensor:  # type)", "typing.Any"),
    (r"-> object:", "-> typing.Any:"),
    (r"from importlib\._bootstrap import ValuesIndices\n", "import builtins\nimport numpy\n"),
    (r"(?m)^class Tensor:", NAMED_TUPLE + "\nclass Tensor:"),
    (r"(def (?:sort|topk)\(.*\)) -> typing\.Any:", r"\1 -> ValuesIndices:"),
    (r"(def (?:split)\(.*\)) -> tuple:", r"\1 -> tuple[Tensor, ...]:"),
    (r"(def (?:shape|stride)\(self\)) -> tuple:", r"\1 -> tuple[int, ...]:"),
    (r"(def numpy\(self\)) -> [^:]*:", r"\1 -> numpy.ndarray[typing.Any, typing.Any]:"),
    (r"def __iter__\(self\) -> [^:]*:", "def __iter__(self) -> collections.abc.Iterator[Tensor]:"),
    (r"def ops\(\) -> list:", "def ops() -> list[dict[str, typing.Any]]:"),
    (r"\*args, \*\*kwargs\)", "*args: typing.Any, **kwargs: typing.Any)"),
    (r", \*args\)", ", *args: typing.Any)"),
    (r"\(self, \*\*kwargs\)", "(self, **kwargs: typing.Any)"),
    (r"-> dict:", "-> dict[str, typing.Any]:"),
    (r"\b(Generator|Tensor) = None", r"\1 | None = None"),
    (r"-> tuple:", "-> tuple[typing.Any, ...]:"),
    # Tensor's methods bool and float hide the types of that name.
    (r"(?<=[:>|] )(bool|float|int)\b(?=[ ,):=\n]| \|)", r"builtins.\1"),
)


def polish(text: str) -> str:
    """What pybind11 cannot say: results of comparisons, tuples' contents, operands of any kind."""
    if "class Tensor:" in text:
        for pattern, replacement in REWRITES:
            text = re.sub(pattern, replacement, text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def main() -> int:
    """The status is 1 where --check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed stubs; write nothing"
    )
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        made = generate(Path(folder))
    stale = []
    for name, text in made.items():
        path = COMMITTED / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            COMMITTED.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"stale stubs: {', '.join(stale)}; run python bindings/make_stubs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
