"""trigrad.compile: a replay does what the step does, bit for bit, or an error says why not.

Why it exists: a replay that is only nearly right would spoil a training run without a sound. So every sort of
step that compile() takes runs beside its eager twin, and every sort that it cannot take must raise.
"""

from __future__ import annotations

import collections
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trigrad as tg
from trigrad import _core, nn, optim, reference_py, scalar_cpp
from trigrad.errors import CaptureError, ThreadError

from tests.memory import in_own_process, resident_kib

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


class Square(tg.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * ctx.saved_tensors[0]


READING = r"were read \(item\(\), numpy\(\), print, bool\(\), if\) .*test_compile.py:\d+: .*return the tensor"


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


def test_detect_anomaly_runs_the_step_itself() -> None:
    step, ran = calls_of(lambda x: x * 2)
    for _ in range(4):
        step(tg.ones(1))
    with tg.detect_anomaly():
        step(tg.ones(1))
    assert len(ran) == 3


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


def in_thread(work: Callable[[], None]) -> list[BaseException]:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_a_program_belongs_to_its_thread() -> None:
    step = tg.compile(lambda x: x * 2)
    for _ in range(4):
        step(tg.ones(1))
    (error,) = in_thread(lambda: step(tg.ones(1)))
    assert isinstance(error, ThreadError)
    assert "recorded by another thread; compile one for each thread" in str(error)
    assert step(tg.ones(1)).item() == 2


def test_other_threads_are_not_recorded() -> None:
    def step(x: Any) -> Any:
        assert not in_thread(lambda: (tg.ones(2) * 3).sum().item())  # reads, and may
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
