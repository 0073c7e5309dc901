"""A report as PDF, set by Typst: text and tables that can be selected, a contents list, page numbers.

Typst is one wheel that needs no library of the system and sets a report in a tenth of a second. It repeats the head
rows of tables, numbers the pages of its contents list, and writes the same bytes for the same report. Its letters are
DejaVu Sans, which Matplotlib brings along, whatever fonts a machine has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
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
# Rows on paper, of which the page has all, of a table and of one on demand: of a report, of each of several (assumed: a
# sheet, a tenth of it). Those of the scenario on demand are for reference.
_MOST_ROWS = {False: (60, 10), True: (10, 4)}
_REFERENCE = 60
_LONG_WORD = 40  # letters; a longer word may be broken at its punctuation
_LONG_CELL = 60  # letters; a column with longer cells takes what others leave
_LINE = 112  # letters of a table's line (assumed: the text's width, on A4, of letters as wide as digits)
_BETWEEN = 2  # letters that the space between two columns is as wide as
# Widths of figures that are tried, until a report does not end just behind the beginning of a page; several reports
# take the one with the fewest pages [% of the text].
_WIDTHS = (84, 80, 76, 72, 68, 64, 82, 78, 74)
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
        "reports": [_report(report, _MOST_ROWS[len(reports) > 1]) for report in said_once(reports)],
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


def _report(report: Report, most: tuple[int, int]) -> dict[str, Any]:
    """A report as the template takes it; `most`: rows of its tables, and of those on demand."""
    sections = [
        {
            "title": unbroken(section.title),
            "blocks": [shown for block in section.blocks for shown in _block(block, section.key, most)],
        }
        for section in report.sections
    ]
    return {"title": unbroken(report.title), "subtitle": unbroken(report.subtitle), "sections": sections}


def _block(block: Block, section: str, most: tuple[int, int]) -> Iterator[dict[str, Any]]:
    match block:
        case Picture():
            ax = block.drawn()
            if ax is not None:
                head = head_of(ax)
                question = f"{block.question[:1].upper()}{block.question[1:]}"
                yield {"kind": "picture", "title": head.title, "subtitle": block.small_print(ax), "question": question,
                       "svg": untitled_svg(ax)}  # fmt: skip
        case Rows():
            if block.minor and most != _MOST_ROWS[False]:
                return
            most_rows = _REFERENCE if section == "scenario" else most[block.folded]
            yield from (_table(part, most_rows) for part in _parts(block, most_rows))
        case Numbers(entries):
            yield {"kind": "numbers", "entries": [[unbroken(text) for text in entry] for entry in entries]}
        case Verdict(state, word, text, more):
            yield {"kind": "verdict", "state": state, "sign": SIGNS[state], "word": word, "text": unbroken(text),
                   "more": unbroken(more)}  # fmt: skip
        case Facts(entries):
            yield {"kind": "facts", "entries": [[what, unbroken(text)] for what, text in entries]}
        case Code(caption, text, _):
            yield {"kind": "code", "caption": caption, "text": visible(text, keep="\n")}
        case Text(text, role):
            yield {"kind": "text", "role": role, "lines": [unbroken(line) for line in text.splitlines()]}


def _parts(block: Rows, most: int) -> Iterator[Rows]:
    """A table, or several below each other where its words are wider than the paper, each with the first column."""
    columns = block.table.columns
    cells = [block.table.headings(), *block.table.cells()[:most]]
    wide = [max(len(word) for row in cells for word in _words(row[i])) for i in range(len(columns))]
    parts, width = [[0]], wide[0] + _BETWEEN
    for place in range(1, len(columns)):
        if len(parts[-1]) > 1 and width + wide[place] + _BETWEEN > _LINE:
            parts.append([0])
            width = wide[0] + _BETWEEN
        parts[-1].append(place)
        width += wide[place] + _BETWEEN
    for number, part in enumerate(parts):
        caption = f"{block.caption}, continued" if number else block.caption
        yield replace(block, caption=caption, table=replace(block.table, columns=tuple(columns[i] for i in part)))


def _table(block: Rows, most: int) -> dict[str, Any]:
    """A table; of a long one the first rows, and how many there are more."""
    table = block.table
    cells = table.cells()
    more = len(cells) - most
    if more == 1:  # a line says no less than that there is one more
        most, more = most + 1, 0
    longest = [max((len(row[i]) for row in cells[:most]), default=0) for i in range(len(table.columns))]
    # Long cells share the width by how much there is in their columns.
    shares = [max(sum(len(row[i]) for row in cells[:most]), 1) for i in range(len(table.columns))]
    least = max(shares, default=1) // 3
    shares = [max(share, least) for share in shares]
    return {
        "kind": "rows", "caption": unbroken(block.caption),
        "sides": [column.side for column in table.columns],
        "widths": [share if length > _LONG_CELL else None for length, share in zip(longest, shares, strict=True)],
        "head": [unbroken(heading) for heading in table.headings()],
        "cells": [[unbroken(_breakable(cell)) for cell in row] for row in cells[:most]],
        "states": [table.state(row) for row in table.rows[:most]] if table.state else [],
        "more": f"and {more} more in the HTML report" if more > 0 else "",
    }  # fmt: skip


def _words(cell: str) -> list[str]:
    """The parts of a cell that stay on one line."""
    return unbroken(_breakable(cell)).replace("\u200b", " ").split(" ")


def _breakable(text: str) -> str:
    """A text whose long words may be broken behind their punctuation."""
    words = text.split(" ")
    return " ".join(
        "".join(f"{letter}\u200b" if letter in "./_,:[]{}" else letter for letter in word)
        if len(word) > _LONG_WORD else word
        for word in words
    )  # fmt: skip
