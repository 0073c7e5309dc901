"""The peers of a case, and the ways from node to node.

What a node serves to others leaves by its NIC, a link of its own that counts with the others, and by a cap on uploads
where there is one.
"""

from __future__ import annotations

from functools import cache, partial
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.ledger import TCP_WINDOW
from rolloutsim.fleet.queues import standing_queue
from rolloutsim.fleet.recipes import Way
from rolloutsim.fleet.windows import connections, or_inf, window_rate
from rolloutsim.network.regimes import CAP
from rolloutsim.scenario.resources import NIC_OUT, RESOURCES
from rolloutsim.scenario.routes import (
    among_members,
    between_nodes,
    into_members,
    leaving,
    node_racks,
    outlets,
    round_trip,
    seeds_inbound,
    seeds_uplink,
)  # fmt: skip
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rolloutsim.fleet.prepull import Left
    from rolloutsim.fleet.pulls import Fetch, Fleet
    from rolloutsim.fleet.servers import Servers
    from rolloutsim.fleet.sources.peers import PeerToPeer
    from rolloutsim.fleet.sources.pieces import PiecePeers, Torrent
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.scenario.resolved import Image, NodeGroup, ResolvedScenario

_OUT = RESOURCES[NIC_OUT].part

# Of a NIC or an uplink without a limit, where a rate has to be one [B/s] (assumed).
_FASTEST = 1e12


@struct(eq=False)
class _Client:
    """Nodes of a group and rack that ask peers: `kinds` gives those of their fetches over a path."""

    group: NodeGroup
    rack: str | None
    kinds: Callable[[tuple[str, ...], float | None, float], tuple[Kind, Kind]]


def serving(scenario: ResolvedScenario) -> set[str]:
    """The links over which nodes may serve others."""
    return {
        f"{name}.{_OUT}"
        for group in scenario.groups
        if any(host in scenario.peers for host in group.hosts)
        for name in group.node_names()
    }


class Peering:
    """All peers of a case, by name.

    Parameters
    ----------
    scenario : ResolvedScenario
        Which there are.
    images : tuple of Image
        Those of the case.
    fleet : Fleet
        What they share with others.
    servers : Servers
        The case's, registries among them.
    links : dict of str to SharedLink
        The network's; takes those of caps on uploads.
    random : callable
        Gives random numbers in [0, 1).
    """

    def __init__(
        self,
        scenario: ResolvedScenario,
        images: tuple[Image, ...],
        fleet: Fleet,
        servers: Servers,
        links: dict[str, SharedLink],
        random: Callable[[], float],
    ) -> None:
        self.scenario = scenario
        self.images = images
        self.servers = servers
        self.fleet = fleet
        self.links = links
        self.racks = node_racks(scenario) if scenario.peers else []
        first = len(outlets(scenario)) - len(scenario.peers) if scenario.peers else 0
        self.of_layers: dict[str, PeerToPeer] = {}
        self.swarms: dict[str, PiecePeers] = {}
        for number, (name, spec) in enumerate(scenario.peers.items(), first):
            if spec.swarm is None:
                from rolloutsim.fleet.sources.peers import PeerToPeer  # most scenarios have none, and do without

                self.of_layers[name] = PeerToPeer(number, spec, fleet, random, self.racks)
            else:
                from rolloutsim.fleet.sources.pieces import PiecePeers  # as above

                self.swarms[name] = PiecePeers(number, spec, fleet)
        # In the order of their numbers.
        known: dict[str, PeerToPeer | PiecePeers] = {**self.of_layers, **self.swarms}
        self.by_name = {name: known[name] for name in scenario.peers}
        self.first_address = servers.next_address  # of what is not there yet
        self.clients: dict[Way, _Client] = {}
        self.answer_times: dict[tuple[Way, int, str | None], float] = {}  # by way, group and rack of who serves [s]
        self.peer_links: list[SharedLink] = []  # that stand for what nodes send to one another

    def join(
        self, groups: list[int], images: Mapping[str, int], layers: Mapping[str, int], left: Sequence[Left]
    ) -> None:
        """Let the nodes that ask some peers be peers themselves, with what they have at the beginning.

        Parameters
        ----------
        groups : list of int
            Of each node the number of its group.
        images, layers : mapping of str to int
            The numbers of the case's images by name, and of its layers by digest.
        left : sequence of Left
            What each node has pulled before; empty: nothing.
        """
        if not self.by_name:
            return
        names = [name for group in self.scenario.groups for name in group.node_names()]
        first = 0
        for group in self.scenario.groups:
            for peers in [self.of_layers[host] for host in group.hosts if host in self.of_layers]:
                for index, cached in enumerate(cached_images(group)):
                    own = left[first + index] if left else None
                    held = cached if own is None else (*cached, *own.images)
                    has = {layers[layer.digest] for name in held for layer in self.scenario.images[name].layers}
                    has |= {layers[digest] for digest in (() if own is None else own.layers) if digest in layers}
                    peers.join(first + index, sorted(has), [images[name] for name in held if name in images])
            first += group.count
        for one in self.of_layers.values():
            one.make_leg = partial(self._leg, one, names, groups)
            one.answer_time = partial(self._answer_time, one, groups)
        for swarm in self.swarms.values():
            self._swarm(swarm)
        self.fleet.peers = tuple(self.of_layers.values())

    def _swarm(self, peers: PiecePeers) -> None:
        """Tell peers that hand over pieces what their members and seeds can send and receive."""
        scenario, spec = self.scenario, peers.spec
        members = sum(group.count for group in scenario.groups if peers.name in group.hosts)

        def rates(fetch: Fetch) -> tuple[float, float]:
            group = self.clients[fetch.way].group
            pieced = sum(step.compressed > peers.profile.from_source for step in fetch.pull.recipe.steps)
            at_once = max(min(group.runtime.parallel_layers, pieced), 1)
            down, up = (min(or_inf(group.nic), or_inf(cap), _FASTEST) for cap in (spec.download, spec.upload))
            return down / at_once, up / at_once

        def seed_rates(registry: Registry) -> list[float]:
            server = self.servers.specs[registry.name]
            paths = leaving(server)
            most = self._into(peers, server.rack) / len(paths)
            return [min([most, *(self.links[link].capacity for link in path)]) for path in paths]

        def feed_kinds(registry: Registry, throttle: SharedLink) -> list[Kind]:
            server = self.servers.specs[registry.name]
            return [
                self._feed((throttle, *(self.links[link] for link in path)), peers, server.rack)
                for path in leaving(server)
            ]

        def leg(way: Way, torrent: Torrent) -> Way:
            client = self.clients[way]
            near_by = among_members(scenario, peers.name, client.group, client.rack)
            shares = (1.0, *near_by.values())
            made = []
            for kind in client.kinds(tuple(near_by), spec.download, inf):
                links = (torrent.supply, *kind.links)
                more = (1.0,) * (len(links) - len(shares))
                made.append(
                    self.fleet.network.kind(links, kind.usage, kind.cap, kind.weight, kind.capped_by, (*shares, *more))
                )
            plain, stored = made
            return Way(
                source=peers,
                kinds=(plain,),
                stored=(stored,),
                round_trip=0.0,
                before_first_byte=0.0,
                layer_trips=0.0,
                resolve_time=0.0,
                resolve_trips=0.0,
                buffered=False,
                nic_wait=0.0,
                store_and_forward=spec.store_and_forward,
                keeps_copy=peers.profile.keeps_copy,
            )

        out = self.links.get(seeds_uplink(peers.name))

        def seed_kinds(throttle: SharedLink) -> list[Kind]:
            return [self._feed((throttle,) if out is None else (throttle, out), peers, None)]

        peers.seed_rate = min(_FASTEST if out is None else out.capacity, self._into(peers, None)) / max(spec.seeds, 1)
        peers.seed_kinds = seed_kinds
        peers.seed_way = cache(partial(self._seed_way, peers))
        peers.answers_after = self._answers_after
        peers.first_address = self.first_address
        self.first_address += spec.seeds
        legs: dict[Way, Way] = {}

        def source_leg(fetch: Fetch, registry: Registry) -> Way:
            way = next(way for way in fetch.pull.recipe.ways if way.source is registry)
            if way not in legs:
                legs[way] = self._from_source(peers, way)
            return legs[way]

        peers.source_leg = source_leg
        peers.links = self.peer_links
        peers.most_supply = _FASTEST * max(members, 1)
        peers.rates, peers.seed_rates, peers.feed_kinds, peers.make_leg = rates, seed_rates, feed_kinds, leg
        peers.registry_of = lambda image: self.servers.by_name[self.images[image].registry]

    def _into(self, peers: PiecePeers, stands: str | None) -> float:
        """What can come from a place into a swarm at the most, by the links near its members [B/s]."""
        into = into_members(self.scenario, peers.name, stands)
        return min([self.links[link].capacity / share for link, share in into.items()], default=_FASTEST)

    def _feed(self, links: tuple[SharedLink, ...], peers: PiecePeers, stands: str | None) -> Kind:
        """What a seed sends over its own links, and over those near the members."""
        into = {self.links[link]: part for link, part in into_members(self.scenario, peers.name, stands).items()}
        more = [link for link in into if link not in links]
        shares = (*[1.0] * len(links), *(into[link] for link in more))
        return self.fleet.network.kind((*links, *more), shares=shares)

    def _answers_after(self, registry: Registry, way: Way) -> float:
        """How long a registry takes to tell how long a layer is, over a connection that is there (assumed) [s]."""
        spec = self.servers.specs[registry.name]
        answer = way.round_trip + spec.ttfb
        return answer if spec.redirect is None else answer + way.round_trip + spec.redirect.ttfb

    def _seed_way(self, peers: PiecePeers, registry: Registry) -> Way:
        """The way from a registry to one of a swarm's own seeds, which stand in the core."""
        scenario, spec = self.scenario, self.servers.specs[registry.name]
        into = seeds_inbound(peers.name)
        inward = (*(() if spec.rack is None else (f"{spec.rack}.up",)), *((into,) if into in self.links else ()))
        exits = leaving(spec)
        trip = round_trip(scenario, (*spec.path, *inward))
        ttfb, cap, first = spec.ttfb, spec.connection_cap, spec.first_fetch
        if spec.redirect is not None:
            ttfb, cap = (
                ttfb + 2 * round_trip(scenario, (*exits[0], *inward)) + spec.redirect.ttfb,
                spec.redirect.connection_cap,
            )

        def kinds(cap: float) -> tuple[Kind, ...]:
            found = []
            for path in exits:
                links = tuple(self.links[name] for name in (*path, *inward))
                window = window_rate(spec.tcp_window, round_trip(scenario, (*path, *inward)))
                one = connections(self.fleet.network, links, (), inf, cap, window)
                found.append(self._several(one, peers, peers.seed_rate))
            return tuple(found)

        plain = kinds(or_inf(cap))
        return Way(
            source=registry,
            kinds=plain,
            stored=plain,
            round_trip=trip,
            before_first_byte=ttfb + trip,
            layer_trips=1.0,
            resolve_time=0.0,
            resolve_trips=0.0,
            buffered=False,
            nic_wait=0.0,
            cold_kinds=() if first is None else kinds(min(or_inf(cap), or_inf(first.connection_cap))),
        )

    def _from_source(self, peers: PiecePeers, way: Way) -> Way:
        """The way of what a member gets from a registry by itself, where a node's own is known."""

        def several(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
            return tuple(self._several(kind, peers) for kind in kinds)

        return Way(
            source=way.source,
            kinds=several(way.kinds),
            stored=several(way.stored),
            round_trip=way.round_trip,
            before_first_byte=way.before_first_byte,
            layer_trips=way.layer_trips,
            resolve_time=way.resolve_time,
            resolve_trips=way.resolve_trips,
            buffered=way.buffered,
            nic_wait=way.nic_wait,
            keeps=way.keeps,
            set_up=way.set_up,
            set_up_trips=way.set_up_trips,
            cold_kinds=several(way.cold_kinds),
            cold_stored=several(way.cold_stored),
            keeps_copy=peers.profile.keeps_copy,
        )

    def _several(self, kind: Kind, peers: PiecePeers, most: float = inf) -> Kind:
        """Flows of a kind over as many connections as a copy takes from the registry, up to a rate [B/s]."""
        number = peers.profile.source_connections
        cap = kind.cap * number if kind.capped_by in (CAP, TCP_WINDOW) else kind.cap
        capped_by = kind.capped_by if cap <= most else CAP
        return self.fleet.network.kind(
            kind.links, kind.usage, min(cap, most), kind.weight * number, capped_by, kind.shares
        )

    def way(
        self,
        group: NodeGroup,
        rack: str | None,
        is_pinned: bool,
        name: str,
        kinds: Callable[[tuple[str, ...], float | None, float], tuple[Kind, Kind]],
    ) -> Way:
        """The way of nodes to peers, whoever of them it will be; requests about manifests take it.

        `is_pinned` says whether their NIC is a link of the network's.
        """
        runtime, trip = group.runtime, round_trip(self.scenario, ())
        way = Way(
            source=self.by_name[name],
            kinds=(),
            stored=(),
            round_trip=trip,
            before_first_byte=0.0,
            layer_trips=0.0,
            resolve_time=runtime.resolve_time + runtime.resolve_round_trips * trip,
            resolve_trips=0.0,
            buffered=False,
            nic_wait=0.0 if is_pinned else standing_queue(group.nic_buffer, group.nic_queue),
        )
        self.clients[way] = _Client(group, rack, kinds)
        return way

    def _answer_time(self, peers: PeerToPeer, groups: list[int], way: Way, holder: int) -> float:
        """From a request to a node that serves until its answer begins to come to one that asks [s]."""
        client, number = self.clients[way], groups[holder]
        place = way, number, peers.racks[holder]
        found = self.answer_times.get(place)
        if found is None:
            path = between_nodes(self.scenario.groups[number], peers.racks[holder], client.group, client.rack)
            runtime = client.group.runtime
            found = self.answer_times[place] = runtime.layer_round_trips * round_trip(self.scenario, path)
        return found

    def _leg(self, peers: PeerToPeer, names: list[str], groups: list[int], way: Way, holder: int) -> Way:
        """The way from a node that serves to one that asked."""
        scenario, client = self.scenario, self.clients[way]
        group, runtime = client.group, client.group.runtime
        path = between_nodes(scenario.groups[groups[holder]], peers.racks[holder], group, client.rack)
        trip = round_trip(scenario, path)
        own = f"{names[holder]}.{_OUT}"
        links = (own, *path) if own in self.links else path
        if peers.spec.upload is not None:
            capped = f"{names[holder]}.{peers.name}.upload"
            if capped not in self.links:
                link = self.fleet.network.link(capped, peers.spec.upload)
                self.links[capped] = link
                self.peer_links.append(link)
            links = (capped, *links)
        plain, stored = client.kinds(links, None, window_rate(scenario.tcp_window, trip))
        waits = {} if self.fleet.queues is None else self.fleet.queues.waits
        set_up_trips = min(max(runtime.layer_round_trips - 1.0, 0.0), 1.0)
        return Way(
            source=peers,
            kinds=(plain,),
            stored=(stored,),
            round_trip=trip,
            before_first_byte=runtime.layer_time + runtime.layer_round_trips * trip,
            layer_trips=runtime.layer_round_trips,
            resolve_time=0.0,
            resolve_trips=0.0,
            buffered=way.nic_wait > 0.0 or any(link in waits for link in plain.links),
            nic_wait=way.nic_wait,
            keeps=runtime.kept_connections if trip > 0.0 else 0,
            set_up=set_up_trips * trip,
            set_up_trips=set_up_trips,
        )
