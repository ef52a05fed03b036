"""trigrad.compile: what it cannot replay raises, and says what to do instead.

Why it exists: a replay that is only nearly right would spoil a training run without a sound.
Read before: test_compile.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import optim
from trigrad.errors import CaptureError


class Square(tg.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * ctx.saved_tensors[0]


READING = (
    r"were read \(item\(\), numpy\(\), print, bool\(\), if\) "
    r".*test_compile_refusals.py:\d+: .*return the tensor"
)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "item": (lambda x: x.sum().item(), READING),
    "float": (lambda x: float(x.sum()), READING),
    "if": (lambda x: x * 2 if x.sum() > 0 else x, READING),
    "numpy": (lambda x: (x * 2).numpy(), READING),
    "print": (lambda x: print(x), READING),
    "tolist": (lambda x: (x * 2).tolist(), READING),
    "asarray": (lambda x: np.asarray(x * 2), READING),
    "data_ptr": (lambda x: x.data_ptr(), READING),
    "mask": (lambda x: x[x > 0], READING),
    "setitem": (lambda x: x.__setitem__([0], 1.0), READING),
    "hook": (
        lambda x: x.clone().requires_grad_().register_hook(abs),
        "register_hook was called .*before the first",
    ),
    "function": (
        lambda x: Square.apply(x.clone().requires_grad_()),
        "Square, a Function of your own, was called",
    ),
    "result": (lambda x: object(), "returned something of type object; return tensors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_replayed_raises_at_the_first_call(name: str) -> None:
    step, message = REFUSED[name]
    compiled = tg.compile(step)
    with pytest.raises(CaptureError, match=message):
        compiled(tg.ones(3))
    assert not compiled.programs
    assert (tg.ones(3) * 2).sum().item() == 6  # nothing records any more


def test_a_refusal_that_the_step_swallows_is_raised_at_its_end() -> None:
    @tg.compile
    def step(x: Any) -> Any:
        try:
            return x * x.sum().item()
        except CaptureError:
            return x

    with pytest.raises(CaptureError, match="were read"):
        step(tg.ones(3))


def test_an_array_is_no_argument() -> None:
    with pytest.raises(CaptureError, match=r"type numpy.ndarray .*pass tensors"):
        tg.compile(lambda x: tg.tensor(x))(np.ones(2))


def test_a_scheduler_belongs_behind_the_step() -> None:
    optimizer = optim.SGD([tg.ones(2, requires_grad=True)], lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1)

    @tg.compile
    def step() -> None:
        optimizer.step()
        scheduler.step()

    with pytest.raises(CaptureError, match=r"StepLR.step\(\) was called inside the step; call it after"):
        step()


def counting() -> Any:
    seen: list[int] = []
    return lambda x: (seen.append(1), x * len(seen))[1]


def keeping() -> Any:
    kept = [tg.zeros(3)]

    def step(x: Any) -> Any:
        kept[0] = kept[0] * 0.5 + x
        return kept[0]

    return step


def drawing() -> Any:
    return lambda x: x + tg.tensor(np.random.default_rng().random(3))


@pytest.mark.parametrize("make", [counting, keeping, drawing])
def test_a_step_that_python_steers_differs_from_its_replay(make: Callable[[], Any]) -> None:
    eager, step = make(), tg.compile(make())
    step(tg.ones(3))
    eager(tg.ones(3))
    with pytest.raises(CaptureError, match="the step and its replay differ in result 0"):
        step(tg.ones(3))
    assert not step.programs


def test_the_check_names_what_differs() -> None:
    w, numbers = tg.ones(2, 3, requires_grad=True), iter(range(1, 9))

    @tg.compile
    def step() -> None:
        w.grad = None
        (w * next(numbers)).sum().backward()

    step()
    with pytest.raises(
        CaptureError, match=r"the gradient of captured tensor 0 \(shape \(2, 3\), requires grad"
    ):
        step()
    assert w.grad.tolist() == [[2.0] * 3] * 2  # what the step itself did stays


def test_a_variable_that_the_step_changes() -> None:
    class Trainer:
        done = 0

        def step(self, x: Any) -> Any:
            self.done += 1
            return x * 2

    trainer = Trainer()
    step = tg.compile(trainer.step)
    for _ in range(4):
        step(tg.ones(1))
    with pytest.raises(CaptureError, match="cannot be replayed: 'done' changed in it, at every call"):
        step(tg.ones(1))


def test_variables_are_part_of_what_was_recorded() -> None:
    factor = 2

    @tg.compile
    def step(x: Any) -> Any:
        return x * factor

    for _ in range(4):
        assert step(tg.ones(1)).item() == 2
    factor = 5
    assert step(tg.ones(1)).item() == 5


def test_too_many_programs() -> None:
    @tg.compile(max_programs=3)
    def step(x: Any, k: int) -> Any:
        return x * k

    for k in range(3):
        step(tg.ones(1), k)
    with pytest.raises(CaptureError, match="step was recorded 3 times, and this call fits none"):
        step(tg.ones(1), 3)
    assert step(tg.ones(1), 2).item() == 2
