"""Parts: how a module knows its parameters, buffers and modules: by what is assigned to it.

Why it exists: `self.hidden = Linear(2, 3)` is all a model says; names, order, and the refusals of what would
be lost without a sound are decided here, as in PyTorch.
Read before: parameter.py. Read next: module.py, which walks through the tree that this makes.
"""

from __future__ import annotations

import itertools
from typing import Any

from .. import Tensor
from .parameter import Parameter

KINDS = ("_parameters", "_buffers", "_modules")  # where assignment puts what it registers


def _typename(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


class Parts:
    """The base of Module, and of nothing else."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    def __init__(self) -> None:
        for name in KINDS:
            object.__setattr__(self, name, {})
        object.__setattr__(self, "_non_persistent_buffers_set", set())
        object.__setattr__(self, "training", True)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """As `self.name = param`; None reserves the name."""
        self._check_name("parameter", name, self._own("_parameters", "assign parameters"))
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                "(nn.Parameter or None required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                "explicitly."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the state but is not trained; only persistent ones are in state_dict()."""
        self._check_name("buffer", name, self._own("_buffers", "assign buffer"))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (Tensor or None required)"
            )
        self._buffers[name] = tensor
        self._non_persistent_buffers_set.discard(name)
        if not persistent:
            self._non_persistent_buffers_set.add(name)

    def register_module(self, name: str, module: Any) -> None:
        """As `self.name = module`; None reserves the name."""
        self._check_name("module", name, self._own("_modules", "assign module"))
        if module is not None and not isinstance(module, Parts):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._modules[name] = module

    add_module = register_module

    def _own(self, kind: str, doing: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.__dict__.get(kind)
        if found is None:
            raise AttributeError(
                f"cannot {doing} before Module.__init__() call: "
                f"{type(self).__name__}.__init__ must first call super().__init__()"
            )
        return found

    def _check_name(self, what: str, name: Any, registered: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {_typename(name)}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: "{name}"')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in registered:
            raise KeyError(f"attribute '{name}' already exists")

    def __setattr__(self, name: str, value: Any) -> None:
        """Parameters, modules and (once registered) buffers go to their tables, all else to the object."""
        if isinstance(value, Parameter):
            table = self._own("_parameters", "assign parameters")
            self._forget(name, keep=table)
            if name in table:
                table[name] = value
            else:
                self.register_parameter(name, value)
        elif isinstance(value, Parts):
            table = self._own("_modules", "assign module")
            self._forget(name, keep=table)
            table[name] = value
        elif name in self.__dict__.get("_parameters", ()):
            self._clear("_parameters", name, value, "parameter", "nn.Parameter")
        elif name in self.__dict__.get("_modules", ()):
            self._clear("_modules", name, value, "child module", "nn.Module")
        elif name in self.__dict__.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_typename(value)}' as buffer '{name}' (Tensor or None expected)"
                )
            self._buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, keep: dict[str, Any]) -> None:
        """A name means one thing: what it meant before goes."""
        self.__dict__.pop(name, None)
        for kind in KINDS:
            if self.__dict__[kind] is not keep:
                self.__dict__[kind].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _clear(self, kind: str, name: str, value: Any, what: str, wanted: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign '{_typename(value)}' as {what} '{name}' ({wanted} or None expected)"
            )
        self.__dict__[kind][name] = None

    def __getattr__(self, name: str) -> Any:
        """Asked only where the object itself has no such attribute."""
        own = self.__dict__
        for kind in KINDS:
            if name in own.get(kind, ()):
                return own[kind][name]
        text = f"'{type(self).__name__}' object has no attribute '{name}'"
        if "_modules" not in own and not name.startswith("__"):
            text += f": {type(self).__name__}.__init__ must first call super().__init__()"
        raise AttributeError(text)

    def __delattr__(self, name: str) -> None:
        for kind in KINDS:
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted(
            {*super().__dir__(), *itertools.chain.from_iterable(self.__dict__.get(k, ()) for k in KINDS)}
        )
