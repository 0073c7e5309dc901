"""What stands at a path of a scenario's data, what that is as a number, and the values in between two numbers.

A short form is looked through: `network: 1 Gbit/s` is the rate that `network.rate` holds, `nodes: 20` a count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from rolloutsim.errors import UsageError
from rolloutsim.scenario.fields import Number, Quantity, ShareOrCount, Whole
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.structure import ROOT, Part, part_at
from rolloutsim.structs import struct
from rolloutsim.units import KNOWN_UNITS, Kind, QuantityError, parse

Scale = Literal["linear", "log"]
SCALES: tuple[Scale, ...] = ("linear", "log")

# What a number's column is called after; a count or a share has no unit.
_SUFFIXES: dict[Kind, str] = {"size": "bytes", "rate": "bytes_per_s", "time": "s", "share": ""}
_UNIT = re.compile(r"\s*[^\s\d]+\s*$")
_DIGITS = 9  # of the numbers in between (assumed: more than anything is known to)
SAMPLES = (1, "1 B", "1 Gbit/s", "1 s", "1%")  # a number of each kind


@struct
class Measure:
    """A value as a number: in SI base units where it has a unit, whose suffix for columns is `suffix`."""

    number: float
    suffix: str
    kind: Kind | Literal["whole", "number"]


def present(data: Mapping[str, Any], path: Path) -> Any:
    """The value at a path as an override names it; None where there is nothing.

    A map stands for the value that its short form would be: `network` for `network.rate`, `nodes` for the count of the
    only group.
    """
    value: Any = data
    part: Part | None = ROOT
    for step in path:
        value, part = _below(_opened(value, part), part, step)
        if part is None or value is None:
            return None
    if isinstance(value, Mapping) and path == ("nodes",) and len(value) == 1:
        (group,) = value.values()
        return group.get("count") if isinstance(group, Mapping) else group
    return _short_of(value, part) if isinstance(value, Mapping) else value


def _short_of(value: Mapping[str, Any], part: Part | None) -> Any:
    """What a map would be in its short form, if that is a number."""
    short = None if part is None else part.short
    for sample in () if short is None else SAMPLES:
        try:
            long = None if short is None else short.expand(sample)
        except ValueError:
            continue
        if isinstance(long, Mapping) and len(long) == 1:
            return value.get(next(iter(long)))
    return value


def _opened(value: Any, part: Part | None) -> Any:
    """A short form in its long one; a list is looked into as it is."""
    return value if part is None or isinstance(value, list) else part.opened(value)


def _below(value: Any, part: Part | None, step: str | int) -> tuple[Any, Part | None]:
    if isinstance(value, list):
        if str(step).isdecimal():
            inner = part.step(int(step)) if part is not None else None
            return value[int(step)] if int(step) < len(value) else None, inner
        if len(value) != 1:
            return None, None
        part = part.step(0) if part is not None else None
        return _below(_opened(value[0], part), part, step)
    if not isinstance(value, Mapping):
        return None, None
    return value.get(str(step)), part.step(step) if part is not None else None


def measure(path: Path, value: Any) -> Measure | None:
    """The value of a path as a number; None where it is none, or unlimited, or not valid there.

    The value is plain data as in a file, in a short form or not, and the path as an override names it.
    """
    if isinstance(value, (bool, dict, list)):
        return None
    note = _note(part_at(path), value)
    try:
        match note:
            case Quantity(kind=kind):
                found = Measure(note.read(value), _SUFFIXES[kind], kind)
            case Whole() | Number():
                found = Measure(float(note.read(value)), "", "whole" if isinstance(note, Whole) else "number")
            case ShareOrCount() if isinstance(value, int):
                found = Measure(float(note.read(value)), "", "whole")
            case ShareOrCount():
                found = Measure(parse("share", value), "", "share")
            case _:
                return None
    except ValueError:
        return None
    return found if math.isfinite(found.number) else None


def between(path: Path, low: Any, high: Any, scale: Scale, share: float) -> Any:
    """The value that lies a share (0 to 1, without 1) of the way between two values of a path, as users write it.

    A quantity keeps the unit of `low` and is rounded to nine digits. A whole number is one of those from `low`
    to `high`, both included, each with an equal part of the way on a linear scale; on a log scale equal steps are equal
    factors.

    Raises UsageError if the ends are not numbers of one kind, the first below the second, or not above zero on a log
    scale.
    """
    ends = measure(path, low), measure(path, high)
    for end, value in zip(ends, (low, high), strict=True):
        if end is None:
            raise UsageError(f"'{value}' is no number that {dotted(path)} can have; {expected(path)}")
    first, last = ends
    assert first is not None
    assert last is not None
    if first.kind != last.kind:
        raise UsageError(f"'{low}' and '{high}' are not of one kind; give both ends of a range in one kind of unit")
    if not first.number < last.number:
        raise UsageError(f"a range goes up, and '{low}' is not below '{high}'")
    if scale == "log" and first.number <= 0.0:
        raise UsageError(f"a log range begins above zero, and '{low}' does not; use scale linear")
    if first.kind == "whole":
        return _whole(int(first.number), int(last.number), scale, share)
    number = _mixed(first.number, last.number, scale, share)
    return written(first.kind, low, number)


def _note(part: Part | None, value: Any) -> Any:
    """How the value at a part is read: the part's own note, or that of the key that its short form stands for."""
    while part is not None and part.described is None:
        if part.short is None or isinstance(value, (dict, list)):
            return None
        whole = part
        try:
            long: Any = part.short.expand(value)
        except ValueError:
            return None
        while isinstance(long, dict) and long:
            name, long = next(iter(long.items()))
            part = part.step(name) if part is not None else None
        # `off`, for one, stands for no key at all.
        if isinstance(long, (dict, list)) or part is whole:
            return None
    return None if part is None else part.described


def expected(path: Path) -> str:
    """What numbers a path can have, in words; parameters as for `measure`."""
    part = part_at(path)
    if part is None:
        return "there is no such key"
    for kind, unit in KNOWN_UNITS.items():
        match _note(part, f"1 {unit.split()[-1]}"):
            case Quantity(kind=own) as note if own == kind:
                return f"it is a {kind}{note.bounds()}, with one of the units {listing(unit.split())}"
            case ShareOrCount() as share:
                return f"it is a {share.words()}"
    match _note(part, 1):
        case Whole(least=least, most=most):
            return f"it is a whole number from {least} to {most}"
        case Number(least=bound, equal=equal, most=end):
            return f"it is a number {'from' if equal else 'above'} {bound:g} up to {end:.0f}"
    return "only numbers have a range; list its values"


def _mixed(low: float, high: float, scale: Scale, share: float) -> float:
    return low * (high / low) ** share if scale == "log" else low + (high - low) * share


def _whole(low: int, high: int, scale: Scale, share: float) -> int:
    if scale == "linear":
        return low + math.floor(share * (high - low + 1))
    return min(high, round(_mixed(low, high, scale, share)))


def written(kind: str, like: Any, number: float) -> Any:
    """A number as a user would write it, in the unit of another text, with nine digits."""
    if kind == "number":
        return float(f"{number:.{_DIGITS}g}")
    unit = _UNIT.search(str(like))
    name = "s" if unit is None else unit[0].strip()
    try:
        one = parse(kind, f"1 {name}")  # type: ignore[arg-type]
    except QuantityError:  # `2m30s` is in more than one unit
        name, one = "s", 1.0
    return f"{number / one:.{_DIGITS}g}{'' if name == '%' else ' '}{name}"
