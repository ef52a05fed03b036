"""`trigrad bench plot`, `report` and `export`: charts, page and tables of a stored run.

Why it exists: these read stored lines and measure nothing, so they can be repeated at any time and give the
same bytes. Next: page.py; ../charts for the drawings.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import store
from ..arguments import Parser

if TYPE_CHECKING:
    from ..charts.measure import Lines

COMMANDS = ("plot", "report", "export")
RUN_HELP = "a run's folder or lines.jsonl, its id, the start of its id, or latest"
REMEDY = "needs matplotlib: python -m pip install matplotlib"


def add_parsers(sub: argparse._SubParsersAction[Parser]) -> None:
    """Adds the three commands to `trigrad bench`."""
    plot = sub.add_parser(
        "plot",
        help="every chart of a run as SVG, PNG and CSV, light and dark",
        description=(
            "Draws the charts of a stored run: NAME.light.svg, NAME.dark.svg, the same as .png, and NAME.csv"
            " with the points."
        ),
    )
    report = sub.add_parser(
        "report",
        help="one HTML page of a run, complete in itself",
        description=(
            "Writes report.html: takeaways, gate, times, charts, machine. It needs no server and no other"
            " file."
        ),
    )
    export = sub.add_parser(
        "export",
        help="all cells of a run as CSV or JSON",
        description="Medians, intervals and ratios of every cell.",
    )
    for parser, where in (
        (plot, "the folder charts in the run's folder"),
        (report, "the run's folder"),
        (export, "standard output"),
    ):
        parser.add_argument("run", metavar="RUN", help=RUN_HELP)
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR" if parser is not export else "FILE",
            help=f"where to write (default: {where})",
        )
        parser.add_argument(
            "--results",
            type=Path,
            default=Path("results"),
            metavar="DIR",
            help="where runs are (default: results)",
        )
    form = export.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="one line a cell (default)")
    form.add_argument("--json", action="store_true", help="one document: run, machine, A/A band, cells")
    plot.add_argument("--only", action="append", metavar="NAME", help="only this chart (may be repeated)")
    for parser in (plot, report):
        parser.add_argument(
            "--json", action="store_true", help="print one JSON document: files written, charts without lines"
        )


def main(argv: list[str]) -> int:
    """Runs one command; returns the exit status: 0 done, 2 wrong usage or nothing to read."""
    parser = Parser(prog="trigrad bench", description="Charts, page and tables of a stored run.")
    add_parsers(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    return execute(parser.parse_args(argv))


def execute(options: argparse.Namespace) -> int:
    """The command that was parsed, by this module or by `trigrad bench` itself."""
    if options.command != "export" and importlib.util.find_spec("matplotlib") is None:
        return _fail(options, REMEDY)
    try:
        file = _file(options)
        rows = store.read(file)
        return {"plot": _plot, "report": _report, "export": _export}[options.command](options, file, rows)
    except store.StoreError as error:
        return _fail(options, str(error))
    except OSError as error:
        return _fail(options, f"{error.filename or ''}: cannot be written: {error.strerror}")


def _fail(options: argparse.Namespace, message: str) -> int:
    print(f"trigrad bench {options.command}: {message}", file=sys.stderr)
    return 2


def _file(options: argparse.Namespace) -> Path:
    direct = Path(options.run)
    return direct if direct.is_file() else store.find(options.run, options.results) / store.FILE


def _lines(rows: list[dict[str, Any]]) -> Lines:
    from ..charts.measure import Lines

    return Lines(rows)


def _plot(options: argparse.Namespace, file: Path, rows: list[dict[str, Any]]) -> int:
    from ..charts import build_all
    from ..charts.chart import Chart
    from ..charts.render import save

    charts = build_all(_lines(rows))
    names = [c.name for c in charts]
    unknown = [n for n in options.only or [] if n not in names]
    if unknown:
        return _fail(options, f"no chart is called {unknown[0]!r}; there are {', '.join(names)}")
    charts = [c for c in charts if not options.only or c.name in options.only]
    folder = options.out or file.parent / "charts"
    files: list[Path] = []
    for chart in charts:
        if isinstance(chart, Chart):
            _progress(options, chart.name)
            files += save(chart, folder)
    missing = {c.name: c.needs for c in charts if not isinstance(c, Chart)}
    return _done(options, files, missing, f"{len(charts) - len(missing)} charts in {folder}")


def _report(options: argparse.Namespace, file: Path, rows: list[dict[str, Any]]) -> int:
    from .page import page

    folder = options.out or file.parent
    folder.mkdir(parents=True, exist_ok=True)
    _progress(options, "drawing")
    html = page(rows, Path(os.path.relpath(file, folder)).as_posix())
    target = folder / "report.html"
    _write(target, html)
    return _done(options, [target], {}, str(target))


def _export(options: argparse.Namespace, file: Path, rows: list[dict[str, Any]]) -> int:
    from .export import as_csv, as_json

    text = as_json(_lines(rows)) + "\n" if options.json else as_csv(_lines(rows))
    if options.out:
        _write(options.out, text)
    else:
        sys.stdout.write(text)
    return 0


def _write(target: Path, text: str) -> None:
    """All of it or nothing: an older page stays until the new one is complete."""
    half = target.with_name(target.name + ".part")
    try:
        half.write_text(text, encoding="utf-8", newline="")
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def _progress(options: argparse.Namespace, text: str) -> None:
    if sys.stderr.isatty() and not options.json:
        print(f"  {text}", file=sys.stderr)


def _done(options: argparse.Namespace, files: list[Path], missing: dict[str, str], text: str) -> int:
    if options.json:
        print(json.dumps({"files": [str(f) for f in files], "missing": missing}, indent=1))
        return 0
    print(text)
    for name, needs in missing.items():
        print(f"  no lines for {name}: {needs}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
