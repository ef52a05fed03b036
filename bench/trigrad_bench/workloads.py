"""What is computed: two small networks, each written once for every engine.

Why it exists: a comparison means something only if all engines do the same work on the same numbers. The
arrays are made here, once, and each engine gets the same bytes; the loss is one function, in names that all
engines share.
Read next: engines.py.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """One training step without the update: forward, loss, and every parameter's gradient."""

    name: str
    about: str
    parameters: dict[
        str, Array
    ]  # float32 values, so that float64 engines start from exactly the same numbers
    data: dict[str, Array]
    loss: Callable[
        [Any, dict[str, Any], dict[str, Any]], Any
    ]  # (engine module, parameters, data) -> scalar tensor
    longest_sum: int  # K of the gate: rounding errors of a sum of K terms grow like the root of K
    factor: float = 4.0  # C of the gate: the roundings of the few layers above and below that sum

    def digest(self) -> str:
        """A fingerprint of all numbers that the engines are given."""
        digest = hashlib.sha256()
        for name, array in sorted((self.parameters | self.data).items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]


def layers(sizes: tuple[int, ...], rng: np.random.Generator, bound: float | None) -> dict[str, Array]:
    """Weights (out, in), uniform within ±bound (None: 1/√in), and zero biases."""
    made: dict[str, Array] = {}
    for k, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        limit = bound if bound is not None else n_in**-0.5
        made[f"weight{k}"] = rng.uniform(-limit, limit, (n_out, n_in)).astype(np.float32)
        made[f"bias{k}"] = np.zeros(n_out, np.float32)
    return made


def forward(tg: Any, p: dict[str, Any], x: Any) -> Any:
    """Linear layers with relu between them."""
    depth = len(p) // 2
    for k in range(depth):
        x = tg.linear(x, p[f"weight{k}"], p[f"bias{k}"])
        if k < depth - 1:
            x = tg.relu(x)
    return x


def hinge_with_l2(tg: Any, p: dict[str, Any], data: dict[str, Any]) -> Any:
    """The loss of micrograd's demo: the mean hinge loss plus 1e-4 times the sum of all squared parameters."""
    loss = tg.hinge_loss(forward(tg, p, data["points"]), data["sides"])
    for tensor in p.values():
        loss = loss + tg.sum(tg.square(tensor)) * 1e-4
    return loss


def classification(tg: Any, p: dict[str, Any], data: dict[str, Any]) -> Any:
    """Mean cross-entropy of the class scores."""
    return tg.cross_entropy(forward(tg, p, data["images"]), data["labels"])


def moons() -> Workload:
    """Two interleaved half circles; a 2-16-16-1 network; the whole batch of 100 points."""
    rng = np.random.default_rng(1337)
    angle = rng.uniform(0, np.pi, 100)
    upper = np.arange(100) < 50
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x, y], axis=1) + rng.uniform(-0.15, 0.15, (100, 2))
    sides = np.where(upper, 1.0, -1.0)[:, None]
    return Workload(
        name="moons",
        about="2-16-16-1 relu network, 100 points, hinge loss + L2",
        parameters=layers((2, 16, 16, 1), rng, bound=1.0),
        data={"points": points.astype(np.float32), "sides": sides.astype(np.float32)},
        loss=hinge_with_l2,
        longest_sum=256,
    )


def digits() -> Workload:
    """Random 8x8 images of 17 grey levels; a 64-64-32-10 network; one batch of 32."""
    rng = np.random.default_rng(7)
    return Workload(
        name="digits",
        about="64-64-32-10 relu network, batch of 32 made-up images, cross-entropy",
        parameters=layers((64, 64, 32, 10), rng, bound=None),
        data={
            "images": (rng.integers(0, 17, (32, 64)) / 16).astype(np.float32),
            "labels": rng.integers(0, 10, 32),
        },
        loss=classification,
        longest_sum=64,
    )


WORKLOADS: dict[str, Callable[[], Workload]] = {"moons": moons, "digits": digits}
