"""Why benchmarks lie: fifteen traps, each a small experiment with a visible effect and a known right answer.

Each of them was found in a published comparison or in the engine behind it.
Read trap.py (what an experiment answers), then the experiments in this order, then cli.py.
"""

from __future__ import annotations

from . import (
    batch_of_one,
    content_hash_identity,
    detached_regulariser,
    double_visit,
    dropout_in_evaluation,
    first_call,
    float32_then_float64_init,
    forgotten_layers,
    garbage_collector,
    profiler_in_the_clock,
    recursion_depth,
    single_sample_headline,
    unoptimised_build,
    unreduced_bias,
    wrong_fan_init,
)
from .trap import CannotRunError, Result, Trap

TRAPS: dict[str, Trap] = {
    module.TRAP.name: module.TRAP
    for module in (
        unoptimised_build,
        first_call,
        garbage_collector,
        profiler_in_the_clock,
        detached_regulariser,
        wrong_fan_init,
        content_hash_identity,
        double_visit,
        unreduced_bias,
        forgotten_layers,
        batch_of_one,
        single_sample_headline,
        recursion_depth,
        float32_then_float64_init,
        dropout_in_evaluation,
    )
}

__all__ = ["TRAPS", "CannotRunError", "Result", "Trap"]
