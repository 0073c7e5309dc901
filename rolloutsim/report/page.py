"""A report as one HTML file: styles, figures and script are inside, nothing is loaded from anywhere.

Figures are SVG in which letters stay text. Their names are made unique on the page, what a reader may point at
carries `data-of` (the same in every figure and table), and ink, grid and paper become the page's own colours, so
that they follow the reader's choice of a dark page. Without scripts everything is there but hover, sorting, and a
closer look at long series, which uPlot draws; it is inside of pages that have any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING, Any

from rolloutsim.report.blocks import Code, Facts, Numbers, Picture, Rows, Text, Verdict, own_title, title_of_all
from rolloutsim.report.drawings import untitled_svg
from rolloutsim.report.plots.canvas import head_of, tips
from rolloutsim.report.plots.colours import GRID, INK, MUTED, PAPER
from rolloutsim.report.plots.zoom import zoom_of
from rolloutsim.report.reference import said_once
from rolloutsim.report.slim import slim, told_once
from rolloutsim.results.numerals import unbroken
from rolloutsim.results.shown.tabular import SIGNS, html

if TYPE_CHECKING:
    import jinja2

    from rolloutsim.report.blocks import Block, Report

_COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"}
_ID = re.compile(r'\bid="([^"]*)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^)"]*)')
_NUMBER_CELL = re.compile(r'<td class="right" data-value="([^"]*?)(?:\.0)?">')
_LONG_WORD = re.compile(r"(?<=>)[^\s<>\u00a0]{20,}(?=[\s<])")  # of which lines are broken behind its punctuation
_BREAKS = re.compile(r"[._\]/](?=\w)|,(?=\w)|\](?=\[)")
_UNDER = re.compile(r'<path d="[^"]*"\s*style="fill: (?:var\(--paper\)|none)"/>')  # what nothing is to be seen of
_LINE_BREAKS = re.compile(r"\n\s*")


def to_html(reports: tuple[Report, ...]) -> str:
    """One or several reports as a page.

    Parameters
    ----------
    reports : tuple of Report
        In the order in which they stand on the page.
    """
    numbers = count(1)
    pages: list[dict[str, Any]] = [
        {
            "title": unbroken(report.title),
            "subtitle": unbroken(report.subtitle),
            "prefix": f"r{place}-" if len(reports) > 1 else "",
            "others": [
                (f"r{number}-top", unbroken(own_title(other, reports)))
                for number, other in enumerate(reports)
                if number != place and 0 in (number, place)
            ],
            "sections": [
                {
                    "key": section.key,
                    "title": section.title,
                    "blocks": [shown for block in section.blocks if (shown := _block(block, numbers)) is not None],
                }
                for section in report.sections
            ],
        }
        for place, report in enumerate(said_once(reports))
    ]
    zooms = any(block.get("zoom") for page in pages for section in page["sections"] for block in section["blocks"])
    page = _template().render(
        title=unbroken(title_of_all(reports)), reports=pages, style=_part("report.css"),
        script=_part("report.js"), uplot_style=_vendored("uPlot.min.css") if zooms else "",
        uplot=f"/*!\n{_vendored('uPlot.LICENSE')}\n*/\n{_vendored('uPlot.iife.min.js')}" if zooms else "",
    )  # fmt: skip
    return told_once(page)


def _block(block: Block, numbers: Iterator[int]) -> dict[str, Any] | None:
    match block:
        case Picture():
            return _picture(block, f"f{next(numbers)}")
        case Rows(caption, table, folded, _):
            shown = _terse(unbroken(html(table, page=True)))
            return {"kind": "rows", "caption": unbroken(caption), "folded": folded, "table": shown}
        case Numbers(entries):
            return {"kind": "numbers", "entries": [tuple(map(unbroken, entry)) for entry in entries]}
        case Verdict(state, word, text, more):
            texts = {"text": unbroken(text), "more": unbroken(more)}
            return {"kind": "verdict", "state": state, "sign": SIGNS[state], "word": word, **texts}
        case Facts(entries):
            return {"kind": "facts", "entries": [(what, unbroken(text)) for what, text in entries]}
        case Code(caption, text, long):
            return {"kind": "code", "caption": caption, "text": text, "folded": long or len(text) > 300}
        case Text(text, role):
            return {"kind": "text", "role": role, "lines": unbroken(text).splitlines()}
    raise TypeError(block)


def _terse(table: str) -> str:
    """A table without what its style sheet knows: cells are on the left, those with numbers on the right."""
    cells = _NUMBER_CELL.sub(r"<td data-value=\1>", table).replace('<td class="left">', "<td>")
    return _LONG_WORD.sub(lambda word: _BREAKS.sub(r"\g<0><wbr>", word[0]), cells)


def _picture(picture: Picture, prefix: str) -> dict[str, Any] | None:
    """A figure with what its parts stand for; None where there is nothing to show."""
    ax = picture.drawn()
    if ax is None:
        return None
    known = tips(ax)
    places = {gid: number for number, gid in enumerate(known)}
    names: dict[str, str] = {}

    def short(name: str) -> str:
        return names.setdefault(name, f"{prefix}-{len(names)}")

    def named(found: re.Match[str]) -> str:
        gid = unescape(found[1])
        if gid in places:
            return f'data-of="{found[1].split("#")[0]}" data-tip="{places[gid]}"'
        return f'id="{short(found[1])}"'

    head, drawn, zoom = head_of(ax), untitled_svg(ax), zoom_of(ax)
    drawn = _REFERENCE.sub(lambda found: f"{found[1]}{short(found[2])}", _ID.sub(named, drawn))
    for colour, variable in _COLOURS.items():
        drawn = drawn.replace(colour, variable)
    drawn = _UNDER.sub("", drawn, count=2)
    drawn = slim(_LINE_BREAKS.sub("\n", drawn)).replace(">\n<", "><")
    drawn = drawn.replace("<svg ", '<svg role="img" ', 1)
    return {
        "kind": "picture",
        "name": picture.name,
        "title": head.title,
        "subtitle": picture.small_print(ax),
        "question": unbroken(picture.question),
        "svg": drawn,
        "tips": _script(list(known.values())),
        "zoom": "" if zoom is None else _script(zoom),
    }


def _script(value: Any) -> str:
    """JSON for a script element, inside of which nothing may look like another one, or like its end."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_part("report.html"))


def _part(name: str) -> str:
    return files("rolloutsim.report").joinpath("templates", name).read_text(encoding="utf-8")


def _vendored(name: str) -> str:
    return files("rolloutsim.report").joinpath("vendor", name).read_text(encoding="utf-8").strip()
