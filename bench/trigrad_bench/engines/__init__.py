"""The engines that the harness can compare, by name.

Why it exists: a name decides what is imported, and only when that engine's own process asks for it, so a
package that is not installed costs nobody else anything.
Read protocol.py first; then program.py (trigrad's engines) or torch_eager.py; learner.py takes your own file.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from ..schema import near
from .protocol import Engine

# name -> (module of this package, class). Some classes serve several names: they get theirs as an argument.
PYTHON: dict[str, tuple[str, str]] = {
    "tensor_cpp.tape": ("surface", "Surface"),
    "tensor_cpp.stack": ("surface", "Surface"),
    "tensor_cpp.recursive": ("surface", "Surface"),
    "tensor_cpp.compiled": ("compiled", "Compiled"),
    "scalar_cpp.tensor": ("surface", "Surface"),
    "scalar_cpp.value": ("values", "Values"),
    "reference_py.stack": ("surface", "Surface"),
    "reference_py.recursive": ("surface", "Surface"),
    "torch": ("torch_eager", "TorchEager"),
    "torch.compile": ("torch_compiled", "TorchCompiled"),
    "micrograd": ("micrograd", "Micrograd"),
    "autograd": ("autograd", "Autograd"),
    "forgenn": ("forgenn", "ForgeNN"),
    "jax": ("jax", "Jax"),
}
NATIVE = (
    "native.tensor_cpp.tape",
    "native.tensor_cpp.stack",
    "native.tensor_cpp.recursive",
    "native.scalar_cpp",
    "native.cppad",
    "native.adolc",
    "native.bare_tape",
)
LIMITS = ("native.bare_tape",)  # what engines are held against: nobody could use them, no group has them
COMPILED = ("torch.compile", "jax")  # the first step takes as long as the compiler
GROUPS: dict[str, tuple[str, ...]] = {
    "own": tuple(n for n in PYTHON if n.split(".")[0] in ("tensor_cpp", "scalar_cpp", "reference_py")),
    "peers": ("micrograd", "autograd", "forgenn", "jax", "native.cppad", "native.adolc"),
    "native": tuple(n for n in NATIVE if n not in LIMITS),
    "all": tuple(n for n in (*PYTHON, *NATIVE) if n not in LIMITS),
}


def names() -> tuple[str, ...]:
    """Every engine that has a name."""
    return (*PYTHON, *NATIVE)


def label(engine: str) -> str:
    """An engine's name in charts and tables; a learner's file goes by its own name only."""
    return Path(engine).stem if engine.endswith(".py") else engine


def expand(wanted: str) -> tuple[str, ...]:
    """Names and groups, separated by commas, as names; ValueError names what there is."""
    found: list[str] = []
    for part in filter(None, (p.strip() for p in wanted.split(","))):
        if part in names() or part.endswith(".py"):
            found.append(part)
        elif part in GROUPS:
            found += GROUPS[part]
        else:
            known = [*GROUPS, *names()]
            raise ValueError(f"unknown engine {part!r} (and no path of a .py file){near(part, known)}")
    return tuple(dict.fromkeys(found))


def is_native(name: str) -> bool:
    """Whether the engine is an executable."""
    return name in NATIVE


def native_command(name: str, threads: int) -> list[str]:
    """The command line of a native engine; FileNotFoundError says how to build it when it is not there."""
    native = importlib.import_module(".native", __package__)
    return list(native.command(name, threads))


def create(name: str, threads: int = 1) -> Engine:
    """The engine in this process. ImportError when a package that it needs is not installed."""
    if name.endswith(".py"):
        from .learner import load

        return load(Path(name), threads)
    if name not in PYTHON:
        raise ValueError(f"unknown engine {name!r}")
    module, kind = PYTHON[name]
    make = getattr(importlib.import_module(f".{module}", __package__), kind)
    engine: Engine = make(name, threads) if module == "surface" else make(threads)
    return engine
