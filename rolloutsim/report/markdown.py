"""A report as Markdown: for a pull request or a wiki, without figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rolloutsim.report.blocks import Code, Facts, Numbers, Picture, Rows, Text, Verdict
from rolloutsim.report.plots.canvas import title_of
from rolloutsim.report.reference import said_once
from rolloutsim.results.shown.tabular import SIGNS, escaped, markdown

if TYPE_CHECKING:
    from rolloutsim.report.blocks import Block, Report


def to_markdown(reports: tuple[Report, ...]) -> str:
    """One or several reports as Markdown; what a figure shows stands there as its title."""
    return "\n".join(line for report in said_once(reports) for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.title)}"
    yield ""
    yield f"_{escaped(report.subtitle)}_"
    yield ""
    for section in report.sections:
        yield f"## {section.title}"
        yield ""
        for block in section.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        text = "  \n".join(escaped(line) for line in block.text.split("\n"))
        yield f"**{text}**" if block.role == "answer" else text
    elif isinstance(block, Verdict):
        yield f"**{' '.join(filter(None, (SIGNS[block.state], escaped(block.word))))}: {escaped(block.text)}**"
        if block.more:
            yield ""
            yield escaped(block.more)
    elif isinstance(block, Facts):
        for what, text in block.entries:
            yield f"- {escaped(what)}: {escaped(text)}" if what else f"- {escaped(text)}"
    elif isinstance(block, Numbers):
        for what, value, more in block.entries:
            yield f"- {escaped(what)}: **{escaped(value)}**" + (f" ({escaped(more)})" if more else "")
    elif isinstance(block, Rows):
        yield f"{escaped(block.caption)}:"
        yield ""
        yield markdown(block.table).rstrip("\n")
    elif isinstance(block, Picture):
        ax = block.drawn()
        if ax is None:
            return
        yield f"> {escaped(title_of(ax).replace(chr(92), ''))}"
    else:
        assert isinstance(block, Code)
        yield f"{escaped(block.caption)}:"
        yield ""
        fence = "`" * (max(map(len, re.findall("`+", block.text)), default=0) + 3)
        yield f"{fence}\n{block.text}\n{fence}"
    yield ""
