"""A report as PDF: pages of text and tables, and a page for each pair of figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from rolloutsim.report.blocks import Code, Numbers, Picture, Rows, Text
from rolloutsim.report.plots.canvas import drawing_of, plain
from rolloutsim.report.plots.colours import INK, MUTED, PAPER
from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Block, Report

_PAGE = (8.27, 11.69)  # A4 [inch]
_MARGIN = 0.6  # [inch]
_SIZE = 8.0  # of letters [pt]
_LINE = 1.35  # distance of lines / size of letters
_COLUMNS = 108  # letters of a line in the font of fixed width
_MOST_ROWS = 60  # of a table on paper; the page has all of them (assumed)

# (text, size, weight, colour, family)
_Line = tuple[str, float, str, str, str]


def to_pdf(reports: tuple[Report, ...]) -> bytes:
    """One or several reports as a PDF file; the same bytes for the same reports."""
    content = BytesIO()
    with (
        rc_context({"pdf.fonttype": 42}),
        PdfPages(content, metadata={"CreationDate": None, "Creator": None, "Producer": None}) as pages,
    ):
        for report in reports:
            sheet = _Sheet(pages)
            sheet.write([_text(report.title, 16.0, "bold"), _text(report.subtitle, 9.0, colour=MUTED)])
            for section in report.sections:
                sheet.write([_text(""), _text(section.title, 12.0, "bold")])
                for block in section.blocks:
                    if isinstance(block, Picture):
                        sheet.draw(block)
                    else:
                        sheet.write(list(_lines(block)))
            sheet.close()
    return content.getvalue()


class _Sheet:
    """Pages that fill from the top."""

    def __init__(self, pages: PdfPages) -> None:
        self.pages = pages
        self.page: Figure | None = None
        self.left = 0.0  # height that is free on the page [inch]

    def write(self, lines: list[_Line]) -> None:
        """Add lines of text."""
        for text, size, weight, colour, family in lines:
            height = size * _LINE / 72
            page = self._room(height)
            y = (_MARGIN + self.left) / _PAGE[1]
            page.text(
                _MARGIN / _PAGE[0], y, plain(text, len(visible(text)), family), size=size, weight=weight, color=colour,
                family=family, va="top",
            )  # fmt: skip
            self.left -= height

    def draw(self, picture: Picture) -> None:
        """Add a figure, on a page of its own in its own size."""
        ax = picture.drawn()
        if ax is not None:
            self.close()
            self.pages.savefig(drawing_of(ax))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Put the page away."""
        if self.page is not None:
            self.pages.savefig(self.page)  # type: ignore[no-untyped-call]
            self.page = None

    def _room(self, height: float) -> Figure:
        if self.page is None or self.left < height:
            self.close()
            self.page = Figure(figsize=_PAGE, facecolor=PAPER)
            self.left = _PAGE[1] - 2 * _MARGIN
        return self.page


def _text(text: str, size: float = _SIZE, weight: str = "normal", colour: str = INK) -> _Line:
    return text, size, weight, colour, "sans-serif"


def _lines(block: Block) -> Iterator[_Line]:
    match block:
        case Text(text, role):
            size, weight = (10.0, "bold") if role == "answer" else (_SIZE, "normal")
            for part in _wrapped(text, int(_COLUMNS * _SIZE / size)):
                yield _text(part, size, weight, MUTED if role == "note" else INK)
        case Numbers(entries):
            for what, value, more in entries:
                yield _text(f"{what}: {value}" + (f" ({more})" if more else ""), weight="bold")
        case Rows():
            yield _text("")
            yield _text(block.caption, weight="bold")
            yield from _table(block)
        case Code(caption, text):
            yield _text(caption, weight="bold")
            for part in _wrapped(text, _COLUMNS):
                yield part, _SIZE - 1, "normal", INK, "monospace"
    yield _text("", _SIZE / 2)


def _wrapped(text: str, width: int) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]


def _table(block: Rows) -> Iterator[_Line]:
    """A table in letters of one width, its longest cells wrapped."""
    columns = block.table.columns
    rows = [block.table.headings(), *block.table.cells()[:_MOST_ROWS]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    while sum(widths) + 2 * len(widths) > _COLUMNS and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    for number, row in enumerate(rows):
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = [
                part.ljust(width) if column.side == "left" else part.rjust(width)
                for part, width, column in zip(parts, widths, columns, strict=True)
            ]
            yield "  ".join(padded), _SIZE - 1, "bold" if number == 0 else "normal", INK, "monospace"
    if len(block.table.rows) > _MOST_ROWS:
        more = len(block.table.rows) - _MOST_ROWS
        yield _text(f"and {more} more; the HTML report has all of them", _SIZE - 1, colour=MUTED)
