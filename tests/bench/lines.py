"""Made-up stored lines, complete and seeded: what a run of every suite would have written.

Why it exists: charts and report are functions of stored lines alone, so their tests need lines, not engines.
The times are round figures with a known ratio between engines; nothing here was measured. Next:
test_report_charts.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Line = dict[str, Any]
RUN = "20260102T030405Z-abc123"
MACHINE = "5d41402a"

# Time of a step: (overhead in µs, factor on the work), PyTorch's work being 1.
SPEED = {
    "native.tensor_cpp.tape": (0.8, 0.50),
    "tensor_cpp.tape": (6.0, 0.52),
    "tensor_cpp.stack": (7.0, 0.53),
    "tensor_cpp.recursive": (7.5, 0.54),
    "reference_py.stack": (260.0, 1.3),
    "torch": (190.0, 1.0),
    "torch.compile": (170.0, 1.02),
}
SCALAR = {
    "native.scalar_cpp": 2.5,
    "scalar_cpp.value": 60.0,
    "scalar_cpp.tensor": 9.0,
    "native.cppad": 20.0,
    "native.adolc": 43.0,
    "micrograd": 1900.0,
}
# Name: multiply-adds of a step in thousands, parameters, whether scalar engines can do it.
WORK = {
    "A1.d128": (2_100, 66_000, False),
    "A1.d256": (8_400, 262_000, False),
    "A1.d512": (33_500, 1_050_000, False),
    "A1.d1024": (134_000, 4_200_000, False),
    "A2.d128": (8_400, 263_000, False),
    "A2.d512": (33_500, 1_050_000, False),
    "F1": (10_500, 109_386, False),
    "F2.n109k": (10_500, 109_386, False),
    "F2.n701k": (67_000, 701_000, False),
    "F2.n2800k": (268_000, 2_800_000, False),
    "M2": (30, 337, True),
    "M3": (30, 337, True),
    "P1": (3, 337, True),
    "P2.matched": (620, 6_570, True),
    "T2": (0.01, 3, True),
    "T3": (0.1, 17, True),
}


def cell(
    rng: np.random.Generator,
    workload: str,
    engine: str,
    ns: float,
    phase: str = "step",
    *,
    proc: int = 0,
    rounds: int = 8,
    dtype: str = "",
    threads: int = 1,
    **extra: Any,
) -> Line:
    """One stored cell whose blocks scatter by 2 % around `ns` per step."""
    scalar = any(word in engine for word in ("scalar", "micrograd", "cppad", "adolc"))
    n = max(1, int(2e6 / ns))
    noise = np.exp(rng.normal(0.0, 0.02, rounds))
    return {
        "kind": "cell",
        "run": RUN,
        "machine": MACHINE,
        "workload": workload,
        "wl_hash": "w" + str(abs(sum(map(ord, workload)))),
        "arrays_hash": "a1",
        "engine": engine,
        "driver": "native" if engine.startswith("native.") else "python",
        "dtype": dtype or ("float64" if scalar else "float32"),
        "threads": threads,
        "phase": phase,
        "proc": proc,
        "size": None,
        "rows": 32,
        "status": "ok",
        "reason": "",
        "n": n,
        "round": list(range(rounds)),
        "block_ns": [int(v) for v in n * ns * noise],
        "warmup_ns": [int(n * ns * 1.5)],
        "check": {
            "ok": True,
            "max_rel": 3e-16 if scalar else 2e-7,
            "allowed": 1e-5,
            "worst": "weight0",
            "loss": 2.3,
            "loss_ref": 2.3,
        },
        "counters": {},
        "noise": {"load": 0.1, "iqr_over_median": 0.02},
        "versions": {
            "trigrad": "0.1.0",
            "numpy": "2.4.6",
            **({"torch": "2.13.0"} if "torch" in engine else {}),
        },
        "command": f"trigrad bench run --workloads {workload} --engines {engine} --phases {phase}",
        **extra,
    }


def failed(workload: str, engine: str, status: str, reason: str, phase: str = "step") -> Line:
    """A cell without a time."""
    line = cell(np.random.default_rng(0), workload, engine, 1e3, phase)
    check = {"ok": False, "max_rel": 0.31, "allowed": 1e-5, "worst": "weight0"} if status == "wrong" else {}
    return {
        **line,
        "status": status,
        "reason": reason,
        "n": 0,
        "round": [],
        "block_ns": [],
        "warmup_ns": [],
        "check": check,
    }


def cells(rng: np.random.Generator) -> list[Line]:
    """Every workload, engine, phase and three processes of the main phase."""
    out: list[Line] = []
    for name, (kilo, parameters, scalars) in WORK.items():
        phase = "grad" if name.startswith("A") else "step"
        # 100 GFLOP/s: 2e3·kilo·3 flop of forward and both backward products.
        work = kilo * 6e3 / 100
        counters = {"flops": int(kilo * 6e3), "nodes": 9}
        for engine, (overhead, factor) in SPEED.items():
            if name == "P1" and engine == "torch.compile":
                out.append(
                    failed(name, engine, "hung", "no answer for 60 s; last words: compiling graph 3", phase)
                )
                continue
            if name == "F1" and engine == "reference_py.stack":
                reason = "weight0 is 0.31 off, 1e-05 allowed"
                out.append(failed(name, engine, "wrong", reason, phase))
                continue
            ns = overhead * 1e3 + factor * work
            own = counters if engine.startswith(("tensor_cpp", "native.tensor")) else {}
            for proc in range(2):
                out.append(cell(rng, name, engine, ns, phase, proc=proc, counters=own, parameters=parameters))
            if name in ("P2.matched", "F1", "T3"):
                for part, share in (("forward", 0.4), ("backward", 0.45), ("update", 0.15)):
                    out.append(cell(rng, name, engine, ns * share, part))
            if name in ("F1", "F2.n2800k") and engine in ("tensor_cpp.tape", "torch"):
                for threads, gain in ((2, 1.7), (4, 2.6)):
                    out.append(cell(rng, name, engine, ns / gain, phase, threads=threads))
        for engine, ns_per_node in SCALAR.items():
            if scalars:
                out.append(cell(rng, name, engine, max(400.0, kilo * 2e3 * ns_per_node), phase))
            else:
                out.append(
                    failed(name, engine, "unsupported", "needs more scalar nodes than memory holds", phase)
                )
    for shape in ("chain", "fan_in", "lattice"):
        for size in (1_000, 10_000, 100_000, 1_000_000):
            for engine, per_node in {**SCALAR, "tensor_cpp.tape": 350.0, "torch": 5400.0}.items():
                if engine == "micrograd" and size >= 1_000 and shape == "chain":
                    out.append({**failed(shape, engine, "dead", "RecursionError", "grad"), "size": size})
                    continue
                out.append(cell(rng, shape, engine, per_node * size, "grad", size=size, rounds=6))
    return out


def line(kind: str, **fields: Any) -> Line:
    """A line of the run."""
    return {"kind": kind, "run": RUN, "machine": MACHINE, **fields}


def curves() -> list[Line]:
    """Three workloads' losses, one engine of which drifts."""
    out = []
    for name, steps, rate in (("M2", 100, 0.05), ("P2.matched", 60, 0.02), ("T3", 300, 0.02)):
        reference = 2.3 * np.exp(-rate * np.arange(steps)) + 0.05
        for i, engine in enumerate(
            ("native.tensor_cpp.tape", "tensor_cpp.tape", "reference_py.stack", "torch", "native.scalar_cpp")
        ):
            dtype = "float64" if "scalar" in engine or "reference" in engine else "float32"
            drift = (1e-15 if dtype == "float64" else 1e-7) * (i + 1) * np.arange(steps)
            losses = reference * (1 + drift)
            ok = not (name == "T3" and engine == "tensor_cpp.tape")
            if not ok:
                losses = losses + np.linspace(0, 0.4, steps)
            away = float(np.max(np.abs(losses - reference)) / reference.max())
            reason = "" if ok else "0.4 away from the reference at step 299"
            both = {"losses": losses.tolist(), "reference": reference.tolist()}
            verdict = {"deviation": away, "allowed": 1e-9, "ok": ok, "reason": reason}
            out.append(line("curve", workload=name, engine=engine, dtype=dtype, **both, **verdict))
    return out


def depths() -> list[Line]:
    """Recursive, stack and tape on chains, with the depth at which the recursion was refused."""
    out = []
    for engine, order, ns, stack, limit in (
        ("tensor_cpp", "recursive", 300.0, 208, 40_000),
        ("tensor_cpp", "stack", 280.0, 0, 0),
        ("tensor_cpp", "tape", 240.0, 0, 0),
        ("reference_py", "recursive", 9_000.0, 520, 900),
        ("reference_py", "stack", 8_000.0, 0, 0),
    ):
        for depth in (100, 1_000, 10_000, 100_000, 1_000_000):
            found: Line = {
                "ns": ns * depth,
                "stack_bytes": 900 + stack * depth,
                "status": "ok",
                "limit": None,
            }
            if limit and depth > limit:
                found = {"ns": None, "stack_bytes": None, "status": "depth_error", "limit": limit}
            out.append(line("depth", engine=engine, order=order, depth=depth, **found))
    return out


def micro(rng: np.random.Generator) -> list[Line]:
    """Products, operations and the control."""
    out: list[Line] = []
    for backend, top in (("eigen", 75.0), ("openblas (numpy)", 85.0), ("onednn", 112.0), ("torch", 88.0)):
        for m, n, k in ((32, 128, 784), (32, 512, 256), (32, 2048, 1024)):
            for case in ("NN", "NT", "TN"):
                value = (
                    top * (0.6 if case == "NT" else 1.0) * (0.7 + 0.1 * (m * n > 10_000) + 0.2 * (n > 1000))
                )
                out.append(line("gemm", backend=backend, m=m, n=n, k=k, gflops=value, case=case))
    for engine, forward, backward in (
        ("native.tensor_cpp.tape", 60, 30),
        ("tensor_cpp.tape", 290, 44),
        ("reference_py.stack", 2500, 2300),
        ("native.scalar_cpp", 1.2, 1.0),
        ("scalar_cpp.value", 26, 9),
        ("micrograd", 916, 400),
        ("torch", 2400, 3000),
    ):
        for op in ("add", "tanh"):
            elements = 1 if "scalar" in engine or engine == "micrograd" else 64
            both = {"forward_ns": forward, "backward_ns": backward}
            out.append(line("op_cost", engine=engine, driver="python", op=op, elements=elements, **both))
    for workload in ("P2.matched", "A1.d512"):
        a, b = (1e6 * np.exp(rng.normal(0, 0.01, 25)) for _ in range(2))
        blocks = {"round": list(range(25)), "block_a_ns": a.tolist(), "block_b_ns": b.tolist()}
        phase = "grad" if workload.startswith("A") else "step"
        who = {"engine": "torch", "driver": "python", "dtype": "float32", "threads": 1, "proc": 0}
        out.append(line("control", workload=workload, phase=phase, **who, **blocks))
    return out


def limits(rng: np.random.Generator, threads: int = 1) -> list[Line]:
    """Steps beside the limit of their products; one engine does not answer."""
    out = []
    for workload, products_ns, moved, dtype in (
        ("A1.d128", 1e5 / threads, 0, "float32"),
        ("M2", 6e3 / threads, 8_000, "float64"),
    ):
        for engine, factor in (("native.tensor_cpp.tape", 1.1), ("tensor_cpp.tape", 1.3), ("torch", 4.0)):
            noise = np.exp(rng.normal(0.0, 0.01, (2, 9)))
            times = {"products_ns": (products_ns * noise[0]).tolist(), "bytes": moved, "bandwidth_gbs": 40.0}
            step_ns = factor * (products_ns + moved / 40.0) * noise[1]
            who = {
                "workload": workload,
                "engine": engine,
                "dtype": dtype,
                "threads": threads,
                "phase": "step",
            }
            out.append(
                line("limit", status="ok", moved_by="update", **who, **times, step_ns=step_ns.tolist())
            )
        out.append({**out[-1], "engine": "jax", "status": "hung", "reason": "no answer", "step_ns": []})
    return out


def extras(rng: np.random.Generator) -> list[Line]:
    """The long extras: parts of a step, curves of one network, rungs from scalars to tensors."""

    def around(ns: float) -> list[float]:
        return (ns * np.exp(rng.normal(0.0, 0.01, 9))).tolist()

    ok = {"dtype": "float32", "phase": "step", "status": "ok", "parameters": 6_570, "bandwidth_gbs": 40.0}
    out = []
    for name, products, graph, native, python, moved in (
        ("M2", 6e3, 11e3, 21e3, 50e3, 8_000),
        ("A1.d512", 16e5, 3e3, 19e5, 19e5, 0),
    ):
        times = {"products_ns": around(products), "graph_ns": around(graph), "bytes": moved}
        times |= {"native_ns": around(native), "python_ns": around(python)}
        out.append(line("breakdown", workload=name, engine="native.tensor_cpp.tape", **ok, **times))
    for axis, values in (("width", (8, 64, 512)), ("batch", (1, 32))):
        for value in values:
            for engine, (overhead, factor) in SPEED.items():
                step = {"step_ns": around(overhead * 1e3 + factor * 100 * value**1.5)}
                out.append(line("scaling", axis=axis, value=value, engine=engine, **ok, **step))
    for rung, engine, ns in (
        ("value", "scalar_cpp.value", 2e7),
        ("op", "native.scalar_cpp", 2e6),
        ("dot", "native.scalar_cpp", 6e5),
        ("numpy", "reference_py.stack", 9e5),
        ("products.eigen", "tensor_cpp.tape", 1e5),
        ("products.baseline", "tensor_cpp.tape", 2e5),
        ("plain", "tensor_cpp.tape", 8e4),
        ("fused", "tensor_cpp.tape", 6e4),
        ("native", "native.tensor_cpp.tape", 4e4),
        ("torch", "torch", 4e5),
    ):
        step = {"rung": rung, "step_ns": around(ns)}
        out.append(line("waterfall", workload="P2.matched", engine=engine, **ok, **step))
    return out


def scalars(rng: np.random.Generator) -> list[Line]:
    """Three libraries on two programs, in every style, and one program that grows."""

    def around(ns: float) -> list[float]:
        return (ns * np.exp(rng.normal(0.0, 0.01, 15))).tolist()

    ok = {"dtype": "float64", "phase": "grad", "status": "ok", "reason": "", "parameters": 337}
    out = []
    for engine, ns in (("native.scalar_cpp", 3.0), ("native.cppad", 18.0), ("native.adolc", 30.0)):
        for workload, nodes, styles in (("M2", 65_077, ("op", "mac", "own")), ("chain", 2_100_000, ("op",))):
            for style in styles:
                each = ns * nodes / (1 + 0.3 * (style == "mac"))
                passes = {"forward_ns": around(0.6 * each), "backward_ns": around(0.4 * each)}
                what = {"workload": workload, "style": style, "nodes": nodes, "bytes": 40 * nodes}
                what |= {"goals": [5.0, 12.0] if style != "own" else None}
                out.append(line("scalar_cost", engine=engine, **ok, **what, **passes, grad_ns=around(each)))
        for nodes in (100_000, 10_000_000):
            what = {"workload": "chain", "style": "op", "nodes": nodes, "bytes": 40 * nodes}
            both = {"first_ns": around(4 * ns * nodes), "again_ns": around(ns * nodes)}
            out.append(line("scalar_size", engine=engine, **ok, **what, **both))
    for one in [one for one in out if one["engine"] == "native.scalar_cpp" and one.get("style") != "own"]:
        faster = {k: [0.6 * ns for ns in v] for k, v in one.items() if k.endswith("_ns")}
        out.append({**one, **faster, "engine": "native.bare_tape"})
    out.append({**out[0], "engine": "native.cppad", "workload": "fan_in", "status": "wrong", "grad_ns": []})
    return out


def values() -> list[Line]:
    """Numbers in Python: ours and micrograd's, written out and by the MLP of each."""
    out = []
    for engine, operator, written, own, shipped in (
        ("scalar_cpp.value", 40.0, 6e6, 1e6, 1e6),
        ("micrograd", 800.0, 1e8, 1e8, 2.5e8),
    ):
        for way, step, op in (("written out", written, [operator] * 5), ("its own MLP", own, [])):
            times = {"operator_ns": op, "step_ns": [step] * 5, "shipped_ns": [shipped * step / own] * 5}
            what = {"workload": "M2", "way": way, "dtype": "float64", "phase": "step", "status": "ok"}
            out.append(line("value_cost", engine=engine, reason="", parameters=337, **what, **times))
    return out


def lines(*, without: tuple[str, ...] = ()) -> list[Line]:
    """A whole run; kinds named in `without` are left out."""
    rng = np.random.default_rng(5)
    head: list[Line] = [
        {
            "schema": 1,
            "kind": "run",
            "run": RUN,
            "suite": "paper",
            "argv": ["bench", "run", "--suite", "paper"],
            "seed": 5,
            "command": "trigrad bench run --suite paper --seed 5",
            "started": "2026-01-02T03:04:05Z",
            "git": "0123abc",
            "trigrad": "0.1.0",
        },
        {
            "kind": "machine",
            "run": RUN,
            "machine": MACHINE,
            "cpu": "Example CPU 9000 <8-core>",
            "isa": ["avx2", "fma", "avx512f"],
            "cores": 8,
            "caches": {"L1d": "32K", "L2": "1M", "L3": "32M"},
            "kernel": "6.1.0",
            "glibc": "2.36",
            "compiler": "gcc 12.2",
            "flags": "-O3",
            "versions": {"python": "3.11.9", "numpy": "2.4.6", "torch": "2.13.0", "jax": "0.10.2"},
            "blas": "openblas 0.3.29",
            "gemm_peak_gflops": 118.0,
            "bandwidth_gbs": 22.0,
        },
    ]
    everything = [*head, *cells(rng), *curves(), *depths(), *micro(rng)]
    everything += [*limits(rng), *extras(rng), *limits(rng, threads=2)]
    everything += [*scalars(rng), *values()]
    return [line for line in everything if line["kind"] not in without]
