"""The graph as a picture: text for Graphviz (`dot -Tsvg`).

Read before: `graph.py`.  After: nothing.
"""

from __future__ import annotations

from collections import deque

from .graph import Node, Origin, origin_of
from .tensor import Tensor


def to_dot(root: Tensor, max_nodes: int = 500) -> str:
    """The operations and leaves behind a tensor, nearest first; beyond max_nodes they are only counted."""
    names: dict[int, str] = {}
    waiting: deque[Origin] = deque([origin_of(root)])
    found = [origin_of(root)]
    seen = {id(found[0])}
    while waiting:
        for origin in _inputs(waiting.popleft()):
            if id(origin) not in seen:
                seen.add(id(origin))
                found.append(origin)
                waiting.append(origin)
    drawn, left_out = found[:max_nodes], len(found) - max_nodes
    lines = ["digraph {", "  rankdir=LR", '  node [fontname="Helvetica", fontsize=11]']
    for n, origin in enumerate(drawn):
        names[id(origin)] = f"n{n}"
        lines.append(f"  n{n} [{_label(origin)}]")
    for origin in drawn:
        for source in _inputs(origin):
            if id(source) in names:
                lines.append(f"  {names[id(source)]} -> {names[id(origin)]}")
    if left_out > 0:
        lines.append(
            f'  rest [shape=note, label="{left_out} more nodes are left out (max_nodes={max_nodes})"]'
        )
    return "\n".join([*lines, "}"]) + "\n"


def _inputs(origin: Origin) -> list[Origin]:
    return origin.inputs if isinstance(origin, Node) else []


def _label(origin: Origin) -> str:
    if isinstance(origin, Tensor):
        return f'shape=box, label="leaf {origin.shape}"'
    return f'shape=ellipse, label="{origin.name}"'
