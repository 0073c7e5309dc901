"""What a report is made of: sections of blocks, the same for HTML, PDF and Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rolloutsim.report import plots
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.shown.tabular import State, Table


@struct
class Text:
    """A paragraph; `role` is `answer`, `plain` or `note`."""

    text: str
    role: str = "plain"


@struct
class Verdict:
    """Whether the targets are met: the word for it, the sentence that says so, and what stands below it."""

    state: State
    word: str
    text: str
    more: str = ""


@struct
class Facts:
    """Sentences, each with what it answers."""

    entries: tuple[tuple[str, str], ...]


@struct
class Numbers:
    """Key figures: (what, value, small print)."""

    entries: tuple[tuple[str, str, str], ...]


@struct
class Rows:
    """A table with its caption.

    `folded` ones are opened on demand where that is possible; `minor` ones, which say what stands elsewhere, too, are
    left out of several reports on paper.
    """

    caption: str
    table: Table
    folded: bool = False
    minor: bool = False


@struct
class Picture:
    """A figure: its name, what it shows for those who cannot see it, who draws it, and the title that stands above."""

    name: str
    question: str
    draw: Callable[[], Axes]
    below: str = ""

    def drawn(self) -> Axes | None:
        """The figure; None where there is nothing to show."""
        try:
            return self.draw()
        except plots.canvas.NoDataError:
            return None

    def small_print(self, ax: Axes) -> str:
        """What is shown, without the title that the report has already."""
        told = plots.canvas.head_of(ax).subtitle
        return told.removesuffix(f" · {plots.subjects.titled(self.below)}".replace(r"\$", "$")) if self.below else told


@struct
class Code:
    """Text to copy, with its caption; a `long` one is for reference."""

    caption: str
    text: str
    long: bool = False


Block = Text | Verdict | Facts | Numbers | Rows | Picture | Code


@struct
class Section:
    """A part of a report; `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@struct
class Report:
    """All of it."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def own_title(report: Report, reports: tuple[Report, ...]) -> str:
    """The title of one of several reports without what it has of the first: `today` of `two nodes · today`."""
    return report.title.removeprefix(f"{reports[0].title} · ")


def title_of_all(reports: tuple[Report, ...]) -> str:
    """The titles of several reports in a line: `two nodes · today · cache`."""
    return " · ".join(own_title(report, reports) for report in reports)
