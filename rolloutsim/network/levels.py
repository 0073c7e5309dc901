"""The levels of a link at which something is to be looked at: a regime ends, a driver is met, a link may be full.

A link has a heap for each of these, so that a change of its level looks at those alone that it reaches. Entries are
not taken out before their turn: one whose ticket is no longer its owner's is passed over, and a heap that has grown to
twice its size is made anew of those that are not.
"""

from __future__ import annotations

from heapq import heapify
from math import inf, sqrt
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from rolloutsim.network.clocks import TICKETS
from rolloutsim.network.guards import ROUNDING, SharingFault
from rolloutsim.network.heaps import heappop, heappush
from rolloutsim.network.regimes import EDGE

if TYPE_CHECKING:
    from rolloutsim.network.links import Order, SharedLink
    from rolloutsim.network.states import State

# A heap shorter than this is not made anew (assumed).
SHORT: Final = 64

# Of a condition on several levels the link whose level is sought gets all but this share of the way to the edge, and
# all of it this close (relative) to the edge: to share it evenly would halve it again and again (assumed).
CLOSE: Final = 0.01

# A weighted number of flows that is only what rounding leaves of none (assumed; weights are 0.01 and more).
NO_FLOW: Final = 1e-9

# A level beyond an edge by so much (relative) is not taken for one on it.
BEYOND: Final = 4 * EDGE


class Unsettled(Exception):
    """The structure was not found within the allowed number of steps."""


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
    state.ticket = TICKETS.draw()
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


def ceiling(link: SharedLink) -> tuple[float, list[State]]:
    """The level above which a flow that depends on a link has another bottleneck, and the states that has."""
    edge = inf
    states: list[State] = []
    first = link.ceilings.first()
    if first is not None:
        edge, states = first[0], [first[2]]
    for other in link.feeds:
        if link.level * (1 - EDGE) <= other.level < edge:
            edge, states = other.level, list(other.driven_by[link].states)
    return edge, states


def floor(link: SharedLink, target: float) -> tuple[float, list[State]]:
    """The level below which a flow across a link has another bottleneck, if above a target, and the states."""
    edge = 0.0
    states: list[State] = []
    first = link.edges.first()
    if first is not None:
        edge, states = -first[0], [first[2]]
    order = met(link, max(target, edge))
    if order is not None:
        edge, states = order.driver.level, list(order.states)
    return edge, states


def met(link: SharedLink, level: float) -> Order | None:
    """The driver of the highest level of flows across a link, if that is above a level."""
    found: Order | None = None
    for driver, order in link.lazy_drivers.items():
        if driver.level > level:
            found, level = order, driver.level
    while True:
        first = link.orders.first()
        if first is None or -first[0] <= level:
            return found
        order = first[2]
        limit = order.driver.level
        if limit > level:
            if limit == order.limit:
                return order
        else:
            # Half way (in ratio) leaves room both for the driver to rise and for the link to fall.
            limit = sqrt(limit * level)
        keep_in_order(order, limit)


def keep_in_order(order: Order, limit: float) -> None:
    """Let a saturated link compare its level with a driver's when it falls below a limit."""
    order.limit = limit
    order.ticket = TICKETS.draw()
    order.link.orders.add(-limit, order)


def keep_within(order: Order, limit: float) -> None:
    """Let an unsaturated link look at its load when a lazy driver's level passes a limit that takes it there."""
    order.limit = limit
    order.ticket = TICKETS.draw()
    if not order.falls:
        order.driver.guards.add(limit, order)
    elif limit > 0.0:
        order.driver.sinks.add(-limit, order)


def nearby(link: SharedLink) -> float:
    """The level of a saturated link, if no flow has another bottleneck there: most of the time; else -1."""
    own = link.own
    if not own > NO_FLOW or link.capacity <= 0.0:
        return -1.0
    level, met = link.level, 0.0
    rest = link.capacity - link.constant - link.driven
    for driver in link.lazy_drivers:
        other = driver.level
        rest -= driver.drives[link] * other
        if other > met:
            met = other
    wanted = rest / own
    # What is out of date at the top of a heap only makes this say too little.
    orders = link.orders.heap
    if orders and -orders[0][0] > met:
        met = -orders[0][0]
    if wanted > level:
        heap = link.ceilings.heap
        if level < met or (heap and not wanted < heap[0][0] * (1 - BEYOND)):
            return -1.0
        for fed in link.feeds:
            if fed.level <= wanted:
                return -1.0
    else:
        heap = link.edges.heap
        if not wanted >= met or (heap and not wanted >= -heap[0][0]):
            return -1.0
    return wanted


def wanted(link: SharedLink, now: float) -> float:
    """The level at which the load would be the capacity if no flow changed its bottleneck; inf: at none."""
    rest = link.capacity - link.constant - link.driven
    for driver in link.lazy_drivers:
        rest -= driver.drives[link] * driver.level
    if rest != rest:
        raise SharingFault(f"{link.name}: its load is not a number at {now:g} s")
    # A link without capacity carries nothing, whatever rounding left of the sums.
    if link.capacity <= 0.0:
        return 0.0 if link.states else inf
    if abs(link.own) <= NO_FLOW:
        # Whatever is limited here takes from others on its host what it gains: the next edge will tell.
        return inf if rest >= -ROUNDING / 2 * link.capacity else 0.0
    if link.own < 0.0:
        raise Unsettled
    return max(rest / link.own, 0.0)


def load(link: SharedLink, now: float) -> tuple[float, float, float]:
    """The load of an unsaturated link, what of it lazy drivers make, and what their levels take off it."""
    total = link.constant + link.driven
    falls = rises = 0.0
    for driver in link.lazy_drivers:
        part = driver.drives[link] * driver.level
        total += part
        if part > 0.0:
            rises += part
        else:
            falls -= part
    if total != total:
        raise SharingFault(f"{link.name}: its load is not a number at {now:g} s")
    return total, rises, falls


def bound(link: SharedLink, load: float, rises: float, falls: float) -> None:
    """Bound the load of an unsaturated link by limits of its lazy drivers; the numbers are those of `load`."""
    room = max(link.capacity - load, 0.0)
    fall = 1.0
    if falls > 0.0:
        # Levels whose rise takes load off the link may fall to nothing where half of the room is enough for that.
        spare = min(falls, room / 2)
        fall -= spare / falls
        room -= spare
    # Half way (in ratio) leaves room both for levels to rise and for flows to be added.
    rise = sqrt(1.0 + room / rises) if rises > 0.0 else 1.0
    link.bound = link.constant + link.driven
    for driver, order in link.lazy_drivers.items():
        per_level = driver.drives[link]
        order.falls = per_level < 0.0
        keep_within(order, driver.level * (fall if order.falls else rise))
        link.bound += per_level * order.limit
