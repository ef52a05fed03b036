"""The suite's own controls: right answers pass, slightly wrong ones do not.

Why it exists: a suite that alarms on right code is ignored, one that lets faults through is worse. PyTorch
stands in for an engine here (null_engine.py), as it is and with a tiny relative error planted in each op's
values or gradients."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from .evaluate import check_case
from .oplist import by_name, names
from .samples import cases_of

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch stands in for an engine"
)
# The smallest relative error that must be seen. Rounding alone reaches a tenth of these.
PLANTED = {"float64": 1e-12, "float32": 1e-4}


def lines(op: str, dtype: str, value: float = 1.0, gradient: float = 1.0) -> list[str]:
    """What the suite says of PyTorch when its values and gradients are multiplied by these factors."""
    import torch

    from .null_engine import TorchEngine
    from .oracle import twin

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * value

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * gradient

    apply: Any = Scaled.apply

    class Planted(TorchEngine):
        def function(self, name: str) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                made = twin(name)(*args, **kwargs)
                pair = isinstance(made, tuple | list)
                outs = [apply(z) if z.is_floating_point() else z for z in (made if pair else [made])]
                return outs if pair else outs[0]

            return call if (value, gradient) != (1.0, 1.0) else twin(name)

    engine = Planted("torch", (), ("tape",), has_surface=False)
    return [line for c in cases_of(op) if dtype in c.dtypes for line in check_case(engine, c, dtype)[1]]


@pytest.mark.parametrize("dtype", PLANTED)
def test_right_answers_pass(dtype: str) -> None:
    """No false alarm on PyTorch itself, in either dtype."""
    assert not [line for op in names() for line in lines(op, dtype)]


@pytest.mark.parametrize("dtype", PLANTED)
def test_planted_errors_are_seen(dtype: str) -> None:
    """A relative error of 1e-12 (float32: 1e-4) in any op's values or gradients is an alarm for that op."""
    factor = 1 + PLANTED[dtype]
    for op in names():
        floats = by_name()[op]["gradient"] in ("smooth", "kinked")
        if floats:
            assert lines(op, dtype, value=factor), f"{op}: wrong values pass"
            assert lines(op, dtype, gradient=factor), f"{op}: wrong gradients pass"
