"""The charts: points are the lines' statistics, bytes are always the same, failures keep their place.

Why it exists: a chart that disagrees with its lines, or changes from run to run, cannot be trusted.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
import subprocess
import sys

import pytest
from trigrad_bench import stats
from trigrad_bench.charts import build_all, depth
from trigrad_bench.charts.bars import WHO
from trigrad_bench.charts.chart import Chart, Missing, duration, times
from trigrad_bench.charts.measure import Lines, median_interval, suffix_size
from trigrad_bench.charts.style import DARK, LEARNER, LIGHT, LOOKS, Theme, contrast

from .lines import Line, lines

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def stored() -> list[Line]:
    return lines()


@pytest.fixture(scope="module")
def charts(stored: list[Line]) -> dict[str, Chart]:
    return {c.name: c for c in build_all(Lines(stored)) if isinstance(c, Chart)}


def of(stored: list[Line], *workloads: str) -> list[Line]:
    """The lines of these workloads, with run and machine."""
    return [
        line for line in stored if line.get("workload") in workloads or line["kind"] in ("run", "machine")
    ]


def points(chart: Chart) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(chart.csv())))


def test_every_family_draws_from_a_complete_run(charts: dict[str, Chart]) -> None:
    assert list(charts) == [
        "overview",
        "cpp_python_numpy_pytorch",
        "width",
        "ladder",
        "scalar_tensor",
        "scalar_cost",
        "curves",
        "error_time",
        "phases",
        "breakdown",
        "op_cost",
        "depth",
        "size",
        "scaling",
        "gemm",
        "roofline",
        "limit",
        "threads",
        "waterfall",
    ]
    for chart in charts.values():
        for word in (
            "Machine 5d41402a",
            "Example CPU 9000",
            "trigrad 0.1.0",
            "torch 2.13.0",
            "2026-01-02",
            "--suite paper",
        ):
            assert word in chart.caption, (chart.name, word)
        assert len(chart.alt) > 40
        assert chart.rows
        assert chart.notes, f"{chart.name}: no published figure beside it"
        for note in chart.notes:
            assert note.published
            assert note.measured
            assert note.fair


def test_points_are_the_statistics_of_the_lines(charts: dict[str, Chart], stored: list[Line]) -> None:
    compared = 0
    for row in points(charts["cpp_python_numpy_pytorch"]):
        cells = [
            c
            for c in stored
            if c["kind"] == "cell"
            and c["status"] == "ok"
            and (c["workload"], c["engine"], c["phase"]) == (row["workload"], row["engine"], "step")
        ]
        values = [ns / c["n"] for c in cells for ns in c["block_ns"]]
        assert float(row["median_ns"]) == pytest.approx(statistics.median(values))
        assert float(row["low_ns"]) <= float(row["median_ns"]) <= float(row["high_ns"])
        assert int(row["blocks"]) == len(values)
        base = [
            c
            for c in stored
            if c["kind"] == "cell"
            and (c["workload"], c["engine"], c["phase"]) == (row["workload"], "torch", "step")
        ]
        ratio = stats.paired_ratio(cells, base)
        assert ratio is not None
        assert float(row["speed_vs_torch"]) == pytest.approx(1 / ratio.median)
        assert float(row["speed_low"]) == pytest.approx(1 / ratio.high)
        compared += 1
    assert compared == 10


def test_the_median_interval_is_the_one_of_the_sign_test() -> None:
    # n, and the order statistics (counted from one) of the 95 % interval in every table of it.
    for n, k in ((6, 1), (8, 1), (9, 2), (20, 6), (25, 8), (75, 29)):
        assert median_interval(range(1, n + 1)) == (k, n + 1 - k)
    assert median_interval([3.0, 1.0]) == (1.0, 3.0)


def test_the_page_wins_of_pytorch_are_said(stored: list[Line]) -> None:
    slow = [
        (
            {**c, "block_ns": [8 * v for v in c["block_ns"]]}
            if c["kind"] == "cell" and (c["workload"], c["engine"]) == ("A1.d1024", "tensor_cpp.tape")
            else c
        )
        for c in of(stored, "A1.d512", "A1.d1024")
    ]
    width = next(c for c in build_all(Lines(slow)) if c.name == "width")
    assert isinstance(width, Chart)
    assert (
        "PyTorch is faster than tensor_cpp in 1 of 4 comparisons: A1 at 1024 (tensor_cpp.tape, 4"
        in width.finding
    )


def test_wrong_hung_and_dead_cells_keep_their_place(charts: dict[str, Chart]) -> None:
    for chart, workload, engine, status, word in (
        ("overview", "F1", "reference_py.stack", "wrong", "0.31 off"),
        ("scalar_tensor", "P1", "torch.compile", "hung", "no answer for 60 s"),
        ("size", "chain", "micrograd", "dead", "RecursionError"),
        ("overview", "A1.d128", "micrograd", "unsupported", "memory"),
    ):
        rows = [r for r in points(charts[chart]) if (r["workload"], r["engine"]) == (workload, engine)]
        assert rows, (chart, workload, engine)
        for row in rows:
            assert row["status"] == status
            assert word in row["reason"]
            assert row.get("median_ns", row.get("ns_per_node")) == ""


def test_failures_are_written_into_the_drawing(charts: dict[str, Chart]) -> None:
    from matplotlib.text import Text

    for name, words in (
        ("overview", {"WRONG", "hung", "died"}),
        ("scalar_tensor", {"hung: no answer for 60 s; last words: com…"}),
    ):
        figure = charts[name].draw(LIGHT)
        assert words <= {t.get_text() for t in figure.findobj(Text)}


def test_what_a_run_has_no_lines_for_is_named_with_its_command() -> None:
    few = build_all(
        Lines([line for line in lines() if line.get("workload", "T2") == "T2" and line["kind"] != "depth"])
    )
    missing = {c.name: c.needs for c in few if isinstance(c, Missing)}
    assert missing.keys() == {
        "width",
        "ladder",
        "scalar_tensor",
        "scalar_cost",
        "curves",
        "phases",
        "depth",
        "size",
        "breakdown",
        "limit",
        "threads",
        "waterfall",
    }
    assert all(needs.startswith("trigrad bench run") for needs in missing.values())
    nothing = build_all(Lines([]))
    assert all(isinstance(c, Missing) for c in nothing)


def test_a_resumed_cell_counts_once_and_a_broken_off_one_not_at_all(stored: list[Line]) -> None:
    cells = [c for c in stored if c["kind"] == "cell" and c["workload"] == "T2"]
    again = {**cells[0], "block_ns": [2 * v for v in cells[0]["block_ns"]]}
    partial = {**cells[0], "proc": 5, "interrupted": True}
    first = Lines([*cells, again, partial]).points[0]
    assert first.phase == cells[0]["phase"]
    assert first.blocks == 2 * len(cells[0]["block_ns"])


def test_two_machines_never_share_a_page(stored: list[Line]) -> None:
    mine = of(stored, "T2")
    other = [{**c, "machine": "ffffffff"} for c in mine if c["kind"] == "cell"][:3]
    both = Lines([*mine, *other])
    assert both.left_out == ["ffffffff"]
    assert {c["machine"] for c in both.cells} == {"5d41402a"}
    assert all(p.blocks in (0, 8, 16) for p in both.points)


def test_a_learners_engine_goes_by_the_name_of_its_file(stored: list[Line]) -> None:
    mine = [
        {**c, "engine": "/home/me/mine.py"} if c.get("engine") == "micrograd" else c for c in of(stored, "T2")
    ]
    chart = build_all(Lines(mine))[0]
    assert isinstance(chart, Chart)
    assert "mine" in {r["engine"] for r in points(chart)}
    assert "/home" not in chart.csv() + chart.finding + chart.alt


SVG = """
import sys
from trigrad_bench.charts.depth import build
from trigrad_bench.charts.measure import Lines
from trigrad_bench.charts.render import render
from trigrad_bench.charts.style import DARK
from tests.bench.lines import lines
chart = build(Lines(line for line in lines() if line["kind"] in ("run", "machine", "depth")))
sys.stdout.buffer.write(render(chart, DARK, "svg"))
"""


def test_svg_is_the_same_bytes_in_another_process() -> None:
    import matplotlib as mpl
    from trigrad_bench.charts.render import render

    few = depth.build(Lines(line for line in lines() if line["kind"] in ("run", "machine", "depth")))
    assert isinstance(few, Chart)
    here = render(few, DARK, "svg")
    with mpl.rc_context({"font.size": 30, "axes.grid": False}):  # a user's own settings change nothing
        assert render(few, DARK, "svg") == here
    path = [*sys.path]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}\n{SVG}"], capture_output=True, check=True
    )
    assert done.stdout == here
    assert b"date" not in here[:2000].lower()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper(theme: Theme) -> None:
    for role in {look.role for look in LOOKS.values()} | {"learner"}:
        assert contrast(str(getattr(theme, role)), theme.paper) >= 3, role
    for role in ("ink", "muted", "bad"):
        assert contrast(str(getattr(theme, role)), theme.paper) >= 4.5, role


def test_no_two_engines_look_alike_without_colour() -> None:
    looks = [*LOOKS.values(), LEARNER]
    assert len({(k.marker, k.hollow) for k in looks}) == len(looks)
    bars = {k.hatch or k.role for k in (LOOKS[name] for name in WHO)}
    assert len(bars) == len(WHO)


def test_figures_are_written_as_a_reader_would() -> None:
    assert [times(v) for v in (229.4, 16.24, 2.4, 0.61, 0.0012)] == [
        "229×",
        "16.2×",
        "2.40×",
        "0.61×",
        "0.0012×",
    ]
    assert [duration(v) for v in (2.5, 860, 999.9, 1.2e6, 3e9)] == [
        "2.5 ns",
        "860 ns",
        "1 µs",
        "1.2 ms",
        "3 s",
    ]
    assert [
        suffix_size(w) for w in ("A1.d512", "F2.n701k", "F2.n2.8M", "chain.n1e4", "P2.matched", "P3.rows1000")
    ] == [512, 701e3, 2.8e6, 1e4, None, None]
    assert math.isnan(Lines([]).band()[0]) is False
