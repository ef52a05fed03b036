"""Operations that a user writes: a forward and a backward of one's own.

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

Read before: `graph.py`.  After: nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import AnomalyError, GraphError, ShapeError
from .graph import Node, Shape, origin_of
from .modes import calling_line, modes, recording
from .operands import as_tensor, refuse_foreign
from .tensor import Tensor


class Context:
    """What forward leaves for backward.  Any attribute may be set on it."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: list[tuple[Tensor, int, int | None] | None] = []  # tensor, version, which output it is
        self._constant: set[int] = set()
        self._node: FunctionNode | None = None  # set only while backward runs: for good, it would be a cycle

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs; backward refuses to go on if they have been changed in place by then."""
        self._to_save = tensors

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """These outputs never require grad."""
        self._constant = {id(z) for z in outputs}

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        if self._node is None:
            return self._to_save
        return tuple(None if saved is None else self._node.recall_output(*saved) for saved in self._saved)


class FunctionNode(Node):
    """The node of a user's Function."""

    __slots__ = ("function", "ctx")

    def __init__(self, function: type[Function], ctx: Context, edges: Any, shapes: tuple[Shape, ...]) -> None:
        super().__init__(None, edges, shapes)  # type: ignore[arg-type]
        self.function = function
        self.ctx: Context | None = ctx

    @property
    def name(self) -> str:
        return self.function.__name__

    def free(self) -> None:
        super().free()
        self.ctx = None

    def recall_output(self, tensor: Tensor, version: int, output: int | None) -> Tensor:
        """A saved tensor.  Our own outputs were saved without history; here they get it back."""
        tensor = self.recall((tensor, version), False)
        if output is None or not modes.recording:
            return tensor
        return Tensor(tensor._array, storage=tensor._storage, node=self, index=output)

    def gradients(self, grads: dict[int, Tensor], create_graph: bool) -> list[Tensor | None]:
        ctx = self.ctx
        assert ctx is not None  # freed nodes are refused before the sweep
        ctx._node = self
        try:
            results = self.function.backward(ctx, *self.filled(grads))
        finally:
            ctx._node = None
        results = results if isinstance(results, tuple | list) else (results,)
        edges = self.edges or ()
        extra = results[len(edges) :]
        if len(results) < len(edges) or any(g is not None for g in extra):
            raise GraphError(
                f"{self.name}.backward: returned {len(results)} gradients for {len(edges)} inputs"
            )
        return [self._conforming(k, g) for k, g in enumerate(results[: len(edges)])]

    def _conforming(self, k: int, g: Any) -> Tensor | None:
        edge = (self.edges or ())[k]
        if g is None or edge is None:
            return None
        found = as_tensor(g, self.attrs["dtypes"][k])
        try:
            fits = np.broadcast_shapes(found.shape, self.shapes[k]) == found.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                f"{self.name}.backward: gradient {k} has shape {found.shape} "
                f"but the input has shape {self.shapes[k]}"
            )
        return found.to(self.attrs["dtypes"][k])


class Function:
    """Subclass this, and call `YourClass.apply(...)`."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward, and record it if an argument requires grad.  Inside forward nothing is recorded."""
        refuse_foreign(cls.__name__, args)
        needs = tuple(isinstance(x, Tensor) and x.requires_grad for x in args)
        ctx = Context(needs)
        with recording(False):
            result = cls.forward(ctx, *args)
        several = isinstance(result, tuple | list)
        raw = [as_tensor(z) for z in (result if several else (result,))]
        if modes.anomaly and any(z.dtype.kind == "f" and np.isnan(z._array).any() for z in raw):
            raise AnomalyError(
                f"detect_anomaly: {cls.__name__} gave NaN in its output, called at {calling_line()}"
            )
        outputs = _record(cls, ctx, args, raw) if modes.recording and any(needs) else raw
        return tuple(outputs) if several else outputs[0]


def _record(cls: type[Function], ctx: Context, args: tuple[Any, ...], raw: list[Tensor]) -> list[Tensor]:
    tensors = [x if isinstance(x, Tensor) else None for x in args]
    edges = tuple((origin_of(x), x._index) if x is not None and x.requires_grad else None for x in tensors)
    node = FunctionNode(cls, ctx, edges, tuple(() if x is None else x.shape for x in tensors))
    node.attrs = {"dtypes": [None if x is None else x.dtype for x in tensors]}
    node.outputs = [(z.shape, z.dtype) for z in raw]
    node.place = calling_line() if modes.anomaly else None
    outputs = []
    for k, z in enumerate(raw):
        differentiable = z.dtype.kind == "f" and id(z) not in ctx._constant
        outputs.append(
            Tensor(z._array, storage=z._storage, node=node, index=k) if differentiable else z.detach()
        )
    for x in ctx._to_save:
        which = next((k for k, z in enumerate(raw) if z is x), None)
        if x is None:
            ctx._saved.append(None)
        elif which is None or any(x is y for y in tensors):
            ctx._saved.append((x, x._version, None))
        else:
            ctx._saved.append((x.detach(), x._version, which))
    ctx._to_save = ()
    return outputs
