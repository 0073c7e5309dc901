"""The ways of bytes through a resolved scenario's shared links: from a registry to a node, and into a registry.

Nodes of a group in one rack are reached by the same links, so a route is that of a source, a group and a rack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rolloutsim.scenario.resolved import Case, Image, NodeGroup, Push, Registry, ResolvedScenario
from rolloutsim.structs import struct


@struct
class Route:
    """How layers come from a source to the nodes of a group in one rack.

    Parameters
    ----------
    source : int
        The number of the source, as in the column `source` of fetches.
    group : int
        The number of the group in the scenario.
    rack : str or None
        None: the nodes are in no rack.
    paths : tuple of tuple of str
        The shared links that a layer crosses, in order, by the source's replica; connections take the replicas in
        turn, so each carries about the same.
    """

    source: int
    group: int
    rack: str | None
    paths: tuple[tuple[str, ...], ...]

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of the route's bytes that each link carries [1]."""
        links = [link for path in self.paths for link in dict.fromkeys(path)]
        return {link: links.count(link) / len(self.paths) for link in dict.fromkeys(links)}


def rack_of(group: NodeGroup, index: int) -> str | None:
    """The rack of a group's node; None: it is in none."""
    return group.racks[index % len(group.racks)] if group.racks else None


def node_racks(scenario: ResolvedScenario) -> list[str | None]:
    """The rack of each node of a scenario."""
    return [rack_of(group, index) for group in scenario.groups for index in range(group.count)]


def near(group: NodeGroup, rack: str | None) -> tuple[str, ...]:
    """The shared links between the core and a group's nodes in a rack, towards these."""
    return (*(() if rack is None else (f"{rack}.down",)), *group.via)


def between(stands: str | None, group: NodeGroup, rack: str | None) -> tuple[str, ...]:
    """The shared links from a place to a group's nodes in a rack: a rack, in which traffic turns, or None, the core."""
    if stands is None:
        return near(group, rack)
    return () if stands == rack else (f"{stands}.up", *near(group, rack))


def between_nodes(source: NodeGroup, source_rack: str | None, group: NodeGroup, rack: str | None) -> tuple[str, ...]:
    """The shared links from a node to another, by group and rack; traffic turns in a rack, or where their ways part."""
    if rack is not None and rack == source_rack:
        return ()
    up = () if source_rack is None else (f"{source_rack}.up",)
    shared = 0
    for ours, theirs in zip(source.via, group.via, strict=False):
        if ours != theirs:
            break
        shared += 1
    down = () if rack is None else (f"{rack}.down",)
    return (*up, *reversed(source.via[shared:]), *group.via[shared:], *down)


def _members(scenario: ResolvedScenario, peers: str) -> list[tuple[NodeGroup, str | None, float]]:
    """The members of a swarm by group and rack, with the part of all of them that each is."""
    members = [one for one in scenario.groups if peers in one.hosts]
    total = sum(one.count for one in members)
    found = []
    for group in members:
        of_racks = Counter(rack_of(group, index) for index in range(group.count))
        found += [(group, rack, count / total) for rack, count in of_racks.items()]
    return found


def among_members(scenario: ResolvedScenario, peers: str, group: NodeGroup, rack: str | None) -> Mapping[str, float]:
    """The shared links near a node that a swarm's bytes cross to and from it, with the share of its bytes that does.

    Partners are chosen at random, so that is the share of the members from whom, or to whom, the way leads there.
    """
    up, down = (frozenset[str]() if rack is None else frozenset({f"{rack}.{end}"}) for end in ("up", "down"))
    shares: dict[str, float] = {}
    for other, its_rack, part in _members(scenario, peers):
        inward, outward = between_nodes(other, its_rack, group, rack), between_nodes(group, rack, other, its_rack)
        for link in (*up.intersection(outward), *down.intersection(inward), *frozenset(group.via).intersection(inward)):
            shares[link] = shares.get(link, 0.0) + part
    own = (*sorted(up), *sorted(down), *group.via)
    return {link: min(1.0, shares[link]) for link in own if link in shares}


def into_members(scenario: ResolvedScenario, peers: str, stands: str | None) -> Mapping[str, float]:
    """The shared links that what comes from a place into a swarm crosses, with the share of it that does.

    `stands` is a rack or None, the core; each member gets the same part (assumed).
    """
    shares: dict[str, float] = {}
    for group, rack, part in _members(scenario, peers):
        for link in between(stands, group, rack):
            shares[link] = shares.get(link, 0.0) + part
    return {link: min(1.0, share) for link, share in shares.items()}


def asked(registry: Registry, group: NodeGroup, rack: str | None) -> tuple[str, ...]:
    """The shared links between a registry and the nodes that ask it, for manifests and layers."""
    return (*registry.path, *between(registry.rack, group, rack))


def carrying(registry: Registry, group: NodeGroup, rack: str | None) -> tuple[tuple[str, ...], ...]:
    """The shared links that the bytes of its layers cross, by replica: those of its object storage, if it has one."""
    near_by = between(registry.rack, group, rack)
    return tuple((*path, *near_by) for path in leaving(registry))


def seeds_uplink(peers: str) -> str:
    """The link by which what a swarm's own seeds send leaves them, all together."""
    return f"{peers}.seeds.uplink"


def seeds_inbound(peers: str) -> str:
    """The link into them."""
    return f"{peers}.seeds.uplink.in"


def leaving(registry: Registry) -> tuple[tuple[str, ...], ...]:
    """The shared links that the bytes of a registry's layers cross before they leave for nodes, by replica."""
    path = registry.path if registry.redirect is None else registry.redirect.path
    replicas = registry.replicas or ("",)
    return tuple(tuple(replica if link == replicas[0] else link for link in path) for replica in replicas)


@struct
class Outlet:
    """Where layers come out for those who asked a server, or peers.

    Parameters
    ----------
    name : str
        What it is called in results.
    server : str
        Who was asked: a registry, mirror, cache or peers.
    origin : Outlet or None
        Of what a cache passes on without having it, the outlet of its upstream that it comes from; None: the server has
        it.
    """

    name: str
    server: str
    origin: Outlet | None = None

    @property
    def first(self) -> str:
        """The server whose copy it is."""
        return self.server if self.origin is None else self.origin.first


def outlets(scenario: ResolvedScenario) -> tuple[Outlet, ...]:
    """All of a scenario: each server's own, in order, then those of what caches pass on.

    The number of an outlet is the value of the column `source` of fetches.
    """
    own = {name: Outlet(name, name) for name in scenario.servers}
    passing: dict[str, list[Outlet]] = {}

    def through(name: str) -> list[Outlet]:
        """What a server that may be a cache passes on."""
        caching = scenario.server(name).caching
        if caching is None:
            return []
        if name not in passing:
            passing[name] = []
            ways = [own[caching.upstream], *through(caching.upstream)]
            passing[name] = [Outlet(f"{way.name} through {name}", name, way) for way in ways]
        return passing[name]

    passed = (outlet for name in scenario.caches for outlet in through(name))
    return (*own.values(), *passed, *(Outlet(name, name) for name in scenario.peers))


def exits(scenario: ResolvedScenario, outlet: Outlet) -> tuple[tuple[str, ...], ...]:
    """The shared links that bytes cross before they leave an outlet for nodes, by replica of all on the way.

    Of what a cache passes on, its own replicas come first: number of its replica × those before it + theirs.
    """
    server = scenario.server(outlet.server)
    own = leaving(server)
    if outlet.origin is None or server.caching is None:
        return own
    before = exits(scenario, outlet.origin)
    origin = scenario.server(outlet.origin.server)
    inward = inwards(origin, server)
    # What passes is not read from the cache's storage.
    passed = tuple(tuple(link for link in path if link != f"{server.name}.storage") for path in own)
    return tuple((*path, *inward, *after) for after in passed for path in before)


def inwards(origin: Registry, cache: Registry) -> tuple[str, ...]:
    """The shared links from where a server's bytes leave it into a cache, or into a mirror to which they are copied.

    They turn in a rack where both stand.
    """
    taking = cache.caching or cache.copied
    into = () if taking is None else taking.into
    if origin.rack is None:
        return into
    if origin.rack == cache.rack:
        return tuple(link for link in into if link != f"{cache.rack}.down")
    return (f"{origin.rack}.up", *into)


def hosts_of(scenario: ResolvedScenario, group: NodeGroup, rack: str | None, registry: str) -> tuple[str, ...]:
    """Whom a group's nodes in a rack ask for an image of a registry, in order; that one comes last if not named.

    Of a cache or mirror of which there is one in each rack it is that of their own; one that stands alone in a rack has
    the name of its key, and all may ask it.
    """
    found: list[str] = []
    others: dict[str, str] = {}
    for server in (*scenario.mirrors.values(), *scenario.caches.values()):
        if registry in server.mirrors and (server.rack in (None, rack) or server.name == server.called):
            others[server.called] = server.name
    for host in group.hosts:
        if host == registry:
            found.append(host)
        elif host in others:
            found.append(others[host])
        elif host in scenario.peers:
            found.append(host)
    return tuple(found) if registry in found else (*found, registry)


def host_alone(scenario: ResolvedScenario, group: NodeGroup, rack: str | None, image: Image) -> Registry | None:
    """The server from which a node has all of an image that it pulls alone on an idle system; None: that is unknown.

    It is the first that nodes ask, if it has the image whatever others pull, and if nobody goes on to the next host in
    the rollout either, which a slowdown would be counted against.
    """
    first, *others = hosts_of(scenario, group, rack, image.registry)
    server = scenario.servers.get(first)
    if server is None or server.caching is not None:
        return None
    if others:
        breaks = any(fault.kind != "node" for fault in scenario.faults)
        if breaks or server.may_refuse or server.max_connections is not None:
            return None
    if server.holds is not None:
        held = {digest for digests in server.holds.values() for digest in digests}
        if image.name not in server.holds or any(layer.digest not in held for layer in image.layers):
            return None
    return server


def routes(scenario: ResolvedScenario, case: Case) -> Iterator[Route]:
    """The routes of a case from each server's outlet to each group that may pull from it, rack by rack.

    Those between peers hang on who serves whom: `between_nodes`.
    """
    anywhere = {scenario.images[image].registry for workload in case.workloads for image in workload.images}
    asking: dict[str, list[tuple[int, str | None]]] = {name: [] for name in scenario.servers}
    for number, group in enumerate(scenario.groups):
        for rack in group.racks[: group.count] or (None,):  # those that have a node
            pulled = anywhere | {scenario.images[pull.image].registry for pull in case.pulls.get(group.name, ())}
            for name in dict.fromkeys(host for one in sorted(pulled) for host in hosts_of(scenario, group, rack, one)):
                if name in asking:
                    asking[name].append((number, rack))
    for source, outlet in enumerate(outlets(scenario)):
        if outlet.server in scenario.peers:
            continue
        server = scenario.server(outlet.server)
        ways = exits(scenario, outlet)
        for number, rack in asking[outlet.server]:
            near_by = between(server.rack, scenario.groups[number], rack)
            yield Route(source, number, rack, tuple((*path, *near_by) for path in ways))


def pushed_over(scenario: ResolvedScenario, push: Push, image: Image) -> tuple[str, ...]:
    """The shared links that the bytes of a pushed image cross, in order."""
    return (push.link, *push.via, *scenario.registries[image.registry].inbound)


def round_trip(scenario: ResolvedScenario, links: tuple[str, ...]) -> float:
    """The round-trip time over a path, queues left out [s]; links of nodes have no latency of their own."""
    shared = (scenario.links[name].latency for name in links if name in scenario.links)
    return 2 * (scenario.path_latency + sum(shared))
