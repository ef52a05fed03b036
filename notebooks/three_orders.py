# %% [markdown]
# # Three orders
#
# A gradient flows through a graph backwards: every node must wait until all that was computed from it
# has been visited. There are several ways to put the nodes in such an order. micrograd searches depth
# first, by recursion. The same search can keep its stack in an array. Or one remembers when each node
# was made: a node is younger than what it was made from.

# %%
import trigrad as tg


def chain(depth):
    """x + 1 + 1 + ..., `depth` times."""
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(depth):
        y = y + 1.0
    return x, y


# %% [markdown]
# On a small graph all three agree.

# %%
for order in tg.ORDERS:
    x, y = chain(1000)
    y.backward(order=order)
    print(f"{order:10} dy/dx = {x.grad.item()}")
    assert x.grad.item() == 1.0

# %% [markdown]
# On a deep one, recursion needs more stack than a thread has. The engine notices before the stack
# ends.

# %%
x, y = chain(1_000_000)
try:
    y.backward(order="recursive")
except RecursionError as error:
    print("recursive:", error)
else:
    raise AssertionError("a million frames should not have fitted")

# %% [markdown]
# Nothing was lost: the graph is still there, and the other orders walk it.

# %%
y.backward(order="stack", retain_graph=True)
y.backward(order="tape")
print("after stack and tape, dy/dx has been added twice:", x.grad.item())
assert x.grad.item() == 2.0

# %% [markdown]
# ## Why order matters at all
#
# In `h = x * 3; y = h + h` the node `h` is reached twice. An engine that passes h's gradient on at
# the first visit passes on half of it, and one that visits twice may count it one and a half times.
# The right answer is 6.

# %%
for order in tg.ORDERS:
    x = tg.tensor(1.0, requires_grad=True)
    h = x * 3.0
    (h + h).backward(order=order)
    assert x.grad.item() == 6.0
print("h + h: 6 in every order")
