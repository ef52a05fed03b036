# %% [markdown]
# # First steps
#
# Three engines offer the same names. `import trigrad as tg` is the tensor engine in C++; the other
# two are a NumPy reference, written for reading, and an engine on scalars.

# %%
import numpy as np
from trigrad import gradcheck, reference_py, scalar_cpp, tensor_cpp

rng = np.random.default_rng(0)
X, W = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))


def loss_in(tg, weight):
    """The mean square of a layer's outputs: any engine can compute it."""
    return tg.linear(tg.tensor(X), weight).tanh().square().mean()


# %% [markdown]
# The same loss, the same gradient, three times. Each engine records what was computed and walks it
# backwards.

# %%
gradients = {}
for tg in (tensor_cpp, reference_py, scalar_cpp):
    weight = tg.tensor(W, requires_grad=True)
    loss = loss_in(tg, weight)
    loss.backward()
    gradients[tg.__name__] = weight.grad.numpy()
    print(f"{tg.__name__:22} loss {loss.item():.12f}")

first, *others = gradients.values()
assert all(np.allclose(first, g, rtol=1e-12) for g in others)

# %% [markdown]
# ## Is a gradient right?
#
# Nobody should believe a derivative that was only written down. `gradcheck` compares it with one that
# was measured.

# %%
weight = tensor_cpp.tensor(W, requires_grad=True)
report = gradcheck.gradcheck(lambda w: loss_in(tensor_cpp, w), [weight])
print(report)


# %% [markdown]
# An operation of your own is a class with a forward and a backward. This one forgets a factor two:


# %%
class WrongSquare(tensor_cpp.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x


report = gradcheck.gradcheck(lambda w: WrongSquare.apply(w).sum(), [weight], raise_exception=False)
print(report)
assert not report
