"""Pulls and fetches on their way, and what the nodes of a case share.

A fetch goes through these states:

WANTED (queued for a slot, or waiting to ask again) → QUEUED (for a connection) → ASKED (for its first byte) → FLOWING →
COMPLETE (of a layer in ranges, others may not be) → COMMITTING (its bytes go to the disk) → COMMITTED (the layer is
there) → UNPACKING → in place, and forgotten. A request that is refused, or has no answer in time
(`rolloutsim.fleet.timeouts`), or a body that breaks takes it back to WANTED; a connection that breaks while the answer
is on its way makes it MISSED until the answer is due. What a failed pull gives up is ABANDONED.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Final, Protocol

from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.instants import Together
from rolloutsim.fleet.latency import INITIAL_WINDOW, RESTART
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.retries import Retries
from rolloutsim.fleet.windows import LONG
from rolloutsim.network.states import Flow

if TYPE_CHECKING:
    from rolloutsim.fleet.fairness import Weights
    from rolloutsim.fleet.queues import Queues
    from rolloutsim.fleet.recipes import LayerStep, Recipe, Way
    from rolloutsim.fleet.retries import Crowd
    from rolloutsim.fleet.sources.peers import PeerToPeer
    from rolloutsim.fleet.sources.source import Connections, Ticket
    from rolloutsim.fleet.windows import Windows
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import Kind
    from rolloutsim.network.states import Host

ABANDONED: Final = -1
WANTED: Final = 0
QUEUED: Final = 1
ASKED: Final = 2
MISSED: Final = 3
FLOWING: Final = 4
COMPLETE: Final = 5
COMMITTING: Final = 6
COMMITTED: Final = 7
UNPACKING: Final = 8

NOT_YET: Final = -1.0

# After how long an idle connection is closed [s]: containerd core/remotes/docker/registry.go, IdleConnTimeout.
IDLE_TIMEOUT: Final = 30.0


class Trouble:
    """What went wrong with a fetch, or was waited for at its source; made when something is."""

    __slots__ = ("again", "before", "broke_at", "failures", "got", "refusal", "spent", "waited")

    def __init__(self) -> None:
        self.got = 0.0  # bytes received, lost ones included [B]
        self.again = 0.0  # of these, to be fetched again [B]
        self.before: list[tuple[int, float]] = []  # (number of the fetch, bytes) that failed pulls had of the layer
        self.broke_at = NOT_YET  # when its body broke [s]
        self.failures = 0  # in a row, of one source
        self.refusal = -1  # row of those after which its request is sent again; -1: none
        self.spent: dict[int, float] = {}  # seconds by cause until then
        self.waited: dict[int, float] = {}  # of its connection, by cause, until its first byte [s]

    def merge(self, flow: Flow, now: float) -> None:
        """Add a flow's seconds by cause; one that had a single cause kept no account."""
        for cause, seconds in ({flow.cause: now - flow.since} if flow.spent is None else flow.spent).items():
            self.spent[cause] = self.spent.get(cause, 0.0) + seconds


def wait_on(flow: Flow, since: float, now: float, cause: int) -> None:
    """Add to the seconds of a flow that ended at a time those for which its fetch waited after that, by cause [s]."""
    spent = {flow.cause: since - flow.since} if flow.spent is None else flow.spent
    spent[cause] = spent.get(cause, 0.0) + now - since
    flow.spent = spent


class Ranges:
    """The fetches of a layer that comes in ranges; the first stands for the layer."""

    __slots__ = ("began", "complete_before", "fetches", "first", "left")

    def __init__(self, pull: Pull, step: LayerStep, left: float, size: float, now: float) -> None:
        self.began = now  # when they were queued [s]
        self.first: int  # row of the first, when all are complete
        self.left = ceil(left / size)  # that are not complete
        self.complete_before = 0  # all before this place are
        self.fetches = [Fetch(pull, step, min(size, left - number * size)) for number in range(self.left)]
        for fetch in self.fetches:
            fetch.ranges = self

    def complete(self, fetch: Fetch) -> Fetch:
        """One of them is complete: the fetch that stands for the layer, complete as well if it was the last."""
        fetch.in_trouble().got += fetch.left
        fetch.left = 0.0
        fetch.state = COMPLETE
        self.left -= 1
        lead = self.fetches[0]
        if self.left == 0:
            self.first, lead.row = lead.row, fetch.row
        return lead

    def under_way(self) -> list[Fetch]:
        """Those that have their slots, which they get in their order, and are not complete."""
        fetches = self.fetches
        while self.complete_before < len(fetches) and fetches[self.complete_before].state == COMPLETE:
            self.complete_before += 1
        found = []
        for place in range(self.complete_before, len(fetches)):
            fetch = fetches[place]
            if fetch.row < 0:
                break
            if fetch.state < COMPLETE:
                found.append(fetch)
        return found

    def rows(self) -> list[int]:
        """The rows of all of them, when all are complete."""
        return [self.first, *[fetch.row for fetch in self.fetches[1:]]]


class Socket:
    """A TCP connection to a replica of a source, which may move one layer after another.

    Parameters
    ----------
    way : Way
        To the source.
    replica : int
        Of the source.
    now : float
        When it is set up [s].
    """

    __slots__ = ("idle_since", "level", "received", "replica", "since", "starts_slowly", "way", "window")

    def __init__(self, way: Way, replica: int, now: float) -> None:
        self.way = way
        self.replica = replica
        self.since = self.idle_since = now
        self.window = float(INITIAL_WINDOW)  # [B]
        self.received = 0.0  # over it, by the layers before [B]
        self.level = -1  # of its weight; -1: not drawn
        self.starts_slowly = False  # whether the layer on its way begins in slow start


class Fetch:
    """A layer, or a range of it, on its way to a node."""

    __slots__ = (
        "asked_at", "awaited_in", "flow", "handed", "holds", "left", "leg", "pull", "ranges", "replica", "row",
        "socket", "state", "step", "ticket", "trouble", "unpack_row", "unpacker", "way",
    )  # fmt: skip

    def __init__(self, pull: Pull, step: LayerStep, left: float) -> None:
        self.pull = pull
        self.step = step
        self.left = left  # bytes to come, as it was connected [B]
        self.state: int = WANTED
        self.row = -1  # among the ledger's fetches, when it has a slot
        # To the source that it asks; an index comes from where the rest of its layer will.
        self.way: Way = (step.later and pull.recipe.read_from) or pull.way
        self.handed: Handed | None = None  # with whom it waits, or through whom its bytes come, if the source says so
        self.ranges: Ranges | None = None
        self.awaited_in: list[int] | None = None  # rows of the ledger's waits that lack this fetch's row
        self.trouble: Trouble | None = None
        self.flow: Flow | None = None  # of its bytes while it is FLOWING, and of those that are written after that
        # Set when it asks for a connection.
        self.replica: int  # of the source
        self.leg: Way  # that its bytes take: that to its source, unless this one passes on what it does not have
        self.holds: Connections | None  # unless its source is unlimited
        self.ticket: Ticket | None  # likewise, if it had to wait in line
        # When it sent its request, if its way has limits: as it began to wait in line [s]; inf: with its connection.
        self.asked_at: float
        self.socket: Socket  # when it has asked
        # Set when it is UNPACKING.
        self.unpacker: Pull  # for which it is unpacked
        self.unpack_row: int  # among the ledger's unpacks

    def kind(self) -> Kind:
        """Of its flow, from the replica that it is connected to, if that begins now."""
        leg, over = self.leg, self.pull.recipe.over
        plain = leg.cold is None and not self.step.stored
        kind = leg.kinds[self.replica] if plain else leg.kind(self.step, self.replica)
        return kind if over is None else over(kind)

    @property
    def ways(self) -> tuple[Way, ...]:
        """To the sources that it may ask: its pull's, but for an index, which comes from one."""
        pull = self.pull
        return (self.way,) if self.step.later and pull.recipe.read_from is not None else pull.ways

    @property
    def image(self) -> int:
        """The number of its image in the case."""
        return self.pull.recipe.image

    def got_before(self) -> float:
        """Bytes received over connections that broke [B]."""
        return 0.0 if self.trouble is None else self.trouble.got

    def parts(self) -> list[Fetch]:
        """All fetches of its layer."""
        return [self] if self.ranges is None else self.ranges.fetches

    def in_trouble(self) -> Trouble:
        """Where to note what goes wrong."""
        if self.trouble is None:
            self.trouble = Trouble()
        return self.trouble


class Handed(Protocol):
    """Who hands a layer over whose source does not simply have it: `rolloutsim.fleet.sources.source.Handler`."""

    def left(self, fetch: Fetch) -> None:
        """A fetch goes away before it is complete."""

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All of its bytes have arrived; whether that is all of it, or its asker is told when it is."""

    def cut(self, fetch: Fetch) -> float:
        """The most that there is of a fetch that is cut before it is complete [B]."""


class Slots:
    """Download slots and the fetches that wait for one, first come first served."""

    __slots__ = ("free", "queue")

    def __init__(self, number: int) -> None:
        self.free = number
        self.queue: list[Fetch] = []  # short: the layers of an image or two


class Pull:
    """One image on its way to a node.

    Once it is resolved `missing` layers are not in place, none of those before `next`.
    """

    __slots__ = (
        "answered", "crowd", "failures", "fell_back", "idle", "limited", "lost", "missing", "moved", "moved_at", "next",
        "over", "polls", "reached", "received", "recipe", "refusal", "row", "sent", "slots", "unpacking", "way", "ways",
    )  # fmt: skip

    def __init__(self, recipe: Recipe, row: int, slots: Slots) -> None:
        self.recipe = recipe
        self.row = row
        self.slots = slots
        self.ways = recipe.ways  # that it may take: one, when it has chosen a source for all that follows
        self.way: Way = recipe.ways[0]  # of its requests for manifests, token and config
        self.reached: Way | None = None  # on which a request of several sources' was last answered
        self.next = 0
        self.missing = 0
        self.polls = 0  # layers in place that it has not seen yet
        self.unpacking = 0  # layers that are being unpacked for it
        self.received = 0.0  # bytes of fetches that ended or broke [B]
        self.moved = 0.0  # what had arrived [B]
        self.over = False
        self.idle: list[Socket] | None = None  # connections kept for the layers to come
        self.crowd: Crowd | None = None  # in which it waits to ask again
        # Of requests that are sent one by one.
        self.sent = 0  # answered ones
        self.answered = 0  # the same of a pull before it, whose manifests and config are there
        self.refusal = -1  # row of those after which its request is sent again; -1: none
        self.failures = 0  # in a row, of one source
        self.lost = 0.0  # what failed requests cost, those aside that a rate limit refused [s]
        self.limited = 0.0  # what these cost [s]
        self.fell_back: dict[int, float] | None = None  # what hosts that are not the last one cost, by number [s]
        # Set when it is resolved.
        self.moved_at: float  # the last look that saw it grow [s]

    def keep(self, socket: Socket, size: float, now: float) -> None:
        """Keep a connection that has moved so many bytes [B] for another layer, if there is room."""
        socket.received += size
        socket.idle_since = now
        if self.idle is None:
            self.idle = [socket]
        elif len(self.idle) < socket.way.keeps:
            self.idle.append(socket)

    def connect(self, fetch: Fetch, waiting: float, now: float) -> float:
        """Go on with a kept connection, if there is one, or with a new one; what a kept one saves [s].

        `waiting` is the time in queues per round trip [s].
        """
        idle, way = self.idle, fetch.leg
        if idle is not None:
            place = self.kept(way, fetch.replica, now)
            if place >= 0:
                socket = idle.pop(place)
                if now - socket.idle_since > RESTART:
                    socket.window = float(INITIAL_WINDOW)
                fetch.socket = socket
                return way.set_up + way.set_up_trips * waiting
        fetch.socket = Socket(way, fetch.replica, now)
        return 0.0

    def kept(self, way: Way, replica: int, now: float) -> int:
        """The place of a connection that is kept for a layer, the one that was last in use; -1: there is none."""
        idle = self.idle
        if idle is not None:
            # As net/http takes them.
            for place in range(len(idle) - 1, -1, -1):
                socket = idle[place]
                if socket.way is way and socket.replica == replica and now - socket.idle_since < IDLE_TIMEOUT:
                    return place
        return -1

    def drop(self, way: Way, replica: int, now: float) -> None:
        """Close a kept connection over which there was no answer."""
        place = self.kept(way, replica, now)
        if place >= 0 and self.idle is not None:
            del self.idle[place]


class Fleet:
    """What the nodes of a case share: the network, the ledger, and what follows a pull.

    Parameters
    ----------
    network : FluidNetwork
        Where bytes move.
    ledger : Ledger
        Where facts are written.
    incidents : Incidents
        Where it is written what goes wrong.
    pulled : callable
        Called with (row of the pull) when an image is ready on its node.
    failed : callable
        Called with (rows of pulls, reason, whether a rate limit was it) when their runtimes give them up.
    """

    __slots__ = (
        "cells", "failed", "fetches", "follows", "incidents", "ledger", "network", "peers", "polls", "pulled",
        "queues",
        "retries", "start", "together", "weights", "windows",
    )  # fmt: skip

    def __init__(
        self,
        network: FluidNetwork,
        ledger: Ledger,
        incidents: Incidents,
        pulled: Callable[[int], None],
        failed: Callable[[list[int], str, bool], None],
    ) -> None:
        self.network = network
        self.ledger = ledger
        self.incidents = incidents
        self.fetches = ledger.fetches
        self.cells = ledger.fetches.cells
        self.pulled = pulled
        self.failed = failed
        self.together = Together(network)  # who waits to ask again
        self.retries = Retries(self.together, incidents, ledger.pulls, failed)
        self.polls: Callable[[], float] | None = None  # numbers in [0, 1) for sleeps between looks; None: nobody looks
        self.peers: tuple[PeerToPeer, ...] = ()  # whom to tell what a node has: those that hand over whole layers
        self.queues: Queues | None = None  # what adds to round trips; None: nothing does
        self.weights: Weights | None = None  # how unevenly connections share; None: evenly
        self.windows: Windows | None = None  # how the windows of those over long paths grow; None: at once
        # (host, kind, size, done, fetch): the bytes of a fetch flow over a connection of their own.
        self.start: Callable[[Host, Kind, float, Callable[[Flow], None], Any], Flow] = network.start
        self.follows = False  # whether somebody needs to know of each connection's begin and end

    def share_by(self, weights: Weights) -> None:
        """From now on connections share as these weights say."""
        self.weights = weights
        self.start = weights.start

    def follow(self) -> None:
        """Tell windows, queues and incumbents, if there are any, of each connection's begin and end."""
        if self.windows is not None or self.queues is not None or (self.weights is not None and self.weights.bulk):
            self.follows = True
            self.start = self._open

    def _open(self, host: Host, kind: Kind, size: float, done: Callable[[Flow], None], fetch: Any) -> Flow:
        """The bytes of a fetch flow; somebody needs to know."""
        weights, queues, windows = self.weights, self.queues, self.windows
        base = kind
        if windows is not None:
            if fetch.leg.round_trip <= LONG:
                windows = None
            elif fetch.socket.starts_slowly:
                kind = windows.first(host, kind)
                if kind is not base:
                    fetch.socket.window = inf  # it does not come back to slow start
        if weights is None:
            flow = self.network.start(host, kind, size, done, fetch)
        else:
            flow = weights.start(host, kind, size, done, fetch)
            if weights.bulk:
                weights.began(flow)
        if queues is not None:
            queues.began(flow, fetch.leg.round_trip, fetch.socket.since, fetch.socket.received)
        if windows is not None:
            windows.follow(flow, fetch, base)
        return flow

    def close(self, flow: Flow) -> None:
        """The connection of a fetch is over, and somebody needs to know."""
        if self.weights is not None and self.weights.bulk:
            self.weights.ended(flow)
        if self.queues is not None:
            self.queues.ended(flow)
