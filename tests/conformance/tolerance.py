"""How far an answer may lie from the oracle's: one rule for all engines, ops and dtypes.

Why it exists: tolerances loosened test by test hide faults. This one is derived, and is the only one.
Read compare.py next.
"""

from __future__ import annotations

import math

import numpy as np


def tolerance(
    expected: np.ndarray, dtype: str, terms: int, cond: float, floor: float, elementwise: bool
) -> np.ndarray:
    """The allowed |got - expected|, per element.

        tol = eps (4 + 2 sqrt(K)) (M + cond + floor) + tiny

    eps    the precision of the engine's dtype.
    4      the vector functions are promised to 4 eps (design.md 3), and a rule applies a few of them.
    K      the longest sum, bounded by the largest tensor of the case. Rounding errors of a sum of K terms add
           up to K eps sum|terms| at worst and to sqrt(K) eps sum|terms| in the usual random case; 2 is the
           safety on that.
    M      the size of the answer: the largest finite |expected| of the tensor (sums mix elements, so an error
           is relative to the largest), or |expected| of the element itself at edge points (`elementwise`),
           where 1e300 and 1 stand side by side.
    cond   the conditioning: how far the answer moves when all inputs move by one relative unit, measured on
    the
           oracle (oracle.answer). Correct code computes the exact answer to inputs changed by a few eps,
           which is backward stability. cond holds what cancellation inside (x - mean, 1 - z^2, z - log s)
           amplifies.
    floor  0 for values; for gradients the largest upstream gradient (twice that at second order, as the
    weights
           are below 2): a rule is upstream times local derivatives, and where these cancel exactly in the
           oracle (softmax at saturated logits) a residue of upstream's rounding is right too.
    tiny   the smallest normal number: below it, right code loses precision gradually as well.
    """
    info = np.finfo(dtype)
    if not expected.size:
        return np.zeros(expected.shape)
    size = np.where(np.isfinite(expected), np.abs(expected), 0.0)
    if not elementwise:
        size = np.full(expected.shape, size.max())
    return float(info.eps) * (4 + 2 * math.sqrt(terms)) * (size + cond + floor) + float(info.tiny)


def longest_sum(shapes: list[tuple[int, ...]]) -> int:
    """A bound on the terms of any sum in a case: the size of its largest tensor."""
    return max([1] + [math.prod(s) for s in shapes])
