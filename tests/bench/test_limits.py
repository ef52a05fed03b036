"""The limit of a step: its products, what must move, and lines that a chart can be made of."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trigrad_bench import arrays, limits, stats, turns, workload
from trigrad_bench.engines import native
from trigrad_bench.engines.protocol import Inputs
from trigrad_bench.limits import Alone, Product, last_cache, products, traffic
from trigrad_bench.process import EngineError, Process, allowed_cores

from .harness import bench, only


def test_products_are_those_of_the_model() -> None:
    # 64 - 64 - 32 - 10: three layers forward and for the weights, two for the inputs.
    found = products(workload.load("P2.matched"))
    assert found == {
        Product(32, 64, 64, "NT"): 1,
        Product(64, 64, 32, "TN"): 1,
        Product(32, 32, 64, "NT"): 1,
        Product(32, 64, 32, "TN"): 1,
        Product(32, 64, 32, "NN"): 1,
        Product(32, 10, 32, "NT"): 1,
        Product(10, 32, 32, "TN"): 1,
        Product(32, 32, 10, "NN"): 1,
    }
    assert sum(products(workload.load("A1.d128")).values()) == 5
    assert sum(products(workload.load("A2.d128")).values()) == 6, "the gradient of x is wanted"


def test_a_step_that_is_timed_has_a_full_batch() -> None:
    """80 rows are 32, 32, 16: with the last, an average would depend on how many repeats a block has."""
    loaded = workload.load("P3.matched")
    found = products(loaded)
    assert {p.k if p.case == "TN" else p.m for p in found} == {32}
    for p in (Product(32, 256, 256, "NT"), Product(256, 256, 32, "TN"), Product(32, 256, 256, "NN")):
        assert found[p] == 28, "a product is timed with as many different weights"
    for name, full in (("P3.matched", 2), ("P6.matched", 3), ("A1.d128", 1)):
        made = arrays.make(workload.load(name))
        assert Inputs(made.parameters, made.data, made.batches, made.lrs).span() == full, name
    assert Inputs({}, {}, [], []).span() == 0


@pytest.mark.parametrize("name", limits.WORKLOADS)
def test_products_are_all_the_work_there_is(name: str) -> None:
    """Σ 2mnk, counted once more as runner.hpp does it: 2 or 3 products of equal work for each layer."""
    loaded = workload.load(name)
    rows = turns.rows_of(loaded)
    pairs = list(itertools.pairwise(loaded.model.layers))
    ways = [3 if k > 0 or loaded.x_requires_grad else 2 for k in range(len(pairs))]
    expected = sum(2 * rows * a * b * w for (a, b), w in zip(pairs, ways, strict=True))
    assert sum(2 * p.m * p.n * p.k * c for p, c in products(loaded).items()) == expected


def test_what_an_update_moves() -> None:
    layers = (784, 4, 10)
    parameters = 784 * 4 + 4 + 4 * 10 + 10
    for kind, momentum, times in (("sgd", 0.0, 3), ("sgd", 0.9, 5), ("adam", 0.0, 7), ("none", 0.0, 0)):
        optimizer = {"optimizer.kind": kind, "optimizer.lr": 0.1, "optimizer.momentum": momentum}
        loaded = workload.load("F2", {"model.layers": layers, **optimizer})
        working, moved = traffic(loaded, "float32", cache=1e9)
        assert moved == 4 * times * parameters
        assert working >= 4 * 2 * parameters
    assert traffic(loaded, "float32", cache=100.0)[1] == working - 100, "what a cache cannot hold"


def test_the_largest_cache_counts() -> None:
    assert last_cache({"caches": {"L1d": "32K", "L3": "32M", "L2": "1024K"}}) == 32 * 2**20
    assert last_cache({}) == float("inf")


def test_tasks_take_turns_and_who_fails_is_left_out() -> None:
    calls: list[str] = []

    def fine(name: str, ns: float) -> turns.Task:
        return lambda n: (calls.append(name), n * ns)[1]

    def broken(n: int) -> float:
        if len(calls) > 40:
            raise EngineError("dead", "")
        return 1e7

    found = turns.in_turns({"a": fine("a", 1e4), "b": fine("b", 1e7), "c": broken}, seed=1, rounds=30)
    assert found == {"a": [1e4] * 30, "b": [1e7] * 30}
    assert turns.enough(fine("d", 1e4)) == turns.BLOCK_NS / 1e4


def probe(process: Process, **question: Any) -> dict[str, Any]:
    return dict(process.ask("probe", **question)["probe"])


@pytest.mark.parametrize("name", ["native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack", "torch"])
def test_engines_time_a_product(name: str) -> None:
    if name in native.PROGRAMS and native.find(name) is None:
        pytest.skip(f"{name} is not built")
    if name == "torch":
        pytest.importorskip("torch")
    with Process(name) as process:
        question = {"what": "product", "shape": [4, 3, 2], "dtype": "float64", "n": 2}
        for case in ("NN", "NT", "TN"):
            assert probe(process, **question, case=case)["ns"] > 0
            assert probe(process, **question, case=case, weights=3)["ns"] > 0
        if "tensor_cpp" in name:
            known = probe(process, what="backends")
            assert known["chosen"] in known["backends"]
            for backend in known["backends"]:
                assert probe(process, **question, case="NT", backend=backend)["ns"] > 0
            with pytest.raises(EngineError, match="abacus"):
                probe(process, **question, case="NT", backend="abacus")
            assert probe(process, what="backends") == known, "asking changes nothing"
        if name in limits.MOVED:
            assert probe(process, what="move", bytes=4096, n=2)["ns"] > 0
            assert probe(process, what="move", bytes=1, n=1)["ns"] > 0, "one number at the least"
        with pytest.raises(EngineError):
            probe(process, what="weather")


def test_bandwidth_is_that_of_the_fastest() -> None:
    numpy, ours = (Alone(None, name, 1) for name in ("reference_py.stack", "native.tensor_cpp.tape"))
    timed = {numpy: [200.0, 100.0, 50.0], ours: [300.0] * 3}
    assert limits.bandwidth(timed, 1000) == pytest.approx(15), "an addition moves 3 bytes for 2 that it has"
    timed[ours] = [100.0] * 3
    assert limits.bandwidth(timed, 1000) == pytest.approx(50 / 3), "an update 5 for 3"
    timed[ours._replace(threads=2)] = [50.0] * 3
    assert limits.bandwidth(timed, 1000) == pytest.approx(100 / 3), "two threads may have more"
    del timed[ours], timed[ours._replace(threads=2)]
    assert limits.bandwidth(timed, 1000) == pytest.approx(15), "without a compiler, NumPy's"


def test_of_backward_a_threads_share_may_count() -> None:
    forward, backward = Product(32, 8, 8, "NT"), Product(8, 8, 32, "TN")
    for product, least in ((forward, 70.0), (backward, 50.0)):
        alone = {Alone(product, "a", 1): [100.0, 100.0, 40.0], Alone(product, "b", 2): [70.0, 70.0, 70.0]}
        assert stats.median(limits.fastest(alone, product, 2)) == least
        assert limits.fastest(alone, product) == [70.0] * 3
        alone[Alone(product, "b", 2)] = [45.0] * 3
        assert limits.fastest(alone, product, 2) == [45.0] * 3, "together they are faster than that"
        assert limits.total(alone, {product: 3}) == [135.0] * 3
        del alone[Alone(product, "b", 2)]
        assert limits.fastest(alone, product, 1) == [100.0, 100.0, 40.0]


def test_a_verdict_is_by_the_floor() -> None:
    line = {"products_ns": [100.0], "bytes": 40, "bandwidth_gbs": 2.0, "step_ns": [240.0]}
    assert limits.limit_ns(line) == limits.limit_ns(line, floor=True) == [120.0], "lines of one thread"
    line["floor_ns"] = [60.0]
    assert limits.limit_ns(line) == [120.0]
    assert limits.limit_ns(line, floor=True) == [80.0]


def test_lines_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BLOCK_NS", 2e5)  # what it finds is not looked at
    engines = "native.tensor_cpp.tape,tensor_cpp.tape"
    run = ["run", "--workloads", "P2.matched", "--engines", engines, "--phases", "step", "--rounds", "1"]
    options = ["--budget", "0.1", "--block-ms", "0.2", "--extras", "limit", "--out", str(tmp_path)]
    threads = [1, 2] if len(allowed_cores()) > 1 else [1]
    status, document, err = bench(capsys, *run, *options, "--threads", ",".join(map(str, threads)))
    assert status == 0, err
    found = only(document, "limit")
    assert [(line["threads"], line["engine"]) for line in found] == list(
        itertools.product(threads, engines.split(","))
    )
    assert {line["backend"] for line in only(document, "limit_product")} >= {"tensor_cpp packed", "numpy"}
    for line in found:
        alone = [p for p in only(document, "limit_product") if p["threads"] == line["threads"]]
        assert {p["backend_threads"] for p in alone} == {1, line["threads"]}
        assert (line["status"], line["wl_hash"]) == ("ok", workload.load("P2.matched").hash())
        assert len(line["step_ns"]) == len(line["products_ns"]) == limits.ROUNDS
        assert line["bytes"] == 4 * 3 * 6570
        assert line["threads"] > 1 or line["floor_ns"] == line["products_ns"]
        ratio = limits.ratio(line)
        assert ratio is not None
        assert ratio.low <= ratio.median <= ratio.high
        limit = np.median(limits.limit_ns(line))
        fastest = {(p["m"], p["n"], p["k"], p["case"]): [] for p in alone}
        for p in alone:
            fastest[p["m"], p["n"], p["k"], p["case"]].append(np.median(p["ns"]))
        assert limit > 0.5 * sum(min(v) for v in fastest.values()) / line["threads"]
