"""The servers of a case: registries, mirrors and caches, and the ways of caches to their upstreams.

A cache is a client of its upstream: it has a way to it as nodes have. What it passes on takes a leg that is made of two
ways: that of the upstream's bytes into the cache, and that from the cache to whoever asked.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.recipes import Way
from rolloutsim.fleet.sources.registry import Content, Registry, Strain
from rolloutsim.fleet.windows import connections, or_inf, window_rate
from rolloutsim.scenario.policies import repository
from rolloutsim.scenario.routes import inwards, leaving, outlets, round_trip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from rolloutsim.fleet.copier import Copier, Mirror
    from rolloutsim.fleet.pulls import Fleet
    from rolloutsim.fleet.sources.cache import PullThrough
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.scenario import resolved
    from rolloutsim.scenario.copied import Copied
    from rolloutsim.scenario.resolved import ResolvedScenario


class Servers:
    """All servers of a case, by name.

    Parameters
    ----------
    scenario : ResolvedScenario
        Which there are.
    fleet : Fleet
        What they share with nodes.
    links : mapping of str to SharedLink
        The network's.
    random : callable
        Gives random numbers in [0, 1) for requests that fail.
    images, layers : mapping of str to int
        The numbers of the case's images by name, and of its layers by digest.
    first_address : int
        From where on addresses are those of caches.
    """

    def __init__(
        self,
        scenario: ResolvedScenario,
        fleet: Fleet,
        links: Mapping[str, SharedLink],
        random: Callable[[], float],
        images: Mapping[str, int],
        layers: Mapping[str, int],
        first_address: int,
    ) -> None:
        self.scenario = scenario
        self.fleet = fleet
        self.links = links
        self.images = images
        self.layers = layers
        hit = {fault.target for fault in scenario.faults if fault.kind in ("registry", "requests")}
        cuts = any(fault.kind == "node" for fault in scenario.faults) or any(
            group.kubelet.pull_timeout is not None for group in scenario.groups
        )
        self.specs = scenario.servers
        self.by_name = {
            name: Registry(index, spec, name in hit, random, cuts, self._content(spec))
            for index, (name, spec) in enumerate(self.specs.items())
        }
        for name, spec in self.specs.items():
            # Without a curve there are none.
            for uplink, queue in zip(spec.replicas, self.by_name[name].connections, strict=False):
                if spec.efficiency and uplink in links:
                    Strain(fleet.network, links[uplink], queue, spec.efficiency)
        self.handlers: dict[str, PullThrough] = {}  # of caches
        self.numbers: dict[tuple[str, int], int] = {}  # of outlets, by server and number of the outlet before it
        if scenario.caches:
            self._number()
            self._make_caches(first_address)
        self.copiers = tuple(self._copiers(first_address + len(scenario.caches)))
        self.next_address = first_address + len(scenario.caches) + len(self.copiers)

    @property
    def caches(self) -> tuple[PullThrough, ...]:
        """The handlers of all caches."""
        return tuple(self.handlers.values())

    def _content(self, spec: resolved.Registry) -> Content | None:
        if spec.holds is None or spec.caching is not None:
            return None
        held = {digest for digests in spec.holds.values() for digest in digests}
        return Content(
            {self.images[name] for name in spec.holds if name in self.images},
            {number for digest, number in self.layers.items() if digest in held},
        )

    def _number(self) -> None:
        found = outlets(self.scenario)
        number = {outlet: place for place, outlet in enumerate(found)}
        for place, outlet in enumerate(found):
            self.numbers[outlet.server, -1 if outlet.origin is None else number[outlet.origin]] = place

    def _make_caches(self, first_address: int) -> None:
        from rolloutsim.fleet.sources.cache import PullThrough  # most scenarios have none, and do without

        network = self.fleet.network
        repositories: dict[str, int] = {}
        of_images = [repositories.setdefault(repository(name), len(repositories)) for name in self.images]
        sizes = [0.0] * len(self.layers)
        for name in self.images:
            for layer in self.scenario.images[name].layers:
                sizes[self.layers[layer.digest]] = layer.compressed
        profile = network.profile(())
        made = self.handlers
        for number, (name, spec) in enumerate(self.scenario.caches.items()):
            caching, server = spec.caching, self.by_name[name]
            assert caching is not None
            handler = server.handler = made[name] = PullThrough(
                self.fleet, server, self.by_name[caching.upstream], caching, first_address + number,
                network.host(profile), of_images, sizes,
            )  # fmt: skip
            handler.own_links = tuple(self.links[link] for link in leaving(spec)[0] if link != f"{name}.storage")
            for image, digests in (spec.holds or {}).items():
                # What is pulled may share layers with images that nobody pulls.
                handler.put(
                    self.images.get(image),
                    repositories.setdefault(repository(image), len(repositories)),
                    [self.layers[one] for one in digests if one in self.layers],
                )
        for name, handler in made.items():
            way = handler.upstream_way = self._upstream(self.specs[name])
            if handler.upstream.name in made:
                handler.manifests.above = made[handler.upstream.name].manifests
            above = self.specs[handler.upstream.name]
            self.pass_over(way, above, inwards(above, self.specs[name]), self._plain)

    def _copiers(self, first_address: int) -> Iterator[Copier]:
        """What is copied to mirrors, those of a key together."""
        keys: dict[str, list[str]] = {}
        for name, spec in self.scenario.mirrors.items():
            if spec.copied is not None:
                keys.setdefault(spec.called, []).append(name)
        if not keys:
            return
        from rolloutsim.fleet.copier import Copier  # as above

        network = self.fleet.network
        for number, names in enumerate(keys.values()):
            first = self.specs[names[0]].copied
            assert first is not None
            images = {
                name: (self.images[name], self.scenario.images[name]) for name in first.images if name in self.images
            }
            mirrors = [self._copied_to(name, {image.registry for _, image in images.values()}) for name in names]
            host = network.host(network.profile(()))
            yield Copier(self.fleet, mirrors, host, first_address + number, images, self.layers)

    def _copied_to(self, name: str, registries: Collection[str]) -> Mirror:
        """A mirror, and the ways to it from those registries that images come from."""
        from rolloutsim.fleet.copier import Mirror
        from rolloutsim.fleet.push import SET_UP

        server, spec = self.by_name[name], self.specs[name]
        assert server.content is not None
        assert spec.copied is not None
        ways = {one: self._way_into(self.specs[one], spec, spec.copied) for one in spec.mirrors if one in registries}
        return Mirror(server, server.content, ways, SET_UP + spec.tls, spec.ttfb, spec.copied)

    def _way_into(self, origin: resolved.Registry, mirror: resolved.Registry, copied: Copied) -> Way:
        """The way of what is copied from a registry to a mirror; who copies stands beside the registry."""
        inward, redirect, first = inwards(origin, mirror), origin.redirect, origin.first_fetch
        ttfb, cap = origin.ttfb, origin.connection_cap
        if redirect is not None:
            ttfb, cap = ttfb + redirect.ttfb, redirect.connection_cap
        cap = min(or_inf(cap), or_inf(copied.rate))
        cold = None if first is None else min(cap, or_inf(first.connection_cap))
        trip = round_trip(self.scenario, (*leaving(origin)[0], *inward))
        return self._way_from(origin, inward, mirror.tcp_window, trip, ttfb, cap, cold)

    def _upstream(self, cache: resolved.Registry) -> Way:
        """The way of a cache to its upstream, for what it fetches for its store."""
        caching = cache.caching
        assert caching is not None
        spec = self.specs[caching.upstream]
        inward = inwards(spec, cache)
        trip = round_trip(self.scenario, (*spec.path, *inward))
        ttfb, cap, redirect = spec.ttfb, spec.connection_cap, spec.redirect
        if redirect is not None:
            # The registry answers with a redirection: set-up and request again, at the object storage.
            ttfb += 2 * round_trip(self.scenario, (*leaving(spec)[0], *inward)) + redirect.ttfb
            cap = redirect.connection_cap
        ttfb += caching.layer_trips * trip
        most, first, trips = or_inf(cap), spec.first_fetch, caching.layer_trips
        cold = None if first is None else min(most, or_inf(first.connection_cap))
        return self._way_from(spec, inward, spec.tcp_window, trip, ttfb, most, cold, trips)

    def _way_from(
        self,
        origin: resolved.Registry,
        inward: tuple[str, ...],
        window: float | None,
        trip: float,
        before_first_byte: float,
        cap: float,
        cold: float | None = None,
        layer_trips: float = 0.0,
    ) -> Way:
        """The way of a server's layers to another server.

        Parameters
        ----------
        origin : resolved.Registry
            Where they leave.
        inward : tuple of str
            The shared links from there.
        window : float or None
            The most that a connection has on its way [B]; None: unlimited.
        trip : float
            The round trip of requests [s].
        before_first_byte : float
            From a request until the first byte [s].
        cap : float
            The most that a connection carries [B/s].
        cold : float or None
            The same of a layer's first readers; None: no layer is cold.
        layer_trips : float
            Round trips of a layer's request.
        """
        exits = leaving(origin)
        paths = tuple((*path, *inward) for path in exits)

        def kinds(cap: float) -> tuple[Kind, ...]:
            windows = (window_rate(window, round_trip(self.scenario, path)) for path in paths)
            return tuple(self._plain(path, cap, rate)[0] for path, rate in zip(paths, windows, strict=True))

        plain = kinds(cap)
        slow = () if cold is None else kinds(cold)
        waits = {} if self.fleet.queues is None else self.fleet.queues.waits
        return Way(
            source=self.by_name[origin.name],
            kinds=plain,
            stored=plain,
            round_trip=trip,
            before_first_byte=before_first_byte,
            layer_trips=layer_trips,
            resolve_time=origin.ttfb if origin.manifest_ttfb is None else origin.manifest_ttfb,
            resolve_trips=0.0,
            buffered=any(link in waits for kind in plain for link in kind.links),
            nic_wait=0.0,
            cold_kinds=slow,
            cold_stored=slow,
            exits=exits,
        )

    def _plain(self, path: tuple[str, ...], cap: float | None, windowed: float) -> tuple[Kind, Kind]:
        """The kinds of flows into a cache or mirror."""
        links = tuple(self.links[name] for name in path)
        kind = connections(self.fleet.network, links, (), inf, inf if cap is None else cap, windowed)
        return kind, kind

    def pass_over(
        self,
        way: Way,
        server: resolved.Registry,
        near: tuple[str, ...],
        kinds: Callable[[tuple[str, ...], float | None, float], tuple[Kind, Kind]],
    ) -> None:
        """Note that somebody asks a server over a way, which may be a cache that passes on what it lacks.

        Parameters
        ----------
        way : Way
            The way.
        server : resolved.Registry
            Where it leads.
        near : tuple of str
            The shared links from there to whoever asks, behind those of the server's own.
        kinds : callable
            Gives the kinds of flows over a path, for layers that compress and others.
        """
        handler = self.handlers.get(server.name)
        if handler is not None:
            handler.through[way] = partial(self._leg, way, server, near, kinds, handler)

    def _leg(
        self,
        way: Way,
        cache: resolved.Registry,
        near: tuple[str, ...],
        kinds: Callable[[tuple[str, ...], float | None, float], tuple[Kind, Kind]],
        handler: PullThrough,
        before: Way,
        replica: int,
    ) -> Way:
        """What comes to a cache over a way from a replica, and from there to whoever asked it."""
        scenario = self.scenario
        origin = self.specs[before.source.name]
        into = (*before.exits[replica], *inwards(origin, cache))
        # What passes is not read from the cache's storage.
        own = (tuple(link for link in path if link != f"{cache.name}.storage") for path in leaving(cache))
        exits = tuple((*into, *path) for path in own)
        windowed = [window_rate(cache.tcp_window, round_trip(scenario, (*path, *near))) for path in leaving(cache)]

        def passing(arriving: Kind) -> list[tuple[Kind, Kind]]:
            cap = min(or_inf(cache.connection_cap), arriving.cap)
            return [
                kinds((*path, *near), None if cap == inf else cap, window)
                for path, window in zip(exits, windowed, strict=True)
            ]

        made = passing(before.kinds[replica])
        cold = [] if before.cold is None else passing(before.cold_kinds[replica])
        waits = {} if self.fleet.queues is None else self.fleet.queues.waits
        return Way(
            source=way.source,
            kinds=tuple(plain for plain, _ in made),
            stored=tuple(stored for _, stored in made),
            round_trip=max(way.round_trip, before.round_trip),
            before_first_byte=way.before_first_byte + before.before_first_byte,
            layer_trips=way.layer_trips + before.layer_trips,
            resolve_time=way.resolve_time,
            resolve_trips=way.resolve_trips,
            buffered=way.buffered or any(link in waits for kind, _ in made for link in kind.links),
            nic_wait=way.nic_wait,
            keeps=way.keeps,
            set_up=way.set_up,
            set_up_trips=way.set_up_trips,
            cold_kinds=tuple(plain for plain, _ in cold),
            cold_stored=tuple(stored for _, stored in cold),
            before=before,
            number=self.numbers[cache.name, before.number],
            exits=exits,
        )
