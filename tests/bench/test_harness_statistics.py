"""Statistics and gate against facts that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from trigrad_bench import gate, reference, stats, summary, terminal


def test_medians_and_spreads() -> None:
    assert stats.median([3, 1, 2]) == 2
    assert stats.median([]) != stats.median([]), "NaN of nothing"
    assert stats.mad([1, 2, 3, 4, 100]) == 1, "one outlier does not move it"
    assert stats.iqr_over_median([1, 2, 3, 4, 5]) == pytest.approx(2 / 3)
    assert stats.outliers([1, 2, 3, 4, 5, 100]) == 1
    assert stats.outliers([1, 2]) == 0


def test_bootstrap_interval_of_a_known_series() -> None:
    assert stats.bootstrap([5.0] * 9) == (5.0, 5.0)
    values = np.arange(1.0, 102.0)
    low, high = stats.bootstrap(values, seed=1)
    # The median of 101 values has the order statistics 41 and 61 as its exact 95 % interval (binomial).
    assert 39 <= low <= 43
    assert 59 <= high <= 63
    assert stats.bootstrap(values, seed=1) == (low, high), "the same seed gives the same interval"
    assert all(math.isnan(v) for v in stats.bootstrap([]))


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for k in range(200):
        low, high = stats.bootstrap(rng.normal(size=25), seed=k, samples=500)
        hits += low <= 0 <= high
    assert 180 <= hits <= 199


def line(ns: list[float], n: int = 1, proc: int = 0, rounds: list[int] | None = None) -> dict[str, object]:
    return {"n": n, "block_ns": ns, "round": rounds or list(range(len(ns))), "proc": proc}


def named(a: list[float], b: list[float]) -> dict[str, object]:
    return {"workload": "T1", "dtype": "float32", "threads": 1, "block_a_ns": a, "block_b_ns": b}


def test_processes_are_what_an_interval_counts() -> None:
    # Three processes whose medians are 2, 4 and 8: mean 4, Student's interval with two degrees of freedom.
    pairs = [([2.0, 2.1, 1.9], [1.0] * 3), ([4.0], [1.0]), ([16.0, 16.0], [2.0, 2.0])]
    ratio = stats.ratio_of_processes(pairs)
    reach = 2.0 ** (4.303 / math.sqrt(3))
    assert ratio.median == pytest.approx(4.0)
    assert ratio.low == pytest.approx(4 / reach)
    assert ratio.high == pytest.approx(4 * reach)
    assert ratio.pairs == 6
    two = stats.ratio_of_processes(pairs[:2])
    alone = stats.ratio_of_pairs([2.0, 2.1, 1.9, 4.0], [1.0] * 4)
    assert (two.median, two.low, two.high) == (alone.median, alone.low, alone.high), (
        "no spread can be taken from two"
    )
    a = [line([100.0, 300.0], proc=k) for k in range(3)]
    b = [line([50.0, 150.0], proc=k) for k in range(3)]
    paired = stats.paired_ratio(a, b)
    assert paired == stats.Ratio(pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0), 6, 3)


def test_two_runs_agree_within_their_intervals_although_their_processes_differ() -> None:
    rng = np.random.default_rng(11)

    def run() -> tuple[stats.Ratio, stats.Ratio]:
        """Chance moves a process by 5 %, a round by 0.5 %: by processes, and by rounds as if of one."""
        pairs = []
        for _ in range(3):
            process = math.exp(0.05 * rng.normal())
            pairs.append((process * np.exp(0.005 * rng.normal(size=5)), np.ones(5)))
        rounds = np.concatenate([a for a, _ in pairs])
        return stats.ratio_of_processes(pairs), stats.ratio_of_pairs(rounds, np.ones(15))

    covered = overlapping = by_rounds = 0
    for _ in range(200):
        (one, rounds), (other, _) = run(), run()
        covered += one.low <= 1 <= one.high
        by_rounds += rounds.low <= 1 <= rounds.high
        overlapping += one.low <= other.high and other.low <= one.high
    assert 180 <= covered <= 199
    assert overlapping >= 195
    assert by_rounds < 170, "what rounds alone claim is too much"


def test_controls_of_one_workload_are_one_band() -> None:
    controls = [named([1.0, 1.0], [1.0, 1.0]), named([1.01, 1.01], [1.0, 1.0]), named([1.0], [1.01])]
    (ratio,) = stats.control_ratios(controls).values()
    assert ratio.median == pytest.approx(1.0)
    low, high = stats.aa_band(controls)
    assert high == pytest.approx(math.exp(4.303 * math.log(1.01) / math.sqrt(3)))
    assert low == pytest.approx(1 / high)


def test_one_noisy_workload_does_not_move_the_control_of_all() -> None:
    of_all = stats.control_of_all([stats.Ratio(r, r, r, 9, 3) for r in (0.99, 1.0, 1.01, 1.02, 3.0)])
    assert of_all.median == pytest.approx(1.01)
    assert (of_all.pairs, of_all.processes) == (45, 3)
    assert of_all.low == pytest.approx(0.99)
    biased = stats.control_of_all([stats.Ratio(1.05 + k / 1000, 1, 2, 9, 3) for k in range(20)])
    assert biased.low > 1.05, "but what moves all of them is seen"


def test_the_mean_of_ratios_is_geometric() -> None:
    mean = stats.geometric_mean([stats.Ratio(2.0, 1.0, 4.0, 5), stats.Ratio(8.0, 4.0, 16.0, 5)])
    assert mean.median == pytest.approx(4.0)
    assert mean.high == pytest.approx(4.0 * 2 ** (math.sqrt(2) / 2))
    assert mean.low == pytest.approx(4.0 / 2 ** (math.sqrt(2) / 2))


def test_ratios_are_paired_by_process_and_round() -> None:
    fast, slow = [100.0, 200.0, 400.0], [200.0, 400.0, 800.0]
    ratio = stats.paired_ratio(line(slow), line(fast))
    assert ratio == stats.Ratio(pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0), 3)
    assert stats.paired_ratio(line(slow, n=4), line(fast, n=2)).median == pytest.approx(1.0)  # type: ignore[union-attr]
    partial = stats.paired_ratio(
        [line([900.0], proc=1), line([200.0], rounds=[2])], [line(fast), line([300.0], proc=1)]
    )
    assert partial is not None
    assert partial.pairs == 2, "only what both have"
    assert partial.median == pytest.approx(math.sqrt(3.0 * 0.5))
    assert stats.paired_ratio(line([1.0], proc=1), line([1.0], proc=2)) is None
    there, back = stats.ratio_of_pairs(slow, fast), stats.ratio_of_pairs(fast, slow)
    assert there.median == pytest.approx(1 / back.median)


def test_a_slow_machine_does_not_show_in_paired_ratios() -> None:
    rng = np.random.default_rng(3)
    load = np.exp(rng.normal(size=25))  # whatever else runs: the same for both in one round
    a, b = 100 * load * np.exp(0.01 * rng.normal(size=25)), 110 * load * np.exp(0.01 * rng.normal(size=25))
    ratio = stats.ratio_of_pairs(a, b)
    assert ratio.median == pytest.approx(1 / 1.1, rel=0.02)
    assert stats.verdict(ratio) == "faster"


def test_the_same_engine_twice_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    said = []
    for k in range(20):
        a, b = (np.exp(0.05 * rng.normal(size=25)) for _ in "ab")
        control = named(list(np.exp(0.05 * rng.normal(size=25))), list(b))
        band = stats.aa_band([control])
        assert band[0] <= 1 <= band[1]
        said.append(stats.verdict(stats.ratio_of_pairs(a, b, seed=k), band))
    assert said.count("no difference shown") >= 19
    assert stats.verdict(stats.Ratio(0.97, 0.96, 0.98, 9), (0.95, 1.05)) == "no difference shown"
    assert stats.verdict(stats.Ratio(0.90, 0.88, 0.92, 9), (0.95, 1.05)) == "faster"
    assert stats.verdict(stats.Ratio(1.10, 1.08, 1.12, 9), (0.95, 1.05)) == "slower"
    assert stats.verdict(None) == ""
    assert stats.verdict(stats.Ratio(4.7, 4.7, 4.7, 1)) == "too few rounds"
    assert stats.verdict(stats.Ratio(4.7, 4.6, 4.8, 3, 3)) == "slower", "three processes of one round each"


def test_the_gate_is_relative_to_the_largest_entry() -> None:
    assert gate.deviation(np.array([100.0, 2e-9]), np.array([100.0, 1e-9])) == pytest.approx(1e-11)
    assert gate.deviation(np.array([100.0, np.nan]), np.array([100.0, 1e-9])) == math.inf
    assert gate.deviation(np.zeros(3), np.zeros(2)) == math.inf
    assert gate.deviation(np.zeros(2), np.zeros(2)) == 0
    assert gate.deviation(np.ones(2), np.zeros(2)) == math.inf
    workload = {"gate_factor": 4.0, "longest_sum": 256}
    assert gate.tolerance(workload, "float64") == 4 * 16 * 2.0**-52


def test_what_the_gate_says() -> None:
    right = {"loss": np.array(2.0), "grad/w": np.array([1.0, 2.0])}
    assert gate.check(right, right, 1e-9).status == "ok"
    assert gate.check(right | {"loss": np.array(2.1)}, right, 1e-9).worst == "loss"
    assert gate.check(right | {"grad/w": np.array([1.0, np.inf])}, right, 1e-9).status == "nan"
    assert gate.check({"loss": np.array(2.0)}, right, 1e-9).reason == "no grad/w in its result"
    assert gate.check(right | {"grad/w": np.ones(3)}, right, 1e-9).status == "wrong"


def test_float64_curves_are_judged_while_the_reference_is_stable() -> None:
    curve = [1.0, 0.5, 0.25, 0.125]
    drifting = [1.0, 0.5 + 1e-12, 0.25 + 1e-10, 0.2]
    assert gate.trusted_steps(curve, drifting) == 2
    assert gate.check_curve64([1.0, 0.5, 9.0, 9.0], curve, drifting).ok, "nobody can be judged after step 2"
    assert gate.check_curve64([1.0, 0.5 + 1e-8, 0.25, 0.125], curve, curve).ok is False
    assert gate.check_curve64([1.0, math.nan, 0.25, 0.125], curve, curve).ok is False
    assert gate.check_curve64(curve, curve, [2.0] * 4).ok is None


def test_float32_curves_are_judged_by_pytorch() -> None:
    curve, torch = [1.0, 0.5], [1.0, 0.5 + 1e-6]
    assert gate.check_curve32([1.0, 0.5 + 9e-6], curve, torch, 1e-8).ok
    assert not gate.check_curve32([1.0, 0.5 + 2e-5], curve, torch, 1e-8).ok
    longer = gate.check_curve32([1.0, 0.5 + 9e-6, 0.3], [*curve, 0.25], torch, 1e-8)
    assert longer.ok, "PyTorch's yardstick ends with its curve"
    assert longer.steps == 2
    assert gate.check_curve32([1.0, 0.5 + 9e-7], curve, None, 1e-8).ok
    assert not gate.check_curve32([1.0, 0.5 + 2e-6], curve, None, 1e-8).ok
    assert gate.check_curve32(curve, curve, [1.0, math.nan], 1e-8).ok is None


def test_a_float32_curve_may_go_where_a_rounded_start_goes() -> None:
    curve, torch, other = [1.0, 0.5], [1.0, 0.5 + 1e-6], [1.0, 0.501]
    assert gate.check_curve32(other, curve, torch, 1e-8).ok is False
    assert gate.check_curve32(other, curve, torch, 1e-8, [curve, other]).ok
    assert gate.check_curve32(other, curve, None, 1e-8, [curve, other]).ok
    wrong = gate.check_curve32([1.0, 0.52], curve, torch, 1e-8, [curve, other])
    assert wrong.ok is False
    assert wrong.allowed == pytest.approx(10 * 0.001)
    assert "or a rounded start's" in wrong.reason


@pytest.mark.parametrize("name", ["chain", "fan_in", "lattice"])
def test_graphs_by_hand_agree_with_the_reference_engine(name: str) -> None:
    from trigrad_bench import arrays, workload
    from trigrad_bench.engines import create
    from trigrad_bench.engines.protocol import Inputs

    loaded = workload.load(name, {"model.size": 200})
    made = arrays.make(loaded)
    engine = create("reference_py.stack")
    engine.setup(loaded.as_json(), Inputs(made.parameters, made.data, made.batches, made.lrs), "float64")
    by_hand = reference.by_hand(loaded.as_json()["model"], made.parameters)
    check = gate.check(engine.result(), by_hand, gate.tolerance(loaded.as_json(), "float64"))
    assert check.status == "ok", check


def test_sentences_are_computed_from_the_lines() -> None:
    def cell(name: str, ns: float, status: str = "ok") -> dict[str, object]:
        blocks = [ns * f for f in (1.0, 1.01, 0.99)] * 3 if status == "ok" else []
        check = {"max_rel": 1e-16, "allowed": 1e-14, "ok": True}
        names = {
            "kind": "cell",
            "workload": "T1",
            "dtype": "float32",
            "threads": 1,
            "phase": "step",
            "proc": 0,
        }
        return names | {"engine": name, "status": status, "reason": "off", "check": check, **line(blocks)}

    lines = [
        cell("torch", 300),
        cell("tensor_cpp.tape", 100),
        cell("tensor_cpp.recursive", 120),
        cell("x", 1, "wrong"),
    ]
    said = summary.takeaways(lines)
    assert said[0].startswith("Not every engine gave a right answer: 3 of 4")
    assert "x on T1 (wrong)" in said[0]
    assert said[1] == "tensor_cpp.tape is faster than torch in 1 of 1 (3.00x on T1)."
    assert said[2].startswith("The recursive order takes 1.20x the time of the tape")
    assert summary.takeaways(lines[:3])[0].startswith("Every gradient is right: 3 of 3")
    text = terminal.table(lines)
    assert "WRONG" in text
    assert "3.00x" in text
    assert "\033" not in text
    assert "\033[31mWRONG" in terminal.table(lines, color=True)


def test_a_curve_that_could_not_be_drawn_is_no_wrong_one() -> None:
    def curve(engine: str, ok: bool | None, reason: str) -> dict[str, object]:
        return {"kind": "curve", "workload": "T1", "engine": engine, "ok": ok, "reason": reason}

    curves = [
        curve("a", True, ""),
        curve("b", False, "it bends"),
        curve("c", None, "no memory"),
        curve("", None, "too deep"),
    ]
    assert terminal.footer(curves) == [
        "training curves: 1 of 2 follow the reference.",
        "  WRONG curve: b on T1: it bends",
        "  no curve: c on T1: no memory",
        "  no curve: the reference on T1: too deep",
    ]
