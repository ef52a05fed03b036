"""The typed errors of the C++ engines: each is also the built-in error a Python user would expect."""


class ShapeError(ValueError):
    """Shapes do not fit together."""


class DTypeError(TypeError):
    """A dtype that the operation cannot work on."""


class GraphError(RuntimeError):
    """A graph was used in a way that cannot give gradients."""


class ThreadError(RuntimeError):
    """A graph was used from a thread that did not record it."""


class DepthError(RecursionError):
    """The recursive order met a graph deeper than the stack."""


class CaptureError(RuntimeError):
    """A step that compile() cannot record, or whose replay would not do what the step does."""


class AnomalyError(RuntimeError):
    """detect_anomaly() found a NaN and says where it was made."""
