"""The arrays that engines are given, and the file in which they travel."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from trigrad_bench import arrays, bundle
from trigrad_bench.bundle import BundleError
from trigrad_bench.workload import load

# Digests of workloads that need no file. A change here means that stored results no longer belong to the same
# numbers; moons (M2) are left out, as their last bits follow the machine's sine.
DIGESTS = {
    "A1.d128": "c9981a56081f6ee3",
    "E1": "9103f3f94ba714a0",
    "F2": "d7f75f8928ccaab3",
    "F7": "306152add4c88879",
    "F8": "4cff1557865109fd",
    "M1": "f79dc2fac73c0df2",
    "P1": "99e4763174909959",
    "T1": "644504559cf43f3a",
    "T2": "24c9b3837bbc42c7",
    "T3": "fc4474f2af56e26f",
    "T4": "2b6a4639c711d456",
    "chain.n1e3": "318f70ea6b7e7802",
    "fan_in.n1e3": "b62a577daff94f94",
    "lattice": "2b33dec0da3254de",
}


@pytest.mark.parametrize(("name", "digest"), DIGESTS.items())
def test_digests_are_stable(name: str, digest: str) -> None:
    assert arrays.make(load(name)).digest == digest


def test_same_values_in_float32_and_float64() -> None:
    made = arrays.make(load("F3"))
    for array in (*made.parameters.values(), made.data["x"]):
        assert array.dtype == np.float64
        assert np.array_equal(array, array.astype(np.float32))
    assert made.data["y"].dtype == np.int64


def test_parameters_come_in_order() -> None:
    made = arrays.make(load("P1"))
    assert [(n, a.shape) for n, a in made.parameters.items()] == [
        ("weight0", (16, 2)),
        ("bias0", (16,)),
        ("weight1", (16, 16)),
        ("bias1", (16,)),
        ("weight2", (1, 16)),
        ("bias2", (1,)),
    ]
    assert list(arrays.make(load("M1")).parameters) == ["a", "b"]
    small = {"data": {"kind": "normal", "rows": 4, "features": 13, "classes": 3}, "validation": False}
    trunk = arrays.make(load("F6.trunk", small)).parameters
    assert [n for n in trunk if "weight" in n] == [
        "trunk.weight0",
        "trunk.weight1",
        "quality.weight0",
        "type.weight0",
    ]
    assert trunk["type.weight0"].shape == (3, 32)
    two = arrays.make(load("F6", small)).parameters
    assert list(two)[:2] == ["quality.weight0", "quality.bias0"]
    assert two["type.weight2"].shape == (3, 32)


@pytest.mark.parametrize(
    ("init", "deviation", "biased"),
    [
        ({"weight": "he_in"}, (2 / 50) ** 0.5, False),
        ({"weight": "he_out", "bias": "as_weight"}, (2 / 200) ** 0.5, True),
        ({"weight": "xavier"}, (6 / 250 / 3) ** 0.5, False),
        ({"weight": "torch", "bias": "as_weight"}, (1 / 50 / 3) ** 0.5, True),
        ({"weight": "uniform", "scale": 0.1}, 0.1 / 3**0.5, False),
        ({"weight": "uniform_in"}, (1 / 50 / 3) ** 0.5, False),
    ],
)
def test_initial_values(init: dict[str, object], deviation: float, biased: bool) -> None:
    model = {"layers": [50, 200]}
    made = arrays.make(load("F3", {"model": model, "init": init, "data": {"rows": 2, "features": 50}}))
    weight, bias = made.parameters["weight0"], made.parameters["bias0"]
    assert weight.std() == pytest.approx(deviation, rel=0.05)
    assert abs(weight.mean()) < 0.05 * deviation
    assert bool(bias.any()) == biased
    if biased:
        assert bias.std() == pytest.approx(deviation, rel=0.2)


def test_more_rows_do_not_change_the_weights() -> None:
    a, b = (arrays.make(load("F3", {"data": {"rows": n}})) for n in (8, 16))
    assert all(np.array_equal(x, b.parameters[n]) for n, x in a.parameters.items())
    assert a.digest != b.digest


def test_batches_walk_every_row_once_an_epoch() -> None:
    w = load("F8", {"epochs": 3})
    made = arrays.make(w)
    assert len(made.batches) == len(made.lrs) == w.steps == 30
    assert [len(b) for b in made.batches[:10]] == [64] * 9 + [24]
    epochs = [np.concatenate(made.batches[k : k + 10]) for k in (0, 10, 20)]
    assert all(sorted(e.tolist()) == list(range(600)) for e in epochs)
    assert not np.array_equal(epochs[0], epochs[1])
    assert arrays.make(load("T3")).batches[101].tolist() == [1]
    assert [b.size for b in arrays.make(load("M1")).batches] == [0]


def test_learning_rates() -> None:
    assert arrays.make(load("M2")).lrs == [1.0 - 0.9 * k / 100 for k in range(100)]
    late = arrays.make(load("M3.long", {"epochs": 115})).lrs
    assert late[:3] == [1.0, 1.0, 1.0 - 0.9 / 100]
    assert next(k for k, lr in enumerate(late) if lr < 0) == 113  # what the seed's schedule does
    assert set(arrays.make(load("T1")).lrs) == {0.1}


def test_dropout_masks() -> None:
    small = {"data": {"kind": "normal", "rows": 500, "features": 20, "classes": 3}, "validation": False}
    data = arrays.make(load("F9", small)).data
    assert data["mask0"].shape == (500, 64)
    assert data["mask1"].shape == (500, 32)
    assert set(np.unique(data["mask0"])) == {0.0, 2.0}
    assert set(np.unique(data["mask1"])) == {0.0, float(np.float32(1 / 0.7))}
    assert data["mask0"].mean() == pytest.approx(1, abs=0.05)
    assert data["mask1"].mean() == pytest.approx(1, abs=0.05)


def test_split_and_scale() -> None:
    data = {
        "kind": "prototypes",
        "rows": 100,
        "features": 4,
        "classes": 4,
        "validation": 0.2,
        "standardize": True,
    }
    over = {"model": {"layers": [4, 4]}, "validation": True, "data": data}
    made = arrays.make(load("F3", over | {"data": data | {"split": "stratified"}})).data
    assert made["x"].shape == (80, 4)
    assert made["x_val"].shape == (20, 4)
    assert np.allclose(made["x"].mean(axis=0), 0, atol=1e-6)
    assert np.allclose(made["x"].std(axis=0), 1, atol=1e-6)
    counts = np.bincount(np.concatenate([made["y"], made["y_val"]]), minlength=4)
    assert np.abs(np.bincount(made["y_val"], minlength=4) - counts * 0.2).max() < 1
    tail, shuffled = (
        arrays.make(load("F3", over | {"data": data | {"split": s}})).data for s in ("tail", "random")
    )
    assert not np.array_equal(tail["y"], shuffled["y"])
    hot = arrays.make(load("F3", over | {"data": data | {"labels": "one_hot"}})).data["y"]
    assert hot.argmax(axis=1).tolist() == tail["y"].tolist()
    side = arrays.make(load("P1")).data["y"]
    assert set(np.unique(side)) == {-1.0, 1.0}
    assert side.shape == (80, 1)


def test_validation_only_where_the_seed_looked() -> None:
    made = arrays.make(load("E1"))
    assert made.data["x_val"].shape == (10, 2)
    assert "x_val" not in arrays.make(load("E1", {"validation": False})).data


def test_a_bundle_holds_all_of_it(tmp_path: Path) -> None:
    made = arrays.make(load("P1"))
    made.write(tmp_path / "p1.bundle", {"who": "test"})
    back = arrays.read(tmp_path / "p1.bundle")
    assert back.digest == made.digest == arrays.digest_of(back.flat())
    assert list(back.parameters) == list(made.parameters)
    assert all(np.array_equal(a, b) for a, b in zip(made.batches, back.batches, strict=True))
    assert back.lrs == made.lrs
    assert bundle.read(tmp_path / "p1.bundle")[1] == {"digest": made.digest, "who": "test"}


ARRAYS = {
    "a": np.arange(6.0).reshape(2, 3),
    "none": np.zeros((0, 3)),
    "one": np.array(2.5),
    "n": np.array([1, -2, 3]),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "half": np.array([0.5], np.float32),
    "yes": np.array([True, False]),
}


def test_bundle_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "x"
    bundle.write(path, ARRAYS)
    back, meta = bundle.read(path)
    assert meta == {}
    assert list(back) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert back[name].dtype in (np.float64, np.int64)
        assert back[name].shape == array.shape
        assert np.array_equal(back[name], array)
    assert not back["a"].flags.writeable
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    start = (8 + length + 63) // 64 * 64
    assert raw[start : start + 48] == ARRAYS["a"].tobytes()
    assert not raw[8 + length : start].strip(b"\0")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_bundle_refuses(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(BundleError, match="z has dtype complex128"):
        bundle.write(path, {"z": np.array(1j)})
    assert list(tmp_path.iterdir()) == []
    bundle.write(path, ARRAYS)
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    start = (8 + length + 63) // 64 * 64
    for size in (0, 5, 8, 8 + length // 2):
        path.write_bytes(raw[:size])
        with pytest.raises(BundleError, match="no bundle"):
            bundle.read(path)
    for size in (8 + length, start + 47):
        path.write_bytes(raw[:size])
        with pytest.raises(
            BundleError, match=f"cut off: a needs bytes {start} to {start + 48}, the file has {size}"
        ):
            bundle.read(path)
    path.write_bytes(b"PK\x03\x04" + raw)
    with pytest.raises(BundleError, match="no bundle"):
        bundle.read(path)
    for old, new in ((b'"arrays"', b'"errays"'), (b'"float64"', b'"float16"')):
        path.write_bytes(raw.replace(old, new))
        with pytest.raises(BundleError, match=r"header is not as|dtype 'float16'"):
            bundle.read(path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    bundle.write(path, {"a": np.ones(3)})

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(bundle.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        bundle.write(path, {"a": np.zeros(3)})
    assert bundle.read(path)[0]["a"].tolist() == [1, 1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_graph_arrays() -> None:
    """A lattice's gradient is known: the geometric mean of a layer never changes."""
    x = arrays.make(load("lattice")).parameters["x"]
    assert x.shape == (64,)
    assert x.min() >= 0.5
    assert x.max() < 1
    fan = arrays.make(load("fan_in.n1e3")).parameters
    assert [a.shape for a in fan.values()] == [(1000,), (1000,)]
    chain = arrays.make(load("chain.n1e3")).parameters
    assert {n: a.item() for n, a in chain.items()} == {"x": 0.5, "a": 1.0, "b": 0.0}


def test_layers_fit() -> None:
    for a, b in pairwise(load("P4").model.layers):
        assert a * b > 0
