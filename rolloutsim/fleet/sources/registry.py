"""A registry as its clients see it: up or down, with connections, rate limits, and requests that fail."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.sources.source import BROKEN, FINE, LIMITED, UNAVAILABLE, Connections, Source

if TYPE_CHECKING:
    from rolloutsim.scenario import resolved


class Limit:
    """A rate limit: one bucket for all clients, or one for each address."""

    __slots__ = ("buckets", "spec")

    def __init__(self, spec: resolved.RateLimit) -> None:
        self.spec = spec
        self.buckets: dict[int, TokenBucket] = {}

    def accept(self, address: int, now: float) -> bool:
        """Whether a request from an address is within the limit; if so it is counted."""
        key = address if self.spec.per == "address" else 0
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = TokenBucket(self.spec.rate, self.spec.burst)
            bucket.since = now
        return bucket.accept(now)

    def next_at(self, address: int) -> float:
        """Until when every request from an address will be refused [s]; at once: it may not be."""
        bucket = self.buckets.get(address if self.spec.per == "address" else 0)
        return -inf if bucket is None else bucket.next_at()


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
    """

    __slots__ = ("failing", "is_steady", "limits", "random", "up")

    def __init__(
        self, index: int, spec: resolved.Registry, may_fail: bool, random: Callable[[], float], cuts: bool = False
    ) -> None:
        connections = tuple(Connections(spec.max_connections) for _ in spec.replicas or ("",))
        super().__init__(index, spec.name, connections, spec.may_refuse or may_fail)
        self.limits = [Limit(limit) for limit in spec.rate_limits]
        self.by_address = any(limit.per == "address" for limit in spec.rate_limits)
        self.is_steady = not may_fail and not cuts
        self.random = random
        self.up = True
        self.failing = 0.0  # probability that a request fails

    def answer(self, address: int, now: float, layer: int, manifest: bool) -> int:
        """How a request is answered; limits on pulls count the GET of a manifest only."""
        if not self.up:
            return BROKEN
        if self.failing > 0.0 and self.random() < self.failing:
            return UNAVAILABLE
        for limit in self.limits:
            counted = manifest or limit.spec.counts != "pulls"
            if counted and not limit.accept(address, now):
                return LIMITED
        return FINE

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
        for connections in self.connections:
            connections.queue.clear()
        for fetch, node in list(self.fetches.items()):
            node.broken(fetch)

    def come_up(self) -> None:
        """Answer again."""
        self.up = True
