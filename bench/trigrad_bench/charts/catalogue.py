"""All charts in the order of the report.

Why it exists: `plot`, `report` and the tests must mean the same list. Next: any family named here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from . import (
    bars,
    breakdown,
    curves,
    depth,
    error_time,
    gemm,
    limit,
    op_cost,
    overview,
    phases,
    roofline,
    scalar_cost,
    scalar_tensor,
    scaling,
    size,
    sweep,
    threads,
    waterfall,
)
from .chart import Chart, Missing
from .measure import Lines

FAMILIES: Final[tuple[Callable[[Lines], Chart | Missing], ...]] = (
    overview.build,
    bars.build,
    sweep.width,
    sweep.ladder,
    scalar_tensor.build,
    scalar_cost.build,
    curves.build,
    error_time.build,
    phases.build,
    breakdown.build,
    op_cost.build,
    depth.build,
    size.build,
    scaling.build,
    gemm.build,
    roofline.build,
    limit.build,
    threads.build,
    waterfall.build,
)


def build_all(lines: Lines) -> list[Chart | Missing]:
    """Every chart, or what would make it."""
    return [build(lines) for build in FAMILIES]
