"""The recorded answers in `tests/golden`: how they are written and read.

Why it exists: PyTorch weighs gigabytes, and `make test` must not need it. One JSON line per case, in the
list's order, so a change of one op is a diff of a few lines. The elementwise file is read by GoogleTest too,
hence its plain shape:
  {"op", "case", "attrs", "inputs": [{"shape", "data"}], "upstream", "output", "grads": [..], "second": [..]}
with data flat in row-major order and the strings "nan", "inf", "-inf" for what JSON lacks. A line with "call"
is not `op(inputs in order)`, and C++ skips it. "undecided" lists flat positions per array where PyTorch's own
kernels differ and nothing is demanded. "cond" is explained in oracle.py. Read record.py for how they are
made.
"""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import numpy as np

from .calls import Arg
from .oplist import ROOT, by_name
from .samples import Case

FOLDER = ROOT / "tests" / "golden"
FILES = {"elementwise": FOLDER / "elementwise.jsonl", "structural": FOLDER / "structural.jsonl"}
COMMAND = "python -m tests.conformance.record"
HOW = f"run `{COMMAND}` where torch 2.13 is installed and commit tests/golden"

Line = dict[str, Any]


def _number(x: float) -> float | int | str:
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return int(x) if x == int(x) and abs(x) < 1e6 and math.copysign(1, x) * x >= 0 and str(x) != "-0.0" else x


def array_out(a: np.ndarray | None) -> Line | None:
    """An array as JSON; the dtype is said only where it is not floating."""
    if a is None:
        return None
    flat = a.ravel().tolist()
    made: Line = {"shape": list(a.shape), "data": [_number(float(v)) for v in flat]}
    return made if a.dtype.kind == "f" else {"dtype": str(a.dtype), **made}


def array_in(a: Line | None) -> np.ndarray | None:
    """The array that `array_out` wrote."""
    if a is None:
        return None
    return np.array([float(v) for v in a["data"]]).astype(a.get("dtype", "float64")).reshape(a["shape"])


def call_text(case: Case) -> str:
    """The case's call as a reader would write it, inputs named x0, x1, ..."""

    def text(v: Any) -> str:
        if isinstance(v, Arg):
            return f"x{v.index}"
        if isinstance(v, (list, tuple)):
            inner = ", ".join(text(w) for w in v)
            return f"[{inner}]" if isinstance(v, list) else f"({inner},)" if len(v) == 1 else f"({inner})"
        return repr(v)

    words = [text(a) for a in case.call.args] + [f"{k}={text(v)}" for k, v in case.call.kwargs.items()]
    return f"{case.call.name}({', '.join(words)})"


def head(case: Case) -> Line:
    """What of a line follows from the list alone; when this differs from the file, the file is stale."""
    kind = by_name()[case.op]["kind"]
    made: Line = {"op": case.op, "case": case.family}
    if kind == "elementwise":
        made["attrs"] = case.attrs
    if kind != "elementwise" or not case.plain:
        made["call"] = call_text(case)
    if case.edge:
        made["edge"] = True
    if len(case.dtypes) == 1:
        made["dtypes"] = list(case.dtypes)
    inputs = []
    for x in case.inputs:
        line = array_out(x.data)
        assert line is not None
        inputs.append(line if x.layout == "C" else {**line, "layout": x.layout})
    return {**made, "inputs": inputs}


def stored_line(case: Case, answer: Any) -> str:
    """One line of the file."""
    line = head(case)
    single = by_name()[case.op]["kind"] == "elementwise"
    ups, outs = [array_out(a) for a in answer.upstream], [array_out(a) for a in answer.outputs]
    line |= {"upstream": ups[0], "output": outs[0]} if single else {"upstream": ups, "outputs": outs}
    for part in ("grads", "second"):
        values = [array_out(a) for a in getattr(answer, part)]
        if any(v is not None for v in values):
            line[part] = values
    if any(any(v) for v in answer.cond.values()):
        line["cond"] = answer.cond
    if answer.undecided:
        line["undecided"] = answer.undecided
    return json.dumps(line, separators=(",", ":"), allow_nan=False)


class Stored:
    """A line, read: arrays instead of lists; the same names as oracle.Answer."""

    def __init__(self, line: Line) -> None:
        outs = line["outputs"] if "outputs" in line else [line["output"]]
        ups = line["upstream"] if "outputs" in line else [line["upstream"]]
        n = len(line["inputs"])
        self.line = line
        self.upstream = [array_in(a) for a in ups]
        self.outputs = [array_in(a) for a in outs]
        self.grads = [array_in(a) for a in line.get("grads", [None] * n)]
        self.second = [array_in(a) for a in line.get("second", [None] * (n + len(outs)))]
        empty = {"outputs": [0.0] * len(outs), "grads": [0.0] * n, "second": [0.0] * (n + len(outs))}
        self.undecided: dict[str, list[list[int]]] = line.get("undecided", {})
        self.cond: dict[str, list[float]] = line.get("cond", empty)


@functools.cache
def stored() -> dict[str, dict[str, str]]:
    """The text of every line, by op and family."""
    found: dict[str, dict[str, str]] = {}
    for path in FILES.values():
        if path.exists():
            for text in path.read_text(encoding="utf-8").splitlines():
                line = json.loads(text)
                found.setdefault(line["op"], {})[line["case"]] = text
    return found


def golden(case: Case) -> Stored:
    """The stored answer of a case; where it is missing or made from other inputs, the remedy."""
    text = stored().get(case.op, {}).get(case.family)
    assert text is not None, f"tests/golden has no answer for {case.key}: {HOW}"
    line = json.loads(text)
    expected = json.loads(json.dumps(head(case)))
    for key, value in expected.items():
        assert line.get(key) == value, f"tests/golden is stale for {case.key} ({key} differs): {HOW}"
    return Stored(line)
