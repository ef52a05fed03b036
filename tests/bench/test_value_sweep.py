"""What a number costs in Python: both Values, the two ways of writing a network, the collector."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

import numpy as np
import pytest
from trigrad_bench import arrays, options, probes, turns, value_sweep, workload
from trigrad_bench.engines import create
from trigrad_bench.engines.protocol import Inputs
from trigrad_bench.store import Store

ENGINES = ("scalar_cpp.value", "micrograd")


def ready(name: str, spec: dict[str, Any], **changes: Any) -> Any:
    """The engine, set up with M2 on a few rows."""
    if name == "micrograd":
        pytest.importorskip("micrograd")
    loaded = workload.load("M2", {"data.rows": 10, **changes})
    made = arrays.make(loaded)
    engine: Any = create(name)
    told = loaded.as_json() | spec
    assert engine.supports(told, "float64") == ""
    engine.setup(told, Inputs(made.parameters, made.data, made.batches, made.lrs), "float64")
    return engine


@pytest.mark.parametrize("name", ENGINES)
def test_a_network_of_its_own_has_the_same_gradients(name: str) -> None:
    written, own = (ready(name, spec) for spec in ({}, {"own_mlp": True}))
    first, second = written.result(), own.result()
    assert list(first) == list(second)
    for key, expected in first.items():
        np.testing.assert_allclose(second[key], expected, rtol=1e-12, atol=1e-15)
    assert written.counters() == own.counters(), "the same graph"
    np.testing.assert_allclose(own.losses(3), written.losses(3), rtol=1e-12)


def test_a_network_that_the_library_has_not_is_refused() -> None:
    engine: Any = create("scalar_cpp.value")
    for change in ({"activation": "tanh"}, {"bias": False}, {"dropout": [0.5, 0.5]}):
        spec = workload.load("M2").as_json()
        told = spec | {"model": spec["model"] | change, "own_mlp": True}
        assert "its MLP has biases, relu between its layers" in engine.supports(told, "float64")


@pytest.mark.parametrize("name", ENGINES)
def test_the_collector_runs_in_one_probe_and_in_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ready(name, {})
    seen: list[bool] = []
    grad = engine.grad
    monkeypatch.setattr(engine, "grad", lambda step: (seen.append(gc.isenabled()), grad(step))[1])
    before = gc.isenabled()
    try:
        gc.disable()
        engine.run("step", 2)
        assert set(seen) == {False}
        seen.clear()
        assert probes.answer(engine, {"what": "as_shipped", "n": 2})["ns"] > 0
        assert seen == [True, True, True], "one step comes before those that are timed"
        assert not gc.isenabled()
        assert probes.answer(engine, {"what": "operator", "n": 100})["ns"] > 0
    finally:
        gc.unfreeze()
        if before:
            gc.enable()


def test_other_engines_have_no_values_to_ask() -> None:
    with pytest.raises(NotImplementedError, match="engines of Values"):
        probes.answer(create("tensor_cpp.tape"), {"what": "operator", "n": 1})


def test_both_ways_of_both_engines_pass_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BLOCK_NS", 1e5)
    monkeypatch.setattr(value_sweep, "ROUNDS", 2)
    small = workload.load("M2", {"data.rows": 10})
    monkeypatch.setattr(value_sweep.workloads, "load", lambda name: small)
    store = Store(None, "test")
    asked = dataclasses.replace(options.Options(), engines=(*ENGINES, "torch"))
    value_sweep.sweep(asked, store, "m", [])
    found = [one for one in store.lines if one["kind"] == "value_cost"]
    assert [(one["engine"], one["way"]) for one in found] == [
        (engine, way) for engine in ENGINES for way in ("written out", "its own MLP")
    ]
    for one in found:
        if one["engine"] == "micrograd" and one["status"] == "unsupported":
            continue  # it is not installed
        assert (one["status"], one["reason"], one["check"]["ok"]) == ("ok", "", True)
        for what in ("operator", "step", "shipped"):
            times = one[f"{what}_ns"]
            assert len(times) == (2 if what != "operator" or one["way"] == "written out" else 0)
            assert all(ns > 0 for ns in times)
