"""Text and tables for people, laid out for where they are shown.

By hand, since a terminal library takes longer to import than 20 nodes to simulate.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

import click

from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rolloutsim.results.shown.tabular import Table

    Style = Callable[..., str]

WIDEST_TEXT = 100  # columns of running text; longer lines are hard to read (assumed)
_GAP = "   "
_INDENT = 8
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}  # of keys that are new, gone, changed


def terminal() -> tuple[int, bool]:
    """The columns for running text, and whether there may be colours."""
    if not sys.stdout.isatty():
        return WIDEST_TEXT, False
    return min(shutil.get_terminal_size().columns, WIDEST_TEXT), not os.environ.get("NO_COLOR")


class Page:
    """Lines that are collected and then shown at once."""

    def __init__(self) -> None:
        self.width, self.coloured = terminal()
        self.style: Style = click.style if self.coloured else plain
        self.lines: list[str] = []

    def title(self, text: str) -> None:
        """The line on top, and an empty one."""
        self.lines += [self.style(visible(text), bold=True), ""]

    def text(self, label: str, text: str) -> None:
        """Running text beside a label that stands out."""
        first, *rest = wrapped(text, _INDENT, self.width) or [""]
        gap = " " * max(_INDENT - len(label) - 1, 1)
        self.lines += [self.style(f" {label}", bold=True) + gap + first.lstrip(), *rest]

    def table(self, table: Table) -> None:
        """A table, after an empty line."""
        self.lines += ["", *table_lines(table, self.style)]

    def blank(self) -> None:
        """An empty line."""
        self.lines.append("")

    def show(self) -> None:
        """Print all lines."""
        click.echo("".join(f"{line.rstrip()}\n" for line in self.lines), nl=False, color=self.coloured)


def show_table(title: str, table: Table, notes: Sequence[str]) -> None:
    """Print a table for people.

    Parameters
    ----------
    title : str
        The line above it.
    table : Table
        The table.
    notes : sequence of str
        What one has to know to read it.
    """
    width, coloured = terminal()
    style: Style = click.style if coloured else plain
    lines = [style(visible(title), bold=True), "", *table_lines(table, style), ""]
    lines += [line for note in notes for line in wrapped(note, indent=1, width=width)]
    click.echo("\n".join(lines), color=coloured)


def table_lines(table: Table, style: Style) -> Iterator[str]:
    """A table's heading, a rule and its rows."""
    head, *rows = aligned([table.headings(), *table.cells()], [column.side for column in table.columns])
    yield style(f"  {head}".rstrip(), bold=True)
    yield style(" " + "─" * (_cells(head) + 2), dim=True)
    for row in rows:
        yield f"  {row}".rstrip()


def changed_lines(table: Table, style: Style) -> Iterator[str]:
    """The rows of a table of changed keys, each in the colour of the sign that it begins with; without a heading."""
    _, _, *rows = table_lines(table, style)
    for (sign, *_), line in zip(table.cells(), rows, strict=True):
        yield style(line, fg=_SIGNS[sign])


def aligned(rows: Sequence[tuple[str, ...]], sides: Sequence[str]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        blanks = [" " * (width - _cells(cell)) for cell, width in zip(row, widths, strict=True)]
        padded = [c + b if side == "left" else b + c for c, b, side in zip(row, blanks, sides, strict=True)]
        lines.append(_GAP.join(padded))
    return lines


def wrapped(text: str, indent: int, width: int) -> list[str]:
    """Each line of a text, wrapped at blanks and indented; it can do nothing on a terminal but be read."""
    wrap = partial(textwrap.wrap, width=max(width - indent, 1), break_long_words=False, break_on_hyphens=False)
    return [" " * indent + part for line in visible(text, keep="\n").split("\n") for part in wrap(line)]


def _cells(text: str) -> int:
    """Columns of a terminal that a text takes: wide characters take two, accents that combine none."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def plain(text: str, **_: object) -> str:
    """A text without any style."""
    return text
