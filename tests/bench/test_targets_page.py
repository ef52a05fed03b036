"""docs/targets.md shows the figures of its stored runs and no others."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from trigrad_bench import stats

from .lines import lines
from .stored_pages import DOCS, check_commits, check_fresh, script, stored

pytest.importorskip("matplotlib")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("targets", monkeypatch)


def test_page_is_fresh() -> None:
    check_fresh("targets")
    head = (DOCS / "targets.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert re.search(r"^\| .* \(family \d+, model \d+\) \| 2 threads \| \d", head, re.MULTILINE)


def test_marks_say_whether_a_goal_is_reached(make: ModuleType) -> None:
    ratio = stats.Ratio(2.0, 1.8, 2.2, 9)
    assert make.reached(ratio, 2).endswith("| 2 ✓")
    assert make.reached(ratio, 2.1).endswith("| 2.1 ≈")
    assert make.reached(ratio, 2.3).endswith("| 2.3 ✗")
    assert make.reached(ratio, 2.3, most=2.4).endswith("| 2.3 ✗")
    assert make.reached(ratio, 2.3, most=2.2).endswith("| 2.3 ⊘"), "no engine could"
    assert make.reached(ratio, 2.0, most=1.5).endswith("| 2 ✓"), "what is reached is possible"
    assert make.reached(None, 2) == "– | "


def test_what_a_limit_allows(make: ModuleType) -> None:
    fast, torch = make.stats.Ratio(1.6, 1.5, 1.7, 9, 1), make.stats.Ratio(2.0, 1.9, 2.2, 9, 1)
    near, beyond = make.stats.Ratio(1.02, 1.0, 1.1, 9, 1), make.stats.Ratio(0.9, 0.85, 0.95, 9, 1)
    assert make.allowed(fast, near, torch) == pytest.approx(1.7 * 1.1)
    assert make.allowed(fast, beyond, torch) == 1.7, "who is faster than its limit need not become slower"
    assert make.allowed(fast, beyond, make.stats.Ratio(1.3, 1.2, 1.4, 9, 1)) == 1.7, "C++ is as fast as that"
    assert make.allowed(None, near, torch) == make.allowed(fast, None, torch) == 2.2
    assert make.allowed(None, None, None) == float("inf")


def test_a_run_that_counted_bytes_by_a_copy_says_so(make: ModuleType) -> None:
    old = [{k: v for k, v in line.items() if k != "moved_by"} for line in lines()]
    assert make.page(old).count("at the speed of a copy") == 1


def test_a_mean_is_of_all_rows_or_of_none(make: ModuleType) -> None:
    ratio = stats.Ratio(2.0, 1.0, 4.0, 5)
    assert make.mean([ratio, ratio]).median == pytest.approx(2.0)
    assert make.mean([ratio, None]) is None


def test_page_of_other_lines(make: ModuleType) -> None:
    text = make.page(lines())
    assert re.search(r"\| T3 \| 2 – 4 – 1, one row \| \S+ µs \| 2\d\d× \(.*\) \| 200 ✓ \|", text)
    assert "## A training step, 1 thread\n" in text
    assert "## A training step, 2 threads\n" in text
    for threads, least in (("1 thread", 100), ("2 threads", 50)):
        row = re.search(
            rf"\| {threads} \| limit .*\n.*\n\| A1\.d128 \| (\S+) µs \| 1\.\d\d× \| 1\.3 ✓ \|", text
        )
        assert row, threads
        assert float(row[1]) == pytest.approx(least, rel=0.05)
    assert "| native.tensor_cpp.tape | 60 ns | 30 ns | 90 ns | 100 ns ✓ |" in text
    assert "at the speed of a copy" not in text
    few = make.page(lines(without=("limit", "op_cost", "scalar_cost", "scalar_size", "value_cost")))
    assert set(re.findall(r"### (.*?),", few)) == {"A training step"}


def test_each_machine_has_a_section_of_its_own(make: ModuleType) -> None:
    mine = lines()
    other = [
        line
        | {"run": "other"}
        | ({"cpu": "Another CPU", "family": "7/8/9"} if line["kind"] == "machine" else {})
        for line in mine
    ]
    text = make.page(mine + other)
    assert text.count("### A training step, 1 thread\n") == 2
    assert "\n## Another CPU (family 7, model 8)\n" in text
    assert "Geometric means" not in text, "not all rows are there"


def test_two_hosts_of_one_model_are_not_one_machine(make: ModuleType) -> None:
    """The lines of one of them would be missing from the page, which would name both runs."""
    other = [line | {"run": "other"} | ({"machine": "f00"} if "machine" in line else {}) for line in lines()]
    with pytest.raises(
        SystemExit, match=r"make_targets.py: these runs are of several hosts: .*; give those of one"
    ):
        make.page(lines() + other)


def test_lines_that_are_refused_are_not_stored(
    make: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(make.pages, "DOCS", tmp_path)
    (new := tmp_path / "new.jsonl").write_text('{"kind": "cell", "run": "a"}\n')
    monkeypatch.setattr(sys, "argv", ["make", str(new)])

    def refuse(lines: list[dict[str, Any]]) -> str:
        raise SystemExit("no")

    with pytest.raises(SystemExit, match="no"):
        make.pages.main("", "some", refuse)
    assert list((tmp_path / "results").iterdir()) == []
    assert make.pages.main("", "some", lambda lines: lines[0]["run"]) == 0
    assert (tmp_path / "some.md").read_text() == "a"
    monkeypatch.setattr(sys, "argv", ["make", "--check"])
    assert make.pages.main("", "some", lambda lines: lines[0]["run"]) == 0
    assert make.pages.main("", "some", lambda lines: "b") == 1


def test_what_is_stored_of_a_machine_stays_until_it_is_measured_again(make: ModuleType) -> None:
    old = [{"kind": "machine", "run": run, "cpu": cpu} for run, cpu in (("a", "one"), ("b", "two"))]
    old += [{"kind": "cell", "run": "a"}, {"kind": "cell", "run": "b"}]
    new = [{"kind": "machine", "run": "c", "cpu": "one"}, {"kind": "cell", "run": "c"}]
    kept = make.pages.elsewhere(old, new, lambda line: line["cpu"])
    assert [line["run"] for line in kept] == ["b", "b"]


def test_a_processor_without_a_family_keeps_its_plain_name(make: ModuleType) -> None:
    assert make.title({"cpu": "Neoverse"}) == "Neoverse"
    assert make.title({"cpu": "Neoverse", "family": "?/?/?"}) == "Neoverse"
    assert make.title({"cpu": "AMD EPYC", "family": "26/2/1"}) == "AMD EPYC (family 26, model 2)"


def test_a_goal_that_a_bare_tape_misses_is_out_of_reach(make: ModuleType) -> None:
    found = lines()
    text = make.page(found)
    row = r"\| micrograd's moons \| op \| 1\.\d+ ns \| (2\.9|3\.0)\d ns \| .* \| 5 ✓ \| .* \| 12 (.) \|"
    assert re.search(row, text)[2] == "✗", "16.7 times would be possible"  # type: ignore[index]
    for one in found:
        if one["kind"] == "scalar_cost" and one["engine"] == "native.bare_tape":
            one["grad_ns"] = [ns * 1.6 for ns in one["grad_ns"]]
    text = make.page(found)
    assert re.search(row.replace("1\\.", "2\\."), text)[2] == "⊘", "no more than 10.4"  # type: ignore[index]
    for one in found:
        if one["kind"] == "scalar_cost" and one["engine"] == "native.bare_tape":
            one["grad_ns"] = [ns * 1.6 for ns in one["grad_ns"]]
    text = make.page(found)
    assert re.search(row.replace("1\\.", "4\\."), text)[2] == "✗", "slower than scalar_cpp: no limit"  # type: ignore[index]


def test_numbers_in_python_stand_beside_micrograds(make: ModuleType) -> None:
    table = make.value_table([line for line in lines() if line["kind"] == "value_cost"])
    assert table.splitlines()[2:] == [
        "| an operator | 40 ns | 800 ns | 20× | 45 ns ✓ |",
        "| a step, written out, collector off | 6 ms | 100 ms | 16.7× |  |",
        "| a step, its own MLP, collector off | 1 ms | 100 ms | 100× (100× to 100×) | 30 ✓ |",
        "| a step, written out, as Python ships it | 6 ms | 250 ms | 41.7× |  |",
        "| a step, its own MLP, as Python ships it | 1 ms | 250 ms | 250× (250× to 250×) | 300 ✗ |",
    ]
    alone = [one for one in lines() if one["kind"] == "value_cost" and one["engine"] == "scalar_cpp.value"]
    assert make.value_table(alone).splitlines()[2:4] == [
        "| an operator | 40 ns | – | – | 45 ns ✓ |",
        "| a step, written out, collector off | 6 ms | – | – |  |",
    ]


def test_what_even_a_bare_tape_cannot_keep_flat_is_out_of_reach(make: ModuleType) -> None:
    sizes = [line for line in lines() if line["kind"] == "scalar_size"]
    assert "| chain | native.scalar_cpp | 3.0" in make.size_table(sizes)
    assert "within 1.25× ✓" in make.size_table(sizes)
    for growing, verdict in ((("native.scalar_cpp",), "✗"), (("native.scalar_cpp", "native.bare_tape"), "⊘")):
        steep = [
            one | {"again_ns": [2 * ns for ns in one["again_ns"]]}
            if one["engine"] in growing and one["nodes"] > 1e6
            else one
            for one in sizes
        ]
        assert f"within 1.25× {verdict}" in make.size_table(steep)


def test_stored_runs_name_their_machine_and_nobodys_paths() -> None:
    found = stored("targets")
    check_commits(found)
    assert {"cell", "control", "limit", "op_cost", "scalar_cost"} <= {line["kind"] for line in found}
