"""Charts as pure functions of stored lines.

Why it exists: a figure that nobody can recompute is a claim. Read measure.py (lines to points), chart.py
(what a chart is), style.py (how engines look), render.py (SVG and PNG), then any family: each is one short
file.
"""

from __future__ import annotations

from .catalogue import build_all

__all__ = ["build_all"]
