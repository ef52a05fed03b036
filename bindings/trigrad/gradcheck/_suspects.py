"""The mistakes that _diagnose.py tries, most telling first.

Why it exists: a list that grows.  A suspect looks at two pieces of evidence and returns (text, [prediction
for each]) pairs; it may raise when it does not apply.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from ._diagnose import Evidence
from ._engines import Array
from ._replay import STEP, Replay, reference

SMOOTH = (
    "exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh asinh "
    "acosh atanh erf tanh sigmoid silu gelu softplus"
).split()
Told = Iterable[tuple[str, list[Array]]]


def cut(seen: list[Evidence]) -> Told:
    """detach, .item() and no_grad: the numbers go on, the gradient does not."""
    replay, escapes = seen[0].oracle.source, seen[0].oracle.escapes
    if escapes and isinstance(replay, Replay):
        first = seen[0]  # what .item() gave belongs to the first point, so only that one is asked
        found = replay.cut_gradient(first.points, first.gs)[first.k]
        yield f"a part of the path is cut, and no gradient comes back through it: {escapes[0]}", [found]


def nothing(seen: list[Evidence]) -> Told:
    text = "no gradient arrives: the rule returns None or 0, or the path is cut (detach, .item(), no_grad)"
    yield text, [np.zeros_like(e.got) for e in seen]


def upstream_ignored(seen: list[Evidence]) -> Told:
    ones = [[np.ones_like(g) for g in e.gs] for e in seen]
    yield (
        "the upstream gradient is ignored: this is the local derivative alone (multiply it by g)",
        [e.true_under("ones", g) for e, g in zip(seen, ones, strict=True)],
    )


def upstream_passed_on(seen: list[Evidence]) -> Told:
    text = "the upstream gradient is passed on unchanged: the local derivative is missing"
    yield text, [np.broadcast_to(e.gs[0], e.got.shape) for e in seen]
    yield text + " (its sign was kept)", [np.broadcast_to(-e.gs[0], e.got.shape) for e in seen]


def sign(seen: list[Evidence]) -> Told:
    yield "the sign is wrong: every element is -1 x the truth", [-e.true for e in seen]


def one_use_of_several(seen: list[Evidence]) -> Told:
    """Overwritten instead of added: needs the written-down graph."""
    replay = seen[0].oracle.source
    if not isinstance(replay, Replay):
        return
    k = seen[0].k
    uses = [
        (at, position, call)
        for at, call in enumerate(replay.program.calls)
        for position, v in enumerate(call.variables())
        if v == k
    ]
    if not 2 <= len(uses) <= 8:
        return
    for at, position, call in uses:
        predictions = []
        for e in seen:
            found = np.zeros_like(e.got)
            for place in np.ndindex(found.shape):
                v = np.zeros_like(found)
                v[place] = 1.0
                found[place] = replay.through(e.points, e.gs, at, position, v)
            predictions.append(found)
        yield (
            f"of {len(uses)} uses of this input only one counted (in {call.op}): overwritten where it must "
            "be added (= instead of +=)",
            predictions,
        )


def counts(seen: list[Evidence]) -> Told:
    """Factors that are sizes: mean and sum taken for each other."""
    x, z = seen[0].x, seen[0].values[0]
    sizes: dict[int, str] = {}  # a 2 needs a better reason than that some dim is 2
    if x.size and z.size > x.size and z.size % x.size == 0:
        sizes[z.size // x.size] = "each element is used that many times (broadcasting)"
    if z.size and x.size > z.size and x.size % z.size == 0:
        sizes[x.size // z.size] = "that many elements are reduced to one"
    plain = {
        "the batch size": x.shape[:1],
        "the last dim's size": x.shape[-1:],
        "the number of elements": (x.size,),
    }
    for what, found in plain.items():
        for n in found:
            if n > 2:
                sizes.setdefault(n, what)
    for n, what in sizes.items():
        if n > 1:
            yield (
                f"{n} x the truth ({n}: {what}): a mean's division by {n} is missing",
                [n * e.true for e in seen],
            )
            yield f"1/{n} of the truth ({n}: {what}): a mean where a sum belongs", [e.true / n for e in seen]


def two(seen: list[Evidence]) -> Told:
    yield "2 x the truth: a factor 2 too many, or one contribution added twice", [2 * e.true for e in seen]
    yield (
        "half the truth: a factor 2 is missing, or of two uses only one counted (= instead of +=)",
        [e.true / 2 for e in seen],
    )


def wrong_place(seen: list[Evidence]) -> Told:
    """The right numbers elsewhere."""
    for a, b in itertools.combinations(range(seen[0].got.ndim), 2):
        if seen[0].got.shape[a] == seen[0].got.shape[b]:
            yield f"transposed: dims {a} and {b} are exchanged", [np.swapaxes(e.true, a, b) for e in seen]
    if seen[0].got.ndim == 2:
        yield (
            "transposed numbers in the right shape: a reshape where a transpose belongs",
            [e.true.T.reshape(e.got.shape) for e in seen],
        )
    for dim in range(seen[0].got.ndim):
        yield f"in reverse order along dim {dim}", [np.flip(e.true, dim) for e in seen]
        yield f"shifted by one along dim {dim}", [np.roll(e.true, 1, dim) for e in seen]
        yield f"shifted by one along dim {dim}", [np.roll(e.true, -1, dim) for e in seen]


def another_input(seen: list[Evidence]) -> Told:
    problem = seen[0].problem
    for j in range(len(seen[0].truths)):
        if j != seen[0].k:
            label = problem.inputs[j] or f"input {problem.wanted[j]}"
            yield f"this is the gradient of {label}: the two are swapped", [e.truths[j] for e in seen]
            yield f"this is minus the gradient of {label}", [-e.truths[j] for e in seen]


def broadcast(seen: list[Evidence]) -> Told:
    """One slice instead of the sum over the dims that broadcasting added."""
    x, g = seen[0].x, seen[0].gs[0]
    added = g.ndim - x.ndim
    if added < 0 or x.size == g.size:
        return
    stretched = [i for i in range(g.ndim) if i < added or (x.shape[i - added] == 1 and g.shape[i] != 1)]
    if not stretched:
        return
    for which, index in (("first", 0), ("last", -1)):
        masks = []
        for e in seen:
            mask = np.zeros_like(e.gs[0])
            mask[tuple(index if i in stretched else slice(None) for i in range(g.ndim))] = 1.0
            masks.append([e.gs[0] * mask, *e.gs[1:]])
        yield (
            f"un-broadcasting is missing: only the {which} of the broadcast copies counted; sum them all",
            [e.true_under(which, m) for e, m in zip(seen, masks, strict=True)],
        )


def diagonal(seen: list[Evidence]) -> Told:
    """Only how output j depends on input j."""
    if seen[0].got.shape != seen[0].gs[0].shape or seen[0].got.size > 64:
        return
    predictions = []
    for e in seen:
        found = np.zeros_like(e.got)
        for place in np.ndindex(found.shape):
            only = np.zeros_like(e.gs[0])
            only[place] = e.gs[0][place]
            found[place] = e.true_under(f"only {place}", [only, *[np.zeros_like(g) for g in e.gs[1:]]])[place]
        predictions.append(found)
    yield (
        "only the diagonal: how each output depends on its own input is right, on the others is missing",
        predictions,
    )


def factor_left_over(seen: list[Evidence]) -> Told:
    """The truth times a quantity at hand."""
    named: dict[str, list[Array]] = {"x": [e.x for e in seen]} if len(seen[0].points) == 1 else {}
    for j in range(len(seen[0].points)):
        label = seen[0].problem.inputs[j] or f"input {seen[0].problem.wanted[j]}"
        if len(seen[0].points) > 1:
            named[label] = [e.points[j] for e in seen]
    named["the output"] = [e.values[0] for e in seen]
    for label, values in named.items():
        shaped = [np.broadcast_to(v, e.got.shape) for v, e in zip(values, seen, strict=True)]
        pairs: list[tuple[str, Callable[[Array, Array], Array]]] = [
            (f"a factor {label} too many: the truth times {label}", lambda t, v: t * v),
            (f"a factor {label} is missing: the truth divided by {label}", lambda t, v: t / v),
            (f"minus the truth times {label}", lambda t, v: -t * v),
            (f"a factor |{label}| too many", lambda t, v: t * np.abs(v)),
            (f"squared where it is single: the truth times {label} squared", lambda t, v: t * v * v),
        ]
        for text, make in pairs:
            with np.errstate(all="ignore"):
                yield text, [make(e.true, v) for e, v in zip(seen, shaped, strict=True)]


FROM_OUTPUT: dict[str, Callable[[Array], Array]] = {  # derivatives that are written with the op's output
    "exp": lambda z: z,
    "expm1": lambda z: z + 1,
    "sqrt": lambda z: 0.5 / z,
    "rsqrt": lambda z: -0.5 * z**3,
    "reciprocal": lambda z: -z * z,
    "tan": lambda z: 1 + z * z,
    "tanh": lambda z: 1 - z * z,
    "sigmoid": lambda z: z * (1 - z),
}


def rule_of(seen: list[Evidence]) -> Told:
    """The op is recognised by its values: input and output mixed up?  Or it is another op's derivative?"""
    if len(seen[0].points) != 1 or seen[0].got.shape != seen[0].values[0].shape:
        yield from _operands_swapped(seen)
        return
    for name in SMOOTH:
        made = [_derivative(name, e.x) for e in seen]
        if any(np.isnan(z).any() for z, _ in made):
            continue  # outside its domain
        if all(
            np.allclose(z, e.values[0], rtol=1e-6, atol=1e-9) for (z, _), e in zip(made, seen, strict=True)
        ):
            if name in FROM_OUTPUT:
                yield (
                    f"{name}'s rule computed from its input, where it needs its output",
                    [e.gs[0] * FROM_OUTPUT[name](e.x) for e in seen],
                )
            yield (
                f"{name}'s derivative taken at its output, where it must be taken at its input",
                [e.gs[0] * _derivative(name, e.values[0])[1] for e in seen],
            )
        else:
            yield (
                f"this is the derivative of {name}",
                [e.gs[0] * d for e, (_, d) in zip(seen, made, strict=True)],
            )


def _derivative(name: str, x: Array) -> tuple[Array, Array]:
    """An op of the list and its derivative, by the complex step: its rule may be the one that is wrong."""
    tg = reference()
    with tg.no_grad(), np.errstate(all="ignore"):
        z = getattr(tg, name)(tg.Tensor(x + 1j * STEP))._array
    return z.real, z.imag / STEP


def _operands_swapped(seen: list[Evidence]) -> Told:
    if len(seen[0].points) != 2 or seen[0].points[0].shape != seen[0].points[1].shape:
        return
    yield (
        "the operands are swapped in the rule",
        [e.oracle.vjp(list(reversed(e.points)), e.gs)[e.k] for e in seen],
    )


def one_side(seen: list[Evidence]) -> Told:
    """Right for positive inputs and something simple for the others, or the reverse."""
    for text, side in (("positive", np.greater), ("negative", np.less)):
        right = [side(e.x, 0) for e in seen]
        other = "negative" if text == "positive" else "positive"
        if not all(r.any() and not r.all() for r in right):
            continue
        for what, make in (
            ("0", lambda e: np.zeros_like(e.true)),
            ("the upstream gradient", lambda e: np.broadcast_to(e.gs[0], e.true.shape)),
            ("minus the truth", lambda e: -e.true),
        ):
            yield (
                f"right where the input is {text}; where it is {other} the gradient is {what}",
                [np.where(r, e.true, make(e)) for r, e in zip(right, seen, strict=True)],
            )


def some_missing(seen: list[Evidence]) -> Told:
    """Zero at some places, right at the others."""
    zero = [e.got == 0 for e in seen]
    if all(z.any() and not z.all() for z in zero):
        n = int((zero[0] & (seen[0].true != 0)).sum())
        yield (
            f"the gradient is missing at {n} of {seen[0].got.size} elements and right at the others",
            [np.where(z, 0.0, e.true) for z, e in zip(zero, seen, strict=True)],
        )


def constant(seen: list[Evidence]) -> Told:
    flat = seen[0].true.ravel()
    at = int(np.abs(flat).argmax())
    ratio = float(seen[0].got.ravel()[at] / flat[at])
    yield f"every element is {ratio:.6g} x the truth", [ratio * e.true for e in seen]


SUSPECTS: list[Callable[[list[Evidence]], Told]] = [
    cut,
    nothing,
    sign,
    upstream_ignored,
    one_use_of_several,
    broadcast,
    counts,
    upstream_passed_on,
    two,
    another_input,
    wrong_place,
    rule_of,
    diagonal,
    one_side,
    factor_left_over,
    some_missing,
    constant,
]
