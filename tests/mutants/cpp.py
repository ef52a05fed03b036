"""The faults of the C++ engines. They are compiled in, and switched on by name (trigrad/mutants.hpp).

Why it exists: this is the list of names and of the tests that answer for each. It is compared with the names
in the sources, both ways. Read python.py next."""

from __future__ import annotations

import importlib
import re
from functools import partial

from tests.conformance.oplist import ROOT, records

from .fault import Fault, error_text, for_engine, op_test

SOURCES = ("scalar_cpp/include", "tensor_cpp/src", "tensor_cpp/include", "bindings/src")
SWITCH = re.compile(r'\bmutant\("([a-z_0-9.]+)"\)')


def switch(name: str) -> None:
    """Switches the fault on, in this process."""
    importlib.import_module("trigrad._core")._set_mutant(name)


def names_in_sources() -> set[str]:
    """Every switch with a name of its own."""
    files = [p for folder in SOURCES for p in (ROOT / folder).rglob("*") if p.suffix in (".hpp", ".cpp")]
    return {name for p in files for name in SWITCH.findall(p.read_text(encoding="utf-8"))}


# --------------------------------------------------------------------------------------------------------
# one rule of an elementwise op


def rules() -> list[tuple[str, int, list[str]]]:
    """Op, input and the faults that change something there."""
    found = []
    for record in records():
        if record["kind"] != "elementwise" or record["gradient"] == "none":
            continue
        for k in range(len(record["inputs"])):
            if record["name"] == "where" and k == 0:
                continue
            faults = ["negated", "dropped", "near", "upstream"]
            if record["gradient"] == "zero":
                faults = ["added"]  # of a zero gradient there is nothing to negate or to drop
            elif len(record["inputs"]) > 1 and record["name"] != "add":  # whose two rules are one
                faults.append("swapped")
            if record["kinks"] and record["gradient"] == "kinked" and "x" in record["saves"]:
                faults.append("kink")  # relu saves only z, which does not tell 0 from below
            found.append((record["name"], k, faults))
    return found


def rule_faults() -> list[Fault]:
    """The same rules serve both engines. The tape calls them with g = 1, and adds without any rule."""
    found = []
    for number, (op, k, faults) in enumerate(rules()):
        tests = {
            "tensor_cpp": (op_test("tensor_cpp", op, ("float64", "float32")[number % 2]),),
            "scalar_cpp": (op_test("scalar_cpp", op),),
        }
        for fault in faults:
            name = f"rule.{op}.{k}.{fault}"
            engines = ("tensor_cpp",) if op == "add" or fault == "upstream" else tuple(tests)
            found += [Fault(e, name, partial(switch, name), tests[e], counts=True) for e in engines]
    return found


# --------------------------------------------------------------------------------------------------------
# one gradient that a structural node of tensor_cpp passes on. Node: its inputs, and ops that use it.
NODES: dict[str, tuple[int, list[str]]] = {
    "sum": (1, ["sum"]),
    "mean": (1, ["mean"]),
    "amax": (1, ["amax"]),
    "amin": (1, ["amin"]),
    "prod": (1, ["prod"]),
    "var": (1, ["var"]),
    "std": (1, ["std"]),
    "norm": (1, ["norm"]),
    "logsumexp": (1, ["logsumexp"]),
    "cumsum": (1, ["cumsum"]),
    "cumprod": (1, ["cumprod"]),
    "softmax": (1, ["softmax"]),
    "log_softmax": (1, ["log_softmax"]),
    "matmul": (2, ["matmul"]),
    "linear": (3, ["linear"]),
    "reshape": (1, ["reshape"]),
    "permute": (1, ["permute"]),
    "expand": (1, ["expand"]),
    "cat": (2, ["cat"]),
    "tril": (1, ["tril"]),
    "triu": (1, ["triu"]),
    "slice": (1, ["slice"]),
    "slice_put": (1, ["slice"]),
    "index": (1, ["index", "gather"]),
    "scatter_add": (1, ["scatter_add"]),
    "mse_loss": (2, ["mse_loss"]),
    "hinge_loss": (2, ["hinge_loss"]),
    "cross_entropy": (1, ["cross_entropy"]),
    "nll_loss": (1, ["nll_loss"]),
}


def node_faults() -> list[Fault]:
    found = []
    for node, (inputs, ops) in NODES.items():
        for k in range(inputs):
            for fault in ("negated", "doubled", "dropped", "near", "missing"):
                name = f"node.{node}.{k}.{fault}"
                tests = tuple(op_test("tensor_cpp", op) for op in ops)
                found.append(Fault("tensor_cpp", name, partial(switch, name), tests, counts=True))
    return found


# --------------------------------------------------------------------------------------------------------
# faults with a name of their own

# Rules of structural ops in tensor_cpp: the ops whose tests answer.
STRUCTURAL: dict[str, str] = {
    "sum.divided_by_count": "sum",
    "mean.not_divided": "mean",
    "prod.divides_by_x": "prod",
    "var.not_centred": "var",
    "var.correction_ignored": "var",
    "std.not_guarded_at_0": "std",
    "std.rule_of_var": "std",
    "norm.sign_forgotten": "norm",
    "norm.not_guarded_at_0": "norm",
    "norm.power_off_by_one": "norm",
    "logsumexp.not_normalised": "logsumexp",
    "extreme.ties_not_shared": "amax",
    "extreme.last_of_equals": "max_dim",
    "cumsum.not_reversed": "cumsum",
    "cumprod.only_its_own_place": "cumprod",
    "softmax.without_sum": "softmax",
    "softmax.rule_of_sigmoid": "softmax",
    "log_softmax.without_sum": "log_softmax",
    "log_softmax.not_exponentiated": "log_softmax",
    "sort.always_ascending": "sort",
    "linear.activation_ignored": "linear",
    "linear.tanh_slope": "linear",
    "linear.relu_passes_at_0": "linear",
    "linear.bias_averaged": "linear",
    "linear.weight_of_first_row_only": "linear",
    "slice.gradient_one_early": "slice",
    "slice.step_forgotten": "slice",
    "permute.not_inverted": "permute",
    "cat.all_get_the_first_piece": "cat",
    "tril.uses_triu": "tril",
    "triu.diagonal_ignored": "triu",
    "put_add.overwrites": "index",
    "index.negative_means_first": "index",
    "huber.always_quadratic_below_1": "huber_loss",
    "cross_entropy.rule_forgets_smoothing": "cross_entropy",
    "nll.rule_not_averaged": "nll_loss",
}

TRAVERSAL, INPLACE = "test_traversal", "test_inplace"


def _walks(engine: str, name: str = r"test_\w+", more: str = r"(-.*)?") -> str:
    return for_engine(engine, TRAVERSAL, name, more)


def _blind(engine: str, name: str) -> tuple[str, ...]:
    return (for_engine(engine, "test_blind_spots", name),)


ENGINE: dict[str, tuple[str, ...]] = {
    "matmul.gx_transposed_only_if_it_must": _blind("tensor_cpp", "test_square_matrices"),
    "matmul.gy_transposed_only_if_it_must": _blind("tensor_cpp", "test_square_matrices"),
    "nll.ignored_labels_counted": _blind("tensor_cpp", "test_ignored_labels"),
    "cross_entropy.ignored_labels_counted": _blind("tensor_cpp", "test_ignored_labels"),
    "order.visits_twice": (_walks("tensor_cpp", "test_graphs"),),
    "tape.not_sorted": (_walks("tensor_cpp", "test_graphs"),),
    "tape.sorts_by_low_digit": (for_engine("tensor_cpp", "test_blind_spots", "test_a_wide_graph"),),
    "stack.breadth_first": (_walks("tensor_cpp", "test_graphs"),),
    "sweep.overwrites": (_walks("tensor_cpp"), _walks("tensor_cpp", "test_graphs")),
    "sweep.subtracts": (_walks("tensor_cpp", "test_graphs"),),
    "sweep.does_not_unbroadcast": (op_test("tensor_cpp", "mul"),),
    "sweep.keeps_dtype": (for_engine("tensor_cpp", "test_blind_spots", "test_gradients_take_the_dtype"),),
    "unbroadcast.wrong_axis": (for_engine("tensor_cpp", "test_blind_spots", "test_square_broadcast"),),
    "unbroadcast.averages": (op_test("tensor_cpp", "add"),),
    "unbroadcast.keeps_the_first": (op_test("tensor_cpp", "add"),),
    "version.not_checked": (for_engine("tensor_cpp", "test_saves", "test_saves"),),
    "version.of_output_not_checked": (for_engine("tensor_cpp", "test_saves", "test_saves", "-(exp|tanh)"),),
    "version.not_raised": (for_engine("tensor_cpp", INPLACE, r"test_changes\w+"),),
    "version.of_the_future": (
        for_engine("tensor_cpp", "test_saves", r"test_saves", "-mul"),
        r"tests/conformance/test_errors\.py::test_11.*\[tensor_cpp",
    ),
    "saves.everything": (for_engine("tensor_cpp", "test_saves", "test_saves", "-(add|exp)"),),
    "hook.called_twice": (_walks("tensor_cpp"), r"tests/python/test_tensor_grad\.py::test_hook"),
    "hook.result_ignored": (_walks("tensor_cpp", "test_hooks"),),
    "retain_grad.of_all": (_walks("tensor_cpp", "test_interior_gradients"),),
    "retain_grad.of_none": (_walks("tensor_cpp", "test_interior_gradients"),),
    "grad.fills_leaves": (_walks("tensor_cpp", "test_autograd_grad"),),
    "leaf.overwrites": (_walks("tensor_cpp", "test_retain_graph_doubles_the_leaf"),),
    "leaf.aliases_gradient": (
        for_engine("tensor_cpp", "test_blind_spots", "test_leaves_own_their_gradients"),
    ),
    "graph.never_freed": (_walks("tensor_cpp", "test_second_backward_raises"),),
    "create_graph.detached": (op_test("tensor_cpp", "square"),),
    "no_grad.ignored": (_walks("tensor_cpp", "test_no_grad"),),
    "thread.not_checked": (r"tests/python/test_tensor_threads\.py::test_a_graph_used_elsewhere",),
    "backward.any_shape": (error_text("tensor_cpp", 9),),
    "in_place.leaf_may_change": (for_engine("tensor_cpp", INPLACE, "test_refused_change_changes_nothing"),),
    "in_place.tracked_may_change": (
        for_engine("tensor_cpp", INPLACE, "test_refused_change_changes_nothing"),
    ),
    "detach.keeps_history": (_walks("tensor_cpp", "test_no_grad"),),
    "record.asks_later": (
        r"tests/conformance/test_found_by_reading\.py::test_what_requires_a_gradient_later\w*\[tensor_cpp",
    ),
    "detach.copies": (for_engine("tensor_cpp", INPLACE, r"test_changes\w+"),),
}

# scalar_cpp as Python sees it.
BLIND = r"tests/conformance/test_blind_spots\.py::"
VALUE, TENSOR = r"tests/python/test_scalar_value(_life)?\.py::", r"tests/python/test_scalar_tensor\.py::"
SCALAR: dict[str, tuple[str, ...]] = {
    "tape.skips_negative": (op_test("scalar_cpp", "square"),),
    "tape.stops_one_early": (_walks("scalar_cpp", "test_graphs"),),
    "tape.sum_of_one_term": (op_test("scalar_cpp", "sum"),),
    "tape.third_parent_ignored": (op_test("scalar_cpp", "add"),),
    "tape.second_parent_overwritten": _blind("scalar_cpp", "test_second_operands_gather_too"),
    "tape.first_parent_overwritten": (_walks("scalar_cpp", "test_graphs"),),
    "tape.partials_exchanged": (op_test("scalar_cpp", "mul"),),
    "backward.operations_not_cleared": (_walks("scalar_cpp", "test_retain_graph_doubles_the_leaf"),),
    "backward.leaves_not_cleared": (_walks("scalar_cpp", "test_retain_graph_doubles_the_leaf"),),
    "backward.seed_overwrites": _blind("scalar_cpp", "test_an_output_may_come_twice"),
    "backward.frees_nothing": (_walks("scalar_cpp", "test_second_backward_raises"),),
    "collect.drops_parents": (VALUE, TENSOR),
    "collect.leaves_adjoints_behind": (BLIND + "test_collecting_keeps_gradients",),
    "collect.partials_become_1": (BLIND + "test_collecting_keeps_partials",),
    "collect.overwrites_sums": (BLIND + "test_collecting_keeps_partials",),
    "collector.leaves_values_behind": (VALUE, TENSOR),
    "collector.forgets_tensors": (TENSOR,),
    "collector.never_runs": (VALUE + "test_dead_operations_leave_the_tape",),
    "collector.forgets_labels": (VALUE,),
    "tensor.add_loses_second": (op_test("scalar_cpp", "add"),),
    "tensor.partials_are_1": (op_test("scalar_cpp", "norm"),),
    "tensor.dots_partials_exchanged": (op_test("scalar_cpp", "matmul"),),
    "tensor.bias_forgotten": (op_test("scalar_cpp", "linear"),),
    "tensor.hook_result_ignored": (_walks("scalar_cpp", "test_hooks"),),
    "tensor.hook_called_early": (_walks("scalar_cpp", r"test_each_node_once\w+"),),
    "tensor.pick_halves": (op_test("scalar_cpp", "reshape"),),
}

# The C++ interface of the tape and of Value: GoogleTest answers, and these are its filters.
NATIVE: dict[str, tuple[str, ...]] = {
    "tape.rewind_forgets_nothing": ("ScalarBlindSpots.*",),
    "tape.rewind_keeps_adjoints": ("ScalarTape.Rewind*",),
    "tape.forgotten_are_zeros": ("ScalarTape.Rewind*",),
    "tape.seed_overwrites": ("ScalarTape.*Accumulate*", "ScalarValue.*"),
    "tape.operations_not_cleared": ("ScalarTape.*Accumulate*",),
    "tape.leaves_cleared": ("ScalarTape.*Accumulate*",),
    "tape.late_leaves_cleared": ("ScalarTape.*Accumulate*",),
    "tape.pair_reads_early": ("ScalarTape.SweepsAgree*",),
    "tape.pair_forgets_other_uses": ("ScalarTape.SweepsAgree*",),
    "tape.pair_forgets_twice": ("ScalarTape.SweepsAgree*",),
    "tape.pair_takes_any_operation": ("ScalarTape.SweepsAgree*",),
    "tape.chain_forgets_twice": ("ScalarTape.SweepsAgree*",),
    "tape.skips_five_for_four": ("ScalarTape.SweepsAgree*",),
    "value.mul_add_partials_exchanged": ("ScalarValue.*",),
    "value.dot_forgets_bias": ("ScalarValue.*",),
    "value.dot_weights_get_weights": ("ScalarValue.*",),
    "value.add_equals_once": ("ScalarValue.*",),
}
# Python has optimisers of its own around the same kernels; these are met in C++.
OPTIMISERS = {
    "sgd": (
        *("maximize_ignored", "momentum_forgotten", "first_step_dampened", "decay_negative"),
        "nesterov_ignored",
    ),
    "adam": (
        *("maximize_ignored", "betas_exchanged", "first_not_corrected", "second_not_corrected"),
        *("eps_squared", "decay_coupled", "amsgrad_ignored", "does_not_age"),
    ),
    "lambda_lr": ("compounds",),
}
TENSOR_IN_CPP = {"counts.never_locked": ("TensorCounts.AreRight*",)}  # Python's lock would hide it
# Faults of the tape that both sides must see.
NATIVE_TOO = (
    *("skips_negative", "stops_one_early", "sum_of_one_term", "run_overwrites", "partials_exchanged"),
    *("first_parent_overwritten", "second_parent_overwritten", "third_parent_ignored"),
)


def faults() -> list[Fault]:
    """All faults of the C++ engines."""
    found = rule_faults() + node_faults()
    for name, op in STRUCTURAL.items():
        found.append(
            Fault("tensor_cpp", name, partial(switch, name), (op_test("tensor_cpp", op),), counts=True)
        )
    for engine, table in (("tensor_cpp", ENGINE), ("scalar_cpp", SCALAR)):
        for name, tests in table.items():
            found.append(Fault(engine, name, partial(switch, name), tests, counts=True))
    native = {**NATIVE, **{f"tape.{name}": ("ScalarTape.SweepsAgree*",) for name in NATIVE_TOO}}
    native |= {
        f"collect.{n}": ("ScalarTape.Collecting*",)
        for n in ("drops_parents", "leaves_adjoints_behind", "overwrites_sums", "partials_become_1")
    }
    for name, tests in native.items():
        found.append(Fault("scalar_cpp in C++", name, partial(switch, name), tests, native=True))
    tensors = {f"{kind}.{n}": ("TensorOptim.*",) for kind, names in OPTIMISERS.items() for n in names}
    for name, tests in (tensors | TENSOR_IN_CPP).items():
        found.append(Fault("tensor_cpp in C++", name, partial(switch, name), tests, native=True))
    listed = {f.name for f in found if not f.name.startswith(("rule.", "node."))}
    assert listed == names_in_sources(), (
        f"the list and the sources differ: {sorted(listed ^ names_in_sources())}"
    )
    return found
