"""The numbers that are known beforehand are reached: T1 by hand, micrograd's and EurekaLabs' own figures."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from trigrad_bench import arrays
from trigrad_bench.engines.program import Program
from trigrad_bench.engines.protocol import Inputs
from trigrad_bench.workload import load, names

ENGINES = ["tensor_cpp", "reference_py"]
KNOWN = [n for n in names() if load(n).golden and load(n).family != "P1" and not n.endswith("float32")]


def program(name: str, engine: str) -> tuple[Any, arrays.Arrays, Program]:
    w, tg = load(name), importlib.import_module(f"trigrad.{engine}")
    made = arrays.make(w)
    inputs = Inputs(made.parameters, made.data, made.batches, made.lrs)
    return w, made, Program(tg, w.as_json(), inputs, "float64", tg.ORDERS[0])


def test_these_are_known() -> None:
    assert {n.partition(".")[0] for n in KNOWN} == {"T1", "T2", "T4", "M1", "M2", "E1", "M3"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", KNOWN)
def test_golden(name: str, engine: str) -> None:
    w, made, run = program(name, engine)
    if engine == "reference_py" and w.steps > 200:
        pytest.skip("20,000 steps in NumPy take too long here")
    golden = w.golden
    if golden.gradients:
        result = run.result()
        for key, value in golden.gradients.items():
            assert np.ravel(result[f"grad/{key}"]) == pytest.approx(np.ravel(value), rel=golden.rtol)
    if golden.losses:
        curve = run.losses(w.steps)
        for step, value in golden.losses.items():
            assert curve[int(step)] == pytest.approx(value, rel=golden.rtol), step
    if golden.parameters:
        run.reset()
        for k in range(w.steps):
            run.step(k)
        for key, value in golden.parameters.items():
            found = run.parameters[key].detach().numpy()
            assert np.ravel(found) == pytest.approx(np.ravel(value), rel=golden.rtol)
    if golden.validation:
        run.reset()
        tensor = run.tg.tensor
        batch = {"x": tensor(made.data["x_val"]), "y": tensor(made.data["y_val"])}
        assert run._loss(batch).item() == pytest.approx(golden.validation["0"], rel=golden.rtol)


def test_t1_by_hand() -> None:
    """w_k = 4 - 3 * 0.2^k: 3.4 after the first step."""
    w, _, run = program("T1", "reference_py")
    assert load("T1").golden.losses == pytest.approx({str(k): 36 * 0.04**k for k in range(4)}, rel=1e-12)
    for k in range(w.steps):
        assert run.parameters["w"].item() == pytest.approx(4 - 3 * 0.2**k, rel=1e-12)
        run.step(k)
    assert w.golden.parameters["w"] == pytest.approx(4 - 3 * 0.2**10, rel=1e-12)


def test_what_the_seeds_print() -> None:
    """The figures of README and notebooks, in the digits that they print."""
    assert f"{load('M1').golden.losses['0']:.4f}" == "24.7041"
    assert {n: f"{g:.4f}" for n, g in load("M1").golden.gradients.items()} == {
        "a": "138.8338",
        "b": "645.5773",
    }
    moons = load("M2").golden.losses
    assert (f"{moons['0']:.6f}", f"{moons['99']:.6f}") == ("0.895844", "0.010978")
    yin_yang = load("E1").golden
    assert (yin_yang.losses["0"], yin_yang.losses["99"]) == (1.0122152826497561, 0.03906091113485444)
    assert f"{yin_yang.validation['0']:.6f}" == "1.053898"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lattice_has_a_known_gradient(engine: str) -> None:
    """v = sqrt(u_i u_(i+1)) keeps the geometric mean G, where a deep lattice ends: dL/dx_i goes to G/x_i."""
    model = {"model": {"size": 4 * 200, "width": 4}}
    w, tg = load("lattice", model), importlib.import_module(f"trigrad.{engine}")
    made = arrays.make(w)
    inputs = Inputs(made.parameters, made.data, made.batches, made.lrs)
    result = Program(tg, w.as_json(), inputs, "float64", tg.ORDERS[0]).result()
    x = made.parameters["x"]
    mean = float(np.exp(np.log(x).mean()))
    assert result["loss"] == pytest.approx(4 * mean, rel=1e-12)
    assert result["grad/x"] == pytest.approx(mean / x, rel=1e-10)
