"""A registry as its clients see it: up or down, with connections, rate limits, and requests that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.sources.source import BROKEN, FINE, LIMITED, UNAVAILABLE, Connections, Source

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import RateLimit


class Limit:
    """A rate limit: one bucket for all clients, or one for each address."""

    __slots__ = ("buckets", "spec")

    def __init__(self, spec: RateLimit) -> None:
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


class Registry(Source):
    """A registry that may refuse requests, break connections, and have several replicas.

    Parameters
    ----------
    index, name, connections, fallible
        As for any source.
    limits : tuple of RateLimit
        What it accepts.
    random : callable
        Gives random numbers in [0, 1); asked only while requests fail at random.
    """

    __slots__ = ("failing", "limits", "random", "up")

    def __init__(
        self,
        index: int,
        name: str,
        connections: tuple[Connections, ...],
        fallible: bool,
        limits: tuple[RateLimit, ...],
        random: Callable[[], float],
    ) -> None:
        super().__init__(index, name, connections, fallible)
        self.limits = [Limit(spec) for spec in limits]
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
