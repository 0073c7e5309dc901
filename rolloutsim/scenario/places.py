"""Where each part of a scenario stands in the text, so that an error can point at it.

A path names a part: `("nodes", "web", "nic")`. A problem is an error that knows its path only; `Places` turns
it into a located diagnostic. A part that the text lacks is looked for at the nearest part around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rolloutsim.errors import Diagnostic, ScenarioError
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.structs import struct

Path = tuple[str | int, ...]

_POSITION = re.compile(r"[0-9]{1,9}")  # in a list, as a step of a path has it
_SPECIAL = re.compile(r"""[.\s\[\]{}="',\\]""")  # what a step of a dotted path cannot have without quotes


@struct
class Span:
    """A piece of one line; line and column count from 1."""

    line: int
    column: int
    length: int


@struct
class Place:
    """Where a key and its value stand, or the override that set it (`source`).

    The value of a map or list is its key; `whole` is the map or list itself, where it stands in one line. `origin` has
    the text that it is in, where that is not the scenario's first one; `by` says what set it, where that is in a text.
    """

    key: Span | None = None
    value: Span | None = None
    source: str | None = None
    whole: Span | None = None
    origin: Places | None = None
    by: str = ""


@struct
class Problem:
    """An error at a path: on its key, or on its value; `named` is said where another part is shown as its place.

    `rule` is one of `rolloutsim.errors.RULES`.
    """

    path: Path
    message: str
    help: str | None = None
    at: Literal["key", "value"] = "value"
    related: tuple[Path, ...] = ()  # other parts that the message is about
    named: str = ""
    rule: str = "value"


def unknown(
    what: str, name: str, known: Collection[str], path: Path, *related: Path, at: Literal["key", "value"] = "value"
) -> Problem:
    """Nothing of a kind has a name, of which those that are known are told."""
    message = f"no {what} is named '{name}'; known: {listing(known)}"
    return Problem(path, message, did_you_mean(name, known), at, related, rule="unknown-name")


@dataclass(slots=True)
class Places:
    """The places of one scenario's parts.

    Parameters
    ----------
    file : str
        The name that errors show.
    lines : sequence of str
        The text's lines; empty for a scenario that did not come from text.
    at : dict
        Places of parts that the text does not have, or not there.
    in_text : callable or None
        Gives the place of a part in the text, None where it has none: only errors ask, and for few parts.
    folder : str
        Where files that it names are looked for; empty: the working directory.
    """

    file: str
    lines: Sequence[str] = ()
    at: dict[Path, Place] = field(default_factory=dict)
    in_text: Callable[[Path], Place | None] | None = None
    folder: str = ""
    _elsewhere: dict[Path, int] = field(default_factory=dict)  # parts that come from there, with all in them → in turn
    _turns: int = 0

    def copy(self) -> Places:
        """The same places, for changes."""
        return replace(self, at=dict(self.at), _elsewhere=dict(self._elsewhere))

    def find(self, path: Path) -> Place | None:
        """The place of the part itself, None where there is none."""
        turn = 0
        if self._elsewhere:
            turn = self._elsewhere.get(path, 0)
            if any(self._elsewhere.get(path[:length], 0) > turn for length in range(1, len(path))):
                return None
        place = self.at.get(path)
        return place if place is not None or self.in_text is None else self.in_text(path)

    def diagnose(self, problem: Problem) -> Diagnostic:
        """The problem, located."""
        place = self._nearest(problem.path)
        changed = [place, *map(self._nearest, problem.related)]
        source = next((one.source for one in changed if one.source is not None), None)
        if source is not None:
            named = f"{problem.named}: " if problem.named and place.source is None else ""
            return Diagnostic(f"{named}{problem.message}", source, help=problem.help, rule=problem.rule)
        span = place.key if problem.at == "key" and place.key else place.whole or place.value or place.key
        text = place.origin or self
        if span is None:
            return Diagnostic(problem.message, text.file, help=problem.help, rule=problem.rule)
        line = text.lines[span.line - 1] if span.line <= len(text.lines) else ""
        return Diagnostic(
            problem.message, text.file, span.line, span.column, span.length, line, problem.help, rule=problem.rule
        )

    def error(self, problems: Iterable[Problem]) -> ScenarioError:
        """All problems as one error, in the order of the text, each once."""
        found = dict.fromkeys(map(self.diagnose, problems))
        return ScenarioError(sorted(found, key=lambda one: (one.line or 0, one.column or 0)))

    def override(self, path: Path, place: Place) -> None:
        """Let the part at `path`, with all in it, come from elsewhere."""
        self.at.pop(path, None)
        self.at[path] = place
        self._turns += 1
        self._elsewhere[path] = self._turns

    def overrides(self) -> dict[str, str]:
        """What came from elsewhere: path, as `--set` takes it → `--set`, or what else set it."""
        found = ((path, at.by or at.source) for path, at in self.at.items() if self.find(path) is at)
        return {dotted(path): by.split()[0] for path, by in found if by}

    def line_of(self, path: Path) -> int | None:
        """The line [1] of the part itself, None where the text lacks it."""
        place = self.find(path)
        span = place and (place.key or place.value)
        return span.line if span else None

    def where(self, path: Path) -> tuple[str, int] | None:
        """The file and line [1] of the part, or of the nearest around it; None where an override set it."""
        place = self._nearest(path)
        span = place.value or place.key
        return None if place.source is not None or span is None else ((place.origin or self).file, span.line)

    def folder_of(self, path: Path) -> str:
        """Where a file that the part names is looked for: beside the text that names it, or the first one."""
        return (self._nearest(path).origin or self).folder

    def _nearest(self, path: Path) -> Place:
        for length in range(len(path), -1, -1):
            for candidate in _spellings(path[:length]):
                place = self.find(candidate)
                if place is not None:
                    return place if length == len(path) else replace(place, whole=None)
        return Place()


def _spellings(path: Path) -> Iterable[Path]:
    """The path, and how it stands in a short form.

    A list is a map of its positions, one entry needs no list, a sweep may be its parameters alone.
    """
    yield path
    if path[:2] == ("sweep", "parameters"):
        yield (path[0], *path[2:])
    numbered = tuple(int(step) if isinstance(step, str) and _POSITION.fullmatch(step) else step for step in path)
    if numbered != path:
        yield numbered
    alone = tuple(step for step in path if not (isinstance(step, int) and step == 0))
    if alone != path:
        yield alone


def dotted(path: Path) -> str:
    """The path as `--set` takes it: `nodes.web.nic`, `images["golang:1.8-alpine"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and _SPECIAL.search(step) is None:
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
