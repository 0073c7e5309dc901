"""A case of a scenario as actors on a network: links, sources, nodes, background traffic."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

from rolloutsim.fleet.background import ConstantRate, ConstantRates, PrivateLink, RequestService, Transfer
from rolloutsim.fleet.disk import DiskSpace
from rolloutsim.fleet.disk_times import write_time
from rolloutsim.fleet.fairness import Weights
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.lazy import Reader, ReadingKinds
from rolloutsim.fleet.node import Node
from rolloutsim.fleet.peering import Peering, serving
from rolloutsim.fleet.prepull import hand_over
from rolloutsim.fleet.queues import queues_of, standing_queue
from rolloutsim.fleet.recipes import LayerStep, Recipe, Way, words
from rolloutsim.fleet.servers import Servers
from rolloutsim.fleet.timeouts import Waits
from rolloutsim.fleet.windows import LONG, Windows, connections, or_inf, window_rate
from rolloutsim.fleet.writing import DiskTerms, DiskWriter
from rolloutsim.network.regimes import CAP, PRIVATE
from rolloutsim.scenario.defaults import BACKGROUND
from rolloutsim.scenario.partial import fetched_size, is_lazy, is_partial, needed_share, read_first
from rolloutsim.scenario.resolved import NodeGroup
from rolloutsim.scenario.resources import DISK, NIC_IN, PULLED, RESOURCES, UNPACK, LinkName
from rolloutsim.scenario.routes import asked, between, carrying, hosts_of, outlets, rack_of, round_trip, routes
from rolloutsim.scenario.runtimes import ABOUT_MANIFESTS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rolloutsim.fleet.background import Link
    from rolloutsim.fleet.copier import Copier
    from rolloutsim.fleet.observing import Application, Observer
    from rolloutsim.fleet.prepull import Left
    from rolloutsim.fleet.pulls import Fleet
    from rolloutsim.fleet.recipes import Layers
    from rolloutsim.fleet.sources.cache import PullThrough
    from rolloutsim.fleet.sources.peers import PeerToPeer
    from rolloutsim.fleet.sources.pieces import PiecePeers
    from rolloutsim.fleet.sources.registry import Registry
    from rolloutsim.fleet.sources.source import Source
    from rolloutsim.fleet.volumes import Volume
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.network.states import Host
    from rolloutsim.scenario.resolved import Case, Disk, Image, Layer, ResolvedScenario, VolumeSnapshot
    from rolloutsim.scenario.routes import Route
    from rolloutsim.scenario.runtimes import Runtime


# The rate of a fetch that nothing limits (assumed: a flow has one) [B/s].
_AT_ONCE = 1e12

# Without hazards bytes come sooner than this, if after round trips through full queues and slow start (assumed) [s].
_SOON = 60.0

# All of a group that the way of a layer to its nodes, and on them, may depend on.
_OTHERS = (
    "name", "count", "racks", "cached", "volume_snapshot", "kubelet", "storage", "shared_address", "nic_line_rate",
    "again",
)  # fmt: skip
MACHINE = attrgetter(*sorted({one.name for one in fields(NodeGroup)} - {*_OTHERS}))


@struct
class Actors:
    """A case ready to run.

    `recipes[node][image]` is how node number `node` pulls an image, worked out when it is first asked for; nodes on one
    route share the mapping.
    `pinned` are links of nodes that the network knows as links of their own, since others than the node's own pulls
    and transfers take of them: (node, place of the resource) → link.
    """

    nodes: list[Node]
    names: tuple[str, ...]
    groups: list[int]
    recipes: list[Mapping[str, Recipe]]
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]
    sources: tuple[Source, ...]  # the scenario's servers first, in its order
    outlets: tuple[str, ...]  # where layers come out, by the number that fetches have
    routes: tuple[Route, ...]
    background: list[Application]
    pinned: dict[tuple[int, int], SharedLink]
    registries: dict[str, Registry]  # all servers, by name
    links: dict[str, SharedLink]
    caches: tuple[PullThrough, ...]
    copiers: tuple[Copier, ...]  # that somebody lets begin
    peers: tuple[PeerToPeer | PiecePeers, ...]
    peer_links: list[SharedLink]  # that stand for what nodes send to one another
    observer: Observer | None  # of the background, if there is any


class _Recipes(dict[str, Recipe]):
    """How nodes on one route pull each image: most are never asked for most of them."""

    __slots__ = ("_builder", "_by_server", "_group", "_pins", "_rack", "_ways")

    def __init__(self, builder: _Builder, group: NodeGroup, rack: str | None, pins: dict[int, SharedLink]) -> None:
        super().__init__()
        self._builder = builder
        self._group = group
        self._rack = rack
        self._pins = pins
        self._ways: dict[str, tuple[Way, ...]] = {}  # by registry
        self._by_server: dict[str, Way] = {}

    def __contains__(self, name: object) -> bool:
        """Whether an image is one of the case's, asked for or not."""
        return name in self._builder.image_index

    def __missing__(self, name: str) -> Recipe:
        builder, group, pins = self._builder, self._group, self._pins
        image = builder.scenario.images[name]
        ways = self._ways.get(image.registry)
        if ways is None:
            ways = self._ways[image.registry] = builder.ways(group, self._rack, pins, image, self._by_server)
        recipe = self[name] = builder.recipe(group, pins, image, ways)
        return recipe


class _Builder:
    """Builds the actors of one case; what equal nodes share is made once."""

    def __init__(
        self,
        scenario: ResolvedScenario,
        case: Case,
        fleet: Fleet,
        random: Callable[[], float],
        places: Callable[[], list[int]],
        picks: Callable[[], float],
        left: Sequence[Left],
        beside: Iterable[str],
    ) -> None:
        self.scenario = scenario
        self.left = left
        self.case = case
        self.fleet = fleet
        self.network = fleet.network
        self.links = {name: self.network.link(name, link.capacity) for name, link in scenario.links.items()}
        wanted = dict.fromkeys(pull.image for pulls in case.pulls.values() for pull in pulls)
        wanted |= dict.fromkeys(image for workload in case.workloads for image in workload.images)
        wanted |= dict.fromkeys(beside)
        self.images = tuple(scenario.images[name] for name in wanted)
        self.image_index = {name: number for number, name in enumerate(wanted)}
        cached = dict.fromkeys(name for group in scenario.groups for name in group.cached)
        cached |= dict.fromkeys(name for one in left for name in one.images)
        distinct: dict[str, Layer] = {}
        for name in wanted:
            for layer in scenario.images[name].layers:
                distinct.setdefault(layer.digest, layer)
        self.wanted_layers = len(distinct)  # the first of all
        for name in cached:
            for layer in scenario.images[name].layers:
                distinct.setdefault(layer.digest, layer)
        self.layers = tuple(distinct.values())
        self.layer_index = {digest: place for place, digest in enumerate(distinct)}
        self.alike: dict[tuple[object, str | None], _Recipes] = {}  # by what their nodes are
        self.held: dict[tuple[tuple[str, ...], bool], tuple[Layers, float]] = {}
        self.steps: dict[object, tuple[tuple[LayerStep, ...], frozenset[int]]] = {}
        self.volumes: dict[tuple[str, ...], dict[int, float]] = {}  # the layers on them [B], by the images on them
        self.terms: dict[tuple[str, SharedLink | None, bool], DiskTerms] = {}
        self.pinned: dict[tuple[int, int], SharedLink] = {}
        self.private: dict[str, PrivateLink] = {}
        self.queues = fleet.queues = queues_of(scenario, self.network, self.links)
        self.watched = has_hazards(scenario, case)
        self.too_long = Waits(scenario, case)
        fairness = scenario.fairness
        if fairness is not None:
            # Of BBR nothing is known of a slow conquest.
            conquest = fairness.conquest and scenario.congestion_control == "cubic"
            conquest = conquest and any(spec.rate is None and spec.request is None for spec in scenario.background)
            if fairness.sigma or conquest:
                fleet.share_by(Weights(self.network, fairness.sigma, fairness.memory, conquest, places))
        self.servers = Servers(
            scenario, fleet, self.links, random, self.image_index, self.layer_index,
            len(scenario.groups) + sum(group.count for group in scenario.groups),
        )  # fmt: skip
        self.peering = Peering(scenario, self.images, fleet, self.servers, self.links, picks)
        longest = 2 * (scenario.path_latency + sum(link.latency for link in scenario.links.values()))
        if longest > LONG:
            fleet.windows = Windows(self.network, scenario.congestion_control == "bbr", self.queues)

    def build(self) -> Actors:
        nodes: list[Node] = []
        names: list[str] = []
        groups: list[int] = []
        recipes: list[Mapping[str, Recipe]] = []
        crossed = {name for spec in self.scenario.background for name in spec.links if name not in self.scenario.links}
        pinned = _shared_by_others(self.scenario) | serving(self.scenario)
        alone = crossed - pinned
        for number, group in enumerate(self.scenario.groups):
            profile = self.network.profile(tuple(or_inf(one.capacity(group)) for one in PULLED))
            machine = MACHINE(group)
            shared = {rack: self._recipes(group, machine, rack) for rack in group.racks or (None,)}
            holdings = cached_images(group)
            timeout = group.kubelet.progress_timeout
            if not self.watched and not (self.case.workloads and timeout is not None and timeout < _SOON):
                timeout = None
            for i, name in enumerate(group.node_names()):
                index, rack = len(nodes), rack_of(group, i)
                host_profile, own = profile, shared[rack]
                left = self.left[index] if self.left else None
                holds = holdings[i] if left is None else (*holdings[i], *left.images)
                layers, used = self._held(holds, group.runtime)
                pins = self._pins(group, name, index, pinned) if pinned else {}
                if pins:
                    host_profile = self.network.profile(
                        tuple(inf if place in pins else capacity for place, capacity in enumerate(profile.capacities))
                    )
                    own = _Recipes(self, group, rack, pins)
                # Addresses of groups behind one address come before those of single nodes.
                address = number if group.shared_address else len(self.scenario.groups) + index
                host = self.network.host(host_profile)
                if alone:
                    self._note_private(group, name, index, host, alone)
                disk = None if group.storage is None else _disk(group.storage, group, used)
                terms = self._terms(group, pins.get(DISK), f"{name}.{RESOURCES[DISK].part}" in alone)
                writer = None if terms is None else DiskWriter(terms)
                node = Node(self.fleet, index, host, group.runtime, layers.copy(), address, disk, writer, timeout)
                node.host_per_image = group.host_per_image
                if group.snapshotter is not None:
                    charge = _uncharged if disk is None else disk.reserve
                    node.reader = Reader(self.fleet, host, group.snapshotter, charge)
                if group.volume_snapshot is not None and holdings[i]:
                    node.volume = self._volume(group, group.volume_snapshot, index, i, holdings[i])
                nodes.append(node)
                if left is not None and (left.layers or left.parts or left.unpacking):
                    self._hand_over(node, left, holds)
                recipes.append(own)
                names.append(name)
                groups.append(number)
        self.peering.join(groups, self.image_index, self.layer_index, self.left)
        background = self._background()
        self.fleet.follow()
        return Actors(
            nodes=nodes,
            names=tuple(names),
            groups=groups,
            recipes=recipes,
            images=self.images,
            layers=self.layers,
            sources=(*self.servers.by_name.values(), *self.peering.by_name.values()),
            outlets=tuple(outlet.name for outlet in outlets(self.scenario)),
            routes=tuple(routes(self.scenario, self.case)),
            background=background,
            pinned=self.pinned,
            registries=self.servers.by_name,
            links=self.links,
            caches=self.servers.caches,
            copiers=self.servers.copiers,
            peers=tuple(self.peering.by_name.values()),
            peer_links=self.peering.peer_links,
            observer=self._observer(background),
        )

    def _terms(self, group: NodeGroup, pin: SharedLink | None, alone: bool) -> DiskTerms | None:
        """How the disk of a node writes for pulls; others cross it by a link of its own, or on that node `alone`."""
        if group.disk is None:
            return None
        key = (group.name, pin, alone)
        found = self.terms.get(key)
        if found is None:
            kind = None
            if pin is not None:
                kind = self.network.kind((pin,))
            elif alone:
                kind = self.network.kind((), ((DISK, 1.0),))
            found = self.terms[key] = DiskTerms(
                rate=group.disk,
                limit=group.dirty_limit,
                background=group.dirty_limit * BACKGROUND,
                commit=group.runtime.layer_syncs * group.disk_sync,
                syncs=group.runtime.syncs_blobs,
                kind=kind,
            )
        return found

    def _recipes(self, group: NodeGroup, machine: object, rack: str | None) -> _Recipes:
        """How the nodes of a group in a rack pull images, as those of other groups that do not differ in it."""
        found = self.alike.get((machine, rack))
        if found is None:
            found = self.alike[machine, rack] = _Recipes(self, group, rack, {})
        return found

    def _observer(self, background: list[Application]) -> Observer | None:
        if not background:
            return None
        from rolloutsim.fleet.observing import Observer

        return Observer(self.network, background)

    def _held(self, images: tuple[str, ...], runtime: Runtime) -> tuple[Layers, float]:
        """The layers that cached images bring, those that are asked for in words, and what all take of a disk [B]."""
        key = (images, runtime.keeps_compressed)
        found = self.held.get(key)
        if found is None:
            every = {layer.digest for name in images for layer in self.scenario.images[name].layers}
            numbers = sorted(self.layer_index[digest] for digest in every)
            layers = (self.layers[number] for number in numbers)
            used = sum(layer.unpacked + (layer.compressed if runtime.keeps_compressed else 0.0) for layer in layers)
            found = self.held[key] = (words(number for number in numbers if number < self.wanted_layers), used)
        return found

    def _volume(self, group: NodeGroup, spec: VolumeSnapshot, node: int, place: int, images: tuple[str, ...]) -> Volume:
        """What holds the cached images of a node, the one at a place in its group."""
        from rolloutsim.fleet.volumes import Volume  # most scenarios have none, and do without

        sizes = self.volumes.get(images)
        if sizes is None:
            every = {layer.digest: layer.unpacked for name in images for layer in self.scenario.images[name].layers}
            known = ((self.layer_index[digest], size) for digest, size in every.items())
            sizes = self.volumes[images] = {number: size for number, size in known if number < self.wanted_layers}
        share = {self.image_index[image.name]: read_first(group, image) for image in self.images}
        _, size = self._held(images, group.runtime)
        created = 0.0 if group.join is None else group.join.asked(place)
        return Volume(self.fleet, node, spec, sizes, size, share, created)

    def _hand_over(self, node: Node, left: Left, images: tuple[str, ...]) -> None:
        """Let a node hold layers of an image that it has begun to pull before."""
        known = self.layer_index
        there = {layer.digest for name in images for layer in self.scenario.images[name].layers}
        more = [known[digest] for digest in left.layers if digest not in there and digest in known]
        for word, bits in words(number for number in more if number < self.wanted_layers).items():
            node.held[word] = node.held.get(word, 0) | bits
        hand_over(node, left, known)
        if node.disk is not None:
            keeps = node.runtime.keeps_compressed
            whole = [self.layers[number] for number in more]
            arrived = {digest: share for digest, share in (left.unpacking or {}).items() if digest in known}
            begun = [(self.layers[known[digest]], share) for digest, share in arrived.items()]
            used = sum(layer.unpacked + (layer.compressed if keeps else 0.0) for layer in whole)
            used += sum(layer.compressed + layer.unpacked * (1.0 - share) for layer, share in begun)
            node.disk.reserve(used + sum((left.parts or {}).values()))
            node.disk.before = node.disk.used

    def _pins(self, group: NodeGroup, name: str, node: int, wanted: set[str]) -> dict[int, SharedLink]:
        """The private links of a node that pulls and background traffic cross; the latter's are noted as `pinned`."""
        pins: dict[int, SharedLink] = {}
        for place, resource in enumerate(RESOURCES):
            full_name = f"{name}.{resource.part}"
            capacity = resource.capacity(group)
            if full_name in wanted and capacity is not None:
                link = self.network.link(full_name, capacity)
                self.links[full_name] = self.pinned[node, place] = link
                if place < len(PULLED):
                    pins[place] = link
                if self.queues is not None and resource.is_network:
                    self.queues.add(link, group.nic_buffer, group.nic_queue)
        return pins

    def _note_private(self, group: NodeGroup, name: str, node: int, host: Host, wanted: set[str]) -> None:
        """Find the links of a node that only its own pulls and transfers cross."""
        for place, resource in enumerate(PULLED):
            full_name = f"{name}.{resource.part}"
            if full_name in wanted and resource.capacity(group) is not None:
                wait = standing_queue(group.nic_buffer, group.nic_queue) if resource.is_network else 0.0
                self.private[full_name] = PrivateLink(node, place, host, wait)

    def recipe(self, group: NodeGroup, pins: dict[int, SharedLink], image: Image, ways: tuple[Way, ...]) -> Recipe:
        """How the nodes of a group pull an image over these ways; `pins` are private links known to the network."""
        passed = tuple(place for place, one in enumerate(PULLED) if one.capacity(group) is not None)
        speeds = (group.unpack_rate, group.stored_rate, group.disk, group.disk_iops)
        lazy = (group.snapshotter, group.runtime.partial_images)
        key = (image.name, passed, *speeds, *((place, link.index) for place, link in pins.items()), *lazy)
        known = self.steps.get(key)
        unpacks = any(not PULLED[place].is_network for place in passed)
        if known is None:
            steps = tuple(self._step(group, pins, image, layer, unpacks) for layer in image.layers)
            known = self.steps[key] = (steps, frozenset(step.layer for step in steps))
        is_lazy = any(step.later for step in known[0])
        return Recipe(
            image=self.image_index[image.name],
            steps=known[0],
            ways=ways,
            finish_time=group.runtime.finish_time,
            unpacks=unpacks,
            layers=known[1],
            needed=needed_share(group, image),
            read_from=next(way for way in ways if way.source.name == image.registry) if is_lazy else None,
        )

    def _step(
        self, group: NodeGroup, pins: dict[int, SharedLink], image: Image, layer: Layer, unpacks: bool
    ) -> LayerStep:
        """What a layer of an image costs on the nodes of a group."""
        number, size = self.layer_index[layer.digest], fetched_size(group, image, layer)
        if is_lazy(group, layer):
            return LayerStep(number, size, 0.0, None, 0.0, layer.is_stored, later=layer.compressed)
        fetched = layer if size == layer.compressed else replace(layer, compressed=size)
        return LayerStep(
            number,
            size,
            layer.unpacked,
            self._unpack_kind(group, layer, fetched, pins) if unpacks else None,
            write_time(group, layer),
            layer.is_stored,
            has_index=is_partial(group, image),
        )

    def ways(
        self, group: NodeGroup, rack: str | None, pins: dict[int, SharedLink], image: Image, known: dict[str, Way]
    ) -> tuple[Way, ...]:
        """The ways to the sources that have an image, in the order in which nodes prefer them; known ones by name."""
        names = hosts_of(self.scenario, group, rack, image.registry)
        for name in names:
            if name not in known:
                if name in self.peering.by_name:
                    kinds = partial(self._both_kinds, group, pins)
                    known[name] = self.peering.way(group, rack, NIC_IN in pins, name, kinds)
                else:
                    known[name] = self._way(group, rack, pins, name)
        return tuple(known[name] for name in names)

    def _way(self, group: NodeGroup, rack: str | None, pins: dict[int, SharedLink], name: str) -> Way:
        """The way to a server."""
        scenario, runtime = self.scenario, group.runtime
        registry = self.servers.specs[name]
        trip = round_trip(scenario, asked(registry, group, rack))
        paths = carrying(registry, group, rack)
        # A new connection needs one more round trip for TLS; runtimes that keep theirs ask for one only.
        tls = registry.tls
        layer_trips = runtime.layer_round_trips + (tls and runtime.layer_round_trips > 1)
        resolve_trips = runtime.resolve_round_trips + (tls and runtime.resolve_round_trips > 0)
        set_up_trips = min(max(runtime.layer_round_trips - 1.0, 0.0), 1.0) + (layer_trips - runtime.layer_round_trips)
        set_up = set_up_trips * trip
        # The first round trip sets up the connection; each of the others is a request, some of them about manifests.
        answers = max(runtime.resolve_round_trips - 1, 0)
        slower = 0.0
        if registry.manifest_ttfb is not None:
            slower = min(answers, ABOUT_MANIFESTS) * (registry.manifest_ttfb - registry.ttfb)
        cap, ttfb, redirect = registry.connection_cap, registry.ttfb, registry.redirect
        answer = ttfb if redirect is None else redirect.ttfb  # reads on demand know where they are redirected
        if redirect is not None:
            # The registry answers with a redirection: set-up and request again, at the object storage.
            ttfb += 2 * round_trip(scenario, paths[0]) + redirect.ttfb
            set_up += round_trip(scenario, paths[0])
            cap = redirect.connection_cap
        first = registry.first_fetch
        slow = cap if first is None else _least(cap, first.connection_cap)
        windowed = [window_rate(registry.tcp_window, round_trip(scenario, path)) for path in paths]

        def kinds(cap: float | None, core: float | None) -> tuple[Kind, ...]:
            return tuple(
                self._fetch_kind(group, path, cap, window, pins, core)
                for path, window in zip(paths, windowed, strict=True)
            )

        plain, stored = kinds(cap, group.unpack_rate), kinds(cap, group.stored_rate)
        nic_wait = 0.0 if NIC_IN in pins else standing_queue(group.nic_buffer, group.nic_queue)
        waits = {} if self.queues is None else self.queues.waits
        before_first_byte = runtime.layer_time + ttfb + layer_trips * trip
        way = Way(
            source=self.servers.by_name[name],
            kinds=plain,
            stored=stored,
            round_trip=trip,
            before_first_byte=before_first_byte,
            layer_trips=layer_trips,
            resolve_time=runtime.resolve_time + resolve_trips * trip + answers * registry.ttfb + slower,
            resolve_trips=resolve_trips,
            buffered=nic_wait > 0.0 or any(link in waits for kind in plain for link in kind.links),
            nic_wait=nic_wait,
            keeps=runtime.kept_connections if trip > 0.0 or waits or nic_wait > 0.0 else 0,
            set_up=set_up,
            set_up_trips=set_up_trips,
            cold_kinds=() if first is None else kinds(slow, group.unpack_rate),
            cold_stored=() if first is None else kinds(slow, group.stored_rate),
            limits=self.too_long.limits(group, rack, registry, self.links, before_first_byte),
            index_time=trip + registry.ttfb if runtime.partial_images else 0.0,
            reading=None
            if group.snapshotter is None
            else ReadingKinds(self.network, group, plain, round_trip(scenario, paths[0]) + answer),
        )
        if way.handler is not None:
            near_by = between(registry.rack, group, rack)
            self.servers.pass_over(way, registry, near_by, partial(self._both_kinds, group, pins))
        return way

    def _both_kinds(
        self, group: NodeGroup, pins: dict[int, SharedLink], path: tuple[str, ...], cap: float | None, window: float
    ) -> tuple[Kind, Kind]:
        """The kinds of fetches over a path, of layers that compress and of others."""
        rates = group.unpack_rate, group.stored_rate
        plain, stored = (self._fetch_kind(group, path, cap, window, pins, core) for core in rates)
        return plain, stored

    def _fetch_kind(
        self,
        group: NodeGroup,
        path: tuple[str, ...],
        source_cap: float | None,
        windowed: float,
        pins: dict[int, SharedLink],
        core: float | None,
    ) -> Kind:
        """Bytes come to memory; a core that reads so many a second may have to decompress them on their way."""
        passed = [
            place
            for place, one in enumerate(PULLED)
            if one.fetched and one.is_network and one.capacity(group) is not None
        ]
        links = (*(self.links[name] for name in path), *(pins[place] for place in passed if place in pins))
        usage = [(place, 1.0) for place in passed if place not in pins]
        private = min((or_inf(PULLED[place].capacity(group)) for place, _ in usage), default=inf)
        cap, capped_by = min(or_inf(source_cap), or_inf(group.connection_cap)), CAP
        if group.runtime.decompresses_on_arrival and group.unpack_rate is not None and core is not None:
            usage.append((UNPACK, group.unpack_rate / core))
            if core < cap:
                cap, capped_by = core, PRIVATE - UNPACK
        if not links and not usage:
            cap = min(cap, _AT_ONCE)
        return connections(self.network, links, tuple(sorted(usage)), private, cap, windowed, capped_by)

    def _unpack_kind(self, group: NodeGroup, layer: Layer, fetched: Layer, pins: dict[int, SharedLink]) -> Kind | None:
        """The decompressor reads fewer bytes than it makes, on one core per layer; that they go to memory is free.

        What of a layer is not `fetched` is copied, which is free as well.
        """
        rate = group.stored_rate if layer.is_stored else group.unpack_rate
        if layer.unpacked <= 0.0 or fetched.compressed <= 0.0 or rate is None or group.unpack_rate is None:
            return None
        ratio = layer.unpacked / fetched.compressed
        return self.network.kind((), ((UNPACK, group.unpack_rate / rate / ratio),), rate * ratio)

    def _background(self) -> list[Application]:
        rates = ConstantRates(self.network, self.queues)
        flows: list[Application] = []
        for spec in self.scenario.background:
            base = round_trip(self.scenario, spec.links)
            if spec.request is not None:
                flows.append(RequestService(rates, spec, self._shared(spec.links), base, self.queues))
            elif spec.rate is not None:
                flows.append(ConstantRate(rates, spec, self._shared(spec.links), spec.rate))
            else:
                windowed = window_rate(self.scenario.tcp_window, base)
                transfer = Transfer(self.network, spec, self._crossed(spec.links), windowed, base, self.queues)
                if self.fleet.weights is not None:
                    self.fleet.weights.meet(transfer)
                flows.append(transfer)
        return flows

    def _shared(self, names: tuple[str, ...]) -> tuple[SharedLink, ...]:
        """Those of some links that the network knows; a private link without a limit is not a link."""
        return tuple(self.links[name] for name in names if name in self.links)

    def _crossed(self, names: tuple[str, ...]) -> tuple[Link, ...]:
        """The same, with those that are one node's alone."""
        found = (self.private.get(name) or self.links.get(name) for name in names)
        return tuple(link for link in found if link is not None)


def build(
    scenario: ResolvedScenario,
    case: Case,
    fleet: Fleet,
    random: Callable[[], float],
    places: Callable[[], list[int]],
    picks: Callable[[], float] = float,
    left: Sequence[Left] = (),
    beside: Iterable[str] = (),
) -> Actors:
    """Put a case's actors on the fleet's network.

    `random` gives numbers in [0, 1) for requests that fail, `picks` for peers that a look-up finds, `places` many
    places in `fairness.LEVELS`. `left` is what each node holds that has pulled before, `beside` are images that are
    pulled beside the case's own.
    """
    return _Builder(scenario, case, fleet, random, places, picks, left, beside).build()


def has_hazards(scenario: ResolvedScenario, case: Case) -> bool:
    """Whether bytes can stand still and go on, so that runtimes look whether their pulls get on.

    Bare pulls, for which nobody asks again, wait as long as it takes unless faults are simulated (assumed).
    """
    if scenario.faults or not case.workloads:
        return bool(scenario.faults)
    asked = {host for group in scenario.groups for host in group.hosts}
    return (
        any(
            server.may_refuse or server.mirrors or server.max_connections is not None
            for server in scenario.servers.values()
        )
        or any(group.storage for group in scenario.groups)
        or any(spec.rate is not None for spec in scenario.background)
        or any(peers.store_and_forward for name, peers in scenario.peers.items() if name in asked)
    )


def _shared_by_others(scenario: ResolvedScenario) -> set[str]:
    """The links of nodes of which not only transfers take that keep to one node: what is inelastic narrows them."""
    pulled = tuple(f".{resource.part}" for resource in PULLED)
    found: set[str] = set()
    for spec in scenario.background:
        own = [name for name in spec.links if name not in scenario.links]
        crossed = {LinkName.of(name).owner for name in own if name.endswith(pulled)}
        if spec.rate is not None or spec.request is not None or len(crossed) > 1:
            found.update(own)
        found.update(name for name in own if not name.endswith(pulled))
    return found


def _least(one: float | None, other: float | None) -> float | None:
    """The smaller of two caps; None: none."""
    return min(or_inf(one), or_inf(other)) if one is not None or other is not None else None


def _uncharged(_: float) -> None:
    """A disk that holds everything."""


def _disk(storage: Disk, group: NodeGroup, layers: float) -> DiskSpace:
    """What fits on the disk of a node; the layers that it holds take their part [B]."""
    used = storage.used + storage.old_images + layers
    if group.snapshotter is not None or group.runtime.partial_images:
        # An image may be there of which not all bytes are: those that do not fit are read again.
        used = min(used, storage.capacity)
    return DiskSpace(storage.capacity, used, storage.old_images, group.runtime.keeps_compressed)
