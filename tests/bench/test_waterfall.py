"""The other long extras: rungs from scalars to tensors, parts of a step, curves of one network."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools

import numpy as np
import pytest
from trigrad_bench import breakdown, options, scaling, stats, turns, waterfall, workload
from trigrad_bench.charts.chart import Chart
from trigrad_bench.charts.measure import Lines
from trigrad_bench.engines import native
from trigrad_bench.process import Pool
from trigrad_bench.store import Store

from .lines import Line, lines

built = pytest.mark.skipif(native.find("native.scalar_cpp") is None, reason="native engines are not built")


def of(kind: str) -> list[Line]:
    return [line for line in lines() if line["kind"] == kind]


def store_of(workloads: tuple[str, ...], engines: tuple[str, ...]) -> tuple[options.Options, Store]:
    asked = dataclasses.replace(options.Options(), workloads=workloads, engines=engines)
    return asked, Store(None, "test")


def test_rungs_are_ordered_and_their_factors_multiply_to_the_whole() -> None:
    (found,) = waterfall.flights(of("waterfall")).values()
    expected = "value op dot numpy products.baseline products.eigen plain fused native"
    assert list(found) == expected.split(), "other products: the slowest first, the engine's own last"
    factors = waterfall.factors(found)
    assert factors["op"].median == pytest.approx(10, rel=0.05)
    assert factors["numpy"].high < 1, "a step back is shown as one"
    whole = stats.ratio_of_pairs(found["value"]["step_ns"], found["native"]["step_ns"]).median
    assert np.prod([r.median for r in factors.values()]) == pytest.approx(whole, rel=0.1)


def test_every_rung_has_its_words() -> None:
    for rung in waterfall.RUNGS.values():
        assert rung.text.count(". ") in (1, 2), rung.title
        assert not any(c.isdigit() for c in rung.text.replace("float32", "")), "figures come from lines"
    assert waterfall.title("products.eigen").endswith(", eigen products")


@built
def test_all_rungs_pass_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a small network; each is another program, so each is held against the reference."""
    monkeypatch.setattr(waterfall, "BESIDE", {})  # PyTorch would take most of the test's time
    asked, store = store_of(("P2.matched",), ())
    loaded = workload.load("P2.matched", {"model.layers": (64, 4, 10), "data.rows": 80, "batch": 8})
    with contextlib.closing(Pool()) as pool:
        others = waterfall.other_backends([])
        assert others, "eigen at least"
        waterfall.flight(asked, store, "m", [], pool, loaded, others)
    status = {line["rung"]: (line["status"], line["reason"]) for line in store.lines}
    ours = [*waterfall.RUNGS, *(f"products.{name}" for name in others)]
    assert {key: status[key] for key in ours} == dict.fromkeys(ours, ("ok", ""))
    assert all(len(line["step_ns"]) == turns.ROUNDS for line in store.lines if line["status"] == "ok")


def test_parts_are_the_whole_step() -> None:
    for line in of("breakdown"):
        found = breakdown.parts(line)
        assert list(found) == list(breakdown.PARTS)
        assert sum(found.values()) == pytest.approx(stats.median(line["python_ns"]))
    assert found["memory"] == 0, "nothing is updated"


@pytest.mark.parametrize("name", breakdown.WORKLOADS)
def test_one_element_keeps_every_operation(name: str) -> None:
    loaded = workload.load(name)
    tiny = breakdown.of_one_element(loaded, name)
    assert set(tiny.model.layers) == {1}
    same = ("loss", "optimizer", "x_requires_grad", "per_sample", "dtypes")
    assert all(getattr(tiny, key) == getattr(loaded, key) for key in same)
    assert (len(tiny.model.layers), tiny.model.output) == (len(loaded.model.layers), loaded.model.output)


@built
def test_a_step_is_taken_apart() -> None:
    asked, store = store_of(("T3.matched",), ())
    breakdown.sweep(asked, store, "m", [])
    (line,) = store.lines
    assert (line["kind"], line["status"], line["reason"]) == ("breakdown", "ok", "")
    assert all(len(line[f"{k}_ns"]) == turns.ROUNDS for k in ("native", "python", "graph", "products"))


def test_one_thing_changes_along_an_axis() -> None:
    base = scaling.network("width", scaling.WIDTH)
    assert base.hash() == scaling.network("depth", scaling.DEPTH).hash()
    assert base.hash() == scaling.network("batch", scaling.BATCH).hash()
    for axis, values in scaling.AXES.items():
        jobs = [scaling.network(axis, value) for value in values]
        assert len({job.hash() for job in jobs}) == len(values)
        sizes = [job.parameter_count * job.batch for job in jobs]
        assert all(a < b for a, b in itertools.pairwise(sizes))


@built
def test_curves_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "AXES", {"depth": (1, 64)})  # the deepest must pass the gate, too
    asked, store = store_of((), ("native.tensor_cpp.tape", "tensor_cpp.tape"))
    scaling.sweep(asked, store, "m", [])
    assert [(line["value"], line["status"]) for line in store.lines] == [(1, "ok")] * 2 + [(64, "ok")] * 2
    assert all(len(line["step_ns"]) == turns.ROUNDS for line in store.lines)


def test_charts_say_what_their_points_say() -> None:
    pytest.importorskip("matplotlib")
    from trigrad_bench.charts import breakdown as parts
    from trigrad_bench.charts import limit
    from trigrad_bench.charts import scaling as curves
    from trigrad_bench.charts import waterfall as flight

    stored = Lines(lines())
    words = {
        flight: "P2.matched: 499×",
        parts: "M2 (50",
        curves: "By width, in multiples of PyTorch's speed: native.tensor_cpp.tape",
        limit: "2 of 2 steps from C++ are within the goal",
    }
    for family, said in words.items():
        chart = family.build(stored)
        assert isinstance(chart, Chart)
        assert said in chart.finding, chart.finding
        assert len(chart.rows[0]) == len(chart.columns)
    assert "a step back: arrays: NumPy" in flight.build(stored).finding  # type: ignore[union-attr]
    assert "PyTorch takes 10" in flight.build(stored).finding  # type: ignore[union-attr]
