"""docs/why_fast.md shows the figures of its stored run and no others."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from trigrad_bench.waterfall import RUNGS

from .lines import lines
from .stored_pages import DOCS, check_fresh, script, stored

pytest.importorskip("matplotlib")

PAGE = DOCS / "why_fast.md"


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return script("why_fast", monkeypatch)


def test_page_is_fresh() -> None:
    check_fresh("why_fast")


def test_no_figure_is_typed(make: ModuleType) -> None:
    typed = make.HEAD + make.PARTS + make.LIMIT + make.SCALING
    assert not re.findall(r"\d.*", typed)


def test_page_of_other_lines(make: ModuleType) -> None:
    """What the page would say of a run with known figures, and that parts without lines are left out."""
    text = make.page(lines())
    assert "| scalars, from C++ | 2" in text
    assert "Measured: P2.matched 9.94× (" in text
    assert re.search(r"\| A1\.d128 \| \S+ µs \| 1\.\d\d× \|", text)
    assert "4.5" in text.partition("### A graph in C++\n")[2].partition("###")[0], (
        "not that of its own products"
    )
    assert (
        "its own products" in text.partition("### The same graph, faster products\n")[2].partition("###")[0]
    )
    assert "## Wider, deeper" in text
    few = make.page(lines(without=("scaling", "breakdown", "limit")))
    assert "## " not in few.replace("### ", "")


def test_every_rung_of_the_stored_run_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for rung in RUNGS.values():
        assert rung.text in " ".join(text.split())
    for path in re.findall(r"\]\(([\w./]+)\)", text):
        assert (DOCS / path).exists(), path


def test_stored_run_names_its_machine_and_nobodys_paths() -> None:
    assert {"waterfall", "limit", "breakdown", "scaling"} <= {line["kind"] for line in stored("why_fast")}
