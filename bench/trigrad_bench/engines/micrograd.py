"""micrograd, as it is on PyPI: + * ** and relu on scalars.

Why it exists: it is where the idea comes from, and what a learner has at hand. The program is that of
values.py. Its graphs are cycles of closures, which only Python's cyclic collector frees: most of its time
as it is shipped. The harness times every engine with automatic collection off, so this is micrograd at its
best; `--extras value` and one of the traps (`trigrad bench trap`) show the rest.
Read before: values.py.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from .values import Values


class Micrograd(Values):
    """values.py with the other import line."""

    name = "micrograd"
    most_products = 300_000  # about a kilobyte each
    makes_cycles = True
    missing = ("exp", "log", "tanh")

    def load(self) -> tuple[type[Any], str]:
        from micrograd.engine import Value  # type: ignore[import-untyped, unused-ignore]

        return Value, version("micrograd")

    def load_mlp(self) -> type[Any]:
        from micrograd.nn import MLP  # type: ignore[import-untyped, unused-ignore]

        return MLP  # type: ignore[no-any-return, unused-ignore]
