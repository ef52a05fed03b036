"""Wrong usage costs one line and the status 2; what goes wrong on the way, one line and 1; what is printed.

Why it exists: a message is part of the interface, and a traceback is no message.
"""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import pytest
from trigrad_bench.datasets import MissingData, digits
from trigrad_bench.training import options
from trigrad_bench.training.cli import main
from trigrad_bench.training.progress import Progress, figure

WRONG = {
    "train_mlp --engine jax": "--engine: there is no 'jax'; choose from tensor_cpp, scalar_cpp",
    "train_mlp --engine scalar_cpp --order stack": "--order: scalar_cpp has tape; there is no 'stack'",
    "train_mlp --engine reference_py --order tape": "reference_py has stack, recursive; there is no 'tape'",
    "train_mlp --engine scalar_cpp --dtype float32": "--dtype: scalar_cpp computes in float64",
    "train_mlp --dtype int8": "--dtype: there is no 'int8'; choose from float32, float64",
    "train_mlp --length 0": "--length: needs at least 1, not 0",
    "train_mlp --length 1": "--length: a fifth of the rows validates: needs at least 2, not 1",
    "train_digits --length 1798": "--length: there are 1797 rows, not 1798",
    "train_digits --model longer": "sees one row in 10, and a fifth of the rows validates: needs at least 20",
    "train_digits --model huge": "--model: there is no 'huge'; choose from normal, longer, bigger",
    "train_mnist --length 5001": "5000 rows, not 5001; --mnist DIR names a folder with all of MNIST",
    "train_mnist --mnist nowhere": "nowhere: there is no train-images-idx3-ubyte",
    "train_mlp --epochs 0": "--epochs: needs at least 1, not 0",
    "train_mlp --epochs 1000000000": "over 20,000,000 steps in one run; --save and --load divide it",
    "train_mlp --epochs ten": "invalid int value: 'ten' (see trigrad train_mlp --help)",
    "train_mlp --batch-size -1": "--batch-size: needs at least 0, not -1",
    "train_mlp --lr 0": "--lr: needs a positive number, not 0",
    "train_mlp --lr nan": "--lr: needs a positive number, not nan",
    "train_mlp --momentum -1": "--momentum: needs zero or a positive number, not -1",
    "train_mlp --optimizer adam --momentum 0.9": "--momentum: belongs to sgd; adam has its own",
    "train_mlp --optimizer lion": "--optimizer: there is no 'lion'",
    "train_mlp --init zero": "--init: there is no 'zero'",
    "train_mlp --seed -1": "--seed: needs a number from 0 to 4294967295, not -1",
    "train_mlp --save net.pt": "--save: net.pt must end in .npz",
    "train_mlp --save nowhere/net.npz": "--save: there is no folder nowhere",
    "train_mlp --plot loss.jpg": "--plot: loss.jpg must end in .png or .svg",
    "train_mlp --speed 3": "unrecognized arguments: --speed 3",
    "train_cnn": "there is no command 'train_cnn'; there are train_mlp, train_moons",
}


@pytest.fixture(autouse=True)
def no_mnist_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIGRAD_MNIST", raising=False)


@pytest.mark.parametrize("command", WRONG)
def test_wrong_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"trigrad {command.split()[0]}: ")
    assert WRONG[command] in err
    assert err.count("\n") == 1
    assert out == ""


def test_missing_packages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(
        options.importlib.util,
        "find_spec",
        lambda n, *a: None if n in ("torch", "matplotlib") else find(n, *a),
    )
    assert main(["train_mlp", "--engine", "torch"]) == 2
    assert "--engine torch needs torch, which is not installed: pip install torch" in capsys.readouterr().err
    assert main(["train_mlp", "--plot", "a.png"]) == 2
    assert (
        "--plot needs matplotlib, which is not installed: pip install matplotlib" in capsys.readouterr().err
    )


def test_missing_data(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> None:
        raise MissingData(
            "digits.csv.gz comes with scikit-learn, which is not installed: pip install scikit-learn"
        )

    monkeypatch.setattr(digits, "images", missing)
    assert main(["train_digits"]) == 2
    assert "pip install scikit-learn" in capsys.readouterr().err


def test_a_loss_that_is_no_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.npz"
    command = ["train_regression", "--lr", "1000", "--json", "--save", str(file)]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert "try a smaller --lr than 1000" in err
    assert json.loads(out)["error"] in err
    assert not file.exists()


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train_mlp", "--epochs", "2", "--length", "10"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0]
        == "train_mlp: tensor_cpp tape, float64; 2-16-16-1 (337 parameters); moons, 8 rows, 2 to validate"
    )
    assert lines[1].startswith("epoch 1/2  loss ")
    assert all(word in lines[2] for word in ("accuracy", "validation loss", "s/epoch"))
    assert lines[3].startswith("2 epochs in ")
    assert not any("\r" in line or "\033" in line for line in lines)
    assert main([*command, "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_bar_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    Progress(5, quiet=False, out=terminal).batch(2, 3, 4)
    assert terminal.getvalue() == "\r\033[Kepoch 2 [" + "#" * 18 + "." * 6 + "] 3/4"
    for out, quiet in ((io.StringIO(), False), (Terminal(), True)):
        Progress(5, quiet=quiet, out=out).batch(2, 3, 4)
        assert out.getvalue() == ""


def test_figures() -> None:
    assert [figure(v) for v in (0.0, 0.5, 1e-9, 1e6)] == ["0.000000", "0.500000", "1.000e-09", "1.000e+06"]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train_digits", "export_data"):
        with pytest.raises(SystemExit) as left:
            main([command, "--help"])
        assert left.value.code == 0
        assert f"usage: trigrad {command}" in capsys.readouterr().out
