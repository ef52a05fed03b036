"""The parser of every command: flags are taken whole.

Why it exists: argparse takes `--suit` for `--suite`; a flag that is added later would change what it means.
"""

from __future__ import annotations

import argparse
from typing import Any


class Parser(argparse.ArgumentParser):
    """Its subparsers are of this class, too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})
