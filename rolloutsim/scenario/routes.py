"""The ways of bytes through a resolved scenario's shared links: from a registry to a node, and into a registry.

Nodes of a group in one rack are reached by the same links, so a route is that of a source, a group and a rack.
"""

from __future__ import annotations

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


def asked(registry: Registry, group: NodeGroup, rack: str | None) -> tuple[str, ...]:
    """The shared links between a registry and the nodes that ask it, for manifests and layers."""
    return (*registry.path, *near(group, rack))


def carrying(registry: Registry, group: NodeGroup, rack: str | None) -> tuple[tuple[str, ...], ...]:
    """The shared links that the bytes of its layers cross, by replica: those of its object storage, if it has one."""
    path = registry.path if registry.redirect is None else registry.redirect.path
    replicas, near_by = registry.replicas or ("",), near(group, rack)
    return tuple((*(replica if link == replicas[0] else link for link in path), *near_by) for replica in replicas)


def routes(scenario: ResolvedScenario, case: Case) -> Iterator[Route]:
    """The routes of a case from each registry to each group that may pull from it, rack by rack."""
    anywhere = {scenario.images[image].registry for workload in case.workloads for image in workload.images}
    asking: dict[str, list[int]] = {name: [] for name in scenario.registries}
    for number, group in enumerate(scenario.groups):
        for name in anywhere | {scenario.images[pull.image].registry for pull in case.pulls.get(group.name, ())}:
            asking[name].append(number)
    for source, (name, registry) in enumerate(scenario.registries.items()):
        for number in asking[name]:
            group = scenario.groups[number]
            for rack in group.racks[: group.count] or (None,):  # those that have a node
                yield Route(source, number, rack, carrying(registry, group, rack))


def pushed_over(scenario: ResolvedScenario, push: Push, image: Image) -> tuple[str, ...]:
    """The shared links that the bytes of a pushed image cross, in order."""
    return (push.link, *push.via, *scenario.registries[image.registry].inbound)


def round_trip(scenario: ResolvedScenario, links: tuple[str, ...]) -> float:
    """The round-trip time over a path, queues left out [s]; links of nodes have no latency of their own."""
    shared = (scenario.links[name].latency for name in links if name in scenario.links)
    return 2 * (scenario.path_latency + sum(shared))
