"""Hosts in equal states, and the bundles of flows on them.

Hosts with the same private capacities and the same number of flows of each kind in flight are in the same
*state*. The max-min fair allocation is unique, hence invariant under exchanging equal hosts: flows of one
kind on hosts in one state always have the same rate. They form a *bundle*, and the allocation is computed
once per bundle, whatever the number of hosts.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush, heapreplace
from math import inf
from typing import TYPE_CHECKING, Any

from rolloutsim.network.clocks import TICKETS
from rolloutsim.network.regimes import UNBOUND, Part, Regime, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rolloutsim.network.clocks import Clock
    from rolloutsim.network.links import Kind, SharedLink

# A flow's seconds under each cause; see `Sharing`.
Causes = dict[int, float]


class Chronicle:
    """A value over time that many watch: each remembers the epoch it last looked at.

    Keeping it per bundle or state makes a change cost nothing per watcher. `past` has (from when, value)
    of the epochs since it was last cleared, which happens only when nobody watches.
    """

    __slots__ = ("epoch", "past", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.epoch = 0
        self.past: list[tuple[float, Any]] = []

    def change(self, value: Any, now: float) -> None:
        """From now on the value is another."""
        if value != self.value:
            self.value = value
            self.epoch += 1
            self.past.append((now, value))

    def since(self, epoch: int, value: Any, start: float, now: float) -> Iterator[tuple[Any, float]]:
        """The values, and the seconds of each, since a watcher saw `value` at `start` in `epoch`."""
        for began, following in self.past[len(self.past) - (self.epoch - epoch) :]:
            yield value, began - start
            start, value = began, following
        yield value, now - start


class Flow:
    """A transfer of `size` bytes.

    `spent` holds the seconds under each cause that were settled; since `since` the cause is the one its
    bundle had at `epoch`.
    """

    __slots__ = ("bundle", "cause", "done", "epoch", "host", "kind", "mark", "size", "since", "spent", "tag")

    def __init__(self, size: float, kind: Kind, host: Host, done: Callable[[Flow], None], tag: Any) -> None:
        self.size = size
        self.kind = kind
        self.host = host
        self.done = done
        self.tag = tag
        self.bundle: Bundle | None = None
        self.spent: Causes | None = None
        # The others are set when a bundle takes the flow.
        self.mark: float
        self.epoch: int
        self.since: float
        self.cause: int

    def settle(self, now: float) -> None:
        """Account for the causes since the last settling; the bundle's may have changed meanwhile."""
        assert self.bundle is not None
        log = self.bundle.cause
        # As `Chronicle.since`, written out: most flows of a rollout come by here when they end.
        spent, cause, start = self.spent or {}, self.cause, self.since
        if log.epoch != self.epoch:
            for began, following in log.past[self.epoch - log.epoch :]:
                if began > start:
                    spent[cause] = spent.get(cause, 0.0) + (began - start)
                start, cause = began, following
        if now > start:
            spent[cause] = spent.get(cause, 0.0) + (now - start)
        self.spent = spent or None
        self.since, self.epoch, self.cause = now, log.epoch, log.value


class Host:
    """Something with private links: its capacities, its flows in flight, its state.

    `full` are the private links that bind since `full_since`; `full_seconds` what was settled before;
    `peaks` the most flows that there were on each private link.
    """

    __slots__ = (
        "dirty", "epoch", "flows", "full", "full_seconds", "full_since", "peaks", "profile", "state",
        "target",
    )  # fmt: skip

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.state = profile.idle
        self.target = profile.idle  # the state that its flows call for
        self.flows: list[Flow] = []
        self.dirty = False
        self.epoch = 0
        self.full: tuple[int, ...] = ()
        self.full_since = 0.0
        self.full_seconds: list[float] | None = None  # made when there is something to add
        self.peaks = profile.idle.flows_on


class Profile:
    """The private capacities that equal hosts have [B/s]."""

    __slots__ = ("capacities", "idle", "states")

    def __init__(self, capacities: tuple[float, ...]) -> None:
        self.capacities = capacities
        self.states: dict[tuple[tuple[int, int], ...], State] = {}
        self.idle = State(self, ())


class Lane:
    """Flows of equal size in one bundle behind the one of them that is in the bundle's heap.

    While `open`, that one is in the heap; `last` is the mark of the last of the lane, none being later.
    """

    __slots__ = ("last", "open", "queue")

    def __init__(self) -> None:
        self.queue: deque[Entry] = deque()
        self.open = False
        self.last = 0.0


# (finish mark, order of joining, flow, its lane)
Entry = tuple[float, int, Flow, "Lane | None"]

# A heap shorter than this needs no lanes (assumed: half a dozen comparisons cost less than a lane).
SHORT = 64


class Bundle:
    """The flows of one kind on the hosts in one state: one rate, one clock, one cause.

    A flow's `mark` is in the bundle's bytes: the clock's plus `offset`.
    """

    __slots__ = ("cause", "clock", "heap", "kind", "lanes", "listed", "offset", "per_host", "ticket")

    def __init__(self, kind: Kind, per_host: int) -> None:
        self.kind = kind
        self.per_host = per_host
        self.clock: Clock | None = None
        self.offset = 0.0
        self.heap: list[Entry] = []
        self.lanes: dict[float, Lane] = {}
        self.listed = inf  # the mark under which the clock lists this bundle
        self.ticket = 0
        self.cause = Chronicle(UNBOUND)

    def served(self, now: float) -> float:
        """Bytes served to each flow of the bundle, on its own scale."""
        assert self.clock is not None
        return self.clock.read(now) + self.offset

    def add(self, flow: Flow, mark: float, order: int) -> bool:
        """List a flow that finishes when `served` reaches `mark`; whether it is now the first."""
        flow.bundle = self
        flow.mark = mark
        heap = self.heap
        lane = None
        if len(heap) >= SHORT:
            lane = self.lanes.get(flow.size)
            if lane is None:
                lane = self.lanes[flow.size] = Lane()
            if not lane.open:
                lane.open = True
                lane.last = mark
            elif mark >= lane.last:
                lane.last = mark
                lane.queue.append((mark, order, flow, lane))
                return False
            else:
                lane = None  # it overtakes flows of its size that came from another state
        heappush(heap, (mark, order, flow, lane))
        if mark < self.listed:
            clock = self.clock
            assert clock is not None
            self.listed = mark
            self.ticket = next(TICKETS)
            heappush(clock.heap, (mark - self.offset, self.ticket, self))
            clock.known = None
            return True
        return False

    def first(self) -> float | None:
        """The earliest finish mark; None if the bundle has no flow."""
        heap = self.heap
        while heap:
            mark, _, flow, _ = heap[0]
            if flow.bundle is self and flow.mark == mark:
                self.listed = mark
                return mark
            self.drop()
        return None

    def drop(self) -> Flow:
        """Take the earliest flow off the heap; the next of its lane takes its place."""
        _, _, flow, lane = self.heap[0]
        if lane is None:
            heappop(self.heap)
        elif lane.queue:
            heapreplace(self.heap, lane.queue.popleft())
        else:
            heappop(self.heap)
            lane.open = False
        return flow

    def attach(self, clock: Clock, now: float) -> None:
        """Go on by another clock, without any flow noticing."""
        old = self.clock
        if old is clock:
            return
        self.offset = (old.read(now) + self.offset if old is not None else 0.0) - clock.read(now)
        self.clock = clock
        first = self.first()
        self.ticket = next(TICKETS)
        if first is None:
            self.listed = inf
        else:
            heappush(clock.heap, (first - self.offset, self.ticket, self))
            clock.known = None

    def forget(self) -> None:
        """Start anew when the last flow has left: clocks keep their precision, histories stay short."""
        self.heap.clear()
        self.lanes.clear()
        self.listed = inf
        self.ticket = next(TICKETS)
        self.clock = None
        self.offset = 0.0
        self.cause.past.clear()


class State:
    """What hosts in it have in common: the flows in flight of each kind, and therefore all rates.

    Invariants: `members` hosts are in the state (not counted for the one without flows); while it is
    populated every bundle has a clock; `loads` are (link, a, b): each member loads the link with
    `a + b × driver.level`.
    """

    __slots__ = (
        "bundles", "busy", "crossed", "crossing", "driver", "entangled", "flows_on", "full", "key", "loads", "members",
        "minus", "places", "plus", "profile", "regime", "shapes",
    )  # fmt: skip

    def __init__(self, profile: Profile, key: tuple[tuple[Kind, int], ...]) -> None:
        self.profile = profile
        self.key = key
        self.members = 0
        self.bundles = tuple(Bundle(kind, number) for kind, number in key)
        self.places = {kind: place for place, (kind, _) in enumerate(key)}
        self.crossed: tuple[SharedLink, ...] = tuple(dict.fromkeys(link for kind, _ in key for link in kind.links))
        # Flows of each member across each link.
        self.crossing = tuple(
            (link, sum(number for kind, number in key if link in kind.links)) for link in self.crossed
        )
        self.driver: SharedLink | None = None
        # Whether its flows may depend on different saturated links: their paths differ.
        self.entangled = len({kind.links for kind, _ in key if kind.links}) > 1
        self.regime: Regime | None = None
        self.loads: tuple[tuple[SharedLink, float, float], ...] = ()
        self.full = Chronicle(())  # the private links that bind
        self.plus: dict[Kind, State] = {}
        self.minus: dict[Kind, State] = {}
        self.shapes: dict[SharedLink | None, Shape] = {}
        # Flows on each private link, and the same for those links only that have any.
        self.flows_on = tuple(
            sum(number for kind, number in key if any(place == p for p, _ in kind.usage))
            for place in range(len(profile.capacities))
        )
        self.busy = tuple((place, flows) for place, flows in enumerate(self.flows_on) if flows)

    def after(self, kind: Kind, change: int) -> State:
        """The state of a host with one flow of `kind` more (`change` 1) or less (-1)."""
        known = self.plus if change > 0 else self.minus
        state = known.get(kind)
        if state is None:
            numbers = dict(self.key)
            numbers[kind] = numbers.get(kind, 0) + change
            key = tuple(sorted(((k, n) for k, n in numbers.items() if n), key=lambda item: item[0].index))
            name = tuple((k.index, n) for k, n in key)
            states = self.profile.states
            if not key:
                state = self.profile.idle
            else:
                state = states.get(name)
                if state is None:
                    state = states[name] = State(self.profile, key)
            known[kind] = state
        return state

    def shape(self, driver: SharedLink | None, shapes: dict[object, Shape]) -> Shape:
        """The state as seen by a driver; states of equal shape share it (and its regimes)."""
        shape = self.shapes.get(driver)
        if shape is None:
            parts = tuple(
                Part(number, kind.weight, kind.cap, kind.ceiling, kind.usage, driver in kind.links)
                for kind, number in self.key
            )
            key = (self.profile.capacities, parts)
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = Shape(self.profile.capacities, parts)
            self.shapes[driver] = shape
        return shape

    def loads_under(self, rates: tuple[tuple[float, float], ...]) -> tuple[tuple[SharedLink, float, float], ...]:
        """What each member loads on the links crossed: (link, a, b), the load being a + b × level."""
        sums: dict[SharedLink, tuple[float, float]] = {}
        for (kind, number), (a, b) in zip(self.key, rates, strict=True):
            for link in kind.links:
                before = sums.get(link, (0.0, 0.0))
                sums[link] = (before[0] + number * a, before[1] + number * b)
        return tuple((link, a, b) for link, (a, b) in sums.items())

    def drivers(self) -> tuple[SharedLink | None, bool]:
        """The saturated link that its flows depend on, and whether there is more than one."""
        found: SharedLink | None = None
        for kind, _ in self.key:
            nearest: SharedLink | None = None
            for link in kind.links:
                if link.level < inf and (nearest is None or link.level < nearest.level):
                    nearest = link
            if nearest is not None and found is not None and nearest is not found:
                return found, True
            found = found or nearest
        return found, False
