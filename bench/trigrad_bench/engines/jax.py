"""JAX on the processor: the whole training step traced once and compiled by XLA.

Why it exists: it is what many would use today, and the opposite of define-by-run: tracing and compiling are
paid once, outside the clock, and the graph may not change afterwards. Every call is waited for
(block_until_ready).
Read before: functional.py (the model).
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp

from .functional import Arrays, Functional, loss_of, regularised
from .protocol import Array, Spec
from .updates import fresh, updated

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call, unused-ignore]

F = SimpleNamespace(
    exp=jnp.exp,
    log=jnp.log,
    tanh=jnp.tanh,
    sqrt=jnp.sqrt,
    sum=jnp.sum,
    mean=jnp.mean,
    sigmoid=jax.nn.sigmoid,
    relu=jax.nn.relu,
    log_softmax=lambda z: jax.nn.log_softmax(z, axis=-1),
    pick=lambda z, y: jnp.take_along_axis(z, y[:, None], axis=1),
)


def waiting(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, until its results are there: JAX returns before they are."""
    return lambda *arguments: jax.block_until_ready(call(*arguments))  # type: ignore[no-untyped-call, unused-ignore]


class Jax(Functional):
    """jit of everything, donating what a training step replaces."""

    name = "jax"

    def version(self) -> str:
        return str(jax.__version__)

    def supports(self, workload: Spec, dtype: str) -> str:
        if workload["model"]["shape"] in ("chain", "lattice"):
            return "XLA compiles a graph before it runs: thousands of single nodes take it minutes"
        return super().supports(workload, dtype)

    def array(self, a: Array) -> Any:
        return jnp.asarray(a)

    def fresh_state(self) -> Any:
        def zeros() -> Arrays:
            return {k: jnp.zeros_like(a) for k, a in self.p.items()}

        state = fresh(self.workload["optimizer"], zeros())
        # Donated buffers must not be shared, and a count is traced like an array.
        return (zeros(), zeros(), jnp.asarray(0, self.dtype)) if len(state) == 3 else state

    def penalty(self) -> float:
        """It is part of the compiled loss."""
        return 0.0

    def compile(self) -> None:
        of, optimizer, names = loss_of(F, self.workload), self.workload["optimizer"], self.names

        spec = self.workload["loss"]

        def constant(p: Arrays) -> Any:  # a regulariser whose gradient is not wanted
            if not spec["l2"] or spec["l2_gradient"]:
                return 0.0
            return jax.lax.stop_gradient(spec["l2"] * sum(jnp.sum(p[k] ** 2) for k in names))

        def mean_of_rows(p: Arrays, batch: Arrays) -> Any:  # every row by itself, as vmap wants it written
            def one(row: Arrays) -> Any:
                return of(p, {name: a[None] for name, a in row.items()})

            return jnp.mean(jax.vmap(one)(batch))

        data_loss = mean_of_rows if self.workload["per_sample"] else of
        loss = regularised(F, self.workload, lambda p, batch: data_loss(p, batch) + constant(p), names)
        value_and_grad = jax.value_and_grad(loss)

        def step(p: Arrays, batch: Arrays, state: Any, lr: Any) -> Any:
            value, g = value_and_grad(p, batch)
            # Gradients that no update reads are results, too: XLA leaves out whatever nobody can see.
            seen = {k: a for k, a in g.items() if optimizer["kind"] == "none" or k not in names}
            return (value, *updated(optimizer, {k: p[k] for k in names}, g, state, lr), seen)

        # In "step" the old parameters and the old state are dead afterwards; x, if it is there, is not.
        donated = () if self.workload["x_requires_grad"] else (0, 2)
        self.calls = {
            "forward": waiting(jax.jit(lambda p, batch: jax.vjp(lambda q: loss(q, batch), p)[::-1])),
            "backward": waiting(jax.jit(lambda graph: graph[0](jnp.ones_like(graph[1])))),
            "grad": waiting(jax.jit(value_and_grad)),
            "update": waiting(jax.jit(lambda p, g, state, lr: updated(optimizer, p, g, state, lr))),
            "step": waiting(jax.jit(step, donate_argnums=donated)),
        }
