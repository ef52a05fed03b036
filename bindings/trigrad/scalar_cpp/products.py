"""Products of tensors: each element of a result is one node, a sum of products. Read shapes.py before."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .._core import scalar as core
from ..errors import DTypeError, ShapeError
from .checks import Array, Shape, broadcast, float64, prod
from .elementwise import elementwise
from .reductions import sum as sum_of
from .shapes import places
from .tensor import Tensor, as_tensors, finish, nodes_of, pick

__all__ = "dot einsum linear matmul outer".split()


def _same_dtype(name: str, *tensors: Tensor) -> None:
    for t in tensors[1:]:
        if t.dtype != tensors[0].dtype:
            raise DTypeError(
                f"{name}: dtypes {tensors[0].dtype} and {t.dtype} differ; convert one with .to()"
            )


def _dots(
    name: str, x: Tensor, y: Tensor, px: Array, py: Array, shape: Shape, width: int, bias: Any = None
) -> Tensor:
    """Element r of the result is the sum over k of x[px[r, k]] * y[py[r, k]], plus bias."""
    added = None
    if bias is not None:
        added = (
            bias._array,
            nodes_of(bias),
            np.ascontiguousarray(np.broadcast_to(np.arange(bias.numel()), shape)),
        )
    left = (x._array, nodes_of(x), np.ascontiguousarray(px))
    right = (y._array, nodes_of(y), np.ascontiguousarray(py))
    values, nodes = core.dots(name, left, right, added, prod(shape), width)
    values = values.reshape(shape)
    return finish(name, values if x.dtype == float64 else np.rint(values).astype(x.dtype), nodes)


def matmul(x: Any, y: Any) -> Tensor:
    """x @ y: 1-D, 2-D, or stacks of matrices that broadcast."""
    x, y = as_tensors("matmul", x, y)
    if not x.ndim or not y.ndim:
        raise ShapeError(f"matmul: shapes {x.shape} and {y.shape} do not multiply: both need at least 1 dim")
    _same_dtype("matmul", x, y)
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {x.shape} and {y.shape} do not multiply: inner sizes {x.shape[-1]} and "
            f"{inner} differ"
        )
    px = places(x) if x.ndim > 1 else places(x)[None, :]
    py = np.swapaxes(places(y), -1, -2) if y.ndim > 1 else places(y)[None, :]
    stack = broadcast("matmul", px.shape[:-2], py.shape[:-2])
    full = (*stack, px.shape[-2], py.shape[-2], inner)
    shape = (*stack, *(px.shape[-2:-1] if x.ndim > 1 else ()), *(py.shape[-2:-1] if y.ndim > 1 else ()))
    return _dots(
        "matmul",
        x,
        y,
        np.broadcast_to(px[..., :, None, :], full),
        np.broadcast_to(py[..., None, :, :], full),
        shape,
        inner,
    )


def dot(x: Any, y: Any) -> Tensor:
    """The sum of products of two 1-D tensors."""
    x, y = as_tensors("dot", x, y)
    if x.ndim != 1 or y.ndim != 1 or x.shape != y.shape:
        raise ShapeError(f"dot: needs two 1-D tensors of one length, not {x.shape} and {y.shape}")
    _same_dtype("dot", x, y)
    return _dots("dot", x, y, places(x), places(y), (), len(x))


def outer(x: Any, y: Any) -> Tensor:
    """All products of two 1-D tensors."""
    x, y = as_tensors("outer", x, y)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"outer: needs two 1-D tensors, not {x.shape} and {y.shape}")
    _same_dtype("outer", x, y)
    shape = (len(x), len(y))
    return _dots(
        "outer", x, y, np.broadcast_to(places(x)[:, None], shape), np.broadcast_to(places(y), shape), shape, 1
    )


def linear(input: Any, weight: Any, bias: Any = None, activation: str | None = None) -> Tensor:
    """input @ weight.T + bias, then the activation; weight is (out, in)."""
    x, w, *biases = as_tensors("linear", input, weight, *([] if bias is None else [bias]))
    b = biases[0] if biases else None
    if activation not in (None, "relu", "tanh", "sigmoid"):
        raise ValueError(f"linear: activation {activation!r} is not one of None, 'relu', 'tanh', 'sigmoid'")
    if w.ndim != 2 or not x.ndim:
        raise ShapeError(
            f"linear: needs an input of at least 1 dim and a weight of 2, not {x.shape} and {w.shape}"
        )
    if x.shape[-1] != w.shape[1]:
        raise ShapeError(
            f"linear: input is {x.shape} but weight is {w.shape}, which takes {w.shape[1]} features: "
            f"{x.shape[-1]} and {w.shape[1]} differ"
        )
    if b is not None and b.shape != w.shape[:1]:
        raise ShapeError(f"linear: weight is {w.shape}, so bias must be {w.shape[:1]}, not {b.shape}")
    _same_dtype("linear", x, w, *biases)
    shape = (*x.shape[:-1], w.shape[0])
    full = (*shape, w.shape[1])
    px, py = np.broadcast_to(places(x)[..., None, :], full), np.broadcast_to(places(w), full)
    z = _dots("linear", x, w, px, py, shape, w.shape[1], b)
    return z if activation is None else elementwise(activation, z)


# -------------------- einsum


def _parse(equation: str, shapes: list[Shape]) -> tuple[list[str], str]:
    """Labels of each operand and of the result, '...' replaced by labels of its own."""
    text = equation.replace(" ", "")
    if not re.fullmatch(r"(?:[A-Za-z]|\.\.\.|,)*(?:->(?:[A-Za-z]|\.\.\.)*)?", text):
        raise ValueError(f"einsum: {equation!r} is not an equation such as 'ij,jk->ik'")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands, but {len(shapes)} are given")
    spare = [chr(c) for c in range(0x3B1, 0x3B1 + 32)]
    widest, named = 0, []
    for term, shape in zip(terms, shapes, strict=True):
        plain = term.replace("...", "")
        if term.count("...") > 1 or (
            len(plain) != len(shape) if "..." not in term else len(plain) > len(shape)
        ):
            raise ValueError(f"einsum: {term!r} does not fit an operand of shape {shape}")
        width = len(shape) - len(plain)
        widest = max(widest, width)
        named.append(term.replace("...", "".join(spare[32 - width :])) if width else plain)
    rest = "".join(spare[32 - widest :]) if widest else ""
    letters = "".join(named)
    if arrow:
        if right.count("...") > 1:
            raise ValueError(f"einsum: '...' stands twice in the output of {equation!r}")
        output = right.replace("...", rest)
    else:
        output = rest + "".join(sorted({c for c in letters if letters.count(c) == 1 and c not in rest}))
    for c in output:
        if output.count(c) > 1 or c not in letters:
            raise ValueError(
                f"einsum: output label {c!r} "
                f"{'stands twice' if output.count(c) > 1 else 'is in no operand'} in {equation!r}"
            )
    return named, output


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products, named by labels: einsum('ij,jk->ik', a, b) is a @ b."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    tensors = as_tensors("einsum", *operands)
    if not tensors:
        raise ValueError("einsum: needs at least one operand")
    _same_dtype("einsum", *tensors)
    terms, output = _parse(equation, [t.shape for t in tensors])
    sizes: dict[str, int] = {}
    for term, t in zip(terms, tensors, strict=True):
        for c, s in zip(term, t.shape, strict=True):
            if c in sizes and 1 not in (s, sizes[c]) and s != sizes[c]:
                raise ValueError(f"einsum: label {c!r} has size {sizes[c]} and size {s} in {equation!r}")
            sizes[c] = s if sizes.get(c, 1) == 1 else sizes[c]
    labels = output + "".join(dict.fromkeys(c for term in terms for c in term if c not in output))

    def aligned(term: str, t: Tensor, own: str) -> Array:
        """The operand's positions, with a dim for each label of `own`, of size 1 where it lacks the label."""
        at = places(t)
        for c in dict.fromkeys(term):  # 'ii': the diagonal
            while term.count(c) > 1:
                first, second = term.index(c), term.rindex(c)
                at = np.moveaxis(np.diagonal(at, axis1=first, axis2=second), -1, first)
                term = term[:second] + term[second + 1 :]
        order = [term.index(c) for c in own if c in term]
        at = at.transpose(order)
        return at.reshape([at.shape[[o for o in own if o in term].index(c)] if c in term else 1 for c in own])

    product, term = tensors[0], terms[0]
    if len(tensors) == 1:
        full = pick("einsum", [product], aligned(term, product, labels))
        return sum_of(full, tuple(range(len(output), len(labels)))) if len(labels) > len(output) else full
    for t, other in zip(tensors[1:-1], terms[1:-1], strict=True):
        product = elementwise(
            "mul",
            pick("einsum", [product], aligned(term, product, labels)),
            pick("einsum", [t], aligned(other, t, labels)),
        )
        term = labels
    full_shape = tuple(sizes[c] for c in labels)
    px = np.broadcast_to(aligned(term, product, labels), full_shape)
    py = np.broadcast_to(aligned(terms[-1], tensors[-1], labels), full_shape)
    shape = full_shape[: len(output)]
    return _dots("einsum", product, tensors[-1], px, py, shape, prod(full_shape[len(output) :]))


for _method in (matmul, dot, outer):
    setattr(Tensor, _method.__name__, _method)
Tensor.__matmul__ = matmul  # type: ignore[method-assign]
Tensor.__rmatmul__ = lambda self, other: matmul(other, self)  # type: ignore[method-assign]
