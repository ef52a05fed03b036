"""data: datasets and loaders under the names of torch.utils.data, over the engine that this package lies in.

Read in this order: dataset.py, loader.py.
"""

from .dataset import Dataset, Subset, TensorDataset, random_split
from .loader import DataLoader, default_collate

__all__ = ["DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "random_split"]
