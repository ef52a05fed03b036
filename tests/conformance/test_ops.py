"""Every engine x op x dtype x shape family x order: values, gradients and second derivatives agree with
PyTorch.

Why it exists: this is the proof that three engines implement one list. One test per engine, op and dtype
loops over the op's cases and gathers all failures, so that a broken rule reads as one message. Read
evaluate.py for what is done to an engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engines import Engine, chosen
from .evaluate import check_case
from .oplist import names, records
from .samples import cases_of

CELLS = [
    pytest.param(e, op, dtype, id=f"{e.id}-{op}-{dtype}")
    for e in chosen()
    for op in names()
    for dtype in e.dtypes
]
Report = Callable[[str, object], None]


@pytest.mark.parametrize(("engine", "op", "dtype"), CELLS)
def test_op(engine: Engine, op: str, dtype: str, record_property: Report) -> None:
    """All cases of one op on one engine in one dtype."""
    cases = [c for c in cases_of(op) if dtype in c.dtypes]
    assert cases, f"no cases for {op}"
    if not engine.supports(op):
        case = cases[0]
        with pytest.raises(
            NotImplementedError, match=rf"^{engine.id} does not support {op}; engines\(\) lists what"
        ):
            engine.call(case.call, [engine.tensor(x.data, dtype) for x in case.inputs])
        record_property("conformance", [engine.id, op, dtype, 1, "refused"])
        return
    total, wrong = 0, []
    for case in cases:
        checks, lines = check_case(engine, case, dtype)
        total += checks
        wrong += lines
    if wrong:
        shown = "\n  ".join(wrong[:12])
        rest = f"\n  ... and {len(wrong) - 12} more" if len(wrong) > 12 else ""
        pytest.fail(f"{op}: {len(wrong)} of {total} checks failed\n  {shown}{rest}", pytrace=False)
    record_property("conformance", [engine.id, op, dtype, total, "passed"])


@pytest.mark.parametrize("record", records(), ids=lambda r: r["name"])
def test_every_op_has_cases(record: dict[str, object]) -> None:
    """An op without samples would pass by testing nothing."""
    cases = cases_of(str(record["name"]))
    families = [c.family for c in cases]
    assert len(families) >= 2
    assert len(set(families)) == len(families), "two cases of one name"
    if record["gradient"] in ("smooth", "kinked"):
        assert any(x.differentiable and x.data.size for c in cases for x in c.inputs)
