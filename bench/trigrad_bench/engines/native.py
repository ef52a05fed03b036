"""Finds the engines that are programs of their own: trigrad's without Python, CppAD, ADOL-C.

Why it exists: they are compiled, so they may be missing, and a table must say how to get them. They are
looked for in the folder that TRIGRAD_NATIVE names; else beside this package, in the build that this package
is linked from, and in the release build of the source tree.
Read before: bench/native/protocol.hpp (what they answer), bench/native/CMakeLists.txt (how they are built).
"""

from __future__ import annotations

import os
from pathlib import Path

PROGRAMS: dict[str, tuple[str, ...]] = {
    "native.tensor_cpp.tape": ("trigrad_native_tensor", "tape"),
    "native.tensor_cpp.stack": ("trigrad_native_tensor", "stack"),
    "native.tensor_cpp.recursive": ("trigrad_native_tensor", "recursive"),
    "native.scalar_cpp": ("trigrad_native_scalar",),
    "native.cppad": ("trigrad_native_cppad",),
    "native.adolc": ("trigrad_native_adolc",),
    "native.bare_tape": ("trigrad_native_bare_tape",),
}
REMEDIES = {
    "native.cppad": "`make peers build` brings CppAD (pip install cmeel-cppad) and builds it",
    "native.adolc": "`make peers build` brings ADOL-C (apt-get install libadolc-dev) and builds it",
}


def folders() -> list[Path]:
    """Where programs may be, the first choice first."""
    if named := os.environ.get("TRIGRAD_NATIVE"):
        return [Path(named)]
    linked = Path(__file__).absolute().parent.parent  # <build>/python/trigrad_bench
    source = Path(__file__).resolve().parent.parent  # <checkout>/bench/trigrad_bench
    return [
        linked / "_native",
        linked.parent.parent / "bench/native",
        source.parent.parent / "build/release/bench/native",
    ]


def find(name: str) -> Path | None:
    """The program of an engine, if it is there."""
    for folder in folders():
        for suffix in ("", ".exe"):
            path = folder / (PROGRAMS[name][0] + suffix)
            if path.is_file() and os.access(path, os.X_OK):
                return path
    return None


def command(name: str, threads: int) -> list[str]:
    """The command line of a native engine; `threads` reaches it with the verb setup."""
    path = find(name)
    if path is None:
        remedy = REMEDIES.get(name, "`make build` makes it; TRIGRAD_NATIVE names another folder")
        looked = ", ".join(dict.fromkeys(str(folder) for folder in folders()))
        raise FileNotFoundError(f"{PROGRAMS[name][0]} was not built: {remedy}; it was looked for in {looked}")
    return [str(path), *PROGRAMS[name][1:]]
