"""Stored lines: JSON, one fact per line, appended, never overwritten.

Why it exists: an hour of measuring must survive Ctrl-C, a full disk and a crash. Every line is complete on
the disk before the next block is timed; charts and tables are computed from lines, so they can be drawn again
at any time.
Read next: run.py (who writes), stats.py (who reads).
"""

from __future__ import annotations

import datetime
import json
import math
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Line = dict[str, Any]
FILE = "lines.jsonl"
SCHEMA = 1


class StoreError(RuntimeError):
    """Lines cannot be written or read; the message says what is kept and what to do."""


def new_run_id() -> str:
    """UTC time and four random hexadecimal digits: sorts by time, never meets another."""
    now = datetime.datetime.now(datetime.UTC)
    return now.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Store:
    """The lines of one run: in a folder, or only in memory when there is none."""

    def __init__(self, folder: Path | None, run: str) -> None:
        self.folder, self.run = folder, run
        self.lines: list[Line] = []
        self.unsaved: list[Line] = []
        self.broken = ""
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                mend(folder / FILE)
            except OSError as error:
                raise StoreError(f"{folder}: cannot be used: {error.strerror}") from error

    @property
    def path(self) -> Path | None:
        """The file."""
        return None if self.folder is None else self.folder / FILE

    def add(self, kind: str, **fields: Any) -> None:
        """Appends a line and waits until the disk has it; StoreError when it does not take it."""
        self.add_all(kind, [fields])

    def add_all(self, kind: str, all_fields: Iterable[dict[str, Any]]) -> None:
        """Several lines: those that the disk does not take are kept in memory, all of them."""
        fresh: list[Line] = [
            {"schema": SCHEMA, "kind": kind, "run": self.run, **plain(fields)} for fields in all_fields
        ]
        self.lines += fresh
        if self.path is not None:
            self.unsaved += fresh
            self.flush()

    def flush(self) -> None:
        """Writes what is not yet on the disk."""
        assert self.path is not None
        while self.unsaved:
            data = json.dumps(self.unsaved[0], ensure_ascii=False).encode() + b"\n"
            try:
                append(self.path, data)
            except OSError as error:
                self.broken = (
                    f"{self.path}: cannot be written: {error.strerror}. Lines written before are intact; "
                    f"{len(self.unsaved)} line(s) are kept in memory only"
                )
                raise StoreError(self.broken) from error
            self.unsaved.pop(0)


def append(path: Path, data: bytes) -> None:
    """All of `data` at the end of the file, or nothing of it."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(fd).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(fd, data[written:])
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)  # a full disk takes a part: half a line would spoil the file
            raise
    finally:
        os.close(fd)


def mend(path: Path) -> None:
    """Cuts off a last line without its end, which a crash left: the next line must not be glued to it."""
    if not path.is_file():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole == len(data):
        return
    try:
        json.loads(data[whole:])
    except ValueError:
        os.truncate(path, whole)
    else:
        append(path, b"\n")


def run_in(folder: Path) -> list[Line]:
    """The lines of a run, which begin with what was asked."""
    lines = read(folder)
    if not lines or lines[0]["kind"] != "run":
        raise StoreError(f"{folder}: holds no run: its first line does not say what was asked")
    return lines


def read(path: Path) -> list[Line]:
    """The lines of a file or of a run's folder. A last line without its end (a crash) is left out."""
    file = path / FILE if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: cannot be read: {error.strerror}") from error
    parts = data.split(b"\n")
    found = []
    for number, part in enumerate(parts, 1):
        if not part.strip():
            continue
        try:
            line = json.loads(part)
        except ValueError as error:
            if number == len(parts):
                continue
            raise StoreError(f"{file}: line {number} is not JSON") from error
        if not isinstance(line, dict) or "kind" not in line:
            raise StoreError(f'{file}: line {number} is no stored line: it has no "kind"')
        found.append(line)
    return found


def find(run: str, results: Path) -> Path:
    """The folder of a run: a path, an id, the unique start of an id, or "latest"."""
    direct = Path(run)
    if (direct / FILE).is_file():
        return direct
    known = sorted(p.parent.name for p in results.glob(f"*/{FILE}"))
    fitting = (
        known[-1:]
        if run == "latest"
        else [n for n in known if n == run] or [n for n in known if n.startswith(run)]
    )
    if len(fitting) == 1:
        return results / fitting[0]
    what = f"{len(fitting)} runs start with" if fitting else "no run is called"
    there = f"; there are {', '.join(known[-5:])}" if known else ""
    raise StoreError(f"{results}: {what} {run!r}{there}")
