"""Makes the small recorded files of this folder anew: `python -m tests.golden.regenerate` (in `make golden`).

moons.csv is what scikit-learn's make_moons(100, noise=0.1) draws after np.random.seed(1337); the losses of
micrograd's demo, known to ten digits, depend on each of its numbers. scalar_unary.csv holds PyTorch's value
and derivative of every unary operation at three points, and needs torch. The large .jsonl files are written
by tests.conformance.record. optimisers.json holds the way that PyTorch's optimisers take for given gradients.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.oplist import records

FOLDER = Path(__file__).parent
POINTS = (0.7, -0.6, 1.7)


def moons() -> str:
    """x, y and the side (-1 or 1) of a hundred points."""
    random = np.random.RandomState(1337)
    angles = np.linspace(0, np.pi, 50)
    x = np.concatenate([np.cos(angles), 1 - np.cos(angles)])
    y = np.concatenate([np.sin(angles), 1 - np.sin(angles) - 0.5])
    side = np.repeat([-1, 1], 50)
    order = np.arange(100)
    random.shuffle(order)
    points = np.stack([x, y], axis=1)[order] + random.normal(scale=0.1, size=(100, 2))
    rows = zip(points.tolist(), side[order].tolist(), strict=True)
    return "".join(f"{a!r},{b!r},{s}\n" for (a, b), s in rows)


def scalar_unary() -> str:
    """op, x, value and slope for each unary op of the list, where the point is in its domain."""
    import torch

    from tests.conformance.oracle import twin

    lines = []
    for record in records():
        if record["kind"] != "elementwise" or len(record["inputs"]) != 1 or record["gradient"] == "none":
            continue
        if record["name"] == "clamp":  # needs a bound
            continue
        for point in POINTS:
            x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
            if record["name"] == "gelu_tanh":
                z = torch.nn.functional.gelu(x, approximate="tanh")
            else:
                z = twin(record["name"])(x, **record["attrs"])
            if not math.isfinite(z.item()):
                continue
            (slope,) = torch.autograd.grad(z, x)
            lines.append(f"{record['name']},{point!r},{z.item()!r},{slope.item()!r}\n")
    return "".join(lines)


STEPS = 6
OPTIMISERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.05}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True}),
]


def optimisers() -> str:
    """A line for each optimiser and dtype: start, each step's gradients (null: none), the values after it."""
    import torch

    start = [1.5, -0.25, 0.0, 3.0, -1e-3]
    # The fourth element has large gradients at first (amsgrad remembers them), the last tiny ones.
    gradients = np.random.default_rng(8).normal(size=(STEPS, 5)) * np.array([1, 1, 1, 10, 1e-6])
    gradients[2:, 3] *= 0.01
    lines = []
    for name, options in OPTIMISERS:
        for dtype in (torch.float64, torch.float32):
            x = torch.tensor(start, dtype=dtype, requires_grad=True)
            optimiser = getattr(torch.optim, name)([x], **options)
            given, values = [], []
            for step in range(STEPS):
                x.grad = None if step == 3 else torch.tensor(gradients[step], dtype=dtype)
                optimiser.step()
                given.append(None if x.grad is None else x.grad.tolist())
                values.append(x.tolist())
            what = {"optimizer": name, "options": options, "dtype": str(dtype).removeprefix("torch.")}
            way = {"start": x.new_tensor(start).tolist(), "gradients": given, "values": values}
            lines.append(json.dumps({**what, **way}))
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    (FOLDER / "moons.csv").write_text(moons())
    (FOLDER / "scalar_unary.csv").write_text(scalar_unary())
    (FOLDER / "optimisers.json").write_text(optimisers())
