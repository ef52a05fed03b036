"""Which line of the user's program called into this package: what detect_anomaly() names."""

import sys


def call_site() -> str:
    """FILE:LINE of the nearest caller outside trigrad."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "trigrad":
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
