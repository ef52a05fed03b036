"""Optimizer: the parameters in groups, what is remembered about each, and saving both.

Read before: _engine.py. Read next: sgd.py, adam.py.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import Tensor
from ._engine import tg

# Told of every group that is updated, while compile() records a step.
watchers: list[Callable[..., None]] = []


def check(name: str, value: float, ok: bool) -> None:
    """Refuses a hyper-parameter in PyTorch's words."""
    if not ok:
        raise ValueError(f"Invalid {name}: {value}")


class Optimizer:
    """The base of SGD and Adam: `update(group)` is what they add.

    `params` are parameters, (name, parameter) pairs, or dicts {"params": [...], "lr": ...} with own settings.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._opt_called = False
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """One more group; what it does not set, the defaults do."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, (set, frozenset)):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of "
                "tensors in sets will change between runs. Please use a list instead."
            )
        listed = [given] if isinstance(given, Tensor) else list(given)
        group = {**param_group, "params": listed}
        if listed and all(isinstance(p, tuple) for p in listed):  # as named_parameters() gives them
            group["params"] = listed = [p for _, p in listed]
        for p in listed:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}"
                )
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(p) for p in listed}) != len(listed):
            raise ValueError("optimizer contains a parameter group with duplicate parameters")
        if {id(p) for p in listed} & {id(p) for other in self.param_groups for p in other["params"]}:
            raise ValueError("some parameters appear in more than one parameter group")
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self.param_groups.append(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient; a closure first computes the loss."""
        self._opt_called = True
        loss = None
        if closure is not None:
            with tg.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self.update(group)
            for watcher in watchers:
                watcher(self, group)
        return loss

    def update(self, group: dict[str, Any]) -> None:
        """The update of one group: one call of the engine for all its parameters."""
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients (or fill them with zeros)."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad = tg.zeros_like(p.grad)

    # ---- saving and loading ----
    def state_dict(self) -> dict[str, Any]:
        """Settings and state; parameters are numbered in the order of the groups."""
        number: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number[id(p)] = len(number)
            groups.append({**group, "params": [number[id(p)] for p in group["params"]]})
        return {
            "state": {number[id(p)]: s for p, s in self.state.items() if id(p) in number},
            "param_groups": groups,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What state_dict() gave, here, in another engine or in PyTorch."""
        groups = copy.deepcopy(
            [{k: v for k, v in g.items() if k != "params"} for g in state_dict["param_groups"]]
        )
        numbers = [list(g["params"]) for g in state_dict["param_groups"]]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if [len(n) for n in numbers] != [len(g["params"]) for g in self.param_groups]:
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's "
                "group"
            )
        by_number = {
            n: p
            for ns, g in zip(numbers, self.param_groups, strict=True)
            for n, p in zip(ns, g["params"], strict=True)
        }
        self.state.clear()
        for n, kept in state_dict["state"].items():
            p = by_number[n]
            self.state[p] = {name: _own_copy(name, value, p) for name, value in kept.items()}
        self.param_groups = [
            {**self.defaults, **loaded, "params": own["params"]}
            for loaded, own in zip(groups, self.param_groups, strict=True)
        ]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {k}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _own_copy(name: str, value: Any, parameter: Any) -> Any:
    """A tensor of any library (or an array) as this engine's, in the parameter's dtype; else a copy."""
    if name == "step":
        return int(value)
    if not hasattr(value, "detach") and not isinstance(value, np.ndarray):
        return copy.deepcopy(value)
    array = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
    return tg.tensor(array).to(parameter.dtype)
