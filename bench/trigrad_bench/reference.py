"""The float64 reference that everybody is held against, computed anew in every run.

Why it exists: the gate needs a witness that shares no code with the engines under test. For most workloads
that is reference_py in its stack order, in a process of its own; graphs of up to ten million nodes are
differentiated by hand here, because a graph of NumPy scalars of that size would take minutes.
Read before: gate.py. Read next: run.py.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Arrays
from .engines.formulas import EVERY
from .members import Job, Member
from .process import EngineError

Array = NDArray[Any]
ENGINE = "reference_py.stack"
HALF_ULP = 2.0**-24  # of float32, relative
ROUNDED_STARTS = 4


class NoReferenceError(RuntimeError):
    """There is nothing to compare with, so nothing may be timed."""


class Reference:
    """Loss, gradients and training curve of a workload in float64."""

    def __init__(self, job: Job, arrays: Arrays, folder: Path) -> None:
        self.job, self.arrays, self.folder = job, arrays, folder
        self.curve: list[float] = []
        self.perturbed: list[float] = []
        self._rounded: list[list[float]] = []
        self.first = self._first()

    def _member(self, arrays: Path) -> Member:
        job = self.job
        member = Member(ENGINE, dataclasses.replace(job, arrays=arrays, dtype="float64"), "reference")
        try:
            member.process = job.pool.take(ENGINE, job.threads, job.cores, member.role)
            member.ask("setup", workload=job.spec, arrays=str(arrays), dtype="float64", threads=job.threads)
        except EngineError as failure:
            member.close()
            raise NoReferenceError(f"{ENGINE}: {failure.reason}") from failure
        return member

    def _first(self) -> dict[str, Array]:
        if self.job.spec["model"]["kind"] == "graph":
            return by_hand(self.job.spec["model"], self.arrays.parameters)
        member = self._member(self.job.arrays)
        try:
            return member.result()
        except EngineError as failure:
            raise NoReferenceError(f"{ENGINE}: {failure.reason}") from failure
        finally:
            member.release()

    def curves(self, seconds: float, steps: int) -> None:
        """The training curve, and that of a start one ulp beside it; steps that fit into the seconds."""
        member = self._member(self.job.arrays)
        try:
            steps = affordable(member, seconds, steps)
            self.curve = list(member.ask("losses", steps=steps)["losses"])
        except EngineError as failure:
            raise NoReferenceError(f"{ENGINE}: {failure.reason}") from failure
        finally:
            member.release()
        self.perturbed = self._from(
            {name: np.nextafter(a, np.inf) for name, a in self.arrays.parameters.items()}
        )

    def rounded_starts(self) -> list[list[float]]:
        """Training curves from starts that every number rounded to float32 might have had."""
        rng = np.random.default_rng(0)
        while len(self._rounded) < ROUNDED_STARTS:
            signs = {n: rng.integers(-1, 2, a.shape) for n, a in self.arrays.parameters.items()}
            moved = {n: a * (1 + HALF_ULP * signs[n]) for n, a in self.arrays.parameters.items()}
            self._rounded.append(self._from(moved))
        return self._rounded

    def _from(self, parameters: Mapping[str, Array]) -> list[float]:
        """The training curve of another start."""
        path = self.folder / "other start"
        Arrays(dict(parameters), self.arrays.data, self.arrays.batches, self.arrays.lrs).write(path)
        member = self._member(path)
        try:
            return list(member.ask("losses", steps=len(self.curve))["losses"])
        except EngineError as failure:
            raise NoReferenceError(f"{ENGINE}: {failure.reason}") from failure
        finally:
            member.release()
            path.unlink(missing_ok=True)


def affordable(member: Member, seconds: float, steps: int) -> int:
    """How many training steps fit into the seconds, at least one."""
    each = member.block("step", 1) / 1e9
    return max(1, min(steps, int(seconds / each)))


def by_hand(model: Mapping[str, Any], parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Loss and gradients of the graph workloads, written out."""
    rules = {"chain": chain, "fan_in": fan_in, "lattice": lattice}
    return rules[model["shape"]](model, parameters)


def chain(model: Mapping[str, Any], p: Mapping[str, Array]) -> dict[str, Array]:
    """v a + b, tanh of every tenth, backwards through the values kept on the way."""
    v, a, b = float(p["x"]), float(p["a"]), float(p["b"])
    before, slopes = [], []
    for k in range(1, model["size"] + 1):
        before.append(v)
        v = v * a + b
        if k % EVERY == 0:
            v = math.tanh(v)
            slopes.append(1 - v * v)
    loss, g, ga, gb = v, 1.0, 0.0, 0.0
    for k in range(model["size"], 0, -1):
        if k % EVERY == 0:
            g *= slopes[k // EVERY - 1]
        ga += g * before[k - 1]
        gb += g
        g *= a
    found = {"loss": loss, "grad/x": g, "grad/a": ga, "grad/b": gb}
    return {name: np.asarray(value, np.float64) for name, value in found.items()}


def fan_in(model: Mapping[str, Any], p: Mapping[str, Array]) -> dict[str, Array]:
    """The sum of exp(x) y."""
    e = np.exp(p["x"])
    return {"loss": np.asarray(np.sum(e * p["y"])), "grad/x": e * p["y"], "grad/y": e}


def lattice(model: Mapping[str, Any], p: Mapping[str, Array]) -> dict[str, Array]:
    """v_i = sqrt(u_i u_(i+1)) in a ring, layer on layer; dv_i/du_i = v_i / (2 u_i)."""
    values = [np.asarray(p["x"])]
    for _ in range(max(1, model["size"] // model["width"])):
        values.append(np.sqrt(values[-1] * np.roll(values[-1], -1)))
    g = np.ones_like(values[-1])
    for below, v in zip(values[-2::-1], values[:0:-1], strict=True):
        half = g * v / 2
        g = half / below + np.roll(half / np.roll(below, -1), 1)
    return {"loss": np.asarray(values[-1].sum()), "grad/x": g}
