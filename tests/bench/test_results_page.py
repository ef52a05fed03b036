"""docs/results.md shows the figures of its stored run and no others."""

from __future__ import annotations

from .stored_pages import check_commits, check_fresh, stored


def test_page_is_fresh() -> None:
    check_fresh("results")


def test_stored_run_names_its_machine_and_nobodys_paths() -> None:
    check_commits(stored("results"))
