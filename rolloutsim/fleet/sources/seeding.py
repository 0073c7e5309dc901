"""Where the first copy of a swarm's layer comes from, and who asks the registry about it.

Replicas
    Those of the layer's registry seed it themselves.
SeedPeers
    Seeds of the swarm's own get copies from the registry, which sends no more than these, and hand them on over their
    own uplink: as they come, where they stream, else when all of it is there.
FirstMember
    There is no seed, and members know the registry: the first who asks gets the layer from there, and is the seed of
    all others.

Nobody is complete before whoever has the first copy: members receive at the rates of a swarm whose seeds have all of
it, and wait then (assumed: it costs others on their links a little while they seem to be ahead). Seeds are asked for
layers in turn, so that each carries about the same, and stand in the network's core (assumed). Those that get no
copy leave their members to the next host.

Sources: dragonfly client `dragonfly-client/src/resource/task.rs` @ff17c0b7 (a request about the length before each
task; ranged GETs of pieces; what is no longer than the shortest piece comes from the source), scheduler
`scheduling` @66db456 (back to source after four tries 0.5 s apart); kraken `lib/blobrefresh/refresher.go`,
`lib/hashring/config.go` @2a7fbcb (an origin gets the whole blob, then seeds it; three have it).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol

from rolloutsim.fleet.sources.first_copies import Copy, FromSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolloutsim.fleet.pulls import Fetch
    from rolloutsim.fleet.sources.pieces import Torrent
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.network.states import Flow

# How long members look for another parent until one of them goes back to the source [s].
NO_PARENT: Final = 4 * 0.5


class Origin(Protocol):
    """Where a torrent's layer comes from."""

    torrent: Torrent
    shares: object  # what it divides with others: with those that have the same

    @property
    def is_ready(self) -> bool:
        """Whether there is anything that members could receive."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it is there."""

    @property
    def is_up(self) -> bool:
        """Whether its seeds send."""

    @property
    def sending(self) -> Sequence[float]:
        """What each of its seeds can send while they do [B/s]."""

    def takes(self, asker: Any, fetch: Fetch) -> bool:
        """Somebody asks; whether it gets the layer from the source."""

    def feed(self, others: int) -> None:
        """Seeds send, as those of so many layers in all that share what they can send."""

    def begin(self) -> None:
        """Somebody receives."""

    def rest(self) -> None:
        """Nobody does."""

    def send(self, rate: float) -> None:
        """The seeds send so much, all together [B/s]."""

    def settle(self) -> None:
        """Write down what they have sent."""


class Feeds:
    """What seeds send into a swarm: flows over their links that nothing but a throttle ends.

    Parameters
    ----------
    torrent : Torrent
        The swarm.
    source : int
        The number of the outlet that it comes from.
    full : float
        What they can send at the most [B/s].
    """

    __slots__ = ("flows", "row", "source", "throttle", "torrent")

    def __init__(self, torrent: Torrent, source: int, full: float) -> None:
        peers = torrent.peers
        self.torrent = torrent
        self.source = source
        self.throttle = peers.fleet.network.link(f"{peers.name}.seeds.{torrent.layer}", full)
        peers.links.append(self.throttle)
        self.flows: list[Flow] = []
        self.row = -1  # of the ledger's fills

    def start(self, kinds: list[Any]) -> None:
        """The seeds begin, each with a flow."""
        peers = self.torrent.peers
        network, fills = peers.fleet.network, peers.fleet.incidents.fills
        self.row = fills.add(peers.index, self.source, self.torrent.layer, network.now)
        fills.started[self.row] = network.now
        self.flows = [network.start(peers.host, kind, inf, _never, self) for kind in kinds]

    def stop(self) -> None:
        """They end."""
        network, fills = self.torrent.peers.fleet.network, self.torrent.peers.fleet.incidents.fills
        self.settle()
        for flow in self.flows:
            network.stop(flow)
        fills.ended[self.row] = network.now
        self.flows = []

    def settle(self) -> None:
        """Write down what they have sent."""
        fleet = self.torrent.peers.fleet
        if self.flows:
            fleet.incidents.fills.bytes[self.row] = sum(fleet.network.received(flow) for flow in self.flows)

    def send(self, rate: float) -> None:
        """They send so much, all together [B/s]."""
        self.torrent.peers.fleet.network.set_capacity(self.throttle, min(rate, self.throttle.nominal))


class Replicas:
    """The replicas of a layer's registry, which seed it."""

    __slots__ = ("feeds", "is_complete", "is_ready", "registry", "sending", "shares", "torrent")

    def __init__(self, torrent: Torrent, registry: Registry) -> None:
        self.torrent: Torrent = torrent
        self.shares: object = registry
        self.registry: Registry = registry
        self.sending = torrent.peers.seed_rates(registry)  # as far as is known [B/s]
        self.feeds = Feeds(torrent, registry.index, sum(self.sending))
        self.is_ready = self.is_complete = True

    @property
    def is_up(self) -> bool:
        """Whether the registry answers."""
        return self.registry.up

    def takes(self, asker: Any, fetch: Fetch) -> bool:
        """Nobody gets the layer from the source by itself."""
        return False

    def feed(self, others: int) -> None:
        """What a registry can send is divided among the swarms that it seeds."""
        self.sending = [rate / others for rate in self.torrent.peers.seed_rates(self.registry)]

    def begin(self) -> None:
        """Somebody receives."""
        if self.feeds.flows or not self.is_up:
            return
        peers = self.torrent.peers
        self.feeds.start(peers.feed_kinds(self.registry, self.feeds.throttle))
        self.registry.fetches[self] = self
        peers.begin(self)

    def rest(self) -> None:
        """Nobody does."""
        if not self.feeds.flows:
            return
        self.feeds.stop()
        self.registry.fetches.pop(self, None)
        self.torrent.peers.rest(self)

    def send(self, rate: float) -> None:
        """They send so much, all together [B/s]."""
        self.feeds.send(rate)

    def settle(self) -> None:
        """Write down what they have sent."""
        self.feeds.settle()

    def broken(self, _: object) -> None:
        """The registry went away: nobody seeds until it is found again."""
        self.rest()
        self.torrent.look_afterwards()


class SeedPeers:
    """Seeds of a swarm's own."""

    __slots__ = ("complete", "copies", "feeds", "is_ready", "registry", "shares", "share", "torrent")

    def __init__(self, torrent: Torrent, registry: Registry) -> None:
        peers = torrent.peers
        self.torrent: Torrent = torrent
        self.shares: object = peers
        self.registry: Registry = registry
        self.feeds = Feeds(torrent, peers.index, peers.held * peers.seed_rate)
        self.copies: list[Copy] = []  # that are on their way
        self.complete = 0
        self.is_ready = False
        self.share = 1.0  # of a seed's uplink

    @property
    def is_complete(self) -> bool:
        """Whether one of them has all of it."""
        return self.complete > 0

    @property
    def is_up(self) -> bool:
        """Whether one of them sends."""
        return self._sending > 0

    @property
    def _sending(self) -> int:
        if self.torrent.peers.profile.seeds_stream:
            return self.complete + sum(one.flow is not None for one in self.copies)
        return self.complete

    @property
    def sending(self) -> Sequence[float]:
        """What each of those can send that have something [B/s]."""
        return (self.torrent.peers.seed_rate * self.share,) * self._sending

    def takes(self, asker: Any, fetch: Fetch) -> bool:
        """Nobody gets the layer from the source by itself; who asks first lets the seeds get it."""
        if not self.copies and not self.complete:
            peers = self.torrent.peers
            self.copies = [Copy(self, number, fetch) for number in range(peers.held)]
            for one in list(self.copies):
                one.ask()
        return False

    def feed(self, others: int) -> None:
        """Layers are spread over the seeds."""
        peers = self.torrent.peers
        self.share = 1.0 / max(1.0, others * peers.held / peers.spec.seeds)

    def begin(self) -> None:
        """Somebody receives."""
        peers = self.torrent.peers
        if not self.feeds.flows and self.is_up:
            self.feeds.start(peers.seed_kinds(self.feeds.throttle))
            peers.begin(self)

    def rest(self) -> None:
        """Nobody does."""
        if self.feeds.flows:
            self.feeds.stop()
            self.torrent.peers.rest(self)

    def send(self, rate: float) -> None:
        """They send so much, all together [B/s]."""
        self.feeds.send(rate)

    def settle(self) -> None:
        """Write down what they have sent, and got."""
        self.feeds.settle()
        for copy in self.copies:
            copy.settle()

    def streams(self) -> None:
        """A seed has its first byte."""
        if self.torrent.peers.profile.seeds_stream:
            self.is_ready = True
            self.torrent.ready()

    def has_all(self, copy: Copy) -> None:
        """A seed has all of it."""
        self.copies.remove(copy)
        self.complete += 1
        self.is_ready = True
        self.torrent.ready()
        self.torrent.release()

    def has_none(self, copy: Copy, status: int) -> None:
        """A seed does not get it; without another one nobody does."""
        self.copies.remove(copy)
        if not self.copies and not self.complete:
            self.is_ready = False
            self.torrent.fail(status)


class FirstMember:
    """The member that asked first, and gets the layer from the registry."""

    __slots__ = ("is_complete", "is_ready", "registry", "shares", "source", "torrent", "upload")

    def __init__(self, torrent: Torrent, registry: Registry) -> None:
        self.torrent: Torrent = torrent
        self.shares: object = torrent
        self.registry: Registry = registry
        self.source: FromSource | None = None
        self.upload = 0.0  # its uplink's part [B/s]
        self.is_ready = self.is_complete = False

    @property
    def is_up(self) -> bool:
        """Whether there is one."""
        return self.source is not None or self.is_complete

    @property
    def sending(self) -> Sequence[float]:
        """What it can send [B/s]."""
        return (self.upload,)

    def takes(self, asker: Any, fetch: Fetch) -> bool:
        """Who asks while nobody has it or gets it gets it."""
        if self.is_up:
            return False
        peers = self.torrent.peers
        self.upload = peers.rates(fetch)[1]
        self.source = FromSource(peers, self.registry, asker, fetch, self._streams, self._has_all, self._lost)
        self.source.ask()
        return True

    def feed(self, others: int) -> None:
        """It has its own uplink."""

    def begin(self) -> None:
        """Somebody receives, which is a flow of its own."""

    def rest(self) -> None:
        """Nobody does."""

    def send(self, rate: float) -> None:
        """What it sends is what the others receive."""

    def settle(self) -> None:
        """Nothing of it is counted elsewhere."""

    def _streams(self) -> None:
        self.is_ready = True
        self.torrent.ready()

    def _has_all(self) -> None:
        self.is_ready = self.is_complete = True
        self.torrent.ready()
        self.torrent.release()

    def _lost(self) -> None:
        """It has gone away: another one does that."""
        self.source = None
        self.torrent.look_afterwards()
        self.torrent.peers.fleet.network.call_later(NO_PARENT, self._another)

    def _another(self, _: object) -> None:
        if not self.is_up and self.torrent.give_way():
            self.torrent.peers.fleet.network.call_later(NO_PARENT, self._another)


def _never(flow: Flow) -> None:
    """A feed does not end by itself."""
