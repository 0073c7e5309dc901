"""Images copied from a registry to its mirrors while the simulation runs, as Harbor replicates them.

A task copies the images of one repository to one mirror, one after another: it reads the manifest, asks whether the
mirror has the image, then copies blob after blob, each streamed from the registry to the mirror, those that are there
skipped, the config first; the manifest comes last, and from then on the mirror serves the tag. So many tasks run at a
time, of all mirrors of a key together. Whoever copies stands beside the registry: each request to the mirror costs
round trips of the way between both, over one connection that is kept until something fails (assumed).

A blob that fails is tried again after 2, 4, 8 and 16 s, five times in all; then the task has failed, as it has when a
request about a manifest does. Its other images are copied all the same, and all of it begins anew after some time,
where what is there is skipped. The third failure is the last.

Sources: goharbor/harbor 073eef7f, `src/controller/replication/transfer/image/transfer.go`: copyArtifact (order, what is
skipped), copyBlobWithRetry (blobRetryCnt 5, backoff 2 s doubling); `src/jobservice/job/impl/replication`: MaxFails 3;
requests of an upload as in `rolloutsim.fleet.push`.
"""

from __future__ import annotations

from collections import deque
from math import nan
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.latency import INITIAL_WINDOW, RESTART, slow_start_delay
from rolloutsim.fleet.pulls import Socket
from rolloutsim.fleet.push import MANIFEST, QUESTION, UPLOAD
from rolloutsim.fleet.recipes import expected_rate
from rolloutsim.fleet.sources.source import FINE
from rolloutsim.scenario.policies import repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rolloutsim.fleet.pulls import Fleet
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.fleet.sources.registry import Content, Registry
    from rolloutsim.fleet.sources.source import Connections, Ticket
    from rolloutsim.network.states import Flow, Host
    from rolloutsim.scenario.copied import Copied
    from rolloutsim.scenario.resolved import Image

# In the place of a layer's number.
_ASKED: Final = -2  # the manifest is asked for
_CONFIG: Final = -1

_BLOB_TRIES: Final = 5
_BACK_OFF: Final = 2.0  # after the first failure of a blob, then doubling [s]

# How long a request waits that does not come through: goharbor/harbor src/common/http/transport.go, net.Dialer Timeout.
_DIAL: Final = 30.0

# After which a task that failed begins anew, by its failures: gocraft/work worker.go, defaultBackoffCalculator: fails^4
# + 15 + a whole random number below 30 × (fails + 1); its mean [s].
_BEGINS_ANEW: Final = (45.0, 74.5)


class Copy:
    """An image on its way to a mirror."""

    __slots__ = ("began", "bytes", "complete", "failures", "given_up", "image", "is_under_way", "number")

    def __init__(self, image: Image, number: int) -> None:
        self.image = image
        self.number = number  # of the image in the case
        self.began = self.complete = nan  # when it was first asked for, and when its manifest is in [s]
        self.bytes = 0.0  # that came for it, broken streams included [B]
        self.failures = 0  # of its blobs and manifests
        self.is_under_way = False  # whether a task has it to copy
        self.given_up = False


class Mirror:
    """A mirror that images are copied to.

    Parameters
    ----------
    server : Registry
        The mirror as its clients see it.
    content : Content
        What it has.
    ways : mapping of str to Way
        From the registries of its images, by name.
    trips : float
        Until a connection to it is set up [round trips].
    ttfb : float
        Its time to answer a request [s].
    spec : Copied
        What is copied to it.
    """

    __slots__ = ("content", "copies", "server", "spec", "trips", "ttfb", "ways")

    def __init__(
        self,
        server: Registry,
        content: Content,
        ways: Mapping[str, Way],
        trips: float,
        ttfb: float,
        spec: Copied,
    ) -> None:
        self.server = server
        self.content = content
        self.ways = ways
        self.trips = trips
        self.ttfb = ttfb
        self.spec = spec
        self.copies: list[Copy] = []


class Task:
    """The images of a repository on their way to a mirror; to the registry it is a fetch as those of nodes are."""

    __slots__ = (
        "copier", "copies", "fails", "flow", "has_failed", "holds", "image_place", "is_asleep", "layer_place", "left",
        "leg", "mirror", "replica", "row", "socket", "ticket", "tries", "turn",
    )  # fmt: skip

    def __init__(self, copier: Copier, mirror: Mirror, copies: Sequence[Copy]) -> None:
        self.copier = copier
        self.mirror = mirror
        self.copies = copies
        self.leg: Way = mirror.ways[copies[0].image.registry]
        self.fails = 0  # of the task
        self.has_failed = False  # this time, for one of its images
        self.image_place = 0
        self.layer_place = _ASKED  # of the layer that is copied; behind the last: the manifest
        self.is_asleep = False  # until it tries a blob again
        self.tries = 0  # of that blob
        self.turn = 0  # what was planned before a failure is over
        self.row = -1  # among the fills of the ledger
        self.left = 0.0
        self.holds: Connections | None = None
        self.ticket: Ticket | None = None
        self.flow: Flow | None = None
        self.replica = 0
        self.socket: Socket

    # ---- one step after another ------------------------------------------------------------------------

    def begin(self) -> None:
        """A worker has time for it."""
        self.has_failed = False
        self.image_place = 0
        self.layer_place = _ASKED
        self.replica = self.leg.source.next_replica()
        self.mirror.server.fetches[self] = self
        self._connect(self._image)

    def _connect(self, then: Callable[[], None]) -> None:
        """Set up a connection to the mirror, and go on."""
        self.socket = Socket(self.leg, self.replica, self._now)
        self._after(self.mirror.trips, 0.0, then)

    def _image(self) -> None:
        """Ask for the manifest, and whether the mirror has it."""
        if self.image_place == len(self.copies):
            self._end()
            return
        copy, source = self._copy, self.leg.source
        self.layer_place = _ASKED
        if copy.began != copy.began:
            copy.began = self._now
        if source.fallible and source.answer(self.copier.address, self._now, -1, True, copy.number) != FINE:
            self._after(0.0, self.leg.resolve_time, self._fail)
        else:
            self._request(QUESTION, self.leg.resolve_time, self._manifest_asked)

    def _manifest_asked(self) -> None:
        if self.mirror.content.has(self._copy.number, -1):
            self._complete()
            return
        self.layer_place = _CONFIG
        self.tries = 0
        self._blob()

    def _blob(self) -> None:
        """Ask whether the mirror has the next blob; the manifest comes when all are there."""
        if self.layer_place == len(self._copy.image.layers):
            self._request(MANIFEST, 0.0, self._manifest_sent)
        else:
            self._request(QUESTION, 0.0, self._blob_asked)

    def _blob_asked(self) -> None:
        if self.layer_place != _CONFIG and self._layer in self.mirror.content.layers:
            self._next_blob()
            return
        source = self.leg.source
        if source.fallible:
            source.fetches[self] = self
        self.ticket = source.connections[self.replica].ask(_granted, self)

    def granted(self) -> None:
        """It has a connection to the registry: the layer is asked for."""
        leg = self.leg
        source = leg.source
        self.holds, self.ticket = source.connections[self.replica], None
        is_config = self.layer_place == _CONFIG
        layer = -1 if is_config else self._layer
        if source.fallible and source.answer(self.copier.address, self._now, layer, False, self._copy.number) != FINE:
            self._after(0.0, leg.before_first_byte, self._fail)
        elif is_config:
            # Its bytes are too few to count.
            self._request(UPLOAD, leg.before_first_byte, self._config_sent)
        elif leg.buffered:
            self.copier.fleet.network.call_afterwards(self._upload, self.turn)
        else:
            self._upload(self.turn)

    def _config_sent(self) -> None:
        self._release()
        self._next_blob()

    def _upload(self, turn: int) -> None:
        """The upload of a layer begins."""
        if turn != self.turn:
            return
        copier, leg, socket = self.copier, self.leg, self.socket
        layer = self._copy.image.layers[self.layer_place]
        self.left = layer.compressed
        waiting = copier.waiting(leg, self.replica)
        trip = leg.round_trip + waiting
        asked = leg.first_byte(self._layer) + UPLOAD * (self.mirror.ttfb + trip)
        if self._now + asked - socket.idle_since > RESTART:
            socket.window = float(INITIAL_WINDOW)
        window, delay, socket.starts_slowly = socket.window, 0.0, False
        if trip > 0.0 and self.left > window:
            host = copier.host
            rate = expected_rate(self._kind(), host.profile.capacities, len(host.flows))
            socket.starts_slowly = rate * trip > window
            delay = slow_start_delay(self.left, rate, trip, window)
        socket.window = window + self.left
        self.row = copier.fleet.incidents.fills.add(self.mirror.server.index, leg.source.index, self._layer, self._now)
        copier.fleet.network.call_later(asked + delay, self._due, (self.turn, self._stream))

    def _stream(self) -> None:
        if not self.mirror.server.takes_uploads():
            self._fail()
            return
        fleet = self.copier.fleet
        fleet.incidents.fills.started[self.row] = self._now
        self.flow = fleet.start(self.copier.host, self._kind(), self.left, self._arrived, self)

    def _arrived(self, flow: Flow) -> None:
        """All of a layer is on the mirror."""
        self._close(flow, flow.size)
        if (cold := self.leg.cold) is not None:
            cold.warm(self._layer)
        self.socket.received += flow.size
        self.socket.idle_since = self._now
        self.mirror.content.layers.add(self._layer)
        self._release()
        self._next_blob()

    def _next_blob(self) -> None:
        self.layer_place += 1
        self.tries = 0
        self._blob()

    def _manifest_sent(self) -> None:
        self.mirror.content.images.add(self._copy.number)
        self._complete()

    def _complete(self) -> None:
        """The image is there."""
        copy = self._copy
        if copy.complete != copy.complete:
            copy.complete = self._now
        self.image_place += 1
        self._image()

    # ---- failures ---------------------------------------------------------------------------------------

    def broken(self, _: object) -> None:
        """The registry or the mirror went away."""
        if not self.is_asleep:
            self._fail()

    def _fail(self) -> None:
        """A blob has failed, which is tried again some time later, or an image has."""
        self.turn += 1
        self._release()
        self._copy.failures += 1
        self.tries += 1
        if _CONFIG <= self.layer_place < len(self._copy.image.layers) and self.tries < _BLOB_TRIES:
            self.is_asleep = True
            wait = _BACK_OFF * 2 ** (self.tries - 1)
            self.copier.fleet.network.call_later(wait, self._due, (self.turn, self._wake))
        else:
            self.has_failed = True
            self.image_place += 1
            self.layer_place = _ASKED
            if self.image_place == len(self.copies):
                self._end()
            else:
                self._connect(self._image)

    def _wake(self) -> None:
        self.is_asleep = False
        self._connect(self._blob)

    def _end(self) -> None:
        """All images were tried: the worker is free."""
        self.mirror.server.fetches.pop(self, None)
        self.fails += self.has_failed
        if self.has_failed and self.fails <= len(_BEGINS_ANEW):
            wait = _BEGINS_ANEW[self.fails - 1]
            self.copier.fleet.network.call_later(wait, self.copier.enqueue, self)
        else:
            for copy in self.copies:
                copy.is_under_way = False
                copy.given_up = copy.complete != copy.complete
        self.copier.free_worker()

    # ---- what it takes ----------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return self.copier.fleet.network.now

    @property
    def _copy(self) -> Copy:
        return self.copies[self.image_place]

    @property
    def _layer(self) -> int:
        """The number of the layer that is copied."""
        return self.copier.layers[self._copy.image.layers[self.layer_place].digest]

    def _kind(self) -> Any:
        """Of its flow."""
        leg = self.leg
        cold = leg.cold is not None and leg.cold.is_cold(self._layer)
        return (leg.cold_kinds if cold else leg.kinds)[self.replica]

    def _request(self, trips: float, more: float, then: Callable[[], None]) -> None:
        """Go on with what the mirror answers to requests, if it does."""
        if any(link.capacity <= 0.0 for link in self.leg.kinds[self.replica].links):
            self.copier.fleet.network.call_later(_DIAL, self._due, (self.turn, self._fail))
        elif self.mirror.server.takes_uploads():
            self._after(trips, trips * self.mirror.ttfb + more, then)
        else:
            self._after(1.0, 0.0, self._fail)

    def _after(self, trips: float, more: float, then: Callable[[], None]) -> None:
        """Go on after some round trips to the mirror, through the queues that there are, and more seconds."""
        trip = self.leg.round_trip + self.copier.waiting(self.leg, self.replica)
        self.copier.fleet.network.call_later(trips * trip + more, self._due, (self.turn, then))

    def _due(self, what: Any) -> None:
        turn, then = what
        if turn == self.turn:
            then()

    def _close(self, flow: Flow, moved: float) -> None:
        """A stream is over, or broke."""
        fleet = self.copier.fleet
        fleet.incidents.fills.ended[self.row] = self._now
        fleet.incidents.fills.bytes[self.row] = moved
        self._copy.bytes += moved
        self.flow, self.row = None, -1
        if fleet.follows:
            fleet.close(flow)

    def _release(self) -> None:
        """Give the connection to the registry back; what flows over it is cut."""
        flow, source = self.flow, self.leg.source
        if flow is not None:
            self._close(flow, self.copier.fleet.network.stop(flow))
        self.row = -1
        source.fetches.pop(self, None)
        holds, self.holds = self.holds, None
        if holds is not None:
            holds.release()
        elif self.ticket is not None:
            source.connections[self.replica].give_up(self.ticket)
            self.ticket = None


class Copier:
    """All that is copied to the mirrors of one key.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    mirrors : list of Mirror
        The mirrors of the key; what is copied to each of them is the same.
    host : Host
        Where the flows of its tasks begin.
    address : int
        Where registries see its requests come from.
    images : mapping of str to (int, Image)
        Those that are copied, with their numbers in the case.
    layers : mapping of str to int
        The numbers of the case's layers by digest.
    """

    def __init__(
        self,
        fleet: Fleet,
        mirrors: Sequence[Mirror],
        host: Host,
        address: int,
        images: Mapping[str, tuple[int, Image]],
        layers: Mapping[str, int],
    ) -> None:
        self.fleet = fleet
        self.mirrors = mirrors
        self.host = host
        self.address = address
        self.layers = layers
        self.spec = mirrors[0].spec
        self.free = self.spec.workers
        self.queue: deque[Task] = deque()
        self.pushed: set[str] = set()  # images of whose pushes the registry has not all
        for mirror in mirrors:
            mirror.copies = [Copy(image, number) for number, image in images.values()]

    def begin(self, pushed: Iterable[str]) -> None:
        """The simulation begins; the registry has all but these images, of whose pushes it is told."""
        self.pushed = set(pushed)
        network = self.fleet.network
        if self.spec.on == "push":
            network.call_later(0.0, self._plan, None)
        else:
            network.call_later(self.spec.at, self._scheduled, None)

    def is_pushed(self, image: str) -> None:
        """The push of an image is complete."""
        if image in self.pushed:
            self.pushed.remove(image)
            if self.spec.on == "push":
                self._plan((image,))

    def _scheduled(self, _: object) -> None:
        self._plan(None)
        every = self.spec.every
        # A time at which nothing can be left to do needs no event.
        if every is not None and any(copy.complete != copy.complete for copy in self.copies()):
            self.fleet.network.call_later(every, self._scheduled, None)

    def _plan(self, images: Any) -> None:
        """Copy these images, or all that the registries have, to each mirror."""
        for mirror in self.mirrors:
            tasks: dict[tuple[str, str], list[Copy]] = {}
            for copy in mirror.copies:
                name = copy.image.name
                is_wanted = name not in self.pushed and (images is None or name in images)
                if is_wanted and not copy.is_under_way and copy.complete != copy.complete:
                    copy.is_under_way, copy.given_up = True, False
                    tasks.setdefault((copy.image.registry, repository(name)), []).append(copy)
            for copies in tasks.values():
                self.enqueue(Task(self, mirror, copies))

    def enqueue(self, task: Any) -> None:
        """A task waits for a worker."""
        self.queue.append(task)
        self._next()

    def free_worker(self) -> None:
        """A worker has done its task."""
        self.free += 1
        self._next()

    def _next(self) -> None:
        while self.free and self.queue:
            self.free -= 1
            self.queue.popleft().begin()

    def copies(self) -> Iterable[Copy]:
        """All images on their way to all mirrors."""
        return (copy for mirror in self.mirrors for copy in mirror.copies)

    def waiting(self, way: Way, replica: int) -> float:
        """How long a request to a mirror and its answer now wait in queues [s]."""
        queues = self.fleet.queues
        return 0.0 if queues is None else queues.towards(self.host, way.kinds[replica], way.round_trip, way.nic_wait)

    def settle(self) -> list[Flow]:
        """Write down how far unfinished streams came; their flows."""
        fills, flows = self.fleet.incidents.fills, list(self.host.flows)
        for flow in flows:
            task: Task = flow.tag
            moved = self.fleet.network.received(flow)
            fills.bytes[task.row] = moved
            task.copies[task.image_place].bytes += moved
        return flows


def _granted(task: Any) -> None:
    task.granted()
