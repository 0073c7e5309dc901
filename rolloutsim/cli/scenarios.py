"""Scenario files as the commands read them: all of them, with all their errors, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rolloutsim import cli, scenario
from rolloutsim.errors import Diagnostic, ScenarioError, UsageError
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.cli.options import Side
    from rolloutsim.scenario.loading import Draft
    from rolloutsim.scenario.resolved import ResolvedScenario

STDIN = "-"


@struct
class File:
    """A valid scenario file: its name on the command line, what it says, and that as it was read."""

    name: str
    resolved: ResolvedScenario
    draft: Draft


def read(name: str, overrides: Sequence[str], overlays: Sequence[str] = (), variant: str = "") -> Draft:
    """A scenario file as it is read, with other files over it, one of its variants, and values changed."""
    text, shown = scenario.loading.read_text(name)
    over = [scenario.loading.read_text(one) for one in overlays]
    return scenario.loading.draft(text, shown, overrides, over, variant)


def load_file(name: str, overrides: Sequence[str], overlays: Sequence[str] = (), variant: str = "") -> File:
    """A scenario file, valid; arguments as for `read`."""
    draft = read(name, overrides, overlays, variant)
    return File(name, draft.scenario().resolve(), draft)


def load_all(
    names: Sequence[str], overrides: Sequence[str], overlays: Sequence[str] = (), variant: str = ""
) -> tuple[list[File], list[Diagnostic], UsageError | None]:
    """Read scenario files.

    Parameters
    ----------
    names : sequence of str
        Paths; `-` is the standard input.
    overrides : sequence of str
        Values to change in each, `K=V`.
    overlays : sequence of str
        Files that are merged over each.
    variant : str
        The variant of each; empty: the files themselves.

    Returns
    -------
    tuple
        The valid ones, the errors of the others, and one error for all that could not even be read.
    """
    every = [*names, *overlays]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise UsageError(f"{twice[0]} is named twice; name each scenario once")
    return _gathered((name, overrides, overlays, variant) for name in names)


def load_sides(sides: Sequence[Side]) -> list[File]:
    """Read scenario files, each with changes of its own; all have to be valid, as for `load_valid`."""
    return _all_valid(_gathered((side.name, side.overrides, side.overlays, side.variant) for side in sides))


def _gathered(
    given: Iterable[tuple[str, Sequence[str], Sequence[str], str]],
) -> tuple[list[File], list[Diagnostic], UsageError | None]:
    files: list[File] = []
    diagnostics: dict[Diagnostic, None] = {}  # sets in order: what is wrong with a file is wrong in each change of it
    unread: dict[str, None] = {}
    for arguments in given:
        try:
            files.append(load_file(*arguments))
        except ScenarioError as error:
            diagnostics |= dict.fromkeys(error.diagnostics)
        except UsageError as error:
            unread[str(error)] = None
    return files, list(diagnostics), UsageError("\nerror: ".join(unread)) if unread else None


def load_valid(
    names: Sequence[str], overrides: Sequence[str], overlays: Sequence[str] = (), variant: str = ""
) -> list[File]:
    """Read scenario files of which all have to be valid; arguments as for `load_all`.

    Raises
    ------
    UsageError, ScenarioError
        If one cannot be read or is not valid; the errors of the others are said first.
    """
    return _all_valid(load_all(names, overrides, overlays, variant))


def _all_valid(loaded: tuple[list[File], list[Diagnostic], UsageError | None]) -> list[File]:
    files, diagnostics, unread = loaded
    if unread is not None:
        if diagnostics:
            cli.say(str(ScenarioError(diagnostics)), keep="\n\t")
        raise unread
    if diagnostics:
        raise ScenarioError(diagnostics)
    return files
