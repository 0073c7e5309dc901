"""A copy of a swarm's layer on its way from the registry: to one of its seeds, or to a member.

Before that somebody waits: for what the registry says about the layer, or until the swarm has something of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.incidents import HEAD
from rolloutsim.fleet.ledger import LOOKED_UP, SEEDS
from rolloutsim.fleet.sources.source import FINE, LIMITED, UNAVAILABLE
from rolloutsim.scenario.answers import BROKEN, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.pulls import Fetch
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.fleet.sources.pieces import PiecePeers, Torrent
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.fleet.sources.seeding import SeedPeers
    from rolloutsim.fleet.sources.source import Connections, Ticket
    from rolloutsim.network.states import Flow


class Copy:
    """A layer on its way from the registry to a seed; to the registry it is a fetch as those of nodes are."""

    __slots__ = ("address", "flow", "holds", "image", "left", "origin", "replica", "row", "ticket", "way")

    def __init__(self, origin: SeedPeers, number: int, fetch: Fetch) -> None:
        self.origin: SeedPeers = origin
        # Layers take the seeds in turn.
        seed = (origin.torrent.layer + number) % origin.torrent.peers.spec.seeds
        self.address = origin.torrent.peers.first_address + seed
        self.image = fetch.image
        self.left = origin.torrent.swarm.size
        self.way: Way = origin.torrent.peers.seed_way(origin.registry)
        self.replica = 0
        self.row = -1  # of the ledger's fills
        self.flow: Flow | None = None
        self.holds: Connections | None = None
        self.ticket: Ticket | None = None

    def ask(self) -> None:
        """Ask how long it is."""
        torrent, registry = self.origin.torrent, self.origin.registry
        peers = torrent.peers
        self.row = peers.fleet.incidents.fills.add(peers.index, registry.index, torrent.layer, peers.fleet.network.now)
        status = peers.ask(registry, self.address, torrent.layer, self.image, HEAD)
        peers.fleet.network.call_later(peers.answers_after(registry, self.way), self._answered, status)

    def _answered(self, what: Any) -> None:
        status: int = what
        registry, peers = self.origin.registry, self.origin.torrent.peers
        if status == FINE:
            status = peers.ask_for_pieces(registry, self.address, self.origin.torrent.layer, self.image, self.left)
        if status != FINE:
            self._end()
            self.origin.has_none(self, status)
            return
        self.replica = registry.next_replica()
        if registry.fallible:
            registry.fetches[self] = self
        self.ticket = registry.connections[self.replica].ask(_granted, self)

    def granted(self) -> None:
        """There is a connection."""
        self.holds, self.ticket = self.origin.registry.connections[self.replica], None
        wait = self.way.first_byte(self.origin.torrent.layer)
        self.origin.torrent.peers.fleet.network.call_later(wait, self._stream)

    def _stream(self, _: object) -> None:
        if self.holds is None:
            return
        torrent = self.origin.torrent
        fleet = torrent.peers.fleet
        fleet.incidents.fills.started[self.row] = fleet.network.now
        kinds = self.way.kinds
        cold = self.origin.registry.cold
        if cold is not None and cold.is_cold(torrent.layer):
            kinds = self.way.cold_kinds
        self.flow = fleet.network.start(torrent.peers.host, kinds[self.replica], self.left, _arrived, self)
        self.origin.streams()

    def arrived(self) -> None:
        """All of it has come."""
        fleet, cold = self.origin.torrent.peers.fleet, self.origin.registry.cold
        fleet.incidents.fills.bytes[self.row] = self.left
        if cold is not None:
            cold.warm(self.origin.torrent.layer)
        self.flow = None
        self._end()
        self.origin.has_all(self)

    def broken(self, _: object) -> None:
        """The registry went away."""
        self._end()
        self.origin.has_none(self, BROKEN)

    def settle(self) -> None:
        """Write down what has come."""
        fleet = self.origin.torrent.peers.fleet
        if self.flow is not None:
            fleet.incidents.fills.bytes[self.row] = fleet.network.received(self.flow)

    def _end(self) -> None:
        registry, fleet = self.origin.registry, self.origin.torrent.peers.fleet
        if self.flow is not None:
            fleet.incidents.fills.bytes[self.row] = fleet.network.stop(self.flow)
            self.flow = None
        fleet.incidents.fills.ended[self.row] = fleet.network.now
        registry.fetches.pop(self, None)
        holds, self.holds = self.holds, None
        if holds is not None:
            holds.release()
        elif self.ticket is not None:
            registry.connections[self.replica].give_up(self.ticket)
            self.ticket = None


class FromSource:
    """A layer on its way from the registry to a member.

    Parameters
    ----------
    peers : PiecePeers
        Whose member it is.
    registry : Registry
        The source.
    asker : Node
        The member.
    fetch : Fetch
        The layer's, or a range of it.
    streams, has_all, lost : callable
        Called when its first byte is there, when all of it is, or when it does not come.
    """

    __slots__ = ("asker", "fetch", "has_all", "holds", "leg", "lost", "peers", "registry", "streams", "ticket")

    def __init__(
        self,
        peers: PiecePeers,
        registry: Registry,
        asker: Any,
        fetch: Fetch,
        streams: Callable[[], None],
        has_all: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self.peers = peers
        self.registry: Registry = registry
        self.asker = asker
        self.fetch = fetch
        self.streams = streams
        self.has_all = has_all
        self.lost = lost
        self.leg = peers.source_leg(fetch, registry)
        self.holds: Connections | None = None
        self.ticket: Ticket | None = None

    def ask(self) -> None:
        """Ask for it."""
        fetch, registry, peers = self.fetch, self.registry, self.peers
        fetch.handed = self
        status = peers.ask_for_pieces(
            registry, self.asker.address, fetch.step.layer, fetch.image, fetch.left, is_fetch=True
        )
        if status != FINE:
            peers.fleet.network.call_later(self.leg.round_trip, self._refused, status)
            return
        fetch.replica = registry.next_replica()
        if registry.fallible:
            registry.fetches[self] = self
        self.ticket = registry.connections[fetch.replica].ask(_granted, self)

    def _refused(self, what: Any) -> None:
        status: int = what
        if self.fetch.handed is self:
            self.asker.lose(self.fetch, passed_on(status), self.leg.round_trip)

    def granted(self) -> None:
        """There is a connection."""
        self.holds, self.ticket = self.registry.connections[self.fetch.replica], None
        self.asker.take(self.fetch, self.leg)
        self.peers.fleet.network.call_later(self.leg.before_first_byte, self._streams)

    def _streams(self, _: object) -> None:
        if self.fetch.handed is self:
            self.streams()

    def broken(self, _: object) -> None:
        """The registry went away."""
        if self.holds is None:
            self.asker.lose(self.fetch, BROKEN, 0.0)
        else:
            self.asker.broken(self.fetch)

    def left(self, fetch: Fetch) -> None:
        """It has hung up."""
        self._end()
        self.lost()

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All of it has come."""
        self._end()
        if self.registry.cold is not None:
            self.registry.cold.warm(fetch.step.layer)
        self.has_all()
        return True

    def cut(self, fetch: Fetch) -> float:
        """Its bytes flow until they have arrived."""
        return 0.0

    def _end(self) -> None:
        self.fetch.handed = None
        self.registry.fetches.pop(self, None)
        holds, self.holds = self.holds, None
        if holds is not None:
            holds.release()
        elif self.ticket is not None:
            self.registry.connections[self.fetch.replica].give_up(self.ticket)
            self.ticket = None


class Waiting:
    """A node that waits for the answer about a layer, or until its swarm has something of it."""

    __slots__ = ("asked", "asker", "fetch", "since", "torrent")

    def __init__(self, asker: Any, fetch: Fetch, asked: float, since: float, torrent: Torrent | None = None) -> None:
        self.asker = asker
        self.fetch = fetch
        self.asked = asked  # when it sent its request [s]
        self.since = since
        self.torrent = torrent
        fetch.handed = self

    def left(self, fetch: Fetch) -> None:
        """It has given up."""
        fetch.handed = None
        if self.torrent is not None:
            self.torrent.waiting.pop(self, None)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """Nothing flows as long as it waits."""
        return True

    def cut(self, fetch: Fetch) -> float:
        """Nor has anything arrived."""
        return 0.0

    def goes_on(self, now: float) -> None:
        """Its wait is over."""
        cause = LOOKED_UP if self.torrent is None else SEEDS
        self.left(self.fetch)
        self.asker.waited(self.fetch, cause, now - self.since)

    def fails(self, now: float, status: int) -> None:
        """Its wait was for nothing."""
        self.left(self.fetch)
        self.asker.lose(self.fetch, status, now - self.since)


def passed_on(status: int) -> int:
    """What a member is told when the source's answer to somebody else's request was this one."""
    return status if status in (LIMITED, MISSING) else UNAVAILABLE


def _granted(what: Any) -> None:
    what.granted()


def _arrived(flow: Flow) -> None:
    flow.tag.arrived()
