"""Every public name is documented, and every example in a docstring runs.

Why it exists: help(tg.sum) is the first page a learner reads; an example that no longer runs is worse
than none."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import trigrad as tg

PLAIN = {"ORDERS", "bool", "float32", "float64", "int64"}  # values, not functions


def documented() -> Iterator[tuple[str, Any]]:
    """Functions and classes of the surface, and what is public in the classes."""
    found = {name: getattr(tg.tensor_cpp, name) for name in tg.tensor_cpp.__all__ if name not in PLAIN}
    found["from_dlpack"] = tg.tensor_cpp.from_dlpack
    for module in ("autograd", "func"):
        inner = vars(getattr(tg, module)).items()
        found |= {
            f"{module}.{n}": v
            for n, v in inner
            if inspect.isfunction(v) and v.__module__.endswith(module) and n[0] != "_"
        }
    for cls in ("Tensor", "Generator", "Function", "GradFn"):
        owner = getattr(tg.tensor_cpp._core, cls, None) or found[cls]
        found |= {f"{cls}.{n}": v for n, v in vars(owner).items() if not n.startswith("_") and n != "engine"}
    yield from sorted(found.items())


NAMES = dict(documented())


def doc_of(thing: Any) -> str:
    return inspect.getdoc(thing) or getattr(thing, "__doc__", None) or ""


def own_words(thing: Any) -> str:
    """Without the signature that pybind11 puts first."""
    first, _, rest = doc_of(thing).partition("\n")
    return rest.strip() if "(" in first and "->" in first else (first + rest).strip()


def test_everything_has_a_docstring() -> None:
    assert len(NAMES) > 250
    assert not [name for name, thing in NAMES.items() if len(own_words(thing)) < 5]


def test_elementwise_docstrings_state_the_records_facts() -> None:
    for record in tg.ops():
        name = record["name"]
        if record["kind"] != "elementwise" or name in ("clamp", "where", "gelu", "gelu_tanh"):
            continue
        text = own_words(getattr(tg, name))
        assert record["formula"] in text, name
        assert (record["vjp"] or "none") in text, name


EXAMPLES = [name for name, thing in NAMES.items() if ">>>" in doc_of(thing)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name: str) -> None:
    names = {"tg": tg, "np": np}
    test = doctest.DocTestParser().get_doctest(doc_of(NAMES[name]), names, name, None, 0)
    printed: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=printed.append)
    assert result.attempted > 0
    assert not result.failed, "".join(printed)


def test_there_are_examples_for_what_matters() -> None:
    wanted = """tensor from_numpy where sum max matmul einsum linear cat gather cross_entropy manual_seed
    no_grad
        Function Tensor Tensor.backward Tensor.register_hook Tensor.retain_grad Tensor.numpy
        autograd.grad func.grad
        func.value_and_grad detect_anomaly to_dot""".split()
    assert not set(wanted) - set(EXAMPLES)
