"""Special values: zeros of both signs, ties, kinks, huge, infinite, NaN and subnormal numbers.

Why it exists: generated inputs stay away from kinks on purpose, so what happens *at* them is asked here.
PyTorch answers wherever it has the op. Elementwise points follow from the record; structural edges cannot be
derived from shapes, so the few that the edge rules speak about (ties, zeros, empty, infinite) are written
out. Read samples.py for how these become cases."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .calls import Input

INF, NAN = math.inf, math.nan
SMALL = float(np.float32(1e-40))  # subnormal in float32
POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 1e3, -1e3, INF, -INF, NAN, SMALL, -SMALL, 20.0, 20.5]
# Pairs: 3 and -2 because pow and round treat whole numbers apart; the rest as above.
PAIRED = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.0, 1e3, -1e3, INF, -INF, NAN, SMALL]
TINY = [5e-324, -5e-324, 1e-310, -1e-310, 2.2250738585072014e-308, 1e300, -1e300]  # float64 only

Made = tuple[str, list[Input], tuple[str, ...]]
BOTH = ("float32", "float64")


def _input(values: Any) -> Input:
    data = np.asarray(values, dtype=np.float64)
    return Input("f", data.shape, data=data)


def elementwise(record: dict[str, Any], kinds: list[str], attrs: dict[str, Any]) -> list[Made]:
    """The edge cases of an elementwise op: family, inputs, dtypes."""
    if "b" in kinds and len(kinds) < 3:
        return []  # logical ops on booleans have no edges
    special = [float(k) for k in record.get("kinks", []) if isinstance(k, (int, float))]
    special += [float(v) for v in attrs.values() if isinstance(v, (int, float)) and math.isfinite(v)]
    if len(kinds) == 1:
        points = POINTS + [v for v in dict.fromkeys(special) if v not in POINTS and v == float(np.float32(v))]
        return [
            ("edge values", [_input(points)], BOTH),
            ("edge values float64", [_input(TINY)], ("float64",)),
        ]
    if len(kinds) == 2:
        pairs = np.array(list(itertools.product(PAIRED, PAIRED)))
        return [("edge values", [_input(pairs[:, 0]), _input(pairs[:, 1])], BOTH)]
    n = len(PAIRED)
    mask = Input("b", (2 * n,), data=np.arange(2 * n) % 2 == 0)
    x, y = PAIRED + PAIRED[::-1], PAIRED[::-1] + PAIRED
    return [("edge values", [mask, _input(x), _input(y)], BOTH)]


_INF, _NAN = "float('inf')", "float('nan')"
_TIES = "d([[1, 3, 3, 2], [2, 2, 2, 2], [0, -1, 3, -1]])"
_BAD = f"d([[1, {_NAN}, 3, 2], [{_INF}, 2, -{_INF}, {_INF}], [0, -1, -{_INF}, -1]])"
_ZEROS = "d([[0, 2, 3], [0, 4, 0], [1.5, 2, -3], [0, 0, 0]])"


def _each(template: str, *data: str) -> list[str]:
    return [template.format(d) for d in data]


STRUCTURAL: dict[str, list[str]] = {
    "max": _each("max({})", _TIES, _BAD),
    "min": _each("min({})", _TIES, _BAD),
    "max_dim": _each("max({}, dim=1)", _TIES, _BAD) + [f"max({_TIES}, 0, keepdim=True)"],
    "min_dim": _each("min({}, dim=1)", _TIES, _BAD) + [f"min({_TIES}, 0, keepdim=True)"],
    "amax": _each("amax({}, dim=1)", _TIES, _BAD)
    + [f"amax({_TIES})", f"amax({_TIES}, dim=(0, 1), keepdim=True)"],
    "amin": _each("amin({}, dim=1)", _TIES, _BAD)
    + [f"amin({_TIES})", f"amin({_TIES}, dim=(0, 1), keepdim=True)"],
    "argmax": _each("argmax({}, dim=1)", _TIES, _BAD) + [f"argmax({_TIES})"],
    "argmin": _each("argmin({}, dim=1)", _TIES, _BAD) + [f"argmin({_TIES})"],
    "sum": ["sum(f(0))", "sum(b(3, 4))", "sum(i((3, 4), 9), dim=0)", f"sum({_BAD}, dim=0)"],
    "mean": ["mean(f(0))", "mean(f(0, 3), dim=0)"],
    "prod": [
        f"prod({_ZEROS}, dim=1)",
        f"prod({_ZEROS})",
        "prod(d([0, 2, 3]))",
        "prod(f(0))",
        "prod(i((3,), 9))",
    ],
    "cumprod": [
        f"cumprod({_ZEROS}, dim=1)",
        f"cumprod({_ZEROS}, dim=0)",
        "cumprod(d([2, 0, 3, 0, 4]), dim=0)",
    ],
    "cumsum": [f"cumsum({_BAD}, dim=1)"],
    "var": ["var(d([[2, 2, 2], [1, 2, 4]]), dim=1)", "var(d([2, 2, 2]))"],
    "std": ["std(d([[2, 2, 2], [1, 2, 4]]), dim=1)", "std(d([0, 0, 0]), correction=0)"],
    "norm": [
        "norm(d([[0, 0, 0], [3, 0, -4]]), dim=1)",
        f"norm(d([[0, 0, 0], [3, -3, 1]]), p={_INF}, dim=1)",
        "norm(d([[0, 0, 0], [3, 0, -4]]), p=1, dim=1)",
        "norm(d([[0, 0], [3, 0]]), p=3, dim=1)",
        "norm(d([[0, 0], [3, 0]]), p=0, dim=1)",
        "norm(d([0, 0, 0]))",
    ],
    "logsumexp": [f"logsumexp(d([[-{_INF}, -{_INF}], [{_INF}, 1], [-{_INF}, 2]]), dim=1)"],
    "softmax": [f"softmax(d([[-{_INF}, 1, 2], [1, 1, 1], [1000, -1000, 0]]), dim=1)"],
    "log_softmax": ["log_softmax(d([[-200, -201, -202], [1, 1, 1], [1000, -1000, 0]]), dim=1)"],
    "sort": [
        "sort(d([3, 1, 3, 2, 1, 3]), stable=True)",
        "sort(d([3, 1, 3, 2, 1, 3]), descending=True, stable=True)",
        f"sort(d([3, {_NAN}, 1, {_INF}]))",
        f"sort(d([3, {_NAN}, 1, {_INF}]), descending=True)",
    ],
    "matmul": [f"matmul(d([[0, 1], [2, 3]]), d([[{_INF}, 1], [1, {_NAN}]]))"],
    "masked_fill": [f"masked_fill(d([0, {_NAN}, {_INF}]), b(3), 0.0)"],
    "l1_loss": ["l1_loss(d([1, 2, 3]), d([1, 2.5, 3]))"],
    "huber_loss": ["huber_loss(d([1, 2, 4, -3, 1000]), d([1, 3, 3, 1000, 0]), reduction='none')"],
    "hinge_loss": ["hinge_loss(d([1, -1, 0.5, 1000]), d([1, 1, 1, -1]), reduction='none')"],
    "binary_cross_entropy_with_logits": [
        "binary_cross_entropy_with_logits(d([0, 1000, -1000, 1000]), d([0.5, 1, 1, 0]), reduction='none')"
    ],
    "cross_entropy": [
        "cross_entropy(d([[1000, -1000, 0], [-200, -201, -202]]), i((2,), 3), reduction='none')",
        "cross_entropy(d([[1, 2, 3], [3, 2, 1]]), d([[1, 0, 0], [0, 0.5, 0.5]]))",
    ],
    "embedding": ["embedding(i((6,), 2), f(3, 2))"],
    "index": [
        "getitem(f(4, 3), (slice(None), [0, 0, 2]))",
        "getitem(f(4), [1, -1, 1, 1])",
        "getitem(f(4), [True, False, False, True])",
        "getitem(f(2, 3), (i((2,), 2), None, 1))",
    ],
    "slice": ["getitem(f(4), Ellipsis)", "getitem(f(5, 6), (-2, slice(-3, None)))", "getitem(f(2, 3), ())"],
}
