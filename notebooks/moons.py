# %% [markdown]
# # Moons: micrograd's demo on the scalar engine
#
# A network of single numbers learns to tell two half-moons apart. Only the import differs from the
# original; with the same seeds and the same order of draws the losses are the same.

# %%
import random

import numpy as np
from trigrad.scalar_cpp import MLP, Value

np.random.seed(1337)
random.seed(1337)


# %% [markdown]
# The data: two arcs, shuffled, with noise. scikit-learn's `make_moons(n_samples=100, noise=0.1)`
# draws in this very order.


# %%
def make_moons(n, noise):
    upper, lower = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    x = np.concatenate([np.cos(upper), 1 - np.cos(lower)])
    y = np.concatenate([np.sin(upper), 1 - np.sin(lower) - 0.5])
    side = np.repeat([0, 1], [n // 2, n - n // 2])
    order = np.arange(n)
    np.random.shuffle(order)
    return np.stack([x, y], axis=1)[order] + np.random.normal(scale=noise, size=(n, 2)), side[order]


X, y = make_moons(100, 0.1)
y = y * 2 - 1  # -1 or 1

# %%
model = MLP(2, [16, 16, 1])
print(len(model.parameters()), "parameters")


def loss():
    scores = [model([Value(v) for v in row]) for row in X]
    margins = [(1 + -int(side) * score).relu() for side, score in zip(y, scores, strict=True)]
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    right = [(side > 0) == (score.data > 0) for side, score in zip(y, scores, strict=True)]
    return sum(margins) * (1.0 / len(margins)) + penalty, sum(right) / len(right)


# %% [markdown]
# A hundred steps of gradient descent over all points at once.

# %%
for step in range(100):
    total, accuracy = loss()
    model.zero_grad()
    total.backward()
    rate = 1.0 - 0.9 * step / 100
    for p in model.parameters():
        p.data -= rate * p.grad
    if step % 20 == 0 or step == 99:
        print(f"step {step:3}  loss {total.data:.7f}  accuracy {accuracy * 100:.0f} %")

assert abs(total.data - 0.0109784) < 1e-6
assert accuracy == 1.0
