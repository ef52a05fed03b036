"""The lines of Python that faults change: reference_py's, and those of the shaped part of scalar_cpp.

Why it exists: a table, apart from what plants it. A row is a fault's name, then module, function (or
`Class.method`), what stands there, what stands there in the fault, and the tests that must fail.
Read python.py."""

from __future__ import annotations

from .fault import error_text, for_engine, op_test

Line = tuple[str, str, str, str, tuple[str, ...]]
REFERENCE = "reference_py"
WALKS = (for_engine(REFERENCE, "test_traversal", "test_graphs"),)


def walks(name: str) -> tuple[str, ...]:
    return (for_engine(REFERENCE, "test_traversal", name),)


def blind(name: str) -> tuple[str, ...]:
    return (for_engine(REFERENCE, "test_blind_spots", name),)


def in_place(name: str, more: str = r"(-.*)?") -> tuple[str, ...]:
    return (for_engine(REFERENCE, "test_inplace", name, more),)


def op(*names: str) -> tuple[str, ...]:
    return tuple(op_test(REFERENCE, name) for name in names)


SAVES = (for_engine(REFERENCE, "test_saves", "test_saves", "-(add|mul|exp)"),)
LINES: dict[str, Line] = {
    "unbroadcast.skipped": ("graph", "unbroadcast", "if g.shape == shape:", "if True:", op("mul")),
    "unbroadcast.averages": ("graph", "unbroadcast", "g.sum(dims)", "g.mean(dims)", op("add")),
    "unbroadcast.wrong_axis": (
        "graph",
        "unbroadcast",
        "    return (g.sum(dims)",
        "    if len(dims) == 1 and g.ndim == 2 and g.shape[0] == g.shape[1]:\n"
        "        dims = (1 - dims[0],)\n    return (g.sum(dims)",
        blind("test_square_broadcast"),
    ),
    "sweep.overwrites": ("graph", "sweep", "outputs[index] + g if index in outputs else g", "g", WALKS),
    "sweep.forwards": (
        "graph",
        "sweep",
        "for origin in reversed(\n            origins\n        ):",
        "for origin in (origins):",
        WALKS,
    ),
    "sweep.never_records": ("graph", "sweep", "recording(create_graph)", "recording(False)", op("square")),
    "sweep.always_records": (
        "graph",
        "sweep",
        "recording(create_graph)",
        "recording(True)",
        blind("test_gradients_carry_no_graph"),
    ),
    "sweep.never_frees": (
        "graph",
        "sweep",
        "if not retain_graph:",
        "if False:",
        walks("test_second_backward_raises"),
    ),
    "sweep.interior_only_once": (
        "graph",
        "sweep",
        "_run_hooks(origin._hooks, grads)",
        "pass",
        walks("test_hooks"),
    ),
    "hook.called_twice": (
        "graph",
        "_run_hooks",
        "replaced = hook(g)",
        "replaced = hook(g) and hook(g) or hook(g)",
        walks(r"test_each_node_once\w+"),
    ),
    "hook.result_ignored": (
        "graph",
        "_run_hooks",
        "g if replaced is None else _instead_of(g, replaced)",
        "g",
        walks("test_hooks"),
    ),
    "hook.result_of_any_shape": (
        "graph",
        "_instead_of",
        "replaced.shape != g.shape",
        "False",
        walks("test_what_a_hook_returns_stands_for_the_gradient"),
    ),
    "hook.result_of_any_dtype": (
        "graph",
        "_instead_of",
        "replaced.dtype != g.dtype",
        "False",
        walks("test_what_a_hook_returns_stands_for_the_gradient"),
    ),
    "hook.cannot_be_removed": (
        "autograd",
        "Handle.remove",
        "self.hooks.pop(self.number, None)",
        "pass",
        walks("test_hooks"),
    ),
    "stack.visits_twice": (
        "graph",
        "stack_order",
        "if edge is not None and id(edge[0]) not in seen:",
        "if edge is not None:",
        walks(r"test_each_node_once\w+"),
    ),
    "recursive.visits_twice": (
        "graph",
        "_visit",
        "if id(origin) in seen:",
        "if False:",
        walks(r"test_each_node_once\w+"),
    ),
    "recursive.preorder": (
        "graph",
        "_visit",
        "    for edge in inputs_of(origin):\n        if edge is not None:\n"
        "            _visit(edge[0], seen, path, listed)\n    path.pop()\n    listed.append(origin)",
        "    listed.append(origin)\n    for edge in inputs_of(origin):\n        if edge is not None:\n"
        "            _visit(edge[0], seen, path, listed)\n    path.pop()",
        WALKS,
    ),
    "recursive.last_input_first": (
        "graph",
        "_visit",
        "inputs_of(origin)",
        "reversed(inputs_of(origin))",
        walks("test_orders_agree"),
    ),
    "retain_grad.ignored": (
        "graph",
        "_is_asked",
        " or (origin.retains is not None and index in origin.retains)",
        "",
        walks("test_interior_gradients"),
    ),
    "thread.not_checked": (
        "graph",
        "inputs_of",
        "origin.thread is not modes.token",
        "False",
        (r"tests/conformance/test_errors\.py::test_18.*\[reference_py",),
    ),
    "thread.not_checked_in_record": (
        "registry",
        "_record",
        "origin.thread is not modes.token",
        "False",
        (r"tests/conformance/test_errors\.py::test_18.*\[reference_py",),
    ),
    "version.not_checked": ("graph", "Node.recall", "tensor._version != version", "False", SAVES),
    "version.not_raised": (
        "inplace",
        "store",
        "x._storage.version += 1",
        "pass",
        in_place(r"test_changes\w+"),
    ),
    "version.raised_twice": (
        "inplace",
        "store",
        "x._storage.version += 1",
        "x._storage.version += 2",
        in_place(r"test_changes\w+"),
    ),
    "version.not_shared_by_views": (
        "registry",
        "_share",
        "z._storage = base._storage",
        "pass",
        in_place(r"test_views\w+"),
    ),
    "version.not_shared_by_detach": (
        "tensor",
        "Tensor.detach",
        "storage=self._storage",
        "",
        in_place(r"test_changes\w+"),
    ),
    "detach.keeps_history": (
        "tensor",
        "Tensor.detach",
        "Tensor(self._array, storage=self._storage)",
        "self",
        walks("test_no_grad"),
    ),
    "saves.everything": (
        "registry",
        "_record",
        "if name in reads and read is not None:",
        "if read is not None:",
        SAVES,
    ),
    "saves.output_of_the_future": (
        "registry",
        "_record",
        "(z.detach(), z._version)",
        "(z.detach(), z._version + 1)",
        (r"tests/conformance/test_errors\.py::test_11.*\[reference_py",),
    ),
    "no_grad.ignored": (
        "registry",
        "apply",
        "if modes.recording and record.rules:",
        "if record.rules:",
        walks("test_no_grad"),
    ),
    "no_grad.does_not_end": (
        "modes",
        "recording.__exit__",
        "modes.recording = self.before.pop()",
        "self.before.pop()",
        blind("test_no_grad_ends"),
    ),
    "leaf.overwrites": (
        "autograd",
        "_accumulate",
        "target._grad._array += g._array",
        "target._grad._array[...] = g._array",
        walks("test_retain_graph_doubles_the_leaf"),
    ),
    "leaf.aliases_gradient": (
        "autograd",
        "_accumulate",
        "Tensor(g._array.copy())",
        "g",
        blind("test_leaves_own_their_gradients"),
    ),
    "grad.unused_not_refused": (
        "autograd",
        "grad",
        "and not allow_unused",
        "and False",
        (error_text(REFERENCE, 24),),
    ),
    "backward.any_shape": (
        "autograd",
        "_root",
        "if output.numel() != 1:",
        "if False:",
        (error_text(REFERENCE, 9),),
    ),
    "anomaly.gradient_not_checked": (
        "graph",
        "_refuse_nan",
        "np.isnan(gx._array).any()",
        "False",
        (r"tests/conformance/test_errors\.py::test_19.*\[reference_py",),
    ),
    "in_place.leaf_may_change": (
        "inplace",
        "refuse_tracked",
        "if is_tracked(x) and x.is_leaf:",
        "if False:",
        (error_text(REFERENCE, 14),),
    ),
    "in_place.tracked_may_change": (
        "inplace",
        "refuse_tracked",
        "    if is_tracked(x):",
        "    if False:",
        in_place("test_refused_change_changes_nothing"),
    ),
    "in_place.augmented_always": (
        "inplace",
        "augmented",
        "if is_tracked(self) or is_tracked(other):",
        "if False:",
        in_place("test_augmented_assignment"),
    ),
    # rules
    "pow.gx_not_guarded": (
        "transcendental",
        "_pow_gx",
        "where(constant, 0, y * pow(x, where(constant, 1, y) - 1))",
        "y * pow(x, y - 1)",
        op("pow"),
    ),
    "pow.gy_not_guarded": (
        "transcendental",
        "_pow_gy",
        "where(flat, 0, z * log(where(flat, 1, x)))",
        "z * log(x)",
        op("pow"),
    ),
    "maximum.ties_not_shared": (
        "elementwise",
        "_share",
        "where(ties, g / 2, g)",
        "g",
        op("maximum", "minimum"),
    ),
    "elu.not_guarded": ("activations", "_elu_gx", "exp(where(x > 0, 0, x))", "exp(x)", op("elu")),
    "silu.beta_forgotten": ("activations", "_silu_gx", "(beta * x) * (s", "x * (s", op("silu")),
    "gelu.density_forgotten": ("activations", "_gelu_gx", "below + x * density", "below", op("gelu")),
    "clamp.open_interval": ("activations", "_clamp_gx", "x >= min", "x > min", op("clamp")),
    "var.not_centred": ("reductions", "_var_gx", "(x - mean(x, dim, True))", "x", op("var")),
    "std.not_guarded_at_0": ("reductions", "_std_gx", "flat = z == 0", "flat = z != z", op("std")),
    "norm.not_guarded_at_0": ("reductions", "_norm_gx", "flat = z == 0", "flat = z != z", op("norm")),
    "norm.sign_forgotten": ("reductions", "_norm_gx", "g * sign(x) * share", "g * share", op("norm")),
    "extreme.ties_not_shared": (
        "reductions",
        "_to_extremes",
        "g / sum(ties, dim, True).to(g.dtype)",
        "g",
        op("amax"),
    ),
    "prod.one_sided": ("along", "_prod_gx", "before * after", "before", op("prod")),
    "cumprod.only_its_own_place": (
        "along",
        "_cumprod_gx",
        " + narrow(x, dim, k + 1, 1) * s",
        "",
        op("cumprod"),
    ),
    "logsumexp.not_normalised": (
        "along",
        "_logsumexp_gx",
        " - where(none, 0, keep(z, x.shape, dim))",
        "",
        op("logsumexp"),
    ),
    "place.overwrites": ("shapes", "place", "np.add.at(z, key, x)", "z[key] = x", op("index", "gather")),
    "cat.all_get_the_first_piece": ("shapes", "_cat_gx", "shapes[:k]", "shapes[:0]", op("cat")),
    "narrow.from_0": (
        "shapes",
        "_narrow_gx",
        "slice(start, start + length)",
        "slice(0, length)",
        op("narrow"),
    ),
    "matmul.gx_transposed_only_if_it_must": (
        "products",
        "_matmul_gx",
        "transpose(column, -2, -1)",
        "(column if column.shape[-1] == column.shape[-2] else transpose(column, -2, -1))",
        blind("test_square_matrices"),
    ),
    "einsum.ones_forgotten": (
        "products",
        "_einsum_gxs",
        "Tensor(np.ones(sizes[letter], g.dtype))",
        "Tensor(np.eye(1, sizes[letter], dtype=g.dtype)[0])",
        blind("test_einsum_sums_alone"),
    ),
    "linear.batch_averaged": (
        "products",
        "_linear_gweight",
        "matmul(transpose(reshape(g, (B, O)), 0, 1)",
        "matmul(transpose(reshape(g / max(B, 1), (B, O)), 0, 1)",
        op("linear"),
    ),
}

SCALAR = "scalar_cpp"


def scalar_op(*names: str) -> tuple[str, ...]:
    return tuple(op_test(SCALAR, name) for name in names)


SCALAR_LINES: dict[str, Line] = {
    "extreme.ties_not_shared": (
        "reductions",
        "_shares",
        "best / np.maximum(best.sum(axis=1, keepdims=True), 1)",
        "best.astype(float)",
        scalar_op("amax"),
    ),
    "norm.sign_forgotten": (
        "reductions",
        "norm",
        "np.sign(flat) * (size / values",
        "(size / values",
        scalar_op("norm"),
    ),
    "logsumexp.not_normalised": ("reductions", "logsumexp", "exps / total", "exps", scalar_op("logsumexp")),
    "std.not_guarded_at_0": (
        "reductions",
        "std",
        'elementwise("where", positive, elementwise("sqrt", elementwise("where", positive, v, 1.0)), v)',
        'elementwise("sqrt", v)',
        scalar_op("std"),
    ),
    "var.correction_ignored": (
        "reductions",
        "var",
        "_count(x, dims) - correction",
        "_count(x, dims)",
        scalar_op("var"),
    ),
}
