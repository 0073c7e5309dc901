"""The values that a path of a scenario can have, in order: the next one up, the one in the middle of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import ceil, floor
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.standards import LINK_SPEEDS
from rolloutsim.scenario.fields import ShareOrCount
from rolloutsim.scenario.model.rollout import PODS
from rolloutsim.scenario.numbers import SAMPLES, Measure, expected, measure, written
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resources import in_bytes
from rolloutsim.scenario.structure import part_at
from rolloutsim.structs import struct
from rolloutsim.units import format_byte_rate, format_rate, format_share, format_size, format_time

PRECISION = 5e-5  # of a solution, as a share of it (assumed: a twentieth of what a capacity is known to)
_STEP = 4  # how far a bracket is widened at a time, as a factor (assumed)
_TRIED_DIGITS = 6  # of a number that is tried
_DIGITS = 5  # of a solution as it is shown; its last digit is within the precision
_PERCENT = 0.01
_MTU = 1500  # a number where the smallest ones are not allowed


@struct
class Ladder:
    """Numbers of one kind at a path, and how a user would write them.

    Parameters
    ----------
    path : tuple
        Where the values stand, as an override names it.
    kind : str
        A kind of quantity, `whole`, or `number`.
    like : str
        A value with the unit that others are written in.
    suffix : str
        Of the unit in which the numbers are, for columns.
    is_percent : bool
        Whether there are only whole percentages.
    """

    path: Path
    kind: str
    like: str
    suffix: str
    is_percent: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether there are only whole numbers."""
        return self.kind == "whole"

    @property
    def grain(self) -> float | None:
        """What all numbers are multiples of; None: there are others in between."""
        return 1.0 if self.is_whole else _PERCENT if self.is_percent else None

    def value(self, number: float) -> Any:
        """A number as the value of an override."""
        if self.is_percent:
            return f"{round(number / _PERCENT)}%"
        return int(number) if self.is_whole else written(self.kind, self.like, number)

    def number(self, value: Any) -> float | None:
        """The number that a value is, which has the digits that were written; None: it may not stand there."""
        found = measure(self.path, value)
        return None if found is None else found.number

    def next(self, number: float, up: bool) -> float | None:
        """A number far from another one, for a bracket; None at the end of those that may stand there."""
        if self.grain is not None:
            steps = round(number / self.grain)
            found = max(steps * _STEP, 1) if up else steps // _STEP
            found = self._up_to_all(steps, found)
            return self._of(found) if found != steps else None
        far = number * _STEP if up else number / _STEP
        return self._tidy(far) if far != number and self.number(self.value(far)) is not None else None

    def _up_to_all(self, steps: int, found: int) -> int:
        """All of something rather than more than that, where it is a share."""
        every = round(1.0 / _PERCENT)
        return every if self.is_percent and steps < every < found else found

    def _of(self, steps: int) -> float:
        """The number that is so many times the grain."""
        return steps * _PERCENT if self.is_percent else float(steps)

    def middle(self, low: float, high: float) -> float | None:
        """The number in the middle, of quantities by their factors; None if the two are as close as can be."""
        if self.grain is not None:
            first, last = round(low / self.grain), round(high / self.grain)
            return self._of((first + last) // 2) if last - first > 1 else None
        if high - low <= PRECISION * high:
            return None
        return self.part_way(low, high, 0.5)

    def part_way(self, low: float, high: float, share: float) -> float:
        """The number that lies a share of the way between two."""
        if self.grain is not None:
            return self._of(round((low + (high - low) * share) / self.grain))
        return self._tidy(low * (high / low) ** share if low > 0.0 else low + (high - low) * share)

    def rounded(self, number: float, up: bool) -> float:
        """A number with few digits in its unit, not below it (or above)."""
        return self._cut(number, _DIGITS, ROUND_CEILING if up else ROUND_FLOOR)

    def _tidy(self, number: float) -> float:
        """A number with no more digits than a search needs."""
        return self._cut(number, _TRIED_DIGITS, ROUND_HALF_EVEN)

    def _cut(self, number: float, digits: int, rounding: str) -> float:
        if self.grain is not None or number == 0.0:
            return number
        written, unit = _split(self.value(number))
        decimal = Decimal(written)
        step = Decimal(1).scaleb(decimal.adjusted() - digits + 1)
        rounded = decimal.quantize(step, rounding).normalize()
        cut = self.number(float(rounded) if self.kind == "number" else f"{rounded:f}{unit}")
        return number if cut is None else cut  # rounding went beyond the last one that may stand there

    def of_percent(self, ends: Sequence[float]) -> tuple[Ladder, tuple[float, ...]]:
        """The ladder of whole percentages, and the ends of a range on it: those inside, or the first that is enough."""
        first, *others = ends
        inside = [ceil(_snapped(first)), *(floor(_snapped(one)) for one in others)]
        return replace(self, is_percent=True), tuple(one * _PERCENT for one in inside)


def _snapped(share: float) -> float:
    """A share in per cent, without what rounding added to a whole number of them."""
    return round(share / _PERCENT, 9)


def ladder_at(path: Path, values: tuple[Any, ...], option: str) -> tuple[Ladder, tuple[float, ...]]:
    """The ladder of a path, and values on it as numbers: what a user wrote, or the scenario holds there.

    Shares of pods are whole percentages, as Kubernetes takes no others (kubernetes/apimachinery
    pkg/util/validation/validation.go: `IsValidPercent`).

    UsageError, which names the `option` that they are from, if they are no numbers that may stand there, or not of one
    kind.
    """
    found: list[Measure] = []
    for value in values:
        one = measure(path, value)
        if one is None:
            raise UsageError(f"{option}: '{value}' is no number that {dotted(path)} can have; {expected(path)}")
        found.append(one)
    kinds = {one.kind for one in found}
    if len(kinds) > 1:
        raise UsageError(f"{option}: {' and '.join(map(repr, map(str, values)))} are not of one kind")
    first, numbers = found[0], tuple(one.number for one in found)
    ladder = Ladder(path, first.kind, _like(path, first.kind, values[0], first.number), first.suffix)
    return ladder.of_percent(numbers) if ladder.kind == "share" and _is_of_pods(path) else (ladder, numbers)


def standard(ladder: Ladder, ends: tuple[float, ...], option: str) -> tuple[Ladder, tuple[float, ...], bool]:
    """What of a ladder can be bought: the ladder, its ends or all its numbers, and whether these are all of them.

    UsageError, which names the `option`, if there is no such thing.
    """
    if ladder.kind == "share":
        return (ladder, ends, False) if ladder.is_percent else (*ladder.of_percent(ends), False)
    if ladder.is_whole:
        return ladder, ends, False
    if ladder.kind == "rate" and not in_bytes(ladder.path):
        chosen = LINK_SPEEDS if len(ends) == 1 else [rate for rate in LINK_SPEEDS if ends[0] <= rate <= ends[1]]
        if not chosen:
            there = ", ".join(map(format_rate, LINK_SPEEDS))
            raise UsageError(f"{option}: no standard speed lies in that range; there are {there}")
        return replace(ladder, like="1 Gbit/s"), tuple(chosen), True
    raise UsageError(
        f"{option}: nobody sells {dotted(ladder.path)} in standard steps; it is for rates of links, counts and "
        "percentages: leave it out"
    )


def is_numeric(path: Path) -> bool:
    """Whether numbers may stand at a path."""
    return part_at(path) is not None and any(measure(path, sample) is not None for sample in (*SAMPLES, _MTU))


def _is_of_pods(path: Path) -> bool:
    """Whether a share at a path is one of pods, or a number of them."""
    part = part_at(path)
    return part is not None and isinstance(part.described, ShareOrCount) and part.described.things == PODS


def _like(path: Path, kind: str, value: Any, number: float) -> str:
    """A value in the unit that people would use for such a number, if it is not written by them."""
    digits, unit = _split(value)
    is_exact = unit.strip() in ("B", "B/s") and "." in digits  # as a program writes it: `125000000.0 B/s`
    if isinstance(value, str) and not is_exact:
        return value
    match kind:
        case "rate":
            return format_byte_rate(number) if in_bytes(path) else format_rate(number)
        case "size":
            return format_size(number)
        case "time":
            return format_time(number) if number < 60.0 else f"{number} s"
        case "share":
            return format_share(number)
    return str(value)


def _split(value: Any) -> tuple[str, str]:
    """A quantity's number and the rest."""
    text = str(value)
    end = next((i for i, char in enumerate(text) if not (char.isdigit() or char in "+-.eE")), len(text))
    return text[:end], text[end:]
