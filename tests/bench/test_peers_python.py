"""Other people's libraries, as their users write them: each agrees with the reference, or says why not."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from trigrad import reference_py
from trigrad_bench import arrays, engines, gate
from trigrad_bench.engines import learner
from trigrad_bench.engines.program import Program
from trigrad_bench.engines.protocol import PHASES, Inputs
from trigrad_bench.workload import load

from .harness import EXAMPLE, engines_read

PACKAGES = {
    "micrograd": "micrograd",
    "autograd": "autograd",
    "jax": "jax",
    "forgenn": "forgeNN",
    "torch": "torch",
}
SMALL = {"data.rows": 40, "batch": 8, "steps": 3}
CASES = {
    "scalar_cpp.value": {
        "T1": {},
        "M1": {},
        "M2": {},
        "E1": {},
        "T4": {},
        "lattice.n1e3": {},
        "chain.n1e3": {},
    },
    "micrograd": {"T1": {}, "M1": {}, "M2": {"steps": 1}},
    "autograd": {"T3": {}, "E1": {}, "F7": SMALL, "P1": SMALL, "chain.n1e3": {}},
    "jax": {"F7": SMALL},
    "forgenn": {"F7": SMALL, "P1": SMALL},
}


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """As in a worker: no automatic collection of cycles while something is measured."""
    gc.disable()
    yield
    gc.enable()


def make(name: str) -> Any:
    """The engine, or a skip."""
    if name == EXAMPLE.name:
        return learner.load(EXAMPLE, 1)
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    return engines.create(name)


@pytest.mark.parametrize(("name", "workload"), [(e, w) for e, ws in CASES.items() for w in ws])
@pytest.mark.filterwarnings("default")
def test_agrees_with_reference(name: str, workload: str) -> None:
    engine = make(name)
    wanted = load(workload, CASES[name][workload])
    spec, made = wanted.as_json(), arrays.make(wanted)
    dtype = "float32" if name == "forgenn" else "float64"
    assert engine.supports(spec, dtype) == ""
    inputs = Inputs(made.parameters, made.data, made.batches, made.lrs)
    reference = Program(reference_py, spec, inputs, "float64", "stack")
    engine.setup(spec, inputs, dtype)
    found = engine.result()
    assert gate.check(found, reference.result(), gate.tolerance(spec, dtype)).status == "ok"
    steps = min(3, len(made.batches))
    rtol = 1e-5 if dtype == "float32" else 1e-11
    assert np.allclose(engine.losses(steps), reference.losses(steps), rtol=rtol, atol=0)
    if workload != "M2":
        for phase in PHASES if name != "jax" else ("step",):  # each phase is compiled by itself
            assert engine.run(phase, 1) > 0
        again = engine.result()  # sets of parents are walked by address: last digits may change
        assert all(np.allclose(found[k], again[k], rtol=rtol, atol=rtol) for k in found)
    assert engine.info()["name"] == name
    engine.close()


@pytest.mark.parametrize("name", ["tensor_cpp.tape", "tensor_cpp.compiled", "torch", *CASES, EXAMPLE.name])
@pytest.mark.filterwarnings("default")
def test_a_run_begins_with_a_step_that_is_not_timed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, wanted = make(name), load("T1" if name in ("micrograd", "scalar_cpp.value") else "F7", SMALL)
    made = arrays.make(wanted)
    dtype = "float32" if name == "forgenn" else "float64"
    engine.setup(wanted.as_json(), Inputs(made.parameters, made.data, made.batches, made.lrs), dtype)
    engine.run("step", 4)  # who compiles does it now
    whom = getattr(engine, "program", engine)
    part = "step" if hasattr(whom, "step") else "update"
    real, batches = getattr(whom, part), []

    def noted(k: int) -> Any:
        batches.append(k)
        return real(k)

    monkeypatch.setattr(whom, part, noted)
    engines_read(lambda: len(batches), monkeypatch)
    assert (engine.run("step", 4), batches) == (4, [0, 0, 1, 2, 0])


def test_value_counts_nodes_of_its_graph() -> None:
    engine, wanted = make("scalar_cpp.value"), load("M1")
    made = arrays.make(wanted)
    engine.setup(wanted.as_json(), Inputs(made.parameters, made.data, made.batches, made.lrs), "float64")
    assert engine.counters()["nodes"] > 15


REASONS = [
    ("micrograd", "E1", "float64", "no exp or log or tanh"),
    ("micrograd", "T1", "float32", "float64 only"),
    ("micrograd", "P4", "float64", "exp"),
    ("scalar_cpp.value", "P4", "float64", "million multiplications"),
    ("forgenn", "F1", "float64", "float32 only"),
    ("forgenn", "F6", "float32", "one network"),
    ("jax", "chain", "float64", "compiles"),
]


@pytest.mark.parametrize(("name", "workload", "dtype", "reason"), REASONS)
def test_says_why_not(name: str, workload: str, dtype: str, reason: str) -> None:
    assert reason in make(name).supports(load(workload).as_json(), dtype)


@pytest.mark.parametrize(("workload", "products"), [("A1.d128", 5), ("F1.generated", 8)])
def test_jax_computes_what_a_step_asks_for(workload: str, products: int) -> None:
    """XLA drops what has no effect: without an optimiser that would be every gradient."""
    jax = pytest.importorskip("jax")
    engine = make("jax")
    wanted = load(workload)
    made = arrays.make(wanted)
    engine.setup(wanted.as_json(), Inputs(made.parameters, made.data, made.batches, made.lrs), "float32")
    traced: list[str] = []
    jit = jax.jit

    def spy(call: Any, **options: Any) -> Any:
        compiled = jit(call, **options)

        def run(*given: Any) -> Any:
            traced.append(compiled.lower(*given).compile().as_text())
            return compiled(*given)

        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "jit", spy)
        engine.compile()
        engine.step(0)
    assert len(traced) == 1
    assert traced[0].count(" dot(") == products
