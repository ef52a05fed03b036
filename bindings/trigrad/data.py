"""`import trigrad.data` gives `trigrad.tensor_cpp.data`, whose sources are in bindings/surface/data."""

from ._alias import alias
from .tensor_cpp import data
from .tensor_cpp.data import *  # noqa: F403 - for type checkers; at run time the module is replaced

alias(__name__, data.__name__)
