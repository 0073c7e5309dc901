"""The max-min fair allocation, kept up to date from event to event.

The allocation is held as its own certificate, the *bottleneck structure*: every bundle has a bottleneck (a
cap, a private link, a saturated shared link), every saturated link has a *level*, the rate per unit of
weight of the flows bound there. A flow depends on the saturated link with the lowest level on its path, its
*driver*. Then every rate is affine in the levels of the drivers of its host's flows, and so is every load:

    load(y) = constant(y) + own(y)·level(y) + Σ drives(l → y)·level(l)   over saturated links l

An event changes a few of these coefficients. The level of a saturated link follows from load = capacity;
links of lower levels do not depend on those of higher ones, so changes go upwards. The structure holds as
long as

1. the levels stay in the range in which no state driven by them changes its regime,
2. no driver of a flow has a higher level than another saturated link on the flow's path,
3. no unsaturated link is over its capacity.

Where each of these ends is noted at the links (`rolloutsim.network.levels`), so a level that moves finds those that it
reaches, and only those: as a link's level is sought it goes from one such end to the next, until its load is its
capacity. Since the max-min allocation is unique, a structure that holds is the right one, however it was found. Where
none is found within so many steps, `rolloutsim.network.filling` finds all levels from nothing.

References
----------
D. Bertsekas, R. Gallager, *Data Networks*, 2nd ed., 1992, section 6.5.2 (max-min fairness, bottlenecks).
J. Ros-Giralt et al., *On the Bottleneck Structure of Congestion-Controlled Networks*, SIGMETRICS 2020
(levels, and how changes travel from link to link).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.network import filling, levels
from rolloutsim.network.clocks import Clock
from rolloutsim.network.guards import ROUNDING, SharingFault, audit, rounded_up
from rolloutsim.network.heaps import heappop, heappush
from rolloutsim.network.levels import BEYOND, Unsettled, watch
from rolloutsim.network.links import Order
from rolloutsim.network.regimes import CAP, EDGE, LEVEL, PRIVATE
from rolloutsim.network.states import distinct

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.regimes import Affine, Shape
    from rolloutsim.network.states import Bundle, State

# A link that drives flows across more links than this does not tell them of each change of its level (assumed: a loop
# over eight numbers costs less than the bookkeeping of a bound).
MANY: Final = 8

# A step beyond an edge is a share of its level, or of this part of the link's capacity where the level is lower: one
# from a level of none would lead nowhere (assumed: far below the rate of any flow).
LOW: Final = 1e-9

# All loads are summed up from the flows' rates after so many updates, and so many more for each state and link there
# is (assumed: an update costs as much as ten of their sums, so that this takes a few thousandths).
UPDATES_TO_AUDIT: Final = 100
UPDATES_PER_SUM: Final = 40


class Sharing:
    """Rates of all bundles on the network's links.

    Parameters
    ----------
    links : list of SharedLink
        The network's shared links; may grow.
    """

    def __init__(self, links: list[SharedLink]) -> None:
        self.links = links
        self.populated: dict[State, None] = {}
        self.changed: list[Clock] = []  # clocks whose rate or earliest mark may have changed
        self.queue: list[tuple[float, int, SharedLink]] = []  # links to look at in the next update, by level
        self._shapes: dict[object, Shape] = {}
        self._constant_clocks: dict[float, Clock] = {}
        self._moved: list[SharedLink] = []  # links that are saturated since the last update, or no longer
        self._steps = 0  # that the present update may still take
        self._to_audit = UPDATES_TO_AUDIT  # updates until all loads are summed up once more

    # ---- hosts come and go -------------------------------------------------------------------------

    def enter(self, state: State, now: float) -> None:
        """Make a state ready for its first member."""
        self.populated[state] = None
        for link in state.crossed:
            link.states[state] = None
        self._assign(state, state.look_for_drivers(), None, now)

    def leave(self, state: State) -> None:
        """Forget a state whose last member has left; its flows are gone or moved."""
        del self.populated[state]
        for link in state.crossed:
            del link.states[state]
        self._detach(state)
        for bundle in state.bundles:
            self._let_go(bundle)
            bundle.forget()
        state.full.past.clear()

    def transfer(self, old: State, new: State) -> bool:
        """Count a host out of one state and into another (idle ones are not counted); whether links notice."""
        old.members -= 1
        new.members += 1
        notice = old.crossing != new.crossing
        if notice:
            for link, flows in old.crossing:
                link.flows -= flows
            for link, flows in new.crossing:
                link.flows += flows
        # Most steps of a host change the load of no shared link: one flow is replaced, or an unpack begins.
        if old.loads != new.loads:
            self._load(old, -1)
            self._load(new, 1)
        return notice

    def set_capacity(self, link: SharedLink, capacity: float) -> None:
        """Change a link's capacity [B/s], at most to its nominal one."""
        if not 0 <= capacity <= link.nominal:
            raise ValueError(f"{link.name}: a capacity is between 0 and the nominal {link.nominal:g} B/s")
        link.capacity = capacity
        self._enqueue(link)

    def rewind(self) -> None:
        """Forget all clocks, when no flow is left."""
        self._constant_clocks.clear()
        self.changed.clear()

    def update(self, now: float) -> None:
        """Make all rates max-min fair again; `changed` then has the clocks to look at."""
        try:
            self._propagate(now)
        except Unsettled:
            self._find_anew(now)
        if self._moved:
            self._record_saturation(now)
        self._to_audit -= 1
        if self._to_audit < 0:
            self.audit(now)

    def audit(self, now: float) -> None:
        """Sum up the rates on every link, by none of the sums that are kept from event to event.

        Raises
        ------
        SharingFault
            If a rate is negative or not a number, or a link is over its capacity.
        """
        self._to_audit = UPDATES_TO_AUDIT + UPDATES_PER_SUM * (len(self.populated) + len(self.links))
        audit(self.links, self.populated, now)

    # ---- from link to link --------------------------------------------------------------------------

    def _enqueue(self, link: SharedLink) -> None:
        if not link.queued:
            link.queued = True
            heappush(self.queue, (link.level, link.index, link))

    def _propagate(self, now: float) -> None:
        queue = self.queue
        self._steps = 1000 + 20 * (len(self.links) + len(self.populated))
        while queue:
            link = heappop(queue)[2]
            link.queued = False
            if link.level < inf:
                self._steps -= 1
                if self._steps < 0:
                    raise Unsettled
                level = levels.nearby(link)
                if level < 0.0:
                    self._seek(link, now)
                elif level != link.level:
                    if link.drives:
                        self._shift(link, level)
                    else:
                        link.level = level
                    self._retime(link, now)
            elif not link.bound <= link.capacity:
                self._check_capacity(link, now)

    def _seek(self, link: SharedLink, now: float) -> None:
        """Find the level of a saturated link at which its load is its capacity, or that there is none."""
        # What is done on the way asks for no second look.
        link.queued = True
        while True:
            order = levels.met(link, link.level * (1 + EDGE))
            if order is None:
                break
            self._step()
            changed = False
            for state in list(order.states):
                changed |= self._review(state, link, now)
            if not changed:
                break
        direction, reach, idle = 0, BEYOND, 0
        while True:
            self._step()
            target = levels.wanted(link, now)
            if target > link.level and direction >= 0:
                edge, states = levels.ceiling(link)
                # Where a private link or a cap says the same, it is that which limits a flow.
                if target < edge * (1 - BEYOND):
                    break
                direction = 1
                beyond = edge + reach * max(edge, LOW * link.capacity)
            elif target < link.level and direction <= 0:
                edge, states = levels.floor(link, target)
                if target >= edge:
                    break
                direction = -1
                beyond = edge * (1 - reach)
            else:
                # Beyond an edge it calls for a level on this side of it: it is at the edge, but for roundings.
                target = link.level
                break
            if beyond == inf:
                link.queued = False
                self._release(link, now)
                return
            changed = beyond != link.level
            self._shift(link, beyond)
            for state in states:
                changed |= self._review(state, link, now)
            idle = 0 if changed else idle + 1
            if idle > len(link.states) + len(link.driven_by):
                # A condition on several levels counts as met until it is further off than this one went.
                reach *= 2
                if reach > 1:
                    raise Unsettled
        if target != link.level:
            self._shift(link, target)
        self._retime(link, now)
        link.queued = False

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise Unsettled

    def _shift(self, link: SharedLink, level: float) -> None:
        """Change a saturated link's level, and what others know of it; its flows' clocks go on as before."""
        rise = level - link.level
        link.level = level
        if link.lazy:
            for other in link.feeds:
                self._enqueue(other)
            if rise > 0.0:
                guards, passed = link.guards, level
            else:
                guards, passed = link.sinks, -level
            while True:
                first = guards.first()
                if first is None or first[0] >= passed:
                    return
                other = first[2].link
                first[2].ticket = 0
                other.bound = inf
                self._enqueue(other)
        for other, per_level in link.drives.items():
            other.driven += per_level * rise
            if other.level < inf:
                self._enqueue(other)
                order = other.driven_by[link]
                if level > order.limit:
                    levels.keep_in_order(order, level)
            else:
                other.bound += per_level * rise
                if not other.bound <= other.capacity:
                    self._enqueue(other)

    def _retime(self, link: SharedLink, now: float) -> None:
        """Let the clocks of the flows that depend on a link run at its level."""
        for clock in link.clocks.values():
            # `Clock.rate_now` and `Clock.read`, written out: this is run at each event.
            rate = clock.a
            for driver, b in clock.terms:
                rate += b * driver.level
            if not rate >= 0.0:
                rate = rounded_up(rate, clock.a)
            if rate != clock.rate:
                if now != clock.moved:
                    clock.served += clock.rate * (now - clock.moved)
                    clock.moved = now
                clock.rate = rate
                if not clock.changed:
                    clock.changed = True
                    self.changed.append(clock)

    def _check_capacity(self, link: SharedLink, now: float) -> None:
        """Condition 3 at an unsaturated link whose bound says nothing."""
        load, rises, falls = levels.load(link, now)
        if load > link.capacity * (1 + ROUNDING):
            self._saturate(link, now)
        else:
            levels.bound(link, load, rises, falls)

    # ---- links become saturated, and are no longer ----------------------------------------------------

    def _saturate(self, link: SharedLink, now: float) -> None:
        """Let a link be a driver: from above all flows its level falls to where they fill it."""
        self._moved.append(link)
        link.level = 2.0 * max([state.fastest_over(link) for state in link.states])
        for driver, order in link.driven_by.items():
            driver.feeds[link] = None
            if driver.lazy:
                order.ticket = 0
            else:
                levels.keep_in_order(order, driver.level)
        for state in [state for state in link.states if None in state.nearest]:
            self._review(state, link, now)
        self._seek(link, now)

    def _release(self, link: SharedLink, now: float) -> None:
        """No flow is limited by a link any more."""
        self._moved.append(link)
        for other, per_level in link.drives.items():
            # What rounding left: a flow that depends on the level is one that the link limits.
            if not link.lazy:
                other.driven -= per_level * link.level
            link.drives[other] = 0.0
        link.level = inf
        for state in [state for state in link.states if link in state.drivers]:
            self._review(state, None, now)
        link.own = 0.0
        for driver, order in link.driven_by.items():
            order.ticket = 0
            driver.feeds.pop(link, None)
        link.bound = inf
        self._enqueue(link)

    # ---- states and their loads --------------------------------------------------------------------

    def _review(self, state: State, sought: SharedLink | None, now: float) -> bool:
        """Find the drivers and the regime of a state at the present levels; whether they are others than before."""
        nearest = state.look_for_drivers()
        if nearest == state.nearest:
            regime = state.shape(nearest, self._shapes).regime(_levels(state.drivers))
            if regime is state.regime:
                watch(state, sought)
                return False
        self._load(state, -state.members)
        self._detach(state)
        self._assign(state, nearest, sought, now)
        self._load(state, state.members)
        return True

    def _assign(
        self, state: State, nearest: tuple[SharedLink | None, ...], sought: SharedLink | None, now: float
    ) -> None:
        """Give a state's bundles the clocks and causes of its regime."""
        drivers = distinct(nearest)
        if drivers or state.undriven is None:
            regime = state.shape(nearest, self._shapes).regime(_levels(drivers))
            loads = state.loads_under(regime.rates, drivers)
            if not drivers:
                # The same each time that the state is entered: no level has a part in it.
                state.undriven = regime, loads
        else:
            regime, loads = state.undriven
        state.nearest, state.drivers, state.regime, state.loads = nearest, drivers, regime, loads
        for bundle, rate, cause, path in zip(state.bundles, regime.rates, regime.causes, state.path_of, strict=True):
            self._put(bundle, rate, drivers, now)
            if cause == LEVEL:
                driver = nearest[path]
                assert driver is not None
                bundle.cause.change(driver.index, now)
            elif cause == CAP:
                bundle.cause.change(bundle.kind.capped_by, now)
            else:
                bundle.cause.change(PRIVATE - cause if cause >= 0 else cause, now)
        state.full.change(regime.full, now)
        if not drivers:
            state.yields = ()
            return
        pairs: dict[tuple[SharedLink, SharedLink], None] = {}
        for way, driver in zip(state.paths, nearest, strict=True):
            if driver is not None:
                for link in way:
                    if link is not driver:
                        pairs[link, driver] = None
        for driver in state.limiting():
            driver.followers += 1
        for link, _, b, driver in state.loads:
            if b and link is not driver:
                pairs[link, driver] = None
        state.yields = tuple(pairs)
        for link, driver in pairs:
            order = link.driven_by.get(driver)
            if order is None:
                order = self._relate(link, driver)
            order.states[state] = None
        watch(state, sought)

    def _relate(self, link: SharedLink, driver: SharedLink) -> Order:
        """Note that a driver limits, or may limit, flows across a link."""
        order = link.driven_by[driver] = Order(link, driver)
        driver.drives[link] = 0.0
        if driver.lazy:
            self._be_lazy(order)
        elif len(driver.drives) > MANY:
            driver.lazy = True
            for other, per_level in driver.drives.items():
                other.driven -= per_level * driver.level
                if other.level == inf:
                    other.bound -= per_level * driver.level
                self._be_lazy(other.driven_by[driver])
        if link.level < inf:
            driver.feeds[link] = None
            if not driver.lazy:
                levels.keep_in_order(order, driver.level)
        return order

    def _be_lazy(self, order: Order) -> None:
        """A link no longer hears of each change of a driver's level."""
        link, driver = order.link, order.driver
        link.lazy_drivers[driver] = order
        order.ticket = 0
        if link.level == inf:
            order.falls = driver.drives[link] < 0.0
            levels.keep_within(order, driver.level)
            link.bound += driver.drives[link] * order.limit
        else:
            order.limit = driver.level

    def _detach(self, state: State) -> None:
        """Undo `_assign` for a state that loads nothing at present."""
        state.ticket = 0
        if state.drivers:
            for driver in state.limiting():
                driver.followers -= 1
                if not driver.followers:
                    driver.own = 0.0
                    self._enqueue(driver)
        for link, driver in state.yields:
            order = link.driven_by[driver]
            del order.states[state]
            if not order.states:
                self._part(order)
        state.drivers, state.nearest, state.regime, state.yields, state.loads = (), (), None, (), ()
        for link in state.crossed:
            if not link.states:
                if link.followers or link.driven_by:
                    raise SharingFault(f"{link.name}: no flow crosses it, and yet some are counted")
                # What rounding left of the sums goes with the last state.
                link.constant = link.own = link.driven = link.bound = 0.0

    def _part(self, order: Order) -> None:
        """A driver limits no flow across a link any more."""
        link, driver = order.link, order.driver
        order.ticket = 0
        del link.driven_by[driver]
        left = driver.drives.pop(link)
        driver.feeds.pop(link, None)
        if driver.lazy:
            del link.lazy_drivers[driver]
            driver.lazy = bool(driver.drives)
            link.bound -= left * order.limit
        elif left:
            # What rounding left goes with it.
            link.driven -= left * driver.level
            link.bound -= left * driver.level

    def _load(self, state: State, members: int) -> None:
        """Account for members that came (or went): coefficients of the loads on the links crossed."""
        for link, a, b, driver in state.loads:
            if a:
                link.constant += members * a
                link.bound += members * a
            if b:
                if link is driver:
                    link.own += members * b
                else:
                    driver.drives[link] += members * b
                    if driver.lazy:
                        order = link.lazy_drivers[driver]
                        if order.falls == (driver.drives[link] < 0.0):
                            link.bound += members * b * order.limit
                        else:
                            link.bound = inf
                    else:
                        link.driven += members * b * driver.level
                        link.bound += members * b * driver.level
            if not link.queued and (link.level < inf or not link.bound <= link.capacity):
                link.queued = True
                heappush(self.queue, (link.level, link.index, link))

    # ---- clocks --------------------------------------------------------------------------------------

    def _put(self, bundle: Bundle, rate: Affine, drivers: tuple[SharedLink, ...], now: float) -> None:
        """Let a bundle go by the clock of all that have this formula for their rate."""
        a, slopes = rate
        terms: tuple[tuple[SharedLink, float], ...] = ()
        if drivers:
            terms = tuple([(driver, b) for driver, b in zip(drivers, slopes, strict=True) if b])
        pace = 1.0
        if not terms:
            clock = self._constant_clocks.get(a)
            if clock is None:
                clock = self._constant_clocks[a] = Clock(a, terms, now)
        else:
            if a == 0.0 and len(terms) == 1 and terms[0][1] > 0.0:
                driver, pace = terms[0]
                terms = ((driver, 1.0),)
            found = terms[0][0].clocks.get((a, terms))
            if found is None:
                found = Clock(a, terms, now)
                for driver, _ in terms:
                    driver.clocks[a, terms] = found
            clock = found
        if bundle.clock is not clock:
            self._let_go(bundle)
        bundle.attach(clock, pace, now)
        self._look(clock)

    def _let_go(self, bundle: Bundle) -> None:
        """No longer follow the levels for a clock by which only one bundle goes, which leaves it."""
        clock = bundle.clock
        if clock is not None and clock.users == 1:
            for driver, _ in clock.terms:
                if driver.clocks.get((clock.a, clock.terms)) is clock:
                    del driver.clocks[clock.a, clock.terms]

    def look_again(self, clock: Clock) -> None:
        """Find a clock's next completion anew: what it waited for has gone."""
        clock.known = None
        self._look(clock)

    def _look(self, clock: Clock) -> None:
        if not clock.changed:
            clock.changed = True
            self.changed.append(clock)

    # ---- from nothing --------------------------------------------------------------------------------

    def _find_anew(self, now: float) -> None:
        """Find the structure from the levels of a progressive filling."""
        found = filling.levels(self.populated)
        for state in self.populated:
            state.ticket = 0
        for link in self.links:
            link.reset()
        for link, level in found.items():
            link.level = level
        for state in self.populated:
            self._assign(state, state.look_for_drivers(), None, now)
            self._load(state, state.members)
        for link in self.links:
            link.queued = False
            if link.level == inf and link.bound == inf:
                levels.bound(link, *levels.load(link, now))
        self.queue.clear()
        self._moved = list(self.links)

    def _record_saturation(self, now: float) -> None:
        """Note since when links are saturated, and what intervals have ended."""
        for link in self._moved:
            if link.level < inf and link.states:
                link.saturated_since = min(link.saturated_since, now)
            elif link.saturated_since < inf:
                if now > link.saturated_since:
                    link.intervals.append((link.saturated_since, now))
                link.saturated_since = inf
        self._moved = []


def _levels(drivers: tuple[SharedLink, ...]) -> tuple[float, ...]:
    return tuple([driver.level for driver in drivers])
