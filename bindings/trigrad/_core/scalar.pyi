# Made by bindings/make_stubs.py from the extension; do not edit.
"""
The scalar engine: Value, and the shaped arrays of its nodes.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
from trigrad.scalar_cpp import Value
import typing
__all__: list[str] = ['IdRange', 'Value', 'backward', 'collect', 'combine', 'describe_node', 'dots', 'elementwise', 'elementwise_ops', 'graph_size', 'leaf', 'nan_maker', 'pick', 'tape_size']
class IdRange:
    """
    The tape nodes of a tensor's elements.
    """
    has_hooks: bool
    wants_grad: bool
    def __len__(self) -> int:
        ...
    def describe(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> tuple[int, str, list[int]]:
        ...
    def keep_for_hooks(self) -> None:
        ...
def backward(arg0: str, arg1: collections.abc.Sequence[tuple[IdRange, typing.Annotated[numpy.typing.ArrayLike, numpy.float64]]], arg2: collections.abc.Sequence[IdRange] | None, arg3: bool, arg4: collections.abc.Callable) -> list:
    ...
def collect() -> None:
    """
    Removes dead nodes now, and gives their room back.
    """
def combine(arg0: str, arg1: IdRange, arg2: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], arg3: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], arg4: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> IdRange:
    ...
def describe_node(arg0: typing.SupportsInt | typing.SupportsIndex) -> tuple[float, float, str, list[int]]:
    ...
def dots(arg0: str, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.SupportsInt | typing.SupportsIndex, arg5: typing.SupportsInt | typing.SupportsIndex) -> tuple:
    ...
def elementwise(arg0: str, arg1: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], arg2: collections.abc.Sequence, arg3: typing.SupportsInt | typing.SupportsIndex) -> tuple:
    ...
def graph_size(arg0: typing.Any) -> int:
    """
    How many nodes a Value or a range was computed from, itself included.
    """
def leaf(arg0: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> IdRange:
    ...
def nan_maker(arg0: IdRange) -> tuple[str, int] | None:
    ...
def pick(arg0: str, arg1: collections.abc.Sequence[tuple[IdRange, typing.SupportsInt | typing.SupportsIndex]], arg2: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], arg3: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> IdRange:
    ...
def tape_size() -> int:
    """
    How many nodes this thread's tape holds, dead ones included.
    """
elementwise_ops: list
