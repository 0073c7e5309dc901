"""What a node gives up and what it keeps: pulls that fail, nodes that crash.

A pull that fails leaves committed layers in place, and unfinished ones if its runtime keeps them; what another pull
of the node waited for is then fetched for that one. A crash loses all that is not committed.
"""

from __future__ import annotations

from math import isnan
from typing import Protocol

from rolloutsim.fleet.disk import DiskSpace
from rolloutsim.fleet.ledger import BYTES_DONE, CONNECTED, SEVERAL, STARTED
from rolloutsim.fleet.ledger import COMMITTED as COMMITTED_AT
from rolloutsim.fleet.pulls import (
    ABANDONED,
    COMMITTED,
    COMMITTING,
    COMPLETE,
    UNPACKING,
    Fetch,
    Fleet,
    Pull,
    Slots,
    Trouble,
)
from rolloutsim.fleet.recipes import Layers, LayerStep
from rolloutsim.fleet.writing import DiskWriter
from rolloutsim.scenario.runtimes import Runtime


class Loser(Protocol):
    """What can lose: a node, `rolloutsim.fleet.node.Node`."""

    fleet: Fleet
    index: int
    runtime: Runtime
    address: int
    disk: DiskSpace | None
    writer: DiskWriter | None
    pulls: list[Pull]
    held: Layers
    coming: dict[int, Fetch]

    def request(self, pull: Pull) -> None:
        """Send the next request."""

    def fail_later(self, what: tuple[Pull, str, bool]) -> None:
        """Give a pull up, its time has come."""

    def want(self, pull: Pull, step: LayerStep) -> None:
        """Queue the fetch of a layer."""

    def wait_for(self, pull: Pull, fetch: Fetch) -> None:
        """Note that a pull waits for a layer that another one fetches."""

    def grant(self, slots: Slots, freed_by: int) -> None:
        """Give free slots to the head of the queue."""

    def unpack_next(self, pull: Pull) -> None:
        """Unpack what can be."""

    def let_go(self, fetch: Fetch) -> None:
        """Cut what is under way."""


class Losses:
    """What failed pulls left on a node.

    Parameters
    ----------
    node : Node
        Whose pulls they are.
    """

    __slots__ = ("arrived", "begun", "committed", "node", "partial")

    def __init__(self, node: Loser) -> None:
        self.node = node
        self.committed: dict[int, Fetch] = {}  # compressed layers
        # Of layers begun: (number of the fetch, bytes); -1: what arrived before the rollout.
        self.partial: dict[int, list[tuple[int, float]]] = {}
        # Layers that arrived before the rollout: the share of each that is left to unpack.
        self.arrived: dict[int, float] = {}
        self.begun: dict[int, float] = {}  # the same by the number of the fetch that stands for it

    def left_of(self, layer: int) -> Trouble | None:
        """What there is of a layer that failed pulls had begun, for the fetch that goes on with it."""
        before = self.partial.pop(layer, None)
        if before is None:
            return None
        trouble = Trouble()
        trouble.before = before
        return trouble

    def arrived_before(self, pull: Pull, step: LayerStep) -> Fetch | None:
        """The fetch of a layer that arrived before the rollout, to be unpacked for a pull; None: it did not."""
        share = self.arrived.pop(step.layer, None)
        if share is None:
            return None
        fleet = self.node.fleet
        now, rest = fleet.network.now, (step.unpacked * share, step.unpack, step.write_time * share, step.stored)
        fetch = Fetch(pull, LayerStep(step.layer, step.compressed, *rest), 0.0)
        fetch.row = fleet.fetches.add(pull.row, step.layer, now, -1)
        self.begun[fleet.fetches.number(fetch.row)] = share
        fleet.cells[fetch.row + CONNECTED] = fleet.cells[fetch.row + STARTED] = now
        fleet.fetches.finish(fetch.row, now, 0.0, SEVERAL)
        fetch.state = COMMITTED
        return fetch

    def fail(self, pull: Pull, reason: str, limited: bool) -> None:
        """Give a pull up, and go on with what others waited for."""
        node = self.node
        if self._drop(pull, reason, node.runtime.retry.keeps_partial):
            for slots in self._slots_in_use(pull):
                node.grant(slots, -1)
            for other in node.pulls:
                if other.recipe.unpacks:
                    node.unpack_next(other)
        node.fleet.failed([pull.row], reason, limited)

    def crash(self) -> None:
        """All that is under way is lost; committed layers stay."""
        node = self.node
        for pull in node.pulls:
            self._drop(pull, "its node crashed", False)
            node.fleet.failed([pull.row], "its node crashed", False)
        for parts in self.partial.values():
            self._lose(parts)
        self.partial.clear()
        if node.writer is not None:
            node.writer.stop(node.fleet.network.now)

    def _slots_in_use(self, failed: Pull) -> list[Slots]:
        found = [failed.slots]
        for other in self.node.pulls:
            if other.slots not in found:
                found.append(other.slots)
        return found

    def _drop(self, pull: Pull, reason: str, keep_partial: bool) -> bool:
        """Give a pull up; whether it had come to its layers, so that others may have waited for it."""
        node = self.node
        node.fleet.retries.end(node, pull, node.fleet.incidents.reason(reason))
        if isnan(node.fleet.ledger.pulls.resolved[pull.row]):
            return False
        slots = pull.slots
        queued = len(slots.queue)
        slots.queue = [fetch for fetch in slots.queue if fetch.pull is not pull]
        node.fleet.incidents.never_asked += queued - len(slots.queue)
        dropped = [lead for lead in node.coming.values() if lead.pull is pull]
        for lead in dropped:
            del node.coming[lead.step.layer]
            if lead.state == COMMITTING:
                slots.free += 1
                self._stop_commit(lead, keep_partial)
                if not keep_partial:
                    continue
            if lead.state >= COMMITTED:
                self._keep(lead)
                continue
            for fetch in lead.parts():
                reserved = fetch.row >= 0 and fetch.state != ABANDONED
                if fetch.row >= 0 and fetch.state != COMPLETE:
                    slots.free += 1
                    if reserved:
                        node.let_go(fetch)
                fetch.state = ABANDONED
                if reserved and node.disk is not None:
                    node.disk.release(fetch.left)
                self._leave_partial(fetch, keep_partial)
        layers = {lead.step.layer for lead in dropped}
        for other in node.pulls:
            for step in other.recipe.steps if other.missing else ():
                is_held = node.held.get(step.word, 0) & step.bit
                if step.layer not in layers or is_held:
                    continue
                coming = node.coming.get(step.layer)
                if coming is None:
                    node.want(other, step)
                elif coming not in dropped:
                    node.wait_for(other, coming)  # the first of those who waited fetches it for all of them
        return True

    def _stop_commit(self, lead: Fetch, keep: bool) -> None:
        """A layer has arrived and is not on the disk yet: it is there for the next pull, or lost."""
        node = self.node
        fleet = node.fleet
        self._stop_flow(lead)
        lead.state = COMMITTED if keep else ABANDONED
        if keep:
            fleet.cells[lead.row + COMMITTED_AT] = fleet.network.now
            return
        rows = [lead.row] if lead.ranges is None else lead.ranges.rows()
        parts = [(fleet.fetches.number(row), fleet.cells[row + BYTES_DONE]) for row in rows]
        for fetch in lead.parts():
            if fetch.trouble is not None:
                parts.extend(fetch.trouble.before)
                parts.append((fleet.fetches.number(fetch.row), -fetch.trouble.again))
        self._lose(parts)

    def _stop_flow(self, fetch: Fetch) -> None:
        """Its unpacking or writing stops; it may only wait for the disk, without a flow."""
        if fetch.flow is not None:
            self.node.fleet.network.stop(fetch.flow)
            fetch.flow = None

    def _leave_partial(self, fetch: Fetch, keep: bool) -> None:
        """What an unfinished fetch leaves: its bytes, or nothing."""
        node, trouble = self.node, fetch.trouble
        got = 0.0 if trouble is None else trouble.got - trouble.again
        parts = [] if trouble is None else trouble.before
        if got > 0.0:
            parts = [*parts, (node.fleet.fetches.number(fetch.row), got)]
        if not keep:
            self._lose(parts)
        elif parts:
            self.partial.setdefault(fetch.step.layer, []).extend(parts)

    def _lose(self, parts: list[tuple[int, float]]) -> None:
        """Bytes of unfinished layers are gone: they will be fetched again."""
        for number, size in parts:
            self.node.fleet.incidents.count_again(number, size)
            if self.node.disk is not None:
                self.node.disk.release(size)

    def _keep(self, fetch: Fetch) -> None:
        """A committed layer of a failed pull waits for the next one; if it was being unpacked, that starts anew."""
        node = self.node
        if fetch.state == UNPACKING and fetch.unpack_row >= 0:
            fetch.unpacker.unpacking -= 1
            self._stop_flow(fetch)
            if node.disk is not None:
                node.disk.release(fetch.step.unpacked)
        fetch.state = COMMITTED
        self.committed[fetch.step.layer] = fetch
