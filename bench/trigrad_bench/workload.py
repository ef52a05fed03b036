"""Workloads: what every engine computes, each defined once, in a file of bench/workloads.

Why it exists: a comparison means something only if all sides do the same job. So the job lives in one file,
and engines, tests and charts read it from here. `load("P2")` is what the seed ran; `load("P2.matched")` the
same made equal for all sides; variants may be chained (`P2.matched.full`).
Read before: tables.py (the format).  Read next: arrays.py (the numbers).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import sizes
from .schema import WorkloadError, build, fail, merged, near
from .tables import Tables

__all__ = "Workload WorkloadError families folder load names suite suites".split()
STORY = ("title", "source", "published", "really_measured", "sides")
NOT_THE_JOB = (*STORY, *"about deviations threads sizes golden name family gate_factor longest_sum".split())


@dataclass(frozen=True)
class Workload(Tables):
    """A workload with what follows from its tables; see tables.py for the fields that a file has."""

    name: str = ""
    longest_sum: int = 1  # K of the gate: rounding errors of a sum of K terms grow like the root of K

    @property
    def size(self) -> int:
        """Number of elements of a graph workload, 0 for others."""
        return self.model.size

    @property
    def family(self) -> str:
        """The name without variants: the row of the seeds' table."""
        return self.name.partition(".")[0]

    @property
    def parameter_count(self) -> int:
        """How many numbers are trained."""
        return sizes.parameter_count(self.model)

    def as_json(self) -> dict[str, Any]:
        """Plain data: what native engines are sent."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain | {"size": self.size, "family": self.family, "parameter_count": self.parameter_count}

    def hash(self) -> str:
        """A fingerprint of the job; texts and published figures do not enter."""
        plain = {k: v for k, v in self.as_json().items() if k not in NOT_THE_JOB}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def folder() -> Path:
    """Where the files are: inside the installed package, or beside it in the source tree."""
    here = Path(__file__).resolve().parent
    inside = here / "workloads"
    return inside if inside.is_dir() else here.parent / "workloads"


def parse(path: Path) -> dict[str, Any]:
    """The file's tables."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkloadError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkloadError(f"{path.name}: no valid TOML: {error}") from error


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed: int) -> dict[str, Any]:
    return parse(path)


def raw(name: str, seen: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
    """(tables with base and variants merged, the file's name); nothing is checked yet."""
    path, first, variants = located(name)
    if name in seen:
        raise fail(path.name, "base", f"{' -> '.join((*seen, name))} is a circle")
    table = dict(_parsed(path, path.stat().st_mtime_ns))
    known = table.pop("variants", {})
    table = with_base(table, path.name, (*seen, name))
    for variant in variants:
        if not isinstance(known, Mapping) or variant not in known:
            raise WorkloadError(
                f"{path.name}: {first} has no variant {variant!r}{near(variant, known or {})}"
            )
        if not isinstance(known[variant], Mapping):
            raise fail(path.name, f"variants.{variant}", "expected a table")
        over = with_base(known[variant], path.name, (*seen, name))
        if "base" in known[variant]:  # another workload's job, but still this one's story
            table = {key: text for key, text in table.items() if key in STORY}
            over = {key: value for key, value in over.items() if key not in STORY} | {
                key: known[variant][key] for key in STORY if key in known[variant]
            }
        table = merged(table, over)
    return table, path.name


def with_base(table: Mapping[str, Any], where: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """The tables put over those of the workload that `base` names."""
    if "base" not in table:
        return dict(table)
    if not isinstance(table["base"], str):
        raise fail(where, "base", "expected the name of a workload")
    rest = {k: v for k, v in table.items() if k != "base"}
    return merged(raw(table["base"], seen)[0], rest)


def located(name: str) -> tuple[Path, str, list[str]]:
    """(file, workload, variants) of `P2.matched` or `some/file.toml` or `some/file.toml:matched`."""
    before, dot, after = name.partition(".toml")
    if dot:
        path = Path(before + dot)
        if not path.is_file():
            raise WorkloadError(f"{path}: no such file")
        return path, path.stem, [v for v in after.lstrip(":.").split(".") if v]
    first, *variants = name.split(".")
    path = folder() / f"{first}.toml"
    if not path.is_file():
        raise WorkloadError(f"no workload is called {first!r}{near(first, dict.fromkeys(families()))}")
    return path, first, variants


def load(name: str, overrides: Mapping[str, Any] | None = None) -> Workload:
    """The workload of that name or file; `overrides` are tables, or keys as `optimizer.lr`, put over it."""
    table, where = raw(name)
    for key, value in (overrides or {}).items():
        for part in reversed(key.split(".")):
            value = {part: value}
        table = merged(table, value)
    tables = build(Tables, table, where)
    fields = {f.name: getattr(tables, f.name) for f in dataclasses.fields(tables)}
    sizes.check(tables, where)
    steps = sizes.total_steps(tables)
    label = Path(name.partition(".toml")[0]).name + name.partition(".toml")[2].replace(":", ".")
    return Workload(**fields | {"steps": steps}, name=label, longest_sum=sizes.longest_sum(tables))


def families() -> list[str]:
    """The files, in the order of the seeds' table: A1, A2, E1, F1 ... F10, ..."""
    found = [p.stem for p in folder().glob("*.toml") if p.stem != "suites"]
    return sorted(found, key=lambda n: (n.islower(), n.rstrip("0123456789"), int("0" + n.lstrip(LETTERS))))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"


def names(variants: bool = True) -> list[str]:
    """Every workload: `A1`, `A1.d128`, ..."""
    result = []
    for family in families():
        result.append(family)
        path = folder() / f"{family}.toml"
        if variants:
            result += [f"{family}.{v}" for v in _parsed(path, path.stat().st_mtime_ns).get("variants", {})]
    return result


def suites() -> dict[str, dict[str, Any]]:
    """The suites of suites.toml by name, with the workloads of those that they are `like`."""
    path = folder() / "suites.toml"
    known = parse(path)
    return {name: _suite(known, name, path.name, ()) for name in known}


def _suite(known: Mapping[str, Any], name: str, where: str, seen: tuple[str, ...]) -> dict[str, Any]:
    table = known.get(name)
    if name in seen or not isinstance(table, Mapping):
        raise fail(where, name, "expected a suite" if name not in seen else "is like itself")
    own = table.get("workloads")
    if not isinstance(own, list) or not all(isinstance(w, str) for w in own):
        raise fail(where, f"{name}.workloads", "expected a list of names")
    if "like" not in table:
        return dict(table)
    base = _suite(known, str(table["like"]), where, (*seen, name))
    rest = {key: value for key, value in table.items() if key != "like"}
    return base | rest | {"workloads": [*base["workloads"], *own]}


def suite(name: str) -> dict[str, Any]:
    """One suite."""
    known = suites()
    if name not in known:
        raise WorkloadError(f"suites.toml: no suite is called {name!r}{near(name, known)}")
    return known[name]
