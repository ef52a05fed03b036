"""The V-curve: the error of a derivative against the step it was computed with.

Why it exists: 'which eps?' is the first question about gradient checking, and this curve is the answer: from
the right the formula gets better, from the left rounding gets worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Curve(NamedTuple):
    """Step sizes and, for each way to compute the derivative, its relative error at each step."""

    steps: np.ndarray[Any, np.dtype[np.float64]]
    forward: np.ndarray[Any, np.dtype[np.float64]]
    central: np.ndarray[Any, np.dtype[np.float64]]
    complex: np.ndarray[Any, np.dtype[np.float64]]

    def best(self, kind: str = "central") -> tuple[float, float]:
        """The step with the smallest error, and that error."""
        errors = np.where(np.isnan(getattr(self, kind)), np.inf, getattr(self, kind))
        at = int(errors.argmin())
        return float(self.steps[at]), float(errors[at])


def eps_sweep(
    fn: Callable[[Any], Any], x: Any, exact: float | None = None, dtype: Any = np.float64, steps: Any = None
) -> Curve:
    """Step sizes and errors of forward and central differences and of the complex step, for fn at x.

    fn takes and gives one number (a NumPy function such as np.exp, or a lambda).  Without `exact` the
    derivative is taken from the complex step if fn takes complex numbers, and else from Richardson's
    extrapolation.  Complex errors are NaN where fn takes no complex numbers.
    """
    from ._differences import first_step, slope

    real = np.dtype(dtype).type
    hs = np.logspace(0, -16, 65) if steps is None else np.asarray(steps, np.float64)

    def at(value: Any) -> float:
        with np.errstate(all="ignore"):
            return float(np.asarray(fn(real(value))).reshape(()))

    def imaginary(h: float) -> float:
        try:
            with np.errstate(all="ignore"):
                return float(np.imag(np.asarray(fn(complex(float(x), h))).reshape(())) / h)
        except (TypeError, ValueError):
            return float("nan")

    if exact is None:
        rough = slope(lambda h: (at64(fn, float(x) + h),) * 2, first_step(float(x)), 2.3e-16)
        exact = imaginary(1e-30)
        if not np.isclose(
            exact, rough.value, rtol=1e-6, atol=1e-12
        ):  # fn is not analytic, or takes no complex
            exact = rough.value
    size = abs(exact) or 1.0
    rows = []
    for h in hs:
        step = real(h)
        up, down, here = at(real(x) + step), at(real(x) - step), at(x)
        rows.append(
            (
                abs((up - here) / float(step) - exact) / size,
                abs((up - down) / (2 * float(step)) - exact) / size,
                abs(imaginary(float(h)) - exact) / size,
            )
        )
    forward, central, by_complex = np.array(rows).T
    return Curve(hs, forward, central, by_complex)


def at64(fn: Callable[[Any], Any], x: float) -> float:
    """fn of a float64 number, as a float."""
    with np.errstate(all="ignore"):
        return float(np.asarray(fn(np.float64(x))).reshape(()).real)
