"""A page of text and tables for people, laid out for where it is shown."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from rolloutsim.cli.view import WIDEST_TEXT, plain, table_lines, wrapped
from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rolloutsim.cli.view import Style
    from rolloutsim.results.shown.tabular import Table

_INDENT = 8


class Page:
    """Lines that are collected and then shown at once."""

    def __init__(self) -> None:
        terminal = sys.stdout.isatty()
        self.coloured = terminal and not os.environ.get("NO_COLOR")
        self.width = min(shutil.get_terminal_size().columns if terminal else WIDEST_TEXT, WIDEST_TEXT)
        self.style: Style = click.style if self.coloured else plain
        self.lines: list[str] = []

    def title(self, text: str) -> None:
        """The line on top, and an empty one."""
        self.lines += [self.style(visible(text), bold=True), ""]

    def text(self, label: str, text: str) -> None:
        """Running text beside a label that stands out."""
        first, *rest = wrapped(visible(text, keep="\n"), _INDENT, self.width) or [""]
        gap = " " * max(_INDENT - len(label) - 1, 1)
        self.lines += [self.style(f" {label}", bold=True) + gap + first.lstrip(), *rest]

    def table(self, table: Table) -> None:
        """A table, after an empty line."""
        self.lines += ["", *table_lines(table, self.style)]

    def blank(self) -> None:
        """An empty line."""
        self.lines.append("")

    def render(self) -> str:
        """All lines."""
        return "".join(f"{line.rstrip()}\n" for line in self.lines)
