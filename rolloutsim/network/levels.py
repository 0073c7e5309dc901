"""Load and level of one link: the rate per unit of weight at which the flows bound there fill it.

The other links keep their levels meanwhile; `rolloutsim.network.sharing` goes on from link to link.
"""

from __future__ import annotations

from math import inf

from rolloutsim.network.guards import SharingFault
from rolloutsim.network.links import SharedLink
from rolloutsim.network.regimes import EDGE, Shape

# Loads this close (relative) to a capacity are equal to it: rounding of sums over 1e5 flows stays below.
ROUNDING = 1e-12


class Unsettled(Exception):
    """The structure was not found within the allowed number of repairs, or no single driver exists."""


def level_of(driver: SharedLink | None) -> float:
    """The level that a state sees; inf without a driver."""
    return inf if driver is None else driver.level


def load_of(link: SharedLink) -> float:
    """The load of an unsaturated link [B/s]."""
    return link.constant + sum((driver.drives.get(link, 0.0) * driver.level for driver in link.driven_by), 0.0)


def bound_of(link: SharedLink) -> float:
    """The load of an unsaturated link if its lazy drivers rose to their guards [B/s]."""
    return link.constant + sum((driver.drives.get(link, 0.0) * driver.guard_or_level for driver in link.driven_by), 0.0)


def solve(link: SharedLink, shapes: dict[object, Shape]) -> float:
    """The level at which the link's load equals its capacity; inf if it cannot be filled.

    The load is a piecewise linear function of the level that does not decrease: Newton's method
    inside a bracket that shrinks.
    """
    capacity = link.capacity
    a, b, lowest, highest = _load_at(link, inf, shapes)
    if a <= capacity * (1 + ROUNDING):
        return inf
    if a != a:
        raise SharingFault(f"{link.name}: its load is not a number")
    if capacity <= 0.0:
        return 0.0
    weights = 0.0
    for state in link.states:
        for kind, number in state.key:
            if link in kind.links:
                weights += state.members * number * kind.weight
    level = link.before if link.before < inf else capacity / weights
    low, high = 0.0, inf
    for _ in range(200):
        a, b, lowest, highest = _load_at(link, level, shapes)
        if a + b * level > capacity:
            high = min(high, level)
        else:
            low = max(low, level)
        if b > 0.0:
            guess = (capacity - a) / b
            if lowest <= guess <= highest:
                return guess
        else:
            # Nothing here follows the level: go on just beyond the edge of this regime.
            guess = lowest * (1 - 4 * EDGE) if a > capacity else highest * (1 + 4 * EDGE)
        if not low < guess < high:
            guess = (low + high) / 2 if high < inf else 2 * max(level, low)
            if guess in (low, high, level):
                return guess
        level = guess
    raise Unsettled


def _load_at(link: SharedLink, level: float, shapes: dict[object, Shape]) -> tuple[float, float, float, float]:
    """The load if the link had this level, as a + b·level, and the levels for which that holds."""
    a = b = lowest = 0.0
    highest = inf
    before, link.level = link.level, level
    link.before = before if before < inf else link.before
    try:
        for state in link.states:
            driver, mixed = state.drivers()
            if mixed:
                raise Unsettled
            regime = state.shape(driver, shapes).regime(level_of(driver))
            for (kind, number), (fixed, slope) in zip(state.key, regime.rates, strict=True):
                if link in kind.links:
                    number *= state.members
                    if driver is link:
                        a += number * fixed
                        b += number * slope
                    else:
                        a += number * (fixed + slope * level_of(driver) if slope else fixed)
            if driver is link:
                lowest = max(lowest, regime.lowest)
                highest = min(highest, regime.highest)
                for other in state.crossed:
                    if other is not link and other.level < highest:
                        highest = other.level
            elif driver is not None:
                lowest = max(lowest, driver.level)
    finally:
        link.level = before
    return a, b, lowest, highest
