"""state_dict and load_state_dict: a module's numbers by name.

The names are PyTorch's, so that weights move between engines, and to and from PyTorch, without a table.
Read before: module.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import Tensor
from ._engine import tg

if TYPE_CHECKING:
    from .module import Module


class IncompatibleKeys(NamedTuple):
    """What load_state_dict(strict=False) found on one side only."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def _members(module: Module, prefix: str) -> dict[str, Any]:
    """Every parameter and persistent buffer, also under each further name of a shared one, as in PyTorch."""
    found: dict[str, Any] = {}
    for name, value in module._parameters.items():
        if value is not None:
            found[prefix + name] = value
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            found[prefix + name] = buffer
    for name, child in module._modules.items():
        if child is not None:
            found |= _members(child, f"{prefix}{name}.")
    return found


def save(module: Module, prefix: str, keep_vars: bool) -> dict[str, Tensor]:
    """The members by name."""
    return {name: t if keep_vars else t.detach() for name, t in _members(module, prefix).items()}


def _as_array(value: Any) -> Any:
    """The numbers of a tensor of any library, or of an array."""
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)


def load(module: Module, state: Any, strict: bool) -> IncompatibleKeys:
    """Checks first: a state that does not fit changes nothing."""
    if not isinstance(state, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    members = _members(module, "")
    missing = [name for name in members if name not in state]
    unexpected = [name for name in state if name not in members]
    arrays = {name: _as_array(state[name]) for name in members if name in state}
    wrong = []
    if strict and missing:
        wrong.append("Missing key(s) in state_dict: " + ", ".join(f'"{k}"' for k in missing) + ". ")
    if strict and unexpected:
        wrong.append("Unexpected key(s) in state_dict: " + ", ".join(f'"{k}"' for k in unexpected) + ". ")
    for name, array in arrays.items():
        if array.shape != tuple(members[name].shape):
            wrong.append(
                f"size mismatch for {name}: copying a param with shape {array.shape} from checkpoint, "
                f"the shape in current model is {tuple(members[name].shape)}."
            )
    if wrong:
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(wrong)
        )
    with tg.no_grad():
        for name, array in arrays.items():
            members[name].copy_(tg.tensor(array))
    return IncompatibleKeys(missing, unexpected)
