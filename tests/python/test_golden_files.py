"""The small golden files are what their generator makes.

The large ones are checked by tests/conformance/test_golden.py."""

from __future__ import annotations

import json

import pytest

from tests.golden import regenerate


def points(text: str) -> list[list[float]]:
    return [[float(field) for field in line.split(",")] for line in text.split()]


def test_moons() -> None:
    stored = points((regenerate.FOLDER / "moons.csv").read_text())
    made = points(regenerate.moons())
    assert len(stored) == 100
    for a, b in zip(stored, made, strict=True):
        assert a == pytest.approx(b, rel=1e-15, abs=1e-15)


def test_scalar_unary() -> None:
    pytest.importorskip("torch", reason="PyTorch is the source of these answers")
    stored = [line.split(",") for line in (regenerate.FOLDER / "scalar_unary.csv").read_text().split()]
    made = [line.split(",") for line in regenerate.scalar_unary().split()]
    assert [line[:2] for line in stored] == [line[:2] for line in made]
    for a, b in zip(stored, made, strict=True):
        assert [float(v) for v in a[2:]] == pytest.approx([float(v) for v in b[2:]], rel=1e-14)


def test_optimisers() -> None:
    pytest.importorskip("torch", reason="PyTorch is the source of these answers")
    stored = json.loads((regenerate.FOLDER / "optimisers.json").read_text())
    made = json.loads(regenerate.optimisers())
    assert len(stored) == len(made)
    for a, b in zip(stored, made, strict=True):
        for step, again in zip(a.pop("values"), b.pop("values"), strict=True):
            assert step == pytest.approx(again, rel=1e-6 if a["dtype"] == "float32" else 1e-14, abs=1e-12)
        assert a == b
