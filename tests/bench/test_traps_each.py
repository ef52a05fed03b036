"""Every experiment runs, and what it answers is complete; the command line; the results that do not hold.

Why it exists: fifteen was the promise. No effect is asserted on the clock here: the timed experiments must
compute the same on both sides and fill in all fields, `trigrad bench trap --all --repeat 10` does the rest.
"""

from __future__ import annotations

import json
import math

import pytest
from trigrad_bench.traps import TRAPS, CannotRunError, Result, cli, outside, unoptimised_build
from trigrad_bench.traps.trap import Trap

NAMES = """unoptimised_build first_call garbage_collector profiler_in_the_clock detached_regulariser
wrong_fan_init content_hash_identity double_visit unreduced_bias forgotten_layers batch_of_one
single_sample_headline recursion_depth float32_then_float64_init dropout_in_evaluation""".split()


def test_the_list_is_complete() -> None:
    assert list(TRAPS) == NAMES
    assert len(NAMES) == 15


@pytest.mark.parametrize("name", NAMES)
def test_words(name: str) -> None:
    trap = TRAPS[name]
    texts = (trap.title, trap.source, trap.claim, trap.measured, trap.lesson, trap.effect)
    assert all(text == text.strip() and "  " not in text for text in texts)
    assert all(text.endswith(".") for text in (trap.claim, trap.measured, trap.lesson))
    assert not trap.title.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_experiment(name: str) -> None:
    trap = TRAPS[name]
    try:
        result = trap.run(0)
    except CannotRunError as reason:
        pytest.skip(str(reason))
    assert result.checks or trap.name == "first_call"
    assert all(result.checks.values()), result.checks
    assert result.right_answer
    assert result.sentence.endswith(".")
    assert all(math.isfinite(v) for v in (result.trapped, result.right, result.effect))
    plain = result.as_json()
    assert plain == json.loads(json.dumps(plain, allow_nan=False))
    if trap.timed:
        assert result.trapped > 0
        assert result.right > 0
    else:
        assert result.holds


def made_up(name: str, effects: list[float]) -> Trap:
    """A trap whose runs have these effects."""

    def run(seed: int) -> Result:
        return Result(effects[seed], 0.0, "", "A sentence.", "an answer", kind="difference")

    return Trap(name, "Title", "source", "Claim.", "Measured.", "Lesson.", "effect", False, run)


def test_an_effect_that_is_not_seen_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TRAPS, "shy", made_up("shy", [1.0, 0.0, 3.0]))
    assert cli.main(["shy", "--repeat", "3"]) == 1
    assert "2/3  NOT SEEN" in capsys.readouterr().out
    assert cli.main(["shy", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["traps"]
    assert (row["seen"], row["runs"], row["effect"]["median"]) == (1, 1, 1.0)


def test_a_failed_check_fails_whatever_the_effect() -> None:
    for kind, effect in (("ratio", 4.0), ("shortfall", 0.25), ("difference", 3.0)):
        good = Result(4.0, 1.0, "", "", "", kind=kind, checks={"equal": True})  # type: ignore[arg-type]
        assert good.effect == effect
        assert good.holds is (effect > good.bound)
        assert not Result(4.0, 1.0, "", "", "", kind=kind, checks={"equal": False}).holds  # type: ignore[arg-type]


def test_an_experiment_that_cannot_run_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(unoptimised_build, "build", outside.build.__wrapped__)  # nothing built before counts
    assert cli.main(["unoptimised_build"]) == 0
    assert "not run  no C++ compiler found" in capsys.readouterr().out


def test_list_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == NAMES
    assert cli.main(["--list", "--json"]) == 0
    assert [trap["name"] for trap in json.loads(capsys.readouterr().out)] == NAMES
    for arguments, words in (
        ([], "give the name of an experiment, or --all"),
        (["double_visit", "--all"], "give the name of an experiment, or --all"),
        (["double_vist"], "did you mean 'double_visit'?"),
        (["double_visit", "--repeat", "0"], "--repeat must be at least 1, not 0"),
    ):
        assert cli.main(arguments) == 2
        assert words in capsys.readouterr().err


def test_one_experiment_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["double_visit"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for text in (TRAPS["double_visit"].lesson, "d(h + h)/dx is 12 and d(h + relu(h))/dx is 9", "1/1"):
        assert text in printed
