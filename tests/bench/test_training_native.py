"""The C++ training programs print what the Python commands print.

Why it exists: they draw data, weights and order themselves, and are only worth comparing if that gives the
same network. Skipped where they were not built (cmake -DTRIGRAD_BUILD_EXAMPLES=ON).
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import trigrad
from trigrad_bench.training.cli import main

BUILD = Path(os.environ.get("TRIGRAD_BUILD", Path(trigrad.__file__).parents[2]))
RUNS = [
    "train_mlp --epochs 3",
    "train_mlp --length 33 --epochs 3 --shuffle --momentum 0.9 --seed 5 --schedule linear",
    "train_regression --epochs 3",
    "train_regression --epochs 3 --model mlp --init xavier --length 20 --batch-size 0",
    "train_digits --dtype float64",
    "train_digits --dtype float64 --length 150 --split random --shuffle --init he_in",
    "train_mnist --dtype float64 --epochs 2",
]


def program(name: str) -> str:
    for folder in (BUILD / "examples" / "train", BUILD):
        if (folder / name).is_file():
            return str(folder / name)
    pytest.skip(f"{name} was not built")


def epochs(text: str) -> list[str]:
    return [
        re.sub(r"  [0-9.]+ s/epoch$", "", line) for line in text.splitlines() if line.startswith("epoch ")
    ]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    program("train_digits")
    assert main(["export_data", "digits", str(folder / "digits.csv")]) == 0
    assert main(["export_data", "mnist", str(folder / "mnist")]) == 0
    return folder


@pytest.mark.parametrize("command", RUNS)
def test_same_lines_as_python(command: str, exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, *options = command.split()
    own = ["--mnist", str(exported / "mnist")] if name == "train_mnist" else []
    assert main([name, *options, *own]) == 0
    expected = epochs(capsys.readouterr().out)
    assert expected
    paths = {"train_mnist": "mnist", "train_digits": "digits.csv"}
    given = ["--data", str(exported / paths[name])] if name in paths else []
    for engine in ("tensor", "tensor --order recursive", "scalar"):
        done = subprocess.run(
            [program(name), *options, *given, "--engine", *engine.split()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert epochs(done.stdout) == expected, engine


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("train_mlp --length 0", "train_mlp: --length: needs at least 1, not 0"),
        ("train_mlp --length 1", "train_mlp: --length: a fifth of the rows validates"),
        ("train_mlp --engine jax", "--engine: there is no 'jax'; choose from tensor, scalar"),
        (
            "train_mlp --engine scalar --order stack",
            "--order: the scalar engine has tape; there is no 'stack'",
        ),
        ("train_mlp --lr x", "--lr: needs a number, not 'x'"),
        ("train_mlp --speed 3", "there is no option --speed; --help lists what there is"),
        ("train_mlp --epochs", "--epochs: needs a value"),
        (
            "train_digits --data nowhere.csv",
            "nowhere.csv: cannot be read; `trigrad export_data` writes such files",
        ),
    ],
)
def test_wrong_usage(command: str, text: str) -> None:
    name, *options = command.split()
    done = subprocess.run([program(name), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


def test_cut_off_files(exported: Path, tmp_path: Path) -> None:
    csv, folder = tmp_path / "digits.csv", tmp_path / "mnist"
    csv.write_text((exported / "digits.csv").read_text()[:1000])
    folder.mkdir()
    for file in (exported / "mnist").iterdir():
        (folder / file.name).write_bytes(file.read_bytes()[:-1])
    for name, path, text in (
        ("train_digits", csv, "expected 64 grey values"),
        ("train_mnist", folder, "cut off"),
    ):
        done = subprocess.run(
            [program(name), "--data", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert text in done.stderr
