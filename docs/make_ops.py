"""Writes docs/ops.json and docs/ops.md from the op list that is compiled into tensor_cpp.

Why it exists: the list lives in C++ declarations (scalar_cpp/include/trigrad/ops, tensor_cpp); tests,
benchmarks and readers need it without a compiler. Both files are committed. `--check` says whether they are
fresh and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

Record = dict[str, Any]

DOCS = Path(__file__).resolve().parent

HEAD = """\
# The operations

Generated from the declarations by `make ops`; do not edit. `x, y` are inputs, `z` is the output, `g` the
incoming gradient. *Saves*: what a rule reads, which is all that is kept alive for backward. *Gradient*:
`smooth`, `kinked` (the rule decides at the kinks), `zero` (piecewise constant), `none` (boolean or integer).
"""

KINDS = {
    "elementwise": (
        "## Elementwise\n",
        ["op", "inputs", "attributes", "formula", "rules, input by input", "saves", "gradient", "kinks"],
    ),
    "structural": (
        "## Structural\n",
        ["op", "inputs", "attributes", "formula", "rules", "saves", "gradient", "example"],
    ),
}


def as_json(records: list[Record]) -> str:
    """One record per line, so that a change of one op is a change of one line."""
    # Strict JSON, for readers other than Python: a default that is infinite must be None in the record.
    lines = [json.dumps(r, ensure_ascii=False, allow_nan=False) for r in records]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def as_markdown(records: list[Record]) -> str:
    """One table per kind."""
    parts = [HEAD]
    for kind, (title, columns) in KINDS.items():
        rows = [row(r, kind) for r in records if r["kind"] == kind]
        parts += [title, "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns), *rows, ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def row(record: Record, kind: str) -> str:
    """The record's line of the table."""
    attrs = ", ".join(f"{name} = {default}" for name, default in record["attrs"].items())
    kinks = ", ".join(str(k) for k in record["kinks"])
    cells = [
        code(record["name"]),
        ", ".join(record["inputs"]),
        code(attrs),
        code(record["formula"]),
        code(record["vjp"]),
        "as its parts" if record["saves"] is None else ", ".join(record["saves"] or []),
        record["gradient"],
        code(kinks if kind == "elementwise" else record["samples"][0]),
    ]
    return "| " + " | ".join(cells) + " |"


def code(text: str) -> str:
    """The text in a code cell; a bar would end the cell even there."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def main() -> int:
    """Writes or checks the two files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a file is not up to date")
    check = parser.parse_args().check

    from trigrad import tensor_cpp

    records: list[Record] = tensor_cpp.ops()
    stale = []
    for name, text in {"ops.json": as_json(records), "ops.md": as_markdown(records)}.items():
        path = DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}: {len(records)} ops")
    if stale:
        print(f"{', '.join(stale)}: not up to date with the op list; run `make ops`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
