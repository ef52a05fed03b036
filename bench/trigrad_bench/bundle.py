"""Arrays in one file that every language reads with a few lines: a JSON header, then raw numbers.

Why it exists: all engines must start from the same bits, and half of them are programs of their own. NumPy's
own formats need a zip or a Python literal parser in C++; this one a JSON parser, which they have anyway.

    8 bytes   length of the header, little-endian
    header    UTF-8 JSON: {"meta": {}, "arrays": [{"name", "dtype": "float64" or "int64", "shape", "offset"}]}
    padding   zeros up to a multiple of 64
    data      little-endian, each array at its offset, counted from the start of the data, a multiple of 64

Read before: arrays.py (what is stored).  The C++ twin: bench/native/bundle.hpp.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ALIGN = 64
DTYPES = {"float64": np.dtype("<f8"), "int64": np.dtype("<i8")}


class BundleError(ValueError):
    """The file is no bundle, or not all of it is there."""


def aligned(n: int) -> int:
    """n rounded up to the next multiple of 64."""
    return (n + ALIGN - 1) // ALIGN * ALIGN


def stored(name: str, array: Any) -> Array:
    """The array as it lies in the file: float64 or int64, little-endian, rows after each other."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return np.asarray(array, DTYPES["int64"], order="C")
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return np.asarray(array, DTYPES["float64"], order="C")
    raise BundleError(f"bundle: {name} has dtype {array.dtype}; a bundle holds float64 and int64")


def write(path: str | Path, arrays: Mapping[str, Any], meta: Mapping[str, Any] | None = None) -> None:
    """Writes the file at once: a reader sees the old file or the whole new one, never a part."""
    path = Path(path)
    kept = {name: stored(name, array) for name, array in arrays.items()}
    entries, offset = [], 0
    for name, array in kept.items():
        dtype = "int64" if array.dtype.kind == "i" else "float64"
        entries.append({"name": name, "dtype": dtype, "shape": list(array.shape), "offset": offset})
        offset += aligned(array.nbytes)
    header = json.dumps({"meta": dict(meta or {}), "arrays": entries}).encode()
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            start = file.write(len(header).to_bytes(8, "little")) + file.write(header)
            file.write(bytes(aligned(start) - start))
            for array in kept.values():
                file.write(array.reshape(-1).data.cast("B") if array.size else b"")
                file.write(bytes(aligned(array.nbytes) - array.nbytes))
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def read(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays by name, meta). The arrays are read-only views of one mapping of the file into memory."""
    path = Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise BundleError(f"{path}: no bundle, or cut off: {size} bytes, header of {length}")
        try:
            header = json.loads(file.read(length))
            entries, meta = header["arrays"], header["meta"]
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{path}: no bundle: its header is not as it should be ({error!r})") from error
    start = aligned(8 + length)
    whole = np.memmap(path, np.uint8, mode="r") if size > start else np.zeros(0, np.uint8)
    arrays: dict[str, Array] = {}
    for entry in entries:
        if entry["dtype"] not in DTYPES:
            raise BundleError(f"{path}: {entry['name']} has dtype {entry['dtype']!r}, not float64 or int64")
        dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        first = start + entry["offset"]
        if count and first + 8 * count > size:
            need = f"{entry['name']} needs bytes {first} to {first + 8 * count}"
            raise BundleError(f"{path}: cut off: {need}, the file has {size}")
        data = whole[first : first + 8 * count] if count else np.zeros(0, np.uint8)
        arrays[entry["name"]] = np.asarray(data).view(dtype).reshape(shape)
    return arrays, meta
