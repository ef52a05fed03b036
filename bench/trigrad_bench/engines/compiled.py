"""tensor_cpp through trigrad.compile: the same program, recorded once and replayed without Python.

Why it exists: between tensor_cpp from Python and native.tensor_cpp stands Python's own time; this row shows
how much of it a recording takes away. Like torch.compile it is ready before any clock runs.
Read before: program.py, surface.py.
"""

from __future__ import annotations

from typing import Any

from .program import Program
from .protocol import Inputs, Spec
from .surface import Surface

READY = 5  # calls until a step replays: some to settle, one that is recorded, one that is checked
LARGEST_RECORDED = 100_000  # calls in one program


class CompiledProgram(Program):
    """Forward, gradients and whole steps, compiled; the tensors of a batch are their arguments."""

    def __init__(self, tg: Any, workload: Spec, arrays: Inputs, dtype: str, order: str) -> None:
        super().__init__(tg, workload, arrays, dtype, order)
        steps = {"forward": self.loss_of, "grad": self._gradients, "step": self._whole_step}
        self._compiled = {name: tg.compile(step) for name, step in steps.items()}
        self._made_ready: set[tuple[str, int]] = set()
        self._get_ready("grad", 1)

    def _gradients(self, graphs: list[dict[str, Any]]) -> Any:
        for p in self.parameters.values():
            p.grad = None
        if self.x_requires_grad:
            for batch in graphs:
                batch["x"].grad = None
        loss = self.loss_of(graphs)
        loss.backward(order=self.order)
        return loss

    def _whole_step(self, graphs: list[dict[str, Any]]) -> Any:
        loss = self._gradients(graphs)
        if self._optimizer is not None:
            self._optimizer.step()
        return loss

    def forward(self, step: int = 0) -> Any:
        return self._compiled["forward"](self.graphs(step))

    def grad(self, step: int = 0) -> Any:
        loss = self._compiled["grad"](self.graphs(step))
        self.penalty()
        return loss

    def step(self, step: int) -> Any:
        if self._optimizer is not None:
            self._optimizer.param_groups[0]["lr"] = self.arrays.lrs[step % len(self.arrays.lrs)]
        loss = self._compiled["step"](self.graphs(step))
        self.penalty()
        return loss

    def reset(self) -> None:
        """As before, but in place: the programs hold the optimiser and its state."""
        optimizer = self._optimizer
        if optimizer is None:
            super().reset()
            return
        with self.tg.no_grad():
            for name, p in self.parameters.items():
                p.copy_(self.tg.tensor(self.initial[name]))
            for kept in optimizer.state.values():
                for name, value in kept.items():
                    if name == "step":
                        kept[name] = 0
                    else:
                        value.zero_()
        self.clear()

    def run(self, phase: str, n: int) -> int:
        self._get_ready("forward" if phase == "backward" else phase, n)
        return super().run(phase, n)

    def losses(self, steps: int) -> list[float]:
        self._get_ready("step", steps)
        return super().losses(steps)

    def _get_ready(self, phase: str, n: int) -> None:
        if phase not in self._compiled:
            return
        for k in range(min(n, self.arrays.span()) if phase == "step" else 1):
            if (phase, k) not in self._made_ready:
                self._made_ready.add((phase, k))
                for _ in range(READY):
                    getattr(self, phase)(k)


class Compiled(Surface):
    """The engine tensor_cpp, every phase compiled."""

    def __init__(self, threads: int) -> None:
        super().__init__("tensor_cpp.compiled", threads)
        self.order = "tape"

    def supports(self, workload: Spec, dtype: str) -> str:
        if workload["model"]["kind"] == "graph" and int(workload.get("size") or 0) > LARGEST_RECORDED:
            return f"a program of {workload['size']} calls would be recorded call by call"
        return super().supports(workload, dtype)

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.program = CompiledProgram(self.tg, workload, arrays, dtype, self.order)
