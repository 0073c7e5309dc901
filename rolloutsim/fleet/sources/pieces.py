"""Nodes that hand pieces of layers to one another, as a source: a swarm for each layer.

What its members receive, `rolloutsim.fleet.sources.swarm` says; here it becomes links and flows. All members of a swarm
take from one link, its supply, whose capacity changes when somebody joins, has all, or goes away. Those that hold all
that has left the seeds are capped at the rate at which new content comes. Who has the first copy is in
`rolloutsim.fleet.sources.seeding`: what seeds send are flows over their own links, which other traffic may slow down.
Bytes of a node come from another rack as often as one of its partners is there.

A runtime gets a layer as it comes, or, where it is stored first and forwarded then, when all of it is there: until then
it waits for the header of the answer. Where it does not wait so long it asks the next host, and the swarm loses that
member (assumed: Kraken's agent would go on, for nobody). What it reads then is in the node's memory, and takes no time
(assumed).

Members have their links for a layer less what the other layers of the image take, as many as are fetched at a time
(assumed: equal parts).
"""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.incidents import HEAD, LAYER
from rolloutsim.fleet.ledger import SEEDS
from rolloutsim.fleet.pulls import wait_on
from rolloutsim.fleet.sources.first_copies import FromSource, Waiting, passed_on
from rolloutsim.fleet.sources.seeding import FirstMember, Origin, Replicas, SeedPeers
from rolloutsim.fleet.sources.source import FINE, Connections, Source
from rolloutsim.fleet.sources.swarm import Swarm
from rolloutsim.scenario.answers import BROKEN, HEADER, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario import resolved

# How long a swarm whose seeds are away waits until it looks for them again [s]: Kraken announces itself as often
# (lib/torrent/scheduler/config.go).
LOOK_AGAIN: Final = 3.0

# Who joins within so long is told of the others at the same time [s] (assumed: an answer of the tracker).
TOGETHER: Final = 0.05

# By how much the rate of new content must change until members notice (assumed: no finish moves by more).
_NOTICED: Final = 0.005

# A rate that is none, of a layer [1/s] (assumed: it would take longer than the longest time that there is).
_NONE: Final = 1e-12

# Two looks at a swarm are so far apart at least [s] (assumed: far below any lag).
_LEAST: Final = 1e-3


class Member:
    """A node that fetches a layer in pieces."""

    __slots__ = (
        "asked", "asker", "ended", "fetch", "is_current", "kind", "over", "place", "receives", "since", "torrent",
    )  # fmt: skip

    def __init__(self, torrent: Torrent, asker: Any, fetch: Fetch, asked: float, kind: int) -> None:
        self.torrent = torrent
        self.asker = asker
        self.asked = asked  # when it sent its request [s]
        self.fetch = fetch
        self.kind = kind  # of the swarm's
        self.place = torrent.joined  # how many have joined before it
        torrent.joined += 1
        self.receives = False
        self.is_current = False  # whether it has all that has left the seeds
        self.over = False  # whether it receives no more
        self.ended: Flow | None = None  # its flow, while the last pieces are missing
        self.since = 0.0  # when that had moved all [s]

    def left(self, fetch: Fetch) -> None:
        """It gives up."""
        fetch.handed = None
        self.torrent.leave(self)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All bytes have arrived; the last pieces may take a little longer."""
        return self.torrent.complete(self, flow)

    def cut(self, fetch: Fetch) -> float:
        """What waits for its last pieces has all but these, and all of it is in the swarm [B].

        What its seconds went to is noted.
        """
        if self.ended is not None:
            trouble, now = fetch.in_trouble(), self.torrent.peers.fleet.network.now
            trouble.merge(self.ended, self.since)
            trouble.spent[SEEDS] = trouble.spent.get(SEEDS, 0.0) + now - self.since
        return fetch.left


class Torrent:
    """The swarm of a layer.

    Parameters
    ----------
    peers : PiecePeers
        Whose it is.
    layer : int
        The layer's number in the case.
    size : float
        Compressed [B].
    registry : Registry
        Whose it is.
    """

    __slots__ = (
        "check", "fresh", "held", "joined", "joiners", "layer", "members", "origin", "peers", "planned", "supply",
        "swarm", "waiting",
    )  # fmt: skip

    def __init__(self, peers: PiecePeers, layer: int, size: float, registry: Registry) -> None:
        network = peers.fleet.network
        self.peers = peers
        self.layer = layer
        pieces = peers.pieces(size)
        self.supply = network.link(f"{peers.name}.supply.{layer}", peers.most_supply)
        peers.links.append(self.supply)
        self.origin: Origin = peers.origin_of(self, registry)
        # A layer of which all is reused is nothing: its pieces are of one byte in all, which nobody waits for.
        self.swarm = Swarm(peers.profile, pieces, max(size, 1.0) / pieces, self.origin.sending)
        self.members: dict[Member, None] = {}
        self.waiting: dict[Waiting, None] = {}  # who join when there is something to receive
        self.held: list[tuple[Member, float]] = []  # complete so long after whoever has the first copy [s]
        self.joiners: list[Member] = []
        self.joined = 0  # members until now
        self.fresh: dict[int, float] = {}  # of each kind, at which rate members that have all there is receive [B/s]
        self.planned = False  # whether its links are looked at when this instant is over
        self.check = 0  # number of the latest plan to look again

    # ---- who is in it ------------------------------------------------------------------------------------

    def ask(self, asker: Any, fetch: Fetch, asked: float) -> None:
        """A node wants the layer, for which it asked at a time [s]: it joins when there is something to receive."""
        if self.origin.takes(asker, fetch):
            return
        if self.origin.is_ready:
            self._join(asker, fetch, asked)
        else:
            self.waiting[Waiting(asker, fetch, asked, self.peers.fleet.network.now, self)] = None

    def ready(self) -> None:
        """There is something to receive, or there are more who send."""
        self.swarm.seeds = tuple(self.origin.sending)
        waiting, self.waiting = self.waiting, {}
        for one in waiting:
            one.goes_on(self.peers.fleet.network.now)
            self._join(one.asker, one.fetch, one.asked)
        self.look_afterwards()

    def release(self) -> None:
        """Whoever has the first copy has all of it: so have those who waited for that."""
        held, self.held = self.held, []
        for member, wait in held:
            self.peers.fleet.network.call_later(wait, self._ended, member)

    def fail(self, status: int) -> None:
        """There is no first copy, and none comes."""
        now = self.peers.fleet.network.now
        for one in list(self.waiting):
            one.fails(now, passed_on(status))
        held, self.held = self.held, []
        for member in (*self.members, *(one for one, _ in held)):
            if member.fetch.handed is member:
                member.asker.lose(member.fetch, BROKEN, 0.0)

    def give_way(self) -> bool:
        """One who wants the layer gets it from the source; whether another one has to be found."""
        for one in self.waiting:
            one.goes_on(self.peers.fleet.network.now)
            self.ask(one.asker, one.fetch, one.asked)
            return False
        for member in self.members:
            member.asker.lose(member.fetch, BROKEN, 0.0)
            return True
        self.release()
        return False

    def _join(self, asker: Any, fetch: Fetch, asked: float) -> None:
        """A node is a member."""
        network = self.peers.fleet.network
        member = Member(self, asker, fetch, asked, self.swarm.kind(*self.peers.rates(fetch)))
        fetch.handed = member
        self.members[member] = None
        self.swarm.advance(network.now)
        self.swarm.join(member.kind)
        if self.peers.profile.start:
            self.look_afterwards()  # seeds send before anybody receives at the swarm's rates
        if not self.joiners:
            network.call_later(TOGETHER, self._let_in)
        self.joiners.append(member)

    def _let_in(self, _: object) -> None:
        """Those who have joined together receive after a lag."""
        joiners, self.joiners = [member for member in self.joiners if not member.over], []
        network, lags = self.peers.fleet.network, dict[int, float]()
        for member in joiners:
            lag = lags.get(member.kind)
            if lag is None:
                lag = lags[member.kind] = self.swarm.lag(member.kind)
            network.call_later(lag, self._receive, member)

    def _receive(self, what: Any) -> None:
        member: Member = what
        if member.over:
            return
        swarm = self.swarm
        swarm.advance(self.peers.fleet.network.now)
        swarm.receive(member.kind)
        member.receives = True
        if swarm.first[member.kind]:
            member.is_current = True
        elif swarm.outside < 1.0 and 1.0 - member.fetch.left / swarm.size >= swarm.outside:
            member.is_current = True
            swarm.catch_up(member.kind)
        self.look_afterwards()
        self.peers.take(member)

    def complete(self, member: Member, flow: Flow) -> bool:
        """A member has all bytes; whether that is all, or the last pieces take a little longer."""
        swarm, network, fetch = self.swarm, self.peers.fleet.network, member.fetch
        self._out(member)
        swarm.finish(member.kind)
        wait = swarm.end(member.kind, member.place)
        if wait <= 0.0 and self.origin.is_complete:
            fetch.handed = None
            return True
        fetch.flow, member.ended, member.since = None, flow, network.now
        if self.origin.is_complete:
            network.call_later(wait, self._ended, member)
        else:
            self.held.append((member, wait))
        return False

    def _ended(self, what: Any) -> None:
        member: Member = what
        flow, fetch = member.ended, member.fetch
        if flow is not None and fetch.handed is member:
            fetch.handed = None
            wait_on(flow, member.since, self.peers.fleet.network.now, SEEDS)
            member.asker.arrived(flow)

    def leave(self, member: Member) -> None:
        """A member goes away without the layer."""
        if not member.over:
            self._out(member)
            self.swarm.give_up(member.kind, member.receives)

    def _out(self, member: Member) -> None:
        swarm = self.swarm
        swarm.advance(self.peers.fleet.network.now)
        member.over = True
        del self.members[member]
        if member.is_current and not swarm.first[member.kind]:
            swarm.lag_behind(member.kind)
        self.look_afterwards()

    # ---- what they get -----------------------------------------------------------------------------------

    def look_afterwards(self) -> None:
        """Bring the links to what holds when this instant is over."""
        if not self.planned:
            self.planned = True
            self.peers.fleet.network.call_afterwards(self._look_now)

    def _look_now(self, _: object) -> None:
        self.planned = False
        self._update()

    def _update(self) -> None:
        swarm, network = self.swarm, self.peers.fleet.network
        swarm.advance(network.now)
        if swarm.all_outside_at() <= network.now:
            self._all_is_outside()
        if not sum(swarm.behind) + sum(swarm.current) + sum(swarm.waiting):
            swarm.update()
            self.origin.rest()
            return
        self.origin.begin()
        sending = self.origin.sending
        swarm.seeds = tuple(sending) if self.origin.is_up else (0.0,) * len(sending)
        rates = swarm.update()
        if swarm.outside < 1.0 and self._sort(rates.keeps_up):
            rates = swarm.update()
        network.set_capacity(self.supply, min(rates.capacity, self.supply.nominal))
        self.origin.send(rates.sent)
        for kind, rate in enumerate(rates.fresh):
            fresh, before = max(rate, _NONE * swarm.size), self.fresh.get(kind, inf)
            if before != fresh and not abs(fresh - before) <= _NOTICED * fresh:
                self.fresh[kind] = fresh
                for member in self.members:
                    if member.is_current and member.kind == kind:
                        self.peers.cap(member)
        self._plan(rates.keeps_up)

    def _sort(self, keeps_up: tuple[bool, ...]) -> bool:
        """See who has caught up with the seeds, and who cannot keep up; whether there is somebody."""
        swarm, found = self.swarm, False
        if all(keeps_up) and not any(swarm.behind):
            return False
        for member in self.members:
            kind = member.kind
            if not member.receives or swarm.first[kind]:
                continue
            is_current = keeps_up[kind] and (member.is_current or self._has(member) >= swarm.outside - _NOTICED)
            if is_current is not member.is_current:
                found = True
                (swarm.catch_up if is_current else swarm.lag_behind)(kind)
                member.is_current = is_current
                self.peers.cap(member)
        return found

    def _has(self, member: Member) -> float:
        """The share of the layer that a member has."""
        flow, network = member.fetch.flow, self.peers.fleet.network
        return 1.0 - (member.fetch.left - (0.0 if flow is None else network.received(flow))) / self.swarm.size

    def _plan(self, keeps_up: tuple[bool, ...]) -> None:
        """Look again when all is outside, when somebody has caught up, or may find the seeds again."""
        swarm, network = self.swarm, self.peers.fleet.network
        self.check += 1
        due = swarm.all_outside_at()
        if not self.origin.is_up:
            due = network.now + LOOK_AGAIN
        if swarm.outside < 1.0 and any(swarm.behind):
            rates = swarm.rates
            taken = sum([rate * count for rate, count in zip(rates.fresh, swarm.current, strict=True) if count])
            rate = (rates.capacity - taken) / sum(swarm.behind)  # of those behind, about
            for member in self.members:
                fresh = rates.fresh[member.kind]
                if member.receives and not member.is_current and keeps_up[member.kind] and rate > fresh:
                    gap = max(swarm.outside - self._has(member), 0.0) * swarm.size
                    due = min(due, network.now + max(gap / (rate - fresh), _LEAST))
        if due < inf:
            network.call_later(max(due - network.now, 0.0), self._look, self.check)

    def _look(self, number: Any) -> None:
        if number != self.check:
            return
        swarm = self.swarm
        swarm.advance(self.peers.fleet.network.now)
        # What is missing may take less than a step of the clock.
        if swarm.outside >= 1.0 - _ROUNDING or swarm.all_outside_at() <= swarm.now:
            self._all_is_outside()
        self._update()

    def _all_is_outside(self) -> None:
        """Nobody is limited any more by what has left the seeds, but those who came first and keep to themselves."""
        swarm = self.swarm
        swarm.everything_is_outside()
        for member in self.members:
            if member.is_current and not swarm.first[member.kind]:
                member.is_current = False
                self.peers.cap(member)


_ROUNDING: Final = 1e-9  # of a layer


def _nothing() -> None:
    """Nobody else waits for it."""


class PiecePeers(Source):
    """The nodes of some groups, as a source of layers in pieces.

    Parameters
    ----------
    index : int
        Their number among the case's outlets.
    spec : Peers
        How they work.
    fleet : Fleet
        What they share with others.
    """

    __slots__ = (
        "answers_after", "feed_kinds", "feeding", "first_address", "fleet", "held", "host", "legs", "links", "make_leg",
        "most_supply", "nobody", "profile", "rates", "registry_of", "seed_kinds", "seed_rate", "seed_rates", "seed_way",
        "source_leg", "spec", "torrents",
    )  # fmt: skip

    def __init__(self, index: int, spec: resolved.Peers, fleet: Fleet) -> None:
        super().__init__(index, spec.name, (Connections(None),), True)
        assert spec.swarm is not None
        self.handler = self
        self.spec = spec
        self.profile = spec.swarm
        self.fleet = fleet
        self.host = fleet.network.host(fleet.network.profile(()))
        self.torrents: dict[int, Torrent] = {}
        self.feeding: dict[Origin, None] = {}
        self.held = min(spec.seeds, self.profile.seeds_of_layer or spec.seeds)  # copies of a layer that its seeds get
        self.nobody = 0  # look-ups that found nobody: in vain is none
        # Set when all nodes and servers are known.
        self.links: list[SharedLink]  # takes those of all swarms
        self.most_supply: float  # of any swarm [B/s]
        self.rates: Callable[[Fetch], tuple[float, float]]  # what a node can receive and send for a layer [B/s]
        self.make_leg: Callable[[Way, Torrent], Way]
        self.registry_of: Callable[[int], Registry]  # of an image, by its number
        self.feed_kinds: Callable[[Registry, SharedLink], list[Kind]]
        self.seed_rates: Callable[[Registry], list[float]]
        self.seed_rate: float  # what one of its own seeds can send [B/s]
        self.seed_kinds: Callable[[SharedLink], list[Kind]]
        self.seed_way: Callable[[Registry], Way]  # of what these get
        self.source_leg: Callable[[Fetch, Registry], Way]  # of what a member gets from the registry itself
        self.answers_after: Callable[[Registry, Way], float]  # a request about a layer's length [s]
        self.first_address: int  # of its own seeds
        self.legs: dict[tuple[Way, Torrent], Way] = {}

    def pieces(self, size: float) -> int:
        """Into how many pieces bytes fall."""
        return max(1, ceil(size / self.spec.piece))

    def origin_of(self, torrent: Torrent, registry: Registry) -> Origin:
        """Where the first copy of a layer comes from."""
        if self.spec.seeds:
            return SeedPeers(torrent, registry)
        return FirstMember(torrent, registry) if self.profile.asks_source else Replicas(torrent, registry)

    def hand_over(self, asker: Any, fetch: Fetch) -> None:
        """A layer is wanted."""
        network, registry, patience = self.fleet.network, self.registry_of(fetch.image), asker.patience
        asked = network.now
        if self.spec.store_and_forward and patience is not None:
            network.call_later(patience, self._gives_up, (asker, fetch, asked, patience))
        if not self.profile.asks_source:
            self._torrent(fetch, registry).ask(asker, fetch, asked)
            return
        waiting = Waiting(asker, fetch, asked, asked)
        status = self.ask(registry, asker.address, fetch.step.layer, fetch.image, HEAD)
        wait = self.answers_after(registry, self.source_leg(fetch, registry))
        network.call_later(wait, self._answered, (waiting, registry, status))

    def _answered(self, what: Any) -> None:
        """The registry has told how long a layer is, or has not."""
        waiting, registry, status = what
        asker, fetch, now = waiting.asker, waiting.fetch, self.fleet.network.now
        if fetch.handed is not waiting:
            return
        if status != FINE:
            waiting.fails(now, passed_on(status))
            return
        waiting.goes_on(now)
        if fetch.step.compressed <= self.profile.from_source:
            FromSource(self, registry, asker, fetch, _nothing, _nothing, _nothing).ask()
        else:
            self._torrent(fetch, registry).ask(asker, fetch, waiting.asked)

    def _torrent(self, fetch: Fetch, registry: Registry) -> Torrent:
        layer = fetch.step.layer
        if layer not in self.torrents:
            self.torrents[layer] = Torrent(self, layer, fetch.step.compressed, registry)
        return self.torrents[layer]

    def _gives_up(self, what: Any) -> None:
        """A runtime has waited for the header of an answer as long as it does: it asks the next host."""
        asker, fetch, asked, patience = what
        handed = fetch.handed
        if isinstance(handed, (Member, Waiting)) and handed.asked == asked and fetch.way.source is self:
            # Of one that has bytes, it is told what they have waited for.
            asker.lose(fetch, HEADER, 0.0 if isinstance(handed, Member) and handed.receives else patience)

    # ---- requests to the registry ------------------------------------------------------------------------

    def ask(self, registry: Registry, address: int, layer: int, image: int, what: int) -> int:
        """Ask a registry about a layer, or for it; how it answers."""
        incidents, now = self.fleet.incidents, self.fleet.network.now
        incidents.cache_requests.add(self.index, registry.index, what, now)
        status = registry.answer(address, now, layer, False, image) if registry.fallible else FINE
        if status != FINE:
            incidents.refusals.add(registry.index, now, status, -1)
        return status

    def ask_for_pieces(
        self, registry: Registry, address: int, layer: int, image: int, size: float, is_fetch: bool = False
    ) -> int:
        """Ask for so much of a layer, in ranges of a piece if members do that; how the first request is answered.

        The others count as sent at the same time, and as answered (assumed: what is refused is asked for again in
        time). Of a fetch one request counts as that of the fetch, if it is answered.
        """
        incidents, now = self.fleet.incidents, self.fleet.network.now
        if not is_fetch:
            first = self.ask(registry, address, layer, image, LAYER)
        else:
            first = registry.answer(address, now, layer, False, image) if registry.fallible else FINE
            if first != FINE:
                incidents.cache_requests.add(self.index, registry.index, LAYER, now)
                incidents.refusals.add(registry.index, now, first, -1)
        if first == FINE and self.profile.source_connections > 1:
            for _ in range(self.pieces(size) - 1):
                incidents.cache_requests.add(self.index, registry.index, LAYER, now)
                if registry.fallible:
                    registry.answer(address, now, layer, False, image)
        return first

    def take(self, member: Member) -> None:
        """The bytes of a member flow."""
        key = member.fetch.way, member.torrent
        leg = self.legs.get(key)
        if leg is None:
            leg = self.legs[key] = self.make_leg(*key)
        member.asker.take(member.fetch, leg)
        if member.is_current:
            self.cap(member)

    def cap(self, member: Member) -> None:
        """A member receives no faster than new content comes, or as fast as it can."""
        flow, network = member.fetch.flow, self.fleet.network
        if flow is None:
            return
        kind, fresh = member.fetch.kind(), member.torrent.fresh.get(member.kind, inf)
        cap, cause = kind.cap, kind.capped_by
        if member.is_current and fresh < cap:
            cap, cause = fresh, SEEDS
        network.reweigh(flow, network.kind(kind.links, kind.usage, cap, flow.kind.weight, cause, kind.shares))

    def begin(self, origin: Origin) -> None:
        """Seeds begin to send."""
        self.feeding[origin] = None
        self._divide(origin.shares)

    def rest(self, origin: Origin) -> None:
        """They have nothing to send any more."""
        del self.feeding[origin]
        self._divide(origin.shares)

    def _divide(self, shares: object) -> None:
        """What seeds can send is divided among the swarms that they feed."""
        several = [origin for origin in self.feeding if origin.shares is shares]
        for origin in several:
            origin.feed(len(several))
            origin.torrent.look_afterwards()

    def settle(self) -> list[Flow]:
        """Write down what the seeds have sent; their flows."""
        for torrent in self.torrents.values():
            torrent.origin.settle()
        return list(self.host.flows)

    def look_up(self, asker: Any, pull: Pull, manifest: bool) -> None:
        """A manifest, token or config is wanted."""
        asker.found(pull, FINE if self.spec.manifests else MISSING, SEEDS, 0.0)

    def go_away(self, node: int) -> None:
        """A node is down: its fetches end by themselves, and what it has seeded others do (assumed)."""

    def come_back(self, node: int) -> None:
        """A node is up again."""

    def go_down(self) -> None:
        """They do not fail together."""
