"""Trap 1: a C++ library without an optimised build.

Read with unoptimised_build.cpp, the program that is built with -O0 and with -O2.
"""

from __future__ import annotations

import subprocess

from .clock import in_turns
from .outside import build
from .trap import Result, Trap

ROUNDS = 5


def run(seed: int = 0) -> Result:
    """The same source, with and without optimisation, run in turns."""
    programs = [build("unoptimised_build.cpp", flag) for flag in ("-O0", "-O2")]
    losses: set[str] = set()

    def once(program: str) -> float:
        done = subprocess.run([program], capture_output=True, text=True, check=True, timeout=60)
        spent, loss = done.stdout.split()
        losses.add(loss)
        return float(spent)

    pair = in_turns(lambda: once(programs[0]), lambda: once(programs[1]), ROUNDS)
    return Result(
        trapped=pair.first * 1e3,
        right=pair.second * 1e3,
        unit="ms",
        within_rounds=pair.ratio,
        right_answer="the same losses to the last bit: only the compiler's flag differs",
        checks={"both builds end with the same loss": len(losses) == 1},
        sentence=f"20,000 steps take {pair.first * 1e3:.1f} ms as CMake builds them when nobody says how, "
        f"and {pair.second * 1e3:.2f} ms with -O2: the missing flag costs {pair.ratio:.1f}x.",
    )


TRAP = Trap(
    name="unoptimised_build",
    title="The build without optimisation",
    source="TinyTorch-CPP: no CMAKE_BUILD_TYPE in CMakeLists.txt, no flag in its README",
    claim="C++ is as slow as pure Python, PyTorch is within a factor of two, the binding costs 10 %; "
    "shared_ptr is to blame.",
    measured="Eigen compiled with -O0. CMake without a build type passes no optimisation flag, and templates "
    "that are not inlined cost more than the arithmetic in them.",
    lesson="Print the compiler's flags beside every time, and make the build refuse or default the empty "
    "build type.",
    effect="20,000 training steps in C++: -O0 against -O2",
    timed=True,
    run=run,
)
