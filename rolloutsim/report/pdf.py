"""A report as PDF, set by Typst: text and tables that can be selected, a contents list, page numbers.

Typst is one wheel that needs no library of the system and sets a report in a tenth of a second. It repeats the head
rows of tables, numbers the pages of its contents list, and writes the same bytes for the same report. Its letters are
DejaVu Sans, which Matplotlib brings along, whatever fonts a machine has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import matplotlib

from rolloutsim.errors import UsageError
from rolloutsim.report.blocks import Code, Facts, Numbers, Picture, Rows, Text, Verdict, title_of_all
from rolloutsim.report.drawings import untitled_svg
from rolloutsim.report.plots.canvas import head_of
from rolloutsim.report.reference import said_once
from rolloutsim.results.numerals import unbroken, visible
from rolloutsim.results.shown.tabular import SIGNS

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Block, Report

Paper = Literal["a4", "letter"]
PAPERS: dict[Paper, str] = {"a4": "a4", "letter": "us-letter"}

_TEMPLATE = str(Path(__file__).parent / "templates" / "report.typ")
_MOST_ROWS = 60  # of a table on paper; the page has all of them (assumed: a sheet)
_MOST_FOLDED = 10  # of one that the page shows on demand, and not of the scenario (assumed)
_LONG_WORD = 40  # letters; a longer word may be broken at its punctuation
_LONG_CELL = 60  # letters; a column with longer cells takes what others leave
# Widths of figures that are tried, until a report does not end just behind the beginning of a page; several reports
# take the one with the fewest pages [% of the text].
_WIDTHS = (84, 80, 76, 72, 68, 64, 60, 82, 78, 74)
_LEAST = 0.25  # of the page's height, where a report may end (assumed: some lines, at least)


def to_pdf(reports: tuple[Report, ...], paper: Paper = "a4") -> bytes:
    """One or several reports as a PDF file; the same bytes for the same reports.

    Parameters
    ----------
    reports : tuple of Report
        In the order in which they stand in the file.
    paper : str
        `a4` or `letter`.

    Raises
    ------
    UsageError
        If Typst is not installed.
    """
    pages: bytes = typeset(reports, paper).compile(format="pdf")
    return pages


def typeset(reports: tuple[Report, ...], paper: Paper = "a4") -> Any:
    """Reports as a document of Typst (`typst.Compiler`); parameters and errors as for `to_pdf`."""
    check_engine()
    import typst  # an extra

    document = {
        "title": visible(title_of_all(reports)),
        "paper": PAPERS[paper],
        "reports": [_report(report) for report in said_once(reports)],
    }
    fonts = [str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]
    found: list[tuple[bool, int, int, Any]] = []
    for width in _WIDTHS:
        inputs = {"report": json.dumps(document | {"figures": width})}
        compiler = typst.Compiler(_TEMPLATE, font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs)
        ends = json.loads(compiler.query("<end>", field="value"))
        is_short = ends[-1]["place"] < _LEAST
        found.append((is_short, ends[-1]["page"], len(found), compiler))
        if len(reports) == 1 and not is_short:
            break
    return min(found, key=lambda one: one[:3] if len(reports) > 1 else (one[0], one[2]))[-1]


def check_engine() -> None:
    """See whether PDF files can be written here.

    Raises
    ------
    UsageError
        If Typst is not installed.
    """
    if find_spec("typst") is None:
        raise UsageError(
            "a PDF is set by Typst, which is not installed: pip install 'rolloutsim[pdf]'; or write an HTML file "
            "(-o report.html), which any browser prints"
        )


def _report(report: Report) -> dict[str, Any]:
    """A report as the template takes it."""
    sections = [
        {
            "title": _shown(section.title),
            "blocks": [shown for block in section.blocks for shown in _block(block, section.key)],
        }
        for section in report.sections
    ]
    return {"title": _shown(report.title), "subtitle": _shown(report.subtitle), "sections": sections}


def _block(block: Block, section: str) -> Iterator[dict[str, Any]]:
    match block:
        case Picture():
            ax = block.drawn()
            if ax is not None:
                head = head_of(ax)
                question = f"{block.question[:1].upper()}{block.question[1:]}"
                yield {"kind": "picture", "title": head.title, "subtitle": head.subtitle, "question": question,
                       "svg": untitled_svg(ax)}  # fmt: skip
        case Rows():
            yield _table(block, section)
        case Numbers(entries):
            yield {"kind": "numbers", "entries": [[_shown(text) for text in entry] for entry in entries]}
        case Verdict(state, word, text):
            yield {"kind": "verdict", "state": state, "sign": SIGNS[state], "word": word, "text": _shown(text)}
        case Facts(entries):
            yield {"kind": "facts", "entries": [[what, _shown(text)] for what, text in entries]}
        case Code(caption, text):
            yield {"kind": "code", "caption": caption, "text": visible(text, keep="\n")}
        case Text(text, role):
            yield {"kind": "text", "role": role, "lines": [_shown(line) for line in text.splitlines()]}


def _table(block: Rows, section: str) -> dict[str, Any]:
    """A table; of a long one the first rows, and how many there are more."""
    table = block.table
    most = _MOST_FOLDED if block.folded and section != "scenario" else _MOST_ROWS
    cells = table.cells()
    more = len(cells) - most
    longest = [max((len(row[i]) for row in cells[:most]), default=0) for i in range(len(table.columns))]
    return {
        "kind": "rows", "caption": _shown(block.caption),
        "sides": [column.side for column in table.columns],
        "widths": [min(length, 2 * _LONG_CELL) if length > _LONG_CELL else None for length in longest],
        "head": [_shown(heading) for heading in table.headings()],
        "cells": [[_shown(_breakable(cell)) for cell in row] for row in cells[:most]],
        "states": [table.state(row) for row in table.rows[:most]] if table.state else [],
        "more": f"and {more} more; the HTML report has all of them" if more > 0 else "",
    }  # fmt: skip


def _shown(text: str) -> str:
    return unbroken(visible(text))


def _breakable(text: str) -> str:
    """A text whose long words may be broken behind their punctuation."""
    words = text.split(" ")
    return " ".join(
        "".join(f"{letter}\u200b" if letter in "./_,:[]{}" else letter for letter in word)
        if len(word) > _LONG_WORD else word
        for word in words
    )  # fmt: skip
