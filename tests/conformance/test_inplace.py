"""Changing a tensor in place: allowed where nothing tracks it, counted, and refused with the remedy
elsewhere.

Why it exists: silent changes of saved values give wrong gradients. design.md 4 fixes who may change what;
refusals' texts are in error_texts.py, saved values in test_saves.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .engines import Engine, with_surface

engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)


def _set(t: Any, value: Any) -> Any:
    t[1:] = value
    return t


CHANGES: dict[str, tuple[Any, list[float]]] = {
    "add_": (lambda t: t.add_(1.5), [2.5, 3.5, 5.5]),
    "sub_": (lambda t: t.sub_(1.0), [0.0, 1.0, 3.0]),
    "mul_": (lambda t: t.mul_(2.0), [2.0, 4.0, 8.0]),
    "div_": (lambda t: t.div_(2.0), [0.5, 1.0, 2.0]),
    "pow_": (lambda t: t.pow_(2.0), [1.0, 4.0, 16.0]),
    "zero_": (lambda t: t.zero_(), [0.0, 0.0, 0.0]),
    "fill_": (lambda t: t.fill_(7.0), [7.0, 7.0, 7.0]),
    "copy_": (lambda t: t.copy_(t * 3.0), [3.0, 6.0, 12.0]),
    "setitem": (lambda t: _set(t, 9.0), [1.0, 9.0, 9.0]),
}


@engines
@pytest.mark.parametrize("name", CHANGES)
def test_changes_where_nothing_tracks(engine: Engine, name: str) -> None:
    """Values, one version more, the same object back; `data` and a detached tensor see it."""
    change, expected = CHANGES[name]
    t = engine.tensor([1.0, 2.0, 4.0])
    other, before = t.detach(), t._version
    assert change(t) is t
    assert engine.array(t).tolist() == expected
    assert engine.array(other).tolist() == expected
    assert t._version == before + 1 == other._version


@engines
@pytest.mark.parametrize("name", CHANGES)
def test_leaf_inside_no_grad(engine: Engine, name: str) -> None:
    """What an optimiser does: the leaf stays a leaf and can be used again."""
    change, expected = CHANGES[name]
    x = engine.tensor([1.0, 2.0, 4.0], None, True)
    with engine.tg.no_grad():
        change(x)
    assert x.is_leaf
    assert x.requires_grad
    assert engine.array(x).tolist() == expected
    (x * x).sum().backward()
    assert engine.array(x.grad).tolist() == [2 * v for v in expected]


@engines
def test_augmented_assignment(engine: Engine) -> None:
    """`a += b` changes an untracked tensor, is `a = a + b` on a tracked interior one, raises on a leaf."""
    plain = engine.tensor([1.0, 2.0])
    same = plain
    plain += 1.0
    assert same is plain
    assert engine.array(same).tolist() == [2.0, 3.0]
    plain **= 2.0
    assert same is plain
    assert engine.array(same).tolist() == [4.0, 9.0]
    x = engine.tensor([1.0, 2.0], None, True)
    a = x * 3.0
    old = a
    a += x
    a *= 2.0
    a -= 1.0
    a /= 2.0
    a **= 1.0
    assert a is not old
    assert engine.array(old).tolist() == [3.0, 6.0]
    a.sum().backward()
    assert engine.array(x.grad).tolist() == [4.0, 4.0]
    with pytest.raises(
        engine.tg.errors.GraphError, match="a leaf that requires grad cannot be changed in place"
    ):
        x += 1.0
    assert engine.array(x).tolist() == [1.0, 2.0]


@engines
def test_views_share_values_and_version(engine: Engine) -> None:
    """A change through a view is seen by its base and counted on it."""
    if not engine.views:
        return
    base = engine.tensor(np.arange(6.0).reshape(2, 3))
    for k, view in enumerate((base[0], base.T, engine.tg.reshape(base, (3, 2)), base[:, ::2])):
        before = base._version
        view.zero_() if k == 0 else view.add_(1.0)
        assert base._version == before + 1 == view._version
    assert engine.array(base).tolist() == [[3.0, 2.0, 3.0], [6.0, 6.0, 8.0]]


@engines
def test_refused_change_changes_nothing(engine: Engine) -> None:
    """After the error values and version are as before."""
    x = engine.tensor([1.0, 2.0], None, True)
    for t in (x, x * 1.0):
        before = t._version
        with pytest.raises(engine.tg.errors.GraphError):
            t.mul_(5.0)
        assert engine.array(t).tolist() == [1.0, 2.0]
        assert t._version == before


@engines
def test_broadcast_into(engine: Engine) -> None:
    """The right side may be broadcast; the left keeps its shape."""
    t = engine.tensor(np.ones((2, 3)))
    t.add_(engine.tensor([1.0, 2.0, 3.0]))
    assert engine.array(t).tolist() == [[2.0, 3.0, 4.0]] * 2
    with pytest.raises(engine.tg.errors.ShapeError):
        engine.tensor([1.0]).add_(engine.tensor([1.0, 2.0]))


@engines
def test_gradients_accumulate_into_one_object(engine: Engine) -> None:
    """`.grad` keeps its identity over steps, so that an optimiser may hold it."""
    x = engine.tensor([1.0, 2.0], None, True)
    (x * 2.0).sum().backward()
    first = x.grad
    (x * 3.0).sum().backward()
    assert x.grad is first or engine.array(first).tolist() == [5.0, 5.0]
    assert engine.array(x.grad).tolist() == [5.0, 5.0]


@engines
def test_data_is_assignable(engine: Engine) -> None:
    """`x.data = ...` swaps the values of a leaf, as old training loops do."""
    x = engine.tensor([1.0, 2.0], None, True)
    x.data = x.data - 0.5
    assert x.requires_grad
    assert engine.array(x).tolist() == [0.5, 1.5]


@engines
def test_whole_numbers_refuse_to_be_cut_from_fractions(engine: Engine) -> None:
    """However the part is named; only copy_ converts. What is refused changes nothing."""
    n = engine.tg.zeros(3, dtype=engine.tg.int64)
    halves = engine.tensor([1.5, 2.5])
    for key in (slice(0, 2), [0, 1], engine.tg.tensor([True, True, False])):
        with pytest.raises(
            TypeError, match=r"setitem: a float\d\d result cannot be stored in an int64 tensor"
        ):
            n[key] = halves
        with pytest.raises(TypeError, match="setitem: "):
            n[key] = 0.5
    assert (engine.array(n).tolist(), n._version) == ([0, 0, 0], 0)
    n[[2, 0]] = engine.tg.tensor([7, 8])
    assert engine.array(n).tolist() == [8, 0, 7]
    assert engine.array(n[:2].copy_(halves)).tolist() == [1, 2]
