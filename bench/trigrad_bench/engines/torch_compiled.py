"""PyTorch with torch.compile: the same program, traced and compiled.

Why it exists: "PyTorch" without its compiler would be half of PyTorch. Compiling takes seconds to a minute
and happens before any clock runs. It needs a C++ compiler; without one the engine says so in its row.
Read before: torch_eager.py.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .protocol import Inputs, Spec
from .torch_eager import TorchEager
from .torch_models import Batch

LARGEST_UNROLLED = 200  # a graph of so many nodes is traced node by node; longer ones take minutes to compile


class TorchCompiled(TorchEager):
    """torch.compile of model and loss; backward is compiled with it."""

    name = "torch.compile"

    def supports(self, workload: Spec, dtype: str) -> str:
        compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
        if not compiler:
            return "torch.compile needs a C++ compiler (g++ or clang++), and none is on the PATH"
        if workload["model"]["kind"] == "graph" and workload["size"] > LARGEST_UNROLLED:
            return f"torch.compile would unroll {workload['size']} nodes, which takes minutes"
        if workload.get("per_sample") and workload.get("batch", 0) > 1:
            return "each row is a graph of its own: torch.compile would unroll the batch"
        return super().supports(workload, dtype)

    def setup(self, workload: Spec, arrays: Inputs, dtype: str) -> None:
        torch._dynamo.reset()
        super().setup(workload, arrays, dtype)

    def loss_function(self, model: nn.Module) -> Callable[[list[Batch]], Tensor]:
        compiled: Callable[[list[Batch]], Tensor] = torch.compile(super().loss_function(model))
        return compiled
