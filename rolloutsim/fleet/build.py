"""A case of a scenario as actors on a network: links, registries, nodes, background traffic."""

from __future__ import annotations

from dataclasses import field
from math import inf
from typing import TYPE_CHECKING, cast

from rolloutsim.fleet.background import ConstantRate, ConstantRates, RequestService, Transfer
from rolloutsim.fleet.fairness import Weights
from rolloutsim.fleet.node import Fleet, Node
from rolloutsim.fleet.queues import queues_of, standing_queue
from rolloutsim.fleet.registry import Connections
from rolloutsim.fleet.routes import DISK, NIC_IN, UNPACK, LayerStep, Recipe
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.attempts import RobustFleet
    from rolloutsim.fleet.observing import Application, Observer
    from rolloutsim.fleet.robust import RobustNode
    from rolloutsim.fleet.service import Service
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.network.states import Host, Profile
    from rolloutsim.scenario.resolved import Case, Image, Layer, NodeGroup, Registry, ResolvedScenario

# What follows a node's name in the names of its private links, and their places in its profile.
PRIVATE_LINKS = {"nic.in": NIC_IN, "disk": DISK, "unpack": UNPACK}
NIC_OUT = "nic.out"  # nothing that a node pulls leaves by it: it is there for background traffic only


@struct
class Actors:
    """A case ready to run.

    `recipes[node][image]` is how node number `node` pulls an image that it may be asked for; nodes on one route share
    the mapping.
    `pinned` are private links that background traffic crosses, and which the network therefore knows as
    links of their own: (node, part of its name) → link.
    """

    nodes: list[Node]
    names: tuple[str, ...]
    groups: list[int]
    recipes: list[dict[str, Recipe]]
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]
    background: list[Application]
    pinned: dict[tuple[int, str], SharedLink]
    connections: dict[str, tuple[Connections, ...]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    links: dict[str, SharedLink] = field(default_factory=dict)
    observer: Observer | None = None  # of the background, if there is any


class _Builder:
    """Builds the actors of one case; what equal nodes share is made once."""

    def __init__(
        self,
        scenario: ResolvedScenario,
        case: Case,
        fleet: Fleet,
        random: Callable[[], float],
        places: Callable[[], list[int]],
    ) -> None:
        self.scenario = scenario
        self.fleet = fleet
        self.network = fleet.network
        self.links = {name: self.network.link(name, link.capacity) for name, link in scenario.links.items()}
        self.robust = None if type(fleet) is Fleet else cast("RobustFleet", fleet)
        self.connections = {
            name: tuple(Connections(registry.max_connections) for _ in registry.replicas or ("",))
            for name, registry in scenario.registries.items()
        }
        self.services = {} if self.robust is None else self._services(self.robust, random)
        wanted = dict.fromkeys(pull.image for pulls in case.pulls.values() for pull in pulls)
        wanted |= dict.fromkeys(image for workload in case.workloads for image in workload.images)
        self.images = tuple(scenario.images[name] for name in wanted)
        cached = [scenario.images[name] for group in scenario.groups for name in group.cached]
        distinct: dict[str, Layer] = {}
        for image in (*self.images, *cached):
            for layer in image.layers:
                distinct.setdefault(layer.digest, layer)
        self.layers = tuple(distinct.values())
        self.layer_index = {digest: place for place, digest in enumerate(distinct)}
        self.pinned: dict[tuple[int, str], SharedLink] = {}
        self.queues = fleet.queues = queues_of(scenario, self.links)
        fairness = scenario.fairness
        if fairness is not None:
            # Of BBR nothing is known of a slow conquest.
            conquest = fairness.conquest and scenario.congestion_control == "cubic"
            fleet.weights = Weights(self.network, fairness.sigma, fairness.memory, conquest, places)

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
            asked = case.asked_by(group.name)
            wanted = [image for image in self.images if image.name in asked]
            shared = [self._recipes(group, route, {}, wanted) for route in routes]
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
                        own = self._recipes(group, routes[i % len(routes)], pins, wanted)
                host = self.network.host(host_profile)
                held = _held(i, group.count, cached)
                if self.robust is None:
                    nodes.append(Node(self.fleet, len(nodes), host, group.runtime.parallel_layers, per_image, held))
                else:
                    nodes.append(self._robust_node(self.robust, group, number, len(nodes), host, held))
                recipes.append(own)
                names.append(name)
                groups.append(number)
        background = self._background()
        return Actors(
            nodes, tuple(names), groups, recipes, self.images, self.layers,
            background, self.pinned, self.connections, self.services, self.links,
            self._observer(background),
        )  # fmt: skip

    def _observer(self, background: list[Application]) -> Observer | None:
        if not background:
            return None
        from rolloutsim.fleet.observing import Observer

        return Observer(self.network, background)

    def _services(self, fleet: RobustFleet, random: Callable[[], float]) -> dict[str, Service]:
        from rolloutsim.fleet.service import Service

        return {
            name: Service(index, self.connections[name], registry.rate_limits, fleet.incidents.refusals, random)
            for index, (name, registry) in enumerate(self.scenario.registries.items())
        }

    def _robust_node(
        self, fleet: RobustFleet, group: NodeGroup, number: int, index: int, host: Host, held: int
    ) -> RobustNode:
        from rolloutsim.fleet.disk import DiskSpace
        from rolloutsim.fleet.robust import RobustNode

        # Addresses of groups behind one address come before those of single nodes.
        address = number if group.shared_address else len(self.scenario.groups) + index
        disk = None
        if group.storage is not None:
            layers = sum(
                layer.unpacked + (layer.compressed if group.runtime.keeps_compressed else 0.0)
                for place, layer in enumerate(self.layers)
                if held >> place & 1
            )
            storage = group.storage
            disk = DiskSpace(
                storage.capacity, storage.used + storage.old_images + layers, storage.old_images,
                group.runtime.keeps_compressed,
            )  # fmt: skip
        return RobustNode(fleet, index, host, group.runtime, held, address, disk, group.kubelet.progress_timeout)

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
                if self.queues is not None and place == NIC_IN:
                    self.queues.add(link, group.nic_buffer, group.nic_queue)
        outward = f"{name}.{NIC_OUT}"
        if outward in wanted and group.nic is not None:
            link = self.links[outward] = self.pinned[node, NIC_OUT] = self.network.link(outward, group.nic)
            if self.queues is not None:
                self.queues.add(link, group.nic_buffer, group.nic_queue)
        return pins

    def _recipes(
        self, group: NodeGroup, route: tuple[str, ...], pins: dict[int, SharedLink], images: list[Image]
    ) -> dict[str, Recipe]:
        return {image.name: self._recipe(group, route, pins, image) for image in images}

    def _recipe(self, group: NodeGroup, route: tuple[str, ...], pins: dict[int, SharedLink], image: Image) -> Recipe:
        scenario, runtime = self.scenario, group.runtime
        registry = scenario.registries[image.registry]
        path = (*registry.path, *route)
        redirect = registry.redirect
        one_way = scenario.path_latency + sum(scenario.links[name].latency for name in path)
        round_trip = 2 * one_way
        # A new connection needs one more round trip for TLS; runtimes that keep theirs ask for one only.
        tls = registry.tls
        layer_trips = runtime.layer_round_trips + (tls and runtime.layer_round_trips > 1)
        resolve_trips = runtime.resolve_round_trips + (tls and runtime.resolve_round_trips > 0)
        cap, ttfb = registry.connection_cap, registry.ttfb
        source: tuple[str, ...] = path
        if redirect is not None:
            # The registry answers with a redirection: set-up and request again, at the object storage.
            source = (*redirect.path, *route)
            away = 2 * (scenario.path_latency + sum(scenario.links[name].latency for name in source))
            ttfb += 2 * away + redirect.ttfb
            cap = redirect.connection_cap
        fetch, *others = (
            self._fetch_kind(group, tuple(self.links[name] for name in names), cap, pins)
            for names in _replicas(source, registry)
        )
        unpacks = group.unpack_rate is not None or group.disk is not None
        unpacks = unpacks and scenario.model == "real"
        steps = tuple(
            LayerStep(
                self.layer_index[layer.digest],
                layer.compressed,
                layer.unpacked,
                runtime.layer_time + ttfb + layer_trips * round_trip,
                fetch,
                self._unpack_kind(group, layer, pins) if unpacks else None,
                tuple(others),
                layer_trips,
            )
            for layer in image.layers
        )
        return Recipe(
            self.images.index(image),
            steps,
            self.connections[registry.name][0],
            # The first round trip sets up the connection; each of the others is a request.
            runtime.resolve_time + resolve_trips * round_trip + max(runtime.resolve_round_trips - 1, 0) * registry.ttfb,
            round_trip,
            runtime.finish_time,
            unpacks,
            self._bits(image),
            self.services.get(registry.name),
            resolve_trips,
            0.0 if NIC_IN in pins else standing_queue(group.nic_buffer, group.nic_queue),
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

    def _background(self) -> list[Application]:
        rates = ConstantRates(self.network, self.queues)
        flows: list[Application] = []
        for spec in self.scenario.background:
            # A private link without a limit is not a link.
            links = tuple(self.links[name] for name in spec.links if name in self.links)
            base = 2 * (
                self.scenario.path_latency
                + sum(self.scenario.links[name].latency for name in spec.links if name in self.scenario.links)
            )
            if spec.request is not None:
                flows.append(RequestService(rates, spec, links, base, self.queues))
            elif spec.rate is not None:
                flows.append(ConstantRate(rates, spec, links, spec.rate))
            else:
                transfer = Transfer(self.network, spec, links, base, self.queues)
                if self.fleet.weights is not None:
                    self.fleet.weights.bulk.append(transfer)
                flows.append(transfer)
        return flows


def build(
    scenario: ResolvedScenario,
    case: Case,
    fleet: Fleet,
    random: Callable[[], float],
    places: Callable[[], list[int]],
) -> Actors:
    """Put a case's actors on the fleet's network.

    `random` gives numbers in [0, 1) for requests that fail, `places` many places in `fairness.LEVELS`.
    """
    return _Builder(scenario, case, fleet, random, places).build(case)


def needs_robust_nodes(scenario: ResolvedScenario, case: Case) -> bool:
    """Whether anything in a case can fail or go another way than `rolloutsim.fleet.node` knows."""
    return (
        bool(scenario.faults)
        or any(r.rate_limits or len(r.replicas) > 1 for r in scenario.registries.values())
        or any(g.storage or g.runtime.layer_fetch_buffer or g.runtime.parallel_unpacks > 1 for g in scenario.groups)
        or (bool(case.workloads) and any(r.max_connections is not None for r in scenario.registries.values()))
    )


def _replicas(path: tuple[str, ...], registry: Registry) -> list[tuple[str, ...]]:
    """The path through each replica of a registry; one path where it does not cross them."""
    if len(registry.replicas) < 2 or registry.replicas[0] not in path:
        return [path] * max(len(registry.replicas), 1)
    first = registry.replicas[0]
    return [tuple(replica if name == first else name for name in path) for replica in registry.replicas]


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


def cached_images(group: NodeGroup, i: int) -> tuple[str, ...]:
    """The cached images that node i of a group holds from the beginning."""
    return tuple(image for image, count in group.cached.items() if holds(i, count, group.count))
