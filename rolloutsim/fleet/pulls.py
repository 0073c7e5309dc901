"""Pulls and fetches on their way, and what the nodes of a case share.

A fetch goes through these states:

WANTED (queued for a slot, or waiting to ask again) → QUEUED (for a connection) → ASKED (for its first byte) → FLOWING →
COMPLETE (of a layer in ranges, others may not be) → COMMITTING (its bytes go to the disk) → COMMITTED (the layer is
there) → UNPACKING → in place, and forgotten. A request that is refused or a body that breaks takes it back to WANTED; a
connection that breaks while the answer is on its way makes it MISSED until the answer is due. What a failed pull gives
up is ABANDONED.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.instants import Together
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.retries import Retries
from rolloutsim.network.states import Flow

if TYPE_CHECKING:
    from rolloutsim.fleet.fairness import Weights
    from rolloutsim.fleet.queues import Queues
    from rolloutsim.fleet.recipes import LayerStep, Recipe, Way
    from rolloutsim.fleet.retries import Crowd
    from rolloutsim.fleet.sources.source import Connections
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


class Trouble:
    """What went wrong with a fetch; made when something does."""

    __slots__ = ("again", "before", "broke_at", "failures", "got", "refusal", "spent")

    def __init__(self) -> None:
        self.got = 0.0  # bytes received, lost ones included [B]
        self.again = 0.0  # of these, to be fetched again [B]
        self.before: list[tuple[int, float]] = []  # (number of the fetch, bytes) that failed pulls had of the layer
        self.broke_at = NOT_YET  # when its body broke [s]
        self.failures = 0  # in a row, of one source
        self.refusal = -1  # row of those after which its request is sent again; -1: none
        self.spent: dict[int, float] = {}  # seconds by cause until then

    def merge(self, flow: Flow, now: float) -> None:
        """Add a flow's seconds by cause; one that had a single cause kept no account."""
        for cause, seconds in ({flow.cause: now - flow.since} if flow.spent is None else flow.spent).items():
            self.spent[cause] = self.spent.get(cause, 0.0) + seconds


class Ranges:
    """The fetches of a layer that comes in ranges; the first stands for the layer."""

    __slots__ = ("began", "fetches", "first", "left")

    def __init__(self, pull: Pull, step: LayerStep, left: float, size: float, now: float) -> None:
        self.began = now  # when they were queued [s]
        self.first: int  # row of the first, when all are complete
        self.left = ceil(left / size)  # that are not complete
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

    def rows(self) -> list[int]:
        """The rows of all of them, when all are complete."""
        return [self.first, *[fetch.row for fetch in self.fetches[1:]]]


class Fetch:
    """A layer, or a range of it, on its way to a node."""

    __slots__ = (
        "awaited_in", "flow", "holds", "left", "pull", "ranges", "replica", "row", "state", "step", "trouble",
        "unpack_row", "unpacker", "way",
    )  # fmt: skip

    def __init__(self, pull: Pull, step: LayerStep, left: float) -> None:
        self.pull = pull
        self.step = step
        self.left = left  # bytes to come, as it was connected [B]
        self.state: int = WANTED
        self.row = -1  # among the ledger's fetches, when it has a slot
        self.way: Way = pull.way
        self.ranges: Ranges | None = None
        self.awaited_in: list[int] | None = None  # rows of the ledger's waits that lack this fetch's row
        self.trouble: Trouble | None = None
        # Set when it asks for a connection.
        self.replica: int  # of the source
        self.holds: Connections | None  # unless its source is unlimited
        self.flow: Flow | None  # set when it is FLOWING, and of a flow after that
        # Set when it is UNPACKING.
        self.unpacker: Pull  # for which it is unpacked
        self.unpack_row: int  # among the ledger's unpacks

    def kind(self) -> Kind:
        """Of its flow, from the replica that it is connected to."""
        way = self.way
        return (way.stored if self.step.stored else way.kinds)[self.replica]

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
        "crowd", "failures", "limited", "lost", "missing", "moved", "moved_at", "next", "over", "received", "recipe",
        "refusal", "row", "sent", "slots", "unpacking", "way",
    )  # fmt: skip

    def __init__(self, recipe: Recipe, row: int, slots: Slots) -> None:
        self.recipe = recipe
        self.row = row
        self.slots = slots
        self.way: Way = recipe.ways[0]  # of its requests for manifests, token and config
        self.next = 0
        self.missing = 0
        self.unpacking = 0  # layers that are being unpacked for it
        self.received = 0.0  # bytes of fetches that ended or broke [B]
        self.moved = 0.0  # what had arrived [B]
        self.over = False
        self.crowd: Crowd | None = None  # in which it waits to ask again
        # Of requests that are sent one by one.
        self.sent = 0  # answered ones
        self.refusal = -1  # row of those after which its request is sent again; -1: none
        self.failures = 0  # in a row, of one source
        self.lost = 0.0  # what failed requests cost, those aside that a rate limit refused [s]
        self.limited = 0.0  # what these cost [s]
        # Set when it is resolved.
        self.moved_at: float  # the last look that saw it grow [s]


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
        "cells", "failed", "fetches", "incidents", "ledger", "network", "pulled", "queues", "retries", "start",
        "together", "weights",
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
        self.queues: Queues | None = None  # what adds to round trips; None: nothing does
        self.weights: Weights | None = None  # how unevenly connections share; None: evenly
        # (host, kind, size, done, fetch): the bytes of a fetch flow over a connection of their own.
        self.start: Callable[[Host, Kind, float, Callable[[Flow], None], Any], Flow] = network.start

    def share_by(self, weights: Weights) -> None:
        """From now on connections share as these weights say."""
        self.weights = weights
        self.start = weights.start
