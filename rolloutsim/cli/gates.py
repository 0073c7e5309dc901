"""Checked thresholds for CI: JUnit XML for servers, annotations for GitHub Actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from rolloutsim import cli
from rolloutsim.results.shown.annotations import annotation
from rolloutsim.results.shown.junit import Checked, to_junit, told

if TYPE_CHECKING:
    from rolloutsim.api.result import Result


def checked(result: Result, file: str) -> Checked:
    """What CI has to know of a result.

    Parameters
    ----------
    result : Result
        A simulated scenario.
    file : str
        Its file.
    """
    unfinished = tuple(case.name for case in result if not case.finished)
    return Checked(result.scenario.title, file, result.thresholds, unfinished)


def annotate(one: Checked) -> None:
    """Print a line for each threshold that was missed, and for what did not finish."""
    for case in one.unfinished:
        click.echo(annotation("error", f"{case}: the rollout did not finish", one.file, title=one.name))
    for result in one.results:
        if not result.passed:
            level: Literal["error", "warning"] = "error" if result.severity == "error" else "warning"
            file, line = result.place or (one.file, None)
            click.echo(annotation(level, told(result), file, line, title=one.name))
    passed = sum(result.passed for result in one.results)
    cli.say(f"{one.file}: {passed} of {len(one.results)} thresholds held")


def print_junit(several: Sequence[Checked]) -> None:
    """Print the JUnit XML of all scenarios."""
    click.echo(to_junit(several), nl=False)
