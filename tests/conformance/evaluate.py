"""Runs one case on one engine: values, gradients by every road, second derivatives.

Why it exists: test_ops.py, test_derivatives.py and the mutation tests must do exactly the same to an engine.
Read engines.py before, test_ops.py after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .calls import Input
from .compare import mismatch, same_bits
from .engines import Engine
from .golden import Stored, golden
from .samples import Case, weights
from .tolerance import longest_sum


@dataclass
class Result:
    """What an engine answered, as arrays."""

    outputs: list[np.ndarray]
    dtypes: list[str]
    grads: list[np.ndarray | None]


def held(engine: Engine, inputs: list[Input], dtype: str, wanted: list[int]) -> list[Any]:
    """The tensors of a case's inputs; views keep their gradient."""
    tensors = []
    for k, x in enumerate(inputs):
        leaf, view = engine.held(x, dtype, k in wanted)
        if view is not leaf and k in wanted:
            view.retain_grad()
        tensors.append(view)
    return tensors


def wanted_inputs(case: Case) -> list[int]:
    """Which inputs get a gradient."""
    return [k for k, x in enumerate(case.inputs) if x.differentiable and case.gradient != "none"]


def first_order(engine: Engine, case: Case, dtype: str, order: str, answer: Stored) -> Result:
    """Values and gradients: by backward() for one output, by autograd.grad for several."""
    wanted = wanted_inputs(case)
    tensors = held(engine, case.inputs, dtype, wanted)
    outs = engine.call(case.call, tensors)
    live = [k for k, g in enumerate(answer.upstream) if g is not None]
    grads: list[np.ndarray | None] = [None] * len(tensors)
    for k, z in enumerate(outs):
        if z.requires_grad != (k in live):
            raise AssertionError(f"output {k} has requires_grad={z.requires_grad}, expected {k in live}")
    gs = [engine.tensor(answer.upstream[k], dtype) for k in live]
    if len(outs) == 1 and live:
        engine.backward(outs[0], gs[0], order)
        found = [tensors[k].grad for k in wanted]
    elif live:
        found = engine.grad([outs[k] for k in live], [tensors[k] for k in wanted], gs, order)
    else:
        found = []
    for k, d in zip(wanted, found, strict=False):
        grads[k] = np.zeros(case.inputs[k].shape, dtype) if d is None else engine.array(d)
        if d is not None and engine.dtype_of(d) != dtype:
            raise AssertionError(f"gradient of input {k} has dtype {engine.dtype_of(d)}, expected {dtype}")
    return Result([engine.array(z) for z in outs], [engine.dtype_of(z) for z in outs], grads)


def second_order(engine: Engine, case: Case, answer: Stored) -> list[np.ndarray | None]:
    """The gradient of sum over inputs <weights, gradient>, as oracle.Answer.second, in float64."""
    wanted = wanted_inputs(case)
    live = [k for k, g in enumerate(answer.upstream) if g is not None]
    tensors = held(engine, case.inputs, "float64", wanted)
    outs = engine.call(case.call, tensors)
    gs = [engine.tensor(answer.upstream[k], "float64", True) for k in live]
    ins = [tensors[k] for k in wanted]
    first = engine.grad([outs[k] for k in live], ins, gs, create_graph=True)
    total = None
    for k, d in zip(wanted, first, strict=True):
        if d is not None and d.requires_grad:
            part = (d * engine.tensor(weights(case, k, case.inputs[k].shape), "float64")).sum()
            total = part if total is None else total + part
    places = wanted + [len(tensors) + k for k in live]
    found: list[np.ndarray | None] = [None] * (len(tensors) + len(outs))
    one = engine.tensor(np.array(1.0), "float64")
    twice = [None] * len(places) if total is None else engine.grad([total], ins + gs, [one])
    for place, x, d in zip(places, ins + gs, twice, strict=True):
        found[place] = np.zeros(tuple(x.shape)) if d is None else engine.array(d)
    return found


def check_case(engine: Engine, case: Case, dtype: str) -> tuple[int, list[str]]:
    """All comparisons of a case in one dtype: how many were made, and a line for each that failed."""
    answer = golden(case)
    shapes = [x.shape for x in case.inputs] + [z.shape for z in answer.outputs if z is not None]
    terms = longest_sum(shapes)
    peak = max((float(np.abs(g).max(initial=0)) for g in answer.upstream if g is not None), default=0.0)
    checks, wrong, where = 0, [], f"{engine.id} {case.key} {dtype}"
    kept: dict[str, Result] = {}

    def compare(what: str, got: Any, expected: Any, part: str, k: int, floor: float) -> None:
        nonlocal checks
        checks += 1
        cond = answer.cond[part][k]
        if case.edge and expected is not None and got is not None and got.shape == expected.shape:
            expected = np.where(free(case, answer, dtype, part, k, expected), got, expected)
        if expected is None or got is None:
            found = (
                None
                if expected is got
                else f"{what}: {got if expected is None else 'None'} where the oracle has "
            )
            found = found and found + ("no gradient" if expected is None else "a gradient")
        else:
            found = mismatch(
                what, got, expected, dtype, terms=terms, cond=cond, floor=floor, elementwise=case.edge
            )
        if found:
            wrong.append(f"{where}: {found}")

    if engine.excused(case, dtype):
        return 0, []
    for order in engine.orders:
        try:
            kept[order] = result = first_order(engine, case, dtype, order, answer)
        except Exception as e:  # one line per case, whatever an engine does
            wrong.append(f"{where}: order {order} raised {type(e).__name__}: {e}")
            continue
        if len(result.outputs) != len(answer.outputs):
            wrong.append(f"{where}: {len(result.outputs)} outputs, expected {len(answer.outputs)}")
            continue
        for k, expected in enumerate(answer.outputs):
            assert expected is not None
            name = dtype if expected.dtype.kind == "f" else str(expected.dtype)
            if result.dtypes[k] != name:
                wrong.append(f"{where}: output {k} has dtype {result.dtypes[k]}, expected {name}")
            compare(f"output {k}", result.outputs[k], expected, "outputs", k, 0.0)
        for k, grad in enumerate(answer.grads):
            compare(f"gradient of input {k} ({order})", result.grads[k], grad, "grads", k, peak)
    if {"recursive", "stack"} <= kept.keys():
        for k, (a, b) in enumerate(zip(kept["recursive"].grads, kept["stack"].grads, strict=True)):
            checks += 1
            if a is not None and b is not None and not same_bits(a, b):
                wrong.append(f"{where}: gradient of input {k}: recursive and stack differ in bits")
    if engine.second_order and dtype == "float64" and any(g is not None for g in answer.upstream) and kept:
        try:
            second = second_order(engine, case, answer)
        except Exception as e:
            return checks, [*wrong, f"{where}: second order raised {type(e).__name__}: {e}"]
        names = [f"input {k}" for k in range(len(case.inputs))] + [
            f"upstream {k}" for k in range(len(answer.outputs))
        ]
        for k, expected in enumerate(answer.second):
            if case.edge and expected is not None and engine.has_surface:
                expected = decided(expected, second[k], answer, case)
            compare(f"second derivative by {names[k]}", second[k], expected, "second", k, 2 * peak)
    return checks, wrong


def free(case: Case, answer: Stored, dtype: str, part: str, k: int, expected: np.ndarray) -> np.ndarray:
    """Edge points at which nothing is demanded of an array.

    Where PyTorch has no single answer. And gradients: at an input that is subnormal in the engine's dtype,
    since rules may pass through its reciprocal, which that dtype cannot hold; outside an op's domain, where
    the value is NaN although no input is; and where a structural op of PyTorch gives NaN, as amax does for
    all neighbours of a NaN.
    """
    mask = np.zeros(expected.shape, dtype=bool)
    places = answer.undecided.get(part)
    if places is not None:
        mask.flat[places[k]] = True
    if part == "outputs" or expected.dtype.kind != "f":
        return mask
    if case.record["kind"] != "elementwise":
        return np.asarray(mask | np.isnan(expected))
    floats = [x.data for x in case.inputs if x.kind == "f" and x.data.shape == expected.shape]
    for x in floats:
        mask |= (x != 0) & (np.abs(x) < np.finfo(dtype).tiny)
    value = answer.outputs[0]
    if value is not None and value.dtype.kind == "f" and value.shape == expected.shape:
        mask |= np.isnan(value) & ~np.any([np.isnan(x) for x in floats], axis=0)
    return mask


def decided(expected: np.ndarray, got: np.ndarray | None, answer: Stored, case: Case) -> np.ndarray:
    """The second derivative that is demanded at edge points.

    PyTorch's own rules give NaN at places where inputs, value and gradient are finite (pow(0, 3) by y, elu''
    at 800), and at a kink the second derivative is nobody's: there any number will do, NaN will not. Where
    input, value or gradient are infinite or NaN already, nothing is demanded.
    """
    if got is None or got.shape != expected.shape:
        return expected
    clean, kink = np.ones(expected.shape, dtype=bool), np.zeros(expected.shape, dtype=bool)
    for known in [*answer.outputs, *answer.grads, *(x.data for x in case.inputs)]:
        if known is not None and known.dtype.kind == "f":
            finite = np.isfinite(known)
            clean &= finite if known.shape == expected.shape else finite.all()
    special = [
        v for v in [*case.record.get("kinks", []), *case.attrs.values()] if isinstance(v, (int, float))
    ]
    for x in case.inputs:
        if x.data.shape == expected.shape:
            kink |= np.isin(x.data, special)
    unknown = clean & (kink | ~np.isfinite(expected))
    return np.where(~clean, got, np.where(unknown & ~np.isnan(got), got, np.where(unknown, 0.0, expected)))
