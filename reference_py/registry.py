"""The list of operations, and what happens when one is called.

An operation is a forward function on arrays and one gradient rule per differentiable input:

    @op("mul", gx=lambda g, y: g * y, gy=lambda g, x: g * x)
    def mul(x, y):
        return x * y

- Positional parameters of the forward are inputs, keyword-only ones are attributes.
- A rule asks for what it needs by naming its parameters: `g` (the incoming gradient), inputs, `z` (the
  output), `index` (a second output), attributes, `shape` (of the first input), `shapes` (of all), `k` (which
  input).  The inputs and outputs so named are all that is kept for backward.
- A rule is ordinary tensor code.  For a plain backward it runs with recording off; under create_graph=True
  the same rule runs with recording on, and its result can be differentiated again.
- A rule never un-broadcasts: the sweep does, once, for all.
Read before: `graph.py`.  After: `elementwise.py`, the operations themselves.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from . import operands
from .dtypes import Array, is_float
from .errors import AnomalyError, ThreadError
from .graph import NOTHING, Edge, Node, origin_of
from .modes import calling_line, modes
from .tensor import Tensor

ALIASES = {"axis": "dim", "keepdims": "keepdim"}  # NumPy's names for PyTorch's


class Rule(NamedTuple):
    """A gradient rule, and the names of its parameters."""

    function: Callable[..., Any]
    reads: tuple[str, ...]


class ValuesIndices(NamedTuple):
    """What max, min, sort and topk give along a dim."""

    values: Tensor
    indices: Tensor


class Op:
    """One operation of the list."""

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        rules: dict[str, Callable[..., Any]],
        dtypes: Callable[..., Sequence[Tensor | None]],
        check: Callable[..., dict[str, Any]] | None,
        view: bool,
        many: bool,
    ) -> None:
        parameters = inspect.signature(forward).parameters.values()
        self.name = name
        self.forward = forward
        self.dtypes = dtypes  # makes tensors of the inputs, of the dtypes the forward expects
        self.check = check  # raises for what cannot be computed; returns the attributes in their final form
        self.view = view  # the output looks at the memory of the first input
        self.many = many  # all outputs are differentiable (split), not just the first
        self.defaults = {p.name: p.default for p in parameters if p.kind is not p.VAR_POSITIONAL}
        self.inputs = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.attrs = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.rules = {
            name.removeprefix("g"): Rule(rule, tuple(inspect.signature(rule).parameters))
            for name, rule in rules.items()
        }

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def rule(self, k: int) -> Rule:
        """The rule of input k; all inputs of cat, stack and einsum share one."""
        return self.rules["xs" if self.variadic else self.inputs[k]]

    def has_rule(self, k: int) -> bool:
        return self.variadic or self.inputs[k] in self.rules

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Split a call's arguments into inputs and attributes, which may be positional, as in PyTorch."""
        if self.variadic:
            return args, {**{name: self.defaults[name] for name in self.attrs}, **kwargs}
        names = self.inputs + self.attrs
        if len(args) > len(names):
            raise TypeError(f"{self.name}: takes at most {len(names)} arguments, not {len(args)}")
        given = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            name = ALIASES.get(key, key) if "dim" in names else key
            if name not in names or name in given:
                problem = "an unknown" if name not in names else "a repeated"
                raise TypeError(f"{self.name}: {key!r} is {problem} argument; it takes {', '.join(names)}")
            given[name] = value
        for name in names:
            if name not in given:
                if self.defaults[name] is inspect.Parameter.empty:
                    raise TypeError(f"{self.name}: the argument {name!r} is missing")
                given[name] = self.defaults[name]
        return tuple(given[name] for name in self.inputs), {name: given[name] for name in self.attrs}


OPS: dict[str, Op] = {}  # the operations every engine has, by name


def op(
    name: str,
    *,
    dtypes: Callable[..., Sequence[Tensor | None]] = operands.promoted,
    check: Callable[..., dict[str, Any]] | None = None,
    view: bool = False,
    many: bool = False,
    listed: bool = True,
    **rules: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operation.  What remains under the function's name is the recorded operation on tensors."""

    def register(forward: Callable[..., Any]) -> Callable[..., Any]:
        record = Op(name, forward, rules, dtypes, check, view, many)
        if listed:  # casts, copies and the transpose of indexing are steps of this engine only
            OPS[name] = record

        @functools.wraps(forward)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not kwargs and not record.attrs and len(args) == len(record.inputs):
                return apply(record, args, NOTHING)
            return apply(record, *record.bind(args, kwargs))

        return call

    return register


def aliased(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that is not an operation itself take axis= and keepdims= too."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{ALIASES.get(key, key): value for key, value in kwargs.items()})

    return call


def apply(record: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Check, compute, record."""
    operands.refuse_foreign(record.name, inputs)
    tensors = record.dtypes(record.name, inputs)
    arrays = [None if x is None else x._array for x in tensors]
    if record.check is not None:
        attrs = record.check(record.name, *arrays, **attrs)
    with np.errstate(all="ignore"):
        result = record.forward(*arrays, **attrs)
    results = result if isinstance(result, tuple) else (result,)
    if modes.anomaly and not modes.in_sweep:
        _refuse_nan(record.name, results)
    wanted: list[int] = []  # the inputs whose gradients are to be recorded
    if modes.recording and record.rules:
        wanted = [
            k for k, x in enumerate(tensors) if x is not None and x._requires_grad and record.has_rule(k)
        ]
    outputs = _record(record, tensors, wanted, attrs, results) if wanted else [Tensor(z) for z in results]
    if record.view:
        _share(outputs, tensors[0])
    if isinstance(result, tuple):
        return tuple(outputs) if record.many else ValuesIndices(*outputs)
    return outputs[0]


def _record(
    record: Op,
    tensors: Sequence[Tensor | None],
    wanted: list[int],
    attrs: dict[str, Any],
    results: Sequence[Array],
) -> list[Tensor]:
    """Make the node, its outputs, and save what the rules that will run have named."""
    edges: list[Edge | None] = [None] * len(tensors)
    reads: set[str] = set()
    for k in wanted:
        x = cast(Tensor, tensors[k])
        origin = origin_of(x)
        if isinstance(origin, Node) and origin.thread is not modes.token:
            raise ThreadError(
                f"{record.name}: this graph belongs to another thread, the one that recorded it; "
                "detach() shares values across threads"
            )
        edges[k] = (origin, x._index)
        reads.update(record.rule(k).reads)
    node = Node(record, tuple(edges), tuple([() if x is None else x._array.shape for x in tensors]))
    node.attrs = attrs
    if modes.anomaly:
        node.place = calling_line()
    if record.many:
        outputs = [Tensor(z, node=node, index=k) for k, z in enumerate(results)]
        node.outputs = [(z.shape, z.dtype) for z in outputs]
    else:  # outputs after the first, such as the indices of sort, have no gradient
        outputs = [Tensor(z, node=node) if k == 0 else Tensor(z) for k, z in enumerate(results)]
    saved: dict[str, Any] = {}
    for name, read in zip(record.inputs, tensors, strict=False):
        if name in reads and read is not None:
            saved[name] = (read, read._version)
    if "xs" in reads:
        saved["xs"] = [(x, x._version) for x in tensors if x is not None]
    for name, z in zip(("z", "index"), outputs, strict=False):
        if name in reads:
            saved[name] = (z.detach(), z._version)
    if saved:
        node.saved = saved
    return outputs


def _share(outputs: Iterable[Tensor], base: Tensor | None) -> None:
    """Views have one version counter with their base.  (reshape is a view only where it can be.)"""
    for z in outputs:
        if base is not None and np.may_share_memory(z._array, base._array):
            z._storage = base._storage


def _refuse_nan(name: str, results: Iterable[Array]) -> None:
    for z in results:
        z = np.asarray(z)
        if is_float(z.dtype) and np.isnan(z).any():
            raise AnomalyError(f"detect_anomaly: {name} gave NaN in its output, called at {calling_line()}")
