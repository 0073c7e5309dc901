"""The levels of a link at which something is to be looked at: a regime ends, a driver is met, a link may be full.

A link has a heap for each of these, so that a change of its level looks at those alone that it reaches. Entries are
not taken out before their turn: one whose ticket is no longer its owner's is passed over, and a heap that has grown to
twice its size is made anew of those that are not.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from rolloutsim.network.regimes import EDGE

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import State

# Numbers what is looked at: no two are equal.
TICKETS: Final = count(1)

# A heap shorter than this is not made anew (assumed).
SHORT: Final = 64

# Of a condition on several levels the link whose level is sought gets all but this share of the way to the edge, and
# all of it this close (relative) to the edge: to share it evenly would halve it again and again (assumed).
CLOSE: Final = 0.01


class Watched:
    """What is to be looked at when a level passes a value; under another ticket it is no longer."""

    __slots__ = ("ticket",)

    def __init__(self) -> None:
        self.ticket = 0


T = TypeVar("T", bound=Watched)


class Thresholds(Generic[T]):
    """Values, and whom they concern; the lowest is the first."""

    __slots__ = ("heap", "room")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, T]] = []
        self.room = SHORT

    def add(self, value: float, concerned: T) -> None:
        """Note a value for as long as somebody has the ticket that it has now."""
        heap = self.heap
        heappush(heap, (value, concerned.ticket, concerned))
        if len(heap) > self.room:
            heap[:] = [entry for entry in heap if entry[1] == entry[2].ticket]
            heapify(heap)
            self.room = max(SHORT, 2 * len(heap))

    def first(self) -> tuple[float, int, T] | None:
        """The lowest value that still counts."""
        heap = self.heap
        while heap:
            entry = heap[0]
            if entry[1] == entry[2].ticket:
                return entry
            heappop(heap)
        return None

    def clear(self) -> None:
        """Forget all of them."""
        self.heap.clear()
        self.room = SHORT


def watch(state: State, sought: SharedLink | None) -> None:
    """Note at which levels of its drivers a state is to be looked at.

    Parameters
    ----------
    state : State
        Whose regime holds at the present levels.
    sought : SharedLink or None
        The driver whose level is being sought, while those of the others stay.
    """
    regime = state.regime
    assert regime is not None
    state.ticket = next(TICKETS)
    lowest, highest = regime.lowest, regime.highest
    if regime.joint:
        lowest, highest = _apart(state, sought)
    for driver, low, high in zip(state.drivers, lowest, highest, strict=True):
        if high < inf:
            driver.ceilings.add(high, state)
        if low > 0.0:
            driver.edges.add(-low, state)


def _apart(state: State, sought: SharedLink | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The levels between which each driver may move whatever the others do, while conditions join them."""
    regime, drivers = state.regime, state.drivers
    assert regime is not None
    lowest, highest = list(regime.lowest), list(regime.highest)
    for a, slopes in regime.joint:
        value, scale = a, abs(a)
        for driver, slope in zip(drivers, slopes, strict=True):
            value += slope * driver.level
            scale += abs(slope) * driver.level
        room = max(value, 0.0)
        joined = sum([slope != 0.0 for slope in slopes])
        for place, (driver, slope) in enumerate(zip(drivers, slopes, strict=True)):
            if sought not in drivers:
                moves = room / joined
            elif room <= CLOSE * scale:
                moves = room if driver is sought else 0.0
            else:
                moves = room * (1 - CLOSE) if driver is sought else room * CLOSE / joined
            if slope > 0.0:
                lowest[place] = max(lowest[place], (driver.level - moves / slope) * (1 - EDGE))
            elif slope < 0.0:
                highest[place] = min(highest[place], (driver.level - moves / slope) * (1 + EDGE))
    return tuple(lowest), tuple(highest)
