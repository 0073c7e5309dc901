"""A pull-through cache: what becomes of a request for what it has, is fetching already, or lacks.

A layer that a cache lacks comes from its upstream in one of two ways. It *passes*: one flow from the upstream through
the cache to the client, as slow as the slowest link of both ways; kept in the store or not. Or the cache *fills* its
store by a fetch of its own, and clients wait for it, or read what is there of it. Its `Caching` says which, and what
becomes of a second request meanwhile. A client that reads along with a fill gets its own share of the links from the
first byte on, and is complete when the fill is, at the earliest (assumed: it cannot be ahead, which costs others on its
links a little while it seems to be).

A range of what it lacks passes as a range, and the cache fills its store besides (assumed); products that ignore ranges
let all of the layer pass: `rolloutsim.fleet.ranges`.

What it knows of manifests is in `rolloutsim.fleet.sources.manifests`.

Sources: the rules of each product stand at its profile, in `rolloutsim.scenario.cache_profiles`.
"""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.incidents import LAYER, PING
from rolloutsim.fleet.latency import INITIAL_WINDOW, slow_start_delay
from rolloutsim.fleet.ledger import CACHE_FILL, OTHER_FILL
from rolloutsim.fleet.pulls import Socket
from rolloutsim.fleet.recipes import expected_rate
from rolloutsim.fleet.sources.fills import Counts, Fill, Passing, Reading, Shelf, Waiting
from rolloutsim.fleet.sources.manifests import Manifests
from rolloutsim.fleet.sources.source import FINE, LIMITED, UNAVAILABLE
from rolloutsim.scenario.answers import BROKEN, HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull
    from rolloutsim.fleet.recipes import LayerStep, Way
    from rolloutsim.fleet.sources.fills import Key
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.fleet.sources.source import Asker
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow, Host
    from rolloutsim.scenario.resolved import Caching

# How a cache asks its upstream how to authenticate: round trips of GET /v2/. distribution registry/proxy/proxyauth.go;
# measured with 2.8.2: 85 ms over a path of 40 ms.
PING_TRIPS: Final = 2.0
REFUSED_TRIPS: Final = 1.0  # the same where nobody listens

# Requests to the upstream, before each of which it pings; measured with 2.8.2: HEAD and GET of a layer that passes, GET
# of one for its store.
PASSING_REQUESTS: Final = 2
FILL_REQUESTS: Final = 1


class PullThrough:
    """The handler of a cache.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    server : Registry
        The cache as its clients see it.
    upstream : Registry
        Whom it asks.
    spec : Caching
        What it does.
    address : int
        Where its upstream sees its requests come from.
    host : Host
        Its own, for what it fills.
    repositories : list of int
        The repository of each image of the case, by number.
    sizes : list of float
        Of each layer of the case, compressed [B].
    """

    def __init__(
        self,
        fleet: Fleet,
        server: Registry,
        upstream: Registry,
        spec: Caching,
        address: int,
        host: Host,
        repositories: list[int],
        sizes: list[float],
    ) -> None:
        self.fleet = fleet
        self.server = server
        self.upstream = upstream
        self.spec = spec
        self.address = address
        self.host = host
        self.repositories = repositories
        self.layer_sizes = sizes
        self.counts = Counts()
        self.manifests = Manifests(self)
        self.shelves = [Shelf() for _ in (server.connections if spec.per_replica else server.connections[:1])]
        self.upstream_way: Way  # for what it fills; set when all servers are known
        self.own_links: tuple[SharedLink, ...] = ()  # over which it serves, and its requests leave
        # What makes the leg of what passes on from a leg of the upstream, by the way of who asks.
        self.through: dict[Way, Callable[[Way, int], Way]] = {}
        self.legs: dict[tuple[Way, Way, int], Way] = {}
        self.pings: deque[tuple[Callable[[Any], None], Any]] = deque()  # that wait, the one under way first
        self.filling: dict[Fill, None] = {}  # those of its own, of which a store may know only the latest of a layer

    def look_up(self, asker: Asker, pull: Pull, manifest: bool) -> None:
        """A manifest, token or config is wanted."""
        self.manifests.look_up(asker, pull, manifest)

    # ---- what there is -----------------------------------------------------------------------------------

    def put(self, image: int | None, repository: int, layers: list[int]) -> None:
        """It has the manifests of an image from the beginning, and some of its layers; None: nobody pulls that one."""
        for shelf in self.shelves:
            if image is not None:
                shelf.manifests[image] = None
                shelf.configs.add(image)
            for layer in layers:
                self._store(shelf, (layer, repository if self.spec.per_repository else -1), self.layer_sizes[layer])

    def goes_on(
        self, earlier: PullThrough, by: float, layers: Sequence[int | None], images: Sequence[int | None]
    ) -> None:
        """Begin with what it had stored on a network of its own before this one.

        Parameters
        ----------
        earlier : PullThrough
            The same cache there.
        by : float
            The zero of its clock there, from that of its clock here on [s].
        layers, images : sequence of int or None
            The numbers that layers and images have here, by their numbers there; None: they play no part here.
        """
        known = {old: new for old, new in enumerate(images) if new is not None}
        repositories = {earlier.repositories[old]: self.repositories[new] for old, new in known.items()} | {-1: -1}
        for shelf, before in zip(self.shelves, earlier.shelves, strict=True):
            for (layer, repository), size in before.sizes.items():
                number, place = layers[layer], repositories.get(repository)
                if number is not None and place is not None:
                    self._store(shelf, (number, place), size)
                    shelf.filled_at[number, place] = before.filled_at[layer, repository] + by
            shelf.manifests |= {known[one]: None for one, waiting in before.manifests.items()
                                if one in known and waiting is None}  # fmt: skip
            shelf.configs |= {known[one] for one in before.configs if one in known}
            shelf.checked |= {known[one]: time + by for one, time in before.checked.items() if one in known}
            shelf.first_pull |= {known[one]: time + by for one, time in before.first_pull.items() if one in known}

    def shelf(self, replica: int) -> Shelf:
        """The store of a replica."""
        return self.shelves[replica if self.spec.per_replica else 0]

    def key(self, image: int, layer: int) -> Key:
        """How a layer of an image is called in its store."""
        return layer, self.repositories[image] if self.spec.per_repository else -1

    def has(self, shelf: Shelf, key: Key) -> bool:
        """Whether a layer is stored; it is then the one that was asked for last."""
        size = shelf.sizes.get(key)
        if size is None:
            return False
        now, ttl = self.fleet.network.now, self.spec.ttl
        if ttl is not None and now - shelf.filled_at[key] >= ttl:
            self._drop(shelf, key)
            return False
        if self.spec.capacity is not None:
            del shelf.sizes[key]
            shelf.sizes[key] = size
        if self.spec.renews:
            shelf.filled_at[key] = now
        return True

    def _store(self, shelf: Shelf, key: Key, size: float) -> None:
        capacity = self.spec.capacity
        if key in shelf.sizes or (capacity is not None and size > capacity):
            return
        if capacity is not None:
            while shelf.used + size > capacity:
                oldest = next(iter(shelf.sizes))
                self.counts.evicted += shelf.sizes[oldest]
                self._drop(shelf, oldest)
        shelf.sizes[key] = size
        shelf.filled_at[key] = self.fleet.network.now
        shelf.used += size

    def _drop(self, shelf: Shelf, key: Key) -> None:
        shelf.used -= shelf.sizes.pop(key)
        del shelf.filled_at[key]

    # ---- layers ------------------------------------------------------------------------------------------

    def hand_over(self, asker: Asker, fetch: Fetch) -> None:
        """A layer is wanted."""
        spec, counts = self.spec, self.counts
        image = fetch.image
        shelf = self.shelf(fetch.replica)
        key = self.key(image, fetch.step.layer)
        if self.has(shelf, key):
            counts.hits += 1
            counts.hit_bytes += fetch.left
            asker.take(fetch, fetch.way)
            return
        if spec.ignores_ranges and fetch.left < fetch.step.compressed:
            asker.whole(fetch)
        counts.misses += 1
        counts.missed_bytes += fetch.left
        running = shelf.fills.get(key)
        is_range = fetch.left < fetch.step.compressed
        if spec.coalesce == "stream":
            if running is None:
                running = self.fill(shelf, key, fetch.step, image)
            else:
                counts.waits += 1
            self._read_along(asker, fetch, running)
        elif spec.coalesce == "lock" and running is not None:
            self._wait(asker, fetch, running)
        elif not spec.streams:
            # Without coalescing each of them is stored, the last one for good.
            fill = self.fill(shelf, key, fetch.step, image)
            self._wait(asker, fetch, fill, CACHE_FILL)
        else:
            if running is None and (spec.own_copy or is_range):
                running = self.fill(shelf, key, fetch.step, image)
            self._pass(asker, fetch, shelf, key, running is None)

    def fill(self, shelf: Shelf, key: Key, step: LayerStep, image: int) -> Fill:
        """Fetch a layer for the store."""
        fill = Fill(self, shelf, key, step, image, True, None)
        fill.row = self.fleet.incidents.fills.add(
            self.server.index, self.upstream.index, step.layer, self.fleet.network.now
        )
        shelf.fills[key] = fill
        self.filling[fill] = None
        self.fleet.network.call_later(0.0, self._ask, fill)
        return fill

    def _pass(self, asker: Asker, fetch: Fetch, shelf: Shelf, key: Key, keeps: bool) -> None:
        """Fetch a layer for a client, and for the store if it is the first."""
        fill = Fill(self, shelf, key, fetch.step, fetch.image, keeps, (asker, fetch))
        fetch.handed = Passing(fill)
        if keeps:
            shelf.fills[key] = fill
            self._let_age(fill)
        self._ask(fill)

    def _let_age(self, fill: Fill) -> None:
        age = self.spec.lock_age
        if age is not None and self.spec.coalesce == "lock":
            self.fleet.network.call_later(age, self._aged, fill)

    def _aged(self, what: Any) -> None:
        """A fetch takes so long that one of those that wait for it begins another."""
        fill: Fill = what
        if fill.is_over or fill.shelf.fills.get(fill.key) is not fill or not fill.waiting:
            return
        first = fill.waiting[0]
        self._served(first)
        self._pass(first.asker, first.fetch, fill.shelf, fill.key, True)
        now_running = fill.shelf.fills[fill.key]
        for waiting in fill.waiting:
            waiting.fill = now_running
        now_running.waiting, fill.waiting = fill.waiting, []

    def _wait(self, asker: Asker, fetch: Fetch, fill: Fill, cause: int = OTHER_FILL) -> None:
        spec, network = self.spec, self.fleet.network
        if cause == OTHER_FILL:
            self.counts.waits += 1
        if spec.most_waiting is not None and len(fill.waiting) >= spec.most_waiting:
            self.fleet.together.call_at(network.now, _refuse, (asker, fetch))
            return
        waiting = Waiting(asker, fetch, fill, network.now, cause)
        fetch.handed = waiting
        fill.waiting.append(waiting)
        if spec.lock_timeout is not None and spec.coalesce == "lock":
            network.call_later(spec.lock_timeout, self._impatient, waiting)
        header = asker.patience
        if header is not None:
            network.call_later(header, _gives_up, (waiting, header))

    def _impatient(self, what: Any) -> None:
        """A request has waited so long that it is fetched for itself."""
        waiting: Waiting = what
        if waiting.over:
            return
        fill = waiting.fill
        self._served(waiting)
        self._pass(waiting.asker, waiting.fetch, fill.shelf, fill.key, False)

    def _served(self, waiting: Waiting) -> None:
        """The wait of a client is over."""
        waiting.end()
        waiting.fetch.handed = None
        waiting.asker.waited(waiting.fetch, waiting.cause, self.fleet.network.now - waiting.since)

    def _in_vain(self, waiting: Waiting) -> float:
        """The wait of a client is over, and was for nothing; how long it was, which its lost request has cost [s]."""
        waiting.end()
        waiting.fetch.handed = None
        return self.fleet.network.now - waiting.since

    def _read_along(self, asker: Asker, fetch: Fetch, fill: Fill) -> None:
        """A client gets a layer as it comes."""
        if fill.flow is None:
            waiting = Waiting(asker, fetch, fill, self.fleet.network.now, CACHE_FILL)
            fetch.handed = waiting
            fill.waiting.append(waiting)
        else:
            self._read(asker, fetch, fill)

    def _read(self, asker: Asker, fetch: Fetch, fill: Fill) -> None:
        reading = Reading(asker, fetch, fill)
        fetch.handed = reading
        fill.readers[reading] = None
        asker.take(fetch, fetch.way)

    # ---- the upstream ------------------------------------------------------------------------------------

    def _ask(self, what: Any) -> None:
        """Ask the upstream for a connection."""
        fill: Fill = what
        if fill.is_over:
            return
        up = self.upstream
        self.count(LAYER)
        fill.replica = up.next_replica()
        if up.fallible:
            up.fetches[fill] = self
        fill.ticket = up.connections[fill.replica].ask(self._granted, fill)

    def _granted(self, fill: Fill) -> None:
        up = self.upstream
        fill.holds, fill.ticket = up.connections[fill.replica], None
        status: int = FINE
        if up.fallible:
            status = up.answer(self.address, self.fleet.network.now, fill.step.layer, False, fill.image)
        if status != FINE:
            self.refused(status)
            # Whoever asked has still to note that it did.
            self.fleet.together.call_at(self.fleet.network.now, self._is_refused, (fill, status))
        elif up.handler is not None:
            up.handler.hand_over(self, fill)
        else:
            self.take(fill, fill.way)

    def _is_refused(self, what: Any) -> None:
        fill, status = what
        self.lose(fill, status, 0.0)

    def take(self, fill: Fill, leg: Way) -> None:
        """The bytes of a layer come from the upstream by a leg."""
        if fill.is_over:
            return
        fill.leg = leg
        if fill.row >= 0:
            self.fleet.incidents.fills.upstream[fill.row] = leg.number
        self.after_pings(FILL_REQUESTS if fill.reader is None else PASSING_REQUESTS, self._answered, fill)

    def _answered(self, what: Any) -> None:
        fill: Fill = what
        if fill.is_over:
            return
        if fill.reader is not None:
            asker, fetch = fill.reader
            key = fetch.way, fill.leg, fill.replica
            leg = self.legs.get(key)
            if leg is None:
                leg = self.legs[key] = self.through[fetch.way](fill.leg, fill.replica)
            asker.take(fetch, leg)
            return
        leg = fill.leg
        if leg.buffered:
            self.fleet.network.call_afterwards(self._request, fill)
        else:
            self._request(fill)

    def _request(self, what: Any) -> None:
        """The request for a layer of its own is on its way."""
        fill: Fill = what
        leg, size = fill.leg, fill.left
        waiting = self.waits(leg, fill.replica)
        fill.socket = socket = Socket(leg, fill.replica, self.fleet.network.now)
        wait = leg.first_byte(fill.step.layer) + leg.layer_trips * waiting
        trip = leg.round_trip + waiting
        socket.window = INITIAL_WINDOW + size
        if trip > 0.0 and size > INITIAL_WINDOW:
            rate = expected_rate(fill.kind(), self.host.profile.capacities, len(self.host.flows))
            socket.starts_slowly = rate * trip > INITIAL_WINDOW
            wait += slow_start_delay(size, rate, trip)
        self.fleet.network.call_later(wait, self._stream, fill)

    def _stream(self, what: Any) -> None:
        fill: Fill = what
        if fill.is_over:
            return
        self.fleet.incidents.fills.started[fill.row] = self.fleet.network.now
        fill.flow = self.fleet.start(self.host, fill.kind(), fill.left, self.arrived, fill)
        if self.spec.coalesce == "stream":
            for waiting in list(fill.waiting):
                self._served(waiting)
                self._read(waiting.asker, waiting.fetch, fill)

    def arrived(self, flow: Flow) -> None:
        """All of a layer of its own is there."""
        fill: Fill = flow.tag
        if self.fleet.follows:
            self.fleet.close(flow)
        if fill.handed is not None and not fill.handed.complete(fill, flow):
            return
        fills, now = self.fleet.incidents.fills, self.fleet.network.now
        fills.ended[fill.row] = now
        fills.bytes[fill.row] = flow.size
        if fill.leg.cold is not None:
            fill.leg.cold.warm(fill.step.layer)
        self.filled(fill)

    def filled(self, fill: Fill) -> None:
        """A layer has come from the upstream, to the store or to a client."""
        self._release(fill)
        if not fill.keeps:
            return
        shelf, network = fill.shelf, self.fleet.network
        if shelf.fills.get(fill.key) is fill:
            del shelf.fills[fill.key]
        self._store(shelf, fill.key, fill.step.compressed)
        fill.is_stored = True
        for reading in list(fill.readers):
            reading.end()
        for told in fill.told:
            told(FINE)
        # A lock that was too old is held by another fetch, of which those who wait know nothing.
        other = shelf.fills.get(fill.key) if self.spec.coalesce == "lock" else None
        for waiting in [*fill.waiting, *(() if other is None else other.waiting)]:
            if self.spec.poll > 0.0:
                network.call_later(self.until_look(waiting.since), self._looks, waiting)
            else:
                self._hand_out(waiting)

    def until_look(self, since: float) -> float:
        """When a request that has waited since then looks again whether what it waits for is there [s]."""
        poll, now = self.spec.poll, self.fleet.network.now
        return max(since + ceil((now - since) / poll - 1e-9) * poll - now, 0.0) if poll > 0.0 else 0.0

    def _looks(self, what: Any) -> None:
        waiting: Waiting = what
        if not waiting.over:
            self._hand_out(waiting)

    def _hand_out(self, waiting: Waiting) -> None:
        """What a client waited for is in the store."""
        self._served(waiting)
        waiting.asker.take(waiting.fetch, waiting.fetch.way)

    def lost(self, fill: Fill) -> None:
        """The client to whom a layer passed has hung up; those who waited for it ask anew."""
        if fill.is_over:
            return
        self._drop_fill(fill)
        for waiting in list(fill.waiting):
            self._served(waiting)
            self.hand_over(waiting.asker, waiting.fetch)

    def lose(self, fill: Fill, status: int, spent: float) -> None:
        """A layer does not come from the upstream: nobody gets it."""
        if fill.is_over:
            return
        self._drop_fill(fill)
        answer = LIMITED if status == LIMITED else UNAVAILABLE
        for told in fill.told:
            told(answer)
        for reading in list(fill.readers):
            reading.asker.lose(reading.fetch, BROKEN, 0.0)
        for waiting in list(fill.waiting):
            waiting.asker.lose(waiting.fetch, answer, self._in_vain(waiting))
        if fill.reader is not None:
            asker, fetch = fill.reader
            fetch.handed = None
            asker.lose(fetch, BROKEN if status == BROKEN else answer, 0.0)

    def broken(self, fill: Fill) -> None:
        """The upstream went away."""
        self.lose(fill, BROKEN, 0.0)

    def _drop_fill(self, fill: Fill) -> None:
        self._release(fill)
        if fill.shelf.fills.get(fill.key) is fill:
            del fill.shelf.fills[fill.key]
        flow = fill.flow
        if flow is not None and fill.reader is None:
            fill.flow = None
            fills = self.fleet.incidents.fills
            fills.bytes[fill.row] = fill.came = self.fleet.network.stop(flow)
            fills.ended[fill.row] = self.fleet.network.now
            if self.fleet.follows:
                self.fleet.close(flow)

    def _release(self, fill: Fill) -> None:
        """Give the connection to the upstream back."""
        fill.is_over = True
        self.filling.pop(fill, None)
        up = self.upstream
        up.fetches.pop(fill, None)
        if fill.handed is not None:
            fill.handed.left(fill)
        holds, fill.holds = fill.holds, None
        if holds is not None:
            holds.release()
        elif fill.ticket is not None:
            up.connections[fill.replica].give_up(fill.ticket)
            fill.ticket = None

    def whole(self, fill: Fill) -> None:
        """The upstream, which is a cache as well, ignores the range of a layer that passes: so does this one."""
        if fill.reader is not None:
            asker, fetch = fill.reader
            asker.whole(fetch)
            fill.left = fetch.left

    def waited(self, fill: Fill, cause: int, seconds: float) -> None:
        """A layer of its own waited at the upstream, which is a cache as well."""

    @property
    def patience(self) -> float | None:
        """How long it waits for an answer: as long as it takes (distribution, nginx, Harbor: assumed of all)."""
        return None

    def go_down(self) -> None:
        """The cache goes down, and what it fetches with it; the store stays."""
        passing = [fill for shelf in self.shelves for fill in shelf.fills.values() if fill.reader is not None]
        for fill in [*self.filling, *passing]:
            if fill.reader is None:
                self._drop_fill(fill)
            for told in fill.told:
                told(UNAVAILABLE)
            for waiting in list(fill.waiting):
                waiting.asker.lose(waiting.fetch, BROKEN, self._in_vain(waiting))

    def settle(self) -> list[Flow]:
        """Write down how far unfinished fills came; their flows."""
        fills, flows = self.fleet.incidents.fills, list(self.host.flows)
        for flow in flows:
            fills.bytes[flow.tag.row] = self.fleet.network.received(flow)
        return flows

    def waits(self, way: Way, replica: int) -> float:
        """How long a request to the upstream and its answer now wait in queues [s].

        The request waits behind what the cache serves; measured with distribution 2.8.2, of which a warm one needs
        170 ms for two round trips of 40 ms while its own link is full.
        """
        queues = self.fleet.queues
        if queues is None:
            return 0.0
        answer = queues.towards(self.host, way.kinds[replica], way.round_trip, way.nic_wait)
        return queues.on(self.own_links, way.round_trip) + answer

    def after_pings(self, requests: int, then: Callable[[Any], None], what: Any) -> None:
        """Go on when so many requests may be sent, of which some caches make sure before each, one at a time.

        Each ping stands in line anew, as its request comes after the answer to the one before.
        """
        if not self.spec.pings or not requests:
            then(what)
            return
        self.count(PING)
        self.pings.append((lambda what: self.after_pings(requests - 1, then, what), what))
        if len(self.pings) == 1:
            self._ping()

    def _ping(self) -> None:
        way, up = self.upstream_way, self.upstream
        down = up.fallible and up.answer(self.address, self.fleet.network.now, -1, False) <= BROKEN
        trips = REFUSED_TRIPS if down else PING_TRIPS
        self.fleet.network.call_later(trips * (way.round_trip + self.waits(way, 0)), self._pinged, None)

    def _pinged(self, _: object) -> None:
        then, what = self.pings.popleft()
        if self.pings:
            self._ping()
        then(what)

    def count(self, what: int) -> None:
        """A request to the upstream."""
        incidents = self.fleet.incidents
        incidents.cache_requests.add(self.server.index, self.upstream.index, what, self.fleet.network.now)

    def refused(self, status: int) -> None:
        """The upstream refused one; it is among those that are counted."""
        self.fleet.incidents.refusals.add(self.upstream.index, self.fleet.network.now, status, -1)


def _refuse(what: Any) -> None:
    asker, fetch = what
    asker.lose(fetch, UNAVAILABLE, 0.0)


def _gives_up(what: Any) -> None:
    """A client has waited for the header of an answer as long as it does."""
    waiting, header = what
    if not waiting.over:
        waiting.asker.lose(waiting.fetch, HEADER, header)
