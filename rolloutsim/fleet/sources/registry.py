"""A registry as its clients see it: up or down, with connections, rate limits, and requests that fail.

Mirrors and caches are registries, too: a mirror lacks what was not copied to it, a cache has a handler that asks its
upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.buckets import FixedWindow, TokenBucket
from rolloutsim.fleet.sources.source import FINE, LIMITED, UNAVAILABLE, Cold, Connections, Source
from rolloutsim.scenario.answers import BROKEN, MISSING

if TYPE_CHECKING:
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.scenario import resolved


class Limit:
    """A rate limit: one bucket or window for all clients, or one for each address."""

    __slots__ = ("buckets", "spec")

    def __init__(self, spec: resolved.RateLimit) -> None:
        self.spec = spec
        self.buckets: dict[int, TokenBucket | FixedWindow] = {}

    def accept(self, address: int, now: float) -> bool:
        """Whether a request from an address is within the limit; if so it is counted."""
        key = address if self.spec.per == "address" else 0
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = self._bucket(now)
        return bucket.accept(now)

    def _bucket(self, now: float) -> TokenBucket | FixedWindow:
        """What counts the requests of an address that asks for the first time."""
        spec = self.spec
        if spec.window is not None:
            ends = spec.window if spec.resets_after is None else spec.resets_after
            return FixedWindow(spec.burst, spec.window, spec.used, ends)
        bucket = TokenBucket(spec.rate, spec.burst)
        if spec.used:
            bucket.tokens -= spec.used  # and comes back from the rollout's start on
        else:
            bucket.since = now
        return bucket

    def go_on(self, earlier: Limit, by: float) -> None:
        """Count on from what was counted on another clock, whose zero lies so much later than that of this one [s]."""
        spec = self.spec
        for address, counted in earlier.buckets.items():
            bucket = self.buckets[address] = self._bucket(0.0)
            if isinstance(counted, TokenBucket) and isinstance(bucket, TokenBucket):
                back = counted.tokens + counted.rate * (-by - counted.since)
                bucket.tokens = min(back, counted.burst) - spec.used
                bucket.since = 0.0
            elif isinstance(counted, FixedWindow) and isinstance(bucket, FixedWindow) and counted.ends + by > 0.0:
                bucket.left -= counted.count - counted.left
                if spec.resets_after is None:
                    bucket.ends = counted.ends + by

    def next_at(self, address: int) -> float:
        """Until when every request from an address will be refused [s]; at once: it may not be."""
        bucket = self.buckets.get(address if self.spec.per == "address" else 0)
        return -inf if bucket is None else bucket.next_at()


class Content:
    """What a mirror has: images whose manifests and configs are there, and layers, by their numbers in the case."""

    __slots__ = ("images", "layers")

    def __init__(self, images: set[int], layers: set[int]) -> None:
        self.images = images
        self.layers = layers

    def has(self, image: int, layer: int) -> bool:
        """Whether a layer is there; -1: the manifests and the config of an image."""
        return layer in self.layers if layer >= 0 else image in self.images


class Strain:
    """What a replica fills of its uplink, which hangs on how many connections it has.

    Parameters
    ----------
    network : FluidNetwork
        Of the uplink.
    link : SharedLink
        The uplink.
    connections : Connections
        The replica's.
    points : tuple of (int, float)
        Numbers of connections, ascending, and the share of the uplink that is filled with so many.
    """

    __slots__ = ("connections", "link", "network", "planned", "points")

    def __init__(
        self,
        network: FluidNetwork,
        link: SharedLink,
        connections: Connections,
        points: tuple[tuple[int, float], ...],
    ) -> None:
        self.network = network
        self.link = link
        self.connections = connections
        self.points = points
        self.planned = False
        connections.changed = self.changed

    def changed(self) -> None:
        """There are more or fewer connections than before: look at the end of this instant."""
        if not self.planned:
            self.planned = True
            self.network.call_afterwards(self._settle)

    def _settle(self, _: object) -> None:
        self.planned = False
        share = share_filled(self.points, self.connections.in_use)
        if share != self.link.efficiency:
            self.network.strain(self.link, share)


def share_filled(points: tuple[tuple[int, float], ...], connections: int) -> float:
    """The share at a number of connections: on straight lines from all of it at one on, and level after the last."""
    before, share = 1, 1.0
    for number, its in points:
        if connections < number:
            if connections <= before:
                break
            return share + (its - share) * (connections - before) / (number - before)
        before, share = number, its
    return share


class Registry(Source):
    """A registry that may refuse requests, break connections, and have several replicas.

    Parameters
    ----------
    index : int
        Its number among the case's sources.
    spec : rolloutsim.scenario.resolved.Registry
        Its replicas, connections and limits.
    may_fail : bool
        Whether a fault of the scenario is one of this registry.
    random : callable
        Gives random numbers in [0, 1); asked only while requests fail at random.
    cuts : bool
        Whether a fault of a node or a pull_timeout may end pulls before they have an answer.
    content : Content or None
        What it has; None: everything, or what its handler says.
    """

    __slots__ = ("content", "failing", "is_steady", "limits", "random", "up")

    def __init__(
        self,
        index: int,
        spec: resolved.Registry,
        may_fail: bool,
        random: Callable[[], float],
        cuts: bool = False,
        content: Content | None = None,
    ) -> None:
        connections = tuple(Connections(spec.max_connections) for _ in spec.replicas or ("",))
        cold = None if spec.first_fetch is None else Cold(spec.first_fetch.time)
        is_sure = not (spec.may_refuse or may_fail or spec.mirrors)
        super().__init__(index, spec.name, connections, not is_sure, cold)
        self.content = content
        self.unlimited = self.unlimited and not spec.efficiency
        self.limits = [Limit(limit) for limit in spec.rate_limits]
        self.by_address = any(limit.per == "address" for limit in spec.rate_limits)
        self.is_steady = not may_fail and not cuts
        self.random = random
        self.up = True
        self.failing = 0.0  # probability that a request fails

    @property
    def is_up(self) -> bool:
        """Whether it answers at all."""
        return self.up

    def goes_on(self, earlier: Source, by: float, layers: Sequence[int | None]) -> None:
        """What was used of its limits is used."""
        super().goes_on(earlier, by, layers)
        assert isinstance(earlier, Registry)
        for limit, its in zip(self.limits, earlier.limits, strict=True):
            limit.go_on(its, by)

    def answer(self, address: int, now: float, layer: int, manifest: bool, image: int = -1) -> int:
        """How a request is answered; limits on pulls count the GET of a manifest only."""
        if not self.up:
            return BROKEN
        if self.failing > 0.0 and self.random() < self.failing:
            return UNAVAILABLE
        for limit in self.limits:
            counted = manifest or limit.spec.counts != "pulls"
            if counted and not limit.accept(address, now):
                return LIMITED
        return FINE if self.content is None or self.content.has(image, layer) else MISSING

    def takes_uploads(self) -> bool:
        """Whether a request about an upload is answered; limits count what is read only (assumed)."""
        return self.up and not (self.failing > 0.0 and self.random() < self.failing)

    def refuses(self, address: int, now: float, manifest: bool) -> bool:
        """Whether the first limit that counts such a request has nothing left, and nothing comes before it."""
        return self.up and self.failing == 0.0 and now < self._next_at(address, manifest)

    def refuses_until(self, address: int, now: float, manifest: bool) -> float:
        """The same of all requests until a time [s], the present one where more than time could change it."""
        return self._next_at(address, manifest) if self.is_steady else now

    def _next_at(self, address: int, manifest: bool) -> float:
        """Until when the first limit that counts such a request refuses it [s]."""
        for limit in self.limits:
            if manifest or limit.spec.counts != "pulls":
                return limit.next_at(address)
        return -inf

    def go_down(self) -> None:
        """Refuse requests from now on; all connections break."""
        self.up = False
        if self.handler is not None:
            self.handler.go_down()
        for connections in self.connections:
            connections.clear()
        for fetch, node in list(self.fetches.items()):
            node.broken(fetch)

    def come_up(self) -> None:
        """Answer again."""
        self.up = True
        cut, self.cut = self.cut, {}
        for stream, reader in cut.items():
            reader.resumed(stream)
