"""The epochs: batches, accuracy, and a stop between two batches on Ctrl-C.

Why it exists: everything that decides the numbers of a run besides the network's own arithmetic is here,
once, for every engine.
Read before: learner.py.  Read next: progress.py, saving.py.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from .data import Data
from .errors import TrainingError
from .learner import Array, Learner, right_answers
from .settings import Settings

LOOK_ROWS = 256  # validation goes in pieces, so that a scalar engine needs no graph of a whole data set


@dataclass(frozen=True)
class Epoch:
    """One line of progress. Training figures are those of the batches as they passed."""

    epoch: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass
class History:
    """What a run has reached so far."""

    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False
    steps: int = 0

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(epoch) for epoch in self.epochs]


class Stop:
    """Ctrl-C asked once: stop after this batch."""

    asked = False


@contextmanager
def stop_on_ctrl_c() -> Iterator[Stop]:
    """The first Ctrl-C sets a flag, so that weights are never half updated; the second interrupts at once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield stop
        return

    def ask(*_: object) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def evaluate(learner: Learner, loss: str, x: Array, y: Array) -> tuple[float, float | None]:
    """Mean loss and accuracy over all rows, with the weights as they are."""
    total, right, counted = 0.0, 0, False
    for start in range(0, len(x), LOOK_ROWS):
        rows = slice(start, start + LOOK_ROWS)
        value, scores = learner.look(x[rows], y[rows])
        total += value * len(scores)
        answers = right_answers(loss, scores, y[rows])
        if answers is not None:
            right, counted = right + answers, True
    return total / len(x), right / len(x) if counted else None


def train(
    settings: Settings,
    data: Data,
    learner: Learner,
    on_batch: Callable[[int, int, int], None],
    on_epoch: Callable[[Epoch], None],
    history: History,
) -> None:
    """Runs the epochs. on_batch(epoch, batches done, batches), on_epoch(its figures)."""
    n, loss = len(data.x), settings.workload.loss.kind
    per_epoch = len(data.batches) // settings.epochs
    with stop_on_ctrl_c() as stop:
        for epoch in range(1, settings.epochs + 1):
            began = time.perf_counter()
            total, right = 0.0, 0
            for k in range(per_epoch):
                rows, lr = data.batches[history.steps], data.lrs[history.steps]
                value, scores = learner.step(data.x[rows], data.y[rows], lr)
                history.steps += 1
                if not math.isfinite(value):
                    where = f"epoch {epoch}, batch {k + 1}"
                    raise TrainingError(
                        f"the loss became {value} in {where}: try a smaller --lr than {settings.lr:g}"
                    )
                total += value * len(rows)
                right += right_answers(loss, scores, data.y[rows]) or 0
                on_batch(epoch, k + 1, per_epoch)
                if stop.asked:
                    history.interrupted = True
                    return
            checked: tuple[float | None, float | None] = (None, None)
            if len(data.x_val):
                checked = evaluate(learner, loss, data.x_val, data.y_val)
            accuracy = None if loss == "mse" else right / n
            seconds = time.perf_counter() - began
            line = Epoch(epoch, total / n, accuracy, checked[0], checked[1], seconds)
            history.epochs.append(line)
            on_epoch(line)
