"""Training curves: every engine from the same bits, and the rule that judges them (gate.py).

Why it exists: one right gradient proves one step. A curve proves the optimiser, the order of the batches and
the schedule.
Read before: gate.py, session.py.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

from . import gate
from .members import Member, status_of
from .options import Options
from .process import EngineError
from .reference import NoReferenceError, Reference, affordable
from .session import Session
from .store import Store


def run(options: Options, store: Store, session: Session, reference: Reference) -> None:
    """A curve line for every engine of the session that still lives."""
    spec = session.job.spec
    steps = min(options.curve_steps, spec["steps"])
    if not reference.curve:
        session.progress("the reference's training curve")
        try:
            reference.curves(4 * options.curve_budget, steps)
        except NoReferenceError as error:
            store.add(
                "curve",
                workload=spec["name"],
                engine="",
                ok=None,
                losses=[],
                reference=None,
                reason=str(error),
            )
            return
    steps = min(steps, len(reference.curve))
    torch: list[float] | None = None
    # PyTorch first: its own float32 deviation is the yardstick of the others.
    for member in sorted(session.members, key=lambda m: m.name != "torch"):
        if not member.alive:
            continue
        session.progress(f"training curve of {member.name}")
        try:
            losses = measured(member, options, steps)
        except EngineError as failure:
            if failure.status in ("dead", "hung"):
                member.fail(failure.status, failure.reason)
            # A limit that an engine names (depth, memory) is no wrong curve.
            verdict = None if status_of(failure) == "unsupported" else False
            check = gate.CurveCheck(verdict, None, 0.0, 0, failure.reason)
            line(store, session, member, [], reference.curve, check)
            continue
        if member.name == "torch" and member.dtype == "float32":
            torch = losses
        line(store, session, member, losses, reference.curve, judged(member, losses, reference, torch))
    # A twin lives the same life: both go on to the next workload.
    if session.control and session.control.alive:
        with contextlib.suppress(EngineError):
            measured(session.control, options, steps)


def measured(member: Member, options: Options, steps: int) -> list[float]:
    """The engine's curve, as long as its budget lasts."""
    steps = affordable(member, options.curve_budget, steps)
    losses = member.ask("losses", steps=steps).get("losses")
    if not isinstance(losses, list) or len(losses) != steps:
        found = f"{len(losses)} values" if isinstance(losses, list) else repr(losses)
        raise EngineError("error", f"losses: {found} for {steps} steps")
    return [math.nan if v is None else float(v) for v in losses]  # JSON has no NaN: C++ writes null


def judged(
    member: Member, losses: Sequence[float], reference: Reference, torch: Sequence[float] | None
) -> gate.CurveCheck:
    """The rule for the engine's dtype."""
    if member.dtype == "float64":
        n = min(len(losses), len(reference.curve))
        return gate.check_curve64(losses[:n], reference.curve[:n], reference.perturbed[:n])
    bound = gate.tolerance(member.job.spec, "float32")
    check = gate.check_curve32(losses, reference.curve, torch, bound)
    if check.ok is False and check.deviation is not None:
        with contextlib.suppress(NoReferenceError):
            beside = reference.rounded_starts()
            check = gate.check_curve32(losses, reference.curve, torch, bound, beside)
    return check


def line(
    store: Store,
    session: Session,
    member: Member,
    losses: Sequence[float],
    reference: Sequence[float],
    check: gate.CurveCheck,
) -> None:
    """Stores the curve."""
    store.add(
        "curve",
        workload=session.job.spec["name"],
        engine=member.name,
        dtype=member.dtype,
        threads=session.job.threads,
        proc=session.proc,
        losses=list(losses),
        reference=list(reference[: len(losses)]),
        deviation=check.deviation,
        allowed=check.allowed,
        steps=check.steps,
        ok=check.ok,
        reason=check.reason,
    )
