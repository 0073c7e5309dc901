"""Scenario files as the commands read them: all of them, with all their errors, before anything is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolloutsim.errors import Diagnostic, ScenarioError, UsageError
from rolloutsim.scenario import load
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario

STDIN = "-"


@struct
class File:
    """A valid scenario file: its name on the command line and what it says."""

    name: str
    resolved: ResolvedScenario


def load_all(names: Sequence[str], overrides: Sequence[str]) -> tuple[list[File], list[Diagnostic], UsageError | None]:
    """Read scenario files.

    Parameters
    ----------
    names : sequence of str
        Paths; `-` is the standard input.
    overrides : sequence of str
        Values to change in each, `K=V`.

    Returns
    -------
    tuple
        The valid ones, the errors of the others, and one error for all that could not even be read.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{twice[0]} is named twice; name each scenario once")
    if STDIN in names and sys.stdin is None:
        raise UsageError("'-' cannot be read: the standard input is closed; give a scenario file")
    files: list[File] = []
    diagnostics: list[Diagnostic] = []
    unread: dict[str, None] = {}  # a set in order: a wrong path in an override is wrong for each file
    for name in names:
        try:
            files.append(File(name, load(name, overrides).resolve()))
        except ScenarioError as error:
            diagnostics.extend(error.diagnostics)
        except UsageError as error:
            unread[str(error)] = None
    return files, diagnostics, UsageError("\nerror: ".join(unread)) if unread else None


def load_valid(names: Sequence[str], overrides: Sequence[str]) -> list[File]:
    """Read scenario files of which all have to be valid; arguments as for `load_all`.

    Raises
    ------
    UsageError, ScenarioError
        If one cannot be read or is not valid; the errors of the others are said first.
    """
    files, diagnostics, unread = load_all(names, overrides)
    if unread is not None:
        if diagnostics:
            import click

            click.echo(str(ScenarioError(diagnostics)), err=True)
        raise unread
    if diagnostics:
        raise ScenarioError(diagnostics)
    return files
