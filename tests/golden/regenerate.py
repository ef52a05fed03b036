"""Makes the small recorded files of this folder anew: `python -m tests.golden.regenerate` (in `make golden`).

moons.csv is what scikit-learn's make_moons(100, noise=0.1) draws after np.random.seed(1337); the losses of
micrograd's demo, known to ten digits, depend on each of its numbers. scalar_unary.csv holds PyTorch's value
and derivative of every unary operation at three points, and needs torch. The large .jsonl files are written
by tests.conformance.record.
"""

from __future__ import annotations

import math
from pathlib import Path

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


if __name__ == "__main__":
    (FOLDER / "moons.csv").write_text(moons())
    (FOLDER / "scalar_unary.csv").write_text(scalar_unary())
