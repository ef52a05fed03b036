"""The function a user calls.

Why it exists: it only puts the parts together: check, diagnose, second order, blame, raise.
Read next: _check.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from . import _blame, _diagnose
from ._check import examine
from ._engines import Adapter, Values, adapter_for
from ._problem import Problem
from ._report import GradcheckError, Report
from ._second import second
from ._values import blame_values


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    engine: Any = None,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    order: int = 1,
    raise_exception: bool = True,
    blame: bool = False,
    seed: int = 0,
    name: str = "",
) -> Report:
    """Compare the gradients of fn(*inputs) with true ones, number by number.

    fn        any function of tensors; its float outputs, one or several, are checked under random upstream
              gradients
    inputs    its arguments.  Those with requires_grad are checked; if there are none, all float tensors
    engine    found from the inputs; else a name ('tensor_cpp', 'scalar_cpp', 'reference_py', 'torch'), a
              module, a micrograd-like Value class, an Adapter, or by_hand(backward) for a rule on NumPy
              arrays
    eps       plain central differences with this step, instead of Richardson's extrapolation from several
    atol, rtol  allowed is atol + rtol |expected|; if neither is given, it follows from precision and
                conditioning
    order     2 also differentiates the gradient
    blame     check every call of fn on its own, and name the first whose rule is wrong
    seed      of the upstream gradients

    Returns a Report: true when all is right, readable as text.  If something is wrong, raises GradcheckError
    with that text, or returns it if raise_exception is False.
    """
    if order not in (1, 2):
        raise ValueError(f"gradcheck: order {order!r} is not 1 or 2")
    args = list(inputs) if isinstance(inputs, tuple | list) else [inputs]
    adapter = adapter_for(engine, args)
    problem = Problem(fn, args, adapter, name)
    problem.eps = eps
    if not problem.wanted:
        raise ValueError(
            "gradcheck: none of the inputs is a floating-point tensor, so there is nothing to check"
        )
    report = run(problem, seed, atol, rtol, order, diagnose=not blame)
    report.can_blame = not blame and (adapter.can_trace or isinstance(adapter, Values))
    if blame and not report.ok:
        _assign(report, problem, adapter, seed, order)
        if report.blame is None:
            found = run(problem, seed, atol, rtol, order)
            report.likely = found.likely
    if raise_exception and not report.ok:
        raise GradcheckError(report)
    return report


def run(
    problem: Problem,
    seed: int,
    atol: float | None,
    rtol: float | None,
    order: int,
    op: str = "",
    diagnose: bool = True,
) -> Report:
    """Check and, where something is wrong, say what it looks like (unless blame will say more)."""
    report, oracle, gs = examine(problem, seed, atol, rtol, op)
    if diagnose and oracle is not None and report.failures:
        report.likely = _diagnose.likely(problem, oracle, gs, report)
        for row in report.inputs:
            row.failures = [replace(f, likely=report.likely) for f in row.failures]
    if order == 2 and report.ok and oracle is not None and gs:
        report.second = second(problem, seed, atol, rtol, oracle, report.kinks > 0)
        if not report.second.ok:
            report.second.likely = (
                "the first order is right, the second is not: the rule must itself be made of ops"
            )
    return report


def _assign(report: Report, problem: Problem, adapter: Adapter, seed: int, order: int) -> None:
    with np.errstate(all="ignore"):
        if isinstance(adapter, Values):
            report.blame = blame_values(problem, seed, run)
        elif adapter.can_trace:
            report.blame = _blame.blame_calls(problem, seed, order, run)
        else:
            report.notes.append(
                f"blame: the calls of {adapter.name} cannot be written down; check its ops one by one"
            )
            return
    if report.blame is None:
        report.notes.append(
            "blame: every call is right on its own, and so is every sum of gradients that was seen"
        )
