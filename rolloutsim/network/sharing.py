"""The max-min fair allocation, kept up to date from event to event.

The allocation is held as its own certificate, the *bottleneck structure*: every bundle has a bottleneck (a
cap, a private link, a saturated shared link), every saturated link has a *level*, the rate per unit of
weight of the flows bound there. Each populated state depends on at most one saturated link, its *driver*:
the one with the lowest level on its path. Then every rate is affine in one level, and so is every load:

    load(y) = constant(y) + own(y)·level(y) + Σ drives(l → y)·level(l)   over saturated links l

An event changes a few of these coefficients. The level of a saturated link follows from load = capacity;
links of lower levels do not depend on those of higher ones, so changes go upwards. The structure holds as
long as

1. each level stays in the range in which no state driven by it changes its regime,
2. no driver of a state has a higher level than another saturated link on the state's path,
3. no unsaturated link is over its capacity.

If one of these fails at a link, the bottlenecks of the flows across that link alone are found anew
(`_repair`), and the change goes on from there. Since the max-min allocation is unique, a structure that
holds is the right one, however it was found. States whose flows depend on several saturated links at once
are left to `rolloutsim.network.filling`, which computes all rates from scratch.

References
----------
D. Bertsekas, R. Gallager, *Data Networks*, 2nd ed., 1992, section 6.5.2 (max-min fairness, bottlenecks).
J. Ros-Giralt et al., *On the Bottleneck Structure of Congestion-Controlled Networks*, SIGMETRICS 2020
(levels, and how changes travel from link to link).
"""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING

from rolloutsim.network import filling
from rolloutsim.network.clocks import Clock
from rolloutsim.network.guards import WRONG, SharingFault, rounded_up
from rolloutsim.network.levels import ROUNDING, Unsettled, bound_of, level_of, load_of, solve
from rolloutsim.network.regimes import EDGE, LEVEL, PRIVATE

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.regimes import Regime, Shape
    from rolloutsim.network.states import Bundle, State

# A link that drives more links than this does not follow each of their loads (assumed: a loop over eight
# numbers costs less than the bookkeeping of a bound).
MANY = 8

# All loads are summed up from the flows' rates after so many updates, and so many more for each state and link there
# is (assumed: an update costs as much as ten of their sums, so that this takes a few thousandths).
UPDATES_TO_AUDIT = 100
UPDATES_PER_SUM = 40


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
        self.numeric = False  # rates come from `filling`, not from the structure
        self.queue: list[SharedLink] = []  # links to look at in the next update
        self._shapes: dict[object, Shape] = {}
        self._constant_clocks: dict[float, Clock] = {}
        self._entangled = 0  # populated states whose flows take different paths
        self._moved: list[SharedLink] = []  # links that were repaired since the last update
        self._to_audit = UPDATES_TO_AUDIT  # updates until all loads are summed up once more

    # ---- hosts come and go -------------------------------------------------------------------------

    def enter(self, state: State, now: float) -> None:
        """Make a state ready for its first member."""
        self.populated[state] = None
        self._entangled += state.entangled
        for link in state.crossed:
            link.states[state] = None
        if self.numeric:
            filling.prepare(state, now)
            return
        driver, mixed = state.drivers()
        if mixed:
            self._go_numeric(now)
        else:
            self._assign(state, driver, state.shape(driver, self._shapes).regime(level_of(driver)), now)

    def leave(self, state: State) -> None:
        """Forget a state whose last member has left; its flows are gone or moved."""
        del self.populated[state]
        self._entangled -= state.entangled
        for link in state.crossed:
            del link.states[state]
        if not self.numeric:
            self._detach(state)
        for bundle in state.bundles:
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
        if not self.numeric and (old.driver is not new.driver or old.loads != new.loads):
            self._load(old, -1)
            self._load(new, 1)
        return notice

    def set_capacity(self, link: SharedLink, capacity: float) -> None:
        """Change a link's capacity [B/s], at most to its nominal one."""
        if not 0 <= capacity <= link.nominal:
            raise ValueError(f"{link.name}: a capacity is between 0 and the nominal {link.nominal:g} B/s")
        link.capacity = capacity
        self._enqueue(link)
        self._moved.append(link)

    def update(self, now: float) -> None:
        """Make all rates max-min fair again; `changed` then has the clocks to look at."""
        if self.numeric and not self._entangled:
            self._rebuild(now)
        if self.numeric:
            filling.fill(self, now)
            self._record_saturation(self.links, now)
            return
        try:
            self._propagate(now)
        except Unsettled:
            self._go_numeric(now)
            filling.fill(self, now)
            self._record_saturation(self.links, now)
        else:
            if self._moved:
                self._record_saturation(self._moved, now)
        self._moved = []

    def audit(self, now: float) -> None:
        """Sum up the rates on every link, by none of the sums that are kept from event to event.

        Raises
        ------
        SharingFault
            If a rate is negative or not a number, or a link is over its capacity.
        """
        self._to_audit = UPDATES_TO_AUDIT + UPDATES_PER_SUM * (len(self.populated) + len(self.links))
        loads = dict.fromkeys(self.links, 0.0)
        for state in self.populated:
            own = [0.0] * len(state.profile.capacities)
            for bundle in state.bundles:
                clock = bundle.clock
                assert clock is not None
                if not clock.rate >= 0.0:
                    raise SharingFault(f"a flow has a rate of {clock.rate:g} B/s at {now:g} s")
                for link in bundle.kind.links:
                    loads[link] += state.members * bundle.per_host * clock.rate
                for place, per_rate in bundle.kind.usage:
                    own[place] += bundle.per_host * per_rate * clock.rate
            for load, capacity in zip(own, state.profile.capacities, strict=True):
                if not load <= capacity * (1 + WRONG):
                    raise SharingFault(f"a host's link: {load:g} B/s over a capacity of {capacity:g} B/s at {now:g} s")
        for link, load in loads.items():
            if not load <= link.capacity + WRONG * link.nominal:
                raise SharingFault(f"{link.name}: {load:g} B/s over a capacity of {link.capacity:g} B/s at {now:g} s")

    # ---- the structure -----------------------------------------------------------------------------

    def _enqueue(self, link: SharedLink) -> None:
        if not link.queued:
            link.queued = True
            self.queue.append(link)

    def _propagate(self, now: float) -> None:
        queue = self.queue
        steps = 100 + 20 * len(self.links)
        while queue:
            steps -= 1
            if steps < 0:
                raise Unsettled
            link = queue.pop() if len(queue) == 1 else _pop_lowest(queue)
            link.queued = False
            if link.level < inf:
                self._relevel(link, now)
            elif not link.bound <= link.capacity:
                self._check_capacity(link, now)
        self._to_audit -= 1
        if self._to_audit < 0:
            self.audit(now)

    def _relevel(self, link: SharedLink, now: float) -> None:
        """Condition 1 and 2 at a saturated link, with its level from load = capacity."""
        if not link.own > 0.0 or not link.followers:
            self._repair(link, now)
            return
        rest = link.capacity - link.constant
        floor = 0.0
        for driver in link.driven_by:
            rest -= driver.drives.get(link, 0.0) * driver.level
            floor = max(floor, driver.level)
        # A link without capacity carries nothing, whatever rounding left of the sums.
        level = rest / link.own if link.capacity > 0.0 else 0.0
        if link.lowest <= level <= link.highest and floor <= level * (1 + EDGE):
            if level != link.level:
                self._set_level(link, level, now)
        else:
            self._repair(link, now)

    def _set_level(self, link: SharedLink, level: float, now: float) -> None:
        rise = level - link.level
        link.level = level
        changed = self.changed
        for (a, b), clock in link.clocks.items():
            clock.read(now)
            rate = a + b * level
            clock.rate = rate if rate >= 0.0 else rounded_up(rate, a)
            if not clock.changed:
                clock.changed = True
                changed.append(clock)
        if not link.drives:
            return
        if link.lazy:
            for other in link.feeds:
                self._enqueue(other)
            if level > link.guard:
                self._raise_guard(link)
                for other in link.drives:
                    if other.level == inf and not other.bound <= other.capacity:
                        self._enqueue(other)
            return
        for other, per_level in link.drives.items():
            if other.level < inf:
                self._enqueue(other)
            else:
                other.bound += per_level * rise
                if not other.bound <= other.capacity:
                    self._enqueue(other)

    def _check_capacity(self, link: SharedLink, now: float) -> None:
        """Condition 3 at an unsaturated link whose bound says nothing."""
        load = load_of(link)
        if load > link.capacity * (1 + ROUNDING):
            self._repair(link, now)
            return
        link.bound = bound_of(link)
        if load != load or link.bound != link.bound:
            raise SharingFault(f"{link.name}: its load is not a number at {now:g} s")
        if link.bound > link.capacity:
            for driver in link.driven_by:
                if driver.lazy:
                    self._raise_guard(driver)

    def _raise_guard(self, driver: SharedLink) -> None:
        """Set a new guard: the links driven have room for its level to rise that far."""
        fits = inf
        for link, per_level in driver.drives.items():
            if link.level == inf and per_level > 0.0:
                room = link.capacity - (bound_of(link) - per_level * driver.guard_or_level)
                fits = min(fits, room / per_level)
        # Half way (in ratio) leaves room both for the level to rise and for flows to be added.
        driver.guard = sqrt(driver.level * fits) if fits > driver.level else driver.level
        for link in driver.drives:
            if link.level == inf:
                link.bound = bound_of(link)

    # ---- finding bottlenecks anew at one link -------------------------------------------------------

    def _repair(self, link: SharedLink, now: float) -> None:
        """Find the level of a link, or that it is not saturated, and the bottlenecks of its flows."""
        self._moved.append(link)
        found = solve(link, self._shapes)
        if not found >= 0.0:
            raise SharingFault(f"{link.name}: its level is {found:g} B/s at {now:g} s")
        before, link.level = link.level, found
        changes = []
        link.lowest, link.highest = 0.0, inf
        for state in link.states:
            driver, mixed = state.drivers()
            if mixed:
                raise Unsettled
            regime = state.shape(driver, self._shapes).regime(level_of(driver))
            if driver is not state.driver or regime is not state.regime:
                changes.append((state, driver, regime))
            elif driver is link:
                link.lowest = max(link.lowest, regime.lowest)
                link.highest = min(link.highest, regime.highest)
        link.level = before
        for state, _, _ in changes:
            self._load(state, -state.members)
            self._detach(state)
        if found < inf:
            if before < inf:
                self._set_level(link, found, now)
            else:
                link.level = found
                for other in link.driven_by:
                    other.feeds[link] = None
        else:
            for other in link.driven_by:
                other.feeds.pop(link, None)
            link.level = inf
            link.clocks.clear()
        for state, driver, regime in changes:
            self._assign(state, driver, regime, now)
            self._load(state, state.members)
        if found == inf:
            link.bound = bound_of(link)
        # Loads moved between links while bottlenecks changed: look at this link again.
        self._enqueue(link)

    # ---- states and their loads --------------------------------------------------------------------

    def _assign(self, state: State, driver: SharedLink | None, regime: Regime, now: float) -> None:
        """Give a state's bundles the clocks and causes of a regime."""
        state.driver, state.regime = driver, regime
        state.loads = state.loads_under(regime.rates)
        for bundle, (a, b), cause in zip(state.bundles, regime.rates, regime.causes, strict=True):
            self._put(bundle, self._clock(driver if b else None, a, b, now), now)
            if cause == LEVEL:
                assert driver is not None
                bundle.cause.change(driver.index, now)
            else:
                bundle.cause.change(PRIVATE - cause if cause >= 0 else cause, now)
        state.full.change(regime.full, now)
        if driver is not None:
            driver.followers += 1
            driver.lowest = max(driver.lowest, regime.lowest)
            driver.highest = min(driver.highest, regime.highest)
            for link in state.crossed:
                if link is not driver:
                    link.driven_by[driver] = link.driven_by.get(driver, 0) + 1
                    if link.level < inf:
                        driver.feeds[link] = None

    def _detach(self, state: State) -> None:
        """Undo `_assign` for a state that loads nothing at present."""
        driver = state.driver
        if driver is not None:
            driver.followers -= 1
            if not driver.followers:
                driver.own = 0.0
                self._enqueue(driver)
            for link in state.crossed:
                if link is not driver:
                    left = link.driven_by[driver] - 1
                    if left:
                        link.driven_by[driver] = left
                    else:
                        del link.driven_by[driver]
                        driver.drives.pop(link, None)
                        driver.feeds.pop(link, None)
                        driver.lazy = driver.lazy and bool(driver.drives)
        state.driver = state.regime = None
        for link in state.crossed:
            if not link.states:
                if link.followers or link.driven_by:
                    raise SharingFault(f"{link.name}: no flow crosses it, and yet some are counted")
                # What rounding left of the sums goes with the last state.
                link.constant = link.own = link.bound = 0.0

    def _load(self, state: State, members: int) -> None:
        """Account for members that came (or went): coefficients of the loads on the links crossed."""
        driver = state.driver
        for link, a, b in state.loads:
            if a:
                link.constant += members * a
                link.bound += members * a
            if b:
                if link is driver:
                    link.own += members * b
                else:
                    assert driver is not None
                    drives = driver.drives
                    drives[link] = drives.get(link, 0.0) + members * b
                    link.bound += members * b * driver.guard_or_level
                    if not driver.lazy and len(drives) > MANY:
                        driver.lazy = True
                        driver.guard = driver.level
            if not link.queued and (link.level < inf or not link.bound <= link.capacity):
                link.queued = True
                self.queue.append(link)

    def _clock(self, driver: SharedLink | None, a: float, b: float, now: float) -> Clock:
        """The clock of all bundles with this formula for their rate."""
        if driver is None:
            clock = self._constant_clocks.get(a)
            if clock is None:
                clock = self._constant_clocks[a] = Clock(a, now)
        else:
            clock = driver.clocks.get((a, b))
            if clock is None:
                rate = a + b * driver.level
                clock = driver.clocks[a, b] = Clock(rate if rate >= 0.0 else rounded_up(rate, a), now)
        return clock

    def look_again(self, clock: Clock) -> None:
        """Find a clock's next completion anew: what it waited for has gone."""
        clock.known = None
        if not clock.changed:
            clock.changed = True
            self.changed.append(clock)

    def _put(self, bundle: Bundle, clock: Clock, now: float) -> None:
        bundle.attach(clock, now)
        if not clock.changed:
            clock.changed = True
            self.changed.append(clock)

    # ---- when no structure with single drivers exists ------------------------------------------------

    def _go_numeric(self, now: float) -> None:
        self.numeric = True
        for state in self.populated:
            state.driver = state.regime = None
            filling.prepare(state, now)
        for link in self.queue:
            link.queued = False
        self.queue.clear()

    def _rebuild(self, now: float) -> None:
        """Find the structure from nothing."""
        self.numeric = False
        self._moved = list(self.links)
        for link in self.links:
            link.reset()
        for state in self.populated:
            self._assign(state, None, state.shape(None, self._shapes).regime(inf), now)
            self._load(state, state.members)

    def _record_saturation(self, links: list[SharedLink], now: float) -> None:
        """Note since when links are saturated, and what intervals have ended."""
        for link in links:
            if link.level < inf and link.states:
                link.saturated_since = min(link.saturated_since, now)
            elif link.saturated_since < inf:
                if now > link.saturated_since:
                    link.intervals.append((link.saturated_since, now))
                link.saturated_since = inf


def _pop_lowest(queue: list[SharedLink]) -> SharedLink:
    """Take the queued link with the lowest level: it does not depend on the others."""
    lowest, level = 0, queue[0].level
    for place in range(1, len(queue)):
        if queue[place].level < level:
            lowest, level = place, queue[place].level
    return queue.pop(lowest)
