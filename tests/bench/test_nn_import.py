"""nn, optim and data: one source bound to each engine, loaded when asked for by the names that users type."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ["tensor_cpp", "scalar_cpp", "reference_py"]
PARTS = ["nn", "optim", "data"]


def in_new_python(code: str, cwd: Path | None = None) -> None:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd)
    assert result.returncode == 0, result.stderr


def modules(engine: str) -> list[Any]:
    found = []
    for part in PARTS:
        package = importlib.import_module(f"trigrad.{engine}.{part}")
        found.append(package)
        found += [
            importlib.import_module(m.name)
            for m in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
        ]
    return found


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    in_new_python(
        "import sys, trigrad as tg; from trigrad import scalar_cpp, reference_py\n"
        "assert not [m for m in sys.modules if m.endswith(('.nn', '.optim', '.data')) and 'trigrad' in m]\n"
        "assert {'nn', 'optim', 'data'} <= set(dir(tg)) & set(dir(scalar_cpp)) & set(dir(reference_py))\n"
        "assert tg.nn is tg.tensor_cpp.nn and tg.scalar_cpp.nn is not tg.nn\n"
        "from trigrad import *\n"
        "assert nn is tg.nn and optim is tg.optim and data is tg.data"
    )


def test_pytorchs_import_lines_work_and_load_nothing_twice() -> None:
    in_new_python(
        "import trigrad.nn as nn, trigrad.nn.functional as F, trigrad.optim.lr_scheduler as schedules\n"
        "from trigrad.data import DataLoader; from trigrad.nn.utils import clip_grad_norm_\n"
        "import trigrad as tg\n"
        "assert nn is tg.nn is tg.tensor_cpp.nn and F is tg.nn.functional\n"
        "assert nn.Module is tg.nn.module.Module\n"
        "assert schedules is tg.optim.lr_scheduler and DataLoader is tg.data.DataLoader"
    )


def test_reference_py_has_them_from_the_source_tree_alone() -> None:
    in_new_python(
        "import sys, reference_py as tg\n"
        "tg.optim.SGD(tg.nn.Linear(2, 1).parameters()).zero_grad()\n"
        "assert len(tg.data.TensorDataset(tg.ones(3))) == 3\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] == 'trigrad']",
        cwd=ROOT,
    )


@pytest.mark.parametrize("part", PARTS)
def test_every_engine_offers_the_same_names(part: str) -> None:
    found = {e: set(importlib.import_module(f"trigrad.{e}.{part}").__all__) for e in ENGINES}
    assert found["tensor_cpp"] == found["scalar_cpp"] == found["reference_py"]
    sources = {
        Path(importlib.import_module(f"trigrad.{e}.{part}").__file__ or "").read_text() for e in ENGINES
    }
    assert len(sources) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_is_bound_to_its_own_engine(engine: str) -> None:
    tg = importlib.import_module(f"trigrad.{engine}")
    for module in modules(engine):
        assert getattr(module, "tg", tg) is tg
    assert issubclass(tg.nn.Parameter, tg.Tensor)
    with pytest.raises(AttributeError, match=rf"module 'trigrad.{engine}' has no attribute 'nothing'"):
        _ = tg.nothing


def test_all_that_is_public_is_documented_and_its_examples_run() -> None:
    tg = importlib.import_module("trigrad.tensor_cpp")
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for module in modules("tensor_cpp"):
        assert module.__doc__
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) == module.__name__ and not name.startswith("_"):
                assert inspect.getdoc(thing), f"{module.__name__}.{name}"
        for test in doctest.DocTestFinder().find(module, extraglobs={"tg": tg, "np": np}):
            runner.run(test)
    assert runner.tries > 20
    assert runner.failures == 0


def test_files_are_short_and_say_why_they_exist() -> None:
    for path in (ROOT / "bindings" / "surface").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""'), path
        assert text.count("\n") < 300, path
