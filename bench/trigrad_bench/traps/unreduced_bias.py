"""Trap 9: the gradient of a bias that was broadcast over the batch, and never summed back."""

from __future__ import annotations

from typing import Any

import numpy as np
from trigrad import tensor_cpp as tg

from .trap import Result, Trap

BATCH, N_IN, N_OUT = 32, 64, 10
Array = np.ndarray[Any, Any]


def back_to(shape: tuple[int, ...], gradient: Array, from_left: bool) -> Array:
    """Sums a gradient over the axes that broadcasting added.

    NumPy aligns shapes at their right ends. The slip is to pair them from the left, where (32, 10) meets
    (10,) and no axis seems to be missing.
    """
    if from_left:
        pairs = enumerate(zip(gradient.shape, shape, strict=False))
        axes = tuple(k for k, (have, want) in pairs if want == 1 != have)
        return np.asarray(gradient.sum(axis=axes, keepdims=True) if axes else gradient)
    padded = (1,) * (gradient.ndim - len(shape)) + shape
    axes = tuple(
        k for k, (have, want) in enumerate(zip(gradient.shape, padded, strict=True)) if want == 1 != have
    )
    return np.asarray(gradient.sum(axis=axes, keepdims=True)).reshape(shape)


def run(seed: int = 0) -> Result:
    """The bias gradient of a linear layer, both ways, and the step that an optimiser would take with it."""
    draw = np.random.default_rng(seed)
    x, w = draw.standard_normal((BATCH, N_IN)), draw.standard_normal((N_OUT, N_IN))
    upstream = draw.standard_normal((BATCH, N_OUT))
    wrong, right = (back_to((N_OUT,), upstream, left) for left in (True, False))
    bias = tg.zeros(N_OUT, dtype=tg.float64, requires_grad=True)
    tg.linear(tg.tensor(x), tg.tensor(w), bias).backward(gradient=tg.tensor(upstream))
    step_raises = False
    try:
        values = np.zeros(N_OUT)
        values -= 0.1 * wrong
    except ValueError:
        step_raises = True
    return Result(
        trapped=wrong.size,
        right=right.size,
        unit="numbers",
        right_answer=f"shape ({N_OUT},): the sum over the batch",
        checks={
            f"the trapped shape is ({BATCH}, {N_OUT})": wrong.shape == (BATCH, N_OUT),
            "the right one equals tensor_cpp's": bool(
                np.allclose(right, bias.grad.numpy(), rtol=1e-13, atol=1e-13)
            ),
            "an update with the trapped one raises": step_raises,
        },
        numbers={"batch": BATCH, "outputs": N_OUT},
        sentence=f"The bias has {right.size} numbers and its gradient {wrong.size}, of shape {wrong.shape}. "
        "The first update raises, which nobody notices who only times forward and backward.",
    )


TRAP = Trap(
    name="unreduced_bias",
    title="The bias gradient that is not summed",
    source="AaronNet, aaronnet.py: shapes are paired from the left",
    claim="Forward and backward of a linear layer, faster than PyTorch.",
    measured="A backward pass without its reduction, against one that does it. No network with a bias could "
    "be trained on it: the optimiser raises.",
    lesson="Time whole training steps, and compare the shape and the numbers of every gradient first.",
    effect="numbers in the gradient of a bias of ten",
    timed=False,
    run=run,
)
