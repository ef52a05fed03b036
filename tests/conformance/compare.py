"""Compares one array with the oracle's and says what is wrong in a line a learner can act on.

Why it exists: `assert_allclose` prints arrays; a reader wants op, case, element, got, expected, and how
wrong. Read tolerance.py before, test_ops.py after."""

from __future__ import annotations

import numpy as np

from .tolerance import tolerance


def as_dtype(expected: np.ndarray, dtype: str) -> np.ndarray:
    """The oracle's float64 answer as the engine's dtype can hold it: too large becomes infinite."""
    if expected.dtype.kind != "f":
        return expected
    with np.errstate(over="ignore"):
        return expected.astype(dtype).astype(np.float64)


def likely(got: float, want: float) -> str:
    """A guess at the mistake, from the ratio alone."""
    if want == 0 or not np.isfinite([got, want]).all():
        return ""
    ratio = got / want
    names = {0: "no gradient arrives", -1: "the sign is wrong", 2: "counted twice", 0.5: "half is missing"}
    found = next((name for r, name in names.items() if abs(ratio - r) < 1e-3), "")
    return f" (ratio {ratio:.6g}{', ' + found if found else ''})"


def mismatch(
    what: str,
    got: np.ndarray,
    expected: np.ndarray,
    dtype: str,
    *,
    terms: int = 1,
    cond: float = 0.0,
    floor: float = 0.0,
    elementwise: bool = False,
) -> str | None:
    """None if `got` is right, else one line. Exact for integers and booleans, and for NaN and infinity."""
    if got.shape != expected.shape:
        return f"{what}: shape {got.shape}, expected {expected.shape}"
    want = as_dtype(expected, dtype)
    if want.dtype.kind != "f":
        wrong = got != want
    else:
        got = got.astype(np.float64)
        allowed = tolerance(want, dtype, terms, cond, floor, elementwise)
        with np.errstate(invalid="ignore", over="ignore"):
            wrong = ~((np.isnan(got) & np.isnan(want)) | (got == want) | (np.abs(got - want) <= allowed))
    if not wrong.any():
        return None
    index = tuple(int(k) for k in np.argwhere(wrong)[0])
    a, b = got[index], want[index]
    more = f", and {int(wrong.sum()) - 1} more of {wrong.size}" if wrong.sum() > 1 else ""
    guess, bound = "", ""
    if want.dtype.kind == "f":
        guess, bound = likely(float(a), float(b)), f" [allowed {allowed[index]:.2g}]"
    return f"{what}: element {index} is {a!r}, expected {b!r}{guess}{bound}{more}"


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal bit for bit, NaN included."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
