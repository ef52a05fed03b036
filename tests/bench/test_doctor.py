"""`trigrad bench doctor`: it names every engine, compares one with itself, and says what it comes to."""

from __future__ import annotations

import pytest
from trigrad_bench import doctor, engines

from .harness import bench


def test_the_doctor_examines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "names", lambda: (doctor.ENGINE, "native.adolc", "no.engine"))
    status, found, _ = bench(capsys, "doctor", "--seconds", "0.2")
    assert set(found["engines"]) == {doctor.ENGINE, "native.adolc", "no.engine"}
    assert found["engines"][doctor.ENGINE]["found"]
    assert "no.engine" in found["engines"]["no.engine"]["reason"]
    aa = found["aa"]
    assert aa["pairs"] > 1, "both processes had their turns"
    assert 0 < aa["low"] <= aa["median"] <= aa["high"]
    assert found["fit"] == (not found["complaints"])
    assert status == (0 if found["fit"] else 1)
    said = doctor.text(found)
    assert f"A/A control: {aa['median']:.4f}" in said
    assert all(complaint in said for complaint in found["complaints"])


def test_what_speaks_against_measuring_is_said() -> None:
    found = {"allowed_cores": 1, "machine": {"load": 99.0, "governor": "powersave"}}
    said = " | ".join(doctor.complaints(found, None))
    for part in ("other programs run: load 99", "only one core", "powersave", "could not be compared"):
        assert part in said
    calm = {"allowed_cores": 2, "machine": {"load": 0.0, "governor": ""}}
    assert doctor.complaints(calm, doctor.stats.Ratio(1.0, 0.99, 1.01, 50)) == []
    (uneven,) = doctor.complaints(calm, doctor.stats.Ratio(1.05, 1.04, 1.06, 50))
    assert "1.040 to 1.060" in uneven
    assert doctor.ENGINE in engines.names()
