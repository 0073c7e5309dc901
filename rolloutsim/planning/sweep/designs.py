"""Which points a sweep simulates: every combination of values, values side by side, or Sobol points in ranges.

=======  ================================================================================================
design   points
=======  ================================================================================================
grid     every combination of the parameters' values; the last parameter varies fastest
zip      the first value of each parameter, then the second of each, …
sobol    as many as asked for, spread evenly over ranges (or lists) by `rolloutsim.planning.sweep.sobol`
=======  ================================================================================================

Its user gives a design as options of a command, as a mapping in Python, or as the scenario's own `sweep`. All points
are validated before the first is run. The scenario's variants are a parameter, too: `variants`, whose values are their
names; other parameters change what the variant says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Any, Literal, get_args

from rolloutsim.errors import MOST_SHOWN, Diagnostic, ScenarioError, UsageError
from rolloutsim.planning.sweep.sobol import MOST_AXES, sobol
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.idle import no_part
from rolloutsim.scenario.loading import VARIANTS, Draft
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.numbers import SCALES, Scale, between
from rolloutsim.scenario.overrides import Change, parse_path, refuse_idle, split_assignment
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resolve import resolve, simulated_alike
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.text import read_value, read_values
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
        """The values at each point; UsageError if the design does not fit, or has no or too many points."""
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
        if len({*map(len, lists)}) > 1:
            found = ", ".join(f"{one.key} has {len(its)}" for one, its in zip(self.parameters, lists, strict=True))
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
        return [tuple(map(_chosen, self.parameters, shares)) for shares in sobol(self.count, len(self.parameters))]


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


OPTION = "-p"
KEY = "sweep"

_FORM = "write KEY=VALUE,VALUE, for example -p 'network=1 Gbit/s,10 Gbit/s'"
_RANGE = re.compile(r"\s*([^,\[\]{}\"']+?)\s*\.\.\s*([^,\[\]{}\"']+?)(\s+log)?\s*")
_RANGE_KEYS = ("from", "to", "scale")


def from_options(texts: Sequence[str], kind: Kind | None = None, count: int | None = None) -> Design:
    """The design of `-p K=V1,V2` (values as in `--set`) and `-p K=FROM..TO` (a range; on a log scale with ` log`).

    Raises
    ------
    UsageError
        If an option has no such form, or two are about the same key.
    ScenarioError
        If values are not YAML.
    """
    parameters = []
    for text in texts:
        key, rest = split_assignment(text, OPTION, _FORM)
        path, source = parse_path(key, OPTION), f"{OPTION} {key}"
        if match := _RANGE.fullmatch(rest):
            low, high = (read_value(end, source) for end in match.groups()[:2])
            parameters.append(Parameter(path, Range(low, high, "log" if match[3] else "linear"), source))
        else:
            parameters.append(Parameter(path, tuple(read_values(rest, source)), source))
    return _design(parameters, kind, count)


def from_mapping(values: Mapping[str, Any], kind: str | None = None, count: int | None = None) -> Design:
    """The design of a mapping from paths to values; text is read as YAML, a range is a map `{from, to, scale}`.

    UsageError if a path is no path, or a range no range.
    """
    parameters = []
    for key, given in values.items():
        path = parse_path(key, KEY)
        parameters.append(Parameter(path, _values(given, f"{KEY} {key}", read=True), f"{KEY} {dotted(path)}"))
    return _design(parameters, kind_of(kind), count)


def from_data(data: Mapping[str, Any], kind: Kind | None = None, count: int | None = None) -> Design | None:
    """The design of a valid scenario's own key `sweep`, in its short or its long form; None if it has none.

    Where `kind` and `count` are given they take the place of what stands there.
    """
    given = data.get(KEY)
    if not given:
        return None
    is_long = "parameters" in given
    around, long = ((KEY, "parameters"), given) if is_long else ((KEY,), {"parameters": given})
    parameters = []
    for key, values in long["parameters"].items():
        path = parse_path(key, KEY)
        parameters.append(Parameter(path, _values(values, key, read=False), f"{KEY} {dotted(path)}", (*around, key)))
    chosen = kind or kind_of(long.get("design")) or "grid"
    if count is not None and chosen != "sobol":  # else it would be an error of the text
        raise UsageError(NOT_SOBOL.format(chosen))
    if count is None and chosen == "sobol":
        count = long.get("points")
    return _design(parameters, chosen, count)


def _design(parameters: Sequence[Parameter], kind: Kind | None, count: int | None) -> Design:
    twice = [one.key for number, one in enumerate(parameters) if one.path in [two.path for two in parameters[:number]]]
    if twice:
        raise UsageError(f"{twice[0]} is varied twice; give all its values at once")
    return Design(kind or "grid", tuple(parameters), count)


def _values(given: Any, source: str, read: bool) -> tuple[Any, ...] | Range:
    """Values from plain data, or a range; `read`: text in them is read as YAML."""
    if isinstance(given, Mapping) and {"from", "to"} <= given.keys():
        for key in given.keys() - set(_RANGE_KEYS):
            raise UsageError(f"{source}: unknown key '{key}' in a range; allowed: {listing(_RANGE_KEYS)}")
        low, high = _plain(given["from"], source, read), _plain(given["to"], source, read)
        return Range(low, high, _scale(given.get("scale"), source))
    is_one = isinstance(given, (str, Mapping)) or not hasattr(given, "__iter__")
    return tuple(_plain(value, source, read) for value in ([given] if is_one else given))


def _plain(value: Any, source: str, read: bool) -> Any:
    """A value as plain data; numpy's numbers are numbers."""
    if isinstance(value, str):
        return read_value(value, source) if read else value
    return value.item() if hasattr(value, "item") else value


def kind_of(kind: str | None) -> Kind | None:
    """A design's name; UsageError if there is no such design."""
    for known in KINDS:
        if kind in (known, None):
            return known if kind else None
    raise UsageError(f"there is no design '{kind}'; allowed: {listing(KINDS)}")


def _scale(scale: str | None, source: str) -> Scale:
    for known in SCALES:
        if scale in (known, None):
            return known
    raise UsageError(f"{source}: there is no scale '{scale}'; allowed: {listing(SCALES)}")


@struct
class Point:
    """A point of a sweep, which is known to be a valid scenario.

    Parameters
    ----------
    number : int
        Its place among the points.
    choices : tuple of Choice
        The parameters' values.
    sha256 : str
        Of its resolved scenario.
    seed : int
        The scenario's.
    """

    number: int
    choices: tuple[Choice, ...]
    sha256: str
    seed: int

    @property
    def values(self) -> tuple[Any, ...]:
        """The parameters' values, plain data as in a file."""
        return tuple(choice.value for choice in self.choices)


def build_points(draft: Draft, design: Design) -> tuple[Point, ...]:
    """Every point of a design, valid, of a scenario that is valid itself.

    The scenarios of thousands of points are more than memory holds: each is made to be seen, and again to be simulated.

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
            if parameter.path == (VARIANTS,):
                _check_variants(draft, parameter)
            elif not any(one.path == (VARIANTS,) for one in design.parameters):  # else it may be a variant's own part
                draft.changed([_change(draft, parameter, _any_value(parameter))])
    around = design.parameters[0].at[:1] if design.parameters else ()
    with _located(draft, around):
        choices = design.points()
    points: list[Point] = []
    found: dict[Diagnostic, None] = {}
    idle = _Idle(draft, design)
    for number, row in enumerate(choices):
        try:
            scenario = scenario_at(draft, design, row)
            idle.look_at(row, scenario)
            points.append(Point(number, row, scenario.sha256, scenario.seed))
        except ScenarioError as error:
            found |= dict.fromkeys(error.diagnostics)
        if len(found) > MOST_SHOWN:
            break
    if found:
        raise ScenarioError(sorted(found, key=lambda one: (one.line or 0, one.column or 0)))
    idle.refuse()
    return tuple(points)


_LABELS = ((VARIANTS,), ("name",), ("description",))  # what points are called, beside what is varied


class _Idle:
    """The parameters that have played no part at the points that were looked at, and why."""

    def __init__(self, draft: Draft, design: Design) -> None:
        self.draft, self.design = draft, design
        self.why = {number: "" for number, one in enumerate(design.parameters) if one.path not in _LABELS}

    def look_at(self, choices: Sequence[Choice], scenario: ResolvedScenario) -> None:
        """Look at one more point: mostly the first one clears every parameter."""
        if not self.why:
            return
        document = document_at(self.draft, self.design, choices)
        for number in list(self.why):
            parameter = self.design.parameters[number]
            why = no_part(document, parameter.path) or self._same(number, choices, scenario)
            if why is None:
                del self.why[number]
            else:
                self.why[number] = why

    def _same(self, number: int, choices: Sequence[Choice], scenario: ResolvedScenario) -> str | None:
        """Why another value makes the same simulation; None: it does not, or there is none."""
        values = self.design.parameters[number].values
        # All values are points, and each is held against these two.
        ends = [values.low, values.high] if isinstance(values, Range) else [values[0], values[-1]]
        others = [value for value in ends if value != choices[number].value]
        for value in others:
            changed = (*choices[:number], Choice(value, None), *choices[number + 1 :])
            try:
                if not simulated_alike(scenario, scenario_at(self.draft, self.design, changed)):
                    return None
            except ScenarioError:  # it has an effect: this point is refused with it
                return None
        return "what is simulated is the same at all of its values" if others else None

    def refuse(self) -> None:
        """UsageError if a parameter changes nothing at any point, or ScenarioError where it stands in the text."""
        for number, why in self.why.items():
            parameter = self.design.parameters[number]
            with _located(self.draft, parameter.at, parameter.source):
                raise UsageError(f"{parameter.source}: {parameter.key} plays no part here: {why}")


def scenario_at(draft: Draft, design: Design, choices: Sequence[Choice]) -> ResolvedScenario:
    """The scenario of a point, by its choices; ScenarioError if it is not valid."""
    return resolve(document_at(draft, design, choices))


def document_at(draft: Draft, design: Design, choices: Sequence[Choice]) -> Document:
    """What the file of a point would say; ScenarioError if it is not valid."""
    pairs = list(zip(design.parameters, choices, strict=True))
    for parameter, choice in pairs:
        if parameter.path == (VARIANTS,):
            draft = draft.of_variant(str(choice.value))
    changes = [_change(draft, *pair) for pair in pairs if pair[0].path != (VARIANTS,)]
    return draft.document(changes)


def _check_variants(draft: Draft, parameter: Parameter) -> None:
    """UsageError if a value is no variant's name."""
    if isinstance(parameter.values, Range):
        raise UsageError(f"{parameter.source}: variants have names, and no range; list those that are compared")
    for value in parameter.values:
        try:
            draft.of_variant(str(value))
        except UsageError as error:
            raise UsageError(f"{parameter.source}: {error}") from None


def _any_value(parameter: Parameter) -> Choice:
    if isinstance(parameter.values, Range):
        return Choice(parameter.values.low, None)
    return Choice(parameter.values[0], 0) if parameter.values else Choice({}, None)


def _change(draft: Draft, parameter: Parameter, choice: Choice) -> Change:
    """The change that makes the choice, placed where the value stands in the scenario's text, if it does."""
    place, find = None, draft.places.find
    if parameter.at:
        exact = None if choice.number is None else find((*parameter.at, choice.number))
        place = exact or find(parameter.at)
    return Change(parameter.path, choice.value, parameter.source, place)


@contextmanager
def _located(draft: Draft, at: tuple[Any, ...], source: str = "") -> Iterator[None]:
    """An error of the call is one of the scenario's text, where that holds the design."""
    try:
        yield
    except UsageError as error:
        if not at or draft.places.find(at) is None:
            raise
        message = str(error).removeprefix(f"{source}: ")
        raise draft.places.error([Problem(at, message, at="key")]) from None
