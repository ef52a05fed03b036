"""Derivatives without a graph: the imaginary part of f(x + ihv) = f(x) + ih f'(x)v + O(h²) holds them.

Nothing is subtracted, so h can be so small that O(h²) vanishes: the result is exact to the last digits.  It
tests the rules of this engine by its forwards alone, for any function built from the operations of the list.
Read before: `elementwise.py`, which says how operations with kinks are continued.  After: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .dtypes import Array
from .modes import recording
from .tensor import Tensor


def complexify(array: Any) -> Tensor:
    """A complex128 tensor.  Such tensors go through every operation but never require grad."""
    return Tensor(np.asarray(array, np.complex128))


def complex_step(
    f: Callable[..., Any], inputs: Sequence[Any], directions: Sequence[Any], step: float = 1e-30
) -> Any:
    """The derivative of f(*inputs) in the given directions, an array for each output.

    Inputs are arrays.  One whose direction is None stays as it is, and may be of any dtype.
    """
    arguments = []
    for x, v in zip(inputs, directions, strict=True):
        if v is None:
            arguments.append(Tensor(np.asarray(x)))
        else:
            arguments.append(complexify(np.asarray(x, np.float64) + 1j * step * np.asarray(v, np.float64)))
    with recording(False):
        result = f(*arguments)
    if isinstance(result, tuple | list):
        return tuple(_imaginary(z, step) for z in result)
    return _imaginary(result, step)


def _imaginary(z: Tensor, step: float) -> Array:
    return np.imag(z._array) / step
