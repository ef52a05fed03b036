"""trigrad.compile among the rest: errors of the step, hooks, threads, memory, other engines.

Read before: test_compile.py.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import _core, nn, optim, reference_py, scalar_cpp
from trigrad.errors import ThreadError

from tests.memory import in_own_process, resident_kib
from tests.threads import elsewhere


@pytest.mark.parametrize("at", [0, 1, 5])
def test_an_error_in_the_step_is_the_steps_own(at: int) -> None:
    step = tg.compile(lambda x, y: nn.functional.cross_entropy(x, y))
    scores = tg.zeros(2, 3)
    for k in range(8):
        if k == at:
            with pytest.raises(IndexError, match="index 7 is out of range for size 3"):
                step(scores, tg.tensor([0, 7]))
        else:
            assert step(scores, tg.tensor([0, k % 3])).item() == pytest.approx(np.log(3))
    assert tg.is_grad_enabled()


def test_a_compiled_step_inside_another() -> None:
    inner = tg.compile(lambda x: x * 2)
    for _ in range(4):
        inner(tg.ones(1))
    outer = tg.compile(lambda x: inner(x) + 1)
    for k in range(5):
        assert outer(tg.full((1,), float(k))).item() == 2 * k + 1


def test_hooks_of_parameters_run_at_every_replay() -> None:
    w, seen = tg.ones(2, requires_grad=True), []
    w.register_hook(lambda g: seen.append(g.sum().item()))
    step = tg.compile(lambda x: (w * x).sum().backward())
    for _ in range(6):
        step(tg.ones(2))
    assert seen == [2.0] * 7  # one more for the check


def test_a_program_belongs_to_its_thread() -> None:
    step = tg.compile(lambda x: x * 2)
    for _ in range(4):
        step(tg.ones(1))
    with pytest.raises(ThreadError, match="recorded by another thread; compile one for each thread"):
        elsewhere(lambda: step(tg.ones(1)))
    assert step(tg.ones(1)).item() == 2


def test_other_threads_are_not_recorded() -> None:
    def step(x: Any) -> Any:
        assert elsewhere(lambda: (tg.ones(2) * 3).sum().item()) == 6  # reads, and may
        return x * 2

    compiled = tg.compile(step)
    for _ in range(4):
        assert compiled(tg.ones(1)).item() == 2
    assert len(compiled.programs[0]) == 1


def test_a_trainer_that_holds_its_step_is_collected() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.model = nn.Linear(2, 1)
            self.optimizer = optim.Adam(self.model.parameters())
            self.step = tg.compile(self.plain)

        def plain(self, x: Any) -> None:
            self.optimizer.zero_grad()
            self.model(x).sum().backward()
            self.optimizer.step()

    trainer = Trainer()
    for _ in range(6):
        trainer.step(tg.ones(1, 2))
    assert trainer.step.programs[0].checked
    gone = weakref.ref(trainer)
    del trainer
    gc.collect()
    assert gone() is None


@in_own_process
def test_memory_is_flat() -> None:
    tg.manual_seed(0)
    model = nn.MLP([64, 64, 10], dropout=0.1)
    optimizer = optim.AdamW(model.parameters())

    @tg.compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    x, y = tg.randn(32, 64), tg.randint(0, 10, (32,))
    for _ in range(200):
        step(x, y)
    calls, resident = _core.tensor._pool_counters()["system_calls"], resident_kib()
    for _ in range(2000):
        step(x, y)
    assert _core.tensor._pool_counters()["system_calls"] == calls
    assert resident_kib() - resident < 512


@pytest.mark.parametrize("engine", [reference_py, scalar_cpp], ids=["reference_py", "scalar_cpp"])
def test_elsewhere_a_compiled_step_is_the_step(engine: Any) -> None:
    def step(x: Any) -> Any:
        return (x * 2).sum().item()

    assert engine.compile(step) is step
    assert engine.compile(check=2)(step) is step


def test_what_is_no_function() -> None:
    with pytest.raises(TypeError, match="compile: a function is needed, not int"):
        tg.compile(3)  # type: ignore[call-overload]
