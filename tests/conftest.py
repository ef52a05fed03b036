"""Set-up shared by all tests: the repository root is importable, and the run ends with engines x ops passed.

Why it exists: `reference_py` runs from the tree without a build, and a green dot does not say how much was
proven."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """`conformance: reference_py 114 ops, tensor_cpp 114 ops; 20000 checks passed`."""
    passed: dict[tuple[str, str], set[str]] = defaultdict(set)
    refused: dict[str, set[str]] = defaultdict(set)
    failed: set[tuple[str, str]] = set()
    checks = 0
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            name = getattr(report, "nodeid", "")
            if outcome != "passed" and "test_ops.py::test_op[" in name:
                engine, op, _ = name.partition("[")[2].rstrip("]").split("-")
                failed.add((engine, op))
            for key, value in getattr(report, "user_properties", []):
                if key == "conformance" and outcome == "passed" and report.when == "call":
                    engine, op, dtype, count, how = value
                    checks += count
                    if how == "refused":
                        refused[engine].add(op)
                    else:
                        passed[engine, op].add(dtype)
    engines = sorted({e for e, _ in passed} | {e for e, _ in failed} | refused.keys())
    if not engines:
        return
    words = []
    for engine in engines:
        good = sum(1 for key in passed if key[0] == engine and key not in failed)
        bad = sum(1 for key in failed if key[0] == engine)
        word = f"{engine} {good} ops"
        word += f" ({len(refused[engine])} refused by name)" if refused[engine] else ""
        words.append(word + (f" ({bad} FAILED)" if bad else ""))
    total = sum(1 for key in passed if key not in failed)
    terminalreporter.write_line(
        f"conformance: {', '.join(words)}; {total} engine x op cells and {checks} checks passed"
    )
