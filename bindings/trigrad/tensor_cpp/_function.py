"""Operations that a user writes in Python: a forward and a backward of one's own (PyTorch's Function).

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    z = Cube.apply(x)

A node of the graph has one output.  Several outputs are recorded as one flat tensor that they are slices of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .._call_site import call_site
from .._core import tensor as _core
from .._core.tensor import Tensor
from ..errors import AnomalyError, GraphError, ShapeError
from ._modes import no_grad

_OUTPUT = object()  # stands in a context for the node's own output, which must not be kept alive by it


class _Kind(NamedTuple):
    """What a tensor was like: a rule must not keep the tensor itself."""

    shape: tuple[int, ...]
    dtype: Any


class Context:
    """What forward leaves for backward.  Any attribute may be set on it."""

    def __init__(self, needs_input_grad: tuple[bool, ...], name: str) -> None:
        self.needs_input_grad = needs_input_grad
        self._name = name
        self._to_save: tuple[Any, ...] = ()
        self._saved: list[tuple[Any, int, int] | None] = []  # tensor or _OUTPUT, version, which output
        self._outputs: list[Any] | None = None  # only while backward runs
        self._constant: set[int] = set()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs; backward refuses to go on if they have been changed in place by then."""
        self._to_save = tensors

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """These outputs never require grad."""
        self._constant = {id(z) for z in outputs}

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What save_for_backward kept, in that order."""
        if self._outputs is None:
            return self._to_save
        return tuple(None if entry is None else self._recall(*entry) for entry in self._saved)

    def _recall(self, tensor: Any, version: int, which: int) -> Any:
        if tensor is _OUTPUT:
            assert self._outputs is not None
            return self._outputs[which]
        if tensor._version != version:
            raise GraphError(
                f"backward: a tensor of shape {tensor.shape} that {self._name} saved was changed in place: it had "  # noqa: E501
                f"version {version} and now has {tensor._version}; clone it before the change"
            )
        return tensor


class Function:
    """Subclass this, and call `YourClass.apply(...)`.

    >>> class Double(tg.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> Double.apply(x).backward()
    >>> x.grad
    tensor(2.)
    """

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """From the arguments of apply to the output, or a tuple of them."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """From the outputs' gradients to one gradient, or None, for each argument of apply."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward, and record it if an argument requires grad.  Inside forward nothing is recorded."""
        for x in args:
            if hasattr(x, "engine") and not isinstance(x, Tensor | type):
                raise TypeError(
                    f"{cls.__name__}: a {x.engine} tensor cannot meet a tensor_cpp tensor; convert it with "
                    ".detach().numpy() first"
                )
        ctx = Context(tuple(isinstance(x, Tensor) and x.requires_grad for x in args), cls.__name__)
        with no_grad():
            result = cls.forward(ctx, *args)
        several = isinstance(result, tuple | list)
        outputs = [_core.as_tensor(z) for z in (result if several else (result,))]
        if _core._is_anomaly_enabled() and any(_core.isnan(z).any() for z in outputs if z.dtype.kind == "f"):
            raise AnomalyError(
                f"detect_anomaly: {cls.__name__} gave NaN in its output, called at {call_site()}"
            )
        if _core.is_grad_enabled() and any(ctx.needs_input_grad):
            outputs = _record(cls, ctx, args, outputs)
        return tuple(outputs) if several else outputs[0]


def _record(cls: type[Function], ctx: Context, args: tuple[Any, ...], outputs: list[Any]) -> list[Any]:
    tracked = [k for k, z in enumerate(outputs) if z.dtype.kind == "f" and id(z) not in ctx._constant]
    for x in ctx._to_save:
        which = next((k for k in tracked if outputs[k] is x), -1)
        if x is None:
            ctx._saved.append(None)
        elif which >= 0 and not any(x is y for y in args):
            ctx._saved.append((_OUTPUT, 0, which))
        else:
            ctx._saved.append((x, x._version, -1))
    ctx._to_save = ()
    if not tracked:
        return outputs
    inputs = [x for x in args if isinstance(x, Tensor)]
    shapes = [_Kind(outputs[k].shape, outputs[k].dtype) for k in tracked]
    single = len(tracked) == 1
    with no_grad():
        joined = outputs[tracked[0]] if single else _core.cat([outputs[k].reshape(-1) for k in tracked])
    kinds = [_Kind(x.shape, x.dtype) if isinstance(x, Tensor) else None for x in args]
    rule = _rule(cls, ctx, kinds, tracked, shapes, outputs)
    recorded = _core._record_function(cls.__name__, joined, inputs, rule)
    results = list(outputs)
    for k, part in zip(tracked, [recorded] if single else _parts(recorded, shapes), strict=True):
        results[k] = part
    return results


def _parts(flat: Any, kinds: list[_Kind]) -> list[Any]:
    pieces = _core.split(flat, [math.prod(kind.shape) for kind in kinds])
    return [piece.reshape(kind.shape).to(kind.dtype) for piece, kind in zip(pieces, kinds, strict=True)]


def _fitting(name: str, k: int, r: Any, kind: _Kind) -> Any:
    """A gradient that backward returned, in its input's dtype; it may have what the input broadcasts to."""
    if r is None:
        return None
    if not isinstance(r, Tensor):
        raise TypeError(
            f"{name}.backward: the gradient of input {k} must be a tensor or None, not {type(r).__name__}"
        )
    tail = r.shape[len(r.shape) - len(kind.shape) :]
    if len(tail) != len(kind.shape) or any(
        want not in (1, got) for want, got in zip(kind.shape, tail, strict=True)
    ):
        raise ShapeError(
            f"{name}.backward: the gradient of input {k} has shape {r.shape}, but the input has {kind.shape}"
        )
    return r.to(kind.dtype)


def _rule(
    cls: type[Function],
    ctx: Context,
    kinds: list[_Kind | None],
    tracked: list[int],
    shapes: list[_Kind],
    outputs: list[Any],
) -> Callable[[Any, Any], list[Any]]:
    """The node's rule: from the gradient of the (joined) output to those of the tensors among the inputs."""
    zero_shapes = {k: z.shape for k, z in enumerate(outputs) if k not in tracked}
    count = len(outputs)
    dtype = outputs[tracked[0]].dtype

    def rule(g: Any, z: Any) -> list[Any]:
        single = len(tracked) == 1
        grads: list[Any] = [None] * count
        for k, part in zip(tracked, [g] if single else _parts(g, shapes), strict=True):
            grads[k] = part
        for k, shape in zero_shapes.items():
            grads[k] = _core.zeros(shape, dtype=dtype)
        outs: list[Any] = [None] * count
        for k, part in zip(tracked, [z] if single else _parts(z, shapes), strict=True):
            outs[k] = part
        ctx._outputs = outs
        try:
            results = cls.backward(ctx, *grads)
        finally:
            ctx._outputs = None
        results = list(results) if isinstance(results, tuple | list) else [results]
        if len(results) < len(kinds) or any(r is not None for r in results[len(kinds) :]):
            raise GraphError(
                f"{cls.__name__}.backward: returned {len(results)} gradients for {len(kinds)} inputs"
            )
        return [_fitting(cls.__name__, k, results[k], kind) for k, kind in enumerate(kinds) if kind]

    return rule


__all__ = ["Context", "Function", "ShapeError"]
