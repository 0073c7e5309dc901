"""What several reports have for reference, said once: later ones tell where it stands, and what is different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rolloutsim.report.blocks import Code, Rows, Section, Text
from rolloutsim.results.numerals import listed

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Block, Report
    from rolloutsim.results.shown.tabular import Table

_LIMITS, _SCENARIO = "limits", "scenario"
_NAMED = 2  # columns of a table of the scenario: the key and its value
# Rows of a table that is told by what is different, and their share of it (assumed: a line, and not most of it).
_MOST_DIFFERENT, _OF_IT = 6, 0.25


def said_once(reports: tuple[Report, ...]) -> tuple[Report, ...]:
    """Reports of which later ones repeat nothing that is for reference: limits of the model, and folded tables.

    Parameters
    ----------
    reports : tuple of Report
        In the order in which they stand.
    """
    known = _Known(reports)
    return tuple(
        replace(report, sections=tuple(known.section(section, number) for section in report.sections))
        for number, report in enumerate(reports)
    )


class _Known:
    """What earlier reports have for reference, with the number of each."""

    def __init__(self, reports: tuple[Report, ...]) -> None:
        self.reports = reports
        self.limits: tuple[int, tuple[Block, ...]] | None = None  # of the first that has any
        self.told: dict[int, int | None] = {}  # by the number of a report: of which one its scenario has other values
        self.tables: dict[tuple[str, tuple[str, ...]], tuple[int, Table]] = {}  # by caption and headings

    def section(self, section: Section, number: int) -> Section:
        if section.key == _LIMITS:
            return replace(section, blocks=tuple(self._limits(section.blocks, number)))
        blocks = (shown for block in section.blocks for shown in self._block(block, number, section.key == _SCENARIO))
        return replace(section, blocks=tuple(blocks))

    def _limits(self, blocks: tuple[Block, ...], number: int) -> Iterator[Block]:
        """What is limited; of what the first report has already said only that it has."""
        if self.limits is None:
            self.limits = number, blocks
            yield from blocks
            return
        first, said = self.limits
        new = [block for block in blocks if block not in said]
        if len(new) == len(blocks):
            yield from blocks
            return
        yield Text(f"As in {self._named(first)}{', and here:' if new else '.'}", "note")
        yield from new

    def _block(self, block: Block, number: int, of_scenario: bool) -> Iterator[Block]:
        if isinstance(block, Code) and block.long:
            yield from self._code(block, number)
            return
        if not isinstance(block, Rows) or not (block.folded or of_scenario):
            yield block
            return
        columns = _NAMED if of_scenario else len(block.table.columns)
        first, table = self.tables.setdefault((block.caption, block.table.headings()[:columns]), (number, block.table))
        cells, before = ([row[:columns] for row in one.cells()] for one in (block.table, table))
        added = [row for row in cells if row not in before]
        left = [row for row in before if row not in cells]
        if first == number or len(added) + len(left) > min(_MOST_DIFFERENT, _OF_IT * len(cells)):
            yield block
            return
        if of_scenario:  # its first table has what is given
            known = {row[0] for row in left} <= {row[0] for row in added}
            self.told.setdefault(number, first if known else None)
        keys = dict.fromkeys(row[0] for row in (*left, *added))
        but = f", but for {listed([*keys])}" if keys else ""
        yield Text(f"{block.caption}: as in {self._named(first)}{but}.", "note")
        if added:
            rows = [row for row, shown in zip(block.table.rows, cells, strict=True) if shown in added]
            yield Rows(f"{block.caption}, of these", replace(block.table, rows=rows))

    def _code(self, block: Code, number: int) -> Iterator[Block]:
        """A long text; of one that differs in values that the report has told, where the first of it is."""
        first = self.told.get(number)
        if first is None:
            yield block
        else:
            yield Text(
                f"{block.caption.partition(':')[0]}: that of {self._named(first)} with the values above.", "note"
            )

    def _named(self, number: int) -> str:
        return f"report {number + 1} ({self.reports[number].title})"
