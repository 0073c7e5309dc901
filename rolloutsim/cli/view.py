"""What `rolloutsim run` shows: the cases side by side, why, what would help, thresholds."""

from __future__ import annotations

import os
import sys
from io import StringIO
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rolloutsim.results.tables import case_rows, show_seconds, threshold_rows
from rolloutsim.results.why import why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod, RenderableType

    from rolloutsim.api import Result
    from rolloutsim.planning.what_if import WhatIf
    from rolloutsim.results.tables import Table as Rows

_NARROWEST = 100  # columns where nothing says how wide the reader's window is (assumed)
_WIDEST_TEXT = 100  # columns of running text; longer lines are hard to read (assumed)
_LABEL = 8  # columns of "Why"
_FOOTNOTE = "Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more."
_STYLES = {"✓": "green", "✗": "bold red", "!": "yellow"}


def show(result: Result, changes: Sequence[WhatIf], first: bool = True) -> None:
    """Print a result for people.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    changes : sequence of WhatIf
        What would help, simulated.
    first : bool
        Whether nothing was printed before; otherwise an empty line sets it apart.
    """
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    text = render(result, changes, width, coloured)
    click.echo(("" if first else "\n") + text, nl=False, color=coloured)


def render(result: Result, changes: Sequence[WhatIf], width: int | None = None, coloured: bool = False) -> str:
    """Lay out a result as text.

    Parameters
    ----------
    result, changes
        As for `show`.
    width : int, optional
        Columns; by default as many as the tables need, at least 100.
    coloured : bool
        Whether to use ANSI colours.
    """
    scenario = result.scenario
    cases = "1 case" if len(result) == 1 else f"{len(result)} cases"
    parts: list[RenderableType] = [
        Text(f"{scenario.name} · {cases} · {scenario.model} model", style="bold"),
        "",
        _indented(_case_table(case_rows(result.run, result.summary)), 1),
        "",
        _why(result, changes),
    ]
    if result.thresholds:
        parts += ["", Text(" Thresholds", style="bold"), _indented(_thresholds(result), 2)]
    parts.append("")
    parts += [_indented(Text(note), 1) for note in (*scenario.notes, _FOOTNOTE)]
    return _printed(Group(*parts), width, coloured)


def _case_table(rows: Rows) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, header_style="bold", border_style="dim")
    for column in rows.columns:
        table.add_column(column.heading, justify=column.side, no_wrap=True)
    for row in rows.rows:
        table.add_row(*map(Text, row))
    return table


def _why(result: Result, changes: Sequence[WhatIf]) -> Table:
    """The paragraph beside its label, and below it what would help."""
    text: list[RenderableType] = [Text(why(result.run, result.summary))]
    if changes:
        before = [show_seconds(change.before) for change in changes]
        widest = max(map(len, before))
        text.append(Text(f"What would ({changes[0].case}, simulated):"))
        grid = _grid(("left", "left"))
        for change, now in zip(changes, before, strict=True):
            grid.add_row(Text(change.change), Text(f"{now:>{widest}} → {show_seconds(change.after)}"))
        text.append(_indented(grid, 2))
    table = Table.grid()
    table.add_column(width=_LABEL)
    table.add_column(max_width=_WIDEST_TEXT - _LABEL)
    table.add_row(Text(" Why", style="bold"), Group(*text))
    return table


def _thresholds(result: Result) -> Table:
    rows = threshold_rows(result.thresholds)
    grid = _grid(("left", "left", "right", "right"))
    for mark, metric, *cells in rows.rows:
        marked = Text.assemble((mark, _STYLES.get(mark, "")), " ", metric)
        grid.add_row(marked, *map(Text, cells))
    return grid


def _grid(sides: Sequence[JustifyMethod]) -> Table:
    """Columns without lines, three blanks apart."""
    grid = Table.grid(padding=(0, 3))
    for side in sides:
        grid.add_column(justify=side, no_wrap=True)
    return grid


def _indented(what: RenderableType, columns: int) -> Padding:
    return Padding(what, (0, 0, 0, columns), expand=False)


def _printed(what: RenderableType, width: int | None, coloured: bool) -> str:
    """The text without the blanks that fill up lines."""
    unlimited = Console(width=10_000)
    needed = Measurement.get(unlimited, unlimited.options, what).maximum
    text = StringIO()
    console = Console(
        file=text,
        width=max(needed, _NARROWEST) if width is None else width,
        force_terminal=coloured,
        color_system="auto" if coloured else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
