"""A case of a scenario as actors on a network: links, registries, nodes, background traffic."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.background import ConstantRate, ConstantRates, Transfer
from rolloutsim.fleet.node import Fleet, Node
from rolloutsim.fleet.registry import Connections
from rolloutsim.fleet.routes import DISK, NIC_IN, UNPACK, LayerStep, Recipe

if TYPE_CHECKING:
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.network.states import Profile
    from rolloutsim.scenario.resolved import Case, Image, Layer, NodeGroup, ResolvedScenario

# What follows a node's name in the names of its private links, and their places in its profile.
PRIVATE_LINKS = {"nic.in": NIC_IN, "disk": DISK, "unpack": UNPACK}
NIC_OUT = "nic.out"  # nothing that a node pulls leaves by it: it is there for background traffic only


@dataclass(frozen=True, slots=True)
class Actors:
    """A case ready to run.

    `recipes[node][image]` is how node number `node` pulls an image; nodes on one route share the mapping.
    `pinned` are private links that background traffic crosses, and which the network therefore knows as
    links of their own: (node, part of its name) → link.
    """

    nodes: list[Node]
    names: tuple[str, ...]
    groups: list[int]
    recipes: list[dict[str, Recipe]]
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]
    background: list[Transfer | ConstantRate]
    pinned: dict[tuple[int, str], SharedLink]
    connections: dict[str, Connections] = field(default_factory=dict)


class _Builder:
    """Builds the actors of one case; what equal nodes share is made once."""

    def __init__(self, scenario: ResolvedScenario, case: Case, fleet: Fleet) -> None:
        self.scenario = scenario
        self.fleet = fleet
        self.network = fleet.network
        self.links = {name: self.network.link(name, link.capacity) for name, link in scenario.links.items()}
        self.connections = {
            name: Connections(registry.max_connections) for name, registry in scenario.registries.items()
        }
        wanted = dict.fromkeys(pull.image for pulls in case.pulls.values() for pull in pulls)
        self.images = tuple(scenario.images[name] for name in wanted)
        cached = [scenario.images[name] for group in scenario.groups for name in group.cached]
        distinct: dict[str, Layer] = {}
        for image in (*self.images, *cached):
            for layer in image.layers:
                distinct.setdefault(layer.digest, layer)
        self.layers = tuple(distinct.values())
        self.layer_index = {digest: place for place, digest in enumerate(distinct)}
        self.pinned: dict[tuple[int, str], SharedLink] = {}

    def build(self, case: Case) -> Actors:
        nodes: list[Node] = []
        names: list[str] = []
        groups: list[int] = []
        recipes: list[dict[str, Recipe]] = []
        pinned_names = {
            name for spec in self.scenario.background for name in spec.links if name not in self.scenario.links
        }
        for number, group in enumerate(self.scenario.groups):
            profile = self._profile(group)
            routes = [self._route(group, rack) for rack in group.racks or (None,)]
            shared = [self._recipes(group, route, {}) for route in routes]
            cached = [(count, self._bits(self.scenario.images[image])) for image, count in group.cached.items()]
            per_image = group.runtime.slots_per == "image"
            for i, name in enumerate(group.node_names()):
                host_profile, own = profile, shared[i % len(shared)]
                if pinned_names:
                    pins = self._pins(group, name, len(nodes), pinned_names)
                    if pins:
                        host_profile = self.network.profile(
                            tuple(
                                inf if place in pins else capacity for place, capacity in enumerate(profile.capacities)
                            )
                        )
                        own = self._recipes(group, routes[i % len(routes)], pins)
                host = self.network.host(host_profile)
                nodes.append(
                    Node(
                        self.fleet,
                        len(nodes),
                        host,
                        group.runtime.parallel_layers,
                        per_image,
                        _held(i, group.count, cached),
                    )
                )
                recipes.append(own)
                names.append(name)
                groups.append(number)
        return Actors(
            nodes, tuple(names), groups, recipes, self.images, self.layers,
            self._background(names), self.pinned, self.connections,
        )  # fmt: skip

    def _profile(self, group: NodeGroup) -> Profile:
        unpack = inf if group.unpack_rate is None else group.unpack_rate * group.unpack_cores
        return self.network.profile(
            (
                inf if group.nic is None else group.nic,
                inf if group.disk is None else group.disk,
                unpack,
            )
        )

    def _route(self, group: NodeGroup, rack: str | None) -> tuple[str, ...]:
        down = () if rack is None else (f"{rack}.down",)
        return (*down, *group.via)

    def _pins(self, group: NodeGroup, name: str, node: int, wanted: set[str]) -> dict[int, SharedLink]:
        """The private links of a node that background traffic crosses."""
        pins: dict[int, SharedLink] = {}
        for part, place in PRIVATE_LINKS.items():
            full_name = f"{name}.{part}"
            capacity = {NIC_IN: group.nic, DISK: group.disk, UNPACK: None}[place]
            if full_name in wanted and capacity is not None:
                link = self.network.link(full_name, capacity)
                self.links[full_name] = self.pinned[node, part] = pins[place] = link
        outward = f"{name}.{NIC_OUT}"
        if outward in wanted and group.nic is not None:
            self.links[outward] = self.pinned[node, NIC_OUT] = self.network.link(outward, group.nic)
        return pins

    def _recipes(self, group: NodeGroup, route: tuple[str, ...], pins: dict[int, SharedLink]) -> dict[str, Recipe]:
        return {image.name: self._recipe(group, route, pins, image) for image in self.images}

    def _recipe(self, group: NodeGroup, route: tuple[str, ...], pins: dict[int, SharedLink], image: Image) -> Recipe:
        scenario, runtime = self.scenario, group.runtime
        registry = scenario.registries[image.registry]
        path = (*registry.path, *route)
        one_way = scenario.path_latency + sum(scenario.links[name].latency for name in path)
        round_trip = 2 * one_way
        # A new connection needs one more round trip for TLS; runtimes that keep theirs ask for one only.
        tls = registry.tls
        layer_trips = runtime.layer_round_trips + (tls and runtime.layer_round_trips > 1)
        resolve_trips = runtime.resolve_round_trips + (tls and runtime.resolve_round_trips > 0)
        fetch = self._fetch_kind(group, tuple(self.links[name] for name in path), registry.connection_cap, pins)
        unpacks = group.unpack_rate is not None or group.disk is not None
        unpacks = unpacks and scenario.model == "real"
        steps = tuple(
            LayerStep(
                self.layer_index[layer.digest],
                layer.compressed,
                layer.unpacked,
                runtime.layer_time + registry.ttfb + layer_trips * round_trip,
                fetch,
                self._unpack_kind(group, layer, pins) if unpacks else None,
            )
            for layer in image.layers
        )
        return Recipe(
            self.images.index(image),
            steps,
            self.connections[registry.name],
            # The first round trip sets up the connection; each of the others is a request.
            runtime.resolve_time + resolve_trips * round_trip + max(runtime.resolve_round_trips - 1, 0) * registry.ttfb,
            round_trip,
            runtime.finish_time,
            unpacks,
            self._bits(image),
        )

    def _bits(self, image: Image) -> int:
        """The layers of an image: bit i stands for layer i of the case."""
        return sum(1 << self.layer_index[digest] for digest in {layer.digest for layer in image.layers})

    def _fetch_kind(
        self,
        group: NodeGroup,
        links: tuple[SharedLink, ...],
        registry_cap: float | None,
        pins: dict[int, SharedLink],
    ) -> Kind:
        caps = [cap for cap in (registry_cap, group.connection_cap) if cap is not None]
        usage = tuple(
            (place, 1.0)
            for place, limit in ((NIC_IN, group.nic), (DISK, group.disk))
            if limit is not None and place not in pins
        )
        pinned = tuple(link for place, link in pins.items() if place != UNPACK)
        return self.network.kind(links + pinned, usage, min(caps, default=inf))

    def _unpack_kind(self, group: NodeGroup, layer: Layer, pins: dict[int, SharedLink]) -> Kind | None:
        """Unpacked bytes go to the disk; the decompressor reads fewer, on one core per layer."""
        if layer.unpacked <= 0.0 or layer.compressed <= 0.0:
            return None
        ratio = layer.unpacked / layer.compressed
        usage = []
        links = tuple(link for place, link in pins.items() if place == DISK)
        if group.disk is not None and not links:
            usage.append((DISK, 1.0))
        if group.unpack_rate is not None:
            usage.append((UNPACK, 1.0 / ratio))
        if not usage and not links:
            return None
        cap = inf if group.unpack_rate is None else group.unpack_rate * ratio
        return self.network.kind(links, tuple(usage), cap)

    def _background(self, names: list[str]) -> list[Transfer | ConstantRate]:
        rates = ConstantRates(self.network)
        flows: list[Transfer | ConstantRate] = []
        for spec in self.scenario.background:
            # A private link without a limit is not a link.
            links = tuple(self.links[name] for name in spec.links if name in self.links)
            if spec.size is not None:
                flows.append(Transfer(self.network, spec, links))
            else:
                flows.append(ConstantRate(rates, spec, links))
        return flows


def build(scenario: ResolvedScenario, case: Case, fleet: Fleet) -> Actors:
    """Put a case's actors on the fleet's network."""
    return _Builder(scenario, case, fleet).build(case)


def _held(i: int, nodes: int, cached: list[tuple[int, int]]) -> int:
    """The layers that node i of `nodes` holds: of each cached image, if it is one of the `count` with it."""
    layers = 0
    for count, image_layers in cached:
        if holds(i, count, nodes):
            layers |= image_layers
    return layers


def holds(i: int, count: int, nodes: int) -> bool:
    """Whether node i is one of the `count` out of `nodes` that hold an image."""
    return (i + 1) * count // nodes > i * count // nodes
