"""All cells of a run as CSV or JSON, with the same medians, intervals and ratios as the page.

Why it exists: who wants another chart should not have to recompute the statistics.
"""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from ..charts.chart import POINT_COLUMNS, point_rows
from ..charts.measure import Lines

EXTRA = ("max_rel", "allowed", "command")


def records(lines: Lines) -> list[dict[str, Any]]:
    """One record a cell: every phase and thread count, processes together."""
    out = []
    for p, row in zip(lines.points, point_rows(lines.points), strict=True):
        more = {k: getattr(p, k) for k in EXTRA}
        out.append(
            {
                **dict(zip(POINT_COLUMNS, row, strict=True)),
                **more,
                **{f"counter_{k}": v for k, v in p.counters.items()},
            }
        )
    return out


def as_csv(lines: Lines) -> str:
    """One line a cell."""
    found = records(lines)
    columns = list(dict.fromkeys([*POINT_COLUMNS, *EXTRA, *(k for r in found for k in r)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else v for k, v in r.items()} for r in found)
    return out.getvalue()


def as_json(lines: Lines) -> str:
    """One document: run, machine, A/A band, cells."""
    cells = [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in r.items()}
        for r in records(lines)
    ]
    return json.dumps(
        {"run": lines.run, "machine": lines.machine, "aa_band": lines.band(), "cells": cells},
        indent=1,
        ensure_ascii=False,
    )
