"""A small program as a user would write it, for `mypy --strict` (see test_surface_stubs.py) and to be run."""

from __future__ import annotations

from typing import Any

import numpy as np
import trigrad as tg


class Cube(tg.Function):
    """x³."""

    @staticmethod
    def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
        (x,) = ctx.saved_tensors
        result: tg.Tensor = g * 3 * x * x
        return result


def train(steps: int) -> float:
    generator = tg.Generator(0)
    x = tg.randn(32, 2, generator=generator)
    target = x @ tg.tensor([[1.0], [-1.0]])
    w = tg.zeros(2, 1, requires_grad=True)
    loss = tg.zeros(())
    for _ in range(steps):
        w.grad = None
        loss = tg.mse_loss(x @ w, target)
        loss.backward()
        with tg.no_grad():
            w -= 0.1 * w.grad
    return loss.item()  # type: ignore[no-any-return]


def shapes(x: tg.Tensor) -> tuple[int, ...]:
    values, indices = x.sort(dim=0)
    y: tg.Tensor = tg.where(x > 0, values, indices.float())
    z = y.sum(dim=0, keepdim=True) + 2.0 * y.reshape(-1)[:1] - tg.relu(y).mean()
    array: np.ndarray[Any, Any] = z.numpy()
    back = tg.from_numpy(array)
    same: bool = back.requires_grad
    assert not same
    return back.shape


if __name__ == "__main__":
    assert train(200) < 1e-6
    assert shapes(tg.tensor([3.0, -1.0])) == (1,)
    slope = tg.func.grad(lambda v: Cube.apply(v))(tg.tensor(2.0))
    assert slope.item() == 12.0
    print("ok")
