"""A table as plain text: headings, cells, and the side these stand on; in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from rolloutsim.results.numerals import visible
from rolloutsim.structs import struct

# Letters that mean something in Markdown where they stand: a backslash only before punctuation, `<` before a name.
_MEANT_BY_MARKDOWN = re.compile(r"[`*\[|]|<(?=[A-Za-z/!?])|\\(?=[!-/:-@\[-`{-~])")


@struct
class Column:
    """A column's heading and the side its cells stand on."""

    heading: str
    side: Literal["left", "right"]


@struct
class Table:
    """Headings and cells, all text."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(tuple(map(visible, row)) for row in self.rows))


def text_table(headings: Sequence[str], rows: Sequence[tuple[str, ...]], left: int = 1) -> Table:
    """A table whose first columns are text and stand on the left."""
    columns = tuple(Column(text, "left" if i < left else "right") for i, text in enumerate(headings))
    return Table(columns, tuple(rows))


def markdown(table: Table) -> str:
    """A table in Markdown."""
    return "\n".join(_lines_of(table))


def escaped(text: str) -> str:
    """A text as Markdown shows it, whatever its letters mean there; underscores inside of words mean nothing."""
    return _MEANT_BY_MARKDOWN.sub(r"\\\g<0>", text)


def _lines_of(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(escaped(column.heading) for column in table.columns) + " |"
    yield "|" + "|".join("---" if column.side == "left" else "--:" for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(escaped(cell) for cell in row) + " |"
