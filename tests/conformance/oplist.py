"""Reads the one list of operations, which drives every test here.

Why it exists: the suite must know nothing about ops that the list does not say. The list is `docs/ops.json`,
generated from the C++ declarations; the environment variable TRIGRAD_OPS_JSON points elsewhere while it does
not exist yet. Read samples.py next."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

Record = dict[str, Any]


def list_path() -> Path:
    """Where the list lies: the committed file if there is one, else what the environment says."""
    committed = ROOT / "docs" / "ops.json"
    if committed.exists():
        return committed
    named = os.environ.get("TRIGRAD_OPS_JSON")
    if named:
        return Path(named)
    raise FileNotFoundError(f"{committed} is missing: generate it, or name a copy in TRIGRAD_OPS_JSON")


@functools.cache
def records() -> tuple[Record, ...]:
    """All records of the list, in its order."""
    loaded = json.loads(list_path().read_text(encoding="utf-8"))
    return tuple(loaded["ops"] if isinstance(loaded, dict) else loaded)


@functools.cache
def by_name() -> dict[str, Record]:
    """The records by name."""
    return {r["name"]: r for r in records()}


def names() -> list[str]:
    """All names, in the list's order."""
    return [r["name"] for r in records()]
