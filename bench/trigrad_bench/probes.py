"""Small questions to an engine besides workloads: one operation's cost, depth, matrix products.

Why it exists: binding cost per operation, the price of recursion and the speed of products explain most of
what the workloads show. These run in the engine's own process (worker.py, verb "probe").
Read next: sweeps.py (who asks).
"""

from __future__ import annotations

import collections
import gc
import itertools
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .engines.program import collect_garbage
from .stackmeter import stack_bytes

Answer = dict[str, Any]


def answer(engine: Any, question: dict[str, Any]) -> Answer:
    """The answer; NotImplementedError for engines that cannot be asked."""
    asks: dict[str, Callable[[Any, dict[str, Any]], Answer]] = {
        "op_cost": op_cost,
        "depth": depth,
        "gemm": gemm,
        "product": product,
        "backends": backends,
        "move": move,
        "operator": operator,
        "as_shipped": as_shipped,
    }
    return asks[question["what"]](engine, question)


def module_of(engine: Any) -> Any:
    """The tensor module that the engine drives: trigrad's, or torch."""
    if hasattr(engine, "tg"):
        return engine.tg
    if getattr(engine, "name", "") == "torch":
        import torch

        return torch
    raise NotImplementedError("probes are for trigrad's engines and torch")


def sweep_of(engine: Any) -> Callable[[Any], None]:
    """backward in the engine's order."""
    if hasattr(engine, "order"):
        return lambda loss: loss.backward(order=engine.order)
    return lambda loss: loss.backward()


def op_cost(engine: Any, question: dict[str, Any]) -> Answer:
    """Nanoseconds per addition of a chain, forward and backward."""
    tg, backward = module_of(engine), sweep_of(engine)
    length, n = question["length"], question["n"]
    x = tg.tensor(np.ones(question["elements"]), requires_grad=True)
    forward_ns = backward_ns = 0
    for _ in range(n):
        x.grad = None
        start = time.perf_counter_ns()
        y = x
        for _ in range(length):
            y = y + x
        middle = time.perf_counter_ns()
        loss = y.sum()
        before = time.perf_counter_ns()
        backward(loss)
        backward_ns += time.perf_counter_ns() - before
        forward_ns += middle - start
    return {"forward_ns": forward_ns / n / length, "backward_ns": backward_ns / n / length}


def depth(engine: Any, question: dict[str, Any]) -> Answer:
    """backward through a chain of that depth: time and stack, or how deep the order came."""
    tg, backward = module_of(engine), sweep_of(engine)
    x = tg.tensor(np.ones(1), requires_grad=True)
    best, stack = 0, 0
    for k in range(question["n"]):
        y = x
        for _ in range(question["depth"]):
            y = y + 1.0
        loss = y.sum()
        start = time.perf_counter_ns()
        try:
            if k == 0:  # the first is not timed: it measures the stack
                stack = stack_bytes(lambda loss=loss: backward(loss))  # type: ignore[misc]
                continue
            backward(loss)
        except RecursionError as error:
            found = re.search(r"depth (\d+)", str(error))
            return {
                "status": "depth_error",
                "limit": int(found[1]) if found else 0,
                "ns": None,
                "stack_bytes": None,
            }
        ns = time.perf_counter_ns() - start
        best = ns if not best else min(best, ns)
    return {"status": "ok", "limit": None, "ns": best, "stack_bytes": stack}


def gemm(engine: Any, question: dict[str, Any]) -> Answer:
    """GFLOP/s of a float32 product; the letters of the case say which side is transposed."""
    tg, (m, n, k) = module_of(engine), question["shape"]
    left = np.ones((m, k) if question["case"][0] == "N" else (k, m), np.float32)
    right = np.ones((k, n) if question["case"][1] == "N" else (n, k), np.float32)
    a, b = tg.tensor(left), tg.tensor(right)
    a = a if question["case"][0] == "N" else a.T
    b = b if question["case"][1] == "N" else b.T
    repeats = question["n"]
    with tg.no_grad():
        start = time.perf_counter_ns()
        for _ in range(repeats):
            tg.matmul(a, b)
        ns = time.perf_counter_ns() - start
    return {"gflops": 2 * m * n * k * repeats / ns, "ns": ns}


def product(engine: Any, question: dict[str, Any]) -> Answer:
    """A product as its library's user writes it, into a result that exists where that can be said.

    "weights" is how many different weights the repeats go through: native/probe.hpp says why.
    """
    tg, (m, n, k), case = module_of(engine), question["shape"], question["case"]
    numpy = tg.__name__.endswith("reference_py")  # NumPy is what multiplies there

    def operand(rows: int, columns: int, how: str) -> Any:
        lies = np.ones((rows, columns) if how == "N" else (columns, rows), question["dtype"])
        matrix = lies if numpy else tg.tensor(lies)
        return matrix if how == "N" else matrix.T

    weights = question.get("weights", 1)
    results, rights = (weights, 1) if case == "TN" else (1, weights)
    a, b = operand(m, k, case[0]), itertools.cycle([operand(k, n, case[1]) for _ in range(rights)])
    if numpy or tg.__name__ == "torch":
        multiply = (np if numpy else tg).matmul
        out = itertools.cycle([operand(m, n, "N") for _ in range(results)])
        return {"ns": repeated(lambda: multiply(a, next(b), out=next(out)), question["n"])}
    before, kept = tg.gemm_backend(), collections.deque([None], maxlen=results)
    tg.set_gemm_backend(question.get("backend", before))
    try:
        with tg.no_grad():
            return {"ns": repeated(lambda: kept.append(tg.matmul(a, next(b))), question["n"])}
    finally:
        tg.set_gemm_backend(before)


def repeated(call: Callable[[], Any], n: int) -> int:
    """Nanoseconds of n calls."""
    start = time.perf_counter_ns()
    for _ in range(n):
        call()
    return time.perf_counter_ns() - start


def backends(engine: Any, question: dict[str, Any]) -> Answer:
    """Who can multiply matrices in tensor_cpp, and who does now; `choose` changes that for this process."""
    tg = module_of(engine)
    if "choose" in question:
        tg.set_gemm_backend(question["choose"])
    return {"backends": tg.gemm_backends(), "chosen": tg.gemm_backend()}


def move(engine: Any, question: dict[str, Any]) -> Answer:
    """Half of so many bytes added to the other half: all are read, and half is written where it lies."""
    source = np.ones(max(1, question["bytes"] // 8), np.float32)
    target = np.ones_like(source)
    return {"ns": repeated(lambda: np.add(target, source, out=target), question["n"])}


def operator(engine: Any, question: dict[str, Any]) -> Answer:
    """An addition of two Values in a chain of a hundred, recorded; n chains, one after another."""
    x = y = value_of(engine)(1.0)
    start = time.perf_counter_ns()
    for _ in range(question["n"]):
        y = x
        for _ in range(100):
            y = y + x
    ns = time.perf_counter_ns() - start
    del y
    gc.collect()  # micrograd's graphs are cycles
    return {"ns": ns / 100}


def as_shipped(engine: Any, question: dict[str, Any]) -> Answer:
    """n training steps with Python's cyclic collector on, as it is where nobody switches it off.

    What the steps leave behind is left to it; one step comes before, so that the first finds some, too.
    """
    value_of(engine)
    engine.reset()
    gc.unfreeze()
    gc.enable()
    try:
        for k in range(-1, question["n"]):
            if k == 0:
                start = time.perf_counter_ns()
            engine.grad(max(k, 0))
            engine.update(max(k, 0))
        return {"ns": time.perf_counter_ns() - start}
    finally:
        collect_garbage()


def value_of(engine: Any) -> Callable[[float], Any]:
    """The class of an engine whose numbers are objects of Python."""
    if not hasattr(engine, "value"):
        raise NotImplementedError("this probe is for engines of Values: scalar_cpp.value and micrograd")
    found: Callable[[float], Any] = engine.value
    return found
