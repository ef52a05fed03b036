"""Writes `tests/golden`: PyTorch's answers to every case of the list.

Why it exists: regenerate with `python -m tests.conformance.record` (torch 2.13 needed) after the list, the
samples or the edges changed; without a change of these it rewrites the same bytes on the same kind of
machine. `python -m tests.conformance.record add mul` renews only these ops and keeps the rest. Read golden.py
for the format."""

from __future__ import annotations

import sys
import warnings

from .golden import FILES, FOLDER, stored, stored_line
from .oplist import records
from .samples import cases_of


def main(only: list[str]) -> None:
    """Writes both files, and says how large they are."""
    import torch

    from .oracle import answer

    if not torch.__version__.startswith("2.13"):
        print(f"warning: answers are recorded from torch 2.13, this is {torch.__version__}", file=sys.stderr)
    warnings.filterwarnings("ignore", message="std\\(\\)|var\\(\\)|Using a target size")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind, path in FILES.items():
        lines = []
        for record in records():
            if record["kind"] != kind:
                continue
            for case in cases_of(record["name"]):
                kept = stored().get(case.op, {}).get(case.family) if only and case.op not in only else None
                lines.append(kept or stored_line(case, answer(case)))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{path}: {len(lines)} cases, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
