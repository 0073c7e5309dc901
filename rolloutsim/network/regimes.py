"""How the flows of one host share its private links, as a function of outside levels.

The flows of a host are limited by their caps, by the host's private links, and by the saturated shared links on their
paths: the one of the lowest level, a flow's *driver*, gives it at most `weight × level`. Progressive filling of the
private links (Bertsekas & Gallager, *Data Networks*, 6.5.2) with the levels of the drivers as symbols yields rates that
are affine in them, `a + Σ b·level`. They are the right ones for all levels at which every flow still has a bottleneck
and no private link is over its capacity: a *regime*. Hosts of the same shape share their regimes, so each is computed
once per simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from rolloutsim.network.guards import rounded_up

# Who stopped a flow, where it is not a private link (those are 0, 1, ...).
LEVEL: Final = -1
CAP: Final = -2
UNBOUND: Final = -3
# As a cause of a flow's rate, place p of the host's private links is PRIVATE - p; a shared link is its index.
PRIVATE: Final = -20

# Levels this close (relative) to the edge of a regime belong to it: both sides give the same rates there,
# and rounding must not make the engine hop between them. A few hundred times the float resolution.
EDGE: Final = 1e-13

# An affine function of the drivers' levels: a + Σ b·level.
Affine = tuple[float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """`count` equal flows of a host: weight, cap [B/s], ceiling, private links used, driver by number (-1: none)."""

    count: int
    weight: float
    cap: float
    ceiling: float
    usage: tuple[tuple[int, float], ...]
    driver: int


@dataclass(frozen=True, slots=True)
class Regime:
    """Rates of a host's parts for drivers' levels in [lowest, highest] at which no joint condition is below zero.

    `rates[i]` is (a, b): each flow of part i runs at `a + Σ b·level` [B/s]; `causes[i]` is LEVEL, CAP or the place of
    the private link that is its bottleneck; `full` are the private links that bind. A joint condition is of several
    levels.
    """

    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    joint: tuple[Affine, ...]
    rates: tuple[Affine, ...]
    causes: tuple[int, ...]
    full: tuple[int, ...]

    def holds(self, levels: tuple[float, ...]) -> bool:
        """Whether its rates are the right ones at these levels [B/s per unit of weight]."""
        for low, level, high in zip(self.lowest, levels, self.highest, strict=True):
            if not low <= level <= high:
                return False
        for a, b in self.joint:
            value, scale = a, abs(a)
            for slope, level in zip(b, levels, strict=True):
                value += slope * level
                scale += abs(slope) * level
            if value < -EDGE * scale:
                return False
        return True


class Shape:
    """The private capacities and parts of a host, with the regimes found so far."""

    __slots__ = ("capacities", "parts", "regimes")

    def __init__(self, capacities: tuple[float, ...], parts: tuple[Part, ...]) -> None:
        self.capacities = capacities
        self.parts = parts
        self.regimes: list[Regime] = []

    def regime(self, levels: tuple[float, ...]) -> Regime:
        """The regime that holds at the levels of the drivers [B/s per unit of weight].

        Where two hold it is the one of higher levels, in which a private link or a cap is the bottleneck of what a
        driver limits in the other: which of them was met first has no part in it.
        """
        found = self._known(levels)
        higher = tuple([level * (1 + 2 * EDGE) for level in levels])
        if found.holds(higher):
            return found
        above = self._known(higher)
        return above if above.holds(levels) else found

    def _known(self, levels: tuple[float, ...]) -> Regime:
        for regime in self.regimes:
            if regime.holds(levels):
                return regime
        regime = fill(self.capacities, self.parts, levels)
        self.regimes.append(regime)
        return regime


def fill(capacities: tuple[float, ...], parts: tuple[Part, ...], levels: tuple[float, ...]) -> Regime:
    """Fill the private links progressively with the drivers' levels as symbols."""
    none = (0.0,) * len(levels)
    growing = list(range(len(parts)))
    stops: list[tuple[Affine, int]] = [((0.0, none), UNBOUND)] * len(parts)
    used: list[Affine] = [(0.0, none)] * len(capacities)
    while growing:
        _, _, stop, cause, stopped = min(_candidates(capacities, parts, growing, used, levels))
        for i in stopped:
            stops[i] = (stop, cause)
            growing.remove(i)
            part = parts[i]
            for place, per_rate in part.usage:
                used[place] = _plus(used[place], stop, part.count * part.weight * per_rate)
    scale = max((capacity for capacity in capacities if capacity < inf), default=0.0)
    rates = []
    for part, ((a, b), _) in zip(parts, stops, strict=True):
        fixed = part.weight * a
        rates.append((fixed if any(b) or fixed >= 0.0 else rounded_up(fixed, scale), _times(b, part.weight)))
    lowest, highest, joint = _validity(_conditions(capacities, parts, stops, used), levels)
    return Regime(
        lowest, highest, joint, tuple(rates), tuple(cause for _, cause in stops),
        tuple(sorted({cause for _, cause in stops if cause >= 0})),
    )  # fmt: skip


# (value, rank, stop, cause, parts it stops)
_Candidate = tuple[float, int, Affine, int, tuple[int, ...]]


def _candidates(
    capacities: tuple[float, ...],
    parts: tuple[Part, ...],
    growing: list[int],
    used: list[Affine],
    levels: tuple[float, ...],
) -> list[_Candidate]:
    """Everything that may stop growing parts next."""
    found: list[_Candidate] = []
    none = (0.0,) * len(levels)
    for driver, level in enumerate(levels):
        driven = tuple(i for i in growing if parts[i].driver == driver)
        if driven and level < inf:
            found.append((level, 0, (0.0, _unit(driver, len(levels))), LEVEL, driven))
    for place, capacity in enumerate(capacities):
        growth, crossing = 0.0, []
        for i in growing:
            for p, per_rate in parts[i].usage:
                if p == place:
                    growth += parts[i].count * parts[i].weight * per_rate
                    crossing.append(i)
        if crossing and capacity < inf:
            fixed, slopes = used[place]
            stop = ((capacity - fixed) / growth, tuple([-slope / growth for slope in slopes]))
            found.append((max(_at(stop, levels), 0.0), 1, stop, place, tuple(crossing)))
    for i in growing:
        part = parts[i]
        found.append((part.cap / part.weight, 2, (part.cap / part.weight, none), CAP, (i,)))
        found.append((part.ceiling, 3, (part.ceiling, none), UNBOUND, (i,)))
    return found


def _conditions(
    capacities: tuple[float, ...], parts: tuple[Part, ...], stops: list[tuple[Affine, int]], used: list[Affine]
) -> list[Affine]:
    """What must not be below zero, so that each part has a bottleneck and no private link is over its capacity."""
    full = {cause: stop for stop, cause in stops if cause >= 0}
    found = [
        _difference((capacity, (0.0,) * len(b)), (a, b))
        for place, (capacity, (a, b)) in enumerate(zip(capacities, used, strict=True))
        if capacity < inf and place not in full
    ]
    for part, (stop, cause) in zip(parts, stops, strict=True):
        none = (0.0,) * len(stop[1])
        others: list[Affine] = [full[place] for place, _ in part.usage if place in full and place != cause]
        if part.cap < inf and cause != CAP:
            others.append((part.cap / part.weight, none))
        if part.ceiling < inf and cause != UNBOUND:
            others.append((part.ceiling, none))
        if part.driver >= 0 and cause != LEVEL:
            others.append((0.0, _unit(part.driver, len(none))))
        found += [_difference(other, stop) for other in others]
    return found


def _validity(
    conditions: list[Affine], levels: tuple[float, ...]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[Affine, ...]]:
    """The least and the highest level of each driver, and the conditions of several levels."""
    lowest, highest = [0.0] * len(levels), [inf] * len(levels)
    joint: dict[Affine, None] = {}
    for a, b in conditions:
        of = [driver for driver, slope in enumerate(b) if slope]
        if len(of) == 1:
            (driver,) = of
            if b[driver] > 0.0:
                lowest[driver] = max(lowest[driver], -a / b[driver])
            else:
                highest[driver] = min(highest[driver], a / -b[driver])
        elif of:
            joint[a, b] = None
    # The regime was found at these levels, whatever rounding makes of the inequalities there.
    return (
        tuple([min(low, level) * (1 - EDGE) for low, level in zip(lowest, levels, strict=True)]),
        tuple([max(high, level) * (1 + EDGE) for high, level in zip(highest, levels, strict=True)]),
        tuple(joint),
    )


def _at(function: Affine, levels: tuple[float, ...]) -> float:
    value, slopes = function
    for slope, level in zip(slopes, levels, strict=True):
        if slope:
            value += slope * level
    return value


def _unit(driver: int, drivers: int) -> tuple[float, ...]:
    return tuple([1.0 if number == driver else 0.0 for number in range(drivers)])


def _times(slopes: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple([factor * slope for slope in slopes])


def _plus(one: Affine, other: Affine, times: float) -> Affine:
    return one[0] + times * other[0], tuple([b + times * c for b, c in zip(one[1], other[1], strict=True)])


def _difference(one: Affine, other: Affine) -> Affine:
    return one[0] - other[0], tuple([b - c for b, c in zip(one[1], other[1], strict=True)])
