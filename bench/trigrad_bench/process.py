"""The parent's side of one engine: start it, ask it, notice when it dies, hangs or talks nonsense.

Why it exists: an engine's failure is a row of the table, not the end of the run. Every failure becomes one
exception with a status ("dead", "hung", "error", "unsupported") and a reason that a reader understands.
Read before: worker.py (the other side). Read next: run.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .engines import is_native, native_command

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TRIGRAD_NUM_THREADS",
)


MEMORY = 10 << 30  # bytes that one engine may have
if sys.platform == "linux":
    LIBC = ctypes.CDLL(None)
    PR_SET_PDEATHSIG = 1  # <sys/prctl.h>: a signal for when the parent ends


class EngineError(Exception):
    """An engine that did not answer as it should: status and reason of its cells."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def environment(threads: int) -> dict[str, str]:
    """The variables of an engine's process: threads are set before anything is imported."""
    found = dict(os.environ)
    found.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    # An idle thread of another engine must not spin on our core; hash seeds are part of "same conditions".
    found.update(OMP_WAIT_POLICY="passive", PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    found.setdefault("XLA_FLAGS", f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}")
    found.setdefault("JAX_PLATFORMS", "cpu")
    package = str(Path(__file__).resolve().parent.parent)
    found["PYTHONPATH"] = os.pathsep.join([*(p for p in sys.path if p), package])
    return found


def command(name: str, threads: int) -> list[str]:
    """How the engine's process is started."""
    if is_native(name):
        return native_command(name, threads)
    return [sys.executable, "-m", "trigrad_bench.worker", name, str(threads)]


def allowed_cores() -> list[int]:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def threads_on(cores: Sequence[int]) -> int:
    """A thread a core; one where any core will do."""
    return max(1, len(cores))


class Process:
    """One running engine.

    With several threads it is stopped between its answers, on Linux: threads that wait for work by spinning,
    as OpenBLAS's do for a while, would take a core from whoever's turn it is then.
    """

    def __init__(
        self, name: str, threads: int = 1, cores: Sequence[int] = (), argv: list[str] | None = None
    ) -> None:
        self.name, self.threads = name, threads
        self._stderr: deque[bytes] = deque(maxlen=40)
        self._out = b""
        try:
            arguments = argv or command(name, threads)
        except (FileNotFoundError, ImportError) as error:
            raise EngineError("unsupported", f"{type(error).__name__}: {error}") from error

        def pin() -> None:  # in the child, before the engine starts any thread of its own
            if cores and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, cores)
            if sys.platform == "linux":  # an engine that asks for too much fails alone, not the whole machine
                soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
                limits = [MEMORY, *(n for n in (soft, hard) if n != resource.RLIM_INFINITY)]
                resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
                LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # who is stopped would not see its harness end

        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(threads),
                start_new_session=True,  # Ctrl-C is for the harness, which then ends its workers itself
                preexec_fn=pin,
                bufsize=0,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineError("dead", f"cannot be started: {error}") from error

    def ask(self, verb: str, timeout: float = 120.0, **arguments: Any) -> dict[str, Any]:
        """The engine's answer; EngineError when there is none or when it says that it failed."""
        question = json.dumps({"verb": verb, **arguments}).encode() + b"\n"
        assert self._process.stdin is not None
        self._let(run=True)
        try:
            self._process.stdin.write(question)
        except (BrokenPipeError, ValueError) as error:
            raise self._dead(verb) from error
        line = self._read_line(verb, timeout)
        self._let(run=False)
        try:
            reply = json.loads(line)
            ok = reply["ok"]
        except (ValueError, KeyError, TypeError) as error:
            self.kill()
            shown = line[:80].decode(errors="replace")
            raise EngineError("error", f"{verb}: answered {shown!r}, which is not a JSON answer") from error
        if not ok:
            status = "unsupported" if reply.get("missing") else "error"
            raise EngineError(status, str(reply.get("error", "failed without a word")))
        return dict(reply)

    def _let(self, run: bool) -> None:
        """Lets all its threads run, or stops them."""
        if self.threads > 1 and sys.platform == "linux":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGCONT if run else signal.SIGSTOP)

    def _read_line(self, verb: str, timeout: float) -> bytes:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        deadline = time.monotonic() + timeout
        streams = [self._process.stdout, self._process.stderr]
        while b"\n" not in self._out:
            left = deadline - time.monotonic()
            ready = select.select(streams, [], [], max(0.0, left))[0]
            if not ready:
                self.kill()
                raise EngineError("hung", f"{verb}: no answer within {timeout:g} s")
            for stream in ready:
                data = os.read(stream.fileno(), 1 << 16)
                if stream is self._process.stdout:
                    if not data:
                        raise self._dead(verb)
                    self._out += data
                elif data:
                    self._stderr.append(data)
                else:
                    streams.remove(stream)
        line, _, self._out = self._out.partition(b"\n")
        return line

    def _dead(self, verb: str) -> EngineError:
        self._process.wait()
        code = self._process.returncode
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        said = self.last_words()
        return EngineError(
            "dead", f"{verb}: the engine's process died ({how})" + (f": {said}" if said else "")
        )

    def last_words(self) -> str:
        """The last lines that it wrote to stderr."""
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while select.select([self._process.stderr], [], [], 0)[0]:
                data = os.read(self._process.stderr.fileno(), 1 << 16)
                if not data:
                    break
                self._stderr.append(data)
        lines = [s for s in b"".join(self._stderr).decode(errors="replace").splitlines() if s.strip()]
        return " | ".join(lines[-3:])[-400:]

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def memory_gb(self) -> float:
        """The memory that it has now; 0 where the system does not say."""
        with contextlib.suppress(OSError, StopIteration):
            status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 2**20
        return 0.0

    def close(self) -> None:
        """Ends it politely, then for certain."""
        if self.alive():
            with contextlib.suppress(EngineError):
                self.ask("close", timeout=2.0)
        self.kill()

    def kill(self) -> None:
        """Ends it and everything that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Pool:
    """Engines' processes, kept from one workload to the next: imports would take half the run."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int, str], Process] = {}

    def take(self, name: str, threads: int, cores: Sequence[int], role: str) -> Process:
        """An idle process of this engine and role, or a new one."""
        kept = self._idle.pop((name, threads, role), None)
        if kept is not None and kept.alive():
            return kept
        return Process(name, threads, cores)

    def give(self, process: Process, role: str) -> None:
        """Takes it back for the next workload."""
        self.end(process.name, process.threads, role)
        self._idle[process.name, process.threads, role] = process

    def end(self, name: str, threads: int, role: str) -> None:
        """Ends the idle process of this engine and role, if there is one."""
        other = self._idle.pop((name, threads, role), None)
        if other is not None:
            other.kill()

    def close(self) -> None:
        """Ends all of them."""
        while self._idle:
            self._idle.popitem()[1].kill()
