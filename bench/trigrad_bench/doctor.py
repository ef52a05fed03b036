"""Is this machine fit to measure on, and which engines are there?

Why it exists: a benchmark on a machine that does other work at the same time measures the other work. The
decisive test is the A/A control: one engine in two processes, in turns, for a few seconds. What it shows
against itself is what no comparison on this machine can resolve.
Read before: machine.py, session.py.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from . import machine, stats
from . import workload as workloads
from .arrays import make
from .engines import names
from .members import Blocks, Job, Member
from .options import Options
from .process import EngineError, Pool, Process, allowed_cores
from .session import Progress, Session

BAND = 0.02  # a machine at rest shows less than this between two processes of one engine
ENGINE, WORKLOAD = "tensor_cpp.tape", "M2"


def examine(progress: Progress, seconds: float = 5.0) -> dict[str, Any]:
    """The whole examination as plain data; "fit" says what it comes to."""
    progress("the machine")
    found: dict[str, Any] = {"machine": machine.record(), "allowed_cores": len(allowed_cores())}
    found["engines"] = {}
    for name in names():
        progress(f"looking for {name}")
        found["engines"][name] = presence(name)
    progress("one engine against itself")
    ratio = self_comparison(seconds)
    found["aa"] = dataclasses.asdict(ratio) if ratio else None
    found["complaints"] = complaints(found, ratio)
    found["fit"] = not found["complaints"]
    return found


def presence(name: str) -> dict[str, Any]:
    """The engine's info, or why there is none."""
    try:
        with Process(name) as process:
            return {"found": True, **process.ask("info", timeout=60.0).get("info", {})}
    except EngineError as failure:
        return {"found": False, "reason": failure.reason}


def self_comparison(seconds: float) -> stats.Ratio | None:
    """ENGINE against itself in two processes, in turns, for so many seconds."""
    loaded = workloads.load(WORKLOAD)
    options = Options(workloads=(WORKLOAD,), engines=(ENGINE,), phases=("grad",))
    pool = Pool()
    with tempfile.TemporaryDirectory(prefix="trigrad-") as folder:
        path = Path(folder) / "arrays"
        make(loaded).write(path)
        job = Job(loaded.as_json(), path, loaded.dtypes[0], 1, allowed_cores()[-1:], 30.0, pool)
        session = Session(options, job, [ENGINE], 0, lambda text: None)
        session.members, session.control = [Member(ENGINE, job)], Member(ENGINE, job, "control")
        pair = session.everybody()
        try:
            for member in pair:
                member.process = pool.take(ENGINE, 1, job.cores, member.role)
                member.ask("setup", workload=job.spec, arrays=str(path), dtype=job.dtype, threads=1)
            session.prepare()
            times: list[list[int]] = [[], []]
            end = time.monotonic() + seconds
            turns = list(zip(pair, times, strict=True))
            while time.monotonic() < end:
                session.random.shuffle(turns)
                for member, into in turns:
                    into.append(member.block("grad", member.blocks.get("grad", Blocks(n=100)).n))
            return stats.ratio_of_pairs(times[0], times[1])
        except EngineError:
            return None
        finally:
            session.close(keep=False)
            pool.close()


def complaints(found: dict[str, Any], ratio: stats.Ratio | None) -> list[str]:
    """What speaks against measuring here."""
    cores, load = found["allowed_cores"], found["machine"]["load"]
    said = []
    if load > 0.25 * (os.cpu_count() or 1):
        said.append(f"other programs run: load {load:g} on {os.cpu_count()} cores")
    if cores < 2:
        said.append("only one core: the harness itself will disturb what it measures")
    if found["machine"]["governor"] not in ("", "performance"):
        said.append(f"the clock's frequency changes with the work (governor {found['machine']['governor']})")
    if ratio is None:
        said.append(f"{ENGINE} could not be compared with itself")
    elif not 1 - BAND <= ratio.low <= ratio.high <= 1 + BAND:
        said.append(
            f"one engine against itself: {ratio.low:.3f} to {ratio.high:.3f}; less cannot be seen here"
        )
    return said


def text(found: dict[str, Any]) -> str:
    """The examination for a reader."""
    m = found["machine"]
    lines = [
        f"{machine.title(m)}, {m['cores']} cores ({found['allowed_cores']} usable), "
        f"{m['memory_gb']:g} GB, load {m['load']:g}"
    ]
    lines.append(
        f"{' '.join(m['isa'])}; caches {', '.join(f'{k} {v}' for k, v in m['caches'].items()) or 'unknown'}"
    )
    lines.append(
        f"kernel {m['kernel']}, {m['glibc']}, {m['compiler'] or 'no C++ compiler'}, "
        f"governor {m['governor'] or 'unknown'}"
    )
    lines.append(
        f"one thread at its best: {m['gemm_peak_gflops']:g} GFLOP/s (float32 product, NumPy), "
        f"{m['bandwidth_gbs']:g} GB/s (copy)"
    )
    width = max(len(name) for name in found["engines"])
    lines += ["", "engines"]
    for name, info in found["engines"].items():
        what = (
            f"{info.get('version', '')} {info.get('isa', '')}"
            if info["found"]
            else f"- {info['reason'][:100]}"
        )
        lines.append(f"  {name.ljust(width)}  {what.strip()}".rstrip())
    aa = found["aa"]
    lines += (
        [
            "",
            f"A/A control: {aa['median']:.4f}, 95 % {aa['low']:.4f} to {aa['high']:.4f}, {aa['pairs']} pairs",
        ]
        if aa
        else []
    )
    lines += [f"not fit: {c}" for c in found["complaints"]] or ["fit to measure on"]
    return "\n".join(lines)
