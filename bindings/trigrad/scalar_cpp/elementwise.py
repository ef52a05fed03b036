"""The elementwise functions, one for each op of the list, and the operators. Read tensor.py before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import scalar as core
from ..errors import DTypeError
from .checks import bool_, broadcast, float64, int64, positions_of
from .tensor import Tensor, as_tensor, finish, nodes_of

SAME, FLOAT, BOOL = 0, 1, 2  # OpInfo.result
RECORDS = {record[0]: record for record in core.elementwise_ops}


def _promoted(operands: list[Tensor], originals: tuple[Any, ...]) -> np.dtype[Any]:
    """bool < int64 < float64; the engine has one float, so Python numbers need no rule of their own."""
    kinds = {t.dtype for t in operands}
    return float64 if float64 in kinds else int64 if int64 in kinds else bool_


def _check_whole(name: str, operands: list[Tensor], dtype: np.dtype[Any]) -> None:
    """What whole numbers and truth values have no answer for. Floats always have one, if only NaN."""
    if dtype == bool_ and name == "sub":
        raise DTypeError("sub: booleans cannot be subtracted; use a != b")
    if dtype == bool_ and name == "neg":
        raise DTypeError("neg: a boolean has no negative; use ~ or logical_not")
    if dtype == int64 and name == "pow" and (operands[1]._array < 0).any():
        raise ValueError("pow: an integer to a negative power is no integer; make the base a float")


def elementwise(name: str, *inputs: Any, attrs: tuple[float, ...] = ()) -> Tensor:
    """Evaluates an op of the list, with its own formula, and records it where a gradient is wanted."""
    _, _, result, differentiable, *_ = RECORDS[name]
    operands = [as_tensor(name, x) for x in inputs]
    shape = broadcast(name, *(t.shape for t in operands))
    dtype = _promoted(operands[1:] if name == "where" else operands, inputs)
    _check_whole(name, operands, dtype)
    packed = [
        (t._array, nodes_of(t) if differentiable else None, positions_of(t.shape, shape)) for t in operands
    ]
    values, nodes = core.elementwise(name, list(attrs), packed, int(np.prod(shape, dtype=np.int64)))
    wanted = bool_ if result == BOOL else float64 if result == FLOAT else dtype
    values = values.reshape(shape)
    return finish(
        name,
        values if wanted == float64 else values != 0 if wanted == bool_ else values.astype(wanted),
        nodes,
    )


def _function(name: str) -> Callable[..., Tensor]:
    _, arity, _, _, attr_names, defaults, formula = RECORDS[name]

    def unary(x: Any) -> Tensor:
        return elementwise(name, x)

    def with_attributes(x: Any, *args: Any, **kwargs: Any) -> Tensor:
        if len(args) > len(attr_names):
            raise TypeError(f"{name}() takes at most {1 + len(attr_names)} arguments ({1 + len(args)} given)")
        given = dict(zip(attr_names, args, strict=False))
        for key, value in kwargs.items():
            if key not in attr_names or key in given:
                raise TypeError(f"{name}() got an unexpected keyword argument {key!r}")
            given[key] = value
        chosen = [given.get(n) for n in attr_names]
        attrs = tuple(d if v is None else float(v) for v, d in zip(chosen, defaults, strict=True))
        return elementwise(name, x, attrs=attrs)

    def binary(x: Any, y: Any) -> Tensor:
        return elementwise(name, x, y)

    def ternary(condition: Any, x: Any, y: Any) -> Tensor:
        return elementwise(name, condition, x, y)

    function: Callable[..., Tensor] = (
        (unary, binary, ternary)[arity - 1] if not attr_names else with_attributes
    )
    function.__name__ = function.__qualname__ = name
    function.__doc__ = formula
    return function


FUNCTIONS = {name: _function(name) for name in RECORDS if name not in ("gelu_tanh", "gelu")}


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x times the normal distribution function, or its tanh approximation."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate {approximate!r} is not one of 'none', 'tanh'")
    return elementwise("gelu_tanh" if approximate == "tanh" else "gelu", x)


def clamp(x: Any, min: Any = None, max: Any = None) -> Tensor:
    """Values below min become min, values above max become max; a fraction makes integers floats."""
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both")
    tensor = as_tensor("clamp", x)
    wanted = _promoted([tensor, *(as_tensor("clamp", b) for b in (min, max) if b is not None)], ())
    low, high = -np.inf if min is None else float(min), np.inf if max is None else float(max)
    return elementwise("clamp", tensor.to(wanted), attrs=(low, high))


FUNCTIONS |= {"gelu": gelu, "clamp": clamp}
for _name, _made in FUNCTIONS.items():
    setattr(Tensor, _name, _made)
Tensor.where = lambda self, condition, other: FUNCTIONS["where"](condition, self, other)  # type: ignore[attr-defined]


# ---- operators
def _operator(name: str, reflected: bool = False) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        if other is None or isinstance(other, (str, bytes, dict, set)):
            return NotImplemented
        return elementwise(name, other, self) if reflected else elementwise(name, self, other)

    return method


for _name, _op in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow"}.items():
    setattr(Tensor, f"__{_name}__", _operator(_op))
    setattr(Tensor, f"__r{_name}__", _operator(_op, reflected=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Tensor, f"__{_name}__", _operator(_name))
Tensor.__neg__ = lambda self: elementwise("neg", self)  # type: ignore[method-assign]
Tensor.__abs__ = lambda self: elementwise("abs", self)  # type: ignore[method-assign]
Tensor.__pos__ = lambda self: self  # type: ignore[method-assign]


def _of_truths(name: str) -> Callable[..., Tensor]:
    """& | ~ are for truth values: of integers they would be bit by bit, which no other operation is."""

    def method(self: Tensor, *other: Any) -> Tensor:
        for x in (self, *other):
            if isinstance(x, Tensor) and x.dtype != bool_:
                raise DTypeError(f"{name}: needs bool tensors, not {x.dtype}")
        return elementwise(name, self, *other)

    return method


for _name in ("and", "or"):
    setattr(Tensor, f"__{_name}__", _of_truths(f"logical_{_name}"))
    setattr(Tensor, f"__r{_name}__", _of_truths(f"logical_{_name}"))
Tensor.__invert__ = _of_truths("logical_not")  # type: ignore[method-assign]
