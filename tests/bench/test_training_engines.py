"""Every training command on every engine: the same seed, the same losses; and they learn what they should.

Why it exists: the commands are how most people meet the engines. An engine that trained another network
than the others, or that started elsewhere, would look faster or better than it is.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from trigrad_bench.training.cli import main
from trigrad_bench.training.recipes import LEARNED, RECIPES

HAS_TORCH = importlib.util.find_spec("torch") is not None
ENGINES = [
    "tensor_cpp",
    "tensor_cpp --order stack",
    "tensor_cpp --order recursive",
    "scalar_cpp",
    "reference_py --order recursive",
    *(["torch"] if HAS_TORCH else []),
]
RUNS = {
    "train_mlp": "--epochs 3 --length 20 --shuffle --momentum 0.9",
    "train_moons": "--epochs 3 --length 12",
    "train_digits": "--epochs 2 --split random",
    "run_digits_benchmark": "--epochs 2 --length 15 --batch-size 5 --optimizer adam --lr 0.001",
    "train_mnist": "--epochs 1 --length 10 --batch-size 4 --init he_in --schedule linear --weight-decay 0.01",
    "train_regression": "--epochs 2 --length 8 --model mlp --optimizer adamw --weight-decay 0.1",
}


@pytest.fixture(autouse=True)
def no_mnist_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIGRAD_MNIST", raising=False)


def run(capsys: pytest.CaptureFixture[str], command: str) -> dict[str, Any]:
    status = main([*command.split(), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def figures(document: dict[str, Any]) -> list[list[float]]:
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    return [[epoch[name] for name in names if epoch[name] is not None] for epoch in document["epochs"]]


def test_all_commands_are_here() -> None:
    assert set(RUNS) == set(RECIPES)


@pytest.mark.parametrize("command", RUNS)
def test_every_engine_trains_the_same_network(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = f"{command} {RUNS[command]} --dtype float64 --engine"
    reference = figures(run(capsys, f"{options} reference_py"))
    assert len(reference) == int(RUNS[command].split()[1])
    for engine in ENGINES:
        for got, expected in zip(figures(run(capsys, f"{options} {engine}")), reference, strict=True):
            assert got == pytest.approx(expected, rel=1e-9, abs=1e-12), engine


def test_float32_is_close_to_float64(capsys: pytest.CaptureFixture[str]) -> None:
    losses = {}
    for dtype in ("float32", "float64"):
        document = run(capsys, f"train_mlp --epochs 2 --dtype {dtype}")
        assert document["settings"]["dtype"] == dtype
        losses[dtype] = [epoch["loss"] for epoch in document["epochs"]]
    assert losses["float32"] == pytest.approx(losses["float64"], rel=1e-5)
    assert losses["float32"] != losses["float64"]


def test_the_same_seed_repeats_itself_and_another_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    first, again, other = (
        figures(run(capsys, f"train_mlp --epochs 2 --shuffle --seed {seed}")) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_moons_is_micrograds_demo(capsys: pytest.CaptureFixture[str]) -> None:
    epochs = run(capsys, "train_moons")["epochs"]
    assert len(epochs) == 100
    assert epochs[0]["loss"] == pytest.approx(0.8958441028683222, rel=1e-9)
    assert epochs[-1]["loss"] == pytest.approx(0.0109784, rel=1e-5)
    assert (epochs[0]["accuracy"], epochs[-1]["accuracy"]) == (0.5, 1.0)


def test_a_line_is_learned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train_regression", "--quiet", "--epochs", "100"]) == 0
    assert "y = 3.0000 x1 -2.0000 x2 +0.5000" in capsys.readouterr().out


def test_digits_are_learned(capsys: pytest.CaptureFixture[str]) -> None:
    """Over 95 % after a third of the documented flags' epochs; the seed's own ten reach 65 to 85 %."""
    learned = run(capsys, f"run_digits_benchmark {LEARNED} --epochs 35")
    assert learned["epochs"][-1]["validation_accuracy"] > 0.95
    plain = run(capsys, "run_digits_benchmark")
    assert plain["data"] == {"name": "digits", "training": 800, "validation": 200}
    assert 0.6 < plain["epochs"][-1]["validation_accuracy"] < 0.9


def test_larger_models_see_fewer_rows(capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys, "train_digits --model longer --length 30 --epochs 1")
    assert document["data"] == {"name": "digits", "training": 2, "validation": 1}
    assert len(document["layers"]) == 31
