"""What one run does: a recipe with the user's changes, checked before any work is done.

Why it exists: a wrong engine name, an order the engine lacks or a file that must not be overwritten should
cost a line, not an hour of training.
Read before: recipes.py.  Read next: options.py (the command line), data.py, loop.py.
"""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from .. import workload as workloads
from ..schema import WorkloadError
from ..sizes import ALL_ROWS
from ..workload import Workload
from .errors import UsageError
from .recipes import RECIPES, Recipe

ENGINES = ("tensor_cpp", "scalar_cpp", "reference_py", "torch")
MOST_STEPS = 20_000_000  # the rows of every step are laid out beforehand
KEPT = 0.2  # MNIST of the wheel: the share of the rows that validates


@dataclass(frozen=True)
class Settings:
    """All that decides the numbers of a run."""

    command: str
    model: str
    engine: str
    order: str
    dtype: str
    epochs: int
    length: int
    batch_size: int  # 0: all points at once
    lr: float
    optimizer: str
    schedule: str  # linear: the rate falls evenly to a tenth of --lr
    momentum: float
    weight_decay: float
    seed: int
    init: str
    shuffle: bool
    split: str
    mnist: str | None = None

    @property
    def recipe(self) -> Recipe:
        """The command's defaults."""
        return RECIPES[self.command]

    @property
    def rows(self) -> int:
        """Rows used: --length, or the share of it that a larger model sees."""
        return self.length // self.recipe.divisors.get(self.model, 1)

    @cached_property
    def workload(self) -> Workload:
        """The workload with everything that was changed."""
        name = self.recipe.models[self.model]
        plain = workloads.load(name)
        changes: dict[str, Any] = {
            "seed": self.seed,
            "epochs": self.epochs,
            "steps": 0,
            "batch": self.batch_size,
            "shuffle": self.shuffle,
            "data.rows": self.rows,
            "data.split": self.split,
            "init.weight": self.init,
            "schedule.kind": self.schedule,
            "optimizer.kind": self.optimizer,
            "optimizer.lr": self.lr,
            "optimizer.momentum": self.momentum,
            "optimizer.weight_decay": self.weight_decay,
        }
        if self.init != plain.init.weight:
            changes["numbers"] = "philox"  # the other sources draw only what their demos drew
        if self.command == "train_mnist":
            changes |= {"data.kind": "mnist_5k", "data.validation": KEPT}
            if self.mnist:  # --length training images; what validates comes from the test files (data.py)
                steps = self.epochs * -(-self.rows // (self.batch_size or self.rows))
                changes |= {"data.kind": "mnist", "data.validation": 0.0, "data.rows": 0, "steps": steps}
        if self.schedule == "linear":
            changes["schedule.span"] = workloads.load(name, changes).steps
        return workloads.load(name, changes)

    def as_json(self) -> dict[str, Any]:
        """What a saved file and --json say."""
        return asdict(self)


def engine_module(engine: str) -> Any:
    """trigrad.<engine>, with its nn and optim."""
    return importlib.import_module(f"trigrad.{engine}")


def check(settings: Settings) -> Settings:
    """The settings; UsageError if they cannot be run."""
    data, rows = workloads.load(settings.recipe.models[settings.model]).data, settings.rows
    divisor = settings.recipe.divisors.get(settings.model, 1)
    least = 2 if data.validation or settings.command == "train_mnist" else 1
    if rows < least:
        why = f"the {settings.model} model sees one row in {divisor}, and " if divisor > 1 else ""
        need = f"needs at least {least * divisor}, not {settings.length}"
        raise UsageError(f"--length: {why}a fifth of the rows validates: {need}")
    most = ALL_ROWS["mnist_5k"] if settings.command == "train_mnist" else ALL_ROWS.get(data.kind, rows)
    if rows > most and not settings.mnist:
        more = "; --mnist DIR names a folder with all of MNIST" if settings.command == "train_mnist" else ""
        raise UsageError(f"--length: there are {most} rows, not {rows}{more}")
    per_epoch = -(-rows // (settings.batch_size or rows))
    if settings.epochs * per_epoch > MOST_STEPS:
        raise UsageError(
            f"--epochs: over {MOST_STEPS:,} steps in one run; --save and --load divide it into several"
        )
    try:
        _ = settings.workload
    except WorkloadError as error:
        raise UsageError(str(error)) from error
    return settings
