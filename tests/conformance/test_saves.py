"""What an op saves is what its record says: the rest may be overwritten, a saved value may not.

Why it exists: `saves` decides memory and version checks. For each input and the output of each differentiable
op: fill it with NaN after the forward. If the record lists it, backward must raise and name the op; if not,
the gradients must come out unharmed, which proves that no rule reads it (design.md 3). Read evaluate.py
before."""

from __future__ import annotations

import numpy as np
import pytest

from .engines import Engine, with_surface
from .evaluate import held, wanted_inputs
from .golden import golden
from .oplist import by_name, records
from .samples import Case, cases_of

DIFFERENTIABLE = [r["name"] for r in records() if r["gradient"] in ("smooth", "kinked")]
OUTPUTS = {"z", "out", "output"}
# Ops that return their argument's storage: filling the output fills the input, so nothing can be said.
VIEWS = "reshape view flatten transpose permute squeeze unsqueeze expand split slice narrow".split()
OUTPUT = -1


def places(case: Case) -> list[tuple[str, int]]:
    """(name, position) of everything that can be overwritten."""
    names = list(case.record["inputs"]) + [f"input {k}" for k in range(len(case.inputs))]
    found = [(names[k], k) for k in wanted_inputs(case)]
    return found if case.op in VIEWS else [*found, ("z", OUTPUT)]


def gradients(engine: Engine, case: Case, poison: int | None) -> list[np.ndarray | None]:
    """The gradients of a case, one tensor filled with NaN between forward and backward."""
    wanted, answer = wanted_inputs(case), golden(case)
    tensors = held(engine, case.inputs, "float64", wanted)
    outs = engine.call(case.call, tensors)
    live = [k for k, g in enumerate(answer.upstream) if g is not None]
    gs = [engine.tensor(answer.upstream[k], "float64") for k in live]
    if poison is not None:
        victim = outs[0] if poison == OUTPUT else tensors[poison]
        victim.detach().fill_(float("nan"))
    found = engine.grad([outs[k] for k in live], [tensors[k] for k in wanted], gs)
    return [None if d is None else engine.array(d) for d in found]


def unharmed(a: list[np.ndarray | None], b: list[np.ndarray | None]) -> bool:
    """Whether all gradients are equal."""
    pairs = zip(a, b, strict=True)
    return all(x is y is None or (x is not None and y is not None and np.array_equal(x, y)) for x, y in pairs)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
@pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)
def test_saves(engine: Engine, op: str) -> None:
    """Poison everything in turn: backward raises or gives right gradients, and the record says which."""
    if not engine.supports(op):
        return  # test_ops.py proves the refusal
    case = next(c for c in cases_of(op) if not c.edge and all(x.data.size for x in c.inputs))
    listed = by_name()[op].get("saves")
    saved = None if listed is None else {"z" if s in OUTPUTS else s for s in listed}
    clean = gradients(engine, case, None)
    for name, position in places(case):
        raised = None
        try:
            got = gradients(engine, case, position)
        except engine.tg.errors.GraphError as error:
            raised = str(error)
        if raised is not None:
            words = "saved was changed in place: it had version 0 and now has 1; clone it before the change"
            assert words in raised
            message = f"{op}: changing {name}, which its record does not save, raised: {raised}"
            assert saved is None or name in saved, message
            continue
        assert unharmed(got, clean), f"{op}: changing {name} altered the gradients silently"
        message = f"{op}: changing {name}, which its record saves, did not raise"
        assert saved is None or name not in saved or engine.values_on_tape, message


@pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)
def test_a_saved_constant_counts_too(engine: Engine) -> None:
    """mul's rule for x reads y, although y wants no gradient; y's rule reads nothing, for it has none."""
    if engine.values_on_tape:
        return
    x, y = engine.tensor([1.0, 2.0], None, True), engine.tensor([3.0, 4.0])
    z = (x * y).sum()
    y.add_(1.0)
    with pytest.raises(engine.tg.errors.GraphError, match="mul saved was changed in place"):
        z.backward()
    z = (x * y).sum()
    with engine.tg.no_grad():
        x.add_(1.0)
    z.backward()
    assert engine.array(x.grad).tolist() == [4.0, 5.0]
