"""The traps whose effect is no matter of time: their exact numbers, and the right ones.

Why it exists: `trigrad bench trap` must show what the published engines did, not something like it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from trigrad_bench.traps import TRAPS, Result
from trigrad_bench.traps.content_hash_identity import ONE, TWO, slope, train
from trigrad_bench.traps.detached_regulariser import PENALTY, gradient
from trigrad_bench.traps.double_visit import bent, by_careless_stack, ours, twice
from trigrad_bench.traps.double_visit import slope as slope_of
from trigrad_bench.traps.forgotten_layers import network, parameters
from trigrad_bench.traps.mini import Number, by_recursion
from trigrad_bench.traps.unreduced_bias import back_to
from trigrad_bench.traps.yin_yang import RandomNumbers, points

SEEDS = (0, 1, 2)


def run(name: str, seed: int) -> Result:
    result = TRAPS[name].run(seed)
    assert result.holds, [check for check, passed in result.checks.items() if not passed]
    return result


@pytest.mark.parametrize("seed", SEEDS)
def test_detached_regulariser(seed: int) -> None:
    """2·λ·p to the last bit, and none of it in the loss."""
    assert run("detached_regulariser", seed).effect > 0
    weights, x = np.array([[1.0, -0.5]]), np.array([[0.25, 2.0]])
    (loss, full), (same, detached) = (gradient(weights, x, attached) for attached in (True, False))
    assert loss == same == 0.75**2 + PENALTY * 1.25
    assert (full - detached).tolist() == [[2 * PENALTY, -PENALTY]]


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_fan_init(seed: int) -> None:
    result = run("wrong_fan_init", seed)
    assert result.effect == pytest.approx(math.sqrt(256 / 8), rel=1e-12)
    assert "0.447 instead of 0.177" in result.right_answer
    ratio = result.numbers["std_64_to_10_trapped"] / result.numbers["std_64_to_10_right"]
    assert ratio == pytest.approx(math.sqrt(6.4))


def test_content_hash_identity() -> None:
    """The first sample's gradient is lost; alone, it never trains."""
    run("content_hash_identity", 0)
    assert [slope(ONE, False), slope(TWO, False)] == [-24.0, -30.0]
    assert [slope(ONE, True), slope(TWO, True)] == [0.0, -6.0]
    assert train(True) == [36.0] * 10
    expected = [(2 * (4 - 3 * 0.2**k) - 8) ** 2 for k in range(10)]
    assert train(False) == pytest.approx(expected, rel=1e-6)


def test_double_visit() -> None:
    """12 and 9 in place of 6, and 6 in every order of ours."""
    from trigrad import tensor_cpp as tg

    run("double_visit", 0)
    assert [slope_of(e, by_careless_stack) for e in (twice, bent)] == [12.0, 9.0]
    assert [slope_of(e, by_recursion) for e in (twice, bent)] == [6.0, 6.0]
    assert all(ours(order) == [6.0, 6.0] for order in tg.ORDERS)


def test_double_visit_hides_behind_leaves() -> None:
    """What a test that reuses leaves only would see: nothing."""
    for order in (by_careless_stack, by_recursion):
        x = Number(3.0)
        (x + x).backward(order)
        assert x.grad == 2.0


def test_unreduced_bias() -> None:
    result = run("unreduced_bias", 0)
    assert (result.trapped, result.right, result.effect) == (320, 10, 32)
    gradient = np.arange(6.0).reshape(2, 3)
    assert back_to((3,), gradient, from_left=True).shape == (2, 3)
    assert back_to((3,), gradient, from_left=False).tolist() == [3, 5, 7]
    assert back_to((2, 1), gradient, from_left=False).tolist() == [[3], [12]]


def test_forgotten_layers() -> None:
    result = run("forgotten_layers", 0)
    assert (result.trapped, result.right) == (2570, 1861386)
    layers = network(0)
    assert [t is u for t, u in zip(parameters(layers, True), layers[-1], strict=True)] == [True, True]
    assert len(parameters(layers, False)) == 60


@pytest.mark.parametrize("seed", SEEDS)
def test_single_sample_headline(seed: int) -> None:
    result = run("single_sample_headline", seed)
    assert {result.numbers["tiny_min"], result.numbers["tiny_max"]} <= {0, 50, 100}
    assert result.numbers["full_min"] > 60


def test_float32_then_float64_init() -> None:
    """The losses of the original demo, and a distance that is small and not zero."""
    result = run("float32_then_float64_init", 0)
    assert result.numbers["first_loss"] == pytest.approx(1.0122152826497561, abs=1e-13)
    assert result.numbers["last_loss"] == pytest.approx(0.03906091113485444, abs=1e-10)
    assert 1e-9 < result.trapped < 1e-7
    random = RandomNumbers(42)
    first, second = points(random, 2)
    assert first.tolist() == [-0.6436591148376465, 1.1290233135223389, 0]
    assert second.tolist() == [1.502126693725586, -1.2461860179901123, 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_dropout_in_evaluation(seed: int) -> None:
    result = run("dropout_in_evaluation", seed)
    assert result.right == 0
    assert len({result.numbers[f"loss_{k}"] for k in (1, 2, 3)}) == 3


def test_the_mini_engine_is_right() -> None:
    """It shows mistakes in orders, so its own rules must hold: a·b + relu(a·a + b), by differences."""

    def f(a: Number, b: Number) -> Number:
        return a * b + (a * a + b).relu()

    a, b = Number(2.0), Number(3.0)
    f(a, b).backward()
    h = 1e-6
    for number, low, high in (
        (a, (2 - h, 3.0), (2 + h, 3.0)),
        (b, (2.0, 3 - h), (2.0, 3 + h)),
    ):
        slopes = [f(*map(Number, at)).data for at in (low, high)]
        assert number.grad == pytest.approx((slopes[1] - slopes[0]) / (2 * h), rel=1e-8)
