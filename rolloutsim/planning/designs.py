"""Which points a sweep simulates: every combination of values, values side by side, or Sobol points in ranges.

=======  ================================================================================================
design   points
=======  ================================================================================================
grid     every combination of the parameters' values; the last parameter varies fastest
zip      the first value of each parameter, then the second of each, …
sobol    as many as asked for, spread evenly over ranges (or lists) by `rolloutsim.planning.sobol`
=======  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, Literal, get_args

from rolloutsim.errors import UsageError
from rolloutsim.planning.sobol import MOST_AXES, sobol
from rolloutsim.scenario.numbers import Scale, between
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.structs import struct

Kind = Literal["grid", "zip", "sobol"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_POINTS = 100_000  # of a sweep (assumed: each takes milliseconds to check, and at least as much to simulate)

NOT_SOBOL = "a number of points is for design sobol; design {} has those of its values"


@struct
class Range:
    """All values from one to another, as users write them; `log`: equal steps are equal factors."""

    low: Any
    high: Any
    scale: Scale = "linear"

    def __str__(self) -> str:
        return f"{self.low}..{self.high}{' log' if self.scale == 'log' else ''}"


@struct
class Parameter:
    """A part of the scenario that is varied.

    Parameters
    ----------
    path : tuple
        Where it stands, as `--set` names it.
    values : tuple or Range
        Its values, plain data as in a file.
    source : str
        What an error about a value shows as its place.
    at : tuple
        Where the values stand in the scenario's own text; empty: not there.
    """

    path: Path
    values: tuple[Any, ...] | Range
    source: str
    at: Path = ()

    @property
    def key(self) -> str:
        """Its path as text."""
        return dotted(self.path)


@struct
class Choice:
    """A value of a parameter, and its number among the values; None: it comes from a range."""

    value: Any
    number: int | None


@struct
class Design:
    """What is varied and how.

    Parameters
    ----------
    kind : str
        See the module.
    parameters : tuple of Parameter
        What is varied.
    count : int or None
        Number of points, for `sobol` only.
    """

    kind: Kind
    parameters: tuple[Parameter, ...]
    count: int | None = None

    def points(self) -> list[tuple[Choice, ...]]:
        """The parameters' values at each point.

        Raises
        ------
        UsageError
            If the design does not fit its parameters, or has no or too many points.
        """
        for parameter in self.parameters:
            if parameter.values == ():
                raise UsageError(f"{parameter.key} has no values; give at least one")
        if self.kind == "sobol":
            return self._sobol()
        if self.count is not None:
            raise UsageError(NOT_SOBOL.format(self.kind))
        lists = [_listed(parameter, self.kind) for parameter in self.parameters]
        if self.kind == "grid":
            _check_count(prod(map(len, lists)))
            return list(product(*lists))
        lengths = {parameter.key: len(values) for parameter, values in zip(self.parameters, lists, strict=True)}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            raise UsageError(f"design zip takes values side by side, but {found}; give all the same number of values")
        _check_count(len(lists[0]))
        return list(zip(*lists, strict=True))

    def _sobol(self) -> list[tuple[Choice, ...]]:
        if self.count is None:
            raise UsageError("design sobol needs a number of points; a power of two, such as 64, spreads them best")
        if self.count < 1:
            raise UsageError(f"{self.count} points are none; give at least 1")
        _check_count(self.count)
        if len(self.parameters) > MOST_AXES:
            raise UsageError(f"design sobol has at most {MOST_AXES} parameters, and there are {len(self.parameters)}")
        shares = sobol(self.count, len(self.parameters))
        return [tuple(map(_chosen, self.parameters, point)) for point in shares]


def _listed(parameter: Parameter, kind: Kind) -> Sequence[Choice]:
    if isinstance(parameter.values, Range):
        raise UsageError(
            f"{parameter.key} is a range, {parameter.values}, and design {kind} needs values; list them, or take "
            "design sobol and a number of points"
        )
    return [Choice(value, number) for number, value in enumerate(parameter.values)]


def _chosen(parameter: Parameter, share: float) -> Choice:
    values = parameter.values
    if isinstance(values, Range):
        try:
            return Choice(between(parameter.path, values.low, values.high, values.scale, share), None)
        except UsageError as error:
            raise UsageError(f"{parameter.key}: {error}") from None
    number = int(share * len(values))
    return Choice(values[number], number)


def _check_count(count: int) -> None:
    if count > MOST_POINTS:
        raise UsageError(f"that are {count:,} points; the most is {MOST_POINTS:,}: take fewer values, or design sobol")
