"""Optimisers and schedules: PyTorch's parameters after five steps, its state, its words for mistakes.

Why it exists: a wrong update still goes downhill. Steps are compared with live PyTorch in float64, to 1e-12,
and with facts computed by hand."""

from __future__ import annotations

import importlib
import itertools
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(params=["tensor_cpp", "scalar_cpp", "reference_py"])
def tg(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"trigrad.{request.param}")


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.7, 0.9), "weight_decay": 0.2, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "maximize": True, "weight_decay": 0.5}),
]
SHAPES = [(3, 2), (3,), ()]


def start(seed: int = 0) -> tuple[list[Any], list[list[Any]]]:
    """Parameters, and their gradients at five steps; one has none at first, and misses another later."""
    rng = np.random.default_rng(seed)
    steps = [[rng.normal(size=s) for s in SHAPES] for _ in range(5)]
    steps[0][1] = steps[3][1] = None
    return [rng.normal(size=s) for s in SHAPES], steps


def our_parameters(tg: Any, values: list[Any]) -> list[Any]:
    return [tg.nn.Parameter(tg.tensor(v, dtype=tg.float64)) for v in values]


def set_grads(tg: Any, ps: list[Any], grads: list[Any]) -> None:
    for p, g in zip(ps, grads, strict=True):
        p.grad = None if g is None else tg.tensor(g, dtype=tg.float64)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_five_steps_are_pytorchs(tg: Any, name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    values, steps = start()
    ps, qs = our_parameters(tg, values), [torch.nn.Parameter(torch.tensor(v)) for v in values]
    ours, theirs = getattr(tg.optim, name)(ps, **options), getattr(torch.optim, name)(qs, **options)
    versions = [p._version for p in ps]
    for grads in steps:
        set_grads(tg, ps, grads)
        for q, g in zip(qs, grads, strict=True):
            q.grad = None if g is None else torch.tensor(g)
        ours.step()
        theirs.step()
        for p, q in zip(ps, qs, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert all(p._version > v for p, v in zip(ps, versions, strict=True))
    assert all(p.requires_grad and p.is_leaf for p in ps)
    mine, other = ours.state_dict(), theirs.state_dict()
    assert mine["state"].keys() == other["state"].keys() or not options.get("momentum", name != "SGD")
    for k, kept in mine["state"].items():
        for key, value in kept.items():
            np.testing.assert_allclose(np.asarray(value), np.asarray(other["state"][k][key]), rtol=1e-12)
    for key, value in mine["param_groups"][0].items():
        assert other["param_groups"][0][key] == value


@pytest.mark.parametrize(("name", "options"), OPTIONS[3:12:4])
def test_state_travels_to_and_from_pytorch(tg: Any, name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    values, steps = start(1)
    qs = [torch.nn.Parameter(torch.tensor(v)) for v in values]
    theirs = getattr(torch.optim, name)(qs, **options)
    ps = our_parameters(tg, values)
    ours = getattr(tg.optim, name)(ps, lr=99.0)
    for k, grads in enumerate(steps):
        for q, g in zip(qs, grads, strict=True):
            q.grad = None if g is None else torch.tensor(g)
        if k == 3:
            for p, q in zip(ps, qs, strict=True):
                p.data = tg.tensor(q.detach().numpy())
            ours.load_state_dict(theirs.state_dict())
        if k >= 3:
            set_grads(tg, ps, grads)
            ours.step()
        theirs.step()
    for p, q in zip(ps, qs, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12)
    assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_interrupted_and_resumed_is_as_never_interrupted(tg: Any, name: str, options: dict[str, Any]) -> None:
    values, steps = start(2)
    whole, parts = our_parameters(tg, values), our_parameters(tg, values)
    make = getattr(tg.optim, name)
    a, b = make(whole, **options), make(parts, **options)
    for k, grads in enumerate(steps):
        for ps, optimizer in ((whole, a), (parts, b)):
            set_grads(tg, ps, grads)
            optimizer.step()
        if k == 2:
            saved = b.state_dict()
            b = make(parts, lr=77.0)
            b.load_state_dict(saved)
            saved["param_groups"][0]["lr"] = 55.0  # a copy was taken
    for p, q in zip(whole, parts, strict=True):
        assert np.array_equal(p.detach().numpy(), q.detach().numpy())


def test_steps_by_hand(tg: Any) -> None:
    def after(name: str, n: int, **options: Any) -> float:
        (p,) = our_parameters(tg, [2.0])
        optimizer = getattr(tg.optim, name)([p], **options)
        for _ in range(n):
            set_grads(tg, [p], [1.0])
            optimizer.step()
        return p.item()  # type: ignore[no-any-return]

    assert after("SGD", 2, lr=0.1) == pytest.approx(1.8)
    assert after("SGD", 2, lr=0.1, momentum=0.5) == pytest.approx(2 - 0.1 - 0.15)
    assert after("SGD", 1, lr=0.1, momentum=0.5, nesterov=True) == pytest.approx(2 - 0.15)
    assert after("SGD", 2, lr=0.1, momentum=0.5, dampening=0.5) == pytest.approx(2 - 0.1 - 0.1)
    assert after("SGD", 1, lr=0.1, weight_decay=0.5, maximize=True) == pytest.approx(2 - 0.1 * (-1 + 1))
    assert after("Adam", 3, lr=0.1) == pytest.approx(1.7)  # a constant gradient: every step is lr
    assert after("AdamW", 1, lr=0.1, weight_decay=0.5) == pytest.approx(2 * 0.95 - 0.1)


def test_a_parameter_without_gradient_stays(tg: Any) -> None:
    ps = our_parameters(tg, [1.0, 1.0])
    for optimizer in (tg.optim.SGD(ps, lr=0.1, momentum=0.9), tg.optim.Adam(ps)):
        optimizer.step()
        assert [p.item() for p in ps] == [1.0, 1.0]
        assert optimizer.state_dict()["state"] == {}


def test_groups_closures_and_zero_grad(tg: Any) -> None:
    a, b = our_parameters(tg, [1.0, 1.0])
    optimizer = tg.optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = a * 2.0 + b * 3.0
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 5.0  # recorded, although the caller records nothing
    assert (a.item(), b.item()) == (pytest.approx(0.8), -2.0)
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.item() == 0.0
    optimizer.zero_grad()
    assert a.grad is None
    m = tg.nn.Linear(2, 1)
    named = tg.optim.Adam(m.named_parameters())
    assert [id(p) for p in named.param_groups[0]["params"]] == [id(p) for p in m.parameters()]
    assert repr(tg.optim.SGD([a], lr=0.5)) == (
        "SGD (\nParameter Group 0\n    dampening: 0.0\n    lr: 0.5\n    maximize: False\n    momentum: 0.0\n"
        "    nesterov: False\n    weight_decay: 0.0\n)"
    )


def test_a_graph_never_takes_new_values_for_old(tg: Any) -> None:
    for make in (lambda ps: tg.optim.SGD(ps, lr=0.1, momentum=0.9), lambda ps: tg.optim.AdamW(ps)):
        (p,) = our_parameters(tg, [np.array([2.0, 3.0])])
        optimizer = make([p])
        loss = (p * p).sum()
        set_grads(tg, [p], [np.ones(2)])
        optimizer.step()
        p.grad = None
        if tg.ORDERS == ("tape",):  # scalar_cpp's tape holds the derivatives themselves
            loss.backward()
            assert p.grad.tolist() == [4.0, 6.0]
        else:
            with pytest.raises(RuntimeError, match="changed"):
                loss.backward()


def test_mistakes_in_pytorchs_words(tg: Any) -> None:
    optim, p = tg.optim, our_parameters(tg, [1.0])[0]
    for action, error, text in (
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD(tg.nn.ReLU().parameters()), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD(p), TypeError, "should be an iterable of Tensors or dicts, but got Parameter"),
        (lambda: optim.SGD([3.0]), TypeError, "can only optimize Tensors, but one of the params is float"),
        (lambda: optim.SGD([p * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([p, p]), ValueError, "a parameter group with duplicate parameters"),
        (lambda: optim.SGD([{"params": {p}}]), TypeError, "organized in ordered collections"),
        (
            lambda: optim.SGD([{"params": [p]}, {"params": [p]}]),
            ValueError,
            "appear in more than one parameter group",
        ),
        (lambda: optim.SGD([p]).add_param_group([p]), TypeError, "param_group must be a dict, but got"),
        (lambda: optim.SGD([p], lr=-0.1), ValueError, "Invalid learning rate: -0.1"),
        (lambda: optim.SGD([p], lr=math.nan), ValueError, "Invalid learning rate: nan"),
        (lambda: optim.SGD([p], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda: optim.SGD([p], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (
            lambda: optim.SGD([p], nesterov=True),
            ValueError,
            "Nesterov momentum requires a momentum and zero dampening",
        ),
        (lambda: optim.Adam([p], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: optim.Adam([p], betas=(0.9, -1.0)), ValueError, "Invalid beta parameter at index 1: -1.0"),
        (lambda: optim.AdamW([p], eps=-1.0), ValueError, "Invalid epsilon value: -1.0"),
        (
            lambda: optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []}),
            ValueError,
            "loaded state dict has a different number of parameter groups",
        ),
        (
            lambda: optim.SGD([p]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]}),
            ValueError,
            "parameter group that doesn't match the size of optimizer's group",
        ),
    ):
        with pytest.raises(error, match=text):
            action()


# -------------------- schedules

SCHEDULES: list[tuple[str, dict[str, Any], list[float]]] = [
    ("StepLR", {"step_size": 2, "gamma": 0.1}, [1, 1, 0.1, 0.1, 0.01]),
    ("ExponentialLR", {"gamma": 0.5}, [1, 0.5, 0.25, 0.125, 0.0625]),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
    ("LinearLR", {"start_factor": 0.5, "total_iters": 2}, [0.5, 0.75, 1, 1, 1]),
    ("CosineAnnealingLR", {"T_max": 2, "eta_min": 0.2}, [1, 0.6, 0.2, 0.6, 1]),
]


def run(optim: Any, p: Any, name: str, options: dict[str, Any], epochs: int) -> list[float]:
    optimizer = optim.SGD([{"params": [p]}], lr=1.0)
    scheduler = getattr(optim.lr_scheduler, name)(optimizer, **options)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [found[-1]]
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(("name", "options", "wanted"), SCHEDULES)
def test_schedules(tg: Any, name: str, options: dict[str, Any], wanted: list[float]) -> None:
    assert run(tg.optim, our_parameters(tg, [1.0])[0], name, options, 5) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(("name", "options", "wanted"), SCHEDULES)
def test_schedules_are_pytorchs(name: str, options: dict[str, Any], wanted: list[float]) -> None:
    torch = pytest.importorskip("torch")
    tg = importlib.import_module("trigrad.reference_py")
    ours = run(tg.optim, our_parameters(tg, [1.0])[0], name, options, 12)
    theirs = run(torch.optim, torch.nn.Parameter(torch.ones(1)), name, options, 12)
    assert ours == pytest.approx(theirs, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(("name", "options", "wanted"), SCHEDULES)
def test_a_resumed_schedule_goes_on(tg: Any, name: str, options: dict[str, Any], wanted: list[float]) -> None:
    (p,) = our_parameters(tg, [1.0])
    kind, found = getattr(tg.optim.lr_scheduler, name), []
    optimizer = tg.optim.SGD([p], lr=1.0)
    scheduler = kind(optimizer, **options)
    for epoch in itertools.count():
        found.append(optimizer.param_groups[0]["lr"])
        if epoch == 4:
            break
        if epoch == 2:
            saved, kept = scheduler.state_dict(), optimizer.state_dict()
            assert "optimizer" not in saved
            assert "lr_lambdas" not in saved
            optimizer = tg.optim.SGD([p], lr=1.0)
            scheduler = kind(optimizer, **options)
            scheduler.load_state_dict(saved)
            optimizer.load_state_dict(kept)
        optimizer.step()
        scheduler.step()
    assert found == pytest.approx(wanted, rel=1e-12)


def test_mistakes_with_schedules(tg: Any) -> None:
    schedules, optimizer = tg.optim.lr_scheduler, tg.optim.SGD(our_parameters(tg, [1.0]), lr=1.0)
    with pytest.raises(TypeError, match="float is not an Optimizer"):
        schedules.StepLR(1.0, 3)
    with pytest.raises(KeyError, match=r"param 'initial_lr' is not specified in param_groups\[0\]"):
        schedules.StepLR(optimizer, 3, last_epoch=4)
    with pytest.raises(ValueError, match="Expected 1 lr_lambdas, but got 2"):
        schedules.LambdaLR(optimizer, [abs, abs])
    with pytest.raises(ValueError, match="Starting multiplicative factor expected to be greater than 0"):
        schedules.LinearLR(optimizer, start_factor=0.0)
    with pytest.raises(ValueError, match="Ending multiplicative factor expected to be between 0 and 1"):
        schedules.LinearLR(optimizer, end_factor=1.5)
    scheduler = schedules.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
