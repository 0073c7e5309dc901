"""The peers of a case, and the ways from node to node.

What a node serves to others leaves by its NIC, a link of its own that counts with the others, and by a cap on uploads
where there is one.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.queues import standing_queue
from rolloutsim.fleet.recipes import Way
from rolloutsim.fleet.windows import or_inf, window_rate
from rolloutsim.scenario.resources import NIC_OUT, RESOURCES
from rolloutsim.scenario.routes import among_members, between_nodes, leaving, node_racks, outlets, round_trip
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
            at_once = min(group.runtime.parallel_layers, len(fetch.pull.recipe.steps))
            down, up = (min(or_inf(group.nic), or_inf(cap), _FASTEST) for cap in (spec.download, spec.upload))
            return down / at_once, up / at_once

        def seed_rates(registry: Registry) -> list[float]:
            paths = leaving(self.servers.specs[registry.name])
            return [min([self.links[link].capacity for link in path], default=_FASTEST) for path in paths]

        def feed_kinds(registry: Registry, throttle: SharedLink) -> list[Kind]:
            paths = leaving(self.servers.specs[registry.name])
            return [self.fleet.network.kind((throttle, *(self.links[link] for link in path))) for path in paths]

        def leg(way: Way, torrent: Torrent) -> Way:
            client = self.clients[way]
            path, elsewhere = among_members(scenario, peers.name, client.group, client.rack)
            shares = (1.0, *[elsewhere] * len(path))
            made = []
            for kind in client.kinds(path, spec.download, inf):
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
            )

        peers.links = self.peer_links
        peers.most_supply = _FASTEST * max(members, 1)
        peers.rates, peers.seed_rates, peers.feed_kinds, peers.make_leg = rates, seed_rates, feed_kinds, leg
        peers.registry_of = lambda image: self.servers.by_name[self.images[image].registry]

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
