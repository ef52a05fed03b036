"""Trap 2: the first call's cost in the clock of one engine only."""

from __future__ import annotations

import importlib.util
import statistics

from .outside import fresh_python
from .trap import Result, Trap

CALLS = 50

# A fresh process: imports, data and parameters are made before the clock starts, as in the comparison.
PROGRAM = """
import json, time, numpy as np
{imports}
draw = np.random.default_rng({seed}).standard_normal
arrays = [draw(s).astype(np.float32) for s in ((32, 128), (256, 128), (256,), (128, 256), (128,))]
x, *parameters = [tensor(a, requires_grad=k > 0) for k, a in enumerate(arrays)]
times = []
for _ in range({calls}):
    start = time.perf_counter()
    for p in parameters:
        p.grad = None
    w1, b1, w2, b2 = parameters
    linear(relu(linear(x, w1, b1)), w2, b2).sum().backward()
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""
IMPORTS = {
    "torch": "import torch; torch.set_num_threads(1); from torch import tensor, relu; "
    "from torch.nn.functional import linear",
    "tensor_cpp": "from trigrad.tensor_cpp import tensor, relu, linear, set_num_threads; set_num_threads(1)",
}


def run(seed: int = 0) -> Result:
    """First call, warm median and mean over fifty, in a process of its own."""
    engine = "torch" if importlib.util.find_spec("torch") else "tensor_cpp"
    times: list[float] = fresh_python(PROGRAM.format(imports=IMPORTS[engine], seed=seed, calls=CALLS))
    first, warm, mean = times[0], statistics.median(times[CALLS // 2 :]), statistics.fmean(times)
    return Result(
        trapped=first * 1e6,
        right=warm * 1e6,
        unit="µs",
        right_answer="every call does the same work on the same numbers",
        numbers={"calls": CALLS, "mean_with_first_us": mean * 1e6, "mean_over_warm": mean / warm},
        sentence=f"The first forward and backward of {engine} in a fresh process takes {first * 1e6:,.0f} "
        f"µs, a warm one {warm * 1e6:,.0f} µs: {first / warm:.0f}x. A mean over {CALLS} calls that includes "
        f"it is {mean / warm:.1f}x the warm time.",
    )


TRAP = Trap(
    name="first_call",
    title="The first call",
    source="AaronNet's benchmark.py (only its own engine is warmed up); forgeNN's demo_comparison.py (one "
    "cold step of each, PyTorch first)",
    claim="Faster than PyTorch at 128 features; 3.52x faster than PyTorch.",
    measured="PyTorch's first call, which loads kernels, starts threads and fills caches, inside the clock "
    "of the first row. The tell-tale stands in the published table: PyTorch is slower at 128 features than "
    "at 256.",
    lesson="Warm up every engine alike, report medians, and show the first call as a row of its own if it "
    "matters.",
    effect="forward and backward of a 128 → 256 → 128 network: first call against warm median",
    timed=True,
    run=run,
)
