"""The commands that a newcomer types first: compare, list, doctor."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from trigrad_bench import doctor, engines, workload
from trigrad_bench.bench_cli import main

from .harness import FAST, bench, cells, only


def test_compare_ends_with_table_report_and_three_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    asked = ["compare", "--engines", "tensor_cpp.tape,reference_py.stack", *FAST, "--out", str(tmp_path)]
    status, found, said = bench(capsys, *asked)
    assert (status, said) == (0, "")
    assert {c["status"] for c in cells(found).values()} == {"ok"}
    assert len(found["takeaways"]) == 3
    assert "2 of 2 combinations" in found["takeaways"][0]
    report = Path(found["report"])
    assert report.parent.parent == tmp_path
    page = html.unescape(report.read_text())
    assert all(sentence in page for sentence in found["takeaways"])
    folder = str(report.parent)
    assert main(["compare", "--resume", folder, "--out", str(tmp_path)]) == 0, "nothing is left to measure"
    printed = capsys.readouterr().out
    assert "T1" in printed
    assert f"report: {report}" in printed
    assert f"3. {found['takeaways'][2]}" in printed
    assert len(only(found, "cell")) == 2


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert [w["name"] for w in document["workloads"]] == list(workload.names())
    for name in [w["name"] for w in document["workloads"]] + list(document["suites"]):
        assert f"\n  {name} " in printed
    assert {"quick", "paper", "targets", "full"} <= set(document["suites"])
    assert set(document["engines"]) == set(engines.names())
    assert all(name in printed for name in document["groups"]["own"])


def test_the_doctor_examines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "names", lambda: (doctor.ENGINE, "native.adolc", "no.engine"))
    status, found, _ = bench(capsys, "doctor", "--seconds", "0.2")
    assert set(found["engines"]) == {doctor.ENGINE, "native.adolc", "no.engine"}
    assert found["engines"][doctor.ENGINE]["found"]
    assert "no.engine" in found["engines"]["no.engine"]["reason"]
    aa = found["aa"]
    assert aa["pairs"] > 1, "both processes had their turns"
    assert 0 < aa["low"] <= aa["median"] <= aa["high"]
    assert found["fit"] == (not found["complaints"])
    assert status == (0 if found["fit"] else 1)
    said = doctor.text(found)
    assert f"A/A control: {aa['median']:.4f}" in said
    assert all(complaint in said for complaint in found["complaints"])


def test_what_speaks_against_measuring_is_said() -> None:
    found = {"allowed_cores": 1, "machine": {"load": 99.0, "governor": "powersave"}}
    said = " | ".join(doctor.complaints(found, None))
    for part in ("other programs run: load 99", "only one core", "powersave", "could not be compared"):
        assert part in said
    calm = {"allowed_cores": 2, "machine": {"load": 0.0, "governor": ""}}
    assert doctor.complaints(calm, doctor.stats.Ratio(1.0, 0.99, 1.01, 50)) == []
    (uneven,) = doctor.complaints(calm, doctor.stats.Ratio(1.05, 1.04, 1.06, 50))
    assert "1.040 to 1.060" in uneven
    assert doctor.ENGINE in engines.names()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list --js", "--js; did you mean '--json'?"),
        ("run --suit quick", "--suit quick; did you mean '--suite'?"),
        ("plot latest --js", "--js; did you mean '--json'?"),
        ("trap --al", "--al; did you mean '--all'?"),
        ("run --bogus", "--bogus"),
    ],
)
def test_flags_are_taken_whole(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, in the command's own name: `trigrad bench` knows nothing of its flags."""
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    command = f"trigrad bench {words.split()[0]}"
    assert f"{command}: unrecognized arguments: {said} (see {command} --help)\n" == capsys.readouterr().err
