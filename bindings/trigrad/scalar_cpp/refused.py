"""What the surface has and this engine has not: each refuses by name. And what it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .checks import unsupported
from .elementwise import RECORDS
from .tensor import Tensor

# Left to the tensor engines; a view would have to share nodes and values.
REFUSED = ("view", "prod", "cumsum", "cumprod", "sort", "topk", "scatter_add")
STRUCTURAL = (
    "sum mean max min max_dim min_dim amax amin var std norm logsumexp argmax argmin any all softmax "
    "log_softmax "
    "matmul dot outer einsum linear "
    "reshape flatten transpose permute squeeze unsqueeze expand cat stack split masked_fill tril "
    "triu index_select slice "
    "index gather narrow embedding "
    "mse_loss l1_loss huber_loss cross_entropy nll_loss binary_cross_entropy_with_logits hinge_loss "
    "gaussian_log_prob"
).split()


def ops() -> list[str]:
    """The names of the list's ops that this engine supports."""
    return [*RECORDS, *STRUCTURAL]


def supports(name: str) -> bool:
    """Whether this engine has the op."""
    return name in RECORDS or name in STRUCTURAL


def _refusal(name: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        raise unsupported(name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Not supported by this engine."
    return function


FUNCTIONS = {name: _refusal(name) for name in REFUSED}
for _name, _function in FUNCTIONS.items():
    setattr(Tensor, _name, _function)


class Function:
    """Not supported by this engine: its tape holds derivatives of the list's ops only."""

    @classmethod
    def apply(cls, *args: Any) -> Any:
        raise unsupported("Function")
