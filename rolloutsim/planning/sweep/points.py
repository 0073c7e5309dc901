"""The points of a sweep as scenarios: all of them are validated before the first is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rolloutsim.errors import MOST_SHOWN, Diagnostic, ScenarioError, UsageError
from rolloutsim.planning.sweep.designs import Choice, Design, Parameter
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.overrides import Change, refuse_idle
from rolloutsim.scenario.places import Place, Problem
from rolloutsim.scenario.resolve import resolve
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.structs import struct


@struct
class Point:
    """A point of a sweep: its number, the parameters' values, and what is simulated."""

    number: int
    values: tuple[Any, ...]
    scenario: ResolvedScenario


def build_points(draft: Draft, design: Design) -> tuple[Point, ...]:
    """Every point of a design, valid.

    Parameters
    ----------
    draft : Draft
        The scenario that is varied; valid itself.
    design : Design
        What is varied.

    Raises
    ------
    UsageError
        If a parameter's path leads nowhere, or the design does not fit its parameters.
    ScenarioError
        If a point is no valid scenario, or a design that the scenario's own text holds is wrong; every error once.
    """
    for parameter in design.parameters:
        with _located(draft, parameter.at, parameter.source):
            refuse_idle(parameter.path, parameter.source)
            draft.changed([_change(draft, parameter, _any_value(parameter))])
    around = design.parameters[0].at[:1] if design.parameters else ()
    with _located(draft, around):
        choices = design.points()
    points = []
    found: dict[Diagnostic, None] = {}
    for number, row in enumerate(choices):
        changes = [_change(draft, *pair) for pair in zip(design.parameters, row, strict=True)]
        try:
            points.append(Point(number, tuple(choice.value for choice in row), resolve(draft.document(changes))))
        except ScenarioError as error:
            found |= dict.fromkeys(error.diagnostics)
        if len(found) > MOST_SHOWN:
            break
    if found:
        raise ScenarioError(sorted(found, key=lambda one: (one.line or 0, one.column or 0)))
    return tuple(points)


def _any_value(parameter: Parameter) -> Choice:
    if isinstance(parameter.values, Sequence):
        return Choice(parameter.values[0], 0) if parameter.values else Choice({}, None)
    return Choice(parameter.values.low, None)


def _change(draft: Draft, parameter: Parameter, choice: Choice) -> Change:
    return Change(parameter.path, choice.value, parameter.source, _place(draft, parameter, choice))


def _place(draft: Draft, parameter: Parameter, choice: Choice) -> Place | None:
    """Where the value stands in the scenario's text, if it does."""
    if not parameter.at:
        return None
    exact = None if choice.number is None else draft.places.at.get((*parameter.at, choice.number))
    return exact or draft.places.at.get(parameter.at)


@contextmanager
def _located(draft: Draft, at: tuple[Any, ...], source: str = "") -> Iterator[None]:
    """An error of the call is one of the scenario's text, where that holds the design."""
    try:
        yield
    except UsageError as error:
        if at not in draft.places.at or not at:
            raise
        message = str(error).removeprefix(f"{source}: ")
        raise draft.places.error([Problem(at, message, at="key")]) from None
