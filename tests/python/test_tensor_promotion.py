"""dtypes: every pair of operands, Python numbers and 0-dim tensors included, against PyTorch, live.

Why it exists: promotion is a table of 9 x 9 x operations that nobody remembers; PyTorch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trigrad as tg

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

DTYPES = ("bool", "int64", "float32", "float64")
OPERANDS: dict[str, Any] = {
    **{f"{d}[2]": (lambda m, d=d: m.tensor([1, 2]).to(getattr(m, d))) for d in DTYPES},
    **{f"{d}[]": (lambda m, d=d: m.tensor(1).to(getattr(m, d))) for d in DTYPES},
    "True": lambda m: True,
    "3": lambda m: 3,
    "2.5": lambda m: 2.5,
    "float32(2)": lambda m: np.float32(2),
    "float64(2)": lambda m: np.float64(2),
}
BINARY = {
    "+": lambda m, x, y: x + y,
    "-": lambda m, x, y: x - y,
    "*": lambda m, x, y: x * y,
    "/": lambda m, x, y: x / y,
    "**": lambda m, x, y: x**y,
    "==": lambda m, x, y: x == y,
    "<": lambda m, x, y: x < y,
    "maximum": lambda m, x, y: m.maximum(x, y),
    "where": lambda m, x, y: m.where(m.tensor([True, False]), x, y),
}


def result(op: str, module: Any, left: str, right: str) -> str:
    x, y = OPERANDS[left](module), OPERANDS[right](module)
    try:
        z = BINARY[op](module, x, y)
    except (TypeError, RuntimeError) as error:
        return f"raises {type(error).__name__}"
    return str(z.dtype).removeprefix("torch.") if hasattr(z, "dtype") else "number"


@pytest.mark.parametrize("op", BINARY)
def test_binary(op: str) -> None:
    wrong = []
    for left in OPERANDS:
        for right in OPERANDS:
            if "[" not in left + right:
                continue
            if op == "maximum" and ("]" not in left or "]" not in right):
                continue  # PyTorch's takes tensors only
            ours, theirs = result(op, tg, left, right), result(op, torch, left, right)
            if theirs.startswith("raises"):
                continue  # a refusal there may be an answer here
            if left.startswith("float") and "(" in left:
                continue  # with NumPy's scalar on the left, PyTorch's answer depends on NumPy
            if ours != theirs:
                wrong.append(f"{left} {op} {right}: {ours}, PyTorch {theirs}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("right", ["float32[2]", "float64[2]", "int64[2]", "float32[]"])
def test_a_numpy_float_is_a_float(right: str) -> None:
    """np.float64 is a kind of float, so `x * np.float64(2)` is `x * 2.0`, and the other way round."""
    x = OPERANDS[right](tg)
    for number in (np.float64(2.0), np.mean([1.0, 3.0])):
        assert (x * number).dtype == (x * 2.0).dtype
        assert (number * x).dtype == (2.0 * x).dtype


@pytest.mark.parametrize(
    "function",
    """exp sqrt sin log1p sigmoid relu abs neg sign floor round isnan reciprocal erf softplus
    sum mean prod amax cumsum0 logsumexp0 softmax0 var std norm argmax any all max sort0 clone float
    double long bool T""".split(),
)
def test_unary(function: str) -> None:
    """The result's dtype for each of the four; both refuse, or both answer alike."""
    for dtype in DTYPES:
        found = []
        for module in (tg, torch):
            x = module.tensor([[1, 0], [1, 1]]).to(getattr(module, dtype))
            try:
                if function == "T":
                    z = x.T
                elif function.endswith("0") and function != "log10":
                    z = getattr(x, function[:-1])(dim=0)
                elif hasattr(x, function):
                    z = getattr(x, function)()
                else:
                    z = getattr(module, function, None) or module.nn.functional.softplus
                    z = z(x)
                z = z[0] if isinstance(z, tuple) else z
                found.append(str(z.dtype).removeprefix("torch."))
            except (TypeError, RuntimeError, ValueError):
                found.append("raises")
        ours, theirs = found
        assert ours == theirs or "raises" in found, f"{function} of {dtype}: {ours}, PyTorch {theirs}"
        if dtype.startswith("float"):
            assert "raises" not in found, f"{function} of {dtype}: {ours}, PyTorch {theirs}"


def test_losing_nothing_in_float64() -> None:
    """A Python float has all its digits beside a float64 tensor, and a float32 tensor stays float32."""
    assert (tg.tensor(1.0, dtype=tg.float64) * 0.1).item() == 0.1
    assert (tg.ones(1) * 0.1).dtype == tg.float32
    assert (tg.tensor([1]) + 0.5).dtype == tg.float32
    assert (tg.tensor([2**53 + 1]) + 0).item() == 2**53 + 1


@pytest.mark.parametrize("into", DTYPES)
@pytest.mark.parametrize("source", DTYPES)
def test_in_place(into: str, source: str) -> None:
    """`+=` keeps its dtype, or both refuse."""
    found = []
    for module in (tg, torch):
        x = module.tensor([1, 2]).to(getattr(module, into))
        try:
            x += module.tensor([1, 1]).to(getattr(module, source))
            found.append(str(x.dtype).removeprefix("torch."))
        except (TypeError, RuntimeError):
            found.append("raises")
    assert found[0] == found[1]
