"""The graph: one node per recorded operation, two orders to visit them in, and one sweep.

A node points to what its inputs came from: to another node, or to a leaf tensor.  Together we call these two
*origins*.  Backward is: list the origins so that each comes after everything it was computed from, walk that
list from its end, and give each origin its complete gradient before passing on to its inputs.
Read before: `tensor.py`.  After: `registry.py` (who makes the nodes), `autograd.py` (who calls the sweep).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import AnomalyError, DepthError, DTypeError, GraphError, ShapeError, ThreadError
from .modes import modes, recording, sweeping
from .operands import NUMBERS, as_tensor
from .tensor import Hooks, Tensor

if TYPE_CHECKING:
    from .registry import Op

Shape = tuple[int, ...]
Edge = tuple["Origin", int]  # an origin, and which of its outputs was used
Saved = tuple[Tensor, int]  # a tensor, and the version it had when it was saved


NOTHING: dict[str, Any] = {}  # one for all: most nodes of a long graph save nothing


class Node:
    """One recorded call: where its inputs came from, and what its rules need."""

    __slots__ = ("op", "edges", "saved", "attrs", "shapes", "outputs", "thread", "place", "_hooks", "retains")

    def __init__(self, op: Op, edges: tuple[Edge | None, ...], shapes: tuple[Shape, ...]) -> None:
        self.op = op
        self.edges: tuple[Edge | None, ...] | None = edges  # one per input, None where no gradient is wanted
        self.shapes = shapes  # of the inputs
        self.saved: dict[str, Any] = NOTHING
        self.attrs: dict[str, Any] = NOTHING
        self.outputs: Sequence[tuple[Shape, Any]] = ()  # shapes and dtypes, where several are differentiable
        self.thread = modes.token
        self.place: str | None = None  # the calling line, under detect_anomaly
        self._hooks: Hooks | None = None
        self.retains: dict[int, weakref.ref[Tensor]] | None = None

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def inputs(self) -> list[Origin]:
        """The nodes and leaves this one was computed from, without those that need no gradient."""
        return [edge[0] for edge in self.edges or () if edge is not None]

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def free(self) -> None:
        """Let go of all this node held.  The sweep frees one node after another, so nothing recurses."""
        self.edges = None
        self.saved = NOTHING
        self.attrs = NOTHING

    def recall(self, saved: Saved, own: bool) -> Tensor:
        """A saved tensor, which must not have been changed since.

        Our own output is saved without its history: it would point back to this node, a cycle that keeps both
        alive.  Where the rule is to be recorded (`own`), the output gets its history back.
        """
        tensor, version = saved
        if tensor._version != version:
            raise GraphError(
                f"backward: a tensor of shape {tensor.shape} that {self.name} saved was changed in place: "
                f"it had version {version} and now has {tensor._version}; clone it before the change"
            )
        return Tensor(tensor._array, storage=tensor._storage, node=self) if own else tensor

    def gradients(self, grads: dict[int, Tensor], create_graph: bool) -> list[Tensor | None]:
        """Run the rule of every input that wants a gradient.  Each rule is given what its parameters name."""
        values: dict[str, Any] = {
            **self.attrs,
            "g": self.filled(grads) if self.op.many else grads[0],
            "shapes": self.shapes,
            "shape": self.shapes[0],
        }
        for name, saved in self.saved.items():
            if isinstance(saved, list):
                values[name] = [self.recall(one, False) for one in saved]
            else:
                values[name] = self.recall(saved, create_graph and name == "z")
        result: list[Tensor | None] = []
        for k, edge in enumerate(self.edges or ()):
            values["k"] = k
            rule = None if edge is None else self.op.rule(k)
            result.append(None if rule is None else rule.function(*[values[name] for name in rule.reads]))
        return result

    def filled(self, grads: dict[int, Tensor]) -> list[Tensor]:
        """The gradients of all outputs, zeros for those that nothing used."""
        return [
            grads[k] if k in grads else Tensor(np.zeros(shape, dtype))
            for k, (shape, dtype) in enumerate(self.outputs)
        ]


Origin = Node | Tensor


def origin_of(tensor: Tensor) -> Origin:
    """The node that computed a tensor, or the tensor itself if it is a leaf."""
    return tensor if tensor._node is None else tensor._node


def inputs_of(origin: Origin) -> tuple[Edge | None, ...]:
    """The edges to follow, checked: the graph must still be there, and belong to this thread."""
    if isinstance(origin, Tensor):
        return ()
    if origin.edges is None:
        raise GraphError(
            "backward: this graph was already freed by an earlier backward; "
            "pass retain_graph=True to the first one"
        )
    if origin.thread is not modes.token:
        raise ThreadError(
            "backward: this graph belongs to another thread, the one that recorded it; "
            "detach() shares values across threads"
        )
    return origin.edges


# ---- the two orders: both list an origin after all it was computed from, and they agree exactly ----
def recursive_order(roots: list[Origin]) -> list[Origin]:
    """Depth-first search as in the textbook.  A chain of n nodes needs n Python frames."""
    seen: set[int] = set()
    path: list[Origin] = []
    listed: list[Origin] = []
    try:
        for root in roots:
            _visit(root, seen, path, listed)
    except RecursionError:
        raise DepthError(
            f"backward: the recursive order reached depth {len(path)}, "
            "as deep as Python's recursion limit allows; use order='stack'"
        ) from None
    return listed


def _visit(origin: Origin, seen: set[int], path: list[Origin], listed: list[Origin]) -> None:
    if id(origin) in seen:
        return
    seen.add(id(origin))
    path.append(origin)
    for edge in inputs_of(origin):
        if edge is not None:
            _visit(edge[0], seen, path, listed)
    path.pop()
    listed.append(origin)


def stack_order(roots: list[Origin]) -> list[Origin]:
    """The same search; a list of our own takes the place of Python's stack, so memory is the only limit."""
    seen: set[int] = set()
    listed: list[Origin] = []
    for root in roots:
        if id(root) in seen:
            continue
        seen.add(id(root))
        stack: list[tuple[Origin, Iterator[Edge | None]]] = [(root, iter(inputs_of(root)))]
        while stack:
            origin, edges = stack[-1]
            for edge in edges:
                if edge is not None and id(edge[0]) not in seen:
                    seen.add(id(edge[0]))
                    stack.append((edge[0], iter(inputs_of(edge[0]))))
                    break  # first everything below this input, then the next input
            else:
                stack.pop()
                listed.append(origin)
    return listed


ORDERS = ("stack", "recursive")


def unbroadcast(g: Tensor, shape: Shape) -> Tensor:
    """Sum a gradient over the dims that broadcasting added or stretched: n uses send n gradients."""
    if g.shape == shape:
        return g
    added = g.ndim - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and g.shape[added + i] != 1]
    dims = (*range(added), *stretched)
    return (g.sum(dims) if dims else g).reshape(shape)


def sweep(
    roots: list[tuple[Tensor, Tensor]],
    order: str,
    create_graph: bool = False,
    retain_graph: bool = False,
    wanted: frozenset[tuple[int, int]] = frozenset(),
) -> list[tuple[Origin, int, Tensor]]:
    """Carry the roots' gradients back; return (origin, output, gradient) for leaves and for what is wanted.

    Nothing is stored in any `.grad` here, so a sweep that fails half way leaves no trace.
    """
    visit = recursive_order if order == "recursive" else stack_order
    origins = visit([origin_of(tensor) for tensor, _ in roots])
    pending: dict[int, dict[int, Tensor]] = {}  # id of an origin -> output -> the gradient gathered so far
    arrived: list[tuple[Origin, int, Tensor]] = []

    def gather(origin: Origin, index: int, g: Tensor) -> None:
        outputs = pending.setdefault(id(origin), {})
        outputs[index] = outputs[index] + g if index in outputs else g

    with recording(create_graph), sweeping():
        for tensor, g in roots:
            gather(origin_of(tensor), tensor._index, g)
        for origin in reversed(
            origins
        ):  # each comes before all it was computed from: its gradient is complete
            grads = pending.pop(id(origin), None)
            if grads is None:  # reachable, but no rule sent a gradient here
                continue
            if origin._hooks:
                _run_hooks(origin._hooks, grads)
            for index, g in grads.items():
                if _is_asked(origin, index) or (id(origin), index) in wanted:
                    arrived.append((origin, index, g))
            if isinstance(origin, Node):
                results = origin.gradients(grads, create_graph)
                if modes.anomaly:
                    _refuse_nan(origin, results)
                for edge, shape, gx in zip(origin.edges or (), origin.shapes, results, strict=True):
                    if edge is not None and gx is not None:
                        gather(edge[0], edge[1], unbroadcast(gx, shape))
    if not retain_graph:
        for origin in origins:
            if isinstance(origin, Node):
                origin.free()
    return arrived


def _is_asked(origin: Origin, index: int) -> bool:
    """Leaves keep their gradients, and so does what retain_grad named."""
    return isinstance(origin, Tensor) or (origin.retains is not None and index in origin.retains)


def _run_hooks(hooks: Hooks, grads: dict[int, Tensor]) -> None:
    for index, g in grads.items():
        for hook in list(hooks.get(index, {}).values()):
            replaced = hook(g)
            g = g if replaced is None else _instead_of(g, replaced)
        grads[index] = g


def _instead_of(g: Tensor, replaced: Any) -> Tensor:
    """What a hook returned: it goes on in the gradient's place, so it has to fit there."""
    if isinstance(replaced, NUMBERS):
        replaced = as_tensor(replaced, g.dtype)
    if not isinstance(replaced, Tensor):
        raise TypeError(f"hook: a tensor or a number is needed, not {type(replaced).__name__}")
    if replaced.shape != g.shape:
        raise ShapeError(f"hook: it returned shape {replaced.shape} for a gradient of shape {g.shape}")
    if replaced.dtype != g.dtype:
        raise DTypeError(f"hook: it returned dtype {replaced.dtype} for a gradient of dtype {g.dtype}")
    return replaced


def _refuse_nan(node: Node, results: list[Tensor | None]) -> None:
    for k, gx in enumerate(results):
        if gx is not None and np.isnan(gx._array).any():
            where = f"; it was called at {node.place}" if node.place else ""
            raise AnomalyError(
                f"detect_anomaly: {node.name} gave NaN in the gradient of its input {k}{where}"
            )
