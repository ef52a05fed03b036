"""x[key] and x[key] = v against NumPy: thousands of seeded random keys, values and gradients.

Why it exists: mixed integer, slice, None, ellipsis, array and mask indexing has corners that no list of cases
covers; NumPy defines them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trigrad as tg

Rng = np.random.Generator


def random_item(rng: Rng, size: int, advanced: bool) -> Any:
    """One index into an axis of this size; several arrays in one key have shapes that broadcast."""
    kind = rng.integers(0, 6 if advanced else 3)
    if size == 0 and kind != 1:
        kind = 1
    if kind == 0:
        return int(rng.integers(-size, size))
    if kind in (1, 2):
        start, stop = (
            None if rng.random() < 0.3 else int(rng.integers(-size - 2, size + 3)) for _ in range(2)
        )
        return slice(start, stop, None if rng.random() < 0.5 else int(rng.integers(1, 4)))
    if kind == 3:
        return rng.integers(-size, size, 3).tolist()
    if kind == 4:
        return rng.integers(-size, size, (2, 1) if rng.random() < 0.5 else (1, 3))
    mask = rng.random(size) < 0.5
    while mask.sum() not in (1, 3):  # so that it broadcasts with the others
        if size < 3:
            mask[:] = False
            mask[0] = True
        else:
            mask = rng.random(size) < 0.5
    return mask


def random_key(rng: Rng, shape: tuple[int, ...], advanced: bool) -> Any:
    if advanced and rng.random() < 0.1:  # a mask over several leading axes
        n = int(rng.integers(1, len(shape) + 1))
        return rng.random(shape[:n]) < 0.5
    used = int(rng.integers(0, len(shape) + 1))
    if rng.random() < 0.5 and used < len(shape):  # with an ellipsis: some axes from the end
        head = int(rng.integers(0, used + 1))
        axes = [*range(head), *range(len(shape) - (used - head), len(shape))]
        items = [random_item(rng, shape[a], advanced) for a in axes]
        items.insert(head, Ellipsis)
    else:
        items = [random_item(rng, shape[a], advanced) for a in range(used)]
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.4 else 0):
        items.insert(int(rng.integers(0, len(items) + 1)), None)
    return items[0] if len(items) == 1 and rng.random() < 0.5 else tuple(items)


def for_tensor(rng: Rng, key: Any) -> Any:
    """Index arrays as tensors, half of the time."""

    def change(item: Any) -> Any:
        return tg.tensor(item) if isinstance(item, np.ndarray) and rng.random() < 0.5 else item

    return tuple(change(i) for i in key) if isinstance(key, tuple) else change(key)


def cases(seed: int, advanced: bool, n: int) -> Any:
    rng = np.random.default_rng(seed)
    for _ in range(n):
        shape = tuple(int(s) for s in rng.integers(1 if rng.random() < 0.95 else 0, 6, rng.integers(1, 5)))
        array = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
        if rng.random() < 0.3:
            array = array.T
        key = random_key(rng, array.shape, advanced)
        try:
            expected = array[key]
        except IndexError:  # shapes of index arrays that do not broadcast, say
            expected = None
        yield rng, array, key, expected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("advanced", [False, True])
def test_reading_and_its_gradient(seed: int, advanced: bool) -> None:
    checked = 0
    for rng, array, key, expected in cases(seed, advanced, 400):
        x = tg.as_tensor(array).requires_grad_()
        ours = for_tensor(rng, key)
        if expected is None:
            with pytest.raises((IndexError, ValueError)):
                x[ours]
            continue
        checked += 1
        z = x[ours]
        assert z.shape == np.shape(expected), f"{array.shape}[{key}]"
        np.testing.assert_array_equal(z.detach().numpy(), expected, err_msg=f"{array.shape}[{key}]")
        if not advanced and z.numel():
            assert np.shares_memory(z.detach().numpy(), array)
        seedling = rng.integers(1, 9, np.shape(expected)).astype(float)
        z.backward(tg.tensor(seedling))
        gradient = np.zeros(array.shape)
        np.add.at(gradient, key, seedling)
        np.testing.assert_array_equal(x.grad.numpy(), gradient, err_msg=f"{array.shape}[{key}]")
    assert checked > 200


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("advanced", [False, True])
def test_writing(seed: int, advanced: bool) -> None:
    """A number, a full value, or one that broadcasts."""
    for rng, array, key, expected in cases(100 + seed, advanced, 400):
        if expected is None:
            continue
        theirs = array.copy(order="K")
        x = tg.from_numpy(array.copy(order="K"))
        ours, shape = for_tensor(rng, key), np.shape(expected)
        if advanced and expected.size:  # where places repeat, only one value is well defined
            value: Any = 7.5
        else:
            value = [7.5, rng.normal(size=shape), rng.normal(size=shape[-1:])][rng.integers(0, 3)]
        theirs[key] = value
        x[ours] = tg.tensor(value) if isinstance(value, np.ndarray) and rng.random() < 0.5 else value
        np.testing.assert_array_equal(x.numpy(), theirs, err_msg=f"{array.shape}[{key}] = {np.shape(value)}")
        assert x._version == 1


def test_writing_distinct_places_with_different_values() -> None:
    x, a = tg.zeros(3, 4, dtype=tg.float64), np.zeros((3, 4))
    for key, value in (
        (([0, 2], [1, 3]), [1.0, 2.0]),
        ((slice(None), [3, 0]), [[3.0, 4.0]] * 3),
        (np.eye(3, 4) > 0, [5.0, 6.0, 7.0]),
        ((Ellipsis, 2), [8.0, 9.0, 10.0]),
        (None, np.arange(12.0).reshape(3, 4)),
    ):
        x[key] = value
        a[key] = value
        np.testing.assert_array_equal(x.numpy(), a)


def test_where_index_arrays_are_apart() -> None:
    """NumPy's rule: arrays apart from one another put their dims first."""
    a = np.arange(120.0).reshape(2, 3, 4, 5)
    x = tg.as_tensor(a)
    for key in (
        ([0, 1], slice(None), [2, 3]),
        (0, slice(None), [2, 3]),
        (slice(None), [0, 1], 2),
        ([0], None, [1]),
        (0, Ellipsis, [1, 2]),
    ):
        assert x[key].shape == a[key].shape
        np.testing.assert_array_equal(x[key].numpy(), a[key])


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (3, IndexError, "getitem: index 3 is out of range for dim 0 with size 3"),
        (-4, IndexError, "getitem: index -4 is out of range for dim 0 with size 3"),
        ((0, 9), IndexError, "getitem: index 9 is out of range for dim 1 with size 4"),
        ([0, 3], IndexError, "getitem: index 3 is out of range for dim 0 with size 3"),
        ((0, 0, 0), IndexError, "getitem: 3 indices for a tensor of shape (3, 4)"),
        ((Ellipsis, 0, Ellipsis), IndexError, "getitem: more than one ellipsis"),
        (slice(None, None, -1), ValueError, "getitem: a slice's step must be positive, not -1"),
        (slice(None, None, 0), ValueError, "slice step cannot be zero"),
        ([0.5], IndexError, "getitem: an index must be of ints or bools, not float64"),
        (tg.tensor(1.0), IndexError, "getitem: an index must be of ints or bools, not float32"),
        ([True, False], IndexError, "getitem: a mask of shape (2,) does not fit shape (3, 4) at dim 0"),
        (1.0, IndexError, "getitem: cannot index with float"),
        ("a", IndexError, "getitem: cannot index with str"),
        ({}, TypeError, "getitem: a tensor or a number is needed, not dict"),
        (slice("a", None), TypeError, "slice indices must be integers"),
        (([0, 1], [0, 1, 2]), (ValueError, IndexError), "getitem: "),
    ],
    ids=repr,
)
def test_errors(key: Any, error: Any, text: str) -> None:
    x = tg.zeros(3, 4)
    with pytest.raises(error) as caught:
        x[key]
    assert text in str(caught.value)
    with pytest.raises(error):
        x[key] = 0.0
    assert x._version == 0


def test_values_that_do_not_fit() -> None:
    x = tg.zeros(3, 4)
    for value, error in (
        (tg.ones(5), ValueError),
        (tg.ones(2, 3, 4), ValueError),
        ("a", TypeError),
        (None, TypeError),
    ):
        with pytest.raises(error, match="setitem"):
            x[1:] = value
        with pytest.raises(error, match="setitem"):
            x[[0, 1]] = value
    with pytest.raises(TypeError, match="setitem: a float32 result cannot be stored in an int64 tensor"):
        tg.zeros(3, dtype=tg.int64)[0] = tg.tensor(1.5)


def test_versions_are_shared_by_views_and_detach() -> None:
    x = tg.zeros(3, 4)
    row, same, flat = x[1], x.detach(), x.reshape(-1)
    row[0] = 1.0
    flat.add_(1)
    same.numpy()[0, 0] = 5  # invisible, as documented
    assert x._version == row._version == same._version == flat._version == 2
    assert x.clone()._version == 0
    assert x[1, 0].item() == 2.0
