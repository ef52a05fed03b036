"""The three generators and what is drawn from them: known answers, and the streams of the engines."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from trigrad_bench import numbers
from trigrad_bench.datasets import generated
from trigrad_bench.numbers import Philox, PythonRandom, XorShift64Star
from trigrad_bench.tables import Data

from reference_py import random as reference

GOLDEN = Path(__file__).parents[1] / "golden"

# Random123 1.14, tests/kat_vectors: philox4x32 10 rounds: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_the_published_vectors(
    counter: tuple[int, ...], key: tuple[int, ...], result: tuple[int, ...]
) -> None:
    block = sum(word << 32 * k for k, word in enumerate(counter))
    assert tuple(numbers.philox(key[0] | key[1] << 32, block, 1)[0].tolist()) == result


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1, 2**40 + 7])
def test_the_stream_is_that_of_the_engines(seed: int) -> None:
    """One call after the other, sizes around a block: after manual_seed an engine draws the same bits."""
    ours, theirs = Philox(seed), reference.Generator(seed)
    for n in (1, 3, 4, 5, 0, 100):
        assert ours.uniform(0, 1, (n,)).tolist() == theirs.uniform(n, np.float32).tolist()
        assert ours.normal((n,)).tolist() == theirs.normal(n, np.float64).tolist()
        assert ours.integers(3, 10, n).tolist() == theirs.integers(3, 10, n).tolist()
        assert ours.permutation(n).tolist() == theirs.permutation(n).tolist()
        assert ours.next_block == theirs.next_block


def test_long_draws_come_from_the_extension_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """... and in pieces where there is none."""
    slow, fast = Philox(5, 1), Philox(5, 1)
    a = (slow.uniform(-2, 3, (5, 41)), slow.normal((2 * numbers.CHUNK + 3,)), slow.uniform(0, 1, (3,)))
    monkeypatch.setattr(numbers, "MANY", 100)
    b = (fast.uniform(-2, 3, (5, 41)), fast.normal((2 * numbers.CHUNK + 3,)), fast.uniform(0, 1, (3,)))
    for x, y in zip(a, b, strict=True):
        assert np.array_equal(x, y)


def test_streams_of_one_seed_differ() -> None:
    drawn = {Philox(7, stream).words(1).item() for stream in range(4)}
    assert len(drawn) == 4


def test_normals_look_normal() -> None:
    x = Philox(3).normal((20_000,))
    assert abs(x.mean()) < 0.03
    assert abs(x.std() - 1) < 0.03


def test_rounded() -> None:
    x = np.array([[0.1, 1 / 3], [1e-3, 2.0]])
    assert numbers.rounded(x).tolist() == x.astype(np.float32).astype(np.float64).tolist()
    assert x[0, 0] == 0.1


def test_xorshift() -> None:
    rng = XorShift64Star(42)
    assert [rng.u32() for _ in range(3)] == [1456360119, 3359763283, 3393612768]


def test_yin_yang_starts_as_the_demo_does() -> None:
    x, y = generated.yin_yang(100, XorShift64Star(42))
    assert x[:2].tolist() == [
        [-0.6436591148376465, 1.1290233135223389],
        [1.502126693725586, -1.2461860179901123],
    ]
    assert y.tolist() == [k % 3 for k in range(100)]


def test_python_random_is_pythons() -> None:
    random.seed(1337)
    expected = [random.uniform(-1, 1) for _ in range(6)]
    assert PythonRandom(1337).uniform(-1, 1, (2, 3)).reshape(-1).tolist() == expected


def test_moons_are_those_of_the_demo() -> None:
    x, y = generated.moons_of_scikit_learn(100, 0.1, 1337)
    rows = [[float(v) for v in row] for row in csv.reader((GOLDEN / "moons.csv").read_text().splitlines())]
    assert np.allclose(x, np.array(rows)[:, :2], rtol=0, atol=1e-15)
    assert (2 * y - 1).tolist() == [row[2] for row in rows]


DRAWN = {
    "moons": Data("moons", rows=40, noise=0.1),
    "circles": Data("circles", rows=40, noise=0.05),
    "spirals": Data("spirals", rows=60, classes=3),
    "blobs": Data("blobs", rows=40, centers=((-9.0, 0.0), (9.0, 0.0)), deviations=(0.5, 1.0)),
    "yin_yang": Data("yin_yang", rows=40),
    "sine": Data("sine", rows=40, noise=0.01),
    "linear": Data("linear", rows=40, weights=(3.0, -2.0), offset=0.5),
    "normal": Data("normal", rows=40, features=3, classes=4),
    "prototypes": Data("prototypes", rows=40, features=9, classes=3),
    "noisy_linear": Data("noisy_linear", rows=40, features=5, classes=3, noise=0.5),
}


@pytest.mark.parametrize(("kind", "data"), DRAWN.items())
def test_every_kind_of_drawn_data(kind: str, data: Data) -> None:
    x, y, more = generated.make(data, Philox(1), "philox", 1)
    again, _, _ = generated.make(data, Philox(1), "philox", 1)
    other, _, _ = generated.make(data, Philox(2), "philox", 2)
    assert len(x) == len(y) == data.rows
    assert more == {}
    assert np.array_equal(x, again)
    assert not np.array_equal(x, other)
    assert np.isfinite(x).all()
    assert np.unique(y).size >= 2
    assert y.dtype == (np.float64 if kind in ("sine", "linear") else np.int64)


def test_the_pictures() -> None:
    """What each is meant to be, without noise."""
    x, y, _ = generated.make(Data("circles", rows=40), Philox(1), "philox", 1)
    assert np.allclose(np.hypot(*x.T), np.where(y == 1, 0.5, 1.0))
    x, y, _ = generated.make(DRAWN["blobs"], Philox(1), "philox", 1)
    assert np.array_equal(x[:, 0] > 0, y == 1)
    x, y, _ = generated.make(DRAWN["linear"], Philox(1), "philox", 1)
    assert np.allclose(y[:, 0], x @ [3, -2] + 0.5)
    x, y, _ = generated.make(Data("moons", rows=40), Philox(1), "philox", 1)
    assert np.allclose(np.hypot(*(x - np.where(y == 1, [[1.0], [0.5]], 0).T).T), 1)
