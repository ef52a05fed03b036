"""The gate: no time without a loss and gradients that agree with the float64 reference of the same run.

Why it exists: a fast wrong gradient is worth nothing, and elementwise relative errors call right answers
wrong (a sum that cancels has no relative accuracy). So a gradient tensor is held against the size of its own
largest entry:

    max|g - ref| <= C sqrt(K) eps max|ref|        K the longest sum of the workload, C from its file

Curves have their own rule: rounding grows with every step, so float64 is judged only as long as a reference
that starts one ulp beside itself stays within 1e-11 of it, and float32 against the deviation that PyTorch's
own float32 shows. In some networks one rounding decides whether a ReLU opens, and everything after it: there
PyTorch's curve is one of several honest ones. So whoever is beyond it is also held against references that
start half a float32 ulp beside themselves.
Read next: run.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CURVE_BOUND = 1e-9  # float64
ULP_BOUND = 1e-11  # how far the perturbed reference may be for a step to be judged
FLOAT32_FACTOR = 10.0
CURVE_FACTOR = 100.0  # float32 without PyTorch: multiples of the gate's own bound


@dataclass(frozen=True)
class Check:
    """What the gate found: status is "ok", "wrong" or "nan"."""

    status: str
    max_rel: float | None
    allowed: float
    worst: str
    loss: float | None
    loss_ref: float
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The `check` of a stored line."""
        plain = asdict(self)
        plain["ok"] = self.status == "ok"
        del plain["status"], plain["reason"]
        return plain


def tolerance(workload: Mapping[str, Any], dtype: str) -> float:
    """C sqrt(K) eps."""
    eps = float(np.finfo(dtype).eps)
    return float(workload["gate_factor"]) * math.sqrt(workload["longest_sum"]) * eps


def deviation(found: Array, reference: Array) -> float:
    """max|found - ref| / max|ref|; infinite for NaN or another shape, 0 only when equal."""
    if found.shape != reference.shape:
        return math.inf
    scale = float(np.max(np.abs(reference), initial=0.0))
    error = float(np.max(np.abs(found - reference), initial=0.0))
    if not math.isfinite(error):
        return math.inf
    return error / scale if scale > 0 else (0.0 if error == 0 else math.inf)


def check(result: Mapping[str, Array], reference: Mapping[str, Array], allowed: float) -> Check:
    """An engine's step 0 against the reference's."""
    loss_ref = float(reference["loss"])
    is_number = np.size(result.get("loss", ())) == 1  # what is none has a wrong shape, see below
    loss = float(result["loss"]) if is_number else math.nan
    shown = loss if math.isfinite(loss) else None
    missing = [name for name in reference if name not in result]
    if missing:
        reason = f"no {', '.join(missing[:3])} in its result"
        return Check("wrong", None, allowed, missing[0], shown, loss_ref, reason)
    broken = [n for n in reference if not np.all(np.isfinite(result[n]))]
    if broken:
        reason = f"{broken[0]} is not finite"
        return Check("nan", None, allowed, broken[0], shown, loss_ref, reason)
    deviations = {name: deviation(np.asarray(result[name]), ref) for name, ref in reference.items()}
    worst = max(deviations, key=lambda n: deviations[n])
    most = deviations[worst]
    finite = most if math.isfinite(most) else None
    if most <= allowed:
        return Check("ok", most, allowed, worst, shown, loss_ref)
    if not math.isfinite(most):
        shapes = f"shape {result[worst].shape}, reference {reference[worst].shape}"
        reason = f"{worst} is not comparable with the reference ({shapes})"
    else:
        reason = f"{worst} is {most:.1e} off, relative to its largest entry; {allowed:.1e} is allowed"
    return Check("wrong", finite, allowed, worst, shown, loss_ref, reason)


@dataclass(frozen=True)
class CurveCheck:
    """What the curve rule found; ok is None when it cannot judge."""

    ok: bool | None
    deviation: float | None
    allowed: float
    steps: int
    reason: str = ""


def curve_deviation(losses: Sequence[float], reference: Sequence[float]) -> float:
    """max|l - ref| / max|ref| over the steps that both have."""
    n = min(len(losses), len(reference))
    return deviation(np.asarray(losses[:n], float), np.asarray(reference[:n], float))


def trusted_steps(reference: Sequence[float], perturbed: Sequence[float]) -> int:
    """How many steps the reference can be trusted: until one ulp in the start shows by more than 1e-11."""
    scale = max((abs(v) for v in reference), default=0.0)
    for k, (a, b) in enumerate(zip(reference, perturbed, strict=True)):
        if not abs(a - b) <= ULP_BOUND * scale:
            return k
    return len(reference)


def check_curve64(
    losses: Sequence[float], reference: Sequence[float], perturbed: Sequence[float]
) -> CurveCheck:
    """A float64 curve: within 1e-9 wherever the reference is stable."""
    steps = min(trusted_steps(reference, perturbed), len(losses))
    if steps == 0:
        return CurveCheck(None, None, CURVE_BOUND, 0, "the curve is unstable from its first step")
    off = curve_deviation(losses[:steps], reference[:steps])
    return _judged(off, CURVE_BOUND, steps, "of the float64 reference")


def check_curve32(
    losses: Sequence[float],
    reference: Sequence[float],
    torch: Sequence[float] | None,
    gate: float,
    beside: Sequence[Sequence[float]] = (),
) -> CurveCheck:
    """A float32 curve: within 10 times PyTorch's own float32 deviation; `gate` is C sqrt(K) eps.

    Over the steps that both had time for: rounding grows with every step, so a longer curve is further off.
    `beside` are the reference's curves from starts half a float32 ulp beside.
    """
    steps = min(len(losses), len(reference), len(reference if torch is None else torch))
    off = curve_deviation(losses[:steps], reference[:steps])
    moved = max((curve_deviation(one[:steps], reference[:steps]) for one in beside), default=0.0)
    if torch is None:
        allowed = max(CURVE_FACTOR * gate, FLOAT32_FACTOR * moved)
        return _judged(off, allowed, steps, "(no PyTorch in this run: a multiple of the gate's bound)")
    theirs = curve_deviation(torch[:steps], reference[:steps])
    allowed = FLOAT32_FACTOR * max(theirs, gate, moved)
    if not math.isfinite(allowed):
        return CurveCheck(None, _finite(off), math.inf, steps, "PyTorch's own curve is not finite")
    whose = "PyTorch's own float32 deviation" + (", or a rounded start's" if beside else "")
    return _judged(off, allowed, steps, f"(ten times {whose})")


def _judged(off: float, allowed: float, steps: int, what: str) -> CurveCheck:
    ok = off <= allowed
    shown = f"{off:.1e}" if math.isfinite(off) else "not finite"
    return CurveCheck(
        ok, _finite(off), allowed, steps, "" if ok else f"{shown} off; {allowed:.1e} allowed {what}"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
