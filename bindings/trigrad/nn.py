"""`import trigrad.nn` gives `trigrad.tensor_cpp.nn`, whose sources are in bindings/surface/nn."""

from ._alias import alias
from .tensor_cpp import nn
from .tensor_cpp.nn import *  # noqa: F403 - for type checkers; at run time the module is replaced

alias(__name__, nn.__name__)
