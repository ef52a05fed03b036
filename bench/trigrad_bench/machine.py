"""What the machine is: the record that stands beside every number.

Why it exists: absolute times mean nothing without processor, compiler and libraries, and numbers of two
machines never belong on one axis. The kernel is asked directly; what it does not say is left out, never
guessed.
Read next: doctor.py (is this machine fit to measure on).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .process import environment

FLAGS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512_bf16",
    "amx_tile",
    "neon",
    "asimd",
    "sve",
)
PACKAGES = (
    "numpy",
    "torch",
    "jax",
    "autograd",
    "micrograd",
    "forgenn",
    "scikit-learn",
    "mlxtend",
    "matplotlib",
    "threadpoolctl",
)


def text(path: str) -> str:
    """The file's text without its last newline; "" when there is none."""
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def cpu() -> dict[str, Any]:
    """Name, instruction sets and caches of the processor."""
    info: dict[str, str] = {}
    for line in text("/proc/cpuinfo").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            info.setdefault(key.strip(), value.strip())
    flags = set((info.get("flags") or info.get("Features") or "").split())
    found: dict[str, Any] = {
        "cpu": info.get("model name") or platform.processor() or platform.machine(),
        "family": "/".join(info.get(k, "?") for k in ("cpu family", "model", "stepping")),
        "isa": [f for f in FLAGS if f in flags],
        "hypervisor": "hypervisor" in flags,
        "caches": {},
    }
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        name = f"L{text(f'{index}/level')}{text(f'{index}/type')[:1].lower()}"
        found["caches"][name] = text(f"{index}/size")
    return found


def title(record: Mapping[str, Any]) -> str:
    """The processor's name; a virtual machine's says little, so family and model stand beside it."""
    family, model, *_ = [*str(record.get("family", "")).split("/"), "?"]
    name = str(record.get("cpu", "unknown CPU"))
    return f"{name} (family {family}, model {model})" if family not in ("", "?") else name


def governor() -> str:
    """How the kernel chooses the clock's frequency; "" in most virtual machines."""
    return text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def steal_ticks() -> int:
    """Time that the hypervisor gave to somebody else, in ticks since boot."""
    fields = text("/proc/stat").split("\n")[0].split()
    return int(fields[8]) if len(fields) > 8 else 0


def load() -> float:
    """Processes that want to run, averaged over the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def versions() -> dict[str, str]:
    """Versions of the packages that take part, as far as they are installed; nothing is imported."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def compiler() -> str:
    """The first line of the C++ compiler's --version."""
    program = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not program:
        return ""
    try:
        done = subprocess.run([*program.split(), "--version"], capture_output=True, text=True, check=False)
    except OSError:  # $CXX names something that is not there
        return ""
    return done.stdout.split("\n")[0]


def git() -> str:
    """The commit of the source tree and whether it was changed; "" outside of a tree."""
    here = Path(__file__).resolve().parent

    def ask(*arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=False
            )
        except OSError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    sha = ask("rev-parse", "--short=12", "HEAD")
    return sha + ("+changed" if sha and ask("status", "--porcelain", "--untracked-files=no") else "")


def best(seconds: float, work: float, call: Any) -> float:
    """The highest rate of `work` per second that `call` reached: a peak is a best case by definition."""
    call()
    end, found, calls = time.perf_counter() + seconds, 0.0, 0
    while time.perf_counter() < end or calls < 3:
        calls += 1
        start = time.perf_counter()
        call()
        found = max(found, work / (time.perf_counter() - start))
    return found


def peaks(seconds: float = 0.15) -> dict[str, float]:
    """GFLOP/s of NumPy's float32 product, GB/s of a copy that no cache holds: the roofs of a roofline."""
    n = 512
    a = np.ones((n, n), np.float32)
    out = np.empty_like(a)
    source = np.ones(12 << 20, np.float32)
    target = np.empty_like(source)
    return {
        "gemm_peak_gflops": round(best(seconds, 2 * n**3 / 1e9, lambda: np.matmul(a, a, out=out)), 1),
        "bandwidth_gbs": round(best(seconds, 2 * source.nbytes / 1e9, lambda: np.copyto(target, source)), 1),
    }


def one_thread_peaks() -> dict[str, float]:
    """The peaks in a process with one thread, as products are charted: here NumPy would use every core."""
    code = "import json; from trigrad_bench.machine import peaks; print(json.dumps(peaks()))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(1), capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def blas() -> str:
    """Which BLAS NumPy was built with."""
    config: Any = np.show_config(mode="dicts")  # typed as None by older stubs
    found = config.get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(found.get(k, "")) for k in ("name", "version")).strip()


def identity() -> dict[str, Any]:
    """What makes two machines comparable or not; the hash of this is the machine's name."""
    return {
        **cpu(),
        "cores": os.cpu_count(),
        "arch": platform.machine(),
        "kernel": platform.release().split("-")[0],
        "glibc": " ".join(platform.libc_ver()),
    }


def machine_hash(found: dict[str, Any]) -> str:
    """Eight hexadecimal digits."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:8]


def record(measure: bool = True) -> dict[str, Any]:
    """Everything about the machine, with its hash as "machine"."""
    who = identity()
    memory = next((s.split()[1] for s in text("/proc/meminfo").splitlines() if s.startswith("MemTotal")), "0")
    found = {
        "machine": machine_hash(who),
        **who,
        "memory_gb": round(int(memory) / 2**20, 1),
        "governor": governor(),
        "huge_pages": text("/sys/kernel/mm/transparent_hugepage/enabled"),
        "compiler": compiler(),
        "blas": blas(),
        "load": load(),
        "executable": Path(sys.executable).name,
        "versions": versions(),
    }
    return found | (one_thread_peaks() if measure else {})
