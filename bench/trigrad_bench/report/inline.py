"""A chart's SVG as a part of a page: small, without identifiers that clash, its colours taken from the page.

Why it exists: the dark rendering differs from the light one in colours alone, so the page holds each drawing
once and lets a theme's CSS variables colour it (tests compare that with the real dark rendering). Letters are
shared by all.
"""

from __future__ import annotations

import re
from dataclasses import fields
from html import escape

from ..charts.style import LIGHT, Theme

GLYPH = re.compile(r'<path id="(DejaVu[^"]+)" d="([^"]*)"(?: transform="([^"]*)")?\s*/>')
ROLES = {str(getattr(LIGHT, f.name)): f.name for f in fields(Theme) if f.name != "name"}


class Glyphs:
    """The letters that any chart used, each once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def take(self, svg: str) -> str:
        """Removes the letters' outlines from a drawing and keeps them."""

        def keep(found: re.Match[str]) -> str:
            self.known[found[1]] = (
                f'<path id="{found[1]}" d="{squeeze(found[2])}" transform="{found[3] or ""}"/>'
            )
            return ""

        return GLYPH.sub(keep, svg)

    def html(self) -> str:
        """One hidden drawing with all of them."""
        return (
            '<svg width="0" height="0" class="glyphs"'
            f' aria-hidden="true"><defs>{"".join(self.known.values())}</defs></svg>'
        )


def squeeze(text: str) -> str:
    """White space as single blanks."""
    return " ".join(text.split())


def variables(theme: Theme) -> str:
    """The theme's colours as CSS variables."""
    return "".join(f"--{f.name}:{getattr(theme, f.name)};" for f in fields(theme) if f.name != "name")


def recolour(svg: str) -> str:
    """Every colour as its variable; one that is not in the theme is a mistake."""

    def variable(found: re.Match[str]) -> str:
        color = found[0].lower()
        if color not in ROLES:
            raise ValueError(f"a chart uses {color}, which is no colour of the theme")
        return f"var(--{ROLES[color]})"

    # An attribute cannot hold a variable, a style can.
    svg = re.sub(r' (fill|stroke)="(#[0-9a-fA-F]{6})"', r' style="\1: \2"', svg)
    return re.sub(r"(?<=[:\s])#[0-9a-fA-F]{6}\b", variable, svg)


def shorter(number: re.Match[str]) -> str:
    """Two places for a position; of what is less than 1, the scale of letters among it, two more."""
    value = float(number[0])
    text = f"{value:.{2 if abs(value) >= 1 else 4}f}"
    return text.rstrip("0").rstrip(".").replace("-0.", "-.") or "0"


def inline(svg: bytes, name: str, alt: str, glyphs: Glyphs) -> str:
    """The drawing as an element of the page."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    view = re.search(r'viewBox="([^"]+)"', text)
    body = text[text.index(">") + 1 : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
    body = glyphs.take(body).replace("xlink:href", "href")
    # Its defaults for line ends are in page.css.
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, flags=re.S)
    # A blank has no outline; Matplotlib places it all the same.
    for blank in re.findall(r'<path id="(DejaVu[^"]+)"(?: transform="[^"]*")?\s*/>', body):
        body = re.sub(rf'<(?:path id="|use href="#){re.escape(blank)}"[^>]*/>', "", body)
    used = set(re.findall(r'(?:href="|url\()#([\w.-]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(href="|url\()#(?!DejaVu)([\w.-]+)', rf"\1#{name}-\2", body)
    body = re.sub(r"-?\d+\.\d{2,}(?![\d.]*e)", shorter, body)
    body = re.sub(r"<defs>\s*</defs>|<g>\s*</g>", "", squeeze(recolour(body)))
    body = re.sub(r"> <", "><", body).replace('" />', '"/>').replace(": ", ":").replace("; ", ";")
    return (
        f'<svg class="plot" viewBox="{view[1] if view else ""}" role="img"'
        f' aria-label="{escape(alt, quote=True)}">{body}</svg>'
    )
