"""trigrad's three engines, from Python, each in its orders.

Why it exists: one class serves "tensor_cpp.tape", "reference_py.stack", ...: the name says module and order.
Read before: program.py.
"""

from __future__ import annotations

import importlib
from typing import Any

from .program import Program
from .protocol import Array, Inputs, Spec

MOST_PRODUCTS = 150e6  # of one pass; a node takes 56 bytes, and what it multiplies as much again


def products(workload: Spec) -> float:
    """Multiplications of one forward pass."""
    return float(workload.get("parameter_count", 0)) * max(1, int(workload.get("batch") or 1))


class Surface:
    """The engine `module.order` of trigrad; scalar_cpp.tensor has one order, the tape."""

    def __init__(self, name: str, threads: int) -> None:
        module, part = name.split(".")
        self.name, self.module, self.threads = name, module, threads
        self.tg: Any = importlib.import_module(f"trigrad.{module}")
        self.order = "tape" if module == "scalar_cpp" else part
        self.tg.set_num_threads(threads)
        self.program: Program | None = None

    def info(self) -> dict[str, Any]:
        import numpy
        import trigrad

        return {
            "name": self.name,
            "driver": "python",
            "version": trigrad.__version__,
            "config": self.tg.show_config(),
            "threads": self.tg.get_num_threads(),
            "versions": {"trigrad": trigrad.__version__, "numpy": numpy.__version__},
        }

    def supports(self, workload: Spec, dtype: str) -> str:
        if self.module == "scalar_cpp" and dtype != "float64":
            return "scalar_cpp computes in float64 only"
        if self.module == "scalar_cpp" and products(workload) > MOST_PRODUCTS:
            millions = products(workload) / 1e6
            return f"a node for each of {millions:,.0f} million products does not fit into memory"
        return str(workload.get("unsupported", {}).get(self.name, ""))

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        self.program = Program(self.tg, workload, arrays, dtype, self.order)

    def _ready(self) -> Program:
        if self.program is None:
            raise RuntimeError("setup was not called")
        return self.program

    def run(self, phase: str, n: int) -> int | None:
        return self._ready().run(phase, n)

    def result(self) -> dict[str, Array]:
        return self._ready().result()

    def losses(self, steps: int) -> list[float]:
        return self._ready().losses(steps)

    def counters(self) -> dict[str, int]:
        from .counting import count

        return count(self._ready())

    def close(self) -> None:
        self.program = None
