"""Creation and random numbers: PyTorch's shapes and dtypes, Random123's vectors, reference_py's bits.

Why it exists: every comparison of engines starts from the same bits; here is where that is proven for
Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import reference_py

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment,unused-ignore]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")

CALLS = """
    T.zeros(2, 3) | T.zeros((2, 3)) | T.zeros([2]) | T.zeros(()) | T.zeros(0)
    T.zeros(2, dtype=T.int64) | T.ones(2, dtype=T.bool)
    T.full((2,), 7) | T.full((2,), 7.5) | T.full((2,), True) | T.full((), 7)
    T.full((2,), 7, dtype=T.float64)
    T.eye(3) | T.eye(2, 3) | T.eye(0) | T.eye(2, dtype=T.int64) | T.arange(5) | T.arange(2, 5)
    T.arange(0, 10, 3) | T.arange(5.0)
    T.arange(1, 2, 0.25) | T.arange(5, 0, -2) | T.arange(3, dtype=T.float64) | T.arange(0)
    T.arange(0.0, 1.0, 0.1)
    T.linspace(0, 1, 5) | T.linspace(-2.0, 3.0, 7) | T.linspace(1, 1, 3) | T.linspace(0, 1, 1)
    T.linspace(0, 1, 0)
    T.linspace(3, -3, 4, dtype=T.float64) | T.zeros_like(T.tensor([1, 2]))
    T.ones_like(T.tensor([1.0]), dtype=T.float64)
    T.full_like(T.tensor([1, 2]), 3) | T.full_like(T.zeros(2), 2.5) | T.zeros_like(T.ones(2, 3).T)
    T.tril(T.ones(3, 3)) | T.tensor(5)
"""
CALL_LIST = [c.strip() for c in CALLS.replace("\n", "|").split("|") if c.strip()]


@needs_torch
@pytest.mark.parametrize("call", CALL_LIST)
def test_as_pytorch(call: str) -> None:
    ours, theirs = eval(call, {"T": tg}), eval(call, {"T": torch})
    assert ours.shape == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6 if ours.dtype == tg.float32 else 0)


@pytest.mark.parametrize("call", CALL_LIST)
def test_as_reference_py(call: str) -> None:
    ours, theirs = eval(call, {"T": tg}), eval(call, {"T": reference_py})
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_requires_grad_is_taken_everywhere() -> None:
    x = tg.ones(2)
    for made in (
        tg.tensor([1.0], requires_grad=True),
        tg.zeros(2, requires_grad=True),
        tg.full((2,), 1.0, requires_grad=True),
        tg.eye(2, requires_grad=True),
        tg.arange(3.0, requires_grad=True),
        tg.linspace(0, 1, 3, requires_grad=True),
        tg.zeros_like(x, requires_grad=True),
        tg.full_like(x, 2, requires_grad=True),
        tg.rand(2, requires_grad=True),
        tg.randn_like(x, requires_grad=True),
    ):
        assert made.requires_grad
        assert made.is_leaf
    for call in (
        lambda: tg.zeros(2, dtype=tg.int64, requires_grad=True),
        lambda: tg.tensor([1], requires_grad=True),
    ):
        with pytest.raises(TypeError, match="only floating-point tensors can require gradients, not int64"):
            call()


# Random123 1.14, tests/kat_vectors: philox4x32 10 rounds: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_the_published_vectors(
    counter: tuple[int, ...], key: tuple[int, ...], result: tuple[int, ...]
) -> None:
    """reference_py by all 128 bits of the counter; tensor_cpp, whose counter has 64, where the rest is
    zero."""
    seed = key[0] | key[1] << 32
    block = sum(word << 32 * k for k, word in enumerate(counter))
    words = reference_py.random.philox(seed, block, 1)[0].tolist()
    assert tuple(words) == result
    if block < 2**64:
        generator = tg.Generator(seed).set_state((seed, block))
        assert (tg.rand(4, generator=generator) * 2**24).long().tolist() == [w >> 8 for w in result]
        generator.set_state((seed, block))
        long = [result[0] | result[1] << 32, result[2] | result[3] << 32]
        drawn = tg.rand(2, dtype=tg.float64, generator=generator) * 2**53
        assert drawn.long().tolist() == [w >> 11 for w in long]
        generator.set_state((seed, block))
        assert tg.randint(0, 10**18, (2,), generator=generator).tolist() == [w % 10**18 for w in long]


SEEDS = [0, 1, 42, 2**32 - 1, 2**32, 2**63 + 12345, 2**64 - 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_bits_as_reference_py(seed: int) -> None:
    """Every function, both dtypes, sizes around a block, one call after the other on one stream."""
    ours, theirs = tg.Generator(seed), reference_py.Generator(seed)
    for size in ((), (1,), (3,), (4,), (5,), (2, 3, 7), (0,), (1000,)):
        for dtype in (tg.float32, tg.float64):
            for name in ("rand", "randn"):
                a = getattr(tg, name)(size, dtype=dtype, generator=ours).numpy()
                b = getattr(reference_py, name)(size, dtype=dtype, generator=theirs).numpy()
                assert a.dtype == b.dtype == dtype
                assert a.tobytes() == b.tobytes(), f"{name}{size} {dtype}"
        for low, high in ((0, 2), (-5, 17), (0, 2**62), (-(2**62), 2**62)):
            a = tg.randint(low, high, size, generator=ours).numpy()
            b = reference_py.randint(low, high, size, generator=theirs).numpy()
            assert a.tobytes() == b.tobytes(), f"randint {low} {high} {size}"
    for n in (0, 1, 2, 3, 10, 1000):
        assert tg.randperm(n, generator=ours).tolist() == reference_py.randperm(n, generator=theirs).tolist()
    assert ours.get_state() == theirs.get_state()


def test_far_along_the_stream() -> None:
    """Block numbers beyond 32 bits carry into the counter's second word."""
    for block in (2**32 - 2, 2**40, 2**63):
        ours, theirs = tg.Generator(7).set_state((7, block)), reference_py.Generator(7)
        theirs.set_state((7, block))
        assert tg.rand(50, generator=ours).tolist() == reference_py.rand(50, generator=theirs).tolist()


def test_the_default_generator() -> None:
    for module in (tg, reference_py):
        module.manual_seed(123)
    first = tg.rand(3).tolist()
    assert first == reference_py.rand(3).tolist()
    assert tg.randn_like(tg.zeros(2)).tolist() == reference_py.randn_like(reference_py.zeros(2)).tolist()
    assert tg.rand_like(tg.zeros(2, dtype=tg.float64)).dtype == tg.float64
    assert tg.manual_seed(123).get_state() == (123, 0)
    assert tg.rand(3).tolist() == first
    generator = tg.Generator(5)
    tg.rand(3, generator=generator)
    assert tg.rand(1).tolist() != tg.rand(1).tolist()  # the default goes on
    assert generator.get_state() == (5, 1)
    assert generator.manual_seed(6).get_state() == (6, 0)
    assert tg.Generator(-1).get_state() == (2**64 - 1, 0)


def test_the_numbers_look_as_they_should() -> None:
    g = tg.Generator(1)
    uniform, normal = tg.rand(100_000, generator=g), tg.randn(100_000, generator=g)
    assert 0 <= uniform.min().item() < 1e-3
    assert 0.999 < uniform.max().item() < 1
    assert abs(uniform.mean().item() - 0.5) < 0.005
    assert abs(normal.mean().item()) < 0.015
    assert abs(normal.std().item() - 1) < 0.015
    assert sorted(tg.randperm(100, generator=g).tolist()) == list(range(100))
    assert set(tg.randint(3, 6, (1000,), generator=g).tolist()) == {3, 4, 5}
    assert set(tg.randint(2, (1000,), generator=g).tolist()) == {0, 1}


BAD: list[tuple[str, Any]] = [
    ("zeros('a')", TypeError),
    ("zeros(2.5)", TypeError),
    ("zeros(-1)", ValueError),
    ("zeros(2, dtyp=tg.float32)", TypeError),
    ("zeros(2, dtype='nothing')", TypeError),
    ("zeros(2, dtype='int32')", TypeError),
    ("zeros(2, generator=3)", TypeError),
    ("zeros(2**62, 2**62)", (ValueError, MemoryError, RuntimeError)),
    ("full((2,), 'a')", TypeError),
    ("full((2,), [1, 2, 3])", ValueError),
    ("eye(-1)", ValueError),
    ("eye('a')", TypeError),
    ("arange(0, 1, 0)", ValueError),
    ("arange('a')", TypeError),
    ("arange(None)", TypeError),
    ("arange(0, float('inf'))", ValueError),
    ("linspace(0, 1)", TypeError),
    ("linspace(0, 1, -1)", ValueError),
    ("linspace(0, 'a', 3)", TypeError),
    ("randint(5, 5, (2,))", ValueError),
    ("randint(5, 3, (2,))", ValueError),
    ("randint(0, 5, 'a')", TypeError),
    ("randint(0, 5)", TypeError),
    ("randperm(-1)", ValueError),
    ("randperm(2.5)", TypeError),
    ("rand(2, dtype=tg.int64)", TypeError),
    ("randn_like(tg.tensor([1]))", TypeError),
    ("Generator('a')", TypeError),
    ("manual_seed('a')", TypeError),
    ("manual_seed(1.5)", TypeError),
    ("zeros_like([1.0])", TypeError),
    ("full_like(tg.zeros(2), 'a')", TypeError),
    ("tensor()", TypeError),
    ("tensor([1], dtypes=3)", TypeError),
    ("from_numpy([1])", TypeError),
    ("set_default_dtype('int64')", TypeError),
    ("set_default_dtype(3)", TypeError),
]


@pytest.mark.parametrize(("call", "error"), BAD, ids=[b[0] for b in BAD])
def test_bad_input(call: str, error: Any) -> None:
    with pytest.raises(error) as caught:
        eval(f"tg.{call}")
    text = str(caught.value)
    assert 0 < len(text) < 300
    assert "incompatible" not in text
    assert "Unable to cast" not in text
