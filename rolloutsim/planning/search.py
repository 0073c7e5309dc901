"""The smallest or largest number that passes a test, by bisection of a checked bracket.

Bisection finds a boundary between numbers that fail and numbers that pass. It is the only one if passing is monotone,
which nobody can know; a few numbers on either side are therefore tried as well, and what contradicts is reported.
Where passing is monotone the other way round (the smallest number is looked for, and the small ones pass), the end that
passes is no boundary: that is said, so that nobody takes it for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isinf
from typing import Literal

from rolloutsim.planning.ladder import Ladder
from rolloutsim.structs import struct

Status = Literal["found", "none", "all", "reversed"]

_WIDENED = 8  # how often a bracket is widened in each direction (assumed: a factor of 65,536)
_IN_VAIN = 2  # after so many steps that bring nothing a bracket is widened no more (assumed)
_PROBES = (0.25, 0.5, 0.75)  # where on either side of the boundary numbers are tried


class OutOfRangeError(Exception):
    """A number that cannot be tried: the scenario would not be valid, `because`."""

    def __init__(self, because: Exception) -> None:
        super().__init__(str(because))
        self.because = because


@struct
class Boundary:
    """What was found.

    Parameters
    ----------
    status : str
        `found`: `number` is the outermost that passes, and others do not; `none`: no number that was tried passes;
        `all`: all of them pass, `number` the outermost; `reversed`: `number`, the outermost, passes and those that fail
        lie on the side that was expected to pass.
    number : float or None
        The solution.
    exceptions : tuple of float
        Numbers whose outcome contradicts that passing is monotone.
    """

    status: Status
    number: float | None
    exceptions: tuple[float, ...] = ()


class Search:
    """A search for the smallest (or largest) number that passes.

    Parameters
    ----------
    ladder : Ladder
        The numbers.
    test : callable
        How far a number is from passing: 0 or less where it passes. Raises `OutOfRangeError` for a number that cannot
        be tried.
    largest : bool
        Whether the largest is looked for: numbers below it are then expected to pass, else those above it.
    """

    def __init__(self, ladder: Ladder, test: Callable[[float], float], largest: bool) -> None:
        self.ladder = ladder
        self.largest = largest
        self.tried: dict[float, bool] = {}
        self.misses: dict[float, float] = {}
        self._test = test

    def between(self, low: float, high: float) -> Boundary:
        """Search between two numbers, both included."""
        good, bad = (low, high) if self.largest else (high, low)
        passes, beyond = self._try(good), self._try(bad)
        if passes and not beyond:
            return self._bisect(bad, good)
        self._probe(bad, good)
        if beyond:  # the outermost number that was asked for passes; whether all do is another question
            return self._outermost(bad)
        passing = [number for number, passed in self.tried.items() if passed]
        return self._bisect(bad, passing[0]) if passing else Boundary("none", None)

    def around(self, start: float) -> Boundary:
        """Search on both sides of a number, as far as numbers can be tried."""
        if self._try(start):
            bad, good = self._widened(start, until=False, up=self.largest)
            if bad is not None:
                return self._bisect(bad, good)
            self._widened(start, until=False, up=not self.largest)  # what should pass may not: the other way round
            return self._outermost(good)
        good_end, bad_end = self._widened(start, until=True, up=not self.largest)
        if good_end is not None:
            return self._bisect(bad_end, good_end)
        # Where that only led further away from passing, or infinitely far, the other direction is tried.
        if bad_end == start or self.misses[bad_end] > self.misses[start] or isinf(self.misses[bad_end]):
            passing, _ = self._widened(start, until=True, up=self.largest)
            if passing is not None:
                bad, good = self._widened(passing, until=False, up=self.largest)
                return self._outermost(good) if bad is None else self._bisect(bad, good)
        return Boundary("none", None)

    def over(self, *numbers: float) -> Boundary:
        """Try each of some numbers: nothing is assumed of those in between."""
        passing = [number for number in numbers if self._try(number)]
        return self._outermost(max(passing) if self.largest else min(passing)) if passing else Boundary("none", None)

    def _widened(self, start: float, until: bool, up: bool) -> tuple[float | None, float]:
        """The first number, ever further away, whose outcome is `until`, and the last one before it.

        It is given up where that brings the outcome no nearer.
        """
        last, in_vain = start, 0
        for _ in range(_WIDENED):
            number = self.ladder.next(last, up)
            if number is None:
                break
            try:
                passed = self._try(number)
            except OutOfRangeError:
                break
            if passed is until:
                return number, last
            nearer = self.misses[number] < self.misses[last] if until else self.misses[number] > self.misses[last]
            in_vain = 0 if nearer else in_vain + 1
            last = number
            if in_vain == _IN_VAIN:
                break
        return None, last

    def _bisect(self, bad: float, good: float) -> Boundary:
        failing, passing = bad, good
        while (middle := self.ladder.middle(min(failing, passing), max(failing, passing))) is not None:
            if self._try(middle):
                passing = middle
            else:
                failing = middle
        self._probe(bad, failing)
        self._probe(passing, good)
        found = self._found(passing)
        rounded = self.ladder.rounded(passing, up=not self.largest)
        if found.number == passing and min(passing, good) <= rounded <= max(passing, good) and self._try(rounded):
            return replace(found, number=rounded)
        return found

    def _outermost(self, number: float) -> Boundary:
        """What it means that the outermost number passes."""
        passing = [one for one, passed in self.tried.items() if passed]
        failing = [one for one, passed in self.tried.items() if not passed]
        if not failing:
            return Boundary("all", number)
        if all(self._is_beyond(one, other) for one in passing for other in failing):
            return Boundary("reversed", number)
        return self._found(number)

    def _found(self, number: float) -> Boundary:
        """With what contradicts: passing numbers beyond the solution, failing ones on its good side."""
        beyond = [one for one, passed in self.tried.items() if passed and self._is_beyond(one, number)]
        outermost = (max(beyond) if self.largest else min(beyond)) if beyond else number
        exceptions = {*beyond} - {outermost}
        exceptions |= {one for one, passed in self.tried.items() if not passed and self._is_beyond(outermost, one)}
        return Boundary("found", outermost, tuple(sorted(exceptions)))

    def _is_beyond(self, number: float, other: float) -> bool:
        return number > other if self.largest else number < other

    def _probe(self, one: float, other: float) -> None:
        for share in _PROBES:
            number = self.ladder.part_way(min(one, other), max(one, other), share)
            if number not in (one, other):
                self._try(number)

    def _try(self, number: float) -> bool:
        if number not in self.tried:
            self.misses[number] = self._test(number)
            self.tried[number] = self.misses[number] <= 0.0
        return self.tried[number]
