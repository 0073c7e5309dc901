"""A registry as its clients see it: up or down, with connections, rate limits, and requests that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.registry import Connections

if TYPE_CHECKING:
    from rolloutsim.fleet.attempts import RobustFetch
    from rolloutsim.scenario.resolved_rollout import RateLimit

# Answers to a request: HTTP's numbers, and 0 for a connection that is refused or breaks.
FINE, LIMITED, UNAVAILABLE, BROKEN = 200, 429, 503, 0


class RefusalColumns:
    """Rows of `rolloutsim.results.facts.records.Refusals`."""

    def __init__(self) -> None:
        self.registry: list[int] = []
        self.time: list[float] = []
        self.status: list[int] = []
        self.fetch: list[int] = []
        self.again: list[bool] = []

    def add(self, registry: int, now: float, status: int, fetch: int) -> None:
        """A request was not answered with what it asked for; `fetch` is -1 for one before the layers."""
        self.registry.append(registry)
        self.time.append(now)
        self.status.append(status)
        self.fetch.append(fetch)
        self.again.append(False)

    @property
    def last(self) -> int:
        """The latest row."""
        return len(self.time) - 1


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


class Service:
    """A registry that may refuse requests, break connections, and have several replicas.

    Parameters
    ----------
    index : int
        Its place among the scenario's registries.
    connections : tuple of Connections
        Those of each replica; a balancer gives each new connection to the next replica in turn.
    limits : tuple of RateLimit
        What it accepts.
    refusals : RefusalColumns
        Where refused requests are written.
    random : callable
        Gives random numbers in [0, 1); asked only while requests fail at random.
    """

    __slots__ = ("connections", "failing", "fetches", "index", "limits", "outages", "random", "refusals", "turn", "up")

    def __init__(
        self,
        index: int,
        connections: tuple[Connections, ...],
        limits: tuple[RateLimit, ...],
        refusals: RefusalColumns,
        random: Callable[[], float],
    ) -> None:
        self.index = index
        self.connections = connections
        self.limits = [Limit(spec) for spec in limits]
        self.refusals = refusals
        self.random = random
        self.turn = 0
        self.up = True
        self.outages = 0  # counted, so that a connection knows whether there was one since it was made
        self.failing = 0.0  # probability that a request fails
        self.fetches: dict[RobustFetch, None] = {}  # that hold or wait for a connection

    def next_replica(self) -> int:
        """The replica that takes the next connection."""
        self.turn += 1
        return (self.turn - 1) % len(self.connections)

    def answer(self, address: int, now: float, fetch: int, counts_as_pull: bool) -> int:
        """How a request is answered: FINE, LIMITED, UNAVAILABLE or BROKEN.

        Parameters
        ----------
        address : int
            Where the request comes from.
        fetch : int
            The number of the fetch whose layer it asks for; -1: it asks for a manifest, token or config.
        counts_as_pull : bool
            Whether limits on pulls count it: the GET of a manifest.
        """
        status = FINE
        if not self.up:
            status = BROKEN
        elif self.failing > 0.0 and self.random() < self.failing:
            status = UNAVAILABLE
        else:
            for limit in self.limits:
                counted = counts_as_pull if limit.spec.counts == "pulls" else True
                if counted and not limit.accept(address, now):
                    status = LIMITED
                    break
        if status != FINE:
            self.refusals.add(self.index, now, status, fetch)
        return status

    def go_down(self, broken: Callable[[Any], None]) -> None:
        """Refuse requests from now on; `broken(fetch)` is told of each connection that breaks."""
        self.up = False
        self.outages += 1
        for connections in self.connections:
            connections.queue.clear()
        for fetch in list(self.fetches):
            broken(fetch)

    def come_up(self) -> None:
        """Answer again."""
        self.up = True
