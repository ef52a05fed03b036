"""A trained network on disk: an .npz with the state dict's names and the settings it was trained with.

Why it exists: an hour of training must survive a full disk, a second run and Ctrl-C. The file appears whole
or not at all, and never in place of another unless asked.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import TrainingError, UsageError
from .recipes import RECIPES
from .settings import Settings

Array = NDArray[Any]
SETTINGS = "settings"  # the one entry that is no parameter


def save(path: Path, state: dict[str, Array], settings: Settings, force: bool) -> None:
    """Writes beside the target, then gives the file its name."""
    text = np.array(json.dumps(settings.as_json()))
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            temporary = file.name
            np.savez(file, allow_pickle=False, **{SETTINGS: text}, **state)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        if force or not path.exists():
            os.replace(temporary, path)
            return
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise TrainingError(f"cannot write {path}: {error.strerror or error}") from error
    raise TrainingError(f"{path} appeared while training; the weights are in {temporary}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(path: str | Path) -> tuple[dict[str, Array], Settings]:
    """The state dict, to be given to a model's load_state_dict, and the settings.

    >>> state, settings = load("moons.npz")  # doctest: +SKIP
    >>> model.load_state_dict({k: tg.tensor(v) for k, v in state.items()})  # doctest: +SKIP
    """
    try:
        with open(path, "rb") as whole, np.load(whole, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files if name != SETTINGS}
            settings = Settings(**json.loads(str(file[SETTINGS])))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is not a network that a training command saved") from error
    if settings.command not in RECIPES or not state:
        raise UsageError(f"{path} is not a network that a training command saved")
    return state, settings


def load_for(path: Path, settings: Settings, expected: dict[str, Array]) -> dict[str, Array]:
    """The saved weights, if they are those of this command's network."""
    state, saved = load(path)
    shapes = {name: value.shape for name, value in expected.items()}
    if {name: value.shape for name, value in state.items()} != shapes:
        raise UsageError(f"--load: {path} holds the network of {saved.command}, not of {settings.command}")
    return state
