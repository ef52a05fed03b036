"""What a training command writes: weights that give the same predictions, pictures, data; nothing is lost.

Why it exists: a file that was overwritten or cut off is noticed when it is too late.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from trigrad_bench.datasets import digits, mnist
from trigrad_bench.training import data, learner, saving
from trigrad_bench.training.cli import main


def test_saved_weights_give_the_same_predictions(tmp_path: Path) -> None:
    file = tmp_path / "moons.npz"
    assert main(["train_mlp", "--epochs", "2", "--length", "20", "--quiet", "--save", str(file)]) == 0
    state, settings = saving.load(file)
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]
    assert (settings.command, settings.epochs, settings.engine) == ("train_mlp", 2, "tensor_cpp")

    points = data.load(settings)
    trained = learner.create(settings)
    trained.load(points.weights)
    for step, rows in enumerate(points.batches):
        trained.step(points.x[rows], points.y[rows], points.lrs[step])
    loaded = learner.create(settings)
    loaded.load(state)
    np.testing.assert_array_equal(loaded.scores(points.x_val), trained.scores(points.x_val))
    assert not [p for p in tmp_path.iterdir() if p != file]


def test_load_goes_on_from_saved_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "a.npz")
    short = ["train_mlp", "--length", "20", "--dtype", "float64", "--json"]
    assert main([*short, "--epochs", "2", "--save", file]) == 0
    capsys.readouterr()
    assert main([*short, "--epochs", "1", "--load", file, "--engine", "scalar_cpp"]) == 0
    resumed = json.loads(capsys.readouterr().out)["epochs"]
    assert main([*short, "--epochs", "3"]) == 0
    through = json.loads(capsys.readouterr().out)["epochs"]
    assert resumed[0]["loss"] == pytest.approx(through[2]["loss"], rel=1e-9)


def test_nothing_is_overwritten_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kept.npz"
    file.write_text("mine")
    command = ["train_mlp", "--epochs", "1", "--quiet", "--save", str(file)]
    assert main(command) == 2
    assert capsys.readouterr().err == f"trigrad train_mlp: --save: {file} exists; --force overwrites it\n"
    assert file.read_text() == "mine"
    assert main([*command, "--force"]) == 0
    assert saving.load(file)[0]


def test_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    file = tmp_path / "a.npz"
    assert main(["train_mlp", "--epochs", "1", "--quiet", "--save", str(file)]) == 1
    assert f"cannot write {file}: No space left on device" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_is_no_saved_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, other = tmp_path / "text.npz", tmp_path / "other.npz"
    text.write_text("no")
    np.savez(other, weight=np.zeros(3))
    for file in (text, other):
        assert main(["train_mlp", "--load", str(file)]) == 2
        assert f"{file} is not a network that a training command saved" in capsys.readouterr().err
    assert main(["train_regression", "--epochs", "1", "--quiet", "--save", str(tmp_path / "r.npz")]) == 0
    assert main(["train_mlp", "--load", str(tmp_path / "r.npz")]) == 2
    assert "holds the network of train_regression, not of train_mlp" in capsys.readouterr().err
    assert main(["train_mlp", "--load", str(tmp_path / "none.npz")]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "suffix"),
    [("train_mlp", "png"), ("train_moons", "svg"), ("train_digits", "svg"), ("train_regression", "png")],
)
def test_plots(command: str, suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / f"plot.{suffix}"
    assert main([command, "--epochs", "2", "--quiet", "--plot", str(file)]) == 0
    if suffix == "png":
        assert file.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    else:
        root = ElementTree.fromstring(file.read_text())
        assert root.tag.endswith("svg")
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 10


def test_ctrl_c_saves_what_was_trained(tmp_path: Path) -> None:
    file = tmp_path / "stopped.npz"
    code = "import sys; from trigrad_bench.training.cli import main; sys.exit(main(sys.argv[1:]))"
    command = ["train_mlp", "--epochs", "100000", "--length", "2", "--save", str(file)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(3):  # the header and two epochs
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"wrote {file}" in out
    assert "stopped after" in err
    assert "Traceback" not in err
    assert saving.load(file)[1].epochs == 100000


def test_exported_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "digits.csv"
    assert main(["export_data", "digits", str(file)]) == 0
    np.testing.assert_array_equal(np.loadtxt(file, delimiter=","), digits.images())
    assert main(["export_data", "digits", str(file)]) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err
    assert main(["export_data", "letters", str(file)]) == 2


def test_exported_mnist_can_be_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export_data", "mnist", str(tmp_path)]) == 0
    x, y = mnist.pairs(tmp_path, "train")
    assert (x.shape, len(mnist.pairs(tmp_path, "test")[0])) == ((4000, 784), 1000)
    assert y[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    capsys.readouterr()
    assert main(["train_mnist", "--mnist", str(tmp_path), "--length", "40", "--epochs", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"] == {"name": "MNIST", "training": 40, "validation": 2}
    assert document["steps"] == 4
    assert main(["train_mnist", "--mnist", str(tmp_path), "--length", "4001"]) == 2
    assert "hold 4000 training images, not 4001" in capsys.readouterr().err
