"""Flows in simulated time: bytes move at max-min fair rates between the events of a SimPy environment.

Between two events all rates are constant; an event is a flow that starts, finishes or is cut, or a capacity
that changes. All changes at one instant are merged into one update of the sharing. When the next flow is complete
stands in a calendar of the network's own: what happens next is the first of this calendar or of SimPy's queue, and
`FluidNetwork.run` goes from one to the next.

Completion is decided by identity, not by a tolerance: the flows whose finish mark stands in the calendar are due
when their time comes, whatever the clock's rounding makes of their last bytes. (A tolerance in bytes would livelock
once the smallest step of the clock, 1.5e-11 s at 86,400 s, is worth more bytes than the tolerance.)

The caller sees hosts, kinds and flows; it never touches states, bundles or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify
from math import inf
from typing import Any, Final

from simpy import Environment

from rolloutsim.network.clocks import Clock
from rolloutsim.network.guards import ROUNDING, WRONG, SharingFault
from rolloutsim.network.heaps import heappop, heappush
from rolloutsim.network.links import LEAST_SHARE, Kind, SharedLink
from rolloutsim.network.regimes import CAP
from rolloutsim.network.sharing import Sharing
from rolloutsim.network.states import Flow, Host, Profile, State

# The order at one instant: SimPy handles lower numbers first, and itself uses 0 and 1. What is called afterwards finds
# the sharing settled on all that comes before.
_NORMAL: Final = 1
_AFTERWARDS: Final = 2

# What an entry of SimPy's queue has: time, priority, number, event.
_EVENT: Final = 4

# The rate of what nothing limits [B/s]: the largest size that a scenario can have, 1e18 B, takes less than the smallest
# step of a clock that has run for 10 ms (assumed; a rate without an end would make NaN of what it moves in no time).
AT_ONCE: Final = 1e36

# Stale entries of a calendar with fewer are left alone (assumed: some hundred kilobytes).
FEWEST_ENTRIES: Final = 1000


class FluidNetwork:
    """Links, hosts and the flows between them.

    Parameters
    ----------
    env : simpy.Environment
        The clock and event queue.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        # The kernel's own list of what is to come: a call less for each event than `peek` and `schedule`.
        queue: Any = env._queue
        # A call is a longer entry of it, with its function and argument in the event's place: there is one for each
        # request of each layer, so it makes no object of its own.
        self._coming: list[tuple[Any, ...]] = queue
        self._numbers = env._eid
        self.now: float = env.now  # cheaper to read than the environment's
        self.links: list[SharedLink] = []
        self.sharing = Sharing(self.links)
        self.carried: list[float] = []  # bytes of finished and cut flows, by kind
        self.rounded = 0.0  # of those, what the sizes of cut flows hide: what came is the size without what is missing
        self._profiles: dict[tuple[float, ...], Profile] = {}
        self._kinds: dict[tuple[Any, ...], Kind] = {}
        self._dirty: list[Host] = []
        self._fresh: list[Flow] = []
        self._reweighed: list[Host] = []
        self._orders = 0
        self._calendar: list[tuple[float, int, Clock]] = []
        self._calendar_room = FEWEST_ENTRIES  # entries that it may have until the stale ones are looked for
        self._halted = False

    # ---- building ------------------------------------------------------------------------------------

    def link(self, name: str, capacity: float) -> SharedLink:
        """Add a shared link of a capacity [B/s], from now on: one that nothing crosses yet need not be there before."""
        link = SharedLink(name, len(self.links), capacity, self.env.now)
        self.links.append(link)
        return link

    def profile(self, capacities: tuple[float, ...]) -> Profile:
        """The profile of hosts with these private capacities [B/s]; inf where there is no limit."""
        profile = self._profiles.get(capacities)
        if profile is None:
            profile = self._profiles[capacities] = Profile(capacities)
        return profile

    def host(self, profile: Profile) -> Host:
        """Add a host."""
        return Host(profile)

    def kind(
        self,
        links: tuple[SharedLink, ...] = (),
        usage: tuple[tuple[int, float], ...] = (),
        cap: float = inf,
        weight: float = 1.0,
        capped_by: int = CAP,
        shares: tuple[float, ...] = (),
    ) -> Kind:
        """The kind of flows with this path, use of private links, cap [B/s] of a cause, weight, and shares of bytes.

        What nothing limits takes no time.
        Parameters, and what they mean, are those of `Kind`; without shares all bytes cross each link.

        Raises
        ------
        ValueError
            If it has a share that is none, or other than one for each link.
        """
        if not links and not usage and cap == inf:
            cap = AT_ONCE
        if not shares:
            shares = (1.0,) * len(links)
        key = (tuple(link.index for link in links), usage, cap, weight, capped_by, shares)
        kind = self._kinds.get(key)
        if kind is None:
            if len(shares) != len(links):
                raise ValueError(f"{len(shares)} shares of a flow over {len(links)} links: there is one for each")
            for link, share in zip(links, shares, strict=True):
                if not LEAST_SHARE <= share <= 1.0:
                    raise ValueError(
                        f"{link.name}: a share {share:g} of a flow's bytes: it is {LEAST_SHARE:g} to 1; "
                        "leave out a link that none of them crosses"
                    )
            kind = self._kinds[key] = Kind(len(self._kinds), links, usage, cap, weight, capped_by, shares)
            self.carried.append(0.0)
        return kind

    def weighted(self, kind: Kind, weight: float) -> Kind:
        """The same kind with another weight."""
        if weight == kind.weight:
            return kind
        return self.kind(kind.links, kind.usage, kind.cap, weight, kind.capped_by, kind.shares)

    # ---- acting --------------------------------------------------------------------------------------

    def start(self, host: Host, kind: Kind, size: float, done: Callable[[Flow], None], tag: Any = None) -> Flow:
        """Start to move `size` bytes; `done(flow)` is called when the last byte has arrived; inf: until it is cut."""
        flow = Flow(size, kind, host, done, tag)
        host.flows.append(flow)
        host.target = host.target.plus.get(kind) or host.target.after(kind, 1)
        self._fresh.append(flow)
        if not host.dirty:
            host.dirty = True
            self._dirty.append(host)
        return flow

    def stop(self, flow: Flow, most: float = inf) -> float:
        """Cut a flow and return the bytes it had received, of which `most` were there to be sent."""
        received = min(self.received(flow), most)
        self.carried[flow.kind.index] += received
        if flow.size < inf:
            self.rounded += flow.size * ROUNDING
        if flow.bundle is None:
            self._fresh.remove(flow)
        else:
            # The clock may have waited for this flow, for days if it was to last so long.
            assert flow.bundle.clock is not None
            self.sharing.look_again(flow.bundle.clock)
        host = flow.host
        host.flows.remove(flow)
        host.target = host.target.after(flow.kind, -1)
        flow.bundle = None
        if not host.dirty:
            host.dirty = True
            self._dirty.append(host)
        return received

    def reweigh(self, flow: Flow, kind: Kind) -> None:
        """Go on as another kind, which differs by its weight and cap only; nothing once the flow has ended."""
        host = flow.host
        # One that began at this instant is in no bundle yet, but among its host's flows.
        if kind is flow.kind or (flow.bundle is None and flow not in host.flows):
            return
        host.target = host.target.after(flow.kind, -1).after(kind, 1)
        flow.kind = kind
        self._reweighed.append(host)
        if not host.dirty:
            host.dirty = True
            self._dirty.append(host)

    def reweigh_all(self, flows: list[Flow], kind: Kind) -> None:
        """Go on as another kind with some flows that are alike, on one host and in flight, as `reweigh` with each."""
        if not flows or kind is flows[0].kind:
            return
        host = flows[0].host
        host.target = host.target.exchanged(flows[0].kind, kind, len(flows))
        for flow in flows:
            flow.kind = kind
        self._reweighed.append(host)
        if not host.dirty:
            host.dirty = True
            self._dirty.append(host)

    def set_capacity(self, link: SharedLink, capacity: float) -> None:
        """Change a link's capacity [B/s], at most to its nominal one; what rounding left of it is none."""
        now = self.env.now
        if link.nominal < inf:
            if capacity <= ROUNDING * link.nominal:
                capacity = 0.0
            link.offered += link.capacity * (now - link.offered_until)
        link.offered_until = now
        if capacity < link.capacity:
            # What follows may stop flows for ever that end at this instant but for roundings.
            self._finish_until(now + ROUNDING * max(now, 1.0), now)
        self.sharing.set_capacity(link, capacity)

    def degrade(self, link: SharedLink, share: float) -> None:
        """Leave a link a share (0 to 1) of its nominal capacity."""
        link.share = share
        self._limit(link)

    def strain(self, link: SharedLink, efficiency: float) -> None:
        """Let a link's sender fill a share (0 to 1) of what there is of its capacity."""
        link.efficiency = efficiency
        self._limit(link)

    def occupy(self, link: SharedLink, rate: float) -> None:
        """Take an inelastic rate [B/s] off a link's capacity, in place of what was taken before."""
        link.taken = rate
        self._limit(link)

    def _limit(self, link: SharedLink) -> None:
        # Sums of rates may round to a hair more than the link, or less.
        self.set_capacity(link, max(link.nominal * link.share * link.efficiency - link.taken, 0.0))

    def call_later(self, delay: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` after `delay` [s]; cheaper than a SimPy process for one step."""
        heappush(self._coming, (self.now + delay, _NORMAL, next(self._numbers), function, argument))

    def call_afterwards(self, function: Callable[[Any], None], argument: Any = None, order: int = 0) -> None:
        """Call `function(argument)` when the sharing has settled on what happens at this instant, by order."""
        heappush(self._coming, (self.now, _AFTERWARDS + order, next(self._numbers), function, argument))

    # ---- time ----------------------------------------------------------------------------------------

    def run(self, until: float = inf, most: int = -1) -> int:
        """Let happen what happens.

        Parameters
        ----------
        until : float
            Nothing later than this happens [s].
        most : int
            So many events at the most; -1: as many as there are.

        Returns
        -------
        int
            How many events there were; fewer than `most` where nothing follows until then, or somebody called `halt`.
        """
        env, coming, calendar, sharing = self.env, self._coming, self._calendar, self.sharing
        dirty, changed, queue = self._dirty, sharing.changed, sharing.queue
        now = self.now
        done = 0
        self._halted = False
        while True:
            # `update_planned`, written out.
            if (dirty or changed or queue) and not (coming and coming[0][0] <= now and coming[0][1] < _AFTERWARDS):
                if dirty:
                    self._place_hosts(now)
                if queue:
                    sharing.update(now)
                self._reschedule(now)
            if done == most or self._halted:
                break
            due = calendar[0][0] if calendar else inf
            if coming and coming[0][0] < due:
                first = coming[0]
                if first[0] > until:
                    break
                now = first[0]
                if len(first) > _EVENT:
                    heappop(coming)
                    env._now = self.now = now
                    first[3](first[4])
                else:
                    env.step()
                    self.now = now
            else:
                if due == inf or due > until:
                    break
                env._now = self.now = now = due
                self._finish_until(due, due)
            done += 1
        return done

    def halt(self) -> None:
        """Let `run` return after the present event."""
        self._halted = True

    def wait(self, until: float) -> None:
        """Let happen what happens until a time, and let that be the present one [s]."""
        self.run(until)
        self.env._now = self.now = until

    def rewind(self) -> None:
        """Begin anew at zero, when no flow is left and no link was ever saturated."""
        self.env._now = self.now = 0.0
        self._coming.clear()
        self._calendar.clear()
        self.sharing.rewind()

    def forget(self) -> None:
        """Let go of all flows, when nothing is to happen any more.

        What has ended, but lies behind others in a heap, keeps its host and all that waits for it.
        """
        for profile in self._profiles.values():
            for state in profile.states.values():
                for bundle in state.bundles:
                    bundle.forget()

    def peek(self) -> float:
        """When the next event is [s]; inf: there is none."""
        if self.update_planned:
            return self.now
        due = self._calendar[0][0] if self._calendar else inf
        return min(due, self._coming[0][0]) if self._coming else due

    def next_call(self) -> tuple[Callable[[Any], None], Any] | None:
        """The function and the argument of the next event; None: it is a flow that ends, SimPy's, or there is none."""
        self.run(most=0)
        coming, calendar = self._coming, self._calendar
        if not coming or (calendar and calendar[0][0] <= coming[0][0]) or len(coming[0]) <= _EVENT:
            return None
        first = coming[0]
        return first[3], first[4]

    @property
    def update_planned(self) -> bool:
        """Whether something happened at this instant that the sharing has not settled on."""
        return bool(self._dirty or self.sharing.changed or self.sharing.queue)

    # ---- asking --------------------------------------------------------------------------------------

    @property
    def listed(self) -> int:
        """How often flows were listed in bundles until now: what events cost beside their number."""
        return self._orders

    def flows(self) -> list[Flow]:
        """All flows in flight that have a rate."""
        found: list[Flow] = []
        for profile in self._profiles.values():
            for state in profile.states.values():
                for bundle in state.bundles:
                    entries = [*bundle.heap]
                    for lane in bundle.lanes.values():
                        entries.extend(lane.queue)
                    # What has ended, or gone on elsewhere, may still lie behind others.
                    found.extend([entry[2] for entry in entries if entry[2].bundle is bundle])
        return found

    def take_back(self, flow: Flow, size: float) -> None:
        """Of what a flow has moved, which is over, so many bytes were not there to be sent."""
        self.carried[flow.kind.index] -= size

    def rate(self, flow: Flow) -> float:
        """The rate of a flow since the last update [B/s]."""
        return 0.0 if flow.bundle is None else flow.bundle.rate

    def received(self, flow: Flow) -> float:
        """The bytes that a flow has received by now."""
        if flow.bundle is None:
            return 0.0
        if flow.size == inf:
            return max(flow.bundle.served(self.env.now) - flow.mark, 0.0)
        return flow.size - max(flow.mark - flow.bundle.served(self.env.now), 0.0)

    def payloads(self, in_flight: Iterable[Flow]) -> list[float]:
        """The payload that crossed each link, with what the flows in flight have received of theirs [B]."""
        ended, coming = [0.0] * len(self.links), [0.0] * len(self.links)
        for kind in self._kinds.values():
            for link, share in zip(kind.links, kind.shares, strict=True):
                ended[link.index] += share * self.carried[kind.index]
        for flow in in_flight:
            received = self.received(flow)
            for link, share in zip(flow.kind.links, flow.kind.shares, strict=True):
                coming[link.index] += share * received
        return [one + other for one, other in zip(ended, coming, strict=True)]

    def full_seconds(self, hosts: list[Host]) -> list[list[float]]:
        """How long each private link of some hosts was full and the bottleneck of a flow [s]."""
        found: list[list[float]] = []
        for host in hosts:
            log = host.state.full
            _settle_full(host, host.state, self.now)
            host.full, host.full_since, host.epoch = log.value, self.now, log.epoch
            found.append(host.full_seconds or [0.0] * len(host.profile.capacities))
        return found

    def saturated_intervals(self, link: SharedLink) -> list[tuple[float, float]]:
        """When a link was saturated, the present interval included [s]."""
        current = [(link.saturated_since, self.env.now)] if link.saturated_since < self.env.now else []
        return link.intervals + current

    def audit(self) -> None:
        """Look whether the sharing is possible, and whether what each link carried is.

        Raises
        ------
        SharingFault
            If it is not.
        """
        now = self.env.now
        if not self.update_planned:
            self.sharing.audit(now)
        carried = dict.fromkeys(self.links, 0.0)
        for kind in self._kinds.values():
            for link, share in zip(kind.links, kind.shares, strict=True):
                carried[link] += share * self.carried[kind.index]
        for link, size in carried.items():
            if link.nominal == inf:
                continue
            offered = link.offered + link.capacity * (now - link.offered_until)
            # The last bytes of a flow are complete at a step of the clock, which grows with the time it shows.
            slack = offered * WRONG + link.nominal * WRONG * (1.0 + abs(now)) + self.rounded
            if not size <= offered + slack:
                raise SharingFault(f"{link.name}: carried {size:g} B where {offered:g} B are possible until {now:g} s")

    # ---- events --------------------------------------------------------------------------------------

    def _finish_until(self, limit: float, now: float) -> None:
        """Complete the flows of all clocks that are due up to a time [s]."""
        calendar = self._calendar
        while calendar and calendar[0][0] <= limit:
            entry = heappop(calendar)
            clock = entry[2]
            if entry[1] == clock.ticket:
                self._finish_due(clock, now)

    def _finish_due(self, clock: Clock, now: float) -> None:
        """Complete the flows whose mark the clock has reached: those due, and exact ties."""
        due_mark = clock.due_mark
        clock.due = inf
        clock.ticket = 0
        if not clock.changed:
            clock.changed = True
            self.sharing.changed.append(clock)
        heap, carried = clock.heap, self.carried
        mark = clock.earliest()
        while mark <= due_mark:
            bundle = heap[0][2]
            flow = bundle.drop()
            # A flow that never had another cause needs no account of its seconds.
            if flow.spent is not None or bundle.cause.epoch != flow.epoch:
                flow.settle(now)
            host, kind = flow.host, flow.kind
            carried[kind.index] += flow.size
            host.flows.remove(flow)
            host.target = host.target.minus.get(kind) or host.target.after(kind, -1)
            flow.bundle = None
            if not host.dirty:
                host.dirty = True
                self._dirty.append(host)
            done: Any = flow.done
            done(flow)
            mark = clock.earliest()
        clock.known = mark

    def _place_hosts(self, now: float) -> None:
        """Bring hosts to their new states, and their flows to the bundles there."""
        sharing = self.sharing
        emptied: list[State] = []
        grown: list[State] = []
        for host in self._dirty:
            host.dirty = False
            old, new = host.state, host.target
            if new is not old:
                # One that its last host has just left is still there.
                if not new.members and new.key and new not in sharing.populated:
                    sharing.enter(new, now)
                self._move(host, new, now)
                if sharing.transfer(old, new):
                    grown.append(new)
                if not old.members and old.key:
                    emptied.append(old)
        for host in dict.fromkeys(self._reweighed):
            # Two flows that exchange their weights leave their host in its state.
            self._move(host, host.state, now)
        for flow in self._fresh:
            state = flow.host.state
            bundle = state.bundles[state.places[flow.kind]]
            log, clock = bundle.cause, bundle.clock
            assert clock is not None
            flow.since, flow.epoch, flow.cause = now, log.epoch, log.value
            served = clock.served if clock.moved == now else clock.read(now)
            self._orders += 1
            mark = served * bundle.pace + bundle.offset
            bundle.add(flow, mark + flow.size if flow.size < inf else mark, self._orders, sharing.changed)
        for state in grown:
            for link in state.crossed:
                if link.flows > link.peak_flows:
                    link.peak_flows = link.flows
        for state in emptied:
            if not state.members and state in sharing.populated:
                sharing.leave(state)
        self._dirty.clear()  # which `run` knows
        if self._fresh:
            self._fresh = []
        if self._reweighed:
            self._reweighed = []

    def _move(self, host: Host, new: State, now: float) -> None:
        """Move a host's flows to another state's bundles; each keeps the bytes it lacks."""
        for flow in host.flows:
            old = flow.bundle
            if old is None:
                continue
            bundle = new.bundles[new.places[flow.kind]]
            if old is bundle:
                continue
            if old.clock is bundle.clock and old.pace == bundle.pace:
                mark = flow.mark - old.offset + bundle.offset
            else:
                mark = flow.mark - old.served(now) + bundle.served(now)
            cause = bundle.cause
            if old.cause.epoch != flow.epoch or cause.value != flow.cause:
                flow.settle(now)
                flow.cause = cause.value
            flow.epoch = cause.epoch
            self._orders += 1
            bundle.add(flow, mark, self._orders, self.sharing.changed)
        state, host.state = host.state, new
        log = new.full
        if state.full.epoch == host.epoch and log.value == host.full:
            host.epoch = log.epoch
        else:
            _settle_full(host, state, now)
            host.full, host.full_since, host.epoch = log.value, now, log.epoch
        for place, flows in new.busy:
            if flows > host.peaks[place]:
                host.peaks = tuple(map(max, host.peaks, new.flows_on))
                break

    def _reschedule(self, now: float) -> None:
        """Put the next completion of each changed clock on the calendar."""
        calendar = self._calendar
        changed = self.sharing.changed
        for clock in changed:
            clock.changed = False
            known = clock.known
            if known is None:
                mark = clock.earliest()
            else:
                mark, clock.known = known, None
            due = inf
            if mark < inf:
                rate = clock.rate
                if rate > 0.0:
                    left = mark - (clock.served if clock.moved == now else clock.read(now))
                    due = now + left / rate if left > 0.0 else now
                elif rate != 0.0 and clock.earliest() != inf:
                    # The mark that was known may be that of flows which have just gone on by another clock.
                    raise SharingFault(f"a flow has a rate of {rate:g} B/s at {now:g} s")
            elif mark != inf:
                raise SharingFault(f"a flow ends after {mark:g} B at {now:g} s")
            if due != clock.due or mark != clock.due_mark:
                clock.due, clock.due_mark = due, mark
                clock.ticket = 0
                if due < inf:
                    self._orders += 1
                    clock.ticket = self._orders
                    heappush(calendar, (due, self._orders, clock))
        changed.clear()
        if len(calendar) > self._calendar_room:
            self._drop_stale_entries()
        while calendar:
            first = calendar[0]
            if first[1] == first[2].ticket:
                break
            heappop(calendar)

    def _drop_stale_entries(self) -> None:
        """Take all stale entries out of the calendar: each keeps a clock, and those behind others stay for long."""
        calendar = self._calendar
        calendar[:] = [entry for entry in calendar if entry[1] == entry[2].ticket]
        heapify(calendar)
        self._calendar_room = max(2 * len(calendar), FEWEST_ENTRIES)


def _settle_full(host: Host, state: State, now: float) -> None:
    """Account for the time that a host's private links were full while it was in a state."""
    log = state.full
    if log.epoch == host.epoch and not host.full:
        return
    for places, seconds in log.since(host.epoch, host.full, host.full_since, now):
        for place in places:
            if host.full_seconds is None:
                host.full_seconds = [0.0] * len(host.profile.capacities)
            host.full_seconds[place] += seconds
