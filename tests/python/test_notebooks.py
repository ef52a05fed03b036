"""Every notebook runs from top to bottom: their own assertions are the test."""

import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(notebook), run_name="notebook")
    assert capsys.readouterr().out


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 3
