# Made by bindings/make_stubs.py from the extension; do not edit.
"""
The C++ engines of trigrad. Use trigrad.tensor_cpp and trigrad.scalar_cpp.
"""
from __future__ import annotations
from . import scalar
from . import tensor
__all__: list[str] = ['scalar', 'tensor', 'version']
version: str = '0.1.0'
