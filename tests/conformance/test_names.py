"""Equal names: the list, the witness and every engine's surface.

Why it exists: "three engines, one surface" is a promise that a forgotten name breaks silently. The list's
names must be reference_py's, both ways; each engine offers exactly the names below, where PyTorch has them
with PyTorch's spelling."""

from __future__ import annotations

import builtins
import inspect

import numpy as np
import pytest

from .engines import ENGINES, Engine, with_surface
from .oplist import by_name, names

ELEMENTWISE = """
    neg exp expm1 log log1p sqrt rsqrt square reciprocal abs sign floor ceil round log2 log10 sin cos
    tan asin acos atan sinh cosh asinh acosh atanh erf tanh sigmoid relu leaky_relu elu silu gelu
    softplus clamp isnan isfinite logical_not add sub mul div pow maximum minimum eq ne lt le gt ge
    logical_and logical_or where
""".split()
REDUCTIONS = """
    sum mean max min amax amin prod var std norm logsumexp argmax argmin any all cumsum cumprod sort
    topk softmax log_softmax
""".split()
PRODUCTS = "matmul dot outer einsum linear".split()
SHAPES = """
    reshape flatten transpose permute squeeze unsqueeze expand split masked_fill tril triu index_select
    gather scatter_add narrow
""".split()
LOSSES = """
    mse_loss l1_loss huber_loss cross_entropy nll_loss binary_cross_entropy_with_logits hinge_loss
    gaussian_log_prob
""".split()
CREATION = """
    tensor as_tensor from_numpy zeros ones empty full eye arange linspace zeros_like ones_like full_like
    rand_like randn_like rand randn randint randperm manual_seed Generator
""".split()
OTHERS = """
    Tensor float32 float64 int64 bool no_grad enable_grad set_grad_enabled is_grad_enabled
    detect_anomaly autograd func Function set_num_threads get_num_threads set_default_dtype
    get_default_dtype show_config to_dot ops ORDERS errors cat concat stack embedding compile
""".split()
SURFACE = {*ELEMENTWISE, *REDUCTIONS, *PRODUCTS, *SHAPES, *LOSSES, *CREATION, *OTHERS}
METHODS = {
    *(set(ELEMENTWISE) - {"where"}),
    *REDUCTIONS,
    *"matmul outer where dim stride is_contiguous mT".split(),
    *SHAPES,
    *"""view contiguous clone detach item tolist numpy to
    float double long bool astype zero_ fill_ copy_ add_ sub_ mul_ div_ pow_ requires_grad_ retain_grad
    register_hook backward dtype shape ndim size numel T is_leaf requires_grad grad grad_fn data
    _version""".split(),
}
OPERATORS = """
    add sub mul truediv pow matmul neg radd rsub rmul rtruediv rpow eq ne lt le gt ge and or invert iadd
    isub imul itruediv ipow pos format len iter bool float int getitem setitem abs array
""".split()
ERRORS = {
    "ShapeError": ValueError,
    "DTypeError": TypeError,
    "GraphError": RuntimeError,
    "ThreadError": RuntimeError,
    "DepthError": RecursionError,
    "AnomalyError": RuntimeError,
}
# What an engine offers beyond the common surface (design.md 4); submodules are no part of a surface.
EXTRA = {"scalar_cpp": {"Value", "Neuron", "Layer", "MLP"}}
engines = pytest.mark.parametrize("engine", with_surface(), ids=lambda e: e.id)


def public(engine: Engine) -> set[str]:
    """The names an engine offers: its `__all__` if it has one, else what is neither private nor a module."""
    tg = engine.tg
    listed = getattr(tg, "__all__", None)
    if listed is not None:
        return set(listed)
    return {n for n in dir(tg) if not n.startswith("_") and not inspect.ismodule(getattr(tg, n))} | {"errors"}


def test_reference_py_has_the_lists_names() -> None:
    """Every op of the list has its NumPy witness, and no witness is without an op."""
    engine = ENGINES["reference_py"]
    if engine not in with_surface():
        pytest.skip("TRIGRAD_ENGINES leaves reference_py out of this run")
    witness, listed = set(engine.tg.OPS), set(names())
    assert not listed - witness, f"reference_py has no {sorted(listed - witness)}"
    assert not witness - listed, f"the list has no {sorted(witness - listed)}"


@engines
def test_ops_lists_the_list(engine: Engine) -> None:
    """`ops()` is the list, or for scalar_cpp that part of it which it supports."""
    found = [r if isinstance(r, str) else r["name"] for r in engine.tg.ops()]
    wanted = [n for n in names() if engine.supports(n)]
    assert len(set(found)) == len(found)
    assert set(found) in (set(wanted), set(names()))
    for record in engine.tg.ops():
        if isinstance(record, dict):
            assert record == by_name()[record["name"]], (
                f"docs/ops.json is stale for {record['name']}: generate it anew"
            )


@engines
def test_surface(engine: Engine) -> None:
    """Every name of the surface is there."""
    missing = sorted(n for n in SURFACE if not hasattr(engine.tg, n))
    assert not missing, f"{engine.id} lacks {missing}"


@engines
def test_methods(engine: Engine) -> None:
    """Every method and attribute of a Tensor is there, operators too."""
    kind = type(engine.tensor([1.0]))
    missing = sorted(n for n in METHODS if not hasattr(kind, n))
    missing += [n for n in OPERATORS if getattr(kind, f"__{n}__", None) is None]
    assert not missing, f"{engine.id}.Tensor lacks {missing}"


def test_engines_offer_the_same_names() -> None:
    """No engine has a public name that another lacks."""
    found = {e.id: public(e) - EXTRA.get(e.id, set()) for e in with_surface()}
    everything = set[str]().union(*found.values()) - {"OPS", "supports"}
    missing = {e: sorted(everything - has) for e, has in found.items() if everything - has}
    assert not missing, f"names that some engines lack: {missing}"


@engines
def test_orders_and_dtypes(engine: Engine) -> None:
    """The orders, default first; dtypes are NumPy's."""
    assert tuple(engine.tg.ORDERS) == engine.orders
    for name in ("float32", "float64", "int64", "bool"):
        assert getattr(engine.tg, name) == np.dtype(name)


@engines
@pytest.mark.parametrize(("name", "base"), ERRORS.items())
def test_errors(engine: Engine, name: str, base: type[Exception]) -> None:
    """Typed errors, each a kind of Python's own."""
    assert issubclass(getattr(engine.tg.errors, name), base)


@engines
@pytest.mark.parametrize(
    "name", ["sum", "mean", "amax", "amin", "var", "std", "any", "all", "max", "argmax", "logsumexp"]
)
def test_numpy_aliases(engine: Engine, name: str) -> None:
    """`axis` and `keepdims` mean `dim` and `keepdim`, as function and as method."""
    data = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 6.0]])
    x = engine.tensor(data > 2 if name in ("any", "all") else data)
    first = getattr(engine.tg, name)(x, dim=1, keepdim=True)
    for other in (
        getattr(engine.tg, name)(x, axis=1, keepdims=True),
        getattr(x, name)(axis=1, keepdims=True),
    ):
        a, b = (v.values if name == "max" else v for v in (first, other))
        assert tuple(b.shape) == (2, 1)
        assert np.array_equal(engine.array(a), engine.array(b))


@engines
def test_concat_and_named_tuples(engine: Engine) -> None:
    """`concat` is `cat`; max with a dim, sort and topk give named pairs."""
    tg, x = engine.tg, engine.tensor([[3.0, 1.0, 2.0]])
    assert tuple(tg.concat([x, x], dim=0).shape) == (2, 3)
    for op, name, at in (("max_dim", "max", {"dim": 1}), ("sort", "sort", {}), ("topk", "topk", {"k": 2})):
        if engine.supports(op):
            pair = getattr(tg, name)(x, **at)
            values, indices = pair
            assert engine.dtype_of(indices) == "int64"
            assert np.array_equal(engine.array(pair.values), engine.array(values))
            assert np.array_equal(engine.array(pair.indices), engine.array(indices))


def test_the_surface_itself_is_spelled_once() -> None:
    """No name here hides a Python builtin by accident: those that do are PyTorch's."""
    hidden = {n for n in SURFACE if hasattr(builtins, n)}
    assert hidden == {"abs", "all", "any", "bool", "compile", "max", "min", "pow", "round", "sum"}
