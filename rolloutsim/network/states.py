"""Hosts in equal states, and the bundles of flows on them.

Hosts with the same private capacities and the same number of flows of each kind in flight are in the same
*state*. The max-min fair allocation is unique, hence invariant under exchanging equal hosts: flows of one
kind on hosts in one state always have the same rate. They form a *bundle*, and the allocation is computed
once per bundle, whatever the number of hosts.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.network.clocks import TICKETS
from rolloutsim.network.heaps import heappop, heappush, heapreplace
from rolloutsim.network.levels import Watched
from rolloutsim.network.regimes import LEVEL, UNBOUND, Affine, Part, Regime, Shape

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
    """A transfer of `size` bytes; inf: until it is cut.

    One with an end has as its mark what its bundle serves until then; one without, what that had served when it began:
    no difference of large numbers says what it has received.

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
SHORT: Final = 64


class Bundle:
    """The flows of one kind on the hosts in one state: one rate, one clock, one cause.

    A flow's `mark` is in the bundle's bytes: `pace` for each of the clock's, plus `offset`.
    """

    __slots__ = ("cause", "clock", "heap", "kind", "lanes", "listed", "offset", "pace", "per_host", "ticket")

    def __init__(self, kind: Kind, per_host: int) -> None:
        self.kind = kind
        self.per_host = per_host
        self.clock: Clock | None = None
        self.pace = 1.0
        self.offset = 0.0
        self.heap: list[Entry] = []
        self.lanes: dict[float, Lane] = {}
        self.listed = inf  # the mark under which the clock lists this bundle
        self.ticket = 0
        self.cause = Chronicle(UNBOUND)

    def served(self, now: float) -> float:
        """Bytes served to each flow of the bundle, on its own scale."""
        assert self.clock is not None
        return self.clock.read(now) * self.pace + self.offset

    @property
    def rate(self) -> float:
        """Of each flow [B/s]."""
        return 0.0 if self.clock is None else self.clock.rate * self.pace

    def add(self, flow: Flow, mark: float, order: int, changed: list[Clock]) -> None:
        """List a flow that finishes when `served` reaches `mark`; one that is now the first changes its clock."""
        flow.bundle = self
        flow.mark = mark
        if flow.size == inf:
            return
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
                return
            else:
                lane = None  # it overtakes flows of its size that came from another state
        heappush(heap, (mark, order, flow, lane))
        if mark < self.listed:
            clock = self.clock
            assert clock is not None
            self.listed = mark
            self.ticket = TICKETS.draw()
            heappush(clock.heap, ((mark - self.offset) / self.pace, self.ticket, self))
            clock.known = None
            if not clock.changed:
                clock.changed = True
                changed.append(clock)

    def first(self) -> float | None:
        """The earliest finish mark; None if the bundle has no flow."""
        heap = self.heap
        while heap:
            mark, flow = heap[0][0], heap[0][2]
            if flow.bundle is self and flow.mark == mark:
                self.listed = mark
                return mark
            self.drop()
        return None

    def drop(self) -> Flow:
        """Take the earliest flow off the heap; the next of its lane takes its place."""
        first = self.heap[0]
        flow, lane = first[2], first[3]
        if lane is None:
            heappop(self.heap)
        elif lane.queue:
            heapreplace(self.heap, lane.queue.popleft())
        else:
            heappop(self.heap)
            lane.open = False
        return flow

    def attach(self, clock: Clock, pace: float, now: float) -> None:
        """Go on by another clock, without any flow noticing."""
        old = self.clock
        if old is clock and pace == self.pace:
            return
        clock.users += 1
        if old is None:
            self.offset = -clock.read(now) * pace
        else:
            old.users -= 1
            self.offset = (old.read(now) * self.pace + self.offset) - clock.read(now) * pace
        self.clock = clock
        self.pace = pace
        first = self.first()
        self.ticket = TICKETS.draw()
        if first is None:
            self.listed = inf
        else:
            heappush(clock.heap, ((first - self.offset) / pace, self.ticket, self))
            clock.known = None

    def forget(self) -> None:
        """Start anew when the last flow has left: clocks keep their precision, histories stay short."""
        self.heap.clear()
        for lane in self.lanes.values():
            lane.queue.clear()  # entries know their lanes: while a case runs, nobody collects circles
        self.lanes.clear()
        self.listed = inf
        self.ticket = TICKETS.draw()
        if self.clock is not None:
            self.clock.users -= 1
            self.clock = None
        self.offset = 0.0
        self.cause.past.clear()


class State(Watched):
    """What hosts in it have in common: the flows in flight of each kind, and therefore all rates.

    Invariants: `members` hosts are in the state (not counted for the one without flows); while it is populated every
    bundle has a clock, and `nearest` has the saturated link of the lowest level on each of `paths` (None: none is
    saturated), of which `drivers` are the distinct ones; `loads` are (link, a, b, driver): each member loads the link
    with `a + b × driver.level`, and with several of these if several drivers say how much.
    """

    __slots__ = (
        "bundles", "busy", "crossed", "crossing", "drivers", "flows_on", "full", "key", "loads", "members", "minus",
        "nearest", "path_of", "paths", "places", "plus", "profile", "regime", "shapes", "undriven",
        "yields",
    )  # fmt: skip

    def __init__(self, profile: Profile, key: tuple[tuple[Kind, int], ...]) -> None:
        super().__init__()
        self.profile = profile
        self.key = key
        self.members = 0
        self.bundles = tuple([Bundle(kind, number) for kind, number in key])
        self.places = {kind: place for place, (kind, _) in enumerate(key)}
        # The distinct ways of its flows over shared links, and which of them each kind takes (-1: over none).
        self.paths: tuple[tuple[SharedLink, ...], ...] = tuple(
            dict.fromkeys(kind.links for kind, _ in key if kind.links)
        )
        self.path_of = tuple([self.paths.index(kind.links) if kind.links else -1 for kind, _ in key])
        self.crossed: tuple[SharedLink, ...] = tuple(dict.fromkeys(link for path in self.paths for link in path))
        # Flows of each member across each link.
        self.crossing = tuple(
            [(link, sum([number for kind, number in key if link in kind.links])) for link in self.crossed]
        )
        self.nearest: tuple[SharedLink | None, ...] = ()
        self.drivers: tuple[SharedLink, ...] = ()
        self.regime: Regime | None = None
        self.loads: tuple[Load, ...] = ()
        self.undriven: tuple[Regime, tuple[Load, ...]] | None = None  # where no link on its ways is saturated
        self.yields: tuple[tuple[SharedLink, SharedLink], ...] = ()  # (link, another that says what loads it)
        self.full = Chronicle(())  # the private links that bind
        self.plus: dict[Kind, State] = {}
        self.minus: dict[Kind, State] = {}
        self.shapes: dict[tuple[SharedLink | None, ...], Shape] = {}
        # Flows on each private link, and the same for those links only that have any.
        flows_on = [0] * len(profile.capacities)
        for kind, number in key:
            for place, _ in kind.usage:
                flows_on[place] += number
        self.flows_on = tuple(flows_on)
        self.busy = tuple([(place, flows) for place, flows in enumerate(flows_on) if flows])

    def after(self, kind: Kind, change: int) -> State:
        """The state of a host with one flow of `kind` more (`change` 1) or less (-1)."""
        known = self.plus if change > 0 else self.minus
        state = known.get(kind)
        if state is None:
            numbers = dict(self.key)
            numbers[kind] = numbers.get(kind, 0) + change
            state = known[kind] = self._with(numbers)
        return state

    def exchanged(self, old: Kind, new: Kind, number: int) -> State:
        """The state of a host with so many flows of one kind less, and of another kind more."""
        numbers = dict(self.key)
        numbers[old] -= number
        numbers[new] = numbers.get(new, 0) + number
        return self._with(numbers)

    def _with(self, numbers: dict[Kind, int]) -> State:
        """The state of a host with so many flows of each kind."""
        key = tuple(sorted(((k, n) for k, n in numbers.items() if n), key=lambda item: item[0].index))
        if not key:
            return self.profile.idle
        name = tuple([(k.index, n) for k, n in key])
        state = self.profile.states.get(name)
        if state is None:
            state = self.profile.states[name] = State(self.profile, key)
        return state

    def look_for_drivers(self) -> tuple[SharedLink | None, ...]:
        """The saturated link of the lowest level on each path."""
        if len(self.paths) == 1:
            return (_nearest(self.paths[0]),)
        return tuple([_nearest(path) for path in self.paths])

    def limiting(self) -> dict[SharedLink, None]:
        """The drivers that limit a flow at present."""
        regime = self.regime
        assert regime is not None
        found: dict[SharedLink, None] = {}
        for cause, path in zip(regime.causes, self.path_of, strict=True):
            if cause == LEVEL:
                driver = self.nearest[path]
                assert driver is not None
                found[driver] = None
        return found

    def fastest_over(self, link: SharedLink) -> float:
        """The highest rate per unit of weight of a flow across a link, at the present levels [B/s]."""
        regime = self.regime
        assert regime is not None
        fastest = 0.0
        for (kind, _), (a, slopes) in zip(self.key, regime.rates, strict=True):
            if link in kind.links:
                rate = a
                for driver, slope in zip(self.drivers, slopes, strict=True):
                    rate += slope * driver.level
                fastest = max(fastest, rate / kind.weight)
        return fastest

    def shape(self, nearest: tuple[SharedLink | None, ...], shapes: dict[object, Shape]) -> Shape:
        """The state as seen by its drivers; states of equal shape share it (and its regimes)."""
        shape = self.shapes.get(nearest)
        if shape is None:
            drivers = distinct(nearest)
            parts = []
            for (kind, number), path in zip(self.key, self.path_of, strict=True):
                link = nearest[path] if path >= 0 else None
                driver = -1 if link is None else drivers.index(link)
                parts.append(Part(number, kind.weight, kind.cap, kind.ceiling, kind.usage, driver))
            key = (self.profile.capacities, tuple(parts), len(drivers))
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = Shape(self.profile.capacities, tuple(parts))
            self.shapes[nearest] = shape
        return shape

    def loads_under(self, rates: tuple[Affine, ...], drivers: tuple[SharedLink, ...]) -> tuple[Load, ...]:
        """What each member loads on the links crossed."""
        sums: dict[SharedLink, list[float]] = {}
        for (kind, number), (a, slopes) in zip(self.key, rates, strict=True):
            for link, share in zip(kind.links, kind.shares, strict=True):
                before = sums.get(link)
                if before is None:
                    before = sums[link] = [0.0] * (1 + len(drivers))
                crossing = number * share
                before[0] += crossing * a
                for place, b in enumerate(slopes):
                    before[place + 1] += crossing * b
        loads: list[Load] = []
        for link, (a, *slopes_of) in sums.items():
            rows = [(link, 0.0, b, driver) for driver, b in zip(drivers, slopes_of, strict=True) if b]
            if rows:
                rows[0] = (link, a, rows[0][2], rows[0][3])
                loads += rows
            else:
                loads.append((link, a, 0.0, link))
        return tuple(loads)


# What a state's member loads: (link, a, b, driver), with a + b × the driver's level.
Load = tuple["SharedLink", float, float, "SharedLink"]


def _nearest(path: tuple[SharedLink, ...]) -> SharedLink | None:
    found: SharedLink | None = None
    for link in path:
        if link.level < inf and (found is None or link.level < found.level):
            found = link
    return found


def distinct(nearest: tuple[SharedLink | None, ...]) -> tuple[SharedLink, ...]:
    """The drivers among the nearest links, in the order of the paths."""
    return tuple(dict.fromkeys([link for link in nearest if link is not None]))
