"""What is special about reference_py: it needs NumPy alone, continues its forwards, and shows its depth.

Why it exists: the conformance suite asks the same of every engine; this is the rest.
Read reference_py/__init__.py before."""

from __future__ import annotations

import gc
import inspect
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reference_py as tg
from reference_py.complex_step import complex_step, complexify
from reference_py.erf import erf_array
from reference_py.random import philox
from reference_py.registry import OPS, Op

ROOT = Path(__file__).resolve().parents[2]

# Where the functions of one variable are smooth; the ranges of the others are (-3, 3).
DOMAINS = {
    "tan": (-1.0, 1.0),
    "asin": (-0.9, 0.9),
    "acos": (-0.9, 0.9),
    "atanh": (-0.9, 0.9),
    "log1p": (-0.8, 3.0),
    "acosh": (1.2, 4.0),
    **dict.fromkeys(["log", "log2", "log10", "sqrt", "rsqrt", "reciprocal"], (0.2, 4.0)),
}
UNARY = """
    neg exp expm1 log log1p sqrt rsqrt square reciprocal abs sign floor ceil round log2 log10 sin cos tan asin
    acos atan sinh cosh asinh acosh atanh erf tanh sigmoid relu leaky_relu elu silu gelu softplus
""".split()
KINKED = {"abs": [0.0], "relu": [0.0], "leaky_relu": [0.0], "elu": [0.0]}


def points(name: str) -> np.ndarray:
    """Points inside the domain, none of them near a kink or a step."""
    low, high = DOMAINS.get(name, (-3.0, 3.0))
    x = np.linspace(low, high, 25)[1:-1]
    return x[(np.abs(x) > 0.05) & (np.abs(x - np.round(x)) > 0.05) & (np.abs(x - np.round(x)) < 0.45)]


# ---- what it depends on ----
def test_it_loads_numpy_and_nothing_else_of_others() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import reference_py; "
        "new = {m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names); "
        "assert new <= {'reference_py', 'numpy'}, new"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# ---- the registry ----
def test_ops_are_the_registry() -> None:
    assert tg.ops() == list(OPS)
    assert tg.OPS is OPS
    assert len(OPS) > 100


@pytest.mark.parametrize("record", OPS.values(), ids=lambda r: r.name)
def test_rules_belong_to_inputs_and_read_what_there_is(record: Op) -> None:
    inputs = {"xs"} if record.variadic else set(record.inputs)
    assert set(record.rules) <= inputs
    known = {"g", "z", "index", "k", "shape", "shapes", *inputs, *record.attrs}
    for rule in record.rules.values():
        assert rule.reads[0] == "g"
        assert set(rule.reads) <= known, f"{record.name}: a rule reads {set(rule.reads) - known}"


def test_a_node_keeps_only_what_its_rules_name() -> None:
    x, y = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    assert set((x * y).grad_fn.saved) == {"y"}  # gy is not wanted, so nothing keeps x
    assert set(tg.tanh(x).grad_fn.saved) == {"z"}
    assert not (x + y).grad_fn.saved
    assert not x.sum().grad_fn.saved


def test_a_call_is_bound_as_its_signature_says() -> None:
    x = tg.tensor([-1.0, 2.0])
    assert tg.leaky_relu(x, 0.5).tolist() == tg.leaky_relu(x, negative_slope=0.5).tolist() == [-0.5, 2.0]
    assert tg.sum(tg.ones(2, 3), axis=0).tolist() == [2.0, 2.0, 2.0]
    for wrong in (
        lambda: tg.exp(x, 1),
        lambda: tg.exp(),
        lambda: tg.exp(x, dim=0),
        lambda: tg.sum(x, 0, dim=0),
    ):
        with pytest.raises(TypeError, match=r"^(exp|sum): "):
            wrong()
    assert list(inspect.signature(tg.linear).parameters) == ["input", "weight", "bias", "activation"]


# ---- forwards on complex numbers ----
@pytest.mark.parametrize("name", UNARY)
def test_complex_forwards_continue_the_real_ones(name: str) -> None:
    x = points(name)
    real = getattr(tg, name)(tg.tensor(x)).numpy()
    found = getattr(tg, name)(complexify(x)).numpy()
    assert found.dtype == np.complex128
    assert not found.imag.any()
    np.testing.assert_allclose(found.real, real, rtol=4e-15, atol=4e-16)


@pytest.mark.parametrize("name", UNARY)
def test_complex_step_is_the_derivative(name: str) -> None:
    x, h = points(name), 1e-5
    f: Callable[[Any], Any] = getattr(tg, name)
    slope = complex_step(f, [x], [np.ones_like(x)])
    difference = (f(tg.tensor(x + h)).numpy() - f(tg.tensor(x - h)).numpy()) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-7, atol=1e-9)
    leaf = tg.tensor(x, requires_grad=True)
    f(leaf).sum().backward()
    np.testing.assert_allclose(leaf.grad.numpy(), slope, rtol=1e-13, atol=1e-15)


def test_complex_step_of_a_program() -> None:
    """Products, choices, sorting and a loss in one graph; the labels stay as they are."""
    rng = np.random.default_rng(5)
    x, w, v = rng.standard_normal((4, 3)), rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    labels = np.array([0, 4, 2, 2])

    def loss(x: Any, w: Any, labels: Any) -> Any:
        hidden = tg.linear(x, w, activation="tanh")
        ranked = tg.sort(hidden, dim=1, descending=True).values
        joined = tg.cat([tg.maximum(hidden, ranked), ranked[:, ::2]], dim=1)
        return tg.cross_entropy(joined, labels) + tg.norm(w, p=3) + tg.amax(hidden) + tg.prod(w[0])

    slope = complex_step(loss, [x, w, labels], [None, v, None])
    leaf = tg.tensor(w, requires_grad=True)
    loss(tg.tensor(x), leaf, tg.tensor(labels)).backward()
    assert math.isclose(slope, float((leaf.grad.numpy() * v).sum()), rel_tol=1e-12)


def test_negative_bases_keep_their_branch() -> None:
    x = np.array([-2.0, -0.5, 3.0])
    for y in (-2.0, -1.0, 2.0, 3.0):
        slope = complex_step(lambda t, y=y: t**y, [x], [np.ones(3)])
        np.testing.assert_allclose(slope, y * x ** (y - 1), rtol=1e-14)


def test_complex_erf() -> None:
    """Exact to the last digits in both parts, at 0 and far out, and right off the real line."""
    x = np.linspace(-7.0, 7.0, 1001)
    z = erf_array(x + 1e-30j)
    np.testing.assert_allclose(z.real, [math.erf(v) for v in x], rtol=5e-15, atol=1e-16)
    np.testing.assert_allclose(
        z.imag / 1e-30, 2 / math.sqrt(math.pi) * np.exp(-x * x), rtol=2e-14, atol=1e-300
    )
    assert abs(erf_array(np.array([1 + 1j]))[0] - (1.3161512816979476 + 0.19045346923783469j)) < 1e-15
    assert abs(erf_array(np.array([0.5j]))[0] - 0.6149520946965110j) < 1e-15
    assert erf_array(np.float32([0.5, np.inf, np.nan])).dtype == np.float32


# ---- depth ----
def chain(n: int) -> tuple[Any, Any]:
    x = tg.tensor(1.0, requires_grad=True)
    z = x
    for _ in range(n):
        z = z + 1.0
    return x, z


def test_the_recursive_order_tells_its_depth_and_does_no_harm() -> None:
    x, z = chain(5000)
    with pytest.raises(tg.errors.DepthError, match="reached depth") as caught:
        z.backward(order="recursive")
    depth = int(str(caught.value).partition("depth ")[2].partition(",")[0])
    assert sys.getrecursionlimit() // 2 < depth <= sys.getrecursionlimit()
    assert isinstance(caught.value, RecursionError)
    assert x.grad is None
    z.backward(order="stack")
    assert x.grad.item() == 1.0


def test_a_higher_limit_reaches_deeper() -> None:
    x, z = chain(5000)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        z.backward(order="recursive")
    finally:
        sys.setrecursionlimit(before)
    assert x.grad.item() == 1.0


def test_a_deep_graph_is_freed_drawn_and_printed_without_recursion() -> None:
    class Same(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x + 0.0

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    for step in (lambda t: t * 1.0, Same.apply, lambda t: t.reshape(1).sum()):
        z = tg.tensor(1.0, requires_grad=True)
        for _ in range(20_000):
            z = step(z)
        assert "grad_fn" in repr(z)
        assert re.search(r"\d+501 more nodes are left out", tg.to_dot(z, max_nodes=500))
        del z


@pytest.mark.slow
def test_a_million_nodes() -> None:
    x, z = chain(1_000_000)
    z.backward()
    assert x.grad.item() == 1.0
    del z


def test_the_work_grows_with_the_nodes_and_no_faster() -> None:
    """Calls, of Python and of NumPy, are counted, not seconds: their number is the same on every machine."""

    def calls(n: int) -> int:
        events = 0

        def count(*_: Any) -> None:
            nonlocal events
            events += 1

        sys.setprofile(count)
        try:
            x, z = chain(n)
            z.backward()
            assert x.grad.item() == 1.0
            del z
        finally:
            sys.setprofile(None)
        return events

    calls(1_000)
    assert calls(20_000) == pytest.approx(10 * calls(2_000), rel=0.05)


# ---- memory ----
def test_training_leaves_no_cycles() -> None:
    """Reference counting alone frees every graph; the cyclic collector finds nothing."""

    class Cube(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            z = x * x * x
            ctx.save_for_backward(x, z)  # an output: saved with its history it would be a cycle
            return z

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, z = ctx.saved_tensors
            return 3 * g * z / x

    w = tg.tensor(np.random.default_rng(0).uniform(1, 2, (6, 6)), requires_grad=True)

    def step(backward: bool) -> None:
        loss = tg.softmax(tg.tanh(w @ w), 1).norm() + Cube.apply(w).mean() + tg.cat(tg.split(w, 2)).max()
        loss = loss + tg.sort(w, 0).values[0].prod() + w[tg.tensor([0, 1])].std()
        if backward:
            loss.backward()
            with tg.no_grad():
                w.sub_(w.grad * 1e-3)
            w.grad = None

    step(True)
    gc.collect()
    gc.disable()
    try:
        step(True)
        step(False)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_assigning_data_is_noticed() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    x.data = x.data * 2.0
    with pytest.raises(tg.errors.GraphError, match="mul saved was changed in place"):
        loss.backward()


def test_a_sweep_that_fails_leaves_no_trace() -> None:
    x, y = tg.tensor([1.0], requires_grad=True), tg.tensor([2.0], requires_grad=True)
    early = x * 2.0  # its gradient is ready before the sweep meets the damage
    late = tg.exp(y)
    loss = (early + late * late).sum()
    late.detach().zero_()
    with pytest.raises(tg.errors.GraphError, match="changed in place"):
        loss.backward()
    assert x.grad is None
    assert y.grad is None


# ---- random numbers ----
def test_philox_known_answers() -> None:
    """The test vectors of the authors' library, Random123."""
    assert [hex(w) for w in philox(0, 0, 1)[0].tolist()] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]
    everything = philox(2**64 - 1, 2**128 - 1, 1)[0].tolist()
    assert [hex(w) for w in everything] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]


def test_every_call_starts_a_block() -> None:
    g = tg.Generator(7)
    first = tg.rand(3, generator=g).tolist()
    assert g.get_state() == (7, 1)
    tg.randn(2, generator=g)  # 24 words
    assert g.get_state() == (7, 7)
    tg.rand(3, dtype="float64", generator=g)  # 6 words
    assert g.get_state() == (7, 9)
    tg.randperm(5, generator=g)  # 4 numbers of 2 words
    assert g.get_state() == (7, 11)
    g.set_state((7, 0))
    assert tg.rand(3, generator=g).tolist() == first
    assert sorted(tg.randperm(50, generator=g).tolist()) == list(range(50))


def test_unsigned_numbers_beyond_int64_become_floats_where_asked() -> None:
    assert tg.tensor(np.array([2**63], dtype=np.uint64), dtype="float64").item() == 2.0**63
