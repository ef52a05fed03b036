"""The page: complete in itself, readable without a picture, and honest about what is missing.

Why it exists: a report is opened years later, from disk, by somebody who did not make it.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from trigrad_bench.charts import build_all
from trigrad_bench.charts.chart import Chart
from trigrad_bench.charts.measure import Lines
from trigrad_bench.charts.render import render
from trigrad_bench.charts.style import DARK, LIGHT
from trigrad_bench.report import cli
from trigrad_bench.report.inline import Glyphs, inline, recolour
from trigrad_bench.report.page import page

from .lines import RUN, Line, lines

pytest.importorskip("matplotlib")
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Collects the page's elements and checks that they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def stored() -> list[Line]:
    """Fewer workloads: drawing takes most of the time."""
    few = ("F1", "T3")
    return [line for line in lines(without=("gemm",)) if line.get("workload", "T3") in few]


@pytest.fixture(scope="module")
def charts(stored: list[Line]) -> list[Chart]:
    return [c for c in build_all(Lines(stored)) if isinstance(c, Chart)]


@pytest.fixture(scope="module")
def html(stored: list[Line]) -> str:
    return page(stored)


@pytest.fixture(scope="module")
def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_page_is_well_formed(read: Reader) -> None:
    assert not read.wrong
    assert not read.open
    ids = [a["id"] for _, a in read.found if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {
        a["href"][1:] for t, a in read.found if t in ("a", "use") and a.get("href", "").startswith("#")
    }
    assert targets <= set(ids)
    labels = {word for _, a in read.found for word in a.get("aria-labelledby", "").split()}
    assert labels <= set(ids)


def test_nothing_is_fetched(html: str, read: Reader) -> None:
    for tag, attributes in read.found:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            if name not in attributes:
                continue
            value = attributes[name]
            # A link that a reader may follow: the raw lines beside the page.
            assert value.startswith(("#", "data:")) or (tag == "a" and value == "lines.jsonl"), (tag, value)
    assert all(url.startswith("#") for url in re.findall(r"url\(([^)]*)\)", html))
    assert "@import" not in html
    assert "http:" not in html
    assert "https:" not in html
    assert len(html.encode()) < 3_000_000


def test_every_chart_has_words_for_who_cannot_see_it(read: Reader, charts: list[Chart]) -> None:
    drawings = [a for t, a in read.found if t == "svg" and a.get("class") == "plot"]
    assert len(drawings) == len(charts) > 5
    for drawing, chart in zip(drawings, charts, strict=True):
        assert drawing["role"] == "img"
        assert drawing["aria-label"] == chart.alt


def test_the_points_inside_the_page_are_the_charts_points(
    html: str, charts: list[Chart], stored: list[Line]
) -> None:
    inside = dict(re.findall(r'download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', html))
    for chart in charts:
        assert base64.b64decode(inside[f"{chart.name}.csv"]).decode() == chart.csv()
    cells = list(csv.DictReader(io.StringIO(base64.b64decode(inside["cells.csv"]).decode())))
    assert {c["workload"] for c in cells} == {line["workload"] for line in stored if line["kind"] == "cell"}


def test_failures_and_missing_charts_are_named(html: str) -> None:
    assert '<td class="bad" title="weight0 is 0.31 off, 1e-05 allowed">✗ WRONG</td>' in html
    assert "WRONG: weight0 is 0.31 off, 1e-05 allowed" in html
    assert re.search(
        r"Matrix products against the machine&#x27;s peak</strong> needs <code>trigrad bench run", html
    )
    assert "Example CPU 9000 &lt;8-core&gt;" in html
    assert "<8-core>" not in html


def test_who_is_compared_with_itself_is_named() -> None:
    """PyTorch where it is installed; on a fresh machine another engine is the control."""
    assert Lines(lines()).band_in_words().startswith("PyTorch against itself, at most 0.9")
    others = [one | {"engine": "tensor_cpp.tape"} if one["kind"] == "control" else one for one in lines()]
    assert Lines(others).band_in_words().startswith("tensor_cpp.tape against itself, at most 0.9")
    assert not Lines([one for one in lines() if one["kind"] != "control"]).band_in_words()


def test_takeaways_come_first_and_are_three(html: str) -> None:
    first = html.split("<section", 2)[1]
    assert 'id="takeaways"' in first
    assert first.count("<li>") == 3


def test_dark_is_light_recoloured(charts: list[Chart]) -> None:
    chart = next(c for c in charts if c.name == "cpp_python_numpy_pytorch")
    light, dark = (render(chart, theme, bare=True).decode() for theme in (LIGHT, DARK))

    def colours(theme: object, text: str) -> str:
        found = re.sub(r"var\(--(\w+)\)", lambda m: str(getattr(theme, m[1])), text)
        return re.sub(r'(id="|#)[hmp][0-9a-f]{10}', r"\1", found)  # names made from the colours

    assert colours(DARK, recolour(light)) == colours(
        DARK, re.sub(r' (fill|stroke)="(#\w{6})"', r' style="\1: \2"', dark)
    )


def test_an_unknown_colour_is_noticed() -> None:
    with pytest.raises(ValueError, match="#123456, which is no colour of the theme"):
        recolour('<path style="fill: #123456"/>')


def test_the_commands_write_report_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results" / RUN
    folder.mkdir(parents=True)
    few = [line for line in lines() if line["kind"] in ("run", "machine", "depth")]
    (folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in few), encoding="utf-8")
    where = ["--results", str(tmp_path / "results")]
    assert cli.main(["report", RUN[:8], *where, "--out", str(tmp_path / "out")]) == 0
    written = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f'href="../results/{RUN}/lines.jsonl"' in written
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]
    capsys.readouterr()
    assert cli.main(["plot", "latest", *where, "--only", "depth", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(p.name for p in (folder / "charts").iterdir()) == [
        "depth.csv",
        "depth.dark.png",
        "depth.dark.svg",
        "depth.light.png",
        "depth.light.svg",
    ]
    assert len(document["files"]) == 5
    assert cli.main(["export", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["run"] == RUN


def test_commands_say_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "nothing", "--results", str(tmp_path)]) == 2
    assert "no run is called 'nothing'" in capsys.readouterr().err
    (tmp_path / "lines.jsonl").write_text('{"kind": "run"}\n', encoding="utf-8")
    assert cli.main(["plot", str(tmp_path), "--only", "pie"]) == 2
    assert "no chart is called 'pie'; there are overview," in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        cli.main(["export"])
    assert stopped.value.code == 2


def test_a_drawing_gets_shorter_but_its_letters_keep_their_size() -> None:
    svg = b'<svg viewBox="0 0 9 9"><g transform="translate(10.017656 210.754362) scale(0.085 -0.085)"/></svg>'
    assert 'transform="translate(10.02 210.75) scale(0.085 -.085)"' in inline(
        svg, "name", "what it is", Glyphs()
    )
