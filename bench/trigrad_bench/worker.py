"""One engine in a process of its own: reads questions from stdin, writes answers to the real stdout.

Why it exists: engines in one process disturb each other (two OpenMP runtimes, one garbage collector, one
heap), and an engine that crashes must not take the others along. Whatever an engine prints, from Python or
from C++, goes to stderr: the real stdout is kept aside for answers.
`python -m trigrad_bench.worker NAME THREADS`. The parent (process.py) has already set the thread variables
and the cores.
Read before: engines/protocol.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from .engines import create
from .engines.program import collect_garbage
from .engines.protocol import Engine, read_inputs

Question = dict[str, Any]


class Worker:
    """Answers the verbs of the protocol with one engine, which is created by the first question."""

    def __init__(self, name: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The engine; a missing package shows here, as an answer, not as a dead process."""
        if self._engine is None:
            self._engine = create(self.name, self.threads)
            limit_torch(self.threads)
        return self._engine

    def answer(self, question: Question) -> dict[str, Any]:
        """The answer to one question."""
        verb = str(question.get("verb"))
        verbs: dict[str, Callable[[Question], dict[str, Any]]] = {
            "info": lambda q: {"info": self.engine().info()},
            "supports": lambda q: {"reason": self.engine().supports(q["workload"], q["dtype"])},
            "setup": self.setup,
            "run": self.run,
            "result": self.result,
            "losses": lambda q: {"losses": [float(v) for v in self.engine().losses(q["steps"])]},
            "counters": lambda q: {"counters": self.engine().counters()},
            "probe": self.probe,
            "close": self.close,
        }
        if verb not in verbs:
            raise ValueError(f"unknown verb {verb!r}; known: {', '.join(verbs)}")
        return {"ok": True, **verbs[verb](question)}

    def setup(self, question: Question) -> dict[str, Any]:
        """Reads the arrays and hands them to the engine."""
        self.engine().close()
        self.engine().setup(question["workload"], read_inputs(question["arrays"]), question["dtype"])
        collect_garbage()
        return {}

    def run(self, question: Question) -> dict[str, Any]:
        """Times n repeats of a phase."""
        start = time.perf_counter_ns()
        own = self.engine().run(question["phase"], question["n"])
        return {"ns": time.perf_counter_ns() - start if own is None else int(own)}

    def result(self, question: Question) -> dict[str, Any]:
        """Loss and gradients into a file: arrays are too long for a line of text."""
        from .bundle import write

        write(question["out"], self.engine().result(), {"engine": self.name})
        return {}

    def probe(self, question: Question) -> dict[str, Any]:
        """Depth and cost of single operations: only trigrad's engines can be asked (see probes.py)."""
        from . import probes

        return {"probe": probes.answer(self.engine(), question)}

    def close(self, question: Question) -> dict[str, Any]:
        """Drops the engine's data."""
        if self._engine is not None:
            self._engine.close()
        return {}


def limit_torch(threads: int) -> None:
    """PyTorch reads no variable for its own pool once it is imported."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
        with contextlib.suppress(RuntimeError):  # it can be set once per process
            torch.set_num_interop_threads(1)


def answers_stream() -> BinaryIO:
    """The real stdout, for answers only; file descriptor 1 becomes stderr for everybody else."""
    stream = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return stream


def remedy(error: Exception) -> str:
    """What brings the package that an engine of ours lacks."""
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    target = {"torch": "torch", **dict.fromkeys(("micrograd", "autograd", "jax", "forgeNN"), "peers")}
    return f"; `make {target[missing]}` installs it" if missing in target else ""


def serve(worker: Worker, stream: BinaryIO) -> None:
    """Question, answer, until stdin ends or "close" was answered."""
    for line in sys.stdin:
        question: Question = {}
        try:
            question = json.loads(line)
            reply = worker.answer(question)
        except Exception as error:  # whatever an engine raises is its answer
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}{remedy(error)}"}
            if isinstance(error, ImportError):
                reply["missing"] = True
        stream.write(json.dumps(reply).encode() + b"\n")
        if question.get("verb") == "close":
            return


def main(argv: list[str]) -> int:
    """Runs one worker."""
    name, threads = argv[0], int(argv[1])
    serve(Worker(name, threads), answers_stream())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
