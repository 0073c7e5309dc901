"""The exception family: everything that rolloutsim raises on purpose.

A message says where, what is wrong, what is allowed and what to do next; a `ScenarioError` carries every
error of a scenario at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# The kinds of a scenario's errors, by the names under which programs tell them apart, and what each asks for.
RULES = {
    "syntax": "A scenario is a map of keys in YAML, encoded as UTF-8.",
    "duplicate-key": "A key stands once in its map.",
    "unknown-key": "Each key is one of the format, as it is spelt there.",
    "missing-key": "Each key that is needed is there, and has a value.",
    "value": "Each value has the form, the unit and the range that its key takes.",
    "unknown-name": "Each name refers to something that the scenario has.",
    "contradiction": "Keys that need or exclude one another go together, and what they say adds up.",
}
MOST_SHOWN = 100  # errors that are shown of one call (assumed: nobody reads more at a time)
# What does something where it is only to be read: controls steer terminals; line separators forge lines; overrides and
# isolates turn around what is shown (Unicode Standard Annex 9); halves of surrogate pairs cannot be written, and the
# noncharacters not in XML. And what GitHub Actions takes for a command in any output (actions/runner, ActionCommand.cs
# and ActionCommandManager.cs: the first of a line, `##[` anywhere).
STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
    r"|:(?=:(?:add-|debug|echo|endgroup|error|group|internal-|notice|remove-|save-|set-|stop-|warning))|#(?=#\[)",
    re.I,
)
_LONGEST = 2000  # characters of a message (assumed: a screen)
_LONGEST_WORD = 300  # of them without a blank (assumed: more than any name or path has that is one)
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_LONGEST_LINE = 160  # columns of a source line that are shown (assumed: fits a wide terminal)
_BEFORE_CARET = 80  # columns kept in front of the caret where a line is cut (assumed: half of it)


class RolloutsimError(Exception):
    """Base of all errors that rolloutsim raises on purpose."""

    def __str__(self) -> str:
        """The message, in which what is quoted is cut."""
        return shortened(super().__str__())


class UsageError(RolloutsimError):
    """The call itself is wrong: a missing file, a directory, an unknown path in `--set`."""


class FrozenError(UsageError, AttributeError, TypeError):
    """Something frozen was to be changed; also what Python raises for its own frozen things."""


class OutputError(RolloutsimError):
    """A result cannot be written."""


class UnreadableError(RolloutsimError):
    """What is to be imported is nothing that is known, or says what cannot be."""


class UnreachableError(RolloutsimError):
    """Something on the network does not answer, or not as it should."""


@dataclass(frozen=True)
class Diagnostic:
    """One located error of a scenario.

    Parameters
    ----------
    message : str
        What is wrong and what is allowed.
    file : str
        The file's name as given, or what stands for it (`<stdin>`, `--set network.rate`).
    line, column : int or None
        Where it starts, counted from 1; None where there is no text to point at.
    length : int
        Columns that the caret underlines.
    source_line : str or None
        The line's text.
    help : str or None
        The likely intent.
    severity : str
        `error`.
    rule : str
        What kind of error it is, of `RULES`.
    """

    message: str
    file: str
    line: int | None = None
    column: int | None = None
    length: int = 1
    source_line: str | None = None
    help: str | None = None
    severity: Literal["error"] = "error"
    rule: str = "value"

    def render(self, with_source: bool = True) -> str:
        """The error as text: place and message, source line, caret and help."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line is not None else self.file
        lines = [f"{_printable(place)}: {self.severity}: {_printable(shortened(self.message))}"]
        help = _printable(shortened(self.help)) if self.help else ""
        if self.line is not None and self.column is not None and self.source_line is not None:
            text, before = map(_printable, _window(self.source_line, self.column - 1))
            if with_source:
                lines.append(f"{self.line:>6} | {text}")
            caret = "^" * max(1, min(self.length, len(text) - len(before)))
            lines.append(f"       | {_blank(before)}{caret}{f' help: {help}' if help else ''}")
        elif help:
            lines.append(f"       help: {help}")
        return "\n".join(lines)


class ScenarioError(RolloutsimError):
    """A scenario is invalid; `diagnostics` lists every error in it, in the order of the text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(render(self.diagnostics))

    def __str__(self) -> str:
        """All of them; each is cut by itself."""
        return str(self.args[0])


def shortened(text: str) -> str:
    """A message without the middle of what is too long to be read: of words, such as names in it, and of all of it."""
    text = _LONG_WORD.sub(lambda found: _ends(found[0], _LONGEST_WORD), text)
    return _ends(text, _LONGEST)


def _ends(text: str, longest: int) -> str:
    """A text of at most so many characters; what is next stands at the end of a message, and most at its beginning."""
    if len(text) <= longest:
        return text
    last = longest // 3
    return f"{text[: longest - last - 1]}…{text[-last:]}"


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The choice that a misspelt word was likely meant to be, alike to `cutoff` [1] or more; None: there is none."""
    from difflib import get_close_matches  # slow to import, and only errors need it

    return next(iter(get_close_matches(word, choices, n=1, cutoff=cutoff)), None)


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The first hundred errors as text, and how many more there are.

    A source line that several in a row point at is shown once.
    """
    parts: list[str] = []
    shown: tuple[str, int | None] | None = None
    every = tuple(diagnostics)
    for diagnostic in every[:MOST_SHOWN]:
        place = (diagnostic.file, diagnostic.line)
        parts.append(diagnostic.render(with_source=place != shown))
        shown = place
    if len(every) > MOST_SHOWN:
        more = len(every) - MOST_SHOWN
        parts.append(f"and at least {more:,} more, not shown; mend these first")
    return "\n".join(parts)


def _window(source: str, start: int) -> tuple[str, str]:
    """The part of a long line around column `start`, and what of it stands before that column."""
    if len(source) <= _LONGEST_LINE:
        return source, source[:start]
    left = max(0, start - _BEFORE_CARET)
    prefix = "…" if left else ""
    suffix = "…" if left + _LONGEST_LINE < len(source) else ""
    shown = source[left : left + _LONGEST_LINE]
    return f"{prefix}{shown}{suffix}", f"{prefix}{source[left:start]}"


def _printable(text: str) -> str:
    """The text without what could do more than be read; tabs stay."""
    return STEERING.sub(lambda found: found[0] if found[0] == "\t" else "�", text)


def _blank(text: str) -> str:
    """Blanks as wide as the text on a terminal; tabs stay, so that they align."""
    return "".join(
        "\t" if char == "\t" else "  " if unicodedata.east_asian_width(char) in "WF" else " " for char in text
    )
