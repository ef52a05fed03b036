"""NumPy in and out: what shares memory, what copies, what is refused.

Why it exists: a silent copy makes `t.numpy()[0] = 1` do nothing, a silent share makes it change a stranger's
data. Both are invisible in every other test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trigrad as tg

BASE = np.arange(24.0).reshape(2, 3, 4)
SHARED = {
    "contiguous": BASE,
    "Fortran order": np.asfortranarray(BASE),
    "transposed": BASE.T,
    "every second": BASE[:, ::2, 1:],
    "broadcast stride 0": np.lib.stride_tricks.as_strided(BASE, (3, 4), (0, 8), writeable=True),
    "0-dim": np.array(3.5),
    "size 0": np.zeros((0, 3)),
    "float32": BASE.astype(np.float32),
    "int64": BASE.astype(np.int64),
    "bool": BASE > 7,
}
COPIED = {
    "negative stride": BASE[::-1],
    "big-endian": BASE.astype(">f8"),
    "read-only": np.broadcast_to(BASE, (2, 2, 3, 4)),
    "float16": BASE.astype(np.float16),
    "uint8": BASE.astype(np.uint8),
    "int32": BASE.astype(np.int32),
    "unaligned": np.frombuffer(b"x" + BASE.tobytes(), dtype=np.uint8)[1:].view(np.float64),
    "field of a record": np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i1"), ("b", "f8")])["b"],
}


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.parametrize("make", [tg.from_numpy, tg.as_tensor], ids=["from_numpy", "as_tensor"])
def test_shares_memory(kind: str, make: Any) -> None:
    array = SHARED[kind]
    t = make(array)
    assert t.data_ptr() == array.ctypes.data
    assert t.dtype == array.dtype
    assert t.shape == array.shape
    back = t.numpy()
    assert back.strides == array.strides or array.size == 0
    assert np.shares_memory(back, array) or array.size == 0
    np.testing.assert_array_equal(np.asarray(t), array)


@pytest.mark.parametrize("kind", COPIED)
def test_copies_where_sharing_is_not_legal(kind: str) -> None:
    array = COPIED[kind]
    t = tg.from_numpy(array)
    assert t.data_ptr() != array.ctypes.data
    np.testing.assert_array_equal(t.numpy(), array)
    assert t.dtype in (tg.float32, tg.float64, tg.int64)
    t.zero_()
    assert array.any()


@pytest.mark.parametrize("kind", [*SHARED, *COPIED])
def test_tensor_always_copies(kind: str) -> None:
    array = {**SHARED, **COPIED}[kind]
    t = tg.tensor(array)
    assert not np.shares_memory(t.numpy(), array)
    np.testing.assert_array_equal(t.numpy(), array)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(2, dtype=[("a", "f4"), ("b", "i8")]),
        np.zeros(2, dtype=complex),
        np.array([object()], dtype=object),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.array(["a"]),
    ],
    ids=lambda a: str(a.dtype),
)
def test_dtypes_without_a_counterpart_are_named(array: np.ndarray[Any, Any]) -> None:
    for make in (tg.from_numpy, tg.tensor, tg.as_tensor):
        with pytest.raises(TypeError, match="dtype") as caught:
            make(array)
        assert str(array.dtype) in str(caught.value)


def test_an_array_outlives_its_tensor_and_the_reverse() -> None:
    t = tg.from_numpy(np.arange(1000.0))  # the array is gone
    assert t.sum().item() == 499500.0
    a = tg.arange(1000.0)[10:20].numpy()  # the tensor is gone
    junk = [tg.ones(1000) for _ in range(50)]
    assert a.tolist() == list(range(10, 20))
    del junk


def test_writes_are_seen_on_both_sides() -> None:
    a = np.zeros((2, 3))
    t = tg.from_numpy(a)
    a[0, 1] = 5
    t[1, 2] = 7
    assert t.tolist() == a.tolist() == [[0, 5, 0], [0, 0, 7]]
    t.T.numpy()[0, 0] = 9
    assert a[0, 0] == 9


def test_array_protocol_dtype_and_copy() -> None:
    t = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert np.asarray(t).ctypes.data == t.data_ptr()
    assert np.asarray(t.T).strides == (4, 8)
    assert np.array(t, copy=False).ctypes.data == t.data_ptr()
    assert np.array(t).ctypes.data != t.data_ptr()
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    assert np.array(t, dtype=int).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="copy"):
        np.array(t, dtype=np.float64, copy=False)
    assert t.__array__().ctypes.data == t.data_ptr()
    assert t.__array__(np.float64).dtype == np.float64
    assert t.__array__(copy=True).ctypes.data != t.data_ptr()
    assert t.__array__(dtype=np.float32, copy=False).ctypes.data == t.data_ptr()
    with pytest.raises(ValueError, match="needs a copy"):
        t.__array__(np.float64, copy=False)


def test_buffer_protocol() -> None:
    t = tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    view = memoryview(t.T)
    assert (view.format, view.itemsize, view.shape, view.strides, view.readonly) == (
        "f",
        4,
        (3, 2),
        (4, 12),
        False,
    )
    memoryview(t)[1, 2] = 9.0
    assert t[1, 2].item() == 9.0
    assert bytes(t.T) == np.ascontiguousarray(t.numpy().T).tobytes()
    for dtype, code in ((tg.float64, "d"), (tg.int64, "q"), (tg.bool, "?")):
        assert memoryview(t.to(dtype)).format == code
    tracked = t.requires_grad_()
    for numbers in (tracked, tracked * 2):
        with pytest.raises(BufferError, match=r"requires grad. Use tensor\.detach\(\)"):
            memoryview(numbers)
        for convert in (np.asarray, np.array, tg.Tensor.numpy):
            with pytest.raises(RuntimeError, match=r"Use tensor\.detach\(\)\.numpy\(\)"):
                convert(numbers)


def test_a_buffer_keeps_the_memory_alive() -> None:
    view = memoryview(tg.arange(100))
    junk = [tg.zeros(100, dtype=tg.int64) for _ in range(20)]
    assert view[99] == 99
    del junk


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "**", "@", "==", "!=", "<", "<=", ">", ">="])
def test_an_array_on_the_left_gives_a_tensor(op: str) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    x = tg.tensor([[2.0, 2.0], [2.0, 5.0]], requires_grad=True)
    names = {"array": array, "x": x}
    z = eval(f"array {op} x", names)
    assert isinstance(z, tg.Tensor)
    np.testing.assert_allclose(z.detach().numpy(), eval(f"array {op} x.detach().numpy()", names))
    for scalar in (np.float32(3), np.float64(3), np.int64(3)):
        if op != "@":
            z = eval(f"scalar {op} x", {"scalar": scalar, "x": x})
            assert isinstance(z, tg.Tensor)
            assert z.dtype in (tg.float32, tg.bool)  # a 0-dim number does not widen, as in PyTorch


def test_gradients_pass_through_mixed_arithmetic() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (np.array([3.0, 4.0], dtype=np.float32) * x).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_ufuncs_and_in_place_arrays_refuse() -> None:
    x = tg.ones(2)
    with pytest.raises(TypeError, match="ufunc"):
        np.exp(x)
    a = np.ones(2)
    with pytest.raises(TypeError, match="ufunc"):
        a += x


LISTS: list[tuple[Any, str, tuple[int, ...]]] = [
    (3, "int64", ()),
    (True, "bool", ()),
    (2.5, "float32", ()),
    ([], "float32", (0,)),
    ([[], []], "float32", (2, 0)),
    ([[1, 2], [3, 4]], "int64", (2, 2)),
    ([True, False], "bool", (2,)),
    ([True, 2], "int64", (2,)),
    ([True, 2, 2.5], "float32", (3,)),
    ((1.0, [2.0][0]), "float32", (2,)),
    (range(3), "int64", (3,)),
    ([np.float64(1), 2.0], "float32", (2,)),
    ([np.arange(2), np.arange(2)], "int64", (2, 2)),
    (np.float64(1.5), "float64", ()),
    (np.float32(1.5), "float32", ()),
    (np.uint8(200), "int64", ()),
    (bytearray(b"ab"), "int64", (2,)),
]


@pytest.mark.parametrize(("data", "dtype", "shape"), LISTS, ids=[repr(x[0])[:30] for x in LISTS])
def test_python_numbers_and_lists(data: Any, dtype: str, shape: tuple[int, ...]) -> None:
    for make in (tg.tensor, tg.as_tensor):
        t = make(data)
        assert (str(t.dtype), t.shape) == (dtype, shape)
    assert tg.tensor(data, dtype="float64").dtype == tg.float64


def test_lists_of_tensors() -> None:
    parts = [tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])]
    assert tg.tensor(parts).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_ragged_lists_say_so() -> None:
    for data in ([[1, 2], [3]], [1, [2]], [[1], [[2]]]):
        with pytest.raises(ValueError, match="evenly nested lists"):
            tg.tensor(data)


def test_default_dtype_decides_for_python_floats_only() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        assert tg.tensor([1.0]).dtype == tg.zeros(1).dtype == tg.float64
        assert tg.tensor(np.float32([1])).dtype == tg.float32
        assert tg.tensor([1]).dtype == tg.int64
    finally:
        tg.set_default_dtype(tg.float32)
    assert tg.tensor([1.0]).dtype == tg.get_default_dtype() == tg.float32
