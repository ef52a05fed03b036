"""PyTorch in an engine's place: the suite's own control.

Why it exists: a suite that fails right answers is worse than none. With TRIGRAD_ENGINES=torch every case must
pass (0 false alarms), in float32 too, which shows that tolerance.py allows what correct code needs. Read
engines.py before."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from . import oracle
from .engines import Engine


class TorchEngine(Engine):
    """The verbs of `Engine`, spoken by PyTorch."""

    def supports(self, op: str) -> bool:
        return True

    def excused(self, case: Any, dtype: str) -> bool:
        """PyTorch's float32 vector kernel gives gelu(inf) = nan; its other kernels give inf."""
        return (case.op, case.edge, dtype) == ("gelu", True, "float32")

    def tensor(self, data: Any, dtype: str | None = None, requires_grad: bool = False) -> Any:
        t = torch.from_numpy(np.array(data))
        if t.is_floating_point():
            t = t.to(getattr(torch, dtype or "float64"))
        return t.requires_grad_(requires_grad)

    def array(self, t: Any) -> np.ndarray:
        return np.asarray(t.detach().numpy(force=True))

    def dtype_of(self, t: Any) -> str:
        return str(t.dtype).removeprefix("torch.")

    def function(self, name: str) -> Any:
        return oracle.twin(name)

    def backward(self, z: Any, g: Any, order: str, retain_graph: bool = False) -> None:
        z.backward(g, retain_graph=retain_graph)

    def grad(
        self,
        outs: list[Any],
        ins: list[Any],
        gs: list[Any],
        order: str | None = None,
        create_graph: bool = False,
    ) -> list[Any]:
        return list(torch.autograd.grad(outs, ins, gs, create_graph=create_graph, allow_unused=True))
