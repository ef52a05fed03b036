"""Threads of Python: a graph stays with its own, numbers and leaves go anywhere.

Why it exists: the engine's rule (design.md 4) is checked in C++ too, but Python adds the interpreter lock,
hooks and objects that die in a thread that did not make them."""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trigrad as tg

from tests.memory import in_own_process, resident_kib
from tests.threads import elsewhere

BELONGS = (
    "this graph belongs to another thread, the one that recorded it; detach() shares values across threads"
)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("add", lambda y: y + 1),
        ("mul", lambda y: y * y),
        ("sum", lambda y: y.sum()),
        ("backward", lambda y: y.backward(tg.ones(1, 2))),
        ("matmul", lambda y: y @ tg.ones(2, 2)),
    ],
)
def test_a_graph_used_elsewhere_raises(name: str, use: Any) -> None:
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    y = x * x
    with pytest.raises(RuntimeError) as caught:
        elsewhere(lambda: use(y))
    assert type(caught.value) is tg.errors.ThreadError
    assert str(caught.value) == f"{name}: {BELONGS}"
    y.sum().backward()  # and the graph is unharmed
    assert x.grad.tolist() == [[2.0, 4.0]]


def test_the_other_way_round() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = elsewhere(lambda: x * x)  # its thread is gone now
    with pytest.raises(RuntimeError, match="belongs to another thread"):
        y.sum()
    assert y.detach().tolist() == [1.0, 4.0]
    assert y.tolist() == [1.0, 4.0]
    assert "grad_fn=<mul>" in repr(y)


def test_leaves_and_plain_tensors_cross_freely() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    plain = tg.tensor([3.0, 4.0])

    def train() -> Any:
        z = (x * plain).sum()
        z.backward()
        return z.detach()

    assert elsewhere(train).item() == 11.0
    assert x.grad.tolist() == [3.0, 4.0]
    (x * plain).sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]
    assert (elsewhere(lambda: plain * 2) + plain).tolist() == [9.0, 12.0]


def test_views_and_reading_cross() -> None:
    x = tg.arange(6.0).reshape(2, 3)
    assert elsewhere(lambda: x.T[1].tolist()) == [1.0, 4.0]
    elsewhere(lambda: x.add_(1))
    assert x.sum().item() == 21.0
    assert x._version == 1


def test_no_grad_is_the_threads_own() -> None:
    x = tg.ones(2, requires_grad=True)
    with tg.no_grad():
        assert elsewhere(lambda: (x * 2).requires_grad)
        assert not (x * 2).requires_grad


def loss_after(seed: int, steps: int) -> float:
    """A small regression; the loss of its last step."""
    generator = tg.Generator(seed)
    x, w = tg.randn(32, 4, generator=generator), tg.zeros(4, 1, requires_grad=True)
    target = x @ tg.tensor([[1.0], [-2.0], [3.0], [0.5]])
    loss = tg.zeros(())
    for _ in range(steps):
        w.grad = None
        loss = tg.mse_loss(x @ w, target)
        loss.backward()
        with tg.no_grad():
            w -= 0.1 * w.grad
    return float(loss)


def test_training_in_worker_threads_gives_the_same_bits() -> None:
    expected = [loss_after(seed, 200) for seed in range(4)]
    found: dict[int, float] = {}
    threads = [threading.Thread(target=lambda s=s: found.update({s: loss_after(s, 200)})) for s in range(4)]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[s] for s in range(4)] == expected
    assert max(expected) < 0.1


@in_own_process
def test_a_graph_may_be_dropped_in_another_thread() -> None:
    """Again and again, while the owner goes on recording; nothing is lost."""

    def rounds(n: int) -> None:
        for _ in range(n):
            x = tg.ones(1000, requires_grad=True)
            box = [x]
            for _ in range(50):
                box[0] = box[0] * 1.5
            elsewhere(box.clear)
            (x * 2).sum().backward()

    rounds(50)
    before = resident_kib()
    rounds(200)
    assert resident_kib() - before < 4_000  # one round makes 200 KiB


@pytest.mark.parametrize("tracked", [False, True])
@in_own_process
def test_tensors_made_by_a_loader_thread_are_recycled(tracked: bool) -> None:
    """A data loader: one thread makes batches, another consumes them."""
    batches: queue.Queue[Any] = queue.Queue(4)

    def load() -> None:
        for _ in range(3_000):
            batches.put(tg.zeros(1000, requires_grad=tracked) * 2)
        batches.put(None)

    thread = threading.Thread(target=load)
    thread.start()
    before, count = 0, 0
    while (batch := batches.get()) is not None:
        assert batch.numel() == 1000
        count += 1
        if count == 1_000:
            before = resident_kib()
    thread.join()
    assert resident_kib() - before < 3_000  # 2000 batches are 8000 KiB


def test_numpy_arrays_release_their_owner_in_any_thread() -> None:
    arrays = [np.ones(1000) for _ in range(10)]
    tensors = [tg.from_numpy(a) for a in arrays]
    del arrays
    elsewhere(tensors.clear)
    assert not tensors


def bytes_of_thread_variables(library: Path) -> int:
    """How many bytes of a thread's own memory an ELF file asks for (its PT_TLS segment)."""
    image = library.read_bytes()
    (first,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    segments = [struct.unpack_from("<I36xQ", image, first + k * size) for k in range(count)]
    return sum(length for kind, length in segments if kind == 7)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other files, and no such limit")
def test_the_extension_needs_little_of_what_all_libraries_share() -> None:
    used = bytes_of_thread_variables(Path(tg._core.__file__))
    assert 0 < used < 512, "a library that asks for more than is left cannot be loaded: docs/decisions/0019"


def threads_said(**environment: str) -> int:
    code = "import trigrad.tensor_cpp as tg; print(tg.get_num_threads())"
    env = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"} | environment
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("4,2", 4)])
def test_the_environment_may_say_how_many_threads(given: str, threads: int) -> None:
    """As OpenMP's programs read it."""
    assert threads_said(OMP_NUM_THREADS=given) == threads


@pytest.mark.parametrize("given", ["0", "-3", "many", "", "99999999999"])
def test_no_number_of_threads_leaves_all_processors(given: str) -> None:
    assert threads_said(OMP_NUM_THREADS=given) == threads_said()
