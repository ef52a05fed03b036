"""Matrix products and their kin.

The rules are matrix products again: for z = x y, gx = g yᵀ and gy = xᵀ g.  Where batches were broadcast, the
sweep sums.
Read before: `shapes.py`.  After: `losses.py`.
"""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from .activations import relu, sigmoid
from .dtypes import Array
from .elementwise import check_pair
from .errors import ShapeError
from .operands import matching
from .registry import OPS, apply, op
from .shapes import Shape, reshape, squeeze, transpose, unsqueeze
from .tensor import Tensor
from .transcendental import tanh


# ---- matmul, dot, outer ----
def _multiplying(name: str, x: Array, y: Array) -> dict[str, Any]:
    if not x.ndim or not y.ndim:
        raise ShapeError(f"{name}: shapes {x.shape} and {y.shape} do not multiply: both need at least 1 dim")
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise ShapeError(
            f"{name}: shapes {x.shape} and {y.shape} do not multiply: "
            f"inner sizes {x.shape[-1]} and {inner} differ"
        )
    check_pair(name, x.shape, y.shape, skip=2)
    return {}


def _as_matrices(g: Tensor, shapes: list[Shape]) -> Any:
    """The gradient with the dims of size 1 that matmul lends to vectors, and drops from its result."""
    if len(shapes[1]) == 1:
        g = unsqueeze(g, -1)
    return unsqueeze(g, -2) if len(shapes[0]) == 1 else g


def _matmul_gx(g: Tensor, y: Tensor, shapes: list[Shape]) -> Any:
    column = unsqueeze(y, -1) if len(shapes[1]) == 1 else y
    gx = matmul(_as_matrices(g, shapes), transpose(column, -2, -1))
    return squeeze(gx, -2) if len(shapes[0]) == 1 else gx


def _matmul_gy(g: Tensor, x: Tensor, shapes: list[Shape]) -> Any:
    row = unsqueeze(x, -2) if len(shapes[0]) == 1 else x
    gy = matmul(transpose(row, -2, -1), _as_matrices(g, shapes))
    return squeeze(gy, -1) if len(shapes[1]) == 1 else gy


@op("matmul", dtypes=matching, check=_multiplying, gx=_matmul_gx, gy=_matmul_gy)
def matmul(x: Array, y: Array) -> Array:
    return np.matmul(x, y)


def _two_vectors(name: str, x: Array, y: Array) -> dict[str, Any]:
    if x.ndim != 1 or x.shape != y.shape:
        raise ShapeError(f"{name}: needs two 1-D tensors of one length, not {x.shape} and {y.shape}")
    return {}


@op("dot", dtypes=matching, check=_two_vectors, gx=lambda g, y: g * y, gy=lambda g, x: g * x)
def dot(x: Array, y: Array) -> Array:
    return np.dot(x, y)


def _vectors(name: str, x: Array, y: Array) -> dict[str, Any]:
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"{name}: needs two 1-D tensors, not {x.shape} and {y.shape}")
    return {}


@op("outer", dtypes=matching, check=_vectors, gx=lambda g, y: matmul(g, y), gy=lambda g, x: matmul(x, g))
def outer(x: Array, y: Array) -> Array:
    return np.outer(x, y)


# ---- linear ----
ACTIVATIONS = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid}


def _layer(name: str, input: Array, weight: Array, bias: Array | None) -> dict[str, Any]:
    if weight.ndim != 2 or not input.ndim:
        raise ShapeError(
            f"{name}: needs a weight of 2 dims and an input of at least 1, "
            f"not {weight.shape} and {input.shape}"
        )
    I, O = input.shape[-1], weight.shape[0]  # noqa: E741 - the letters of the whole project
    if I != weight.shape[1]:
        raise ShapeError(
            f"{name}: input is {input.shape} but weight is {weight.shape}, "
            f"which takes {weight.shape[1]} features: {I} and {weight.shape[1]} differ"
        )
    if bias is not None and bias.shape != (O,):
        raise ShapeError(
            f"{name}: bias is {bias.shape} but weight is {weight.shape}, which needs a bias of ({O},)"
        )
    return {}


def _linear_gweight(g: Tensor, input: Tensor, shapes: list[Shape]) -> Any:
    O, I = shapes[1]  # noqa: E741
    B = math.prod(input.shape[:-1])
    return matmul(transpose(reshape(g, (B, O)), 0, 1), reshape(input, (B, I)))


@op(
    "linear",
    dtypes=matching,
    check=_layer,
    ginput=lambda g, weight: matmul(g, weight),
    gweight=_linear_gweight,
    gbias=lambda g: g,
)
def _linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    z = np.matmul(input, weight.T)
    return z if bias is None else z + bias


def linear(input: Any, weight: Any, bias: Any = None, activation: str | None = None) -> Any:
    """input weightᵀ + bias.  An activation is a second operation here; the C++ engine does both in one."""
    if activation is None:
        return _linear(input, weight, bias)
    if activation not in ACTIVATIONS:
        raise ValueError(f"linear: activation {activation!r} is not one of None, 'relu', 'tanh', 'sigmoid'")
    return ACTIVATIONS[activation](_linear(input, weight, bias))


# ---- einsum ----
def _subscripts(equation: str, xs: tuple[Array, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the output, with the dots spelled out and the arrow filled in."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands but {len(xs)} were given")
    unused = [c for c in string.ascii_letters if c not in equation]
    widths = [x.ndim - len(term.replace("...", "")) for term, x in zip(terms, xs, strict=True)]
    for term, x, width in zip(terms, xs, widths, strict=True):
        if width < 0 or (width and "..." not in term):
            raise ValueError(
                f"einsum: {term!r} has a letter for each dim, which does not fit shape {x.shape}"
            )
    dots = "".join(unused[: max((w for w, t in zip(widths, terms, strict=True) if "..." in t), default=0)])
    spelled = [t.replace("...", dots[len(dots) - w :]) for t, w in zip(terms, widths, strict=True)]
    if not arrow:
        letters = left.replace(",", "").replace("...", "")
        right = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return spelled, right.replace("...", dots)


def _summing(name: str, *xs: Array, equation: str) -> dict[str, Any]:
    terms, output = _subscripts(equation, xs)
    sizes: dict[str, int] = {}
    for term, x in zip(terms, xs, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            if not letter.isalpha():
                raise ValueError(f"{name}: {letter!r} in {equation!r} is not a letter")
            if 1 not in (n, sizes.get(letter, n)) and n != sizes.get(letter, n):
                raise ValueError(f"{name}: {letter!r} in {equation!r} has sizes {sizes[letter]} and {n}")
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    for letter in output:
        if letter not in sizes or output.count(letter) > 1:
            raise ValueError(
                f"{name}: {letter!r} in the output of {equation!r} must occur once there, and before"
            )
    return {"equation": ",".join(terms) + "->" + output, "sizes": sizes}


def _einsum_gxs(g: Tensor, xs: list[Tensor], k: int, equation: str, sizes: dict[str, int]) -> Any:
    """The gradient of one operand is an einsum itself: of g and the other operands, with two additions.

    A letter that only this operand has was summed over: it needs a vector of ones.  A letter that it has
    twice was read on the diagonal: an identity matrix puts the values back there.
    """
    left, _, output = equation.partition("->")
    terms = left.split(",")
    unused = [c for c in string.ascii_letters if c not in equation]
    inputs = [output] + terms[:k] + terms[k + 1 :]
    operands = [g, *xs[:k], *xs[k + 1 :]]
    target = ""
    for letter in terms[k]:
        fresh = unused.pop() if letter in target else letter
        if fresh != letter:
            inputs.append(letter + fresh)
            operands.append(Tensor(np.eye(sizes[letter], dtype=g.dtype)))
        elif not any(letter in term for term in inputs):
            inputs.append(letter)
            operands.append(Tensor(np.ones(sizes[letter], g.dtype)))
        target += fresh
    return einsum(",".join(inputs) + "->" + target, *operands)


@op("einsum", dtypes=matching, check=_summing, gxs=_einsum_gxs)
def _einsum(*xs: Array, equation: str, sizes: Any = None) -> Array:
    return np.array(np.einsum(equation, *xs))  # a copy: np.einsum gives views for 'ij->ji' and the like


def einsum(equation: str, *operands: Any) -> Any:
    """Einstein's sum: letters that the output lacks are summed over."""
    xs = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    return apply(OPS["einsum"], tuple(xs), {"equation": equation})
