"""What a node gives up and what it keeps: pulls that fail, nodes that crash, connections that break.

A pull that fails leaves committed layers in place, and unfinished ones if its runtime keeps them; what another pull
of the node waited for is then fetched for that one. A crash loses all that is not committed.
"""

from __future__ import annotations

from typing import Any, cast

from rolloutsim.fleet.attempts import DONE, IDLE, RobustFetch, RobustFleet, RobustPull, merge, service_of
from rolloutsim.fleet.disk import DiskSpace
from rolloutsim.fleet.ledger import BYTES_DONE
from rolloutsim.fleet.node import Node, Pull
from rolloutsim.fleet.routes import LayerStep
from rolloutsim.network.states import Host
from rolloutsim.scenario.resolved import Runtime


class LosingNode(Node):
    """A node that may lose what it is about to bring.

    Parameters
    ----------
    runtime : Runtime
        How it reacts to them.
    address : int
        Where registries see its requests come from.
    disk : DiskSpace or None
        What fits on it; None: everything.
    progress_timeout : float or None
        A pull without a byte for so long fails; None: never [s].
    """

    __slots__ = (
        "address", "asking", "committed", "disk", "finishing", "partial", "progress_timeout", "robust", "runtime",
    )  # fmt: skip

    def __init__(
        self,
        fleet: RobustFleet,
        index: int,
        host: Host,
        runtime: Runtime,
        held: int,
        address: int,
        disk: DiskSpace | None,
        progress_timeout: float | None,
    ) -> None:
        super().__init__(fleet, index, host, runtime.parallel_layers, runtime.slots_per == "image", held)
        self.robust = fleet
        self.runtime = runtime
        self.address = address
        self.disk = disk
        self.progress_timeout = progress_timeout
        self.asking: list[RobustPull] = []  # not resolved
        self.finishing: list[RobustPull] = []  # all layers are in place
        self.committed: dict[int, RobustFetch] = {}  # compressed layers of failed pulls
        # Layers that failed pulls had begun: (number of the fetch, bytes).
        self.partial: dict[int, list[tuple[int, float]]] = {}

    def fail(self, pull: RobustPull, reason: str, limited: bool) -> None:
        """Give a pull up, and go on with what others waited for."""
        if pull.over:
            return
        self._drop(pull, reason, self.runtime.retry.keeps_partial)
        for slots in self._slots_in_use(pull):
            self._grant(slots, -1)
        for other in self.pulls:
            if other.recipe.unpacks:
                self._unpack_next(other)
        self.robust.failed(pull.row, reason, limited)

    def crash(self) -> None:
        """All that is under way is lost; committed layers stay."""
        for pull in (*self.asking, *cast("list[RobustPull]", self.pulls), *self.finishing):
            self._drop(pull, "its node crashed", False)
            self.robust.failed(pull.row, "its node crashed", False)
        self.finishing.clear()
        for parts in self.partial.values():
            self._lose(parts)
        self.partial.clear()

    def _slots_in_use(self, failed: Pull) -> list[Any]:
        found: list[Any] = [failed.slots]
        for other in self.pulls:
            if other.slots not in found:
                found.append(other.slots)
        return found

    def _drop(self, pull: RobustPull, reason: str, keep_partial: bool) -> None:
        fleet, incidents = self.robust, self.robust.incidents
        pull.over = True
        incidents.failed[pull.row] = (fleet.network.now, incidents.reason(reason))
        self.asking = [other for other in self.asking if other is not pull]
        self.pulls = [other for other in self.pulls if other is not pull]
        slots = pull.slots
        slots.queue = [fetch for fetch in slots.queue if fetch.pull is not pull]
        layers: dict[int, LayerStep] = {}
        for fetch in pull.fetches:
            lead = fetch if fetch.lead is None else fetch.lead
            if fetch.over or lead.committed:
                continue
            if fetch.row >= 0 and fetch.state != DONE:
                self._let_go(fetch)
                slots.free += 1
            fetch.over = True
            self._leave_partial(fetch, keep_partial)
        for layer, coming in list(self.coming.items()):
            known = cast(RobustFetch, coming)
            if known.pull is not pull:
                continue
            layers[layer] = known.step
            del self.coming[layer]
            if known.committed:
                self._keep(known)
            known.over = True
        for other in self.pulls:
            for step in other.recipe.steps:
                if step.layer in layers and step.layer not in self.coming and not self.held >> step.layer & 1:
                    self._want(other, step, other.slots.queue)

    def _leave_partial(self, fetch: RobustFetch, keep: bool) -> None:
        """What an unfinished fetch leaves: its bytes, or nothing."""
        got = fetch.got - fetch.again
        parts = fetch.before
        if got > 0.0:
            parts = [*parts, (self.robust.fetches.number(fetch.row), got)]
        if self.disk is not None:
            self.disk.release(fetch.reserved - got)
        if not keep:
            self._lose(parts)
        elif parts:
            self.partial.setdefault(fetch.step.layer, []).extend(parts)

    def _lose(self, parts: list[tuple[int, float]]) -> None:
        """Bytes of unfinished layers are gone: they will be fetched again."""
        for number, size in parts:
            self.robust.incidents.count_again(number, size)
            if self.disk is not None:
                self.disk.release(size)

    def _keep(self, fetch: RobustFetch) -> None:
        """A committed layer of a failed pull waits for the next one; if it was being unpacked, that starts anew."""
        if fetch.flow is not None:
            self.robust.network.stop(fetch.flow)
            fetch.flow = None
            if self.disk is not None:
                self.disk.release(fetch.step.unpacked)
        fetch.unpacking = False
        self.committed[fetch.step.layer] = fetch

    def _let_go(self, fetch: RobustFetch) -> None:
        """Cut what is under way and give the connection back; keep count of what arrived."""
        fleet = self.robust
        flow, fetch.flow = fetch.flow, None
        fetch.state = IDLE
        if flow is not None:
            begun = flow.bundle is not None
            if begun:
                flow.settle(fleet.network.now)
            received = fleet.network.stop(flow)
            fetch.got += received
            fleet.cells[fetch.row + BYTES_DONE] = fetch.got
            if begun:
                merge(fetch, flow, fleet.network.now)
            fetch.broke_at = fleet.network.now
            if self.runtime.retry.resumes:
                fetch.left -= received
            else:
                self._count_again(fetch, received)
            if received > 0.0:
                fetch.failures = 0
        service_of(fetch.pull.recipe).fetches.pop(fetch, None)
        if fetch.holds is not None:
            holds, fetch.holds = fetch.holds, None
            holds.release()

    def _count_again(self, fetch: RobustFetch, size: float) -> None:
        fetch.again += size
        self.robust.incidents.count_again(self.robust.fetches.number(fetch.row), size)
