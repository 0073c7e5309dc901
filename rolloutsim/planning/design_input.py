"""A sweep's design as its user gives it: options of a command, a mapping in Python, the scenario's own `sweep`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.designs import KINDS, NOT_SOBOL, Design, Kind, Parameter, Range
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.numbers import SCALES, Scale
from rolloutsim.scenario.overrides import parse_path, split_assignment
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.text import read_value, read_values

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
    return _design([_option(text) for text in texts], kind, count)


def from_mapping(values: Mapping[str, Any], kind: str | None = None, count: int | None = None) -> Design:
    """The design of a mapping from paths to values; text is read as YAML, a range is a map `{from, to, scale}`.

    Raises
    ------
    UsageError
        If a path is no path, or a range no range.
    """
    parameters = []
    for key, given in values.items():
        source = f"{KEY} {key}"
        path = parse_path(key, KEY)
        parameters.append(Parameter(path, _values(given, source, read=True), f"{KEY} {dotted(path)}"))
    return _design(parameters, kind_of(kind), count)


def from_data(data: Mapping[str, Any], kind: Kind | None = None, count: int | None = None) -> Design | None:
    """The design of a valid scenario's own key `sweep`, in its short or its long form; None if it has none.

    Parameters
    ----------
    data : mapping
        The scenario's data.
    kind, count
        Take the place of what stands there.
    """
    given = data.get(KEY)
    if not given:
        return None
    is_long = "parameters" in given
    around = (KEY, "parameters") if is_long else (KEY,)
    parameters = []
    for key, values in (given["parameters"] if is_long else given).items():
        path = parse_path(key, KEY)
        parameters.append(Parameter(path, _values(values, key, read=False), f"{KEY} {dotted(path)}", (*around, key)))
    own_kind = kind_of(given.get("design")) if is_long else None
    chosen = kind or own_kind or "grid"
    if count is not None and chosen != "sobol":  # else it would be an error of the text
        raise UsageError(NOT_SOBOL.format(chosen))
    own_count = given.get("points") if is_long and chosen == "sobol" else None
    return _design(parameters, chosen, own_count if count is None else count)


def _design(parameters: Sequence[Parameter], kind: Kind | None, count: int | None) -> Design:
    twice = [one.key for number, one in enumerate(parameters) if one.path in [two.path for two in parameters[:number]]]
    if twice:
        raise UsageError(f"{twice[0]} is varied twice; give all its values at once")
    return Design(kind or "grid", tuple(parameters), count)


def _option(text: str) -> Parameter:
    key, rest = split_assignment(text, OPTION, _FORM)
    path = parse_path(key, OPTION)
    source = f"{OPTION} {key}"
    match = _RANGE.fullmatch(rest)
    if match is None:
        return Parameter(path, tuple(read_values(rest, source)), source)
    low, high = (read_value(end, source) for end in match.groups()[:2])
    return Parameter(path, Range(low, high, "log" if match[3] else "linear"), source)


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
    """A design's name, checked.

    Raises
    ------
    UsageError
        If there is no such design.
    """
    for known in KINDS:
        if kind in (known, None):
            return known if kind else None
    raise UsageError(f"there is no design '{kind}'; allowed: {listing(KINDS)}")


def _scale(scale: str | None, source: str) -> Scale:
    for known in SCALES:
        if scale in (known, None):
            return known
    raise UsageError(f"{source}: there is no scale '{scale}'; allowed: {listing(SCALES)}")
