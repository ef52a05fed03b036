"""trigrad.compile: a replay does what the step does, bit for bit, or an error says why not.

Why it exists: a replay that is only nearly right would spoil a training run without a sound. So every sort of
step that compile() takes runs beside its eager twin.
Read next: test_compile_refusals.py (what it cannot take), test_compile_around.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import nn, optim

STEPS = 50
OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "adam": lambda p: optim.Adam(p, lr=0.02, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.02),
}


def train(
    compiled: bool, optimiser: str, *, dropout: float = 0.0, clip: bool = False, schedule: bool = False
) -> Any:
    """Losses, parameters, the optimiser's state and the generator's after STEPS steps; two batch sizes."""
    generator = tg.manual_seed(3)
    model = nn.MLP([8, 16, 4], "relu", dropout=dropout)
    optimizer = OPTIMISERS[optimiser](model.parameters())
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch) if schedule else None

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return loss

    called: Any = tg.compile(step) if compiled else step
    numbers = np.random.default_rng(0)
    losses = []
    for k in range(STEPS):
        batch = 32 if k % 5 else 17
        x = tg.tensor(numbers.standard_normal((batch, 8)).astype("float32"))
        losses.append(called(x, tg.tensor(numbers.integers(0, 4, batch))).item())
        if scheduler:
            scheduler.step()
    if compiled:
        assert len(called.programs) == 2
        assert all(program.checked for program in called.programs)
    state = optimizer.state_dict()
    own = [lists(value) for kept in state["state"].values() for value in kept.values()]
    return losses, [p.tolist() for p in model.parameters()], own, generator.get_state()


EXTRAS: dict[str, dict[str, Any]] = {
    "plain": {},
    "dropout": {"dropout": 0.3},
    "clip": {"clip": True},
    "schedule": {"schedule": True},
}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("extra", EXTRAS)
def test_training_is_the_same_bit_for_bit(optimiser: str, extra: str) -> None:
    assert train(True, optimiser, **EXTRAS[extra]) == train(False, optimiser, **EXTRAS[extra])


def both(make: Callable[[], Callable[..., Any]], calls: list[tuple[Any, ...]]) -> None:
    """The function that make() gives, eagerly and compiled, gives equal results at every call."""
    eager, compiled = make(), tg.compile(make())
    for k, arguments in enumerate(calls):
        assert lists(compiled(*arguments)) == lists(eager(*arguments)), f"call {k}"
    assert any(program.checked for program in compiled.programs)  # type: ignore[attr-defined]


def lists(result: Any) -> Any:
    if isinstance(result, tg.Tensor):
        return result.tolist()
    if isinstance(result, dict):
        return {name: lists(part) for name, part in result.items()}
    return [lists(part) for part in result] if isinstance(result, list | tuple) else result


def vectors(n: int = 6) -> list[tuple[Any, ...]]:
    return [(tg.tensor([1.0 + k, -2.0, 0.5 * k]),) for k in range(n)]


def test_gradients_accumulate_over_calls() -> None:
    def make() -> Callable[..., Any]:
        w = tg.ones(3, requires_grad=True)

        def step(x: Any, last: bool) -> Any:
            (w * x).square().sum().backward()
            found = w.grad * 1
            if last:
                w.grad = None
            return found

        return step

    both(make, [(x, k % 3 == 2) for k, (x,) in enumerate(vectors(24))])


def test_zeroed_gradients_are_made_anew() -> None:
    def make() -> Callable[..., Any]:
        w = tg.ones(3, requires_grad=True)
        optimizer = optim.SGD([w], lr=0.1, momentum=0.5)

        def step(x: Any) -> Any:
            optimizer.zero_grad(set_to_none=False)
            loss = (w * x).square().sum()
            loss.backward()
            optimizer.step()
            return loss, w.detach() * 1

        return step

    both(make, vectors(8))


def test_what_python_makes_in_the_step_is_fresh_at_each_replay() -> None:
    def step(x: Any) -> Any:
        total = tg.zeros(3)
        total += x
        total[0] = 7
        return total, x + tg.tensor([1.0, 2.0, 3.0]), x * 2 + 1

    both(lambda: step, vectors())


def test_changes_in_place_reach_parameters_and_buffers() -> None:
    def make() -> Callable[..., Any]:
        mean = tg.zeros(3)
        w = tg.ones(3, requires_grad=True)

        def step(x: Any) -> Any:
            mean.mul_(0.9).add_(0.1 * x)
            (gradient,) = tg.autograd.grad((w * x).square().sum(), [w])
            with tg.no_grad():
                w.sub_(0.01 * gradient)
            return mean * 1, w.detach() * 1

        return step

    both(make, vectors())


def test_higher_derivatives_and_retained_gradients() -> None:
    def step(x: Any) -> Any:
        y = x.detach().requires_grad_()
        (g,) = tg.autograd.grad((y**3).sum(), y, create_graph=True)
        z = g * 2
        z.retain_grad()
        z.square().sum().backward()
        return y.grad, z.grad

    both(lambda: step, vectors())


def test_indices_sorting_and_random_numbers() -> None:
    def make() -> Callable[..., Any]:
        generator = tg.Generator(5)

        def step(x: Any) -> Any:
            values, order = x.sort(descending=True)
            largest, at = x.reshape(1, 3).max(dim=1)
            noise = tg.rand(3, generator=generator) + tg.randint(0, 9, (3,), generator=generator)
            picked = x[tg.tensor([2, 0])] + tg.cat([x[1:2], x.topk(1).values])
            return [values, order, largest, at, noise, picked, x.argmax(), (x > 0).any()]

        return step

    both(make, vectors())


def test_results_keep_their_structure() -> None:
    Pair = collections.namedtuple("Pair", "loss rest")

    def step(x: Any) -> Any:
        return Pair(x.sum(), {"a": [x, None], "b": ("text", 3, x * 2)})

    compiled = tg.compile(step)
    for (x,) in vectors():
        found = compiled(x)
        assert type(found) is Pair
        assert lists(found) == [x.sum().item(), {"a": [x.tolist(), None], "b": ["text", 3, (x * 2).tolist()]}]


def test_a_replayed_result_carries_its_graph() -> None:
    w = tg.ones(3, requires_grad=True)
    model = tg.compile(lambda x: (w * x).sum())
    for (x,) in vectors():
        w.grad = None
        model(x).backward()
        assert w.grad.tolist() == x.tolist()


def calls_of(step: Any) -> tuple[Any, list[int]]:
    """The step compiled, and a list that grows whenever its Python runs."""
    ran: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        ran.append(1)
        return step(*args, **kwargs)

    return tg.compile(counted), ran


def test_python_runs_only_while_recording_and_checking() -> None:
    step, ran = calls_of(lambda x: x * 2)
    for (x,) in vectors(10):
        step(x)
    assert len(ran) == 2
    careful = tg.compile(check=3)(lambda x: ran.append(1) or x * 2)
    ran.clear()
    for (x,) in vectors(10):
        careful(x)
    assert len(ran) == 4


def test_detect_anomaly_runs_the_step_itself() -> None:
    step, ran = calls_of(lambda x: x * 2)
    for _ in range(4):
        step(tg.ones(1))
    with tg.detect_anomaly():
        step(tg.ones(1))
    assert len(ran) == 3


OTHERS: dict[str, Callable[[], Any]] = {
    "shape": lambda: ((tg.ones(4), 2), {}),
    "dtype": lambda: ((tg.ones(3, dtype=tg.float64), 2), {}),
    "strides": lambda: ((tg.ones(3, 2)[:, 0], 2), {}),
    "requires_grad": lambda: ((tg.ones(3, requires_grad=True), 2), {}),
    "value": lambda: ((tg.ones(3), 3), {}),
    "type": lambda: ((tg.ones(3), 2.0), {}),
    "keyword": lambda: ((tg.ones(3),), {"factor": 2}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_signature_is_another_program(other: str) -> None:
    step, ran = calls_of(lambda x, factor: x * factor)
    for _ in range(4):
        step(tg.ones(3), 2)
    args, kwargs = OTHERS[other]()
    for _ in range(4):
        assert step(*args, **kwargs).tolist() == (args[0] * (3 if other == "value" else 2)).tolist()
    assert len(ran) == 4
    step(tg.ones(3), 2)
    assert len(ran) == 4


def test_the_same_tensor_twice_is_another_signature() -> None:
    x, y = tg.ones(2), tg.full((2,), 3.0)
    step = tg.compile(lambda a, b: a.add_(1) * b)
    for _ in range(4):
        step(x, x)
    before = x.tolist()[0]
    assert step(y, x).tolist() == [4 * before] * 2


def test_gradients_off_or_on_and_the_mode_of_the_model() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    step, ran = calls_of(model)
    for _ in range(4):
        assert step(tg.ones(1, 2)).requires_grad
    with tg.no_grad():
        assert not step(tg.ones(1, 2)).requires_grad
    model.eval()
    expected = model(tg.ones(1, 2)).tolist()
    for _ in range(4):
        assert step(tg.ones(1, 2)).tolist() == expected
    assert len(ran) == 5
    model.train()
    step(tg.ones(1, 2))
    assert len(ran) == 5


def test_what_is_exchanged_is_noticed() -> None:
    model = nn.Linear(2, 1, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)

    def make() -> Any:
        def step(x: Any) -> Any:
            optimizer.zero_grad()
            loss = model(x).sum()
            loss.backward()
            optimizer.step()
            return loss

        return step

    step = tg.compile(make())
    for _ in range(5):
        step(tg.ones(1, 2))
    saved, weights = optimizer.state_dict(), model.state_dict()
    again = {name: value.clone() for name, value in weights.items()}
    first = step(tg.ones(1, 2)).item(), model.weight.tolist()
    model.load_state_dict(again)  # the numbers, in place
    optimizer.load_state_dict(saved)  # new groups and states: another program
    model.weight = nn.Parameter(tg.tensor([[5.0, 5.0]]))
    optimizer.param_groups[0]["params"][0] = model.weight
    assert step(tg.ones(1, 2)).item() == 10.0
    assert first[1] != model.weight.tolist()


@pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay"])
def test_the_optimisers_numbers_are_read_at_each_replay(name: str) -> None:
    def run(compiled: bool) -> Any:
        w = tg.ones(2, requires_grad=True)
        optimizer = optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1)

        def step() -> None:
            optimizer.zero_grad()
            w.square().sum().backward()
            optimizer.step()

        called = tg.compile(step) if compiled else step
        for k in range(8):
            called()
            optimizer.param_groups[0][name] = 0.5 / (k + 1)
        return w.tolist()

    assert run(True) == run(False)
