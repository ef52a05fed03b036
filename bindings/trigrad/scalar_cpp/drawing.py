"""`to_dot`: the graph as Graphviz text, by a loop, so depth does not matter. For Values and for tensors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .._core import scalar as core
from .tensor import Tensor


def _node(ident: Any, title: str, op: str) -> list[str]:
    lines = [f'  n{ident} [label="{title}", shape=record];']
    if op:
        lines += [f'  o{ident} [label="{op}"];', f"  o{ident} -> n{ident};"]
    return lines


def _value_parents(v: Any) -> Any:
    return v._prev


def _value_text(v: Any) -> tuple[str, str]:
    label = str(v.label).replace('"', "'")
    return f"{{ {label + ' | ' if label else ''}data {v.data:.4f} | grad {v.grad:.4f} }}", v._op


def _node_parents(n: Any) -> Any:
    return core.describe_node(n)[3]


def _node_text(n: Any) -> tuple[str, str]:
    data, grad, op, _ = core.describe_node(n)
    return f"{{ data {data:.4f} | grad {grad:.4f} }}", op


def to_dot(root: Any, max_nodes: int = 500) -> str:
    """What `root` was computed from: breadth first, at most `max_nodes` nodes, and how many were left out."""
    parents: Callable[[Any], Any]
    text: Callable[[Any], tuple[str, str]]
    key: Callable[[Any], int]
    if isinstance(root, core.Value):
        parents, text, key, start = _value_parents, _value_text, id, [root]
    elif isinstance(root, Tensor):
        nodes = root._nodes
        start = [] if nodes is None else [nodes.describe(k)[0] for k in range(len(nodes))]
        parents, text, key = _node_parents, _node_text, int
    else:
        raise TypeError(f"to_dot: expected a Value or a Tensor, not {type(root).__name__}")

    lines, edges = ["digraph {", "  rankdir=LR;"], []
    seen: dict[int, Any] = {key(n): n for n in start}
    queue: deque[Any] = deque(start)
    drawn: set[Any] = set()
    while queue:
        n = queue.popleft()
        if len(drawn) == max_nodes:
            break
        drawn.add(key(n))
        title, op = text(n)
        lines += _node(key(n), title, op)
        for p in parents(n):
            edges.append((key(p), key(n)))
            if key(p) not in seen:
                seen[key(p)] = p
                queue.append(p)
    lines += [f"  n{a} -> o{b};" for a, b in edges if a in drawn]
    left_out = (
        core.graph_size(root if isinstance(root, core.Value) else root._nodes) - len(drawn) if start else 0
    )
    if left_out:
        lines.append(
            f'  more [label="{left_out} more nodes are left out (max_nodes={max_nodes})", shape=note];'
        )
    return "\n".join([*lines, "}"])
