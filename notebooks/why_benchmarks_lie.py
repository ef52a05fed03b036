# %% [markdown]
# # Why benchmarks lie
#
# This project began with four published comparisons of small autodiff engines. Each had a headline, and
# none survived a second look. Fifteen mistakes stood behind them. Each is a small experiment here; you
# can run any of them with `trigrad bench trap NAME`, and `docs/why_benchmarks_lie.md` tells who fell for
# it and how.

# %%
import inspect
import textwrap

from trigrad_bench.traps import TRAPS, CannotRunError, detached_regulariser, unreduced_bias
from trigrad_bench.traps import content_hash_identity as identity
from trigrad_bench.traps.mini import Number, by_recursion

RESULTS = {}


def show(name):
    """Runs one experiment, and prints the claim, what was behind it, and what is found here."""
    trap = TRAPS[name]
    try:
        result = RESULTS[name] = trap.run(0)
    except CannotRunError as reason:
        print(f"{trap.title}: not run: {reason}\n")
        return
    print(trap.title)
    texts = {"claim": trap.claim, "measured": trap.measured, "here": result.sentence, "instead": trap.lesson}
    for label, text in texts.items():
        lead = f"  {label:10}"
        print(textwrap.fill(text, 100, initial_indent=lead, subsequent_indent=" " * len(lead)))
    print()
    # A time on a busy machine proves little, but what must be equal must be equal.
    assert all(result.checks.values())
    assert trap.timed or result.holds


# %% [markdown]
# ## 1. The clock sees something else
#
# Before you read on, guess: by which factor does each of these change a measured time?
#
# - a C++ library whose CMake file names no build type
# - the first call of an engine in a process, against a later one
# - Python's garbage collector, while a graph of small objects is built
# - cProfile, on an engine of many small calls

# %%
for name in ("unoptimised_build", "first_call", "garbage_collector", "profiler_in_the_clock"):
    show(name)

# %% [markdown]
# None of these four has anything to do with the engines that were compared. The collector is the
# instructive one: it was charged to *recursion*, as the engine that recursed was also the one with an
# object per number. Change one thing at a time.
#
# ## 2. The two sides do different jobs
#
# A regulariser that goes through `.item()` is in the loss, and that is all it is in. The losses are equal
# to the last bit; look at the gradients.

# %%
print(inspect.getsource(detached_regulariser.gradient))
show("detached_regulariser")

# %% [markdown]
# A bias is added to every row, so its gradient is a sum over the rows. Leave the sum out and the backward
# pass is quicker. It is also of no use, which shows in the first update and not before.

# %%
print(inspect.getsource(unreduced_bias.back_to))
show("unreduced_bias")

# %%
for name in ("wrong_fan_init", "forgotten_layers", "batch_of_one"):
    show(name)

# %% [markdown]
# ## 3. The answer is wrong
#
# Backward needs an order: a number may hand its gradient on when all that was made from it has handed on
# theirs. Here is a sort with an explicit stack. It looks right, and on many graphs it is. Can you see
# what happens to `h` in `h + h`, before you run the cell after it?


# %%
def by_stack(root):
    order, finished, stack = [], set(), [root]
    while stack:
        number = stack[-1]
        waiting = [parent for parent in number.parents if id(parent) not in finished]
        if waiting:
            stack.extend(waiting)
        else:
            order.append(stack.pop())
            finished.add(id(number))
    return order


# %%
for order in (by_stack, by_recursion):
    x = Number(1.0)
    h = x * Number(3.0)
    (h + h).backward(order)
    names = {id(x): "x", id(h): "h"}
    listed = [names[id(n)] for n in order(h + h) if id(n) in names]
    print(f"{order.__name__:12}  lists {listed}  d(h + h)/dx = {x.grad:g}")

show("double_visit")

# %% [markdown]
# The same search goes wrong in another way if two numbers count as one because they *hold* the same. The
# usual loop adds the losses of a batch to 0, and 0 + loss holds what loss holds.

# %%
print("a loss that never moves:", identity.train(trapped=True)[:4])
print("as it should be:        ", [f"{loss:.3g}" for loss in identity.train(trapped=False)[:4]])
show("content_hash_identity")

# %%
for name in ("dropout_in_evaluation", "float32_then_float64_init"):
    show(name)

# %% [markdown]
# ## 4. The size is chosen

# %%
for name in ("single_sample_headline", "recursion_depth"):
    show(name)

# %% [markdown]
# ## All of them
#
# How far off is each? A factor of one would be no effect. The differences (a gradient, a loss) have no
# factor; they are in the list only.

# %%
missing = set(TRAPS) - set(RESULTS)
assert missing <= {"unoptimised_build"}, missing
factors = {name: r.effect for name, r in RESULTS.items() if r.kind != "difference"}
for name, factor in sorted(factors.items(), key=lambda item: item[1]):
    print(f"{name:24} {factor:8.1f}x")
for name, r in RESULTS.items():
    if r.kind == "difference":
        print(f"{name:24} {r.trapped:8.3g} instead of {r.right:.3g}")

# %%
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("With matplotlib installed, this cell draws the factors.")
else:
    names = sorted(factors, key=factors.get)
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(names) + 1.2), layout="constrained")
    colors = ["#d55e00" if TRAPS[name].timed else "#0072b2" for name in names]
    bars = axes.barh([name.replace("_", " ") for name in names], [factors[n] for n in names], color=colors)
    for bar, name in zip(bars, names, strict=True):
        bar.set(hatch="//" if TRAPS[name].timed else "", edgecolor="white")
    axes.bar_label(bars, [f"{factors[n]:.3g}×" for n in names], padding=4)
    axes.set_xscale("log")
    axes.set_xlim(1, 4 * max(factors.values()))
    axes.set_xlabel("factor between the trapped and the right answer (1 = no effect, log scale)")
    axes.legend(
        [
            plt.Rectangle((0, 0), 1, 1, facecolor="#d55e00", edgecolor="white", hatch="//"),
            plt.Rectangle((0, 0), 1, 1, facecolor="#0072b2"),
        ],
        ["read off a clock: varies", "computed: the same for the same seed"],
        loc="lower right",
        frameon=False,
    )
    axes.spines[["top", "right"]].set_visible(False)
    if plt.get_backend().lower() != "agg":
        plt.show()

# %% [markdown]
# ## Your turn
#
# - Write a sort that is wrong in a new way, and a graph that shows it: `Number.backward` takes any order.
# - Take a comparison you have read. Which of the fifteen could be in it? What would the author have had
#   to print for you to know?
# - Run `trigrad bench trap garbage_collector --repeat 10` twice, once while something else keeps the
#   machine busy. What stays the same?
