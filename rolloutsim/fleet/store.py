"""The layers of a node: committed, unpacked, in place.

A layer that has arrived is committed when its runtime and the disk say so, and gives its slot to the next. The
layers of an image are unpacked in order, so many at a time, while later ones are still being fetched; one that is in
place is there for every pull of the node. What the disk makes them wait for is in `rolloutsim.fleet.writing`.

Sources: containerd `core/unpack/unpacker.go`, `core/transfer/local/transfer.go` (a slot is free when the blob is
committed); moby `daemon/internal/distribution/xfer/download.go`; container-libs `image/storage/storage_dest.go`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, Final

from rolloutsim.fleet.disk import DiskSpace
from rolloutsim.fleet.ledger import COMMITTED as COMMITTED_AT
from rolloutsim.fleet.ledger import NEVER, SEVERAL, STARTED
from rolloutsim.fleet.pulls import COMMITTED, COMMITTING, UNPACKING, Fetch, Fleet, Pull, Slots
from rolloutsim.fleet.recipes import Layers
from rolloutsim.fleet.writing import DiskWriter
from rolloutsim.network.regimes import PRIVATE
from rolloutsim.network.states import Flow, Host
from rolloutsim.scenario.resources import DISK
from rolloutsim.units import format_megabytes

if TYPE_CHECKING:
    from rolloutsim.fleet.lazy import Reader
    from rolloutsim.fleet.volumes import Volume

_DISK: Final = PRIVATE - DISK  # as a cause of the network's
_ROUNDING: Final = 1e-9  # far below any wait, far above what sums of floats are off by [s]


# Of a layer that another pull fetches: containerd core/content/helpers.go, OpenWriter.
_FIRST_SLEEP: Final = 0.016  # the longest that the first may be; each may be twice as long as the one before [s]
_SETTLED: Final = 10  # sleeps of the longest kind after which it does not matter any more when the first was (assumed)


def until_look(waited: float, longest: float, random: Callable[[], float]) -> float:
    """How long it takes until whoever has waited so long looks again [s].

    Sleeps are evenly distributed up to a bound, which doubles up to the longest. After many of the last kind what is
    left of one is distributed as the residual life of a renewal process (Cox, *Renewal Theory*, 1962, section 5).

    Parameters
    ----------
    waited : float
        Since its first look [s].
    longest : float
        The longest bound [s]; 0: it is told at once.
    random : callable
        Gives numbers in [0, 1).
    """
    bound, time, settled = min(_FIRST_SLEEP, longest), 0.0, 0
    while bound > 0.0:
        if settled > _SETTLED and waited - time > _SETTLED * longest:
            return longest * (1.0 - sqrt(1.0 - random()))
        time += random() * bound
        if time >= waited:
            return time - waited
        settled += bound == longest
        bound = min(2.0 * bound, longest)
    return 0.0


class Store(ABC):
    """What a node holds, and what it does with layers that have arrived.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    index : int
        Its number in the case.
    host : Host
        Its private links and flows.
    held : dict of int to int
        Layers in place from the beginning, in words; becomes the node's own.
    disk : DiskSpace or None
        What fits on it; None: everything.
    writer : DiskWriter or None
        What has to be written; None: that takes no time.
    unpacks_at_once : int
        Layers of an image that are unpacked at a time.
    """

    __slots__ = (
        "coming", "disk", "fleet", "held", "host", "index", "looked", "pulls", "reader", "unpacks_at_once", "volume",
        "writer",
    )  # fmt: skip

    def __init__(
        self,
        fleet: Fleet,
        index: int,
        host: Host,
        held: Layers,
        disk: DiskSpace | None,
        writer: DiskWriter | None,
        unpacks_at_once: int,
    ) -> None:
        self.fleet = fleet
        self.index = index
        self.host = host
        self.held = held
        self.disk = disk
        self.writer = writer
        self.unpacks_at_once = unpacks_at_once
        self.reader: Reader | None = None  # of lazy layers; None: there are none
        self.volume: Volume | None = None  # made of a snapshot, with cached images; None: there is none
        self.pulls: list[Pull] = []  # not ready yet
        self.coming: dict[int, Fetch] = {}  # layers queued, being fetched or unpacked
        self.looked: bool | None = None  # whether no layer has come into place since a look at all pulls; None: no look

    @property
    @abstractmethod
    def longest_sleep(self) -> float:
        """The longest sleep between two looks for a layer that another pull brings [s]."""

    @abstractmethod
    def grant(self, slots: Slots, freed_by: int) -> None:
        """Give free slots to the head of the queue."""

    @abstractmethod
    def fail_later(self, what: tuple[Pull, str, bool]) -> None:
        """Give a pull up, its time has come."""

    def fresh_writer(self) -> DiskWriter | None:
        """What an equal node's disk has to write at the beginning: nothing."""
        return None if self.writer is None else DiskWriter(self.writer.terms)

    def no_space(self, pull: Pull, size: float, disk: DiskSpace) -> None:
        """A pull fails, since so many bytes more do not fit."""
        reason = (
            f"no space left on device: {format_megabytes(size)} more do not fit, "
            f"{format_megabytes(max(disk.free, 0.0))} of {format_megabytes(disk.capacity)} are free"
        )
        # Not in the midst of granting slots, which a failing pull gives back.
        self.fleet.network.call_later(0.0, self.fail_later, (pull, reason, False))

    def commit(self, fetch: Fetch, writer: DiskWriter) -> None:
        """A layer is complete: it is committed when the disk lets it."""
        fleet, row = self.fleet, fetch.row
        now = fleet.network.now
        began = fleet.cells[row + STARTED] if fetch.ranges is None else fetch.ranges.began
        size, leg = fetch.step.compressed, fetch.leg
        if leg.keeps_copy:
            writer.keep(now, size, now - began)
        wait = writer.commit(now, size, 0.0 if leg.store_and_forward else now - began)
        if wait <= 0.0:
            self.committed(fetch)
            return
        fetch.state = COMMITTING
        fleet.cells[row + COMMITTED_AT] = NEVER
        kind = writer.terms.kind
        if kind is None:
            fleet.network.call_later(wait, self._synced, fetch)
        else:
            fetch.flow = fleet.network.start(self.host, kind, wait * writer.terms.rate, self._written, fetch)

    def _written(self, flow: Flow) -> None:
        self._synced(flow.tag)

    def _synced(self, fetch: Fetch) -> None:
        if fetch.state == COMMITTING:
            fetch.flow = None
            self.fleet.cells[fetch.row + COMMITTED_AT] = self.fleet.network.now
            self.committed(fetch)

    def committed(self, fetch: Fetch) -> None:
        """Its slot goes to the next, and it may be unpacked."""
        row, pull = fetch.row, fetch.pull
        fetch.state = COMMITTED
        # Of a lazy layer there is nothing that others could have.
        for peers in () if fetch.step.later else self.fleet.peers:
            peers.has(self.index, fetch.step.layer)
        slots = pull.slots
        slots.free += 1
        if slots.queue:
            self.grant(slots, row)
        if not pull.recipe.unpacks:
            self._in_place(fetch)
            return
        layer, in_order = fetch.step.layer, self.unpacks_at_once == 1
        for waiting in self.pulls:
            # In order, a layer lets only those go on that have come to it; to look at what others lack costs more.
            if not in_order or (waiting.missing and waiting.recipe.steps[waiting.next].layer == layer):
                self.unpack_next(waiting)

    def unpack_next(self, pull: Pull) -> None:
        """Unpack the layers of an image that are there, as many at a time as the runtime does; one alone in order."""
        most, steps, held = self.unpacks_at_once, pull.recipe.steps, self.held
        # Asked anew each time: a layer in place may have let others come into place.
        while pull.missing and pull.unpacking < most and self.looked is not False:
            step = steps[pull.next]
            while held.get(step.word, 0) & step.bit:
                pull.next += 1
                step = steps[pull.next]
            fetch = self.coming[step.layer]
            if fetch.state != COMMITTED:
                break
            self._unpack(pull, fetch)
        if most > 1:
            for step in steps[pull.next + 1 :]:
                if not pull.missing or pull.unpacking >= most or self.looked is False:
                    return
                if not held.get(step.word, 0) & step.bit:
                    fetch = self.coming[step.layer]
                    if fetch.state == COMMITTED:
                        self._unpack(pull, fetch)

    def _unpack(self, pull: Pull, fetch: Fetch) -> None:
        """Decompress and write a layer; other pulls that need it wait for this."""
        fleet, step = self.fleet, fetch.step
        fetch.state = UNPACKING
        pull.unpacking += 1
        fetch.unpacker, fetch.unpack_row = pull, -1
        if self.disk is not None and not self.disk.reserve(step.unpacked):
            self.no_space(pull, step.unpacked, self.disk)
            return
        now = fleet.network.now
        row = fleet.ledger.unpacks.add(fleet.fetches.number(fetch.row), now)
        fetch.unpack_row = row
        writer = self.writer
        if writer is not None and step.write_time > 0.0:
            writer.unpack(now, step.unpacked, step.write_time)
        if step.unpack is not None:
            fetch.flow = fleet.network.start(self.host, step.unpack, step.unpacked, self._unpacked, fetch)
        elif writer is not None and writer.excess(now) > _ROUNDING:
            self._wait_for_disk(fetch, {}, writer)
        else:
            self._placed(fetch, SEVERAL)

    def _unpacked(self, flow: Flow) -> None:
        fetch: Fetch = flow.tag
        fetch.flow = None
        writer, now, spent = self.writer, self.fleet.network.now, flow.spent
        if writer is not None and writer.excess(now) > _ROUNDING:
            self._wait_for_disk(fetch, {flow.cause: now - flow.since} if spent is None else spent, writer)
        else:
            self._placed(fetch, flow.cause if spent is None else self.fleet.ledger.blame(True, fetch.unpack_row, spent))

    def _wait_for_disk(self, fetch: Fetch, spent: dict[int, float], writer: DiskWriter) -> None:
        """More than the limit is unwritten in the node's memory: an unpacked layer waits until it is less."""
        network = self.fleet.network
        wait, kind = writer.excess(network.now), writer.terms.kind
        writer.waits(network.now, wait)
        what = (fetch, fetch.unpack_row, spent, network.now)
        if kind is None:
            network.call_later(wait, self._waited, what)
        else:
            fetch.flow = network.start(self.host, kind, wait * writer.terms.rate, self._drained, what)

    def _drained(self, flow: Flow) -> None:
        self._waited(flow.tag)

    def _waited(self, what: tuple[Fetch, int, dict[int, float], float]) -> None:
        fetch, row, spent, since = what
        writer, now = self.writer, self.fleet.network.now
        if writer is None or fetch.state != UNPACKING or fetch.unpack_row != row:
            return
        fetch.flow = None
        spent[_DISK] = spent.get(_DISK, 0.0) + now - since
        if writer.excess(now) > _ROUNDING:
            self._wait_for_disk(fetch, spent, writer)
        else:
            self._placed(fetch, self.fleet.ledger.blame(True, row, spent))

    def _placed(self, fetch: Fetch, cause: int) -> None:
        """A layer is unpacked, for this cause so late."""
        unpacks, row = self.fleet.ledger.unpacks, fetch.unpack_row
        unpacks.unpacked[row] = self.fleet.network.now
        unpacks.cause[row] = cause
        fetch.unpacker.unpacking -= 1
        self._in_place(fetch)
        if self.looked is not None:
            # A look from within the look that unpacked it would nest as deep as there are layers that take no time.
            self.looked = False
            return
        while not self.looked:
            self.looked = True
            for waiting in self.pulls:
                self.unpack_next(waiting)
                if not self.looked:
                    break
        self.looked = None

    def _in_place(self, fetch: Fetch) -> None:
        """A layer is ready for use, for every pull that needs it."""
        step, held, disk = fetch.step, self.held, self.disk
        layer = step.layer
        if disk is not None:
            if not fetch.pull.recipe.unpacks:
                disk.reserve(fetch.step.unpacked)
            if not disk.keeps_compressed:
                disk.release(fetch.step.compressed)
        del self.coming[layer]
        held[step.word] = held.get(step.word, 0) | step.bit
        if step.later and self.reader is not None:
            self.reader.mount(step)
        for pull in self.pulls:
            # One that is not resolved yet lacks nothing yet.
            if pull.missing and layer in pull.recipe.layers:
                pull.missing -= 1
                if self.fleet.polls is not None and pull is not fetch.pull:
                    self._look_later(pull, self.fleet.polls)
                elif not pull.missing and not pull.polls:
                    self._complete(pull)

    def _look_later(self, pull: Pull, random: Callable[[], float]) -> None:
        """A pull sees at its next look that a layer is there which another one has brought."""
        fleet = self.fleet
        now = fleet.network.now
        pull.polls += 1
        since = fleet.ledger.pulls.resolved[pull.row]
        fleet.network.call_later(until_look(now - since, self.longest_sleep, random), self._seen, pull)

    def _seen(self, pull: Pull) -> None:
        pull.polls -= 1
        if not pull.missing and not pull.polls:
            self._complete(pull)

    def _complete(self, pull: Pull) -> None:
        """All layers are in place; the runtime needs a moment to say so."""
        if pull.recipe.finish_time > 0.0:
            self.fleet.network.call_later(pull.recipe.finish_time, self._finished, pull)
        else:
            self._finished(pull)

    def _finished(self, pull: Pull) -> None:
        if not pull.over:
            pull.over = True
            # A new list: whoever goes through the pulls of this node goes on through the old one.
            self.pulls = [other for other in self.pulls if other is not pull]
            if self.reader is not None:
                self.reader.complete(pull)
            self.fleet.pulled(pull.row)
