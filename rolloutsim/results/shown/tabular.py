"""A table keeps its values until one of the renderers here shows them: Markdown, HTML, CSV, rows or columns of values.

A column is declared in a line: its heading, the kind of its values, and how a row's value is found. The terminal's
renderer is `rolloutsim.cli.page`.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from operator import itemgetter
from typing import Any, Literal

from rolloutsim.results.numerals import (
    UNKNOWN,
    plus_minus,
    show_count,
    show_factor,
    show_rate,
    show_share,
    show_size,
    show_time,
    show_times,
    visible,
)
from rolloutsim.structs import struct

# Letters that mean something in Markdown (GitHub Flavored Markdown Spec; `$` begins formulas of GitHub):
# a backslash only before punctuation, `<` before a name, `&` before an entity, an underscore at the edge of a word.
_MEANT_BY_MARKDOWN = re.compile(
    r"[`*\[|~$]|<(?=[A-Za-z/!?])|\\(?=[!-/:-@\[-`{-~])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])"
)
# And what begins a block with a line: headings, quotes, items of lists, rules, and code by four blanks.
_BEGINS_A_BLOCK = re.compile(
    r"^[ \t]*(\d{1,9}(?=[.)](?:\s|$))|)"
    r"([.)>]|#(?=#{0,5}(?:\s|$))|[+-](?=\s|$)|-(?=[- \t]*$)|=(?=[= \t]*$))"
    r"|^(?: {4}|\t)\s*()",
    re.M,
)
_FENCES = re.compile("`+")
_BAR = r"\|"
# What spreadsheets may take for a formula (OWASP, "CSV Injection"); numbers with a sign are none.
_FORMULA = re.compile(r"[=@]|[+-](?![0-9.]+(?: ?[A-Za-z%/]+)?$)")


State = Literal["pass", "miss", "warn", ""]  # a condition holds, does not, does not and is only a warning; or none
SIGNS: Mapping[State, str] = {"pass": "✓", "miss": "✗", "warn": "!", "": ""}


@struct
class Kind:
    """How values of a kind are shown: as which text, on which side, and as what where there is none (None, NaN).

    `column` gives the text of values that stand below each other, where that depends on all of them; `is_code` is text
    to be copied, of which Markdown shows nothing else than it says.
    """

    show: Callable[[Any], str]
    side: Literal["left", "right"] = "right"
    unknown: str = UNKNOWN
    column: Callable[[Sequence[Any]], Callable[[Any], str]] | None = None
    is_code: bool = False


def as_options(overrides: Iterable[str]) -> str:
    """Overrides as options that a shell takes as they stand: `--set nodes=50 --set 'network=10 Gbit/s'`."""
    return " ".join(f"--set {shlex.quote(override)}" for override in overrides)


TEXT = Kind(str, "left")
TIME, SIZE, RATE = Kind(show_time, column=show_times), Kind(show_size), Kind(show_rate)
SHARE, FACTOR, COUNT = Kind(show_share), Kind(show_factor), Kind(show_count)
NUMBER = Kind(str)  # as it is written, or as its column says
OPTIONS = Kind(as_options, "left", is_code=True)


@struct
class Column:
    """A column of a table.

    Parameters
    ----------
    heading : str
        What stands above it.
    kind : Kind
        Of its values.
    of : callable
        The value in a row.
    shown : callable, optional
        What a row shows where the value alone does not tell.
    half : callable, optional
        Half the interval of the value in a row; 0 or None: there is none.
    """

    heading: str
    kind: Kind
    of: Callable[[Any], Any]
    shown: Callable[[Any], str] | None = None
    half: Callable[[Any], float | None] | None = None

    @property
    def side(self) -> Literal["left", "right"]:
        """The side on which the cells stand."""
        return self.kind.side

    def cells(self, rows: Sequence[Any]) -> list[str]:
        """What people read in some rows that stand below each other."""
        if self.shown is not None:
            return [visible(self.shown(row)) for row in rows]
        values = [self.of(row) for row in rows]
        known = [None if value is None or value != value else value for value in values]
        show = self.kind.show if self.kind.column is None else self.kind.column(known)
        halves = [None if self.half is None else self.half(row) for row in rows]
        return [
            visible(self.kind.unknown if value is None else plus_minus(show, value, half) if half else show(value))
            for value, half in zip(known, halves, strict=True)
        ]


@struct
class Table:
    """Columns, and what each row is made from.

    Parameters
    ----------
    columns : tuple of Column
        At least one.
    rows : sequence
        Of anything that the columns find their values in.
    about : callable, optional
        What a row is about (`node:web-007`), as the gids of figures name it.
    state : callable, optional
        Whether a row says that something holds, for its colour; there is a sign in one of its cells as well.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Any]
    about: Callable[[Any], str] | None = None
    state: Callable[[Any], State] | None = None

    def headings(self) -> tuple[str, ...]:
        """The columns' headings as people read them."""
        return tuple(visible(column.heading) for column in self.columns)

    def cells(self) -> tuple[tuple[str, ...], ...]:
        """What people read, row by row."""
        return tuple(zip(*(column.cells(self.rows) for column in self.columns), strict=True))

    def values(self) -> tuple[tuple[Any, ...], ...]:
        """The values, row by row."""
        return tuple(tuple(column.of(row) for column in self.columns) for row in self.rows)


def of_tuples(columns: Iterable[tuple[str, Kind]], rows: Sequence[Sequence[Any]]) -> Table:
    """A table whose rows are their values already; of each column the heading and the kind."""
    return Table(tuple(Column(heading, kind, itemgetter(i)) for i, (heading, kind) in enumerate(columns)), rows)


def markdown(table: Table) -> str:
    """A table in Markdown."""
    rule = "|".join("---" if column.side == "left" else "--:" for column in table.columns)
    shows = [_code if column.kind.is_code else escaped for column in table.columns]
    head = map(escaped, table.headings())
    rows = ((show(cell) for show, cell in zip(shows, cells, strict=True)) for cells in table.cells())
    first, *others = (f"| {' | '.join(cells)} |" for cells in (head, *rows))
    return "\n".join([first, f"|{rule}|", *others])


def _code(text: str) -> str:
    """A text as code in a cell (GitHub Flavored Markdown Spec, 4.10 and 6.3): only `|` is escaped there."""
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, _FENCES.findall(text)), default=0))
    pad = " " if "`" in (text[0], text[-1]) else ""
    return f"{fence}{pad}{visible(text).replace('|', _BAR)}{pad}{fence}"


def escaped(text: str) -> str:
    """A text as Markdown shows it, whatever its letters mean there, save blanks that a line begins with."""
    return _BEGINS_A_BLOCK.sub(_as_text, _MEANT_BY_MARKDOWN.sub(r"\\\g<0>", visible(text, keep="\n")))


def _as_text(begins: re.Match[str]) -> str:
    return f"{begins[1]}\\{begins[2]}" if begins[2] else ""


def html(table: Table, caption: str | None = None, page: bool = False) -> str:
    """A table in HTML; nothing in it can be anything but text.

    Parameters
    ----------
    table : Table
        The table; without any heading it has no head.
    caption : str, optional
        Above it.
    page : bool
        Whether it is for a page with a style sheet and a script of its own: sides are classes, numbers are in
        `data-value`, by which the page sorts, and rows say what they are about and whether it holds.
    """
    from html import escape  # all the entities there are take longer to import than a run's tables to show

    side = 'class="{}"' if page else 'style="text-align:{}"'
    sides = [side.format(column.side) for column in table.columns]
    scope = 'scope="col" ' if page else ""
    head = "".join(f"<th {scope}{side}>{escape(h)}</th>" for side, h in zip(sides, table.headings(), strict=True))
    lines = []
    for row, texts in zip(table.rows, table.cells(), strict=True):
        about = f' data-of="{escape(table.about(row))}"' if page and table.about else ""
        state = f' class="{table.state(row)}"' if page and table.state and table.state(row) else ""
        values = [_data(column.of(row)) if page else "" for column in table.columns]
        cells = (f"<td {s}{value}>{escape(cell)}</td>" for s, value, cell in zip(sides, values, texts, strict=True))
        lines.append(f"<tr{about}{state}>{''.join(cells)}</tr>")
    above = "" if caption is None else f"<caption>{escape(caption)}</caption>"
    thead = f"<thead><tr>{head}</tr></thead>" if any(table.headings()) else ""
    return f"<table>{above}{thead}<tbody>{''.join(lines)}</tbody></table>"


def _data(value: Any) -> str:
    """The attribute with a cell's value, if that is a number: as many digits as tell any two apart that are shown."""
    is_number = hasattr(value, "__float__") and value == value
    return f' data-value="{json.dumps(float(f"{value:.7g}"))}"' if is_number else ""


def csv_text(table: Table) -> str:
    """A table as comma-separated values with their full precision; what is unknown is empty.

    A text that spreadsheets may take for a formula has an apostrophe in front, which they do not show.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.headings())
    for row in table.values():
        writer.writerow(_no_formula(visible(value)) if isinstance(value, str) else value for value in row)
    return text.getvalue()


def _no_formula(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
