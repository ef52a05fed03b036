"""nn's modules, in every engine: registration, names, printing, saving; PyTorch's words for what is wrong.

Why it exists: a parameter that is forgotten, or found twice, trains wrongly without a sound."""

from __future__ import annotations

import copy
import importlib
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(params=["tensor_cpp", "scalar_cpp", "reference_py"])
def tg(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"trigrad.{request.param}")


def net(tg: Any) -> Any:
    nn = tg.nn

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
            self.heads = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1, bias=False)])
            self.scale = nn.Parameter(tg.ones(1))
            self.register_buffer("mean", tg.zeros(2))
            self.register_buffer("scratch", tg.zeros(2), persistent=False)

        def forward(self, x: Any) -> Any:
            h = self.body(x - self.mean)
            return self.scale * sum(head(h) for head in self.heads)

    return Net()


NAMES = ["scale", "body.0.weight", "body.0.bias", "heads.0.weight", "heads.0.bias", "heads.1.weight"]


def test_every_parameter_is_found_once_by_pytorchs_name(tg: Any) -> None:
    m = net(tg)
    assert [n for n, _ in m.named_parameters()] == NAMES
    assert all(isinstance(p, tg.nn.Parameter) and p.requires_grad and p.is_leaf for p in m.parameters())
    assert list(m.state_dict()) == ["scale", "mean", *NAMES[1:]]
    assert [n for n, _ in m.named_buffers()] == ["mean", "scratch"]
    assert [n for n, _ in m.named_children()] == ["body", "heads"]
    assert [n for n, _ in m.named_modules()] == [
        "",
        "body",
        "body.0",
        "body.1",
        "heads",
        "heads.0",
        "heads.1",
    ]
    assert len(list(m.modules())) == 7
    assert [n for n, _ in m.named_parameters(prefix="net", recurse=False)] == ["net.scale"]


def test_a_shared_parameter_is_one_parameter_with_two_names(tg: Any) -> None:
    m = net(tg)
    m.heads[0].weight = m.heads[1].weight
    assert [n for n, _ in m.named_parameters()] == NAMES[:-1]
    assert len(list(m.named_parameters(remove_duplicate=False))) == 6
    assert {"heads.0.weight", "heads.1.weight"} <= set(m.state_dict())
    assert len(tg.optim.SGD(m.parameters()).param_groups[0]["params"]) == 5
    if tg.ORDERS != ("tape",):  # scalar_cpp has float64 only
        assert m.double().heads[0].weight is m.heads[1].weight


def test_a_plain_list_is_not_seen_but_a_module_list_is(tg: Any) -> None:
    m = tg.nn.Module()
    m.layers = [tg.nn.Linear(1, 1)]
    assert not list(m.parameters())
    m.layers = tg.nn.ModuleList(m.layers)
    assert len(list(m.parameters())) == 2


def test_every_gradient_arrives_and_zero_grad_forgets_it(tg: Any) -> None:
    m = net(tg)
    m(tg.randn(4, 2)).sum().backward()
    assert all(p.grad is not None and tuple(p.grad.shape) == tuple(p.shape) for p in m.parameters())
    m.zero_grad(set_to_none=False)
    assert all(float(p.grad.abs().sum()) == 0 for p in m.parameters())
    m.zero_grad()
    assert all(p.grad is None for p in m.parameters())


def test_requires_grad_freezes(tg: Any) -> None:
    m = net(tg)
    m.body.requires_grad_(False)
    m(tg.randn(4, 2)).sum().backward()
    assert m.body[0].weight.grad is None
    assert m.scale.grad is not None


def test_train_eval_and_apply_reach_the_whole_tree(tg: Any) -> None:
    m = net(tg)
    assert m.eval() is m
    assert not any(part.training for part in m.modules())
    assert all(part.training for part in m.train().modules())
    seen: list[Any] = []
    assert m.apply(seen.append) is m
    assert seen[-1] is m
    assert len(seen) == 7
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        m.train("yes")


def test_a_name_means_one_thing(tg: Any) -> None:
    nn = tg.nn
    m = nn.Module()
    m.part = 3
    m.part = nn.Linear(1, 1)
    assert [n for n, _ in m.named_parameters()] == ["part.weight", "part.bias"]
    m.part = nn.Parameter(tg.ones(2))
    assert [n for n, _ in m.named_parameters()] == ["part"]
    assert not list(m.children())
    m.part = None
    assert not list(m.parameters())
    del m.part
    assert "part" not in dir(m)
    with pytest.raises(AttributeError, match=r"^'Module' object has no attribute 'part'$"):
        _ = m.part


def test_wrong_registration_is_refused_in_pytorchs_words(tg: Any) -> None:
    nn, m = tg.nn, net(tg)
    for action, error, text in (
        (
            lambda: setattr(m, "scale", 3),
            TypeError,
            r"cannot assign 'int' as parameter 'scale' \(nn.Parameter or",
        ),
        (
            lambda: setattr(m, "body", 3),
            TypeError,
            r"cannot assign 'int' as child module 'body' \(nn.Module or",
        ),
        (lambda: setattr(m, "mean", 3), TypeError, "cannot assign 'int' as buffer 'mean'"),
        (lambda: m.register_parameter("a.b", None), KeyError, "parameter name can.+t contain"),
        (lambda: m.register_parameter("", None), KeyError, "parameter name can.+t be empty string"),
        (lambda: m.register_parameter("body", None), KeyError, "attribute 'body' already exists"),
        (
            lambda: m.register_parameter("w", tg.ones(1)),
            TypeError,
            r"cannot assign .*Tensor' object to parameter 'w'",
        ),
        (lambda: m.register_parameter(3, None), TypeError, "parameter name should be a string. Got int"),
        (lambda: m.register_buffer("b", 3), TypeError, "cannot assign 'int' object to buffer 'b'"),
        (lambda: m.add_module("l", 3), TypeError, "int is not a Module subclass"),
        (
            lambda: nn.Parameter([1.0]),
            TypeError,
            r"Parameter: needs a tensor, not list; write Parameter\(tensor",
        ),
        (lambda: nn.Module()(1), NotImplementedError, r'Module \[Module\] is missing the required "forward"'),
    ):
        with pytest.raises(error, match=text):
            action()


def test_init_without_super_init_is_named(tg: Any) -> None:
    nn = tg.nn

    class Forgot(nn.Module):  # type: ignore[misc]
        def __init__(self, value: Any) -> None:
            self.part = value

    remedy = r"Forgot.__init__ must first call super\(\).__init__\(\)"
    with pytest.raises(
        AttributeError, match=rf"cannot assign module before Module.__init__\(\) call: {remedy}"
    ):
        Forgot(nn.Linear(1, 1))
    with pytest.raises(
        AttributeError, match=rf"cannot assign parameters before Module.__init__\(\).*{remedy}"
    ):
        Forgot(nn.Parameter(tg.ones(1)))
    with pytest.raises(AttributeError, match=remedy):
        list(Forgot(3).parameters())


def test_wrong_features_name_both_sizes(tg: Any) -> None:
    with pytest.raises(
        ValueError, match=r"linear: input is \(3, 5\) but weight is \(4, 2\), which takes 2 features"
    ):
        tg.nn.Linear(2, 4)(tg.zeros(3, 5))
    with pytest.raises(ValueError, match=r"mse_loss: input is \(3, 1\) but target is \(3,\)"):
        tg.nn.MSELoss()(tg.zeros(3, 1), tg.zeros(3))
    with pytest.raises(ValueError, match="Linear: in_features must not be negative, but is -1"):
        tg.nn.Linear(-1, 2)
    with pytest.raises(TypeError, match="Linear: out_features must be a whole number, not float"):
        tg.nn.Linear(1, 2.0)


def test_state_moves_between_modules_engines_and_arrays(tg: Any) -> None:
    a, b = net(tg), net(tg)
    kept = a.state_dict()
    assert not any(t.requires_grad for t in kept.values())
    assert repr(b.load_state_dict(kept)) == "<All keys matched successfully>"
    x = tg.randn(3, 2)
    assert np.array_equal(a(x).detach().numpy(), b(x).detach().numpy())
    with tg.no_grad():
        a.scale.fill_(7.0)
    assert kept["scale"].item() == 7.0  # the state shares memory, as PyTorch's does
    assert b.scale.item() == 1.0
    other = importlib.import_module("trigrad.reference_py")
    there = net(other)
    there.load_state_dict(kept)
    b.load_state_dict({name: t.numpy() for name, t in there.state_dict().items()})
    assert b.scale.item() == 7.0


def test_a_state_that_does_not_fit_changes_nothing(tg: Any) -> None:
    m = net(tg)
    state = m.state_dict()
    wrong = {**state, "scale": tg.zeros(1), "extra": tg.ones(1), "mean": tg.ones(3)}
    del wrong["body.0.bias"]
    with pytest.raises(RuntimeError) as raised:
        m.load_state_dict(wrong)
    assert str(raised.value) == (
        'Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "body.0.bias". '
        '\n\tUnexpected key(s) in state_dict: "extra". '
        "\n\tsize mismatch for mean: copying a param with shape (3,) from checkpoint, the shape in current "
        "model is (2,)."
    )
    assert m.scale.item() == 1.0
    wrong["mean"] = tg.ones(2)
    found = m.load_state_dict(wrong, strict=False)
    assert found.missing_keys == ["body.0.bias"]
    assert found.unexpected_keys == ["extra"]
    assert m.scale.item() == 0.0
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'list'>"):
        m.load_state_dict([])


def test_copies_and_pickles_are_independent_modules(tg: Any) -> None:
    tg.manual_seed(0)
    m = tg.nn.MLP([2, 4, 1], dropout=0.5)
    m[2].generator = tg.Generator(5)
    x = tg.randn(8, 2)
    copied, loaded = copy.deepcopy(m), pickle.loads(pickle.dumps(m))
    wanted = m(x).detach().numpy()
    for other in (copied, loaded):
        assert all(isinstance(p, tg.nn.Parameter) and p.requires_grad for p in other.parameters())
        assert np.array_equal(other(x).detach().numpy(), wanted)
        assert not {id(p) for p in m.parameters()} & {id(p) for p in other.parameters()}
    with tg.no_grad():
        m[0].weight.zero_()
    assert float(copied[0].weight.abs().sum()) > 0


def test_dtypes(tg: Any) -> None:
    m = net(tg)
    if tg.ORDERS == ("tape",):
        with pytest.raises(NotImplementedError, match="scalar_cpp does not support float32"):
            m.float()
    else:
        m(tg.randn(4, 2)).sum().backward()
        assert m.double() is m
        assert {str(t.dtype) for t in [*m.parameters(), *m.buffers()]} == {"float64"}
        assert all(p.requires_grad and p.grad.dtype == "float64" for p in m.parameters())
        assert m(tg.zeros(1, 2, dtype=tg.float64)).dtype == "float64"
        assert m.float().scale.dtype == "float32"
    with pytest.raises(TypeError, match="only accepts floating point dtypes, but got desired dtype=int64"):
        m.to(tg.int64)


def test_print(tg: Any) -> None:
    assert repr(net(tg)) == (
        "Net(\n  (body): Sequential(\n    (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "    (1): Tanh()\n  )\n  (heads): ModuleList(\n"
        "    (0): Linear(in_features=3, out_features=1, bias=True)\n"
        "    (1): Linear(in_features=3, out_features=1, bias=False)\n  )\n)"
    )
    assert repr(tg.nn.Parameter(tg.zeros(1))).startswith("Parameter containing:\ntensor([0.")


def test_sequential_is_a_list(tg: Any) -> None:
    nn = tg.nn
    s = nn.Sequential({"first": nn.Linear(2, 3), "act": nn.ReLU()})
    assert list(s.state_dict()) == ["first.weight", "first.bias"]
    assert s[0] is s.first
    s = nn.Sequential(nn.Linear(2, 3), nn.ReLU()).append(nn.Linear(3, 1))
    assert (len(s), s[-1].out_features, len(s[:2])) == (3, 1, 2)
    assert s[:2][0] is s[0]
    del s[1]
    assert list(s.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    s.insert(1, nn.Tanh())
    assert isinstance(s.pop(1), nn.Tanh)
    with pytest.raises(IndexError, match="index 9 is out of range"):
        s[9]
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.Sequential(3)


def test_linear_and_activation_run_as_one_operation(tg: Any) -> None:
    nn = tg.nn
    calls: list[Any] = []

    class Mine(nn.ReLU):  # type: ignore[misc]
        def forward(self, input: Any) -> Any:
            calls.append(input)
            return super().forward(input)

    x = tg.randn(4, 2)
    for act, name in ((nn.ReLU, "relu"), (nn.Tanh, "tanh"), (nn.Sigmoid, "sigmoid"), (nn.SiLU, "silu")):
        s = nn.Sequential(nn.Linear(2, 3), act(), nn.Linear(3, 1))
        by_hand = s[2](getattr(tg, name)(s[0](x)))
        assert np.allclose(s(x).detach().numpy(), by_hand.detach().numpy(), rtol=1e-6, atol=1e-7)
    if tg.ORDERS == ("tape", "stack", "recursive"):
        assert str(nn.Sequential(nn.Linear(2, 3), nn.ReLU())(x).grad_fn) == "<linear>"
    nn.Sequential(nn.Linear(2, 3), Mine())(x)
    assert len(calls) == 1  # a subclass may do something else, and is asked


def test_mlp(tg: Any) -> None:
    nn = tg.nn
    m = nn.MLP([2, 4, 4, 3], "gelu", output="log_softmax", dropout=[0.1, 0.0])
    kinds = [type(part).__name__ for part in m]
    assert kinds == "Linear GELU Dropout Linear GELU Linear LogSoftmax".split()
    assert float(m.eval()(tg.randn(1, 2)).exp().sum()) == pytest.approx(1, abs=1e-6)
    assert [
        type(p).__name__ for p in nn.MLP([1, 2, 1], lambda: nn.LeakyReLU(0.2))
    ] == "Linear LeakyReLU Linear".split()
    with pytest.raises(ValueError, match=r"MLP: sizes needs at least an input and an output size, not \[2\]"):
        nn.MLP([2])
    with pytest.raises(ValueError, match="activation 'rely' is not one of relu, tanh"):
        nn.MLP([2, 2, 2], "rely")
    with pytest.raises(TypeError, match="activation must be a name, or a class or function"):
        nn.MLP([2, 2, 2], nn.ReLU())
    with pytest.raises(ValueError, match="MLP: 1 hidden layers but 2 dropout rates"):
        nn.MLP([2, 2, 2], dropout=[0.1, 0.2])
