"""Modules made of modules: Sequential, ModuleList, MLP.

Read before: linear.py, activations.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .activations import ELU, GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .dropout import Dropout
from .linear import Identity, Linear
from .module import Module

# What the engines' linear does itself. Exactly these types: a subclass may compute something else.
FUSED: dict[type, str] = {ReLU: "relu", Tanh: "tanh", Sigmoid: "sigmoid"}
ACTIVATIONS: dict[str, Callable[[], Module]] = {
    "relu": ReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "silu": SiLU,
    "gelu": GELU,
    "softplus": Softplus,
    "softmax": lambda: Softmax(dim=-1),
    "log_softmax": lambda: LogSoftmax(dim=-1),
    "identity": Identity,
}


class _Numbered(Module):
    """Modules registered under the names '0', '1', ...; works as a list of them."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __contains__(self, module: object) -> bool:
        return any(module is own for own in self._modules.values())

    def _name_at(self, index: Any) -> str:
        k, n = operator.index(index), len(self)
        if not -n <= k < n:
            raise IndexError(f"index {k} is out of range")
        return list(self._modules)[k]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._made_of(list(self._modules.items())[index])
        return self._modules[self._name_at(index)]

    def _made_of(self, items: list[tuple[str, Any]]) -> Module:
        raise NotImplementedError

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: Any) -> None:
        """The rest moves up."""
        names = [self._name_at(index)] if not isinstance(index, slice) else list(self._modules)[index]
        self._renumber([module for name, module in self._modules.items() if name not in names])

    def _renumber(self, modules: list[Any]) -> None:
        self._modules.clear()
        self.extend(modules)

    def append(self, module: Module) -> Any:
        """One more at the end; returns self."""
        self.register_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Several more at the end; returns self."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got {type(modules)}"
            )
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """One more before index; returns self."""
        if not isinstance(module, Module):
            raise TypeError(f"module should be of type: {Module}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take one away and return it."""
        module = self[index]
        del self[index]
        return module


class ModuleList(_Numbered):
    """A list whose modules are registered; unlike those of a plain list, their parameters are found.

    >>> from trigrad import nn
    >>> len(list(nn.ModuleList([nn.Linear(2, 2) for _ in range(3)]).parameters()))
    6
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _made_of(self, items: list[tuple[str, Any]]) -> Module:
        return ModuleList(module for _, module in items)


class Sequential(_Numbered):
    """One module after the other. A Linear and a ReLU, Tanh or Sigmoid behind it run as one operation.

    >>> from trigrad import nn
    >>> nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else enumerate(args)
        for name, module in named:
            self.register_module(str(name), module)

    def _made_of(self, items: list[tuple[str, Any]]) -> Module:
        return Sequential(dict(items))

    def forward(self, input: Any) -> Any:
        modules = list(self._modules.values())
        k, n = 0, len(modules)
        while k < n:
            module: Any = modules[k]
            k += 1
            fused = FUSED.get(type(modules[k])) if k < n and type(module) is Linear else None
            if fused is None:
                input = module(input)
            else:
                input = module.forward(input, fused)
                k += 1
        return input


def activation_module(given: Any) -> Module | None:
    """A new module from its name ('relu', 'tanh', ...), its class, or any function that makes one."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise ValueError(f"activation {given!r} is not one of {', '.join(ACTIVATIONS)}")
        return ACTIVATIONS[given]()
    made = given() if callable(given) and not isinstance(given, Module) else None
    if not isinstance(made, Module):
        raise TypeError(
            f"activation must be a name, or a class or function that makes a module, not {given!r}"
        )
    return made


class MLP(Sequential):
    """Linear layers of the given sizes, with the activation (and dropout) after each but the last.

    >>> from trigrad import nn
    >>> nn.MLP([2, 16, 1], "tanh")
    MLP(
      (0): Linear(in_features=2, out_features=16, bias=True)
      (1): Tanh()
      (2): Linear(in_features=16, out_features=1, bias=True)
    )
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Callable[[], Module] | None = "relu",
        output: str | Callable[[], Module] | None = None,
        *,
        bias: bool = True,
        dropout: float | Sequence[float] = 0.0,
        dtype: Any = None,
        generator: Any = None,
    ) -> None:
        super().__init__()
        sizes = list(sizes)
        hidden = len(sizes) - 2
        if hidden < 0:
            raise ValueError(f"MLP: sizes needs at least an input and an output size, not {sizes}")
        rates = [dropout] * hidden if isinstance(dropout, (int, float)) else list(dropout)
        if len(rates) != hidden:
            raise ValueError(f"MLP: {hidden} hidden layers but {len(rates)} dropout rates")
        for k in range(hidden + 1):
            self.append(Linear(sizes[k], sizes[k + 1], bias, dtype=dtype, generator=generator))
            made = activation_module(activation if k < hidden else output)
            if made is not None:
                self.append(made)
            if k < hidden and rates[k]:
                self.append(Dropout(rates[k], generator=generator))
