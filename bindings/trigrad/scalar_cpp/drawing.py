"""`to_dot`: the graph as Graphviz text, by a loop, so depth does not matter. For Values and for tensors."""

from __future__ import annotations

from collections import deque
from typing import Any

from .tensor import Tensor, core


def _node(ident: Any, title: str, op: str) -> list[str]:
    lines = [f'  n{ident} [label="{title}", shape=record];']
    if op:
        lines += [f'  o{ident} [label="{op}"];', f"  o{ident} -> n{ident};"]
    return lines


def to_dot(root: Any, max_nodes: int = 500) -> str:
    """What `root` was computed from: breadth first, at most `max_nodes` nodes, and how many were left out."""
    if isinstance(root, core.Value):

        def parents(v: Any) -> Any:
            return v._prev

        def text(v: Any) -> tuple[str, str]:
            label = str(v.label).replace('"', "'")
            return f"{{ {label + ' | ' if label else ''}data {v.data:.4f} | grad {v.grad:.4f} }}", v._op

        start = [root]
        key: Any = id
    elif isinstance(root, Tensor):

        def parents(n: Any) -> Any:
            return core.describe_node(n)[3]

        def text(n: Any) -> tuple[str, str]:
            data, grad, op, _ = core.describe_node(n)
            return f"{{ data {data:.4f} | grad {grad:.4f} }}", op

        nodes = root._nodes
        start = [] if nodes is None else [nodes.describe(k)[0] for k in range(len(nodes))]
        key = int
    else:
        raise TypeError(f"to_dot: expected a Value or a Tensor, not {type(root).__name__}")

    lines, edges = ["digraph {", "  rankdir=LR;"], []
    seen, queue = {key(n): n for n in start}, deque(start)
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
