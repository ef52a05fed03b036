"""Bad input gives the stated typed error with the stated text, in every engine, and the engine works on
afterwards.

Why it exists: the texts teach; a text that differs between engines teaches two things. Read error_texts.py
before."""

from __future__ import annotations

import copy
import operator
import re
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.threads import elsewhere

from .engines import Engine, with_surface
from .error_texts import TEXTS, Expected, Maker, text_for

engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)
BUILTIN = {"ValueError": ValueError, "IndexError": IndexError, "TypeError": TypeError}


def kind(engine: Engine, name: str) -> type[Exception]:
    """The exception type of that name: Python's, or the engine's."""
    return BUILTIN.get(name) or getattr(engine.tg.errors, name)


def raised(work: Any) -> BaseException:
    """What `work` raises."""
    with pytest.raises(BaseException) as info:
        work()
    return info.value


def works(engine: Engine) -> None:
    """A small gradient, after the error."""
    x = engine.tensor([3.0], None, True)
    (x * x).sum().backward()
    assert engine.array(x.grad).tolist() == [6.0]


@engines
@pytest.mark.parametrize("expected", TEXTS, ids=lambda e: e.id)
def test_texts(engine: Engine, expected: Expected) -> None:
    """Type and exact text; an engine without the op refuses by name instead."""
    m = Maker(engine)
    if not engine.supports(expected.op):
        error = raised(lambda: expected.provoke(m))
        assert isinstance(error, NotImplementedError)
        assert str(error) == f"{engine.id} does not support {expected.op}; engines() lists what it does"
        return
    if expected.number == 6 and len(engine.dtypes) == 1:
        x = m.z(2, 3, dtype="float32")
        assert engine.dtype_of(x) == engine.dtypes[0], "an engine of one dtype makes every float that dtype"
        return
    if expected.number == 11 and engine.values_on_tape:
        return  # its rules read the tape, which nothing changes: test_saves.py checks the gradients instead
    error = raised(lambda: expected.provoke(m))
    assert str(error) == text_for(expected, engine)
    assert type(error) is kind(engine, expected.error)
    works(engine)


@engines
def test_11_says_which_op_and_versions(engine: Engine) -> None:
    """The op's name, the shape and both versions, whatever they are."""
    if engine.values_on_tape:
        return
    m = Maker(engine)
    x = m.g(2, 2)
    with m.tg.no_grad():
        x.add_(1.0)
    z = m.tg.exp(x * 1.0)
    z.detach().mul_(2.0).mul_(2.0)
    error = raised(z.sum().backward)
    assert str(error) == (
        "backward: a tensor of shape (2, 2) that exp saved was changed in place: it had version 0 and now "
        "has 2; clone it before the change"
    )
    assert type(error) is m.tg.errors.GraphError


@engines
def test_16_depth(engine: Engine) -> None:
    """The recursive order names the depth it reached."""
    if "recursive" not in engine.orders:
        return
    x = engine.tensor([1.0], None, True)
    y = x
    for _ in range(20_000 if engine.id == "reference_py" else 3_000_000):
        y = y + 1.0
    error = raised(lambda: y.backward(order="recursive"))
    assert isinstance(error, RecursionError)
    assert type(error) is engine.tg.errors.DepthError
    end = (
        "as deep as Python's recursion limit allows; use order='stack'"
        if engine.id == "reference_py"
        else "as deep as this thread's stack allows; use order='stack' or order='tape'"
    )
    assert re.fullmatch(r"backward: the recursive order reached depth \d{3,}, " + re.escape(end), str(error))
    y.backward(order="stack")
    assert engine.array(x.grad).tolist() == [1.0]
    works(engine)


@engines
def test_17_engines_do_not_mix(engine: Engine) -> None:
    """A tensor of another engine is refused by name, as function and as operator."""
    for other in with_surface():
        if other is not engine:
            own, foreign = Maker(engine).z(3), Maker(other).z(3)
            text = f"add: a {other.id} tensor cannot meet a {engine.id} tensor; "
            text += "convert it with .detach().numpy() first"
            for add in (engine.tg.add, operator.add):
                error = raised(partial(add, own, foreign))
                assert isinstance(error, TypeError)
                assert str(error) == text


@engines
def test_18_a_graph_belongs_to_its_thread(engine: Engine) -> None:
    """Recording and backward elsewhere raise; values cross freely."""
    m = Maker(engine)
    y = (m.g(3) * 2.0).sum()
    for name, work in {"add": lambda: m.tg.add(y, y), "backward": lambda: y.backward()}.items():
        error = raised(partial(elsewhere, work))
        assert str(error) == (
            f"{name}: this graph belongs to another thread, the one that recorded it; detach() shares "
            "values across threads"
        )
        assert type(error) is m.tg.errors.ThreadError
    cut = y.detach()
    assert elsewhere(lambda: (cut + cut).item()) == 12.0
    y.backward()


@engines
def test_19_anomaly(engine: Engine) -> None:
    """Where NaN was made: the op, forward or which gradient, and the caller's line."""
    m = Maker(engine)
    here = re.escape(__file__) + r":\d+"
    x = engine.tensor([-1.0, 1.0], None, True)
    with m.tg.detect_anomaly():
        error = raised(lambda: m.tg.log(x))
    assert type(error) is m.tg.errors.AnomalyError
    assert re.fullmatch(f"detect_anomaly: log gave NaN in its output, called at {here}", str(error))
    assert np.isnan(engine.array(m.tg.log(x))).any()
    x = engine.tensor([0.0, 1.0], None, True)

    def backward() -> None:
        with m.tg.detect_anomaly():
            (m.tg.sqrt(x) * 0.0).sum().backward()

    if engine.skips_zeros:
        backward()
        assert engine.array(x.grad).tolist() == [0.0, 0.0]
        return
    error = raised(backward)
    assert type(error) is m.tg.errors.AnomalyError
    assert re.fullmatch(
        "detect_anomaly: sqrt gave NaN in the gradient of its input 0; it was called at " + here, str(error)
    )


@engines
def test_22_deepcopy(engine: Engine) -> None:
    """PyTorch's own words for a tensor with a graph; leaves are copied with their flags."""
    x = engine.tensor([1.0, 2.0], None, True)
    error = raised(lambda: copy.deepcopy(x * 2.0))
    assert isinstance(error, RuntimeError)
    assert str(error) == (
        "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
        "at the moment.  If you were attempting to deepcopy a module, this may be because of a "
        "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
    )
    twin = copy.deepcopy(x)
    assert twin.requires_grad
    assert engine.array(twin).tolist() == [1.0, 2.0]


@engines
def test_28_refusals(engine: Engine) -> None:
    """What an engine lacks it refuses with one sentence, and says so in `supports`."""
    if engine.supports("sort"):
        return
    error = raised(lambda: engine.tg.sort(Maker(engine).z(3)))
    assert isinstance(error, NotImplementedError)
    assert str(error) == f"{engine.id} does not support sort; engines() lists what it does"


@engines
@pytest.mark.parametrize("equation", ["ij,jk", "ij->ik", "i..j->ij", "ij,jk->ijj", "2i->i"])
def test_29_einsum(engine: Engine, equation: str) -> None:
    """Bad equations are ValueErrors that begin with the function's name."""
    if engine.supports("einsum"):
        error = raised(lambda: engine.tg.einsum(equation, Maker(engine).z(2, 3)))
        assert isinstance(error, ValueError)
        assert str(error).startswith("einsum: ")


@engines
def test_30_widening_within_floats_is_allowed(engine: Engine) -> None:
    """A float64 result goes into a float32 tensor, as in PyTorch."""
    if len(engine.dtypes) < 2:
        return
    a = engine.tensor([1.0], "float32")
    a.add_(engine.tensor([2.0], "float64"))
    assert engine.dtype_of(a) == "float32"
    assert engine.array(a).tolist() == [3.0]
