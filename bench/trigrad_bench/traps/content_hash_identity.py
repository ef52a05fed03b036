"""Trap 7: a node is recognised by what it holds, so a node that equals another one is taken for it."""

from __future__ import annotations

from .mini import Number, by_recursion
from .trap import Result, Trap

STEPS, RATE = 10, 0.1
ONE, TWO = [(2.0, 8.0)], [(2.0, 8.0), (1.0, 4.0)]


def content(number: Number) -> float:
    """The identity that the seed used, reduced to its core: the value itself."""
    return number.data


def by_content(root: Number) -> list[Number]:
    """The search of mini.py with contents in place of identities."""
    return by_recursion(root, content)


def loss_of(w: Number, samples: list[tuple[float, float]]) -> Number:
    """Σ (w·x − y)², summed up from 0 as a loop does: 0 + loss has the same content as loss."""
    total = Number(0.0)
    for x, y in samples:
        error = Number(x) * w + Number(-y)
        total = total + error * error
    return total


def slope(samples: list[tuple[float, float]], trapped: bool) -> float:
    """The gradient at w = 1."""
    w = Number(1.0)
    loss_of(w, samples).backward(by_content if trapped else by_recursion)
    return w.grad


def train(trapped: bool) -> list[float]:
    """The losses of ten steps on one sample."""
    w, losses = Number(1.0), []
    for _ in range(STEPS):
        loss = loss_of(w, ONE)
        losses.append(loss.data)
        w.grad = 0.0
        loss.backward(by_content if trapped else by_recursion)
        w.data -= RATE * w.grad
    return losses


def run(seed: int = 0) -> Result:
    """The gradient of one and of two samples, and ten steps of training, under both kinds of identity."""
    one, two = (slope(s, True) for s in (ONE, TWO))
    right_one, right_two = (slope(s, False) for s in (ONE, TWO))
    stuck, learned = train(True), train(False)
    return Result(
        trapped=stuck[-1],
        right=learned[-1],
        unit="",
        kind="difference",
        right_answer="gradients −24 for one sample and −30 for two; the weight after k steps is 4 − 3·0.2ᵏ",
        checks={
            "by identity the gradients are −24 and −30": (right_one, right_two) == (-24.0, -30.0),
            "by content they are 0 and −6: the first sample is lost": (one, two) == (0.0, -6.0),
            "by content the loss never moves": set(stuck) == {36.0},
        },
        numbers={
            "one": one,
            "right_one": right_one,
            "two": two,
            "right_two": right_two,
            "first_loss": stuck[0],
        },
        sentence=f"With one sample the gradient is {one:g} instead of {right_one:g}, with two {two:g} "
        f"instead of {right_two:g}. After {STEPS} steps on one sample the loss is still {stuck[-1]:g} "
        f"instead of {learned[-1]:.1e}.",
    )


TRAP = Trap(
    name="content_hash_identity",
    title="Identity by content",
    source="Mocrograd: a tensor's identity is a hash of its numbers (matrix.mojo, tensor.mojo)",
    claim="The bigger network trains in 95 seconds.",
    measured="A network that gets no gradient from the first sample of any batch, as 0 + loss equals loss. "
    "On one sample its loss is the same in every epoch.",
    lesson="Look at the loss curve before the time: a network that does not learn is fast at something else.",
    effect="loss after ten steps: identity by content against identity",
    timed=False,
    run=run,
)
