"""PyTorch's answer to every case: values, gradients, second derivatives, all in float64.

Why it exists: an outside witness. Three engines by the same hands could share one misunderstanding; PyTorch
does not share it. `TWINS` says what PyTorch calls an op, and only where name or signature differ from the
list's. Importing this file needs torch; the suite itself does not, since `golden.py` holds these answers.
Read golden.py next."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf

from .calls import Call
from .samples import Case, rng, upstream, weights

torch.set_num_threads(1)
Tensor = torch.Tensor


def _reduction(values: Tensor, reduction: str) -> Tensor:
    return values if reduction == "none" else {"mean": values.mean, "sum": values.sum}[reduction]()


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: str | None = None) -> Tensor:
    z: Tensor = tf.linear(x, weight, bias)
    return z if activation is None else ACTIVATIONS[activation](z)


def _gaussian(value: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return -((value - mean) ** 2) / (2 * std * std) - torch.log(std) - math.log(2 * math.pi) / 2


def _norm(x: Tensor, p: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    made: Tensor = torch.linalg.vector_norm(x, p, dim, keepdim)
    return made


def _hinge(x: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    return _reduction(torch.relu(margin - target * x), reduction)


def _prod(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    return torch.prod(x) if dim is None else torch.prod(x, dim, keepdim)


def _silu(x: Tensor, beta: float = 1.0) -> Tensor:
    """PyTorch's own where beta is 1, since edge values are decided there; else the definition."""
    return tf.silu(x) if beta == 1 else x * torch.sigmoid(beta * x)


def _sort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    return torch.sort(x, dim=dim, descending=descending, stable=True)


def _no_negative_steps(x: Tensor, key: Any) -> Tensor:
    return x[tuple(key) if isinstance(key, tuple) else key]


TWINS: dict[str, Callable[..., Any]] = {
    "gelu": tf.gelu,
    "silu": _silu,
    "leaky_relu": tf.leaky_relu,
    "elu": tf.elu,
    "softplus": tf.softplus,
    "norm": _norm,
    "prod": _prod,
    "sort": _sort,
    "linear": _linear,
    "getitem": _no_negative_steps,
    "outer": torch.outer,
    "view": Tensor.view,
    "expand": Tensor.expand,
    "masked_fill": Tensor.masked_fill,
    "embedding": lambda index, weight: weight[
        index
    ],  # tf.embedding cannot differentiate an empty index twice
    "mse_loss": tf.mse_loss,
    "l1_loss": tf.l1_loss,
    "huber_loss": tf.huber_loss,
    "cross_entropy": tf.cross_entropy,
    "nll_loss": tf.nll_loss,
    "binary_cross_entropy_with_logits": tf.binary_cross_entropy_with_logits,
    "hinge_loss": _hinge,
    "gaussian_log_prob": _gaussian,
}
OPERATORS = {"div": operator.truediv}


def twin(name: str) -> Callable[..., Any]:
    """PyTorch's function for a name of the surface."""
    if name.startswith("operator."):
        plain = name.removeprefix("operator.")
        return OPERATORS.get(plain) or getattr(operator, plain)
    return TWINS.get(name) or getattr(torch, name)


def perform(call: Call, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The call's outputs as a flat list."""
    args, kwargs = call.filled(list(tensors))
    made = twin(call.name)(*args, **kwargs)
    return [made] if isinstance(made, Tensor) else list(made)


@dataclass
class Answer:
    """What is compared. Entries of `grads` and `second` are None for inputs without gradient.

    `second` holds the gradient of sum over inputs <weights, gradient>, by each input, then by each upstream
    gradient; the latter is the derivative forward in the direction of the weights.
    """

    upstream: list[np.ndarray | None]
    outputs: list[np.ndarray]
    grads: list[np.ndarray | None]
    second: list[np.ndarray | None]
    cond: dict[str, list[float]]
    undecided: dict[str, list[list[int]]] = field(default_factory=dict)


def _numpy(t: Tensor) -> np.ndarray:
    return t.detach().numpy(force=True).copy()


def differentiate(case: Case, data: list[np.ndarray], g: list[np.ndarray] | None) -> Answer:
    """The answer at the given inputs and upstream gradients (None: the case's own)."""
    leaves = [torch.from_numpy(np.array(d)) for d in data]
    wanted = [k for k, x in enumerate(case.inputs) if x.differentiable and case.gradient != "none"]
    for k in wanted:
        leaves[k].requires_grad_()
    outs = perform(case.call, leaves)
    live = [k for k, z in enumerate(outs) if z.requires_grad]
    ups: list[np.ndarray | None] = [None] * len(outs)
    grads: list[np.ndarray | None] = [None] * len(leaves)
    second: list[np.ndarray | None] = [None] * (len(leaves) + len(outs))
    if live:
        for k in live:
            ups[k] = upstream(case, k, tuple(outs[k].shape)) if g is None else g[k]
        seeds = [torch.from_numpy(np.array(ups[k])).requires_grad_() for k in live]
        first = torch.autograd.grad(
            [outs[k] for k in live],
            [leaves[k] for k in wanted],
            seeds,
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        total = torch.zeros((), dtype=torch.float64)
        for k, d in zip(wanted, first, strict=True):
            grads[k] = _numpy(d)
            total = total + (d * torch.from_numpy(weights(case, k, tuple(d.shape)))).sum()
        places = wanted + [len(leaves) + k for k in live]
        inputs = [leaves[k] for k in wanted] + seeds
        twice = (
            torch.autograd.grad(total, inputs, allow_unused=True)
            if total.requires_grad
            else [None] * len(inputs)
        )
        for place, x, d2 in zip(places, inputs, twice, strict=True):
            second[place] = np.zeros(x.shape) if d2 is None else _numpy(d2)
    return Answer(ups, [_numpy(z) for z in outs], grads, second, {})


PROBES, STEP = 4, 1e-7


def answer(case: Case) -> Answer:
    """The answer with its condition: how much each result moves when every input moves by a unit of rounding.

    For each result q the condition is max |q(x (1 + h s)) - q(x)| / h over a few random sign patterns s, a
    sample of sum_j |dq/dx_j x_j|; tolerance.py multiplies it by the precision. Edge cases have none.
    """
    data = [np.asarray(x.data, dtype=np.float64) if x.differentiable else x.data for x in case.inputs]
    exact = differentiate(case, data, None)
    parts = ("outputs", "grads", "second")
    exact.cond = {part: [0.0] * len(getattr(exact, part)) for part in parts}
    if case.edge:
        if case.record["kind"] == "elementwise":
            exact.undecided = undecided(case, data, exact)
        return exact
    gen = rng(case.key + " probes")

    def moved(x: np.ndarray | None) -> np.ndarray | None:
        return (
            x * (1 + STEP * gen.choice([-1.0, 1.0], x.shape)) if x is not None and x.dtype.kind == "f" else x
        )

    for _ in range(PROBES):
        there = differentiate(case, [moved(d) for d in data], [moved(g) for g in exact.upstream])  # type: ignore[misc]
        for part in parts:
            for k, (a, b) in enumerate(zip(getattr(exact, part), getattr(there, part), strict=True)):
                if a is not None and a.dtype.kind == "f" and a.size:
                    with np.errstate(invalid="ignore"):
                        change = np.where(np.isfinite(a), np.abs(b - a), 0.0)
                    exact.cond[part][k] = max(exact.cond[part][k], float(change.max()) / STEP)
    for values in exact.cond.values():
        values[:] = [float(f"{v:.2g}") for v in values]
    return exact


def undecided(case: Case, data: list[np.ndarray], whole: Answer) -> dict[str, list[list[int]]]:
    """Flat positions where PyTorch has no single answer: its vector and its plain loops differ (elu'(nan):
    nan, 1).

    Each point is asked a second time on its own, which takes the plain loop; a difference in NaN or infinity
    counts.
    """
    single = (
        [
            differentiate(
                case,
                [d[k : k + 1] for d in data],
                [
                    g[k : k + 1] if g is not None else None  # type: ignore[misc]
                    for g in whole.upstream
                ],
            )
            for k in range(data[0].size)
        ]
        if whole.outputs[0].dtype.kind == "f"
        else []
    )
    found: dict[str, list[list[int]]] = {}
    for part in ("outputs", "grads", "second"):
        places: list[list[int]] = []
        for which, values in enumerate(getattr(whole, part)):
            alone = [getattr(s, part)[which] for s in single] if values is not None else []
            places.append(
                [
                    k
                    for k, a in enumerate(alone)
                    if part != "second" and not np.array_equal(_pattern(a[0]), _pattern(values[k]))
                ]
            )
        if any(places):
            found[part] = places
    return found


def _pattern(x: Any) -> list[bool]:
    return [bool(np.isnan(x)), bool(np.isposinf(x)), bool(np.isneginf(x))]
