"""Your own engine in the comparison, in 60 lines: the gradients of a small network, written out by hand.

Run it:    trigrad bench compare --engine bench/examples/my_engine.py --engines torch --workloads T3,F1
Change it: break a gradient (forget the sum over rows) and run it again: the table says which one is wrong.

The harness calls loss_and_gradients(parameters, x, y). `parameters` maps names to arrays: weight0 (out, in),
bias0, weight1, ... The answer is the loss and a dictionary of gradients with the same names.
"""

import numpy as np

name = "my engine"
WORKLOAD = {}  # the harness puts the job's description here


def supports(workload):
    """Why not, or an empty text."""
    model, loss = workload["model"], workload["loss"]
    if model["kind"] != "mlp" or model["activation"] != "relu":
        return "my engine knows networks with relu only"
    if loss["kind"] not in ("mse", "cross_entropy", "nll") or workload["per_sample"]:
        return "my engine knows squared error and cross-entropy of a whole batch"
    return ""


def loss_and_gradients(parameters, x, y):
    """Forward, keeping what backward needs; then the chain rule from the last layer to the first."""
    depth = sum(key.startswith("weight") for key in parameters)
    inputs = [x]  # of every layer
    for k in range(depth):
        x = inputs[k] @ parameters[f"weight{k}"].T + parameters[f"bias{k}"]
        inputs.append(np.maximum(x, 0))
    loss, g = loss_and_its_gradient(x, y)
    gradients = {}
    for k in reversed(range(depth)):
        gradients[f"weight{k}"] = g.T @ inputs[k]
        gradients[f"bias{k}"] = g.sum(axis=0)
        if k > 0:
            g = (g @ parameters[f"weight{k}"]) * (inputs[k] > 0)  # relu let through where it is positive
    l2 = WORKLOAD["loss"]["l2"] if WORKLOAD["loss"]["l2_gradient"] else 0.0
    for key, p in parameters.items() if l2 else ():
        loss += l2 * np.sum(p * p)
        gradients[key] = gradients[key] + 2 * l2 * p
    return loss, gradients


def loss_and_its_gradient(scores, y):
    """The mean loss, and its derivative by the scores."""
    rows = len(scores)
    if WORKLOAD["loss"]["kind"] == "mse":
        difference = scores - y
        return np.mean(difference**2), 2 * difference / difference.size
    shifted = scores - scores.max(axis=1, keepdims=True)  # exp of large scores would overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    g = np.exp(log_p)
    g[np.arange(rows), y] -= 1
    return -np.mean(log_p[np.arange(rows), y]), g / rows
