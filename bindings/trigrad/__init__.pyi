# Written by hand: __init__.py takes its names from tensor_cpp at run time and loads the other engines when asked for.
from typing import Any

from . import gradcheck as gradcheck
from . import reference_py as reference_py
from . import scalar_cpp as scalar_cpp
from . import tensor_cpp as tensor_cpp
from .tensor_cpp import *
from .tensor_cpp import data as data
from .tensor_cpp import nn as nn
from .tensor_cpp import optim as optim

__version__: str

def engines() -> dict[str, dict[str, Any]]: ...
