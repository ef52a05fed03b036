"""The errors a learner can meet, one type for each sort of mistake.

Every message names the call, both shapes or values, and the remedy; the three engines use the same words.
Read before: nothing.  After: `dtypes.py`.
"""

from __future__ import annotations


class ShapeError(ValueError):
    """Sizes that do not fit together."""


class DTypeError(TypeError):
    """Element types that do not fit together, or that an operation cannot take."""


class GraphError(RuntimeError):
    """A misuse of the recorded graph: backward twice, a saved value changed, nothing to differentiate."""


class ThreadError(RuntimeError):
    """A graph met a thread that did not record it."""


class DepthError(RecursionError):
    """The recursive order ran out of stack."""


class AnomalyError(RuntimeError):
    """`detect_anomaly` found a NaN."""


__all__ = ["AnomalyError", "DTypeError", "DepthError", "GraphError", "ShapeError", "ThreadError"]
