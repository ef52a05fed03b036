"""gradcheck as its users meet it: what they call, what they read, which oracle answered.

Why it exists: the faults and the false alarms have files of their own (test_gradcheck_faults.py,
test_gradcheck_right.py); this one holds the surface, the oracles one by one, and the command."""

from __future__ import annotations

import functools
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import reference_py, scalar_cpp
from trigrad.gradcheck import (
    Adapter,
    GradcheckError,
    Report,
    by_hand,
    check_op,
    eps_sweep,
    gradcheck,
)
from trigrad.gradcheck.__main__ import main
from trigrad.gradcheck._differences import first_step, slope
from trigrad.gradcheck._ops import records

GEN = np.random.default_rng(0)
X, W = GEN.normal(size=(3, 4)), GEN.normal(size=(4, 2))


def tensors(module: Any, *arrays: Any) -> list[Any]:
    return [module.tensor(np.asarray(a, np.float64), requires_grad=True) for a in arrays]


class Halved(tg.Function):
    """A square that forgot its 2."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x


# ---- what one calls ----
def test_three_ways_to_the_same_function() -> None:
    inputs = tensors(tg, X, W)
    for check in (gradcheck, tg.gradcheck, tg.gradcheck.gradcheck):
        report = check(lambda x, w: tg.tanh(x @ w), inputs)
        assert isinstance(report, Report)
        assert report
        assert report.checks == 20
        assert report.engine == "tensor_cpp"


@pytest.mark.parametrize("module", [tg.tensor_cpp, scalar_cpp, reference_py], ids=["cpp", "scalar", "py"])
def test_every_engine_gets_the_complex_step_and_differences(module: Any) -> None:
    report = gradcheck(lambda x, w: module.softmax(x @ w, 1).sum(0), tensors(module, X, W))
    name = module.__name__.rpartition(".")[2]
    assert report.oracle == f"complex step on reference_py's forward, and differences of {name}'s own forward"
    assert max(row.worst for row in report.inputs) < 1e-13


def test_arrays_with_a_named_engine_and_functions_imported_by_name() -> None:
    from trigrad.tensor_cpp import exp

    globals()["exp_by_name"] = exp
    try:
        report = gradcheck(by_name, [X], engine="tensor_cpp")
        assert report.oracle.startswith("complex step")
        assert globals()["exp_by_name"] is exp
    finally:
        del globals()["exp_by_name"]


def by_name(x: Any) -> Any:
    return exp_by_name(x) * 2  # type: ignore[name-defined]  # noqa: F821


def test_the_engine_is_left_as_it_was() -> None:
    before = (
        tg.Tensor.__add__,
        tg.Tensor.__dict__["T"],
        tg.exp,
        tg.tensor_cpp.exp,
        tg.Function.apply.__func__,
    )
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: Halved.apply(x.T + 1), tensors(tg, X), blame=True)
    assert before == (
        tg.Tensor.__add__,
        tg.Tensor.__dict__["T"],
        tg.exp,
        tg.tensor_cpp.exp,
        tg.Function.apply.__func__,
    )


def test_functions_of_the_engine_themselves_are_watched() -> None:
    assert gradcheck(tg.tanh, tensors(tg, X)).oracle.startswith("complex step")
    assert gradcheck(functools.partial(tg.softmax, dim=1), tensors(tg, X)).oracle.startswith("complex step")
    sine = tg.sin
    assert gradcheck(lambda x: sine(x), tensors(tg, X)).oracle.startswith("complex step")
    assert sine is tg.sin
    report = gradcheck(Halved.apply, tensors(tg, X), blame=True, raise_exception=False)
    assert report.blame is not None


def test_the_op_list_is_checked_by_the_complex_step() -> None:
    """Of every op with a gradient, every sample: differences alone would be too weak a witness."""
    for op in records():
        for report in check_op(op).reports:
            assert report.oracle.startswith("complex step"), str(report)
            assert max((row.worst for row in report.inputs), default=0.0) < 1e-12, str(report)


def test_only_marked_inputs_are_checked() -> None:
    x, w = tg.tensor(X, requires_grad=True), tg.tensor(W)
    assert [row.label for row in gradcheck(lambda x, w: x @ w, [x, w]).inputs] == ["x"]
    assert x.grad is None


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(TypeError, match="name one, as in"):
        gradcheck(lambda x: x, [X])
    with pytest.raises(ValueError, match="none of the inputs is a floating-point tensor"):
        gradcheck(lambda x: x, [tg.tensor([1, 2])])
    with pytest.raises(ValueError, match="order 3 is not 1 or 2"):
        gradcheck(lambda x: x, tensors(tg, X), order=3)
    with pytest.raises(ValueError, match="'tanhh' is not in the op list"):
        check_op("tanhh")


# ---- what one reads ----
def test_the_report_names_numbers_ratio_and_mistake() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: Halved.apply(x).sum(), tensors(tg, X), blame=True)
    assert isinstance(caught.value, AssertionError)
    text, report = str(caught.value), caught.value.report
    for words in (
        "WRONG   12 of 12 numbers",
        "yours",
        "expected",
        "ratio 0.5",
        "blame         Halved, call 1 of 2, is the first whose own rule is wrong",
        "made at       test_gradcheck.py:",
        "half the truth: a factor 2 is missing",
        "gradcheck(..., seed=0) gives the same numbers",
    ):
        assert words in text
    failure = report.failures[0]
    assert failure.place == "x[0, 0]"
    assert math.isclose(failure.ratio, 0.5, rel_tol=1e-9)
    again = gradcheck(lambda x: Halved.apply(x).sum(), tensors(tg, X), blame=True, raise_exception=False)
    assert [(f.got, f.expected) for f in again.failures] == [(f.got, f.expected) for f in report.failures]
    assert json.loads(json.dumps(again.as_dict()))["blame"] == "Halved"


def test_a_backward_that_raises_is_a_finding() -> None:
    class Shapeless(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.sum(0)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g[:2]

    report = gradcheck(lambda x: Shapeless.apply(x * 2), tensors(tg, X), blame=True, raise_exception=False)
    assert report.problems
    assert "backward raised" in report.problems[0]
    assert report.blame is not None
    assert report.blame.op == "Shapeless"


@pytest.mark.parametrize(
    ("cut", "word"),
    [
        (lambda x: x * x.detach(), "detach"),
        (lambda x: x * float(x.sum().item()), "item"),
        (lambda x: x.exp() * tg.tensor(x.detach().numpy()), "numpy"),
    ],
    ids=["detach", "item", "numpy"],
)
def test_a_cut_path_is_recognised(cut: Any, word: str) -> None:
    report = gradcheck(cut, tensors(tg, [1.0, 2.0, 3.0]), raise_exception=False)
    assert not report
    assert "a part of the path is cut" in report.likely, str(report)
    assert "test_gradcheck.py:" in report.likely


def test_chance_and_side_effects_are_noticed() -> None:
    report = gradcheck(lambda x: x * tg.rand(3), tensors(tg, [1.0, 2.0, 3.0]), raise_exception=False)
    assert "fix the seed" in report.problems[0]


# ---- the oracles ----
def test_at_a_kink_the_record_decides() -> None:
    report = gradcheck(lambda x: tg.abs(x) + tg.relu(x), tensors(tg, [0.0, 1.0]))
    assert report.kinks == 1

    class Loud(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return tg.relu(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * (ctx.saved_tensors[0] >= 0)

    own = gradcheck(Loud.apply, tensors(tg, [0.0, 1.0]))  # no record: the number at 0 is left out
    assert (own.kinks, own.checks) == (1, 1)


def test_a_wrong_choice_at_a_kink_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is reference_py's rule; another choice is planted there, for tensor_cpp to differ from."""
    rule = reference_py.registry.Rule(lambda g, x: g * (x >= 0), ("g", "x"))
    record = reference_py.OPS["leaky_relu"]
    monkeypatch.setitem(record.rules, "x", rule)
    report = gradcheck(
        lambda x: tg.leaky_relu(x, 0.0), tensors(tg, [0.0, 1.0]), raise_exception=False, blame=False
    )
    assert [f.element for f in report.failures] == [(0,)]
    assert "right except at a kink, where the op's record says" in report.likely


def test_richardson_knows_its_error() -> None:
    for f, x, true in ((np.exp, 1.0, math.e), (np.sin, 1e-3, math.cos(1e-3)), (np.log, 1e-6, 1e6)):
        with np.errstate(all="ignore"):  # log meets negative numbers while the steps are large
            found = slope(lambda h, f=f, x=x: (float(f(x + h)), abs(float(f(x)))), first_step(x), 2.3e-16)
        assert abs(found.value - true) <= 20 * found.error
        assert abs(found.value - true) < 1e-8 * abs(true)
        assert not found.kink


@pytest.mark.parametrize("distance", [0.0, 1e-9, 3e-7, 1e-5, 1e-2])
def test_kinks_are_smelled(distance: float) -> None:
    def line(h: float) -> tuple[float, float]:
        return max(0.0, distance + h) + 0.3 * h, 1.0

    found = slope(line, first_step(1.0), 2.3e-16)
    assert found.kink == (distance < 1e-8)
    assert found.kink or abs(found.value - 1.3) < 1e-6


def test_second_order() -> None:
    report = gradcheck(lambda x, w: tg.tanh(x @ w).sum(0), tensors(tg, X, W), order=2)
    assert report.second is not None
    assert report.second.checks == 12 + 8 + 2

    class Once(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.exp()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0].detach().exp()

    report = gradcheck(Once.apply, tensors(tg, [1.0, 2.0]), order=2, blame=True, raise_exception=False)
    assert not report
    assert not report.inputs[0].failures
    assert report.blame is not None
    assert report.blame.op == "Once"


def test_given_tolerances_and_step() -> None:
    class Rough(tg.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2.0001

    inputs = tensors(tg, [1.0, 2.0])
    assert not gradcheck(Rough.apply, inputs, raise_exception=False)
    assert gradcheck(Rough.apply, inputs, atol=1e-5, rtol=1e-3)
    assert gradcheck(lambda x: tg.exp(x), inputs, eps=1e-6, atol=1e-5, rtol=1e-3)


# ---- other engines ----
def test_a_rule_by_hand_on_arrays() -> None:
    right = by_hand(lambda g, x, w: (g @ w.T, x.T @ g))
    wrong = by_hand(lambda g, x, w: (g @ w.T, (g.T @ x).reshape(4, 2)))
    report = gradcheck(lambda x, w: x @ w, [X, W], engine=right)
    assert "run on complex arrays" in report.oracle
    report = gradcheck(lambda x, w: x @ w, [X, W], engine=wrong, raise_exception=False)
    assert "a reshape where a transpose belongs" in report.likely
    masked = by_hand(lambda g, x: g * (x > 0))
    assert gradcheck(lambda x: np.where(x > 0, x, 0), [X], engine=masked)
    assert gradcheck(lambda x: np.maximum(np.abs(x), 0), [X], engine=by_hand(lambda g, x: g * np.sign(x)))


class Toy(Adapter):
    """An engine of one's own, in a few lines: dual numbers in the skin of reverse mode."""

    name = "toy"

    class Tensor:
        def __init__(self, value: Any, slope: float = 1.0) -> None:
            self.value, self.slope = np.asarray(value, float), slope

        def __mul__(self, number: float) -> Toy.Tensor:
            return Toy.Tensor(self.value * number, self.slope * number)

    def leaf(self, array: Any) -> Any:
        return Toy.Tensor(array)

    def array(self, tensor: Any) -> Any:
        return tensor.value

    def gradients(self, outputs: Any, leaves: Any, upstream: Any, create_graph: bool = False) -> Any:
        return [upstream[0] * outputs[0].slope]


def test_an_adapter_of_ones_own() -> None:
    report = gradcheck(lambda x: x * 3.0 * 2.0, [X], engine=Toy())
    assert report.engine == "toy"
    assert report.oracle.startswith("complex step on the function itself, run on reference_py's tensors")


def test_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    report = gradcheck(lambda x: torch.nn.functional.gelu(x).softmax(1) @ x.T, [x], order=2)
    assert report.oracle.startswith("complex step on reference_py's forward")
    assert gradcheck(torch.linalg.det, [x[:, :3].detach()]).oracle.startswith("Richardson")
    assert gradcheck(lambda x: torch.erf(x.float()).sum(), [x]).dtype in ("float32", "float64")


def test_scalar_values() -> None:
    value = scalar_cpp.Value
    report = gradcheck(lambda a, b: (a * b + b**3).relu() - a.exp() / b.tanh(), [value(2.0), value(-0.3)])
    assert report.checks == 2
    assert report.engine.endswith("Value")


# ---- the curve ----
def test_the_v_curve() -> None:
    curve = eps_sweep(np.exp, 1.0)
    (h_forward, e_forward), (h_central, e_central) = curve.best("forward"), curve.best("central")
    assert e_central < 1e-9 < 1e-6 > e_forward > e_central
    assert 1e-10 < h_forward < 1e-6 < h_central < 1e-3
    assert curve.best("complex")[1] < 1e-15
    assert eps_sweep(np.exp, 1.0, dtype=np.float32).best("central")[1] > 1e-7
    assert np.isnan(eps_sweep(lambda x: math.exp(x), 1.0).complex).all()


# ---- the command ----
def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["tanh", "relu", "argmax", "--engine", "all"]) == 0
    out = capsys.readouterr().out
    assert "9 of 9 right" in out
    assert "has no gradient" in out
    assert "\x1b" not in out
    assert main(["tanhh"]) == 2
    assert "did you mean 'tanh'?" in capsys.readouterr().err
    assert main(["--engine", "nothing"]) == 2
    assert main(["--eng", "all"]) == 2, "flags are taken whole"
    capsys.readouterr()
    rule = reference_py.registry.Rule(lambda g, z: g * z, ("g", "z"))
    monkeypatch.setitem(reference_py.OPS["tanh"].rules, "x", rule)
    assert main(["tanh", "--engine", "reference_py"]) == 1
    assert "WRONG" in capsys.readouterr().out
    assert main(["tanh", "--engine", "reference_py", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["ops"][0]["wrong"][0]["failures"]


def test_the_command_from_a_shell() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "trigrad.gradcheck", "exp"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "1 of 1 right" in run.stdout
