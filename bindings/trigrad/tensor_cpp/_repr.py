"""How a tensor prints: PyTorch's rules, so that outputs in a book or a forum look the same here.

Floats take four digits after the point unless all are whole; scientific notation where sizes differ a
thousandfold, or are above 1e8 or below 1e-4.  More than 1000 elements are shortened to the three at each
end of a dim.  80 columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import tensor as _core

_Array = np.ndarray[Any, Any]
WIDTH, EDGE, MOST = 80, 3, 1000


def tensor_repr(x: Any) -> str:
    """`tensor([1.0000, 2.5000], dtype=float64, requires_grad=True)`."""
    array: _Array = x.detach().numpy()
    suffixes = []
    if array.size == 0:
        text = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        if array.dtype != _core.get_default_dtype():
            suffixes.append(f"dtype={array.dtype}")
    else:
        if array.dtype not in (_core.get_default_dtype(), np.int64, np.bool_):
            suffixes.append(f"dtype={array.dtype}")
        short = array.size > MOST
        one, width = _formatter(_shortened(array) if short else array)
        text = _nested(array, len("tensor("), short, one, width)
    if x.grad_fn is not None:
        suffixes.append(f"grad_fn=<{x.grad_fn.name}>")
    elif x.requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes("tensor(" + text, suffixes, len("tensor("))


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    lines = [text]
    last = len(text) - text.rfind("\n") - 1 + 1  # the closing parenthesis counts
    for suffix in suffixes:
        if last + len(suffix) + 2 > WIDTH:
            lines.append(",\n" + " " * indent + suffix)
            last = indent + len(suffix)
        else:
            lines.append(", " + suffix)
            last += len(suffix) + 2
    return "".join(lines) + ")"


def _shortened(array: _Array) -> _Array:
    """Only the elements that will be shown, for they alone decide the format."""
    for axis, size in enumerate(array.shape):
        if size > 2 * EDGE:
            array = np.take(array, [*range(EDGE), *range(size - EDGE, size)], axis)
    return array


def _formatter(array: _Array) -> tuple[Callable[[Any], str], int]:
    """What turns one element into text, and how wide the widest is."""
    flat = array.reshape(-1)
    if array.dtype.kind != "f":
        width = max(len(str(v)) for v in flat.tolist())
        return lambda v: str(v).rjust(width), width
    spec, whole = _float_spec(flat.astype(np.float64))

    def text(v: float) -> str:
        return format(v, spec) + ("." if whole and np.isfinite(v) else "")

    shown = [text(v) for v in flat.tolist() if np.isfinite(v) and v != 0] or [""]
    width = max(1, *(len(s) for s in shown))
    return lambda v: text(v).rjust(width), width


def _float_spec(flat: _Array) -> tuple[str, bool]:
    sizes = np.abs(flat[np.isfinite(flat) & (flat != 0)])
    if sizes.size == 0:
        return ".0f", True
    largest, smallest = sizes.max(), sizes.min()
    whole = bool((sizes == np.ceil(sizes)).all())
    scientific = largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4)
    if scientific:
        return ".4e", False
    return (".0f", True) if whole else (".4f", False)


def _nested(array: _Array, indent: int, short: bool, one: Callable[[Any], str], width: int) -> str:
    if array.ndim == 0:
        return one(array.item())
    if array.ndim == 1:
        return _row(array, indent, short, one, width)
    if short and len(array) > 2 * EDGE:
        parts = [_nested(a, indent + 1, short, one, width) for a in array[:EDGE]]
        parts += ["..."]
        parts += [_nested(a, indent + 1, short, one, width) for a in array[-EDGE:]]
    else:
        parts = [_nested(a, indent + 1, short, one, width) for a in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _row(array: _Array, indent: int, short: bool, one: Callable[[Any], str], width: int) -> str:
    per_line = max(1, (WIDTH - indent) // (width + 2))
    if short and len(array) > 2 * EDGE:
        words = [one(v) for v in array[:EDGE].tolist()] + [" ..."] + [one(v) for v in array[-EDGE:].tolist()]
    else:
        words = [one(v) for v in array.tolist()]
    lines = [", ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
