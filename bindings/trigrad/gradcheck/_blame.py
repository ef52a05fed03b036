"""Which op is it?  Every call of the function is checked on its own; the first wrong one is named.

Why it exists: a wrong gradient of a deep function says little; the wrong rule behind it is found by looking
at each call alone, with its own inputs, an oracle of its own and a random upstream gradient.  If every rule
is right alone, the sums are looked at: the gradient that really reaches each tensor, from the output
backwards, against the true one. Read before: _trace.py, _check.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._engines import Adapter, Array
from ._problem import Problem, upstream_for
from ._replay import Replay
from ._report import Blame, Report
from ._trace import Call, Constant, Program, Var, flat, substitute, trace

Run = Callable[..., Report]
SAME_TWICE = (
    "right with two different operands, wrong when they are one and the same: the second contribution "
    "overwrites the first (= instead of +=)"
)


def blame_calls(problem: Problem, seed: int, order: int, run: Run) -> Blame | None:
    """The first call with a wrong rule; else the first wrong sum, from the output backwards; else None."""
    leaves, args = problem.leaves([np.array(p) for p in problem.points])
    program = trace(problem.adapter, problem.fn, leaves, args, problem.outputs_of)
    for k, call in enumerate(program.calls):
        for repeated, alone in enumerate(_alone(problem, program, call)):
            report = run(alone, seed, None, None, order, call.op)
            if not report.ok:
                told = report.second.likely if report.second is not None else report.likely
                told = SAME_TWICE if repeated else told
                return Blame(call.op, k, len(program.calls), call.where, report, told)
    return _gathered(problem, program, seed)


def _alone(problem: Problem, program: Program, call: Call) -> list[Problem]:
    """The call as a function: with a leaf for every use, and once more if a tensor is used twice."""
    adapter = problem.adapter
    uses = [v for v in call.variables() if _differentiable(adapter, program.tensors[v])]
    live = any(k is not None and adapter.tracked(program.tensors[k]) for k in call.outputs)
    if not uses or not live:
        return []
    made = [_problem(adapter, program, call, list(range(len(uses))), uses, problem.dtype)]
    if len(set(uses)) < len(uses):
        distinct = list(dict.fromkeys(uses))
        made.append(
            _problem(adapter, program, call, [distinct.index(v) for v in uses], distinct, problem.dtype)
        )
    return made


def _differentiable(adapter: Adapter, tensor: Any) -> bool:
    return adapter.tracked(tensor) and adapter.array(tensor).dtype.kind == "f"


def _problem(
    adapter: Adapter, program: Program, call: Call, which: list[int], variables: list[int], dtype: str
) -> Problem:
    """`which` says which leaf each use takes."""

    def fn(*tensors: Any) -> Any:
        use = iter(which)

        def put(leaf: Var | Constant) -> Any:
            if isinstance(leaf, Constant):
                return leaf.tensor
            own = program.tensors[leaf.index]
            return tensors[next(use)] if _differentiable(adapter, own) else own

        args, kwargs = substitute((call.args, call.kwargs), put)
        made = (call.again or call.function)(*args, **kwargs)
        return tuple(flat(made))

    leaves = [adapter.leaf(np.array(adapter.array(program.tensors[v]))) for v in variables]
    alone = Problem(fn, leaves, adapter, call.op)
    alone.dtype = dtype
    return alone


def _gathered(problem: Problem, program: Program, seed: int) -> Blame | None:
    """All rules are right alone: compare the gradient of each tensor, the last one first."""
    adapter = problem.adapter
    try:
        replay = Replay(program)
    except Exception:
        return None
    gen = np.random.default_rng(seed)
    outs = [program.tensors[k] if k is not None else None for k in program.outputs]
    gs = upstream_for([() if z is None else adapter.array(z).shape for z in outs], gen)
    numbers = [k for k, t in enumerate(program.tensors) if _differentiable(adapter, t)]
    live = [(z, g) for z, g in zip(outs, gs, strict=True) if z is not None and adapter.tracked(z)]
    tensors = [program.tensors[k] for k in numbers]
    found = adapter.gradients([z for z, _ in live], tensors, [g for _, g in live])
    for number, got in reversed(list(zip(numbers, found, strict=True))):
        shape = adapter.array(program.tensors[number]).shape
        v = gen.uniform(0.5, 1.5, shape) * gen.choice([-1.0, 1.0], shape)
        mine = 0.0 if got is None else float(np.sum(v * got))
        true = replay.adjoint(problem.points, gs, number, v)
        size = abs(true) + (0.0 if got is None else float(np.sum(np.abs(v * got))))
        if abs(mine - true) > 1e-8 * size:
            return _name(program, replay, problem.points, gs, number, v, mine)
    return None


def _name(
    program: Program, replay: Replay, points: list[Array], gs: list[Array], number: int, v: Array, mine: float
) -> Blame:
    maker = next((k for k, c in enumerate(program.calls) if number in c.outputs), None)
    uses = [
        (c, p) for c, call in enumerate(program.calls) for p, n in enumerate(call.variables()) if n == number
    ]
    users = ", ".join(f"{program.calls[c].op} (call {c + 1})" for c, _ in uses)
    what = f"the output of {program.calls[maker].op}" if maker is not None else f"input {number}"
    text = f"every rule is right alone, but the gradient of {what} is not the sum over its uses: {users}"
    for c, p in uses:
        if abs(replay.through(points, gs, c, p, v) - mine) <= 1e-8 * abs(mine) and len(uses) > 1:
            text = (
                f"{what} is used {len(uses)} times ({users}), but only {program.calls[c].op} (call {c + 1}) "
            )
            text += "counted: overwritten where it must be added (= instead of +=)"
            break
    at = uses[-1][0] if uses else (maker or 0)
    return Blame("accumulation", at, len(program.calls), program.calls[at].where, None, text)
