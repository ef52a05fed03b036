"""What the scripts that write a page from stored lines share: reading, storing, and the command line.

Read next: make_results.py, make_targets.py, make_why_fast.py.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]
DOCS = Path(__file__).resolve().parent


def read(path: Path, kinds: Sequence[str] = ()) -> list[Line]:
    """The lines of a run, or those of these kinds."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [line for line in lines if not kinds or line["kind"] in kinds]


def elsewhere(stored: list[Line], new: list[Line], place: Callable[[Line], str]) -> list[Line]:
    """The stored lines of machines that the new lines are not of."""
    where = {line["run"]: place(line) for line in [*stored, *new] if line["kind"] == "machine"}
    renewed = {where[line["run"]] for line in new}
    return [line for line in stored if where[line["run"]] not in renewed]


def main(
    about: str | None,
    name: str,
    page: Callable[[list[Line]], str],
    draw: Callable[[list[Line]], None] | None = None,
    kinds: Sequence[str] = (),
    place: Callable[[Line], str] | None = None,
) -> int:
    """Writes docs/NAME.md from docs/results/NAME.jsonl.gz; 1 when --check finds the page stale, else 0.

    New lines take the place of all that are stored; with `place`, of those from the same place.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="*", type=Path, help="lines of new runs, to be stored")
    parser.add_argument("--check", action="store_true", help="say whether the page is fresh; write nothing")
    given = parser.parse_args()
    target, stored = DOCS / f"{name}.md", DOCS / "results" / f"{name}.jsonl.gz"
    new = [line for path in given.lines for line in read(path, kinds)]
    old = read(stored) if stored.exists() and (place or not new) else []
    lines = (elsewhere(old, new, place) if place else old) + new
    fresh = page(lines)  # it may refuse them, so nothing is written before
    if given.lines:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        stored.write_bytes(gzip.compress(text.encode(), mtime=0))
        if draw:
            draw(lines)
    if not given.check:
        target.write_text(fresh, encoding="utf-8")
    elif target.read_text(encoding="utf-8") != fresh:
        print(f"docs/{target.name} is stale: run python docs/make_{name}.py", file=sys.stderr)
        return 1
    return 0
