"""The parser of every command: flags are taken whole, and a command answers for its own.

Why it exists: argparse takes `--suit` for `--suite`, so a flag that is added later would change what it
means; and what a command does not know goes up to `trigrad bench`, which knows nothing of its flags.
"""

from __future__ import annotations

import argparse
import difflib
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Its subparsers are of this class, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but a command keeps nothing back for whoever called it."""
        given, unknown = super().parse_known_args(args, namespace)
        if unknown and self._subparsers is None:
            flags = {flag.lstrip("-"): flag for flag in self._option_string_actions}
            close = difflib.get_close_matches(unknown[0].lstrip("-"), flags, 1)
            hint = f"; did you mean {flags[close[0]]!r}?" if close else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return given, unknown

    def error(self, message: str) -> NoReturn:
        """One line, as for every other mistake; argparse would print the usage first."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")
