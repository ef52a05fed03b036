"""What gradcheck found, and how it says so.

Why it exists: a student reads this text more often than any other of the project.  It says which number of
which input is wrong, both numbers, their ratio, what that looks like, and how to get the same report again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


class GradcheckError(AssertionError):
    """A gradient is wrong.  The text is the report; `.report` is the report itself."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class Failure:
    """One wrong number (or a call that failed)."""

    op: str
    input: int
    name: str  # of the input, as the function calls it; "" if it has none
    element: tuple[int, ...] | None  # None: the whole input
    got: float
    expected: float
    allowed: float
    oracle: str
    likely: str = ""

    @property
    def ratio(self) -> float:
        """got / expected."""
        if self.expected == 0:
            return math.nan if self.got == 0 else math.copysign(math.inf, self.got)
        return self.got / self.expected

    @property
    def place(self) -> str:
        """Such as w[2, 1]."""
        label = self.name or f"input {self.input}"
        if self.element is None:
            return label
        return f"{label}[{', '.join(map(str, self.element))}]" if self.element else label


@dataclass
class InputResult:
    """How one input fared."""

    label: str
    shape: tuple[int, ...]
    checked: int = 0
    worst: float = 0.0  # the largest deviation of a right number, beside the largest number
    kinks: int = 0
    undecided: int = 0
    failures: list[Failure] = field(default_factory=list)
    kink_at: list[tuple[int, ...]] = field(default_factory=list)

    def line(self) -> str:
        """One row of the table."""
        what = f"{self.label} {self.shape}"
        aside = []
        if self.kinks:
            aside.append(f"{self.kinks} at a kink")
        if self.undecided:
            aside.append(f"{self.undecided} undecided")
        rest = f" ({', '.join(aside)})" if aside else ""
        if not self.failures:
            return f"  {what:<23} ok      {self.checked} elements, worst deviation {self.worst:.1e}{rest}"
        bad = max(self.failures, key=_distance)
        return (
            f"  {what:<23} WRONG   {len(self.failures)} of {self.checked} elements; worst at {bad.place}: "
            f"yours {number(bad.got)}, expected {number(bad.expected)}, ratio {number(bad.ratio)}{rest}"
        )


@dataclass(frozen=True)
class Blame:
    """The first call whose own rule is wrong."""

    op: str
    call: int  # which call of the function it is, from 0
    calls: int  # of how many
    where: str  # source line
    report: Report | None  # of that call alone
    likely: str = ""


@dataclass
class Report:
    """The outcome: true when every checked number is right.  str() is the readable report."""

    function: str
    engine: str
    oracle: str = ""
    order: int = 1
    seed: int = 0
    inputs: list[InputResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # what is wrong besides numbers
    notes: list[str] = field(default_factory=list)
    likely: str = ""
    blame: Blame | None = None
    second: Report | None = None
    dtype: str = "float64"
    can_blame: bool = False  # blame=True would tell more

    @property
    def failures(self) -> list[Failure]:
        """Every wrong number."""
        return [f for row in self.inputs for f in row.failures] + (
            self.second.failures if self.second else []
        )

    @property
    def checks(self) -> int:
        """How many numbers were compared."""
        return sum(row.checked for row in self.inputs) + (self.second.checks if self.second else 0)

    @property
    def kinks(self) -> int:
        """How many elements lie at a kink; the op's record decides there, or nothing does."""
        return sum(row.kinks for row in self.inputs) + (self.second.kinks if self.second else 0)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not self.failures and (self.second is None or self.second.ok)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        wrong = f"WRONG   {len(self.failures)} of {self.checks} numbers" if self.failures else "WRONG"
        verdict = f"ok      {self.checks} numbers" if self.ok else wrong
        order = ", second order" if self.order == 2 else ""
        lines = [f"gradcheck: {self.function} ({self.engine}{order})  {verdict}"]
        lines += [f"  {problem}" for problem in self.problems]
        lines += [row.line() for row in self.inputs]
        if any(len(row.failures) > 1 for row in self.inputs):
            lines += _table([f for row in self.inputs for f in row.failures])
        if self.likely and not self.blame:
            lines.append(f"  looks like    {self.likely}")
        if self.blame:
            lines += _blamed(self.blame)
        elif not self.ok and self.can_blame:
            lines.append("  which op?     gradcheck(..., blame=True) names the first one whose rule is wrong")
        lines += [f"  note          {note}" for note in self.notes]
        if self.oracle:
            lines.append(f"  oracle        {self.oracle}")
        if not self.ok:
            lines.append(f"  again         gradcheck(..., seed={self.seed}) gives the same numbers")
        if self.second is not None:
            lines += ["", *self.second._lines()]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "function": self.function,
            "engine": self.engine,
            "ok": self.ok,
            "checks": self.checks,
            "kinks": self.kinks,
            "oracle": self.oracle,
            "likely": self.likely,
            "problems": self.problems,
            "blame": self.blame.op if self.blame else None,
            "failures": [
                {
                    "op": f.op,
                    "input": f.input,
                    "element": f.element,
                    "got": f.got,
                    "expected": f.expected,
                    "likely": f.likely,
                }
                for f in self.failures[:20]
            ],
        }


def number(x: float) -> str:
    """Six digits: enough to recognise a number, few enough to read."""
    return f"{x:.6g}"


def _distance(f: Failure) -> float:
    gap = abs(f.got - f.expected)
    return math.inf if math.isnan(gap) else gap


def _table(failures: list[Failure], most: int = 6) -> list[str]:
    lines = [f"  {'element':<14}{'yours':>14}{'expected':>14}{'ratio':>12}"]
    for f in failures[:most]:
        lines.append(f"  {f.place:<14}{number(f.got):>14}{number(f.expected):>14}{number(f.ratio):>12}")
    if len(failures) > most:
        lines.append(f"  ... and {len(failures) - most} more in .failures")
    return lines


def _blamed(blame: Blame) -> list[str]:
    which = f"call {blame.call + 1} of {blame.calls}"
    lines = [f"  blame         {blame.op}, {which}, is the first whose own rule is wrong"]
    if blame.report is None:
        lines = [f"  blame         {blame.op}: the first wrong sum, from the output backwards"]
    if blame.where:
        lines.append(f"  made at       {blame.where}")
    if blame.report is not None:
        for row in blame.report.inputs:
            if row.failures:
                lines.append(f"  alone       {row.line()}")
        lines += [f"                {problem}" for problem in blame.report.problems]
    if blame.likely:
        lines.append(f"  looks like    {blame.likely}")
    return lines
