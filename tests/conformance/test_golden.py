"""The recorded answers are complete, made from the list of today, and (where torch is) still PyTorch's.

Why it exists: a stale file of right answers would let a changed list pass. What fails here says the command
to run. Read golden.py for the format, record.py for the command."""

from __future__ import annotations

import importlib.util
import json
import warnings

import numpy as np
import pytest

from .golden import FILES, HOW, golden, stored, stored_line
from .oplist import names, records
from .samples import all_cases, cases_of


def test_same_set_of_cases() -> None:
    """Every case of the list has a line, and every line a case."""
    wanted = {(c.op, c.family) for c in all_cases()}
    found = {(op, family) for op, lines in stored().items() for family in lines}
    assert not wanted - found, f"no recorded answer for {sorted(wanted - found)[:3]} ...: {HOW}"
    assert not found - wanted, (
        f"recorded answers for cases that are no more {sorted(found - wanted)[:3]}: {HOW}"
    )


def test_files_stay_small() -> None:
    """They are read in every diff; 2 MB is the agreed limit."""
    assert sum(p.stat().st_size for p in FILES.values()) < 2_000_000


@pytest.mark.parametrize("op", names())
def test_recorded_inputs_are_the_cases(op: str) -> None:
    """The inputs on disk are, bit for bit, those that the list makes."""
    for case in cases_of(op):
        golden(case)


def test_inputs_are_exact_in_float32() -> None:
    """One float64 answer serves both dtypes only because of this; upstream gradients are never all ones."""
    for case in all_cases():
        for x in case.inputs:
            if x.kind in "fp" and "float32" in case.dtypes:
                exact = x.data.astype(np.float32).astype(np.float64)
                assert np.array_equal(exact, x.data, equal_nan=True), case.key
        for g in golden(case).upstream:
            assert g is None or not g.size or (np.abs(g) > 0.2).all(), case.key
            assert g is None or g.size < 2 or len(np.unique(g)) > 1, case.key


def _arrays(value: object) -> object:
    """A decoded line with its arrays as NumPy arrays."""
    if isinstance(value, dict):
        if "data" in value:
            return np.array([float(v) for v in value["data"]]).reshape(value["shape"])
        return {k: _arrays(v) for k, v in value.items()}
    return [_arrays(v) for v in value] if isinstance(value, list) else value


def _close(a: object, b: object, loose: bool = False) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape:
            return False
        size = np.abs(a[np.isfinite(a)]).max(initial=0.0)  # relative to the array: sums mix elements
        return np.allclose(a, b, rtol=1e-12, atol=1e-12 * size, equal_nan=True)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[k], b[k], loose or k == "cond") for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_close(x, y, loose) for x, y in zip(a, b, strict=True))
    if loose and isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 0.25 * max(abs(a), abs(b), 1e-6)
    return a == b


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is the oracle here and is not installed"
)
@pytest.mark.parametrize("op", [r["name"] for r in records()])
def test_recorded_answers_are_pytorchs(op: str) -> None:
    """Asked again, PyTorch gives the recorded answers within 1e-12 (last bits differ between processors)."""
    from .oracle import answer

    for case in cases_of(op):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            today = _arrays(json.loads(stored_line(case, answer(case))))
        recorded = _arrays(json.loads(stored()[op][case.family]))
        assert isinstance(today, dict)
        assert isinstance(recorded, dict)
        differing = [
            k
            for k in today.keys() | recorded.keys()
            if not _close(today.get(k), recorded.get(k), k == "cond")
        ]
        if case.edge:  # which kernel meets a special value depends on the processor
            differing = [k for k in differing if k not in ("undecided", "second")]
        assert not differing, f"{case.key}: {', '.join(differing)} are not PyTorch's of today: {HOW}"
