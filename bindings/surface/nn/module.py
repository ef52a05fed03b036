"""Module: a tree of layers that knows its parameters by name.

Why it exists: training needs every parameter, once, in a fixed order; saving needs a name for each. What lies
in a plain list is not seen (use ModuleList).
Read before: parts.py. Read next: state.py (saving and loading), linear.py, containers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .. import Tensor
from ._engine import tg
from .parameter import Parameter
from .parts import Parts
from .state import IncompatibleKeys, load, save

Self = TypeVar("Self", bound="Module")

# Told of every module that is called, while compile() records a step.
watchers: list[Callable[[Any], None]] = []


class Module(Parts):
    """The base of all layers and models: subclasses assign their parts in __init__ and define forward().

    >>> from trigrad import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(2, 3)
    ...         self.out = nn.Linear(3, 1)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).tanh())
    >>> [name for name, _ in Net().named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes: every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for watcher in watchers:
            watcher(self)
        return self.forward(*args, **kwargs)

    # ---- walking through the tree ----
    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Itself and all modules below, parents first, each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Itself and all modules below."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, each once."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (child for _, child in self.named_children())

    def _named(self, kind: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        """Members of one table, over the tree; a shared one is given once, under its first name."""
        seen: set[int] = set()
        walk = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else [(prefix, self)]
        for place, module in walk:
            for name, value in getattr(module, kind).items():
                if value is None or id(value) in seen:
                    continue
                if once:
                    seen.add(id(value))
                yield f"{place}.{name}" if place else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its name, a shared one once."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, a shared one once: what an optimiser is given."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its name."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call fn on every module, children first; returns this module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # ---- switches ----
    def train(self: Self, mode: bool = True) -> Self:
        """Training (dropout drops) or, with False, evaluation, for the whole tree."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        object.__setattr__(self, "training", mode)
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: Self) -> Self:
        """As train(False)."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Set requires_grad of every parameter: False freezes."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients (or fill them with zeros)."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    parameter.grad = tg.zeros_like(parameter.grad)

    def to(self: Self, dtype: Any) -> Self:
        """Floating-point parameters and buffers in another dtype.

        Make the optimiser afterwards: where an engine gives no tensor new memory, the parameters are new.
        """
        wanted = dtype.dtype if isinstance(dtype, Tensor) else tg.zeros(0).to(dtype).dtype
        if wanted.kind != "f":
            raise TypeError(
                f"nn.Module.to only accepts floating point dtypes, but got desired dtype={wanted}"
            )
        converted: dict[int, tuple[Any, Any]] = {}  # old and new by the old one's id: shared ones stay shared
        for module in self.modules():
            for table in (module._parameters, module._buffers):
                for name, value in table.items():
                    if value is not None and value.dtype.kind == "f" and value.dtype != wanted:
                        if id(value) not in converted:
                            converted[id(value)] = value, _convert(value, wanted)
                        table[name] = converted[id(value)][1]
        return self

    def float(self: Self) -> Self:
        """As to(float32)."""
        return self.to(tg.float32)

    def double(self: Self) -> Self:
        """As to(float64)."""
        return self.to(tg.float64)

    # ---- saving and loading ----
    def state_dict(self, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Every parameter and persistent buffer by name, detached, sharing memory with the module."""
        return save(self, prefix, keep_vars)

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> IncompatibleKeys:
        """Take over values by name: tensors of any engine, PyTorch's, or arrays. Wrong: none is changed."""
        return load(self, state_dict, strict)

    # ---- printing ----
    def extra_repr(self) -> str:
        """What stands in the parentheses of the printed module."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        parts = [
            f"({name}): {repr(child).replace(chr(10), chr(10) + '  ')}"
            for name, child in self._modules.items()
        ]
        if len(lines) == 1 and not parts:
            return f"{self._get_name()}({extra})"
        if lines or parts:
            return f"{self._get_name()}(\n  " + "\n  ".join(lines + parts) + "\n)"
        return f"{self._get_name()}()"


def _convert(value: Any, dtype: Any) -> Any:
    """The same tensor over new memory where the engine allows that, a new one elsewhere."""
    if isinstance(value, Parameter):
        made = value.detach().to(dtype)
        grad = value.grad
        value.grad = None
        value.data = made
        if value.dtype != dtype:  # the engine copies into the old memory, so this must be another Parameter
            value = type(value)(made, value.requires_grad)
        value.grad = None if grad is None else grad.to(dtype)
        return value
    return value.to(dtype)
