"""The graph as a picture: text for Graphviz (`dot -Tsvg`)."""

from __future__ import annotations

from collections import deque
from typing import Any


def to_dot(root: Any, max_nodes: int = 500) -> str:
    """The operations and leaves behind a tensor, nearest first; beyond max_nodes they are only counted.

    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> print(tg.to_dot(tg.exp(x)))  # doctest: +ELLIPSIS
    digraph {
      rankdir=LR
      ...
      n0 [shape=ellipse, label="exp"]
      n1 [shape=box, label="leaf ()"]
      n1 -> n0
    }
    <BLANKLINE>
    """
    if root.grad_fn is None:
        return f'digraph {{\n  n0 [shape=box, label="leaf {root.shape}"]\n}}\n'
    number = {root.grad_fn.id: 0}
    found = [root.grad_fn]
    edges: list[tuple[int, int]] = []
    waiting = deque(found)
    while waiting:
        node = waiting.popleft()
        for source in node.inputs:
            if source.id not in number:
                number[source.id] = len(found)
                found.append(source)
                waiting.append(source)
            if number[source.id] < max_nodes and number[node.id] < max_nodes:
                edges.append((number[source.id], number[node.id]))
    lines = ["digraph {", "  rankdir=LR", '  node [fontname="Helvetica", fontsize=11]']
    for n, node in enumerate(found[:max_nodes]):
        leaf = node.name == "leaf"
        label = f"leaf {node.shape}" if leaf else node.name
        lines.append(f'  n{n} [shape={"box" if leaf else "ellipse"}, label="{label}"]')
    lines += [f"  n{a} -> n{b}" for a, b in edges]
    if len(found) > max_nodes:
        left_out = len(found) - max_nodes
        lines.append(
            f'  rest [shape=note, label="{left_out} more nodes are left out (max_nodes={max_nodes})"]'
        )
    return "\n".join([*lines, "}"]) + "\n"
