"""Every workload file loads and says what its seed did; an error names file, key and what was expected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trigrad_bench import sizes, workload
from trigrad_bench.workload import WorkloadError, load

ROWS = "A1 A2 E1 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 M1 M2 M3 P1 P2 P3 P4 P5 P6 T1 T2 T3 T4".split()
SHAPES = ["chain", "fan_in", "lattice"]


def test_every_row_of_the_seeds_is_a_file() -> None:
    assert workload.families() == ROWS + SHAPES


@pytest.mark.parametrize("name", workload.names())
def test_loads(name: str) -> None:
    w = load(name)
    assert w.name == name
    assert w.family in ROWS + SHAPES
    assert w.title
    assert w.about
    assert w.source
    assert w.steps >= 1
    assert w.longest_sum >= 1
    plain = w.as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["model"]["kind"] == w.model.kind
    assert plain["longest_sum"] == w.longest_sum
    for side in w.sides.values():
        load(side)


@pytest.mark.parametrize("family", ROWS)
def test_says_what_the_seed_measured(family: str) -> None:
    assert load(family).really_measured


PUBLISHED = {
    "F1": 109_386,
    "P2": 6570,
    "P3": 1_861_386,
    "P4": 42_502_154,
    "M2": 337,
    "P1": 337,
    "E1": 51,
    "P6": 784 * 64 + 64 + 64 * 32 + 32 + 330,
}


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_parameter_counts(name: str, count: int) -> None:
    assert load(name).parameter_count == count


LADDER = {"n109k": 109_386, "n701k": 701e3, "n2800k": 2.8e6, "n11300k": 11.3e6, "n45100k": 45.1e6}


@pytest.mark.parametrize(("rung", "count"), LADDER.items())
def test_the_ladder_is_within_two_percent(rung: str, count: float) -> None:
    found = load(f"F2.{rung}").parameter_count
    assert abs(found / count - 1) < 0.02
    if rung != "n109k":
        assert f"{found:,} parameters" in load(f"F2.{rung}").about


def test_steps() -> None:
    assert {n: load(n).steps for n in ("T2", "T3", "P2", "P3", "P4", "F1.mnist", "P1", "M3", "F6")} == {
        "T2": 20_000,
        "T3": 20_000,
        "P2": 250,
        "P3": 30,
        "P4": 10,  # eight rows: one step an epoch
        "F1.mnist": 18_750,
        "P1": 80,
        "M3": 10,
        "F6": 200,
    }
    assert len(load("P3").model.layers) == 31
    assert sizes.shares(load("F6").data) == (124, 54, 0)
    assert sizes.shares(load("P6").data) == (100, 5, 0)
    assert sizes.shares(load("P6.mnist").data) == (100, 5, 0)
    assert sizes.shares(load("F1.mnist").data) == (60_000, 10_000, 0)
    assert load("P5").threads == (1, 2, 4, 8)
    assert load("P5.bigger").model == load("P4").model


def test_matched_is_one_job() -> None:
    assert load("M3.matched").hash() == load("P1.matched").hash() == load("M2").hash()
    assert load("F6.matched").model == load("F6.trunk").model
    assert not load("P2.matched").per_sample
    assert load("P2").per_sample
    assert load("F1.matched").hash() == load("F1").hash() != load("F1.plain").hash()
    assert load("M3.matched").source == load("M3").source  # its own story


def test_variants_chain_and_overrides() -> None:
    w = load("P2.matched.full", {"optimizer.lr": 0.5, "data": {"rows": 100}, "epochs": 2})
    assert (w.name, w.per_sample, w.shuffle, w.optimizer.lr, w.epochs) == (
        "P2.matched.full",
        False,
        True,
        0.5,
        2,
    )
    assert sizes.shares(w.data) == (80, 20, 0)
    assert w.steps == 6


def test_a_hash_follows_the_job_and_not_the_words() -> None:
    w = load("T3")
    assert w.hash() == load("T3", {"about": "other words"}).hash()
    assert w.hash() != load("T3", {"optimizer.lr": 0.06}).hash()


GOOD = """
title = "t"
about = "a"
source = "s"
model = { kind = "mlp", layers = [2, 3, 1] }
loss = { kind = "mse" }
data = { kind = "sine", rows = 10 }
"""

BAD = {
    "title = 3": "title: expected a text, found 3",
    "batsch = 3": "batsch: unknown key; did you mean 'batch'?",
    "zzz = 3": "zzz: unknown key; known are title, about, source",
    "batch = 1.5": "batch: expected a whole number, found 1.5",
    "batch = true": "batch: expected a whole number, found True",
    "batch = -1": "batch: neither batch nor steps may be negative",
    "shuffle = 1": "shuffle: expected true or false, found 1",
    "numbers = 'dice'": "numbers: expected one of philox, mt19937, xorshift64star, found 'dice'",
    "dtypes = 'float32'": "dtypes: expected a list, found 'float32'",
    "dtypes = ['float16']": "dtypes[0]: expected one of float32, float64, found 'float16'",
    "dtypes = []": "dtypes: expected at least one of float32, float64",
    "model = 3": "model: expected a table, found 3",
    "model = {}": "model.kind: missing key",
    "model = { kind = 'mlp' }": "model.layers: an mlp needs at least two numbers: in and out",
    "model = { kind = 'mlp', layers = [2, 0, 1] }": "model.layers: every layer needs at least one feature",
    "model = { kind = 'mlp', layers = [2, 3, 1], dropout = [0.5, 0.1] }": "model.dropout: expected 1 rates",
    "model = { kind = 'mlp', layers = [2, 3, 1], dropout = [1.0] }": "model.dropout: expected rates from 0",
    "model = { kind = 'graph', shape = 'chain' }": "model.size: a graph needs a shape and a size",
    "model = { kind = 'expression' }": "model.formula: missing key",
    "model = { kind = 'two_mlps', nets = { a = [1, 2] } }": "model.nets: expected the nets quality and type",
    "loss = { kind = 'nll' }": "loss.kind: nll needs model.output = 'log_softmax'",
    "loss = { kind = 'mse', l2 = 'x' }": "loss.l2: expected a number, found 'x'",
    "optimizer = { kind = 'sgd' }": "optimizer.lr: expected a positive learning rate",
    "validation = true": "data.validation: validation is asked for, but no rows are kept back",
    "data = { kind = 'sine' }": "data.rows: this model needs at least one training row",
    "published = [{ who = 'x', what = 'y' }]": "published[0].value: missing key",
    "published = [{ who = 'x', what = 'y', value = [] }]": "published[0].value: expected a text, found []",
    "base = 'nothing'": "no workload is called 'nothing'",
    "base = 3": "base: expected the name of a workload",
    "= 3": "no valid TOML: ",
}


@pytest.mark.parametrize(("line", "message"), BAD.items())
def test_an_error_names_file_and_key(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    key = line.partition(" =")[0]
    kept = [text for text in GOOD.splitlines() if not text.startswith(f"{key} =")]
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(WorkloadError) as caught:
        load(str(path))
    assert message in str(caught.value)
    assert "mine.toml" in str(caught.value) or "base" in line


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + "[variants.wide]\nmodel = { layers = [2, 30, 1] }\n")
    assert load(str(path)).name == "mine"
    wide = load(f"{path}:wide")
    assert (wide.name, wide.parameter_count) == ("mine.wide", 121)


@pytest.mark.parametrize(
    ("name", "message"),
    {
        "P22": "no workload is called 'P22'; did you mean 'P2'?",
        "P2.machted": "P2.toml: P2 has no variant 'machted'; did you mean 'matched'?",
        "no/such.toml": "such.toml: no such file",
    }.items(),
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        load(name)
    assert message in str(caught.value)


def test_a_circle_is_found(tmp_path: Path) -> None:
    a, b = tmp_path / "a.toml", tmp_path / "b.toml"
    a.write_text(f"base = '{b}'")
    b.write_text(f"base = '{a}'")
    with pytest.raises(WorkloadError, match="is a circle"):
        load(str(a))


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkloadError, match=r"mine\.toml: no valid TOML"):
        load(str(path))


def test_suites() -> None:
    known = workload.suites()
    assert list(known) == ["quick", "paper", "targets", "full"]
    for suite in known.values():
        for name in [*suite["workloads"], *suite["instead"].values()]:
            load(name)
    families = {load(n).family for n in known["paper"]["workloads"]}
    assert families == {*ROWS, *SHAPES} - {"P5"}  # the thread sweep is full's
    assert {load(n).family for n in known["full"]["workloads"]} == {*ROWS, *SHAPES}
    with pytest.raises(WorkloadError, match="no suite is called 'quikc'; did you mean 'quick'"):
        workload.suite("quikc")
