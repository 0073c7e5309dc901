"""Workflow commands for GitHub Actions: messages that it shows beside a line of a file.

Source of the syntax and its escapes: GitHub documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from rolloutsim.errors import Diagnostic

Level = Literal["error", "warning", "notice"]


def annotation(
    level: Level,
    message: str,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
    end_column: int | None = None,
    title: str | None = None,
) -> str:
    """One command, without its line feed.

    Parameters
    ----------
    level, message
        What is shown, and how; its line feeds stay.
    file : str, optional
        A path in the repository.
    line, column, end_column : int, optional
        Where in it, counted from 1.
    title : str, optional
        What stands above the message.
    """
    places = {"file": file, "line": line, "col": column, "endColumn": end_column, "title": title}
    given = ((name, visible(str(value))) for name, value in places.items() if value is not None)
    properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in given)
    text = _escaped(visible(message, keep="\n"))
    return f"::{level}{' ' if properties else ''}{properties}::{text}"


def of_diagnostic(diagnostic: Diagnostic) -> str:
    """The command that shows what is wrong with a scenario at its place."""
    end = None
    if diagnostic.column is not None and diagnostic.length > 1:
        end = diagnostic.column + diagnostic.length
    message = diagnostic.message + (f"\nhelp: {diagnostic.help}" if diagnostic.help else "")
    return annotation("error", message, diagnostic.file, diagnostic.line, diagnostic.column, end)


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
