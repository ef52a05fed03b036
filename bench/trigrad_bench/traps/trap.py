"""What a trap is: a title, whose it was, the claim, the lesson, and an experiment that answers with a Result.

Why it exists: fifteen experiments that can be listed, repeated, stored and tested alike. Every effect is
turned so that the trap makes it larger: `holds` asks whether it lies above its bound (0 for a difference,
1 otherwise) and whether everything that must be equal was equal.
Read next: clock.py (how times are taken), then any experiment, unoptimised_build.py first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# How `trapped` and `right` make the effect: trapped/right, right/trapped, or trapped − right.
Kind = Literal["ratio", "shortfall", "difference"]


class CannotRunError(Exception):
    """The machine lacks what the experiment needs; the text says what."""


@dataclass(frozen=True)
class Result:
    """What one run of an experiment found."""

    trapped: float  # what a harness that fell for it reports
    right: float  # what it reports without the trap
    unit: str
    sentence: str  # the finding in words, with its numbers
    right_answer: str  # what is known without measuring
    kind: Kind = "ratio"
    within_rounds: float | None = (
        None  # the median of the ratios within rounds: steadier than a ratio of medians
    )
    checks: dict[str, bool] = field(default_factory=dict)  # what must be so whatever the clock says
    numbers: dict[str, float] = field(default_factory=dict)  # everything else that was measured

    @property
    def effect(self) -> float:
        """How far off the trapped answer is."""
        if self.kind == "difference":
            return self.trapped - self.right
        if self.within_rounds is not None:
            return self.within_rounds
        return self.trapped / self.right if self.kind == "ratio" else self.right / self.trapped

    @property
    def bound(self) -> float:
        """The effect must lie above it, or its sign was not seen."""
        return 0.0 if self.kind == "difference" else 1.0

    @property
    def holds(self) -> bool:
        """The effect has its sign, and all checks passed."""
        return self.effect > self.bound and all(self.checks.values())

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "bound": self.bound, "effect": self.effect, "holds": self.holds}


@dataclass(frozen=True)
class Trap:
    """One trap. `run(seed)` does the experiment; the seed chooses the random numbers, if there are any."""

    name: str
    title: str
    source: str  # the published comparison or engine where it was found
    claim: str  # what was said or believed
    measured: str  # what was really measured
    lesson: str  # what to do instead
    effect: str  # what `trapped` and `right` are
    timed: bool  # the effect is read off a clock, so it varies
    run: Callable[[int], Result]
