"""The page: what to take away, who agrees, how long it took, charts, machine, how to do it again.

Why it exists: it must open by double-click, years later, without a network: style, script, drawings and
tables of points are all inside. It is a function of the stored lines and holds no date but theirs. Next:
page.css, page.js.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

from ..charts import build_all
from ..charts.chart import Chart, Missing
from ..charts.measure import Line, Lines
from ..charts.render import render
from ..charts.seeds import Note
from ..charts.style import DARK, LIGHT
from ..machine import title
from ..summary import takeaways
from . import tables
from .export import as_csv
from .inline import Glyphs, inline, variables

_OPEN = '<p><button type="button" id="open">Open all</button></p>'
HIDDEN = ("kind", "run", "schema")


def page(rows: Sequence[Line], raw: str = "lines.jsonl") -> str:
    """The whole document; `raw` is the path of the lines relative to it."""
    lines = Lines(rows)
    charts = build_all(lines)
    glyphs = Glyphs()
    drawn = [_chart(c, glyphs) for c in charts if isinstance(c, Chart)]
    missing = [c for c in charts if isinstance(c, Missing)]
    run = lines.run
    sections = [
        (
            "takeaways",
            "What to take away",
            "<ol>" + "".join(f"<li>{escape(s)}</li>" for s in takeaways(lines.rows)) + "</ol>",
        ),
        ("gate", "Who computes the same", _gate_words() + tables.gate(lines)),
        ("times", "How long it took", _time_words(lines) + _OPEN + tables.time_rows(lines)),
        ("charts", "Charts", _index(charts) + "".join(drawn) + _missing(missing)),
        ("machine", "The machine", _record(lines)),
        ("again", "Do it again", _again(lines, raw)),
    ]
    links = "".join(f'<a href="#{key}">{title}</a>' for key, title, _ in sections)
    body = "".join(
        f'<section id="{k}" aria-labelledby="{k}-title"><h2 id="{k}-title">{t}</h2>{html}</section>'
        for k, t, html in sections
    )
    said = (
        f"Run {escape(str(run.get('run', '?')))}, suite {escape(str(run.get('suite', '?')))},"
        f" {escape(str(run.get('started', ''))[:10])}, {escape(title(lines.machine))}"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        "<title>trigrad: gradients and speed,"
        f" {escape(str(run.get('run', '')))}</title><style>{_style()}</style></head><body>"
        f'<a class="skip" href="#takeaways">Skip to the content</a>{glyphs.html()}'
        f'<header><h1>Gradients and speed, side by side</h1><p class="lead">{said}</p>'
        f'<nav aria-label="Sections">{links}<button type="button" id="theme" aria-live="polite">Colours:'
        " system</button></nav></header>"
        f"<main>{body}</main><script>{_text('page.js')}</script></body></html>\n"
    )


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _style() -> str:
    light, dark = variables(LIGHT), variables(DARK)
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}" + _text("page.css")
    )


def data_link(text: str, filename: str, words: str, kind: str = "text/csv") -> str:
    """A download that is inside the page."""
    data = base64.b64encode(text.encode()).decode()
    return (
        f'<a class="download" download="{escape(filename)}"'
        f' href="data:{kind};charset=utf-8;base64,{data}">{escape(words)}</a>'
    )


def _chart(chart: Chart, glyphs: Glyphs) -> str:
    svg = inline(render(chart, LIGHT, "svg", bare=True), chart.name, chart.alt, glyphs)
    return (
        f'<article class="chart" id="chart-{chart.name}"><h3>{escape(chart.title)}</h3><p'
        f' class="finding">{escape(chart.finding)}</p>'
        '<figure><div class="scroll plotbox" tabindex="0" role="region"'
        f' aria-label="{escape(chart.title, quote=True)}">{svg}</div>'
        f"<figcaption>{escape(chart.caption)}"
        f" {data_link(chart.csv(), chart.name + '.csv', 'The points as CSV')}</figcaption></figure>"
        f"{''.join(_note(n, chart.finding) for n in chart.notes)}</article>"
    )


def _note(note: Note, finding: str) -> str:
    said = "What the chart shows, in the sentence above it." if finding.startswith(note.fair) else note.fair
    fair = f"<dt>Here</dt><dd>{escape(said)}</dd>" if note.fair else ""
    return (
        f'<aside class="note" aria-label="{escape(note.source, quote=True)}">'
        f"<h4>{escape(note.source)}</h4><dl>"
        f"<dt>Published</dt><dd>{escape(note.published)}</dd>"
        f"<dt>What it measured</dt><dd>{escape(note.measured)}</dd>{fair}</dl></aside>"
    )


def _index(charts: Sequence[Chart | Missing]) -> str:
    items = "".join(
        f'<li><a href="#chart-{c.name}">{escape(c.title)}</a></li>' for c in charts if isinstance(c, Chart)
    )
    words = (
        "<p>Each engine has one colour, marker and hatch throughout; hollow markers are engines driven from"
        " Python. Whiskers are 95 % intervals. Beside each chart stands what was published elsewhere, what"
        " that really measured, and what this run gives.</p>"
    )
    return f'{words}<ul class="index">{items}</ul>'


def _missing(missing: Sequence[Missing]) -> str:
    if not missing:
        return ""
    items = "".join(
        f"<li><strong>{escape(m.title)}</strong> needs <code>{escape(m.needs)}</code></li>" for m in missing
    )
    return f'<div class="missing"><h3>Charts that this run has no lines for</h3><ul>{items}</ul></div>'


def _gate_words() -> str:
    return (
        "<p>Before anything is timed, the loss and every gradient of the first step are compared with a"
        " float64 reference. The figure is the worst max|g − ref| / max|ref| of a gradient. An engine that is"
        " wrong, missing or dead keeps its place and gets no time.</p>"
    )


def _time_words(lines: Lines) -> str:
    words = lines.band_in_words()
    band = f"the A/A band of its workload ({words} here)" if words else "1 (this run has no A/A control)"
    return (
        "<p>Medians over all blocks with 95 % intervals. Ratios are paired round by round, their interval"
        f" counts processes; “faster” and “slower” are said only where the interval leaves {band}. A ratio"
        " above 1 is faster than PyTorch. Each row opens into all engines. Scalar engines compute in"
        " float64; a comparison across dtypes says so.</p>"
    )


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_words(v)}" for k, v in value.items())
    if isinstance(value, list):
        return " ".join(_words(v) for v in value)
    return str(value)


def _record(lines: Lines) -> str:
    found = {
        **{k: v for k, v in lines.machine.items() if k not in HIDDEN and v not in ("", None, [], {})},
        "versions": lines.versions,
    }
    rows = "".join(
        f"<dt>{escape(str(k).replace('_', ' '))}</dt><dd>{escape(_words(v))}</dd>" for k, v in found.items()
    )
    note = ""
    if lines.left_out:
        note = (
            f"<p>Lines of other machines ({escape(', '.join(lines.left_out))}) are in the file but not on"
            " this page: times of two machines never share an axis.</p>"
        )
    return f'{note}<dl class="record">{rows}</dl>'


def _again(lines: Lines, raw: str) -> str:
    run = lines.run
    name = escape(str(run.get("run", "RUN")))
    return (
        f"<p>The same run:</p><pre><code>{escape(str(run.get('command', '')))}</code></pre>"
        f"<p>Exactly this run, commit {escape(str(run.get('git', '?')))}, checked against what it stored;"
        " then its charts and this page:</p>"
        f"<pre><code>trigrad bench reproduce {name}\ntrigrad bench plot {name}\ntrigrad bench report"
        f" {name}</code></pre>"
        f'<p>All blocks as measured: <a href="{escape(raw, quote=True)}">{escape(raw)}</a>, one JSON object a'
        " line. "
        f"{data_link(as_csv(lines), 'cells.csv', 'All cells as CSV')}</p>"
    )
