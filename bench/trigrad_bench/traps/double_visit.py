"""Trap 8: a sort that lists a node twice, and with it counts its gradient twice."""

from __future__ import annotations

from collections.abc import Callable

from trigrad import tensor_cpp as tg

from .mini import Number, by_recursion
from .trap import Result, Trap


def by_careless_stack(root: Number) -> list[Number]:
    """Depth-first search with an explicit stack.

    The slip: a number that was put on the stack twice, before either was finished, is also listed twice.
    """
    order: list[Number] = []
    finished: set[int] = set()
    stack = [root]
    while stack:
        number = stack[-1]
        waiting = [parent for parent in number.parents if id(parent) not in finished]
        if waiting:
            stack.extend(waiting)
        else:
            order.append(stack.pop())  # a check whether it is finished already belongs here
            finished.add(id(number))
    return order


def twice(h: Number) -> Number:
    """h + h"""
    return h + h


def bent(h: Number) -> Number:
    """h + relu(h)"""
    return h + h.relu()


def slope(expression: Callable[[Number], Number], order: Callable[[Number], list[Number]]) -> float:
    """The derivative of the expression of h = 3·x by x, at 1."""
    x = Number(1.0)
    expression(x * Number(3.0)).backward(order)
    return x.grad


def ours(order: str) -> list[float]:
    """The same two derivatives in tensor_cpp."""
    slopes = []
    for second in (lambda h: h, tg.relu):
        x = tg.tensor(1.0, requires_grad=True)
        h = x * 3.0
        (h + second(h)).backward(order=order)
        slopes.append(x.grad.item())
    return slopes


def run(seed: int = 0) -> Result:
    """h + h and h + relu(h) of an interior h, by the careless sort, by a right one, and by trigrad's."""
    wrong = [slope(e, by_careless_stack) for e in (twice, bent)]
    right = [slope(e, by_recursion) for e in (twice, bent)]
    checks = {
        "the careless sort gives 12 and 9": wrong == [12.0, 9.0],
        "the right one gives 6 and 6": right == [6.0, 6.0],
    }
    checks |= {f"tensor_cpp in {order} order gives 6 and 6": ours(order) == [6.0, 6.0] for order in tg.ORDERS}
    return Result(
        trapped=wrong[0],
        right=right[0],
        unit="",
        right_answer="6 for h + h and for h + relu(h), where h = 3·x and x = 1",
        checks=checks,
        numbers={"twice": wrong[0], "bent": wrong[1], "right": right[0]},
        sentence=f"d(h + h)/dx is {wrong[0]:g} and d(h + relu(h))/dx is {wrong[1]:g}; both should be "
        f"{right[0]:g}.",
    )


TRAP = Trap(
    name="double_visit",
    title="The node that is visited twice",
    source="Pycrograd, the stack sort in tensor.py",
    claim="An explicit stack in place of recursion makes it faster.",
    measured="A sort that is also wrong: whatever is reached by two paths may be listed twice, the first "
    "time before its gradient is complete. Its tests reuse leaves only, where a second visit does nothing.",
    lesson="Test every traversal on a node that is used twice and has parents. A speed-up of a sort counts "
    "when the gradients are the same to the last bit.",
    effect="derivative of h + h by x, where h = 3·x",
    timed=False,
    run=run,
)
