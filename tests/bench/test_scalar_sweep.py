"""What an operation on scalars costs: the counts behind the figures, the programs, the chart."""

from __future__ import annotations

import csv
import dataclasses
import io
import subprocess
from typing import Any

import numpy as np
import pytest
from trigrad_bench import arrays, options, scalar_sweep, stats, turns, workload
from trigrad_bench.charts.chart import Chart
from trigrad_bench.charts.measure import Lines
from trigrad_bench.engines import create, native
from trigrad_bench.engines.protocol import Inputs
from trigrad_bench.scalar_sweep import ALIVE, ENGINES, PHASES, Job, operations
from trigrad_bench.store import Store

from .lines import Line, lines

built = pytest.mark.skipif(native.find("native.scalar_cpp") is None, reason="native engines are not built")


@pytest.mark.parametrize(
    ("name", "changes"), [("M2", {}), ("M2", {"data.rows": 7}), ("chain.n1e3", {}), ("fan_in.n1e3", {})]
)
def test_operations_are_micrograds_nodes(name: str, changes: dict[str, Any]) -> None:
    """Counted in the graph that micrograd's own program makes."""
    loaded = workload.load(name, changes)
    made = arrays.make(loaded)
    engine: Any = create("scalar_cpp.value")
    engine.setup(loaded.as_json(), Inputs(made.parameters, made.data, made.batches, made.lrs), "float64")
    assert operations(loaded) == engine.counters()["nodes"]


def test_no_relu_is_dead() -> None:
    made = arrays.make(workload.load("M2", ALIVE))
    p, h = made.parameters, made.data["x"]
    for k in range(3):
        z = h @ p[f"weight{k}"].T + p[f"bias{k}"]
        assert k == 2 or np.all(z > 0)
        h = z
    assert np.all(1 - made.data["y"].ravel() * h.ravel() > 0), "no margin is reached"


@built
def test_every_style_of_every_library_passes_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BLOCK_NS", 1e5)
    monkeypatch.setattr(scalar_sweep, "ROUNDS", 2)
    monkeypatch.setattr(scalar_sweep, "SIZE_ROUNDS", 2)
    monkeypatch.setattr(scalar_sweep, "NODES", (1000, 2000))
    goals = {"op": (1.0, 1.0)}
    jobs = {"M2.alive": Job("M2", ALIVE, goals), "chain": Job("chain.n1e3", {}, goals)}
    monkeypatch.setattr(scalar_sweep, "JOBS", jobs)
    asked = dataclasses.replace(options.Options(), engines=(*ENGINES, "torch"))
    store = Store(None, "test")
    scalar_sweep.sweep(asked, store, "m", [])
    costs, sizes = (only(store.lines, kind) for kind in ("scalar_cost", "scalar_size"))
    assert [(one["workload"], one["style"]) for one in costs if one["engine"] == "native.scalar_cpp"] == [
        *(("M2.alive", style) for style in ("op", "mac", "own")),
        *(("chain", style) for style in ("op", "mac")),
    ]
    assert {one["workload"] for one in sizes} == {"chain", "fan_in"}
    for one in costs + sizes:
        if native.find(one["engine"]) is None:
            assert one["status"] == "unsupported"
            continue
        assert (one["status"], one["reason"], one["check"]["ok"]) == ("ok", "", True)
        assert one["bytes"] > 0
        for way in PHASES if one["kind"] == "scalar_cost" else ("first", "again"):
            assert len(one[f"{way}_ns"]) == 2
            assert min(one[f"{way}_ns"]) > 0


@built
def test_an_unknown_style_is_refused() -> None:
    program = native.find("native.scalar_cpp")
    assert program is not None
    done = subprocess.run([program, "mops"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown style 'mops'; known are op, mac, own" in done.stderr


def only(stored: list[Line], kind: str) -> list[Line]:
    return [line for line in stored if line["kind"] == kind]


def test_the_chart_has_ratios_beside_their_goals() -> None:
    pytest.importorskip("matplotlib")
    from trigrad_bench.charts import scalar_cost

    stored = lines()
    chart = scalar_cost.build(Lines(stored))
    assert isinstance(chart, Chart)
    rows = list(csv.DictReader(io.StringIO(chart.csv())))
    costs = only(stored, "scalar_cost")
    compared = [row for row in rows if row["peer"]]
    assert len(compared) == 2 * 4
    for row in compared:
        assert row["engine"] == "native.scalar_cpp"
        ours, theirs = (
            next(
                one["grad_ns"]
                for one in costs
                if (one["workload"], one["style"], one["engine"]) == (row["workload"], row["style"], engine)
            )
            for engine in (row["engine"], row["peer"])
        )
        ratio = stats.ratio_of_pairs(theirs, ours)
        assert float(row["times_as_fast"]) == pytest.approx(ratio.median)
        assert float(row["times_low"]) <= ratio.median <= float(row["times_high"])
        goal = {"native.cppad": "5.0", "native.adolc": "12.0"}[row["peer"]]
        assert row["goal"] == (goal if row["style"] != "own" else "")
    passes = {(row["workload"], row["pass"]) for row in rows}
    assert passes >= {("M2", "forward"), ("M2", "backward"), ("chain", "first"), ("chain", "again")}
    assert not any(row["workload"] == "fan_in" for row in rows), "no time without right gradients"
    assert "micrograd's moons 3" in chart.finding
    assert "CppAD" in chart.finding
