"""Random programs of listed ops, with shared nodes, on all engines at once: values and gradients agree.

Why it exists: ops that are right one by one can still be summed wrongly where a graph branches, broadcasts or
reuses a node. Hypothesis writes the programs and shrinks one that fails. Every value keeps the shape (2, 3),
inputs are brought into each op's domain by a sigmoid, so programs stay tame at any length. Read engines.py
before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .compare import mismatch, same_bits
from .engines import Engine, chosen
from .oplist import records
from .samples import base_attrs, call_of, rng

SHAPE = (2, 3)
Run = Callable[["Ops", Any, Any], Any]


class Ops:
    """An engine's functions by name, as `ops.exp(x)`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> Any:
        return self.engine.function(name)

    def within(self, x: Any, low: float, high: float) -> Any:
        """x brought into the middle of a domain."""
        margin = 0.02 * (high - low)
        return self.sigmoid(x) * (high - low - 2 * margin) + (low + margin)


@dataclass(frozen=True)
class Step:
    """One way to make a new (2, 3) value from two older ones, and the list's ops that it uses."""

    ops: tuple[str, ...]
    run: Run

    def __repr__(self) -> str:
        return self.ops[0]


def _elementwise() -> list[Step]:
    steps = []
    for record in records():
        if record["kind"] != "elementwise" or record["gradient"] not in ("smooth", "kinked"):
            continue

        def run(ops: Ops, x: Any, y: Any, record: dict[str, Any] = record) -> Any:
            args = [ops.within(v, *d) for v, d in zip((x, y), record["domain"], strict=False)]
            if record["name"] == "where":
                args = [ops.gt(x, 0.25), x, y]
            call = call_of(record["name"], args, base_attrs(record), True)
            return ops.engine.call(call, [])[0]

        steps.append(Step((record["name"],), run))
    return steps


STRUCTURAL = [
    Step(("sum", "sub"), lambda o, x, y: x - o.sum(y, dim=1, keepdim=True)),
    Step(("sum", "mul"), lambda o, x, y: x * o.sum(o.tanh(y), dim=0)),
    Step(("mean", "add"), lambda o, x, y: x + o.mean(y)),
    Step(("max", "mul"), lambda o, x, y: o.tanh(x) * o.max(y)),
    Step(("min_dim", "add"), lambda o, x, y: x + o.min(y, dim=1, keepdim=True)[0]),
    Step(("amax", "sub"), lambda o, x, y: x - o.amax(y, dim=(0, 1))),
    Step(("var", "add"), lambda o, x, y: x + o.var(o.tanh(y), dim=1, keepdim=True)),
    Step(("std", "add"), lambda o, x, y: x + o.std(o.tanh(y) + o.sigmoid(x), dim=1, keepdim=True)),
    Step(("norm", "div"), lambda o, x, y: x / (o.norm(y, dim=0) + 1.0)),
    Step(("logsumexp", "sub"), lambda o, x, y: x - o.logsumexp(y, dim=1, keepdim=True)),
    Step(("softmax",), lambda o, x, y: o.softmax(x, dim=1)),
    Step(("log_softmax",), lambda o, x, y: o.log_softmax(x, dim=0)),
    Step(
        ("matmul", "transpose"),
        lambda o, x, y: o.matmul(o.matmul(o.tanh(x), o.transpose(o.tanh(y), 0, 1)), y),
    ),
    Step(
        ("linear", "matmul"),
        lambda o, x, y: o.linear(o.tanh(x), o.matmul(o.transpose(o.tanh(y), 0, 1), o.tanh(x))),
    ),
    Step(("reshape", "permute"), lambda o, x, y: o.permute(o.reshape(x, (3, 2)), (1, 0)) + y),
    Step(("cat", "narrow"), lambda o, x, y: o.narrow(o.cat([x, y], dim=1), 1, 2, 3)),
    Step(("stack", "mean"), lambda o, x, y: o.mean(o.stack([x, y, x]), dim=0)),
    Step(("index",), lambda o, x, y: o.getitem(x, (slice(None), [0, 2, 2])) + o.getitem(y, [1, 1])),
    Step(
        ("slice", "expand"),
        lambda o, x, y: o.expand(o.getitem(x, (slice(None), slice(1, 2))), SHAPE) * o.tanh(y),
    ),
    Step(("unsqueeze", "squeeze"), lambda o, x, y: o.squeeze(o.unsqueeze(x, 0) * o.tanh(y), 0)),
    Step(("cumsum", "tanh"), lambda o, x, y: o.cumsum(o.tanh(x), dim=1) + y),
    Step(("cumprod", "tanh"), lambda o, x, y: o.cumprod(o.tanh(x), dim=0) + y),
    Step(("mse_loss", "mul"), lambda o, x, y: x * o.mse_loss(o.tanh(x), o.tanh(y))),
    Step(("tril", "triu"), lambda o, x, y: o.tril(x) + o.triu(y, 1)),
    Step(("sort",), lambda o, x, y: o.sort(x, dim=1)[0]),
    Step(("einsum", "tanh"), lambda o, x, y: o.einsum("ij,kj,kl->il", o.tanh(x), o.tanh(y), o.tanh(x))),
]
STEPS = _elementwise() + STRUCTURAL
Line = tuple[Step, int, int]
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12
)
Answer = tuple[list[np.ndarray], list[np.ndarray]]


def execute(engine: Engine, program: list[Line], leaves: list[np.ndarray], order: str) -> Answer:
    """All values of a program, and the gradients of its leaves for a random weight on every value."""
    ops = Ops(engine)
    made = [engine.tensor(x, "float64", True) for x in leaves]
    start = list(made)
    for step, a, b in program:
        made.append(step.run(ops, made[a % len(made)], made[b % len(made)]))
    gen = rng("weights of a program")
    total = None
    for value in made:
        part = (value * engine.tensor(gen.standard_normal(SHAPE), "float64")).sum()
        total = part if total is None else total + part
    grads = engine.grad([total], start, [engine.tensor(np.array(1.0), "float64")], order)
    return [engine.array(v) for v in made], [engine.array(d) for d in grads]


def able(engine: Engine, program: list[Line]) -> bool:
    """Whether an engine has all ops of a program."""
    return all(engine.supports(op) for step, _, _ in program for op in step.ops)


def witnesses() -> list[Engine]:
    """The engines of this run, and PyTorch beside them where it is installed."""
    found = list(chosen())
    try:
        from .null_engine import TorchEngine
    except ImportError:
        return found
    return found if any(e.id == "torch" for e in found) else [*found, TorchEngine("torch", (), ("tape",))]


def condition(
    engine: Engine, program: list[Line], leaves: list[np.ndarray], exact: Answer
) -> list[list[float]]:
    """How far each array moves when the leaves move by a relative unit (as oracle.answer measures it)."""
    found = [[0.0] * len(part) for part in exact]
    gen = rng("probes of a program")
    for _ in range(3):
        moved = [x * (1 + 1e-8 * gen.choice([-1.0, 1.0], x.shape)) for x in leaves]
        for p, part in enumerate(execute(engine, program, moved, engine.orders[0])):
            for k, a in enumerate(part):
                found[p][k] = max(found[p][k], float(np.abs(a - exact[p][k]).max()) / 1e-8)
    return found


@settings(max_examples=120, derandomize=True, deadline=None, database=None)
@given(PROGRAMS)
def test_engines_agree(program: list[Line]) -> None:
    """Every engine in every order, against the first; recursive and stack bit for bit."""
    gen = rng("leaves of a program")
    leaves = [gen.uniform(-2, 2, SHAPE) for _ in range(2)]
    engines = [e for e in witnesses() if able(e, program)]
    if not engines:
        return
    first = engines[0]
    exact = execute(first, program, leaves, first.orders[0])
    cond = condition(first, program, leaves, exact)
    kept: dict[tuple[str, str], Answer] = {}
    for engine in engines:
        for order in engine.orders:
            kept[engine.id, order] = got = execute(engine, program, leaves, order)
            for p, kind in enumerate(("value", "gradient of leaf")):
                for k, (a, b) in enumerate(zip(got[p], exact[p], strict=True)):
                    found = mismatch(
                        f"{engine.id} ({order}) {kind} {k}",
                        a,
                        b,
                        "float64",
                        terms=6 * len(program),
                        cond=cond[p][k],
                        floor=float(len(program)),
                    )
                    assert found is None, f"{found} of {first.id}\nprogram: {program}"
        if {"recursive", "stack"} <= set(engine.orders):
            pairs = zip(kept[engine.id, "recursive"][1], kept[engine.id, "stack"][1], strict=True)
            assert all(same_bits(a, b) for a, b in pairs), f"{engine.id}: recursive and stack differ in bits"


def test_every_template_runs() -> None:
    """Each template on its own, so that no program hides one that cannot run; most ops occur."""
    leaves = [rng("template").uniform(-2, 2, SHAPE) for _ in range(2)]
    for engine in chosen():
        for step in STEPS:
            if able(engine, [(step, 0, 1)]):
                values, grads = execute(engine, [(step, 0, 1)], leaves, engine.orders[0])
                assert values[-1].shape == SHAPE, step
                assert all(g.shape == SHAPE and np.isfinite(g).all() for g in grads), step
    used = {op for step in STEPS for op in step.ops}
    assert used <= {r["name"] for r in records()}
    assert len(used) > 60


@pytest.mark.parametrize("engine", chosen(), ids=lambda e: e.id)
def test_same_program_twice_has_the_same_bits(engine: Engine) -> None:
    """No result depends on memory, hash order or what ran before."""
    program = [(s, k, 3 * k + 1) for k, s in enumerate(STEPS[::3])]
    program = [line for line in program if able(engine, [line])]
    leaves = [rng("twice").uniform(-2, 2, SHAPE) for _ in range(2)]
    a, b = (execute(engine, program, leaves, engine.orders[0]) for _ in range(2))
    assert all(same_bits(x, y) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True))
