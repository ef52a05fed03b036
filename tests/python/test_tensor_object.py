"""A tensor as a Python object: printed, copied, pickled, asked for its truth, length and hash.

Why it exists: these go through the interpreter's own protocols, which no test of operations touches.
PyTorch's
behaviour is the model; where torch is importable it is asked, live."""

from __future__ import annotations

import copy
import gc
import operator
import pickle
import re
import weakref
from typing import Any

import numpy as np
import pytest
import trigrad as tg

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment,unused-ignore]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tg.tensor(3.0), "tensor(3.)"),
        (lambda: tg.tensor(True), "tensor(True)"),
        (lambda: tg.tensor([1, 2]), "tensor([1, 2])"),
        (lambda: tg.tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
        (lambda: tg.tensor([1.0], dtype=tg.float64), "tensor([1.], dtype=float64)"),
        (lambda: tg.tensor([]), "tensor([])"),
        (lambda: tg.zeros(0, 3), "tensor([], size=(0, 3))"),
        (lambda: tg.zeros(2, 0, dtype=tg.int64), "tensor([], size=(2, 0), dtype=int64)"),
        (lambda: tg.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
        (lambda: tg.ones(1, requires_grad=True) * 2, "tensor([2.], grad_fn=<mul>)"),
        (
            lambda: tg.ones(1, dtype=tg.float64, requires_grad=True).sum(),
            "tensor(1., dtype=float64, grad_fn=<sum>)",
        ),
        (lambda: tg.tensor([[1.0], [2.0]]), "tensor([[1.],\n        [2.]])"),
        (lambda: tg.tensor([1.0, float("nan"), -float("inf")]), "tensor([1., nan, -inf])"),
        (lambda: tg.tensor(1e-8), "tensor(1.0000e-08)"),
    ],
)
def test_repr(make: Any, text: str) -> None:
    assert repr(make()) == str(make()) == f"{make()}" == text


def test_the_default_dtype_is_the_one_not_printed() -> None:
    tg.set_default_dtype(tg.float64)
    try:
        assert repr(tg.ones(1)) == "tensor([1.])"
        assert repr(tg.ones(1, dtype=tg.float32)) == "tensor([1.], dtype=float32)"
    finally:
        tg.set_default_dtype(tg.float32)


@needs_torch
@pytest.mark.parametrize("seed", range(10))
def test_repr_is_pytorchs(seed: int) -> None:
    """Every layout, sign, width and shortening, but for line breaks that `torch.` in front of a dtype
    moves."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        shape = tuple(
            rng.integers(0 if rng.random() < 0.1 else 1, 6 if rng.random() < 0.8 else 30, rng.integers(0, 5))
        )
        array = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 6)
        kind = rng.integers(0, 7)
        if kind == 1:
            array = np.round(array)
        elif kind == 2:
            array = array * 10.0 ** rng.integers(-4, 4, shape)
        elif kind in (3, 4):
            array = np.where(rng.random(shape) < 0.3, np.nan if kind == 3 else np.inf, array)
        dtype: Any = np.float64 if rng.random() < 0.3 else np.float32
        array = np.asarray(array, dtype=np.int64 if kind == 5 else np.bool_ if kind == 6 else dtype)
        theirs = repr(torch.from_numpy(array.copy())).replace("torch.", "")
        ours = repr(tg.tensor(array))
        if dtype is np.float64:
            theirs, ours = (re.sub(r",\s+dtype", ", dtype", s) for s in (theirs, ours))
        assert ours == theirs


def test_format() -> None:
    assert f"{tg.tensor(1.5):.3f}" == "1.500"
    assert f"{tg.tensor(7):>4d}|" == "   7|"
    with pytest.raises(TypeError, match="only a 0-dim tensor takes a format"):
        f"{tg.ones(2):.3f}"


def test_pickle_keeps_value_and_flag_and_leaves_the_graph() -> None:
    x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    for t in (x, x * 3, tg.tensor(5), tg.tensor([True, False]), tg.zeros(0, 3), tg.ones(2, 3).T):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            back = pickle.loads(pickle.dumps(t, protocol))
            assert type(back) is tg.Tensor
            assert (back.tolist(), back.dtype, back.shape) == (t.tolist(), t.dtype, t.shape)
            assert back.requires_grad is t.requires_grad
            assert back.is_leaf
    small, large = len(pickle.dumps(x)), len(pickle.dumps(x * tg.ones(1000, 1)))
    assert large > small  # the numbers
    view = tg.zeros(10**6)[5]
    assert len(pickle.dumps(view)) < 1000  # and only the view's own


def test_deepcopy_of_a_leaf() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    y = copy.deepcopy(x)
    assert (y.tolist(), y.grad.tolist(), y.requires_grad, y.is_leaf) == ([1, 2], [2, 4], True, True)
    assert y.data_ptr() != x.data_ptr()
    assert y.grad.data_ptr() != x.grad.data_ptr()
    pair = copy.deepcopy([x, x, {"w": x}])
    assert pair[0] is pair[1] is pair[2]["w"]
    assert copy.deepcopy(tg.tensor([1, 2])).tolist() == [1, 2]


def deepcopy_error(module: Any) -> tuple[type[BaseException], str]:
    x = module.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError) as caught:
        copy.deepcopy({"loss": x * 2})
    return type(caught.value), str(caught.value)


def test_deepcopy_of_an_interior_tensor_raises() -> None:
    assert deepcopy_error(tg)[1].startswith("Only Tensors created explicitly by the user (graph leaves)")


@needs_torch
def test_deepcopy_raises_pytorchs_very_words() -> None:
    assert deepcopy_error(tg) == deepcopy_error(torch)


def test_shallow_copy_shares_memory() -> None:
    x = tg.ones(2, requires_grad=True)
    for t in (x, x * 2, tg.tensor([1, 2])):
        y = copy.copy(t)
        assert y is not t
        assert (y.data_ptr(), y.requires_grad, y.is_leaf) == (t.data_ptr(), t.requires_grad, True)


@pytest.mark.parametrize(
    "code",
    """
    bool(T.tensor(0.5)) | bool(T.tensor([[0]])) | bool(T.tensor(float("nan"))) | float(T.tensor([2.5]))
    int(T.tensor(-2.7))
    int(T.tensor(2**53 + 1)) | complex(T.tensor(2.0)) | operator.index(T.tensor([3]))
    [10, 20, 30][T.tensor(1)]
    operator.index(T.tensor(3.0)) | float(T.tensor([1.0, 2.0])) | int(T.tensor([]))
    len(T.zeros(0, 3)) | len(T.zeros(4, 3))
    len(T.tensor(1.0)) | [v.item() for v in T.tensor([1, 2])] | [v.tolist() for v in T.zeros(2, 1)]
    list(T.tensor(1.0))
    [v.item() for v in reversed(T.tensor([1, 2, 3]))] | max(T.tensor([1, 3, 2])).item()
    sum(T.tensor([1, 3, 2])).item()
    2 in T.tensor([1, 2]) | 5 in T.tensor([[1, 2]]) | 5 in T.zeros(0, 3)
    T.tensor([1, 4]) in T.tensor([[1, 2], [3, 4]])
    T.tensor(1) == None | T.tensor(1) != None | T.tensor([1, 2]) == "a" | T.tensor(1) == object()
    type(T.tensor(True).item())
    type(T.tensor(1).item()) | type(T.tensor(1.5).item()) | T.tensor([[1.5]]).item()
    T.tensor([[1, 2], [3, 4]]).T.tolist()
    tuple(T.zeros(2, 3).T.shape) | T.tensor([[True]]).tolist() | T.tensor(2.0).tolist()
    abs(T.tensor(-2)).item()
    (~T.tensor(True)).item() | (+T.tensor([1, 2])).tolist() | T.zeros(2, 3).numel()
    T.zeros(2, 3).stride() | T.zeros(2, 3).dim()
    T.tensor([1, 2]) < "a" | T.tensor([1, 2]) + None | T.tensor([1, 2]) + "a" | T.zeros(3).size(5)
    (T.zeros(2) + T.zeros(3))
    """.replace("\n", "|").split("|"),
)
@needs_torch
def test_protocols_answer_as_pytorchs(code: str) -> None:
    """The same value, or an error of the same kind; the texts are ours."""
    if not code.strip():
        return
    found = []
    for module in (tg, torch):
        try:
            found.append(eval(code.strip(), {"T": module, "operator": operator}))
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            found.append(type(error))
    ours, theirs = found
    if theirs is RuntimeError:  # broadcast: a ShapeError is a ValueError
        theirs = (ValueError, TypeError)
        assert isinstance(ours, type)
        assert issubclass(ours, theirs)
    else:
        assert ours == theirs


def test_truth_of_several_is_refused() -> None:
    for shape in ((2,), (0,), (1, 2)):
        with pytest.raises(ValueError, match=r"no single truth value; use \.any\(\) or \.all\(\)"):
            bool(tg.zeros(shape))


def test_hash_and_identity() -> None:
    x, y = tg.ones(2), tg.ones(2)
    assert hash(x) == hash(x)
    table = {x: "x", y: "y"}
    assert (table[x], table[y]) == ("x", "y")
    assert len({x, y, x}) == 2
    for same in (
        x.contiguous(),
        x.float(),
        x.to(tg.float32),
        x.astype("float32"),
        tg.as_tensor(x),
        x.requires_grad_(False),
    ):
        assert same is x
    assert x.double() is not x
    assert x.clone() is not x


def test_attributes_of_ones_own() -> None:
    x = tg.ones(2)
    x.name = "weight"
    assert x.name == "weight"
    with pytest.raises(AttributeError):
        _ = x.nothing
    for fixed in ("shape", "dtype", "ndim", "T", "is_leaf", "grad_fn", "_version"):
        with pytest.raises(AttributeError):
            setattr(x, fixed, None)


def test_data_is_a_detached_share_and_takes_numbers() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert x.data.requires_grad is False
    assert x.data.data_ptr() == x.data_ptr()
    x.data = [5.0, 6.0]
    assert x.tolist() == [5.0, 6.0]
    assert x.requires_grad
    x.data *= 2
    assert x.tolist() == [10.0, 12.0]
    for wrong in ("a", None, tg.ones(3)):
        with pytest.raises((TypeError, ValueError), match="data"):
            x.data = wrong


def test_a_new_tensor_has_nothing_of_a_dead_one() -> None:
    """Objects are used again."""
    x = tg.ones(2, requires_grad=True)
    x.name, x.grad = "weight", tg.ones(2)
    dead, address = weakref.ref(x), id(x)
    del x
    assert dead() is None
    fresh = [tg.zeros(2) for _ in range(2000)]
    assert address in {id(y) for y in fresh}
    for y in fresh:
        assert not vars(y)
        assert y.grad is None
        assert weakref.getweakrefcount(y) == 0


class Named(tg.Tensor):
    """A subclass as a user writes one; nn.Parameter is another."""

    def __new__(cls, data: Any, name: str) -> Any:
        made: Any = tg.tensor(data)
        made.__class__ = cls
        made.name = name
        return made

    def __add__(self, other: Any) -> Any:
        return f"{self.name} + {other!r}"


def test_subclasses() -> None:
    x = Named([1.0, 2.0], "x")
    assert isinstance(x, tg.Tensor)
    assert (x + 1, x.name, repr(x)) == ("x + 1", "x", "tensor([1., 2.])")
    for plain in (1 + x, x * 2, tg.relu(x), x.detach()):
        assert type(plain) is tg.Tensor
    assert tg.linear(x, tg.ones(1, 2)).item() == 3.0
    x.me = x
    gone = weakref.ref(x)
    del x, plain
    gc.collect()
    assert gone() is None
    for call in (lambda: tg.Tensor([1.0]), lambda: tg.Tensor.__new__(Named), lambda: object.__new__(Named)):
        with pytest.raises(TypeError, match="Tensor"):
            call()


def test_a_method_needs_a_tensor() -> None:
    with pytest.raises(TypeError, match="a Tensor is needed, not int"):
        tg.Tensor.add_(3, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"requires a 'trigrad\._core\.tensor\.Tensor' object"):
        tg.Tensor.__add__(3, tg.ones(1))  # type: ignore[arg-type]


def test_a_long_chain_of_gradients_dies_without_recursion() -> None:
    x = tail = tg.ones(1)
    for _ in range(200_000):
        tail.grad = tg.ones(1)
        tail = tail.grad
    gone = weakref.ref(tail)
    del x, tail
    assert gone() is None
