"""What a cache stores, what it is fetching, and who waits for that or has it pass.

A `Fill` is a layer on its way from the upstream. A client holds one of three things in return for its request: it is
`Waiting`, `Reading` along, or the layer is `Passing` to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.ledger import CACHE_FILL
from rolloutsim.fleet.pulls import wait_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.pulls import Fetch, Socket
    from rolloutsim.fleet.recipes import LayerStep, Way
    from rolloutsim.fleet.sources.cache import PullThrough
    from rolloutsim.fleet.sources.source import Asker, Connections, Ticket
    from rolloutsim.network.states import Flow

# A layer in a store: its number in the case, and that of the repository that it came for; -1: it is there for all.
Key = tuple[int, int]


class Shelf:
    """A store with a memory of what is being fetched: the cache's, or that of one of its replicas."""

    __slots__ = ("checked", "configs", "fills", "filled_at", "first_pull", "manifests", "sizes", "used")

    def __init__(self) -> None:
        self.sizes: dict[Key, float] = {}  # of stored layers, those that were asked for longest ago first [B]
        self.filled_at: dict[Key, float] = {}  # when their time to live began [s]
        self.used = 0.0  # by them [B]
        self.fills: dict[Key, Fill] = {}  # that will be stored, the latest of each layer
        self.manifests: dict[int, list[Callable[[int], None]] | None] = {}  # of images; those who wait for them
        self.configs: set[int] = set()  # of images
        self.checked: dict[int, float] = {}  # when the upstream was last asked about a tag [s]
        self.first_pull: dict[int, float] = {}  # when an image was first asked for [s]


class Counts:
    """What a cache was asked."""

    __slots__ = ("evicted", "hits", "hit_bytes", "misses", "missed_bytes", "waits")

    def __init__(self) -> None:
        self.hits = 0  # requests for layers that were in the store
        self.hit_bytes = 0.0
        self.misses = 0  # the others, waiting ones among them
        self.missed_bytes = 0.0
        self.waits = 0  # of the misses, those that waited for a fetch that ran already
        self.evicted = 0.0  # [B]


class Waiting:
    """A client whose layer is not there yet."""

    __slots__ = ("asker", "cause", "fetch", "fill", "over", "since")

    def __init__(self, asker: Asker, fetch: Fetch, fill: Fill, since: float, cause: int) -> None:
        self.asker = asker
        self.fetch = fetch
        self.fill = fill
        self.since = since
        self.cause = cause
        self.over = False

    def left(self, fetch: Fetch) -> None:
        """It has given up."""
        fetch.handed = None
        self.end()

    def end(self) -> None:
        """It waits no longer."""
        self.over = True
        if self in self.fill.waiting:
            self.fill.waiting.remove(self)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """Nothing flows as long as it waits."""
        return True

    def cut(self, fetch: Fetch) -> float:
        """Nor has anything arrived."""
        return 0.0


class Reading:
    """A client that reads along with a fill."""

    __slots__ = ("asker", "fetch", "fill", "flow", "since")

    def __init__(self, asker: Asker, fetch: Fetch, fill: Fill) -> None:
        self.asker = asker
        self.fetch = fetch
        self.fill = fill
        self.flow: Flow | None = None  # that has moved all, while the fill has not
        self.since = 0.0  # when it had [s]

    def left(self, fetch: Fetch) -> None:
        """It has hung up, or the fill was lost."""
        fetch.handed = None
        self.fill.readers.pop(self, None)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """It has moved all of it; whether there is all of it."""
        if self.fill.is_stored:
            self.left(fetch)
            return True
        self.flow, self.since = flow, self.fill.cache.fleet.network.now
        fetch.flow = None
        return False

    def cut(self, fetch: Fetch) -> float:
        """What is there of the fill, which it seemed to be ahead of [B]; what its seconds went to is noted."""
        fill, flow = self.fill, self.flow
        network = fill.cache.fleet.network
        came = fill.came if fill.flow is None else network.received(fill.flow)
        if fetch.ranges is None:
            came -= fill.step.compressed - fetch.left  # which it had before
        came = min(max(came, 0.0), fetch.left)
        if flow is not None:
            trouble = fetch.in_trouble()
            trouble.merge(flow, self.since)
            trouble.spent[CACHE_FILL] = trouble.spent.get(CACHE_FILL, 0.0) + network.now - self.since
            network.take_back(flow, flow.size - came)
        return came

    def end(self) -> None:
        """The fill is complete: so is what was read along with it."""
        fetch, flow = self.fetch, self.flow
        self.left(fetch)
        if flow is not None:
            wait_on(flow, self.since, self.fill.cache.fleet.network.now, CACHE_FILL)
            self.asker.arrived(flow)


class Fill:
    """A layer that a cache gets from its upstream: for its store, for a client to whom it passes, or for both.

    To the upstream it is a fetch as those of nodes are.
    """

    __slots__ = (
        "cache", "came", "flow", "handed", "holds", "image", "is_over", "is_stored", "keeps", "key", "left", "leg",
        "reader", "readers", "replica", "row", "shelf", "socket", "step", "ticket", "told", "waiting", "way",
    )  # fmt: skip

    def __init__(
        self,
        cache: PullThrough,
        shelf: Shelf,
        key: Key,
        step: LayerStep,
        image: int,
        keeps: bool,
        reader: tuple[Asker, Fetch] | None,
    ) -> None:
        self.cache = cache
        self.shelf = shelf
        self.key = key
        self.step = step
        self.image = image
        self.keeps = keeps
        self.reader = reader  # the client to whom it passes; None: it is the cache's own
        self.left = step.compressed if reader is None else reader[1].left
        self.waiting: list[Waiting] = []
        self.readers: dict[Reading, None] = {}
        self.told: list[Callable[[int], None]] = []  # that it is stored, or why not
        self.row = -1  # among the fills of the ledger, of one of its own
        self.is_stored = False
        self.is_over = False
        self.came = 0.0  # of one that was lost [B]
        # As a fetch has them.
        self.way: Way = cache.upstream_way
        self.leg: Way = cache.upstream_way
        self.handed: Any = None
        self.holds: Connections | None = None
        self.ticket: Ticket | None = None
        self.flow: Flow | None = None
        self.replica = 0
        self.socket: Socket

    def kind(self) -> Any:
        """Of its flow."""
        leg = self.leg
        return leg.kinds[self.replica] if leg.cold is None else leg.kind(self.step, self.replica)


class Passing:
    """What a client whose layer passes holds: its fill."""

    __slots__ = ("fill",)

    def __init__(self, fill: Fill) -> None:
        self.fill = fill

    def left(self, fetch: Fetch) -> None:
        """It has hung up: what it had is lost to the cache."""
        fetch.handed = None
        self.fill.cache.lost(self.fill)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All of it has passed."""
        fetch.handed = None
        self.fill.cache.filled(self.fill)
        return True

    def cut(self, fetch: Fetch) -> float:
        """It comes from a source that has all of it."""
        return fetch.left
