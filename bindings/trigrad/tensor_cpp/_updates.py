"""The optimisers' updates on this engine: one pass over each parameter in C++, one call for all of them.

Why it exists: optim is one source for every engine; an engine that has this file does the arithmetic itself.
What is remembered about a parameter is in `state[parameter]`, by name. A parameter without a gradient is left
alone, and so is its state. Everything is checked before anything changes.
Read next: bindings/src/tensor_optim.cpp, tensor_cpp/include/trigrad/tensor/optim.hpp.
"""

from .._core.tensor import _adam_ as adam_
from .._core.tensor import _sgd_ as sgd_

__all__ = ["adam_", "sgd_"]
