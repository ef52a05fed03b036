"""Every numbered error: how to provoke it, its type, its exact text.

Why it exists: a typed error with the remedy is part of the surface, and the same words must come from every
engine, in C++ and in Python. Texts are templates: {f} the engine's default float dtype, {orders} its orders.
Read test_errors.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .engines import Engine


@dataclass(frozen=True)
class Expected:
    """One way to provoke error `number`; `op` is what an engine must support for it to apply."""

    number: int
    op: str
    error: str
    text: str
    provoke: Callable[[Maker], Any]

    @property
    def id(self) -> str:
        return f"{self.number}-{self.op}-{TEXTS.index(self)}"


class Maker:
    """Short words for tensors: z(2, 3) zeros, g(3) ones that want a gradient, i([..]) integers."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.tg = engine, engine.tg

    def z(self, *shape: int, dtype: str | None = None) -> Any:
        return self.engine.tensor(np.zeros(shape), dtype or self.engine.dtypes[0])

    def g(self, *shape: int) -> Any:
        return self.engine.tensor(np.ones(shape), self.engine.dtypes[0], True)

    def i(self, data: Any) -> Any:
        return self.engine.tensor(np.array(data, dtype=np.int64))


def _twice(m: Maker) -> None:
    y = (m.g(3) * 2.0).sum()
    y.backward()
    y.backward()


def _changed(m: Maker) -> None:
    x, y = m.g(3), m.g(3)
    loss = (x * y).sum()
    with m.tg.no_grad():
        x.add_(1.0)
    loss.backward()


def _setitem(t: Any) -> None:
    t[0] = 1.0


S, D, G = "ShapeError", "DTypeError", "GraphError"
LEAF = "{0}: a leaf that requires grad cannot be changed in place; do it inside no_grad()"
TRACKED = (
    "{0}: a tensor that a graph tracks cannot be changed in place; "
    "write a = a + b, or change a detached clone"
)

TEXTS = [
    Expected(
        1,
        "add",
        S,
        "add: shapes (2, 3) and (4, 3) do not broadcast: sizes 2 and 4 differ at dim -2",
        lambda m: m.tg.add(m.z(2, 3), m.z(4, 3)),
    ),
    Expected(
        1,
        "add",
        S,
        "add: shapes (2, 3) and (4, 3) do not broadcast: sizes 2 and 4 differ at dim -2",
        lambda m: m.z(2, 3) + m.z(4, 3),
    ),
    Expected(
        1,
        "mul",
        S,
        "mul: shapes (3,) and (2, 4) do not broadcast: sizes 3 and 4 differ at dim -1",
        lambda m: m.z(3) * m.z(2, 4),
    ),
    Expected(
        1,
        "maximum",
        S,
        "maximum: shapes (0,) and (2,) do not broadcast: sizes 0 and 2 differ at dim -1",
        lambda m: m.tg.maximum(m.z(0), m.z(2)),
    ),
    Expected(
        2,
        "matmul",
        S,
        "matmul: shapes (2, 3) and (4, 5) do not multiply: inner sizes 3 and 4 differ",
        lambda m: m.tg.matmul(m.z(2, 3), m.z(4, 5)),
    ),
    Expected(
        2,
        "matmul",
        S,
        "matmul: shapes (3,) and (4,) do not multiply: inner sizes 3 and 4 differ",
        lambda m: m.z(3) @ m.z(4),
    ),
    Expected(
        3,
        "linear",
        S,
        "linear: input is (32, 64) but weight is (10, 128), which takes 128 features: 64 and 128 differ",
        lambda m: m.tg.linear(m.z(32, 64), m.z(10, 128)),
    ),
    Expected(
        4,
        "sum",
        "IndexError",
        "sum: dim 2 is out of range for shape (2, 3): use -2 to 1",
        lambda m: m.tg.sum(m.z(2, 3), dim=2),
    ),
    Expected(
        4,
        "softmax",
        "IndexError",
        "softmax: dim -3 is out of range for shape (2, 3): use -2 to 1",
        lambda m: m.tg.softmax(m.z(2, 3), dim=-3),
    ),
    Expected(
        5,
        "reshape",
        S,
        "reshape: shape (2, 3) has 6 elements, which do not fit (4, 2)",
        lambda m: m.tg.reshape(m.z(2, 3), (4, 2)),
    ),
    Expected(
        6,
        "matmul",
        D,
        "matmul: dtypes float32 and float64 differ; convert one with .to()",
        lambda m: m.tg.matmul(m.z(2, 3, dtype="float32"), m.z(3, 2, dtype="float64")),
    ),
    Expected(
        6,
        "linear",
        D,
        "linear: dtypes float32 and float64 differ; convert one with .to()",
        lambda m: m.tg.linear(m.z(2, 3, dtype="float32"), m.z(2, 3, dtype="float64")),
    ),
    Expected(
        6,
        "mse_loss",
        D,
        "mse_loss: dtypes float32 and float64 differ; convert one with .to()",
        lambda m: m.tg.mse_loss(m.z(3, dtype="float32"), m.z(3, dtype="float64")),
    ),
    Expected(
        7,
        "add",
        D,
        "requires_grad: only floating-point tensors can require gradients, not int64",
        lambda m: m.tg.tensor([1, 2], requires_grad=True),
    ),
    Expected(
        7,
        "add",
        D,
        "requires_grad: only floating-point tensors can require gradients, not int64",
        lambda m: m.i([1, 2]).requires_grad_(),
    ),
    Expected(
        8,
        "mean",
        D,
        "mean: needs a floating-point tensor, not int64; convert it with .float() or .double()",
        lambda m: m.tg.mean(m.i([1, 2])),
    ),
    Expected(
        8,
        "softmax",
        D,
        "softmax: needs a floating-point tensor, not int64; convert it with .float() or .double()",
        lambda m: m.tg.softmax(m.i([1, 2]), dim=0),
    ),
    Expected(
        9,
        "mul",
        G,
        "backward: the output has shape (3,), not one element; pass gradient= of that shape, or reduce it "
        "first (for example with .sum())",
        lambda m: (m.g(3) * 2.0).backward(),
    ),
    Expected(
        10,
        "mul",
        G,
        "backward: this graph was already freed by an earlier backward; pass retain_graph=True to the "
        "first one",
        _twice,
    ),
    Expected(
        11,
        "mul",
        G,
        "backward: a tensor of shape (3,) that mul saved was changed in place: it had version 0 and now "
        "has 1; clone it before the change",
        _changed,
    ),
    Expected(
        12,
        "sum",
        G,
        "backward: the output does not require grad: nothing it was computed from has requires_grad=True",
        lambda m: m.z(3).sum().backward(),
    ),
    Expected(
        13,
        "mul",
        S,
        "backward: gradient has shape (2,) but the output has shape (3,)",
        lambda m: (m.g(3) * 2.0).backward(gradient=m.z(2)),
    ),
    Expected(14, "add", G, LEAF.format("add_"), lambda m: m.g(3).add_(1.0)),
    Expected(14, "add", G, LEAF.format("zero_"), lambda m: m.g(3).zero_()),
    Expected(14, "add", G, LEAF.format("setitem"), lambda m: _setitem(m.g(3))),
    Expected(14, "add", G, TRACKED.format("add_"), lambda m: (m.g(3) * 2.0).add_(1.0)),
    Expected(14, "add", G, TRACKED.format("copy_"), lambda m: (m.g(3) * 2.0).copy_(m.z(3))),
    Expected(14, "add", G, TRACKED.format("setitem"), lambda m: _setitem(m.g(3) * 2.0)),
    Expected(
        15,
        "sum",
        "ValueError",
        "backward: order 'x' is not one of {orders}",
        lambda m: m.g(3).sum().backward(order="x"),
    ),
    Expected(
        20,
        "slice",
        "IndexError",
        "getitem: index 5 is out of range for dim 0 with size 3",
        lambda m: m.z(3)[5],
    ),
    Expected(
        20,
        "slice",
        "IndexError",
        "getitem: index -4 is out of range for dim 0 with size 3",
        lambda m: m.z(3)[-4],
    ),
    Expected(
        20,
        "slice",
        "IndexError",
        "getitem: index 7 is out of range for dim 1 with size 3",
        lambda m: m.z(2, 3)[:, 7],
    ),
    Expected(
        20,
        "slice",
        "IndexError",
        "getitem: 3 indices for a tensor of shape (2, 3)",
        lambda m: m.z(2, 3)[0, 0, 0],
    ),
    Expected(
        20,
        "index",
        "IndexError",
        "getitem: index 9 is out of range for dim 0 with size 3",
        lambda m: m.z(3)[m.i([0, 9])],
    ),
    Expected(
        20,
        "embedding",
        "IndexError",
        "embedding: index 7 is out of range for size 5",
        lambda m: m.tg.embedding(m.i([0, 7]), m.z(5, 2)),
    ),
    Expected(
        20,
        "index_select",
        "IndexError",
        "index_select: index 7 is out of range for size 5",
        lambda m: m.tg.index_select(m.z(5, 2), 0, m.i([7])),
    ),
    Expected(
        20,
        "gather",
        "IndexError",
        "gather: index 5 is out of range for size 5",
        lambda m: m.tg.gather(m.z(5, 1), 0, m.i([[5]])),
    ),
    Expected(
        20,
        "cross_entropy",
        "IndexError",
        "cross_entropy: index 5 is out of range for size 5",
        lambda m: m.tg.cross_entropy(m.z(2, 5), m.i([0, 5])),
    ),
    Expected(
        20,
        "nll_loss",
        "IndexError",
        "nll_loss: index -1 is out of range for size 5",
        lambda m: m.tg.nll_loss(m.z(2, 5), m.i([0, -1])),
    ),
    Expected(
        21,
        "add",
        "ValueError",
        "item: a tensor of shape (3,) has 3 elements, not one",
        lambda m: m.z(3).item(),
    ),
    Expected(
        21,
        "add",
        "ValueError",
        "bool: a tensor of shape (3,) has 3 elements and no single truth value; use .any() or .all()",
        lambda m: bool(m.z(3)),
    ),
    Expected(
        23,
        "add",
        G,
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
        lambda m: m.g(3).numpy(),
    ),
    Expected(
        24,
        "add",
        G,
        "autograd.grad: input 1 was not used to compute the outputs; pass allow_unused=True to get None "
        "for it",
        lambda m: (lambda x, y: m.tg.autograd.grad((x * 2.0).sum(), [x, y]))(m.g(3), m.g(3)),
    ),
    Expected(
        25,
        "cat",
        S,
        "cat: shapes (2, 3) and (2, 4) differ at dim 1, not only at dim 0",
        lambda m: m.tg.cat([m.z(2, 3), m.z(2, 4)], dim=0),
    ),
    Expected(
        25, "stack", S, "stack: shapes (2, 3) and (2, 4) differ", lambda m: m.tg.stack([m.z(2, 3), m.z(2, 4)])
    ),
    Expected(
        25,
        "expand",
        S,
        "expand: shape (2, 3) cannot expand to (4, 3): dim 0 has size 2",
        lambda m: m.tg.expand(m.z(2, 3), (4, 3)),
    ),
    Expected(
        25,
        "view",
        S,
        "view: shape (3, 2) with strides (1, 3) cannot be seen as (6,) without a copy; use reshape",
        lambda m: m.z(2, 3).T.view(6),
    ),
    Expected(
        26, "max", "ValueError", "max: shape (0,) has no elements to choose from", lambda m: m.tg.max(m.z(0))
    ),
    Expected(
        26,
        "argmin",
        "ValueError",
        "argmin: shape (0,) has no elements to choose from",
        lambda m: m.tg.argmin(m.z(0)),
    ),
    Expected(
        26,
        "topk",
        "ValueError",
        "topk: k=5 is out of range for dim 0 with size 3",
        lambda m: m.tg.topk(m.z(3), 5),
    ),
    Expected(
        26,
        "mse_loss",
        "ValueError",
        "mse_loss: reduction 'avg' is not one of 'mean', 'sum', 'none'",
        lambda m: m.tg.mse_loss(m.z(3), m.z(3), reduction="avg"),
    ),
    Expected(
        26,
        "hinge_loss",
        "ValueError",
        "hinge_loss: reduction '' is not one of 'mean', 'sum', 'none'",
        lambda m: m.tg.hinge_loss(m.z(3), m.z(3), reduction=""),
    ),
    Expected(
        27,
        "mse_loss",
        S,
        "mse_loss: input is (2, 3) but target is (2,)",
        lambda m: m.tg.mse_loss(m.z(2, 3), m.z(2)),
    ),
    Expected(
        27,
        "huber_loss",
        S,
        "huber_loss: input is (3,) but target is (1,)",
        lambda m: m.tg.huber_loss(m.z(3), m.z(1)),
    ),
    Expected(
        27,
        "cross_entropy",
        S,
        "cross_entropy: input is (4, 5), so target must be (4,) class indices or (4, 5) "
        "probabilities, not (3,)",
        lambda m: m.tg.cross_entropy(m.z(4, 5), m.i([0, 1, 2])),
    ),
    Expected(
        29,
        "dot",
        S,
        "dot: needs two 1-D tensors of one length, not (2, 3) and (3,)",
        lambda m: m.tg.dot(m.z(2, 3), m.z(3)),
    ),
    Expected(
        29,
        "outer",
        S,
        "outer: needs two 1-D tensors, not (2, 3) and (3,)",
        lambda m: m.tg.outer(m.z(2, 3), m.z(3)),
    ),
    Expected(
        30,
        "add",
        D,
        "add_: a {f} result cannot be stored in an int64 tensor",
        lambda m: m.i([1, 2]).add_(m.z(2)),
    ),
    Expected(
        31,
        "sub",
        D,
        "sub: booleans cannot be subtracted; use a != b",
        lambda m: (m.z(2) > 0) - (m.z(3, 1) > 0),
    ),
    Expected(
        31,
        "neg",
        D,
        "neg: a boolean has no negative; use ~ or logical_not",
        lambda m: -(m.z(2) > 0),
    ),
    Expected(
        32,
        "pow",
        "ValueError",
        "pow: an integer to a negative power is no integer; make the base a float",
        lambda m: m.i([2, 3]) ** -1,
    ),
    Expected(
        32,
        "pow",
        "ValueError",
        "pow: an integer to a negative power is no integer; make the base a float",
        lambda m: m.tg.pow(m.i([[2], [3]]), m.i([1, -1])),
    ),
]


def text_for(expected: Expected, engine: Engine) -> str:
    """The text that this engine must give."""
    orders = ", ".join(repr(o) for o in engine.orders)
    return expected.text.replace("{f}", engine.dtypes[0]).replace("{orders}", orders)
