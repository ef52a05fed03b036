"""Who computes: the three engines of trigrad, in each of their orders, and PyTorch where it is installed.

Why it exists: every engine module offers the same names, so one small class runs them all; PyTorch gets a
module of the same names. An engine that cannot run says why, instead of vanishing from the table.
Read next: compare.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from .workloads import Array, Workload

OWN = ("tensor_cpp", "scalar_cpp", "reference_py")
ALL = (*OWN, "torch")


def torch_surface() -> SimpleNamespace:
    """PyTorch under the names of trigrad's engines."""
    import torch
    from torch.nn import functional

    return SimpleNamespace(
        tensor=torch.tensor,
        linear=functional.linear,
        relu=torch.relu,
        sum=torch.sum,
        square=torch.square,
        cross_entropy=functional.cross_entropy,
        hinge_loss=lambda x, target: torch.relu(1 - target * x).mean(),
        set_num_threads=torch.set_num_threads,
        ORDERS=("-",),
    )


def surface(engine: str) -> Any:
    """The engine's module; an ImportError says why there is none."""
    return torch_surface() if engine == "torch" else importlib.import_module(f"trigrad.{engine}")


def dtype_of(engine: str, wanted: str) -> str:
    """The dtype the engine runs in: scalar_cpp knows float64 only."""
    return "float64" if engine == "scalar_cpp" else wanted


class Runner:
    """One engine in one order on one workload."""

    def __init__(self, engine: str, order: str, dtype: str, workload: Workload) -> None:
        self.engine, self.order, self.dtype, self.workload = engine, order, dtype, workload
        self.tg = surface(engine)
        self.tg.set_num_threads(1)
        self.parameters = {name: self._tensor(array, True) for name, array in workload.parameters.items()}
        self.data = {name: self._tensor(array, False) for name, array in workload.data.items()}
        self._backward = {} if engine == "torch" else {"order": order}

    def _tensor(self, array: Array, requires_grad: bool) -> Any:
        if np.issubdtype(array.dtype, np.floating):
            array = array.astype(self.dtype)
        # torch.tensor keeps the array's dtype, as ours does.
        return self.tg.tensor(array, requires_grad=requires_grad)

    def step(self) -> Any:
        """What is timed: gradients cleared, forward, loss, backward."""
        for tensor in self.parameters.values():
            tensor.grad = None
        loss = self.workload.loss(self.tg, self.parameters, self.data)
        loss.backward(**self._backward)
        return loss

    def result(self) -> tuple[float, dict[str, Array]]:
        """Loss and gradients of one step, in float64."""
        loss = self.step().item()
        gradients = {
            name: np.array(tensor.grad.detach().numpy(), dtype=np.float64)
            for name, tensor in self.parameters.items()
        }
        return loss, gradients


def candidates(engines: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(engine, order, reason why it cannot run or nothing), one for each row of the table."""
    for engine in engines:
        try:
            orders = surface(engine).ORDERS
        except ModuleNotFoundError as error:
            yield engine, "-", f"{error.name} is not installed"
        except Exception as error:  # a broken extension must not take the other rows with it
            yield engine, "-", f"{type(error).__name__}: {error}"
        else:
            for order in orders:
                yield engine, order, ""
