"""The commands `trigrad train_mlp`, train_moons, train_digits, run_digits_benchmark, train_mnist, ...

Reads the command line, runs one recipe, says how it went. Also `trigrad export_data`, which writes the data
sets as files for the C++ programs in bench/native.
Read next: recipes.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from .errors import TrainingError, UsageError
from .options import check_files, parser, settle
from .recipes import RECIPES
from .settings import Settings

if TYPE_CHECKING:
    from .data import Data
    from .learner import Learner
    from .loop import History

COMMANDS = (*RECIPES, "export_data")


def run(command: str, argv: list[str]) -> int:
    """One training command."""
    options = parser(RECIPES[command]).parse_args(argv)
    check_files(options)
    settings = settle(RECIPES[command], options)

    from . import data, learner, loop, saving
    from .progress import Progress

    points = data.load(settings)
    weights = saving.load_for(options.load, settings, points.weights) if options.load else points.weights
    model = learner.create(settings)
    model.load(weights)
    progress = Progress(settings.epochs, options.quiet or options.json)
    progress.header(settings, points)
    history = loop.History()
    failure: TrainingError | None = None
    try:
        loop.train(settings, points, model, progress.batch, progress.epoch, history)
    except TrainingError as error:
        failure = error  # the epochs before it are still worth showing
    except KeyboardInterrupt:
        history.interrupted = True  # a second Ctrl-C: at once
    written = [] if failure else _write(options, settings, points, model, history)
    if options.json:
        print(json.dumps(_document(settings, points, history, written, failure), indent=1))
    else:
        if history.epochs:
            progress.summary(history)
            progress.line(model.state())
        for path in written:
            progress.note(f"wrote {path}")
    if failure:
        raise failure
    if history.interrupted:
        where = f"after {len(history.epochs)} epochs, {history.steps} steps"
        print(f"trigrad {command}: stopped {where}", file=sys.stderr)
        return 130
    return 0


def _write(
    options: argparse.Namespace, settings: Settings, points: Data, model: Learner, history: History
) -> list[str]:
    """--save first: it holds what cannot be made again."""
    from . import saving

    written = []
    if options.save:
        saving.save(options.save, model.state(), settings, options.force)
        written.append(str(options.save))
    if options.plot and history.epochs:
        from . import plots

        plots.draw(options.plot, settings, points, model, history)
        written.append(str(options.plot))
    return written


def _document(
    settings: Settings, points: Data, history: History, written: list[str], failure: TrainingError | None
) -> dict[str, Any]:
    return {
        "settings": settings.as_json(),
        "workload": settings.workload.name,
        "layers": settings.workload.model.layers,
        "data": {"name": points.name, "training": len(points.x), "validation": len(points.x_val)},
        "epochs": history.as_json(),
        "steps": history.steps,
        "seconds": sum(line.seconds for line in history.epochs),
        "interrupted": history.interrupted,
        "error": str(failure) if failure else None,
        "written": written,
    }


def main(argv: list[str]) -> int:
    """argv[0] is the command; returns the exit status."""
    command, rest = (argv[0], argv[1:]) if argv else ("", [])
    try:
        if command not in COMMANDS:
            raise UsageError(f"there is no command {command!r}; there are {', '.join(COMMANDS)}")
        if command == "export_data":
            from .export import run as export

            return export(rest)
        return run(command, rest)
    except UsageError as error:
        status = 2
        print(f"trigrad {command}: {error}", file=sys.stderr)
    except TrainingError as error:
        status = 1
        print(f"trigrad {command}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # `| head` has seen enough; what is left to flush goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    return status
