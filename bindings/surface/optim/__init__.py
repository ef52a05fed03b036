"""optim: optimisers and learning-rate schedules under PyTorch's names, over the engine that it lies in.

Read in this order: optimizer.py, sgd.py, adam.py, lr_scheduler.py.
"""

from . import lr_scheduler
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
