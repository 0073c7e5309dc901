"""A node whose requests may be refused, whose connections may break, and whose disk may be full.

It does what `rolloutsim.fleet.node` describes, and reacts as its runtime does: a refused request is sent again
after the runtime's delays until these are used up; a broken body goes on where it broke, or from its beginning;
a pull that fails leaves committed layers in place, and unfinished ones if the runtime keeps them. What another
pull of the node waited for is then fetched for that one.

Sources: containerd `core/remotes/docker/resolver.go` L770-900, `core/remotes/docker/httpreadseeker.go` L28,
`core/remotes/docker/fetcher.go` L456-600 (ranges), `core/unpack/unpacker.go`; moby
`daemon/internal/distribution/xfer/download.go`; containers/image `docker/docker_client.go`, `docker/body_reader.go`.
"""

from __future__ import annotations

from math import ceil
from typing import Any, cast

from rolloutsim.fleet.attempts import (
    DONE,
    FLOWING,
    IDLE,
    QUEUED,
    RETRY,
    WAITING,
    RobustFetch,
    RobustPull,
    merge,
    reason_of,
    service_of,
)
from rolloutsim.fleet.ledger import BYTES_DONE, CAUSE, CONNECTED, FETCHED, STARTED
from rolloutsim.fleet.losing import LosingNode
from rolloutsim.fleet.node import Fetch, Pull
from rolloutsim.fleet.routes import LayerStep, Recipe
from rolloutsim.fleet.service import BROKEN, FINE, LIMITED
from rolloutsim.network.states import Flow

# How often containerd looks whether a pull got on: internal/cri/server/images/image_pull.go, pullProgressReporter.
WATCH_PERIOD = 10.0

# The GET of the manifest is the third request from the end, before those of the platform's manifest and the config.
_MANIFEST_FROM_END = 3


class RobustNode(LosingNode):
    """A node that lives with failures; its parameters are those of `LosingNode`."""

    __slots__ = ()

    # ---- manifests -----------------------------------------------------------------------------------

    def ask(self, recipe: Recipe) -> None:
        """Start to pull an image."""
        fleet = self.robust
        row = fleet.ledger.pulls.add(self.index, recipe.image, fleet.network.now)
        pull = RobustPull(self, recipe, row)
        self.asking.append(pull)
        self._request(pull)

    def _request(self, pull: RobustPull) -> None:
        """Send the next request for manifests, token and config; after the last the layers are known."""
        fleet, recipe = self.robust, pull.recipe
        requests = max(self.runtime.resolve_requests, 1)
        wait = fleet.resolve_time(recipe, self.host) / requests
        while not pull.over:
            if pull.sent == requests:
                self.asking.remove(pull)
                self._resolved(pull)
                return
            counts = pull.sent == max(requests - _MANIFEST_FROM_END, 0)
            incidents = fleet.incidents
            if pull.refusal >= 0:
                incidents.refusals.again[pull.refusal] = True
                pull.refusal = -1
            incidents.requests[pull.row] = incidents.requests.get(pull.row, 0) + 1
            status = service_of(recipe).answer(self.address, fleet.network.now, -1, counts)
            if status != FINE:
                pull.refusal = incidents.refusals.last
                fleet.network.call_later(recipe.round_trip, self._request_refused, (pull, status))
                return
            pull.sent += 1
            pull.failures = 0
            if wait > 0.0:
                fleet.network.call_later(wait, self._request, pull)
                return

    def _request_refused(self, what: Any) -> None:
        pull, status = cast(tuple[RobustPull, int], what)
        if pull.over:
            return
        delays = self._delays(status)
        if pull.failures >= len(delays):
            self.fail(pull, reason_of(status), status == LIMITED)
            return
        delay = delays[pull.failures]
        pull.failures += 1
        self.robust.incidents.lost.add(False, pull.row, status == LIMITED, pull.recipe.round_trip + delay)
        self.robust.network.call_later(delay, self._request, pull)

    def _delays(self, status: int) -> tuple[float, ...]:
        retry = self.runtime.retry
        if status == LIMITED:
            return retry.rate_limited
        return retry.broken if status == BROKEN else retry.server_error

    def _resolved(self, pull: Pull) -> None:
        super()._resolved(pull)
        own = cast(RobustPull, pull)
        own.moved_at = self.robust.network.now
        if self.progress_timeout is not None and not own.over:
            self.robust.network.call_later(min(WATCH_PERIOD, self.progress_timeout / 2), self._watch, own)

    def _watch(self, pull: RobustPull) -> None:
        """Cancel a pull that waits for bytes and gets none."""
        timeout = self.progress_timeout
        if pull.over or timeout is None:
            return
        network = self.robust.network
        moved = 0.0
        active = False
        for fetch in pull.fetches:
            moved += fetch.got
            if fetch.flow is not None and fetch.state == FLOWING:
                moved += network.received(fetch.flow)
            active = active or (fetch.row >= 0 and fetch.state != DONE and not fetch.over)
        # A byte, and not what rounding leaves of the rate on a link that is down.
        if moved >= pull.moved + 1.0 or not active:
            pull.moved, pull.moved_at = moved, network.now
        elif network.now - pull.moved_at > timeout:
            self.fail(pull, f"no byte arrived for {timeout:g} s (pull_progress_timeout)", False)
            return
        network.call_later(min(WATCH_PERIOD, timeout / 2), self._watch, pull)

    # ---- layers --------------------------------------------------------------------------------------

    def _want(self, pull: Pull, step: LayerStep, queue: list[Fetch]) -> None:
        own = cast(RobustPull, pull)
        stored = self.committed.pop(step.layer, None)
        if stored is not None:
            stored.pull = pull
            self.coming[step.layer] = stored
            self._await(pull, stored)
            return
        before = self.partial.pop(step.layer, [])
        left = step.compressed - sum((size for _, size in before), 0.0)
        size = self.runtime.layer_fetch_buffer
        parts = 1 if size is None else max(ceil(left / size), 1)
        lead = RobustFetch(pull, step, left if size is None else min(size, left))
        lead.parts_left = parts
        lead.before = before
        self.coming[step.layer] = lead
        queue.append(lead)
        own.fetches.append(lead)
        for number in range(1, parts):
            assert size is not None
            part = RobustFetch(pull, step, min(size, left - number * size))
            part.lead = lead
            queue.append(part)
            own.fetches.append(part)

    def _connect(self, fetch: Fetch) -> None:
        own = cast(RobustFetch, fetch)
        service = service_of(fetch.pull.recipe)
        if self.disk is not None and own.got == 0.0 and own.state == IDLE and own.failures == 0:
            if not self.disk.reserve(own.left):
                self._no_space(own, own.left)
                return
            own.reserved = own.left
        own.replica = service.next_replica()
        connections = service.connections[own.replica]
        service.fetches[own] = None
        own.state = QUEUED
        if connections.limit is None:
            self._connected(own)
        else:
            connections.ask(self._connected, own)

    def _no_space(self, fetch: RobustFetch, size: float) -> None:
        assert self.disk is not None
        disk = self.disk
        reason = (
            f"no space left on device: {size / 1e6:.6g} MB more do not fit, "
            f"{max(disk.free, 0.0) / 1e6:.6g} MB of {disk.capacity / 1e6:.6g} MB are free"
        )
        # Not in the midst of granting slots, which a failing pull gives back.
        self.robust.network.call_later(0.0, self._fail_later, (fetch.pull, reason))

    def _fail_later(self, what: Any) -> None:
        pull, reason = cast(tuple[RobustPull, str], what)
        self.fail(pull, reason, False)

    def _connected(self, fetch: Fetch) -> None:
        own = cast(RobustFetch, fetch)
        service = service_of(fetch.pull.recipe)
        connections = service.connections[own.replica]
        if connections.limit is not None:
            own.holds = connections
        if own.over:
            self._let_go(own)
            return
        fleet = self.robust
        own.outages = service.outages
        own.state = WAITING
        before = fleet.cells[own.row + CONNECTED]
        began = fleet.cells[own.row + STARTED] == fleet.cells[own.row + STARTED]
        status = service.answer(self.address, fleet.network.now, fleet.fetches.number(own.row), False)
        if status == FINE:
            super()._connected(own)
        else:
            own.refusal = service.refusals.last
            fleet.cells[own.row + CONNECTED] = fleet.network.now
            fleet.network.call_later(fetch.pull.recipe.round_trip, self._refused, (own, status))
        if began:
            fleet.cells[own.row + CONNECTED] = before

    def _refused(self, what: Any) -> None:
        fetch, status = cast(tuple[RobustFetch, int], what)
        if not fetch.over:
            self._let_go(fetch)
            self._again(fetch, status, fetch.pull.recipe.round_trip)

    def _again(self, fetch: RobustFetch, status: int, lost: float) -> None:
        """Send a layer's request once more, after the runtime's delay, or let the pull fail."""
        delays = self._delays(status)
        if fetch.failures >= len(delays):
            self.fail(cast(RobustPull, fetch.pull), reason_of(status), status == LIMITED)
            return
        delay = delays[fetch.failures]
        fetch.failures += 1
        fleet = self.robust
        if fleet.cells[fetch.row + STARTED] != fleet.cells[fetch.row + STARTED]:
            fleet.incidents.lost.add(True, fleet.fetches.number(fetch.row), status == LIMITED, lost + delay)
        fleet.network.call_later(delay, self._reopen, fetch)

    def _reopen(self, fetch: RobustFetch) -> None:
        if fetch.over:
            return
        if fetch.refusal >= 0:
            self.robust.incidents.refusals.again[fetch.refusal] = True
            fetch.refusal = -1
        self._connect(fetch)

    def _stream(self, fetch: Fetch) -> None:
        own = cast(RobustFetch, fetch)
        if own.over:
            return
        if service_of(fetch.pull.recipe).outages != own.outages:
            self._break(own)
            return
        fleet = self.robust
        now = fleet.network.now
        if own.broke_at == own.broke_at:
            own.spent = own.spent or {}
            own.spent[RETRY] = own.spent.get(RETRY, 0.0) + now - own.broke_at
        else:
            fleet.cells[own.row + STARTED] = now
        own.state = FLOWING
        kind = own.step.fetch if own.replica == 0 else own.step.others[own.replica - 1]
        own.flow = fleet.start(self.host, kind, own.left, self._fetched, own)

    def broken(self, fetch: RobustFetch) -> None:
        """The registry went away: a body breaks, a queue is gone; an answer on its way is missed when it is due."""
        if fetch.over or fetch.state not in (QUEUED, FLOWING):
            return
        self._break(fetch)

    def _break(self, fetch: RobustFetch) -> None:
        """A connection is broken: its request is one that was not answered."""
        service = service_of(fetch.pull.recipe)
        service.refusals.add(service.index, self.robust.network.now, BROKEN, self.robust.fetches.number(fetch.row))
        fetch.refusal = service.refusals.last
        self._let_go(fetch)
        self._again(fetch, BROKEN, 0.0)

    def _fetched(self, flow: Flow) -> None:
        fleet = self.robust
        fetch = cast(RobustFetch, flow.tag)
        pull = cast(RobustPull, fetch.pull)
        row, cells = fetch.row, fleet.cells
        cells[row + FETCHED] = fleet.network.now
        fetch.got += flow.size
        cells[row + BYTES_DONE] = fetch.got
        if fetch.spent is None and flow.spent is None:
            cells[row + CAUSE] = flow.cause
        else:
            merge(fetch, flow, fleet.network.now)
            assert fetch.spent is not None
            cells[row + CAUSE] = fleet.ledger.blame(False, fleet.fetches.number(row), fetch.spent)
        fetch.flow = None
        fetch.left = 0.0
        self._let_go(fetch)
        fetch.state = DONE
        lead = fetch if fetch.lead is None else fetch.lead
        lead.parts_left -= 1
        complete = lead.parts_left == 0
        if complete:
            lead.row = row  # of the range that came last
            lead.committed = True
        slots = pull.slots
        slots.free += 1
        if slots.queue:
            self._grant(slots, row)
        if not complete:
            return
        if not pull.recipe.unpacks:
            self._in_place(lead)
        else:
            for waiting in self.pulls:
                self._unpack_next(waiting)

    # ---- unpacking -----------------------------------------------------------------------------------

    def _unpack_next(self, pull: Pull) -> None:
        most = self.runtime.parallel_unpacks
        if most == 1:
            super()._unpack_next(pull)
            return
        own = cast(RobustPull, pull)
        for step in pull.recipe.steps:
            if own.unpacking >= most or own.over:
                return
            fetch = cast("RobustFetch | None", self.coming.get(step.layer))
            if fetch is not None and fetch.committed and not fetch.unpacking:
                self._unpack(pull, fetch)

    def _unpack(self, pull: Pull, fetch: Fetch) -> None:
        own = cast(RobustFetch, fetch)
        if self.disk is not None and not self.disk.reserve(own.step.unpacked):
            pull.busy = True  # until it fails
            own.unpacking = True
            self._no_space(own, own.step.unpacked)
            return
        own.unpacking = True
        cast(RobustPull, pull).unpacking += 1
        super()._unpack(pull, fetch)

    def _in_place(self, fetch: Fetch) -> None:
        own = cast(RobustFetch, fetch)
        pull = cast(RobustPull, fetch.pull)
        if own.unpacking:
            own.unpacking = False
            pull.unpacking -= 1
        if self.disk is not None:
            if not pull.recipe.unpacks:
                self.disk.reserve(own.step.unpacked)
            if not self.disk.keeps_compressed:
                self.disk.release(own.step.compressed)
        super()._in_place(fetch)

    def _complete(self, pull: Pull) -> None:
        own = cast(RobustPull, pull)
        self.pulls = [other for other in self.pulls if other is not own]
        if own.recipe.finish_time > 0.0:
            self.finishing.append(own)
            self.robust.network.call_later(own.recipe.finish_time, self._finished, own)
        else:
            own.over = True
            self.robust.pulled(own.row)

    def _finished(self, what: Any) -> None:
        pull = cast(RobustPull, what)
        if not pull.over:
            pull.over = True
            self.finishing.remove(pull)
            self.robust.pulled(pull.row)
