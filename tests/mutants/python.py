"""The faults of what is written in Python: reference_py, and the shaped part of scalar_cpp.

Why it exists: no switch stands in that code. A rule is replaced in the table of ops, or a function is
compiled again with a line of it changed; if the line is no longer there, this fails, and the list is brought
up to date. Read python_lines.py or runner.py next."""

from __future__ import annotations
import __future__

import ast
import importlib
import inspect
import textwrap
from functools import partial
from typing import Any

from tests.conformance.oplist import records

from .fault import Fault, op_test
from .python_lines import LINES, REFERENCE, SCALAR, SCALAR_LINES


def change(module: str, path: str, old: str, new: str) -> None:
    """Compiles a function (or `Class.method`) again, with `old` replaced by `new`, in place."""
    found: Any = importlib.import_module(module)
    scope = vars(found)
    for name in path.split("."):
        found = found.__dict__[name]
    function = inspect.unwrap(found)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, (
        f"{module}.{path} holds {source.count(old)} times {old!r}: "
        "bring tests/mutants/python_lines.py up to date"
    )
    tree = ast.parse(source.replace(old, new))
    assert isinstance(tree.body[0], ast.FunctionDef)
    tree.body[0].decorator_list = []
    made: dict[str, Any] = {}
    exec(
        compile(tree, f"<mutant of {path}>", "exec", __future__.annotations.compiler_flag, True), scope, made
    )
    function.__code__ = made[function.__name__].__code__


# --------------------------------------------------------------------------------------------------------
# every rule of reference_py


def spoil_rule(op: str, key: str, fault: str) -> None:
    """Replaces the rule of one input of an op; it reads what the right one read."""
    reference = importlib.import_module("trigrad.reference_py")
    registry = importlib.import_module("trigrad.reference_py.registry")
    rules = reference.OPS[op].rules
    right = rules[key]
    if fault == "swapped":
        rules["x"], rules["y"] = rules["y"], rules["x"]
        return

    def wrong(*values: Any) -> Any:
        given = list(values)
        if fault == "upstream":
            place = right.reads.index("g")
            g = given[place]
            given[place] = g * 0 + 1 if not isinstance(g, list) else [one * 0 + 1 for one in g]
        r = right.function(*given)
        if fault == "added":
            return r + values[right.reads.index("g")]
        return {
            "negated": lambda: -r,
            "doubled": lambda: r + r,
            "dropped": lambda: r * 0,
            "near": lambda: r * 1.001,
        }.get(fault, lambda: r)()

    rules[key] = registry.Rule(wrong, right.reads)


def rule_faults() -> list[Fault]:
    reference = importlib.import_module("trigrad.reference_py")
    found = []
    for record in records():
        op = record["name"]
        if record["gradient"] == "none":
            continue
        for number, key in enumerate(reference.OPS[op].rules):
            faults = ["negated", "dropped", "near"]
            if "g" in reference.OPS[op].rules[key].reads:
                faults.append("upstream")
            if record["gradient"] == "zero":
                faults = ["added"]
            if set(reference.OPS[op].rules) == {"x", "y"} and record["kind"] == "elementwise" and op != "add":
                faults.append("swapped")
            dtype = ("float64", "float32")[number % 2]
            for fault in faults:
                name = f"rule.{op}.{key}.{fault}"
                found.append(
                    Fault(
                        "reference_py",
                        name,
                        partial(spoil_rule, op, key, fault),
                        (op_test("reference_py", op, dtype),),
                    )
                )
    return found


# --------------------------------------------------------------------------------------------------------
# lines


def line_faults() -> list[Fault]:
    found = []
    for engine, package, table in (
        (REFERENCE, "trigrad.reference_py", LINES),
        (SCALAR, "trigrad.scalar_cpp", SCALAR_LINES),
    ):
        for name, (module, path, old, new, tests) in table.items():
            found.append(Fault(engine, name, partial(change, f"{package}.{module}", path, old, new), tests))
    return found


def faults() -> list[Fault]:
    """All faults planted in Python."""
    return rule_faults() + line_faults()
