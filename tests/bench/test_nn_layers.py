"""Activations, losses, dropout, starting values, nn.utils: facts by hand, and live PyTorch where installed.

Why it exists: a formula copied wrongly still trains, only worse."""

from __future__ import annotations

import importlib
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(params=["tensor_cpp", "scalar_cpp", "reference_py"])
def tg(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"trigrad.{request.param}")


def t64(tg: Any, data: Any, **more: Any) -> Any:
    return tg.tensor(np.asarray(data, dtype=np.float64), **more)


X = np.array([[-3.0, -0.5, 0.0], [0.25, 1.5, 4.0]])
ACTIVATIONS = (
    "ReLU() Tanh() Sigmoid() SiLU() GELU() GELU('tanh') LeakyReLU() LeakyReLU(0.3) ELU() ELU(2.0) Softplus() "
    "Softplus(2.0,3.0) Softmax(dim=1) LogSoftmax(dim=0) Identity() Flatten() Flatten(0,1)"
).split()
LOSSES = (
    "MSELoss() MSELoss(reduction='sum') L1Loss() HuberLoss() HuberLoss(reduction='none',delta=0.3) "
    "BCEWithLogitsLoss()"
).split()
CLASS_LOSSES = (
    "CrossEntropyLoss() CrossEntropyLoss(label_smoothing=0.1) "
    "CrossEntropyLoss(ignore_index=2,reduction='sum') NLLLoss() NLLLoss(ignore_index=2)"
).split()


def compare(tg: Any, torch: Any, text: str, target: Any = None) -> None:
    """Value, gradient and printed form of one module."""
    ours, theirs = eval(f"nn.{text}", {"nn": tg.nn}), eval(f"nn.{text}", {"nn": torch.nn})
    x, y = t64(tg, X, requires_grad=True), torch.tensor(X, requires_grad=True)
    extra = [] if target is None else [target]
    z = ours(x, *(tg.tensor(e) for e in extra))
    w = theirs(y, *(torch.tensor(e) for e in extra))
    z.sum().backward()
    w.sum().backward()
    assert tuple(z.shape) == tuple(w.shape)
    np.testing.assert_allclose(z.detach().numpy(), w.detach().numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12, atol=1e-15)
    assert repr(ours) == repr(theirs) or not ours.extra_repr()


def test_activations_are_pytorchs(tg: Any) -> None:
    torch = pytest.importorskip("torch")
    for text in ACTIVATIONS:
        compare(tg, torch, text)


def test_losses_are_pytorchs(tg: Any) -> None:
    torch = pytest.importorskip("torch")
    for text in LOSSES:
        compare(tg, torch, text, np.array([[0.5, 1.0, 0.0], [0.25, 1.0, 3.0]]))
    for text in CLASS_LOSSES:
        compare(tg, torch, text, np.array([2, 0]))


def test_activations_by_hand(tg: Any) -> None:
    nn, x = tg.nn, t64(tg, [-1.0, 2.0])
    assert nn.ReLU()(x).tolist() == [0.0, 2.0]
    assert nn.LeakyReLU(0.1)(x).tolist() == [-0.1, 2.0]
    assert nn.ELU(2.0)(x).tolist() == pytest.approx([2 * math.expm1(-1), 2.0])
    assert nn.SiLU()(x).tolist() == pytest.approx([-1 / (1 + math.e), 2 / (1 + math.exp(-2))])
    assert nn.Softplus()(x).tolist() == pytest.approx([math.log1p(math.exp(-1)), math.log1p(math.exp(2))])
    assert nn.Softmax(-1)(x).tolist() == pytest.approx([1 / (1 + math.exp(3)), 1 / (1 + math.exp(-3))])
    assert nn.Identity(54, unused=True)(x) is x
    assert tuple(nn.Flatten()(tg.zeros(2, 3, 4)).shape) == (2, 12)
    with pytest.raises(TypeError, match=r"LogSoftmax: dim is missing; write LogSoftmax\(dim=-1\)"):
        nn.LogSoftmax()(x)


def test_losses_by_hand(tg: Any) -> None:
    nn, x, y = tg.nn, t64(tg, [0.5, -2.0]), t64(tg, [1.0, -1.0])
    assert nn.MSELoss()(x, y).item() == pytest.approx(0.625)
    assert nn.L1Loss(reduction="sum")(x, y).item() == pytest.approx(1.5)
    assert nn.HuberLoss(delta=0.75)(x, y).item() == pytest.approx((0.125 + 0.75 * (1 - 0.375)) / 2)
    assert nn.HingeLoss()(x, y).item() == pytest.approx(0.25)
    assert nn.HingeLoss(margin=3.0, reduction="none")(x, y).tolist() == pytest.approx([2.5, 1.0])
    assert nn.BCEWithLogitsLoss()(t64(tg, [0.0]), t64(tg, [1.0])).item() == pytest.approx(math.log(2))
    two = t64(tg, [[0.0, 0.0], [0.0, 0.0]])
    assert nn.CrossEntropyLoss()(two, tg.tensor([0, 1])).item() == pytest.approx(math.log(2))
    assert nn.NLLLoss()(two - 1.0, tg.tensor([0, 1])).item() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="reduction 'avg' is not one of 'mean', 'sum', 'none'"):
        nn.MSELoss(reduction="avg")(x, y)
    with pytest.raises(IndexError, match="index 5 is out of range for size 2"):
        nn.CrossEntropyLoss()(two, tg.tensor([0, 5]))


# -------------------- dropout


def test_dropout(tg: Any) -> None:
    nn, x = tg.nn, tg.ones(1000)
    layer = nn.Dropout(0.25, seed=3)
    first, second = layer(x).tolist(), layer(x).tolist()
    assert sorted(set(first)) == pytest.approx([0.0, 1 / 0.75])
    assert first != second
    assert 200 < first.count(0.0) < 300
    assert nn.Dropout(0.25, seed=3)(x).tolist() == first
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert set(nn.Dropout(1.0)(x).tolist()) == {0.0}
    leaf = tg.ones(1000, requires_grad=True)
    z = tg.nn.functional.dropout(leaf, 0.5, generator=tg.Generator(1))
    z.sum().backward()
    assert leaf.grad.tolist() == z.tolist()  # what was dropped has no gradient
    assert tg.nn.functional.dropout(x, 0.5, training=False) is x
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got"):
            nn.Dropout(p)
    with pytest.raises(ValueError, match="Dropout: give a generator or a seed, not both"):
        nn.Dropout(0.5, generator=tg.Generator(0), seed=1)


def test_dropout_drops_the_same_in_every_engine() -> None:
    engines = [importlib.import_module(f"trigrad.{e}") for e in ("tensor_cpp", "scalar_cpp", "reference_py")]
    kept = [[v > 0 for v in tg.nn.Dropout(0.5, seed=7)(tg.ones(4, 5)).reshape(-1).tolist()] for tg in engines]
    assert kept[0] == kept[1] == kept[2]


# -------------------- starting values


def test_one_seed_gives_every_engine_the_same_model() -> None:
    found = []
    for name in ("tensor_cpp", "scalar_cpp", "reference_py"):
        tg = importlib.import_module(f"trigrad.{name}")
        tg.manual_seed(11)
        found.append([np.array(p.detach().numpy(), np.float32) for p in tg.nn.MLP([3, 5, 2]).parameters()])
    for a, b, c in zip(*found, strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


def test_linear_starts_uniform_in_one_by_root_in(tg: Any) -> None:
    layer = tg.nn.Linear(16, 500, generator=tg.Generator(1))
    for p in (layer.weight, layer.bias):
        values = p.detach().numpy()
        assert np.abs(values).max() <= 0.25
        assert np.abs(values).max() > 0.24
        assert abs(values.mean()) < 0.03
        assert values.std() == pytest.approx(0.25 / math.sqrt(3), rel=0.1)
    again = tg.nn.Linear(16, 500, generator=tg.Generator(1))
    assert np.array_equal(again.weight.detach().numpy(), layer.weight.detach().numpy())
    by_init = tg.nn.init.kaiming_uniform_(tg.zeros(500, 16), a=math.sqrt(5), generator=tg.Generator(1))
    np.testing.assert_allclose(by_init.numpy(), layer.weight.detach().numpy(), rtol=1e-6)


def test_init_spreads(tg: Any) -> None:
    init, shape = tg.nn.init, (60, 40)
    for call, wanted in (
        (lambda t: init.uniform_(t, -1.0, 3.0), 4 / math.sqrt(12)),
        (lambda t: init.normal_(t, 1.0, 0.5), 0.5),
        (lambda t: init.xavier_uniform_(t, gain=2.0), 2 * math.sqrt(2 / 100)),
        (lambda t: init.xavier_normal_(t), math.sqrt(2 / 100)),
        (lambda t: init.kaiming_uniform_(t, nonlinearity="relu"), math.sqrt(2 / 40)),
        (lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), math.sqrt(2 / 60)),
        (lambda t: init.kaiming_normal_(t, a=1.0), math.sqrt(1 / 40)),
    ):
        tg.manual_seed(2)
        leaf = tg.zeros(shape, requires_grad=True)
        assert call(leaf) is leaf  # in place, although the leaf requires grad
        assert leaf.detach().numpy().std() == pytest.approx(wanted, rel=0.06)
    assert init.constant_(tg.zeros(2), 3.0).tolist() == [3.0, 3.0]
    assert init.ones_(tg.zeros(2)).tolist() == [1.0, 1.0]
    assert init.zeros_(tg.ones(2)).tolist() == [0.0, 0.0]


def test_gains(tg: Any) -> None:
    gain = tg.nn.init.calculate_gain
    assert gain("linear") == gain("sigmoid") == 1.0
    assert (gain("tanh"), gain("relu"), gain("selu")) == (5 / 3, math.sqrt(2), 0.75)
    assert gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
    with pytest.raises(ValueError, match="Unsupported nonlinearity rely"):
        gain("rely")
    with pytest.raises(ValueError, match="negative_slope steep not a valid number"):
        gain("leaky_relu", "steep")
    with pytest.raises(ValueError, match="Mode fan not supported, please use one of"):
        tg.nn.init.kaiming_normal_(tg.zeros(2, 2), mode="fan")
    with pytest.raises(ValueError, match="can not be computed for tensor with fewer than 2 dimensions"):
        tg.nn.init.xavier_normal_(tg.zeros(2))


# -------------------- utils


def with_grads(tg: Any, *grads: Any) -> list[Any]:
    made = [tg.nn.Parameter(t64(tg, np.ones(np.shape(g)))) for g in grads]
    for p, g in zip(made, grads, strict=True):
        p.grad = t64(tg, g)
    return made


def test_clip_by_norm(tg: Any) -> None:
    clip = tg.nn.utils.clip_grad_norm_
    ps = with_grads(tg, [3.0, 0.0], [[4.0]])
    assert clip(ps, 10.0).item() == pytest.approx(5.0)
    assert ps[0].grad.tolist() == [3.0, 0.0]  # short enough: not touched
    assert clip((p for p in ps), 1.0).item() == pytest.approx(5.0)
    assert ps[0].grad.tolist() == pytest.approx([0.6, 0.0], rel=1e-6)
    assert ps[1].grad.tolist() == [[pytest.approx(0.8, rel=1e-6)]]
    assert clip(with_grads(tg, [3.0], [-4.0]), 1.0, norm_type=math.inf).item() == 4.0
    assert clip(with_grads(tg, [3.0], [-4.0]), 1.0, norm_type=1).item() == pytest.approx(7.0)
    assert clip(with_grads(tg, [3.0])[0], 1.0).item() == 3.0  # one tensor
    assert clip([tg.nn.Parameter(tg.ones(2))], 1.0).item() == 0.0  # no gradients
    assert clip([], 1.0).item() == 0.0
    with pytest.raises(
        RuntimeError, match=r"total norm of order 2.+ for gradients from `parameters` is non-finite"
    ):
        clip(with_grads(tg, [math.nan]), 1.0, error_if_nonfinite=True)
    used = (p for p in ps)
    list(used)
    with pytest.warns(
        UserWarning, match="`parameters` is an empty generator, no gradient clipping will occur"
    ):
        clip(used, 1.0)


def test_clip_is_pytorchs(tg: Any) -> None:
    torch = pytest.importorskip("torch")
    grads: list[Any] = [[1.0, -2.0, 3.0], [[0.5], [-7.0]]]
    for kind in (2.0, 1.0, 3.0, math.inf):
        ps, qs = with_grads(tg, *grads), [torch.nn.Parameter(torch.ones(np.shape(g)).double()) for g in grads]
        for q, g in zip(qs, grads, strict=True):
            q.grad = torch.tensor(g, dtype=torch.float64)
        norms = tg.nn.utils.clip_grad_norm_(ps, 0.7, kind), torch.nn.utils.clip_grad_norm_(qs, 0.7, kind)
        assert norms[0].item() == pytest.approx(norms[1].item(), rel=1e-12)
        for p, q in zip(ps, qs, strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-12)


def test_clip_by_value(tg: Any) -> None:
    ps = with_grads(tg, [3.0, -0.5, -9.0])
    tg.nn.utils.clip_grad_value_(ps, 1.0)
    assert ps[0].grad.tolist() == [1.0, -0.5, -1.0]


def test_vectors(tg: Any) -> None:
    m = tg.nn.Linear(2, 2)
    vec = tg.nn.utils.parameters_to_vector(m.parameters())
    assert tuple(vec.shape) == (6,)
    tg.nn.utils.vector_to_parameters(tg.arange(6).to(m.weight.dtype), m.parameters())
    assert m.weight.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert m.bias.tolist() == [4.0, 5.0]
    with pytest.raises(ValueError, match=r"the vector is \(5,\) but the parameters hold 6 elements"):
        tg.nn.utils.vector_to_parameters(tg.zeros(5), m.parameters())
    with pytest.raises(TypeError, match="expected a Tensor, but got: list"):
        tg.nn.utils.vector_to_parameters([1.0], m.parameters())
