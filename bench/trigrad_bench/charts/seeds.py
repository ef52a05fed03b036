"""What was published elsewhere, and what those figures really measured, beside each chart.

Why it exists: the four published comparisons that this project grew from measured something else than they
say; a reader should see their figure, the reason, and this run's figure in one place. Next: chart.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Note:
    """One published claim beside a chart; `fair` is computed from the run."""

    source: str
    published: str
    measured: str
    fair: str = ""


AARONNET: Final = Note(
    "AaronNet against PyTorch",
    "0.34 ms against PyTorch's 0.39 ms for width 128; slower from 256 on (0.36 / 0.21, 0.58 / 0.34, 1.16 /"
    " 0.58 ms).",
    "Only AaronNet was warmed up, and width 128 was the first row, so PyTorch's first call fell into it:"
    " PyTorch took longer at 128 than at 256. The printed script is not the one that made the table, the bias"
    " gradient was never summed, and no processor is named. Warmed up, AaronNet is 1.1× slower at 128.",
)
FORGENN_SIZES: Final = Note(
    "forgeNN against PyTorch, five model sizes",
    "3.52× as fast as PyTorch at 109,000 parameters (0.02 s against 0.07 s); slower at every larger size.",
    "Most likely one cold step of each, PyTorch first; the script and the widths were never published. Such a"
    " harness gave 2.2× to 4.4× in three runs; warmed up, forgeNN runs at 0.75× PyTorch's speed.",
)
FORGENN_CURVES: Final = Note(
    "forgeNN against PyTorch on MNIST",
    "30.84 s against 64.72 s (2.10×), at 99.45 % against 98.18 % training accuracy.",
    "forgeNN trained with momentum 0.9, PyTorch without, so the curves differ from the first point on (0.28"
    " against 0.55), and so does the work. With a matched twin forgeNN was slower: 15.21 s against 9.33 s.",
)
TINYTORCH: Final = Note(
    "TinyTorch: C++, C++ from Python, NumPy, PyTorch",
    "C++ is nearly 2× PyTorch and no faster than NumPy; calling it from Python leaves 10 % of a lead. No"
    " figures.",
    "The C++ was built without optimisation. At -O0: C++ 2.04 s, NumPy 2.06 s, from Python 5.7 s, PyTorch 5.9"
    " to 6.5 s. With -O2: C++ 0.113 s, from Python 0.27 s. Batches of one, four different initialisations,"
    " three data sets, and data generation and printing inside the clock.",
)
TINYTORCH_BINDING: Final = Note(
    "TinyTorch: the cost of its binding",
    "Driven from Python, the C++ engine is only 10 % faster than PyTorch; the blame goes to shared_ptr.",
    "An unoptimised build (-O0). With -O2 the same program goes from 5.72 s to 0.27 s from Python, 0.113 s"
    " without it.",
)
PYCROGRAD: Final = Note(
    "Pycrograd and Mocrograd against Micrograd",
    "Moons: 94.78 s for Micrograd, 8.72 s for Pycrograd. Digits: 121.3 s for Pycrograd, 20.3 s for"
    " Mocrograd.",
    "Not the same job: 100 points and one step an epoch against 80 and eight, other learning rates, L2 with"
    " and without gradient. The Python engines ran under a profiler, which triples Pycrograd's time and"
    " leaves Mocrograd's alone. Without profiler and garbage collector Micrograd is 2.4× slower than"
    " Pycrograd.",
)
RECURSION: Final = Note(
    "Pycrograd on recursion",
    "Faster than Micrograd because it uses a stack instead of recursion.",
    "In a Micrograd step the backward pass, its recursive sort included, takes 0.07 s of 1.3 s. The garbage"
    " collector takes 90 %. Recursion costs depth, not time: Micrograd fails on a chain of 1,000 additions,"
    " TinyTorch's C++ crashes at 100,000 (in the sort, and again in the destructors).",
)
FORWARD: Final = Note(
    "Pycrograd on the backward pass",
    "The order of the backward pass explains the difference.",
    "Forward takes 1.2 s of Micrograd's 1.3 s step with Python's cyclic garbage collector on, 0.08 to 0.12 s"
    " with it off.",
)
UNCHECKED: Final = Note(
    "All four comparisons",
    "Times only.",
    "None checked that both sides compute the same loss and gradients. AaronNet's bias gradient is never"
    " summed, Pycrograd's sort can visit a node twice (h + h gives 12, not 6), and Mocrograd drops the first"
    " sample's gradient.",
)
WORKERS: Final = Note(
    "Mocrograd's worker sweep",
    "Digits, 1 / 10 / 64 / 256 workers: 20.6, 20.9, 23.5, 30.2 s. 30 layers: 56.8, 55.1, 56.8, 59.2 s.",
    "Every product has a single column (a batch of 32 is 32 vector graphs), so neither vector units nor"
    " workers have anything to share; and the 30-layer network trained only its last layer: 2,570 of"
    " 1,861,386 parameters.",
)
UNBATCHED: Final = Note(
    "Pycrograd, Mocrograd and TinyTorch",
    "Seconds for batches of 32, or of one.",
    "32 vector graphs, or one row at a time: no matrix product ever runs, so these times say nothing about"
    " arithmetic, only about the cost of a graph's nodes.",
)
HEADLINES: Final = Note(
    "The four headlines",
    "AaronNet 1.15× PyTorch at width 128, forgeNN 3.52×, TinyTorch's C++ “nearly 2×”, Pycrograd 10.9×"
    " Micrograd.",
    "A cold first call; one cold step; a build without optimisation; the garbage collector and a profiler in"
    " the clock. None repeated a run, fixed threads, or reported a spread.",
)
