"""Nodes that hand pieces of layers to one another, as a source: a swarm for each layer.

What its members receive, `rolloutsim.fleet.sources.swarm` says; here it becomes links and flows. All members of a swarm
take from one link, its supply, whose capacity changes when somebody joins, has all, or goes away. Those that hold all
that has left the seeds are capped at the rate at which new content comes. The registry of the layer's image seeds it,
each of its replicas a seed: what they send are flows over the registry's own links, which other traffic may slow down.
Bytes of a node come from another rack as often as one of its partners is there.

Members have their links for a layer less what the other layers of the image take, as many as are fetched at a time
(assumed: equal parts).
"""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.ledger import SEEDS
from rolloutsim.fleet.pulls import wait_on
from rolloutsim.fleet.sources.source import FINE, Connections, Source
from rolloutsim.fleet.sources.swarm import Swarm
from rolloutsim.scenario.answers import MISSING

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

# A rate that is none [B/s], and a size that no flow ever moves, of which bytes can still be told [B].
_NONE: Final = 1e-3
_ENDLESS: Final = 1e15

# Two looks at a swarm are so far apart at least [s] (assumed: far below any lag).
_LEAST: Final = 1e-3


class Member:
    """A node that fetches a layer in pieces."""

    __slots__ = ("asker", "ended", "fetch", "is_current", "kind", "over", "place", "receives", "torrent")

    def __init__(self, torrent: Torrent, asker: Any, fetch: Fetch, kind: int) -> None:
        self.torrent = torrent
        self.asker = asker
        self.fetch = fetch
        self.kind = kind  # of the swarm's
        self.place = torrent.joined  # how many have joined before it
        torrent.joined += 1
        self.receives = False
        self.is_current = False  # whether it has all that has left the seeds
        self.over = False  # whether it receives no more
        self.ended: Flow | None = None  # its flow, while the last pieces are missing

    def left(self, fetch: Fetch) -> None:
        """It gives up."""
        fetch.handed = None
        self.torrent.leave(self)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All bytes have arrived; the last pieces may take a little longer."""
        return self.torrent.complete(self, flow)

    def cut(self, fetch: Fetch) -> float:
        """What waits for its last pieces has all but these [B]."""
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
        Who seeds it.
    """

    __slots__ = (
        "check", "feeds", "fresh", "joined", "joiners", "layer", "members", "peers", "planned", "row", "seeded",
        "sending", "supply", "swarm", "throttle",
    )  # fmt: skip

    def __init__(self, peers: PiecePeers, layer: int, size: float, registry: Registry) -> None:
        network = peers.fleet.network
        self.peers = peers
        self.layer = layer
        self.seeded = registry
        pieces = max(1, ceil(size / peers.spec.piece))
        self.sending = peers.seed_rates(registry)  # what each seed can send, as far as is known [B/s]
        self.swarm = Swarm(peers.profile, pieces, size / pieces, self.sending)
        self.supply = network.link(f"{peers.name}.supply.{layer}", peers.most_supply)
        self.throttle = network.link(f"{peers.name}.seeds.{layer}", sum(self.sending))
        peers.links += (self.supply, self.throttle)
        self.members: dict[Member, None] = {}
        self.joiners: list[Member] = []
        self.joined = 0  # members until now
        self.feeds: list[Flow] = []
        self.fresh: dict[int, float] = {}  # of each kind, at which rate members that have all there is receive [B/s]
        self.planned = False  # whether its links are looked at when this instant is over
        self.check = 0  # number of the latest plan to look again
        self.row = -1  # of the ledger's fills

    # ---- who is in it ------------------------------------------------------------------------------------

    def join(self, asker: Any, fetch: Fetch) -> None:
        """A node asks for the layer."""
        network = self.peers.fleet.network
        member = Member(self, asker, fetch, self.swarm.kind(*self.peers.rates(fetch)))
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
        if wait <= 0.0:
            fetch.handed = None
            return True
        fetch.flow, member.ended = None, flow
        network.call_later(wait, self._ended, (member, network.now))
        return False

    def _ended(self, what: Any) -> None:
        member, since = what
        flow, fetch = member.ended, member.fetch
        if fetch.handed is member:
            fetch.handed = None
            wait_on(flow, since, self.peers.fleet.network.now, SEEDS)
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
            self._stop_feeds()
            return
        self._start_feeds()
        swarm.seeds = tuple(self.sending) if self.seeded.up else (0.0,) * len(self.sending)
        rates = swarm.update()
        if swarm.outside < 1.0 and self._sort(rates.keeps_up):
            rates = swarm.update()
        network.set_capacity(self.supply, min(rates.capacity, self.supply.nominal))
        network.set_capacity(self.throttle, min(rates.sent, self.throttle.nominal))
        for kind, rate in enumerate(rates.fresh):
            fresh, before = max(rate, _NONE), self.fresh.get(kind, inf)
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
        if not self.seeded.up:
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
        if swarm.outside >= 1.0 - _ROUNDING:
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

    # ---- what the seeds send -----------------------------------------------------------------------------

    def _start_feeds(self) -> None:
        peers = self.peers
        if self.feeds or not self.seeded.up:
            return
        network, fills = peers.fleet.network, peers.fleet.incidents.fills
        self.row = fills.add(peers.index, self.seeded.index, self.layer, network.now)
        fills.started[self.row] = network.now
        for kind in peers.feed_kinds(self.seeded, self.throttle):
            self.feeds.append(network.start(peers.host, kind, _ENDLESS, _never, self))
        self.seeded.fetches[self] = self
        peers.feeding[self] = None
        peers.divide(self.seeded)

    def _stop_feeds(self) -> None:
        peers = self.peers
        if not self.feeds:
            return
        self.settle()
        for flow in self.feeds:
            peers.fleet.network.stop(flow)
        peers.fleet.incidents.fills.ended[self.row] = peers.fleet.network.now
        self.feeds = []
        self.seeded.fetches.pop(self, None)
        del peers.feeding[self]
        peers.divide(self.seeded)

    def settle(self) -> None:
        """Write down what the seeds have sent."""
        peers = self.peers
        sent = sum(peers.fleet.network.received(flow) for flow in self.feeds)
        peers.fleet.incidents.fills.bytes[self.row] = sent

    def broken(self, _: object) -> None:
        """The registry went away: nobody seeds until it is found again."""
        self._stop_feeds()
        self.look_afterwards()


_ROUNDING: Final = 1e-9  # of a layer


def _never(flow: Flow) -> None:
    """A feed does not end by itself."""


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
        "feed_kinds", "feeding", "fleet", "host", "legs", "links", "make_leg", "most_supply", "nobody", "profile",
        "rates", "registry_of", "seed_rates", "spec", "torrents",
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
        self.feeding: dict[Torrent, None] = {}
        self.nobody = 0  # look-ups that found nobody: in vain is none
        # Set when all nodes and servers are known.
        self.links: list[SharedLink]  # takes those of all swarms
        self.most_supply: float  # of any swarm [B/s]
        self.rates: Callable[[Fetch], tuple[float, float]]  # what a node can receive and send for a layer [B/s]
        self.make_leg: Callable[[Way, Torrent], Way]
        self.registry_of: Callable[[int], Registry]  # of an image, by its number
        self.feed_kinds: Callable[[Registry, SharedLink], list[Kind]]
        self.seed_rates: Callable[[Registry], list[float]]
        self.legs: dict[tuple[Way, Torrent], Way] = {}

    def hand_over(self, asker: Any, fetch: Fetch) -> None:
        """A layer is wanted."""
        torrent = self.torrents.get(fetch.step.layer)
        if torrent is None:
            registry = self.registry_of(fetch.image)
            torrent = self.torrents[fetch.step.layer] = Torrent(self, fetch.step.layer, fetch.step.compressed, registry)
        torrent.join(asker, fetch)

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

    def divide(self, registry: Registry) -> None:
        """What a registry can send is divided among the swarms that it seeds."""
        several = [torrent for torrent in self.feeding if torrent.seeded is registry]
        for torrent in several:
            torrent.sending = [rate / len(several) for rate in self.seed_rates(registry)]
            torrent.look_afterwards()

    def settle(self) -> list[Flow]:
        """Write down what the seeds have sent; their flows."""
        for torrent in self.feeding:
            torrent.settle()
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
