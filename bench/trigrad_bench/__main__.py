"""`python -m trigrad_bench ARGS` is `trigrad ARGS`. Read cli.py."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
