"""Blame for micrograd-like graphs: numbers that are objects, with `_prev` and `_op`.

Why it exists: a learner's own Value class keeps its graph in itself, so nothing needs to be watched: the
graph is walked through `_prev`, each `_op` is done again on fresh values and checked alone, and then the
sums are checked. Read before: _blame.py, which does the same for tensors.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._blame import SAME_TWICE, Run
from ._problem import Problem
from ._replay import STEP, reference
from ._report import Blame

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}


def parents(node: Any) -> list[Any]:
    """What a node was computed from."""
    for name in ("_prev", "prev", "_parents", "parents", "_children", "children"):
        found = getattr(node, name, None)
        if isinstance(found, set | frozenset | tuple | list):
            return list(found)
    return []


def in_order(roots: Sequence[Any]) -> list[Any]:
    """Every node after all it was computed from, without recursion."""
    seen: set[int] = set()
    order: list[Any] = []
    for root in roots:
        stack = [(root, iter(parents(root)))]
        seen.add(id(root))
        while stack:
            node, rest = stack[-1]
            for parent in rest:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    stack.append((parent, iter(parents(parent))))
                    break
            else:
                stack.pop()
                order.append(node)
    return order


def meaning(node: Any) -> tuple[Callable[..., Any], list[Any]] | None:
    """How to do a node's op again, and on which values in which order; None if the op is unknown.

    _prev may be a set, so order and repeats are found by trying which of them gives the node's number.
    """
    op, given = str(getattr(node, "_op", getattr(node, "op", ""))), parents(node)
    tries: list[tuple[Callable[..., Any], list[Any]]] = []
    power = re.fullmatch(r"(?:\*\*|pow)\s*\(?(-?[\d.]+(?:e-?\d+)?)\)?", op)
    if power is not None and len(given) == 1:
        exponent = float(power.group(1))
        tries.append((lambda a: a**exponent, given))
    elif op in BINARY and len(given) == 2:
        tries += [(BINARY[op], given), (BINARY[op], given[::-1])]
    elif op in BINARY and len(given) == 1:
        tries += [(BINARY[op], given * 2), (operator.neg, given)]
    elif len(given) == 1:
        for name in dict.fromkeys((op, op.lower(), {"neg": "__neg__", "-": "__neg__"}.get(op, op))):
            if name and callable(getattr(given[0], name, None)):
                tries.append((_method(name), given))
    for function, operands in tries:
        try:
            made = function(*[type(node)(float(v.data)) for v in operands])
            if np.isclose(float(made.data), float(node.data), rtol=1e-12, equal_nan=True):
                return function, operands
        except Exception:  # not this reading of the op
            continue
    return None


def _method(name: str) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        return getattr(x, name)()

    call.__name__ = name
    return call


def blame_values(problem: Problem, seed: int, run: Run) -> Blame | None:
    """The first node whose op is wrong alone; else the first wrong sum, from the output backwards."""
    _, outs = problem.call(problem.points)
    order = in_order(outs)
    made = [node for node in order if parents(node)]
    known: dict[int, tuple[Callable[..., Any], list[Any]]] = {}
    tested: set[tuple[Any, ...]] = set()
    for k, node in enumerate(made):
        found = meaning(node)
        if found is None:
            continue
        function, operands = known[id(node)] = found
        op = str(getattr(node, "_op", getattr(node, "op", "")))
        key = (op, tuple(float(v.data) for v in operands), len({id(v) for v in operands}))
        if key in tested:
            continue
        tested.add(key)
        for repeated, alone in enumerate(_alone(problem, function, operands, op)):
            report = run(alone, seed, None, None, 1, op)
            if not report.ok:
                told = SAME_TWICE if repeated else report.likely
                return Blame(op, k, len(made), _place(node), report, told)
    if len(known) < len(made) or len(outs) != 1:
        return None
    return _sums(outs[0], order, made, known)


def _alone(problem: Problem, function: Callable[..., Any], operands: list[Any], op: str) -> list[Problem]:
    kind = type(operands[0])
    made = [Problem(function, [kind(float(v.data)) for v in operands], problem.adapter, op)]
    made[0].inputs = [""] * len(operands)
    if len(operands) == 2 and operands[0] is operands[1]:
        twice = Problem(
            lambda a: function(a, a), [kind(float(operands[0].data))], problem.adapter, f"a {op} a"
        )
        made.append(twice)
    return made


def _place(node: Any) -> str:
    label = getattr(node, "label", "")
    return (
        f"node {label!r}, value {float(node.data):.6g}"
        if label
        else f"the node with value {float(node.data):.6g}"
    )


def _sums(root: Any, order: list[Any], made: list[Any], known: dict[int, Any]) -> Blame | None:
    """Sweep the graph ourselves with right local derivatives, and compare what arrived at each node."""
    tg = reference()
    for node in order:
        node.grad = 0.0
    root.backward()
    true: dict[int, float] = {id(root): 1.0}
    arrived: dict[int, list[float]] = {}
    for node in reversed(order):
        total = true.get(id(node), 0.0)
        uses = arrived.get(id(node), [])
        if abs(float(node.grad) - total) > 1e-8 * (abs(total) + sum(abs(u) for u in uses)):
            text = (
                f"every op is right alone, but {_place(node)} is used {len(uses)} times and its gradient is "
            )
            text += "not the sum"
            if len(uses) > 1 and any(np.isclose(float(node.grad), u, rtol=1e-9) for u in uses):
                text = f"{_place(node)} is used {len(uses)} times, but only one use counted: "
                text += "overwritten where it must be added (= instead of +=)"
            elif len(uses) > 1:
                text += ": was it visited before all its uses were done?"
            return Blame(
                "accumulation", made.index(node) if node in made else 0, len(made), _place(node), None, text
            )
        if id(node) not in known:
            continue
        function, operands = known[id(node)]
        for k, operand in enumerate(operands):
            values = [
                np.asarray(float(v.data) + (1j * STEP if j == k else 0.0)) for j, v in enumerate(operands)
            ]
            with tg.no_grad():
                local = float(np.imag(function(*[tg.Tensor(v) for v in values])._array) / STEP)
            true[id(operand)] = true.get(id(operand), 0.0) + total * local
            arrived.setdefault(id(operand), []).append(total * local)
    return None
