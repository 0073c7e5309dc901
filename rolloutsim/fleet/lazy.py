"""Lazy layers of a node: what its containers read on demand, and what comes in the background.

A pull has fetched the indexes of an image's layers and mounted them; their bytes are still to come, in two parts:

- *needed*: what containers read before they are ready. They wait for each read, so that the bytes flow at
  `parallel_reads × read_size` a round trip at the most, and through decompression. What the image marks comes first,
  in one piece, for at most `MARKED` seconds.
- *the rest*: the background, from when its product begins it. Where no container has begun to read, what is needed
  comes after it.

What bounds reads does so alone: that one read takes a round trip, then the link, then a core is not added up, so they
may take up to that many times as long where all three are about equally slow (assumed).

Bytes come from the image's registry, whatever hosts the node asks when it pulls: snapshotters have mirrors of their own
settings, and none by default (stargz-snapshotter docs/overview.md).

A layer's needed part is the same for all images that have it (assumed): containers wait for what any of them reads of
their layers. What is held from the beginning is there whole. Reads go over connections of their own, which count among
those that a registry serves at a time, and no rate limit counts them; the background needs none (both assumed). Where
the registry is down, reads stand still until it is back, and go on where they were (assumed: real ones give up after 5
to 10 attempts, and the application sees an error). Queues do not lengthen the round trips of reads, and all connections
weigh the same (assumed). The disk is charged for what has come, and makes nobody wait.

Sources: stargz-snapshotter `fs/fs.go`, `task/task.go`, `fs/layer/layer.go`; soci-snapshotter `fs/backgroundfetcher`;
nydus `storage/src/cache`; overlaybd `src/bk_download.cpp`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.ledger import ON_DEMAND, RETRY
from rolloutsim.network.regimes import PRIVATE
from rolloutsim.scenario.resources import UNPACK

if TYPE_CHECKING:
    from rolloutsim.fleet.pulls import Fleet, Pull
    from rolloutsim.fleet.recipes import LayerStep, Recipe, Way
    from rolloutsim.fleet.sources.source import Connections, Ticket
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import Kind
    from rolloutsim.network.states import Flow, Host
    from rolloutsim.scenario.resolved import NodeGroup
    from rolloutsim.scenario.runtimes import Snapshotter

# For how long containers wait for marked files: stargz-snapshotter fs/config/config.go, prefetch_timeout_sec [s].
MARKED: Final = 10.0

# What streams do.
_STILL: Final = 0
_QUEUED: Final = 1  # for a connection
_FLOWING: Final = 2
_CUT: Final = 3  # until its registry is back
_OVER: Final = 4


class ReadingKinds:
    """The kinds of flows by which the bytes of lazy layers come, each by the replica of the source.

    Parameters
    ----------
    network : FluidNetwork
        Where they flow.
    group : NodeGroup
        Of the node.
    plain : tuple of Kind
        Those of the layers that are fetched in one piece.
    answer : float
        From a read's request until its bytes begin to come [s].
    """

    __slots__ = ("demand", "marked", "rest")

    def __init__(self, network: FluidNetwork, group: NodeGroup, plain: tuple[Kind, ...], answer: float) -> None:
        spec = group.snapshotter
        assert spec is not None
        a_read = spec.read_size / answer if answer > 0.0 else inf
        # Readers wait for decompression, one core for each read; what comes in the background does not.
        core = inf if group.unpack_rate is None else group.unpack_rate
        reads, background = spec.parallel_reads, spec.background_reads
        self.demand = tuple(_capped(network, one, reads, reads * a_read, reads * core) for one in plain)
        self.marked = tuple(_capped(network, one, background, inf, background * core) for one in plain)
        rest = min(inf if spec.whole_layers else background * a_read, spec.background_rate or inf)
        self.rest = tuple(_capped(network, one, background, rest, inf) for one in plain)


def _capped(network: FluidNetwork, plain: Kind, connections: int, rate: float, cores: float) -> Kind:
    """So many connections as one flow, which is no faster than a rate and than the cores that decompress it [B/s]."""
    usage = dict(plain.usage)
    if cores < inf:
        usage[UNPACK] = 1.0
    else:
        usage.pop(UNPACK, None)
    caps = [(plain.cap * connections, plain.capped_by), (rate, ON_DEMAND), (cores, PRIVATE - UNPACK)]
    cap, cause = min(caps, key=lambda one: one[0])
    return network.kind(plain.links, tuple(sorted(usage.items())), cap, float(connections), cause)


class Stream:
    """Bytes of a reading that come one after another.

    Parameters
    ----------
    reading : Reading
        Whose bytes.
    kinds : tuple of Kind
        By the source's replica.
    left : float
        How many are to come [B].
    waited_for, is_needed : bool
        Whether containers wait for them, or would if they had started.
    """

    __slots__ = (
        "cut_at", "flow", "holds", "is_needed", "kinds", "left", "reading", "replica", "state", "ticket", "waited_for",
    )  # fmt: skip

    def __init__(
        self, reading: Reading, kinds: tuple[Kind, ...], left: float, waited_for: bool = True, is_needed: bool = True
    ) -> None:
        self.reading = reading
        self.kinds = kinds
        self.left = left
        self.waited_for = waited_for
        self.is_needed = is_needed
        self.state: int = _STILL
        self.replica = 0
        self.flow: Flow | None = None
        self.holds: Connections | None = None
        self.ticket: Ticket | None = None
        self.cut_at = 0.0  # [s]


class Wait:
    """Containers that wait for readings, and whom to tell: `done(argument, row of the pull that came last)`."""

    __slots__ = ("argument", "done", "left")

    def __init__(self, left: int, done: Callable[[Any, int], None], argument: Any) -> None:
        self.left = left
        self.done = done
        self.argument = argument


class Reading:
    """The bytes of the layers that one pull mounted."""

    __slots__ = (
        "is_complete", "is_read", "is_started", "layers", "marked", "needed", "parts", "pull", "rest", "row", "spent",
        "waits", "way",
    )  # fmt: skip

    def __init__(self, pull: int, row: int, way: Way, layers: frozenset[int], needed: float, rest: float) -> None:
        self.pull = pull
        self.row = row
        self.way = way
        self.layers = layers
        self.needed = needed  # to come [B]
        self.rest = rest  # likewise
        self.marked = 0.0  # of the needed bytes [B]
        self.is_started = self.is_read = self.is_complete = False
        self.parts: list[Stream] = []  # under way, for containers
        self.spent: dict[int, float] = {}  # seconds by cause until it is read
        self.waits: list[Wait] = []


class Reader:
    """The lazy layers of one node.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    host : Host
        The node's private links and flows.
    spec : Snapshotter
        How they are read.
    charge : callable
        Called with bytes that have come to the node's disk [B].
    """

    __slots__ = (
        "background", "charge", "demanded", "epoch", "fleet", "host", "has_crashed", "mounted", "queue", "readings",
        "spec",
    )  # fmt: skip

    def __init__(self, fleet: Fleet, host: Host, spec: Snapshotter, charge: Callable[[float], object]) -> None:
        self.fleet = fleet
        self.host = host
        self.spec = spec
        self.charge = charge
        self.mounted: dict[int, float] = {}  # layers of which nothing is being read yet → bytes
        self.readings: list[Reading] = []  # that are not complete
        self.queue: deque[Reading] = deque()  # whose background is to come, one after another
        self.background: dict[Reading, Stream] = {}  # under way
        self.demanded = 0.0  # what containers waited for, and is there [B]
        self.epoch = 0  # of the wait for silence
        self.has_crashed = False

    # ---- what a node tells ----------------------------------------------------------------------------

    def mount(self, step: LayerStep) -> None:
        """A layer is mounted: its bytes are to come."""
        self.mounted[step.layer] = step.later

    def complete(self, pull: Pull) -> None:
        """A pull has all of its layers mounted."""
        recipe = pull.recipe
        own = frozenset(layer for layer in recipe.layers if layer in self.mounted)
        if not own or recipe.read_from is None:
            return
        size = sum(self.mounted.pop(layer) for layer in sorted(own))
        needed = size * recipe.needed
        rest = size - needed
        reads = self.fleet.ledger.reads
        reading = Reading(pull.row, reads.add(pull.row, needed, rest), recipe.read_from, own, needed, rest)
        reading.marked = needed * self.spec.prefetched
        self.readings.append(reading)
        if self.spec.background:
            reads.left += 1
            self._plan(reading)

    def read(self, recipes: Iterable[Recipe], done: Callable[[Any, int], None], argument: Any) -> bool:
        """Containers of some images start: whether they have to wait, until `done(argument, row of a pull)`."""
        if self.has_crashed:
            self.has_crashed = False
            for reading in self.readings:
                if self.spec.background:
                    self._plan(reading)
        layers: set[int] = set()
        for recipe in recipes:
            layers |= recipe.layers
        for reading in [one for one in self.readings if not layers.isdisjoint(one.layers)]:
            if not reading.is_read and not reading.is_started:
                self._start(reading)
        open_ones = [one for one in self.readings if not one.is_read and not layers.isdisjoint(one.layers)]
        wait = Wait(len(open_ones), done, argument)
        for reading in open_ones:
            reading.waits.append(wait)
        return bool(open_ones)

    def crash(self) -> None:
        """The node is away: what has come stays."""
        self.has_crashed = True
        self.epoch += 1
        self.queue.clear()
        for stream in self.background.values():
            self._stop(stream)
            self._take_back(stream)
        self.background.clear()
        for reading in self.readings:
            for stream in reading.parts:
                self._stop(stream)
                reading.needed += stream.left
            reading.parts.clear()
            reading.waits.clear()
            reading.spent.clear()
            reading.is_started = False

    def moved(self) -> dict[int, float]:
        """What has come of each reading that is not complete, by its row [B]."""
        reads = self.fleet.ledger.reads
        found: dict[int, float] = {}
        for one in self.readings:
            left = one.needed + one.rest
            for stream in (*one.parts, *([self.background[one]] if one in self.background else [])):
                left += stream.left
                if stream.flow is not None:
                    left -= self.fleet.network.received(stream.flow)
            found[one.row] = reads.needed[one.row] + reads.rest[one.row] - left
        return found

    def decompressed(self) -> float:
        """What has come of what containers wait for, and was decompressed as it came [B]."""
        coming = (part.flow for one in self.readings for part in one.parts)
        return self.demanded + sum(self.fleet.network.received(flow) for flow in coming if flow is not None)

    # ---- what containers wait for ---------------------------------------------------------------------

    def _start(self, reading: Reading) -> None:
        """The first container of an image starts to read."""
        fleet = self.fleet
        reading.is_started = True
        fleet.ledger.reads.started[reading.row] = fleet.network.now
        if self.spec.pauses == "reads":
            self._be_silent()
        stream = self.background.get(reading)
        if stream is not None and stream.is_needed:
            self._stop(stream)
            del self.background[reading]
            reading.needed += stream.left
            self._next()
        kinds = reading.way.reading
        assert kinds is not None
        marked = min(reading.marked, reading.needed)
        if marked > 0.0:
            reading.marked = 0.0
            reading.needed -= marked
            stream = Stream(reading, kinds.marked, marked)
            fleet.network.call_later(MARKED, self._go_on, stream)
            reading.parts.append(stream)
            self._open(stream)
        else:
            self._demand(reading)

    def _go_on(self, stream: Stream) -> None:
        """Containers wait no longer for the marked files before they read others."""
        reading = stream.reading
        if stream in reading.parts:
            # What was waited for until now is told apart from what is beside the others.
            self._stop(stream)
            self._open(stream)
            self._demand(reading)

    def _demand(self, reading: Reading) -> None:
        """Containers read what is left of what they need."""
        kinds, needed = reading.way.reading, reading.needed
        assert kinds is not None
        reading.needed = 0.0
        if needed > 0.0:
            stream = Stream(reading, kinds.demand, needed)
            reading.parts.append(stream)
            self._open(stream)
        elif not reading.parts:
            self._has_read(reading)

    def _part_done(self, stream: Stream) -> None:
        reading = stream.reading
        reading.parts.remove(stream)
        if reading.parts:
            return
        if reading.needed > 0.0:
            self._demand(reading)
        else:
            self._has_read(reading)

    def _has_read(self, reading: Reading) -> None:
        """All that its containers need is there."""
        fleet = self.fleet
        reads = fleet.ledger.reads
        reading.is_read = True
        reads.read[reading.row] = fleet.network.now
        reads.spent.add(False, reading.row, reading.spent)
        waits, reading.waits = reading.waits, []
        self._check(reading)
        if self.spec.pauses == "reads":
            self._be_silent()
        for wait in waits:
            wait.left -= 1
            if not wait.left:
                wait.done(wait.argument, reading.pull)

    # ---- the background -------------------------------------------------------------------------------

    def _plan(self, reading: Reading) -> None:
        """The background of a reading is to come."""
        if self.spec.pauses:
            self.queue.append(reading)
            self._be_silent()
        else:
            self.fleet.network.call_later(self.spec.background_after, self._begin, (reading, self.epoch))

    def _be_silent(self) -> None:
        """Something more urgent is under way: the background waits anew."""
        self.epoch += 1
        for reading, stream in list(self.background.items()):
            self._stop(stream)
            self._take_back(stream)
            del self.background[reading]
            self.queue.appendleft(reading)
        if self.queue:
            self.fleet.network.call_later(self.spec.background_after, self._look, self.epoch)

    def _look(self, epoch: int) -> None:
        # Silence begins anew when what is being read is there.
        if epoch == self.epoch and not (self.spec.pauses == "reads" and any(one.parts for one in self.readings)):
            self._next()

    def _next(self) -> None:
        """Begin with the next of those whose background comes one after another."""
        while self.queue and not self.background:
            self._begin((self.queue.popleft(), self.epoch))

    def _begin(self, what: tuple[Reading, int]) -> None:
        """The background of a reading begins, or goes on: first the rest, then what no container has asked for."""
        reading, epoch = what
        if epoch != self.epoch or reading.is_complete or reading in self.background:
            return
        reads, kinds = self.fleet.ledger.reads, reading.way.reading
        assert kinds is not None
        is_needed = reading.rest <= 0.0
        if not is_needed:
            size, reading.rest = reading.rest, 0.0
        elif not reading.is_started and not reading.is_read:
            size, reading.needed = reading.needed, 0.0
        else:
            return
        if reads.begun[reading.row] != reads.begun[reading.row]:
            reads.begun[reading.row] = self.fleet.network.now
        stream = self.background[reading] = Stream(reading, kinds.rest, size, False, is_needed)
        self._open(stream)

    def _take_back(self, stream: Stream) -> None:
        """What a stopped stream of the background had left is still to come."""
        if stream.is_needed:
            stream.reading.needed += stream.left
        else:
            stream.reading.rest += stream.left

    def _background_done(self, stream: Stream) -> None:
        reading = stream.reading
        del self.background[reading]
        reading.is_read = reading.is_read or stream.is_needed
        self._check(reading)
        if not reading.is_complete:
            self._begin((reading, self.epoch))
        self._next()

    def _check(self, reading: Reading) -> None:
        """See whether all bytes are on the node."""
        if not reading.is_read or reading.rest > 0.0 or reading in self.background or reading.is_complete:
            return
        fleet = self.fleet
        reads = fleet.ledger.reads
        reading.is_complete = True
        reads.complete[reading.row] = fleet.network.now
        self.readings.remove(reading)
        if self.spec.background:
            reads.left -= 1
            if not reads.left and reads.is_last:
                fleet.network.halt()

    # ---- bytes ----------------------------------------------------------------------------------------

    def _open(self, stream: Stream) -> None:
        """Let the bytes flow, when there is a source and a connection."""
        way = stream.reading.way
        source = way.source
        if not source.is_up:
            stream.state, stream.cut_at = _CUT, self.fleet.network.now
            source.cut[stream] = self
            return
        if way.fallible:
            source.fetches[stream] = self
        if way.unlimited or not stream.waited_for:
            self._flow(stream)
            return
        stream.state = _QUEUED
        stream.replica = source.next_replica()
        stream.ticket = source.connections[stream.replica].ask(self._granted, stream)

    def _granted(self, stream: Stream) -> None:
        stream.ticket = None
        stream.holds = stream.reading.way.source.connections[stream.replica]
        self._flow(stream)

    def _flow(self, stream: Stream) -> None:
        stream.state = _FLOWING
        stream.flow = self.fleet.network.start(
            self.host, stream.kinds[stream.replica], stream.left, self._arrived, stream
        )

    def _arrived(self, flow: Flow) -> None:
        stream: Stream = flow.tag
        self._account(stream)
        self._take(stream, stream.left)
        stream.flow, stream.left, stream.state = None, 0.0, _OVER
        self._leave(stream)
        if stream.waited_for:
            self._part_done(stream)
        else:
            self._background_done(stream)

    def _stop(self, stream: Stream) -> None:
        """Cut what is under way; what has come stays."""
        network, flow, source = self.fleet.network, stream.flow, stream.reading.way.source
        if flow is not None:
            if flow.bundle is not None:
                flow.settle(network.now)
                self._account(stream)
            received = network.stop(flow)
            self._take(stream, received)
            stream.left -= received
            stream.flow = None
        elif stream.ticket is not None:
            source.connections[stream.replica].give_up(stream.ticket)
            stream.ticket = None
        elif source.cut.pop(stream, None) is not None:
            self._account(stream)
        stream.state = _STILL
        self._leave(stream)

    def _take(self, stream: Stream, size: float) -> None:
        """Bytes of a stream have come [B]."""
        self.charge(size)
        if stream.waited_for:
            self.demanded += size

    def _account(self, stream: Stream) -> None:
        """Add what the time of a stream was spent on; of several of a reading, the one that comes last tells."""
        reading, now, flow = stream.reading, self.fleet.network.now, stream.flow
        if reading.parts != [stream]:
            return
        if flow is None:
            spent = {RETRY: now - stream.cut_at}
        else:
            # One that had a single cause kept no account.
            spent = {flow.cause: now - flow.since} if flow.spent is None else flow.spent
        for cause, seconds in spent.items():
            reading.spent[cause] = reading.spent.get(cause, 0.0) + seconds

    def _leave(self, stream: Stream) -> None:
        stream.reading.way.source.fetches.pop(stream, None)
        holds, stream.holds = stream.holds, None
        if holds is not None:
            holds.release()

    def broken(self, stream: Stream) -> None:
        """The source went away: its bytes stand still until it is back."""
        self._stop(stream)
        self._open(stream)

    def resumed(self, stream: Stream) -> None:
        """The source is back."""
        self._account(stream)
        self._open(stream)
