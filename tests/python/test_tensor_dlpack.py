"""DLPack both ways, with NumPy and with PyTorch: shared memory, kept strides, an owner that lives long
enough.

Why it exists: DLPack is a contract about who frees what; breaking it shows only as a crash much later."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from trigrad import tensor_cpp as tg

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment,unused-ignore]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.T,
    "sliced": lambda x: x[1:, ::2],
    "one row": lambda x: x[1],
    "0-dim": lambda x: x[1, 2],
    "empty": lambda x: x[:0],
}


def grid(dtype: Any) -> Any:
    return tg.tensor([[0, 1, 2, 3], [4, 0, 1, 2], [3, 4, 0, 1]]).to(dtype)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_to_numpy_and_back(layout: str, dtype: str) -> None:
    t = LAYOUTS[layout](grid(dtype))
    array = np.from_dlpack(t)
    assert array.tolist() == t.tolist()
    assert array.ctypes.data == t.data_ptr()
    assert tuple(s // array.itemsize for s in array.strides) == t.stride() or t.numel() == 0
    back = tg.from_dlpack(array)
    assert back.data_ptr() == t.data_ptr() or not array.flags.writeable
    assert back.dtype == t.dtype
    assert back.shape == t.shape


@needs_torch
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_to_torch_and_back(layout: str, dtype: str) -> None:
    t = LAYOUTS[layout](grid(dtype))
    theirs = torch.from_dlpack(t)
    assert theirs.tolist() == t.tolist()
    assert theirs.stride() == t.stride() or t.numel() == 0
    assert theirs.data_ptr() == t.data_ptr() or t.numel() == 0
    back = tg.from_dlpack(LAYOUTS[layout](torch.arange(12).reshape(3, 4)).to(getattr(torch, dtype)))
    assert back.dtype == np.dtype(dtype)
    if t.numel():
        theirs.zero_()
        assert not t.any()


@needs_torch
def test_torch_memory_is_shared_and_kept_alive() -> None:
    theirs = torch.zeros(2, 3)
    ours = tg.from_dlpack(theirs.T)
    assert ours.stride() == (1, 3)
    theirs[0, 1] = 5
    assert ours[1, 0].item() == 5
    ours[2, 1] = 7
    assert theirs[1, 2].item() == 7
    del theirs
    gc.collect()
    junk = [torch.ones(2, 3) for _ in range(20)]
    assert ours.tolist() == [[0, 0], [5, 0], [0, 7]]
    del junk


@needs_torch
def test_our_memory_is_kept_alive_by_torch() -> None:
    theirs = torch.from_dlpack(tg.arange(1000.0))
    junk = [tg.zeros(1000) for _ in range(20)]
    assert theirs.sum().item() == 499500.0
    del junk


def test_a_tracked_tensor_is_refused_and_its_detached_share_is_not() -> None:
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="requires grad"):
        np.from_dlpack(x)
    assert np.from_dlpack(x.detach()).ctypes.data == x.data_ptr()


def test_the_protocol_itself() -> None:
    x = tg.ones(2)
    assert x.__dlpack_device__() == (1, 0)
    assert "dltensor" in repr(x.__dlpack__())
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
    with pytest.raises((TypeError, ValueError, RuntimeError, BufferError)):
        x.__dlpack__(stream=1)
    for junk in (3, "a", None, [1.0]):
        with pytest.raises((TypeError, AttributeError)):
            tg.from_dlpack(junk)


def test_capsules_that_nobody_takes_are_freed() -> None:
    x = tg.ones(1000)
    array = x.numpy()
    alive = weakref.ref(array)
    capsule = array.__dlpack__()
    del array
    assert alive() is not None or capsule is not None
    del capsule
    gc.collect()
    assert alive() is None
