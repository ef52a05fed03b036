"""`import trigrad.optim` gives `trigrad.tensor_cpp.optim`, whose sources are in bindings/surface/optim."""

from ._alias import alias
from .tensor_cpp import optim
from .tensor_cpp.optim import *  # noqa: F403 - for type checkers; at run time the module is replaced

alias(__name__, optim.__name__)
