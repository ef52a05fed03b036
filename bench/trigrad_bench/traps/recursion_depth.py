"""Trap 13: recursion over the graph, in its sort and in its destructors."""

from __future__ import annotations

import signal
import subprocess

from trigrad import tensor_cpp as tg

from .outside import build, fresh_python
from .trap import CannotRunError, Result, Trap

OURS = 100_000  # deep enough to end any recursive sort under Python's default limit
STACK_KIB = 1024

# In a process of its own, with Python's own limit: the longest chain of additions that mini.py can walk.
PROGRAM = """
import json, sys
from trigrad_bench.traps.mini import Number

sys.setrecursionlimit(1000)

def survives(length):
    y = x = Number(1.0)
    for _ in range(length):
        y = y + Number(0.0)
    try:
        y.backward()
    except RecursionError:
        return False
    return x.grad == 1.0

low, high = 1, 4000
assert survives(low) and not survives(high)
while high - low > 1:
    middle = (low + high) // 2
    low, high = (middle, high) if survives(middle) else (low, middle)
print(json.dumps({"limit": sys.getrecursionlimit(), "longest": low}))
"""


def walks(order: str, length: int) -> bool:
    """Whether tensor_cpp walks a chain of that length in that order, with the right gradient."""
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length):
        y = y + 0.0
    try:
        y.backward(order=order)
    except RecursionError:
        return False
    return bool(x.grad.item() == 1.0)


def destructors_survive(length: int) -> bool | None:
    """Whether a chain of shared_ptr lives through its own end; None without a compiler or `ulimit`."""
    try:
        program = build("destructor_chain.cpp", "-O0")
    except CannotRunError:
        return None
    limited = f"ulimit -c 0; ulimit -s {STACK_KIB} || exit 99; exec {program} {length}"
    status = subprocess.run(["sh", "-c", limited], capture_output=True, check=False, timeout=60).returncode
    if status == 0:
        return True
    return False if status in (-signal.SIGSEGV, -signal.SIGBUS) else None


def run(seed: int = 0) -> Result:
    """The longest chain for a recursive sort, against one of 100,000 for trigrad's stack and tape."""
    found = fresh_python(PROGRAM)
    longest, limit = found["longest"], found["limit"]
    checks = {f"{order} order walks {OURS:,} nodes": walks(order, OURS) for order in ("stack", "tape")}
    checks["the recursion ends near Python's limit"] = limit // 4 < longest < limit
    numbers: dict[str, float] = {"recursion_limit": limit, "longest_recursive": longest, "ours": OURS}
    words = ""
    alive = destructors_survive(OURS)
    if alive is not None:
        checks[f"shared_ptr destructors overflow a {STACK_KIB} KiB stack"] = not alive
        checks["a short chain of them does not"] = bool(destructors_survive(100))
        numbers["destructor_stack_kib"] = STACK_KIB
        words = (
            " In C++ the destructors of a chain of shared_ptr that long "
            f"{'survive' if alive else 'end the process'} ({STACK_KIB} KiB of stack)."
        )
    return Result(
        trapped=longest,
        right=OURS,
        unit="nodes",
        kind="shortfall",
        right_answer="the length of a chain is no reason to fail: a loop needs no stack",
        checks=checks,
        numbers=numbers,
        sentence=f"The recursive sort reaches {longest:,} nodes (Python allows {limit:,} frames); trigrad's "
        f"stack and tape orders walk {OURS:,}.{words}",
    )


TRAP = Trap(
    name="recursion_depth",
    title="Recursion over the graph",
    source="Micrograd, Pycrograd's Micrograd, forgeNN (RecursionError); TinyTorch-CPP (segmentation fault, "
    "in the sort and in the destructors)",
    claim="The engine trains the networks of the comparison.",
    measured="The sizes that happen to fit. A chain a little longer, or a batch of scalars a little larger, "
    "ends the run, and in C++ freeing the graph is a recursion too.",
    lesson="Grow the workload until something breaks, and print where. No destructor, printer or copy may "
    "recurse over a graph.",
    effect="nodes in a chain: the recursive sort's longest, against one that trigrad's stack order walks",
    timed=False,
    run=run,
)
