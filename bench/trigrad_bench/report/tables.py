"""The gate table and the time table of the page.

Why it exists: a time means something only beside "these gradients agree"; both tables keep a place for every
engine, with the reason where there is no time. Next: page.py.
"""

from __future__ import annotations

from html import escape

from ..charts.chart import duration, times
from ..charts.draw import WORDS
from ..charts.measure import Lines, Point
from ..charts.style import rank
from ..engines import label

CLASSES = {"faster": "good", "slower": "bad"}


def gate(lines: Lines) -> str:
    """Engines across, workloads down: agrees with its worst deviation, or why not."""
    cells: dict[tuple[str, str], list[Point]] = {}
    for p in lines.points:
        if p.phase == lines.phase_of(p.workload):
            cells.setdefault((p.workload, p.engine), []).append(p)
    engines = sorted({e for _, e in cells}, key=rank)
    head = "".join(f'<th scope="col"><span>{escape(label(e))}</span></th>' for e in engines)
    rows = []
    for w in lines.workloads:
        row = "".join(_gate_cell(cells.get((w, e), [])) for e in engines)
        rows.append(f'<tr><th scope="row">{escape(w)}</th>{row}</tr>')
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="gate-title"><table'
        ' class="gate"><thead><tr><th'
        f' scope="col">workload</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    return table + reasons(lines)


def _gate_cell(points: list[Point]) -> str:
    if not points:
        return '<td class="none">·</td>'
    worst = min(points, key=lambda p: p.status == "ok")
    if worst.status == "ok":
        found = [p.max_rel for p in points if p.max_rel is not None]
        return f'<td class="good">✓ {_deviation(max(found))}</td>' if found else '<td class="good">✓</td>'
    if worst.status == "unsupported":
        return f'<td class="none" title="{escape(worst.reason, quote=True)}">–</td>'
    return (
        f'<td class="bad" title="{escape(worst.reason, quote=True)}">✗'
        f" {escape(WORDS.get(worst.status, worst.status))}</td>"
    )


def _deviation(value: float) -> str:
    return f"{value:.0e}" if value else "0"


def reasons(lines: Lines) -> str:
    """Why cells have no time, each reason once, failures first."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for p in lines.points:
        if p.status != "ok":
            found.setdefault((p.status, p.engine, p.reason), {})[
                p.workload + (f" ({p.phase})" if p.status == "wrong" else "")
            ] = None
    if not found:
        return "<p>Every cell has a time.</p>"
    items = []
    for (status, engine, reason), where in sorted(
        found.items(), key=lambda item: (item[0][0] == "unsupported", item[0])
    ):
        kind = "none" if status == "unsupported" else "bad"
        items.append(
            f'<li><strong class="{kind}">{escape(WORDS.get(status, status))}</strong>'
            f" {escape(label(engine))}, "
            f"{escape(', '.join(where))}: {escape(reason or 'no reason was stored')}</li>"
        )
    failures = sum('class="bad"' in item for item in items)
    title = f"Why there is no time: {failures} failures, {len(items) - failures} reasons for “not supported”"
    return (
        f"<details{' open' if failures else ''}><summary>{title}</summary><ul"
        f' class="reasons">{"".join(items)}</ul></details>'
    )


def time_rows(lines: Lines) -> str:
    """Median, interval and ratio to PyTorch; one table a workload, which its headline opens."""
    return '<div class="jobs">' + "".join(_job(lines, w) for w in lines.workloads) + "</div>"


HEAD = (
    '<thead><tr><th scope="col">engine</th><th scope="col">dtype</th><th scope="col">median</th><th'
    ' scope="col">95 % interval</th><th scope="col">PyTorch’s speed = 1</th><th'
    ' scope="col">verdict</th></tr></thead>'
)


def _job(lines: Lines, workload: str) -> str:
    counts = sorted({p.threads for p in lines.points if p.workload == workload})
    points = [p for threads in counts for p in lines.main(workload, threads)]
    sized = len({p.size for p in points}) > 1
    rows = "".join(_time_row(p, several=len(counts) > 1, sized=sized) for p in points)
    phase = lines.phase_of(workload)
    what = {"step": "a step", "grad": "forward and backward"}.get(phase, phase)
    name = escape(f"Times of {workload}", quote=True)
    return (
        f"<details><summary><b>{escape(workload)}</b> {_headline(points)}"
        f" <span>{escape(what)}</span></summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table'
        f' class="times">{HEAD}<tbody>{rows}</tbody></table></div></details>'
    )


def _headline(points: list[Point]) -> str:
    """What a closed row shows: tensor_cpp from Python against PyTorch, or whoever was timed first."""
    timed = [p for p in points if p.ok]
    if not timed:
        return '<em class="bad">no engine has a time</em>'
    shown = next((p for p in timed if p.engine == "tensor_cpp.tape"), timed[0])
    words = f"{escape(label(shown.engine))} {duration(shown.ns)}"
    if shown.ratio:
        kind = CLASSES.get(shown.ratio.verdict, "none")
        words += (
            f', <span class="{kind}">{times(shown.ratio.value)}'
            + (" (PyTorch is faster)" if kind == "bad" else "")
            + "</span>"
        )
    failed = sum(p.status not in ("ok", "unsupported") for p in points)
    return f"<em>{words}</em>" + (f' <strong class="bad">{failed} failed</strong>' if failed else "")


def _time_row(p: Point, *, several: bool, sized: bool) -> str:
    name = (
        label(p.engine)
        + (f", {p.size:,.0f}" if sized and p.size else "")
        + (f", {p.threads} thread{'s' * (p.threads > 1)}" if several else "")
    )
    against = (
        f" <small>to {escape(p.ratio.base.removeprefix('torch in '))}</small>"
        if p.ratio and " " in p.ratio.base
        else ""
    )
    head = f'<tr><th scope="row">{escape(name)}</th><td>{escape(p.dtype)}{against}</td>'
    if not p.ok:
        kind = "none" if p.status == "unsupported" else "bad"
        text = WORDS.get(p.status, p.status) + (f": {p.reason}" if p.reason else "")
        return f'{head}<td colspan="4" class="{kind} why">{escape(text)}</td></tr>'
    ratio = "<td>–</td><td>–</td>"
    if p.ratio and p.engine == "torch":
        ratio = '<td>1</td><td class="none">baseline</td>'
    elif p.ratio:
        r = p.ratio
        words = {"faster": "faster", "slower": "PyTorch is faster"}.get(r.verdict, r.verdict)
        kind = CLASSES.get(r.verdict, "none")
        ratio = (
            f"<td>{times(r.value)} <small>{times(r.low)} – {times(r.high)}</small></td><td"
            f' class="{kind}">{escape(words)}</td>'
        )
    return f"{head}<td>{duration(p.ns)}</td><td>{duration(p.low)} – {duration(p.high)}</td>{ratio}</tr>"
