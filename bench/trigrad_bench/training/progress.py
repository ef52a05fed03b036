"""What a run prints: a line per epoch, a bar while one is under way, a summary.

Why it exists: a bar on a terminal is company, in a log file it is noise.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .data import Array, Data
from .loop import Epoch, History
from .settings import Settings

BAR = 24
REDRAW_SECONDS = 0.1


def percent(share: float | None) -> str:
    """`97.5 %`, or `-` where there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def figure(loss: float) -> str:
    """Six places where they say something, powers of ten elsewhere."""
    return f"{loss:.6f}" if loss == 0 or 1e-3 <= abs(loss) < 1e5 else f"{loss:.3e}"


class Progress:
    """Prints to `out`; says nothing when quiet."""

    def __init__(self, epochs: int, quiet: bool, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.quiet = quiet
        self.bar = not quiet and self.out.isatty()
        self.digits = len(str(epochs))
        self.epochs = epochs
        self.drawn = 0.0

    def _print(self, text: str) -> None:
        print(("\r\033[K" if self.bar else "") + text, file=self.out, flush=True)

    def header(self, settings: Settings, data: Data) -> None:
        if self.quiet:
            return
        shape = "-".join(map(str, short(settings.workload.model.layers)))
        engine = f"{settings.engine}{' ' + settings.order if settings.order else ''}, {settings.dtype}"
        points = f"{len(data.x)} rows" + (f", {len(data.x_val)} to validate" if len(data.x_val) else "")
        network = f"{shape} ({settings.workload.parameter_count:,} parameters)"
        self._print(f"{settings.command}: {engine}; {network}; {data.name}, {points}")

    def batch(self, epoch: int, done: int, batches: int) -> None:
        now = time.monotonic()
        if not self.bar or now - self.drawn < REDRAW_SECONDS:
            return
        self.drawn = now
        full = BAR * done // batches
        self.out.write(
            f"\r\033[Kepoch {epoch:{self.digits}} [{'#' * full}{'.' * (BAR - full)}] {done}/{batches}"
        )
        self.out.flush()

    def epoch(self, line: Epoch) -> None:
        if self.quiet:
            return
        text = f"epoch {line.epoch:{self.digits}}/{self.epochs}  loss {figure(line.loss)}"
        if line.accuracy is not None:
            text += f"  accuracy {percent(line.accuracy):>7}"
        if line.validation_loss is not None:
            text += f"  validation loss {figure(line.validation_loss)}"
        if line.validation_accuracy is not None:
            text += f"  accuracy {percent(line.validation_accuracy):>7}"
        self._print(f"{text}  {line.seconds:.3f} s/epoch")

    def summary(self, history: History) -> None:
        """The last line, printed also when quiet."""
        last = history.epochs[-1]
        seconds = sum(line.seconds for line in history.epochs)
        parts = [f"loss {figure(last.loss)}"]
        if last.accuracy is not None:
            parts.append(f"training accuracy {percent(last.accuracy)}")
        if last.validation_accuracy is not None:
            parts.append(f"validation accuracy {percent(last.validation_accuracy)}")
        epochs = f"{len(history.epochs)} epoch{'s' if len(history.epochs) > 1 else ''}"
        self._print(
            f"{epochs} in {seconds:.2f} s ({seconds / len(history.epochs):.4f} s/epoch): {', '.join(parts)}"
        )

    def line(self, weights: dict[str, Array]) -> None:
        """What one linear layer of two inputs has learned."""
        if set(weights) == {"0.weight", "0.bias"} and weights["0.weight"].shape == (1, 2):
            (a, b), (c,) = weights["0.weight"][0], weights["0.bias"]
            self._print(f"learned: y = {a:.4f} x1 {b:+.4f} x2 {c:+.4f}")

    def note(self, text: str) -> None:
        self._print(text)


def short(layers: tuple[int, ...]) -> list[str]:
    """64, 256 x29, 10: equal neighbours counted."""
    words: list[str] = []
    k = 0
    while k < len(layers):
        same = k
        while same < len(layers) and layers[same] == layers[k]:
            same += 1
        count = same - k
        words += [f"{layers[k]}x{count}"] if count > 3 else [str(layers[k])] * count
        k = same
    return words
