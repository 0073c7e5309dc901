"""A node and its container runtime: what happens between "pull this image" and "the image is ready".

resolve (manifests, config, token: small requests in sequence) → the layers that the node lacks queue for
download slots, base first → each fetch: a connection at a source, the request, the bytes → what follows is in
`rolloutsim.fleet.store`: committed, unpacked, in place → the image is ready → the container starts → the pod is ready.

A layer that the node holds is skipped; one that another pull on the node fetches or unpacks is waited for.
Requests and connections meet the queues that there are when they are made. A refused request is sent again after the
runtime's delays until these are used up, or goes to the next source; a broken body goes on where it broke, or from
its beginning. What a failed pull leaves behind is in `rolloutsim.fleet.losses`.

Sources: containerd `core/remotes/docker/resolver.go` L770-900, `core/remotes/docker/httpreadseeker.go` L28,
`core/remotes/docker/fetcher.go` L456-600 (ranges), `core/remotes/handlers.go` (what is in the content store is not
fetched again); containers/image `docker/docker_client.go`, `docker/body_reader.go`.
"""

from __future__ import annotations

from math import inf
from typing import Final

from rolloutsim.fleet.disk import DiskSpace
from rolloutsim.fleet.hosts import again, reason_of
from rolloutsim.fleet.latency import slow_start_delay
from rolloutsim.fleet.ledger import BYTES_DONE, CONNECTED, FELL_BACK, RETRY, SOURCE, STARTED
from rolloutsim.fleet.losses import Losses
from rolloutsim.fleet.pulls import (
    ABANDONED,
    ASKED,
    COMMITTING,
    COMPLETE,
    FLOWING,
    MISSED,
    NOT_YET,
    QUEUED,
    WANTED,
    Fetch,
    Fleet,
    Pull,
    Ranges,
    Slots,
)  # fmt: skip
from rolloutsim.fleet.recipes import Layers, LayerStep, Recipe, Way, expected_rate
from rolloutsim.fleet.sources.source import FINE, LIMITED
from rolloutsim.fleet.store import Store
from rolloutsim.fleet.timeouts import unanswered
from rolloutsim.fleet.writing import DiskWriter
from rolloutsim.network.states import Flow, Host
from rolloutsim.scenario.answers import BROKEN, HEADER
from rolloutsim.scenario.runtimes import AFTER_TOKENS, Runtime

# How often containerd looks whether a pull got on: internal/cri/server/images/image_pull.go, pullProgressReporter.
WATCH_PERIOD: Final = 10.0


class Node(Store):
    """A node: its host on the network, the layers it holds, and its runtime at work.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    index : int
        Its number in the case.
    host : Host
        Its private links and flows.
    runtime : Runtime
        How it pulls, and how it reacts when that fails.
    held : dict of int to int
        Layers in place from the beginning, in words; becomes the node's own.
    address : int
        Where sources see its requests come from.
    disk : DiskSpace or None
        What fits on it; None: everything.
    writer : DiskWriter or None
        What its disk has to write; None: that takes no time.
    progress_timeout : float or None
        A pull without a byte for so long fails; None: never, or nobody watches it [s].
    """

    __slots__ = (
        "address", "asking", "fetch_buffer", "host_per_image", "losses", "progress_timeout", "runtime", "slots",
        "slots_per_image",
    )  # fmt: skip

    def __init__(
        self,
        fleet: Fleet,
        index: int,
        host: Host,
        runtime: Runtime,
        held: Layers,
        address: int,
        disk: DiskSpace | None,
        writer: DiskWriter | None,
        progress_timeout: float | None,
    ) -> None:
        super().__init__(fleet, index, host, held, disk, writer, runtime.parallel_unpacks)
        self.runtime = runtime
        self.address = address
        self.progress_timeout = progress_timeout
        # What each layer asks of the runtime, where it is quick to read.
        self.asking: Pull | None = None  # a pull whose request a source sees about at present, until it is answered
        self.host_per_image = False  # whether a pull stays with the first source that had its manifest
        self.fetch_buffer = runtime.layer_fetch_buffer
        self.slots_per_image: bool = runtime.slots_per == "image"
        self.slots = Slots(runtime.parallel_layers)  # of all images, unless each has its own
        self.losses: Losses | None = None  # made when something is lost

    @property
    def longest_sleep(self) -> float:
        """The longest sleep between two looks for a layer that another pull brings [s]."""
        return self.runtime.ingest_poll

    def fail(self, pull: Pull, reason: str, limited: bool) -> None:
        """Give a pull up; `limited` says whether a rate limit was it."""
        if not pull.over:
            self._losses().fail(pull, reason, limited)

    def crash(self) -> None:
        """All that is under way is lost; committed layers stay."""
        self._losses().crash()
        if self.reader is not None:
            self.reader.crash()
        if self.volume is not None:
            self.volume.crash()

    def _losses(self) -> Losses:
        if self.losses is None:
            self.losses = Losses(self)
        return self.losses

    def ask(self, recipe: Recipe, present: bool = False) -> None:
        """Start to pull an image; what is asked for first tells whether the one that is present is the newest."""
        fleet, way, runtime = self.fleet, recipe.ways[0], self.runtime
        one_by_one = way.buffered or way.fallible
        requests = runtime.resolve_requests
        asked = runtime.recheck_requests if present else requests
        counted = 0 if one_by_one else asked
        pull = self.begin(recipe, fleet.ledger.pulls.add(self.index, recipe.image, fleet.network.now, counted, present))
        if one_by_one:
            if present:
                pull.answered = requests
            self.request(pull)
            return
        if len(recipe.ways) > 1:
            fleet.incidents.asked.add(pull.row, way.number, asked)
        if way.resolve_time > 0.0:
            # Nothing can change between the requests: one wait for all of them.
            wait = way.resolve_time * (asked / requests) if present else way.resolve_time
            fleet.network.call_later(wait, self._resolved, pull)
        else:
            self._resolved(pull)

    def begin(self, recipe: Recipe, row: int) -> Pull:
        """The pull of an image, of which the ledger knows; its requests follow."""
        own = (
            len(recipe.steps)
            if recipe.read_from is not None
            else self.runtime.parallel_layers
            if self.slots_per_image
            else 0
        )
        pull = Pull(recipe, row, Slots(own) if own else self.slots)
        if self.fleet.retries.answered:
            pull.answered = self.fleet.retries.answered.get((self.index, recipe.image), 0)
        self.pulls.append(pull)
        return pull

    def go_on(self, pull: Pull) -> None:
        """Go on with the pull of an image whose manifests and config are there."""
        self._resolved(pull)

    def request(self, pull: Pull) -> None:
        """Send the next request for manifests, token and config; after the last the layers are known."""
        fleet, refusals = self.fleet, self.fleet.incidents.refusals
        requests, known = self.runtime.resolve_requests, self.runtime.recheck_requests
        while not pull.over:
            if known <= pull.sent < pull.answered:
                pull.sent = pull.answered  # manifests and config that an earlier pull had are in the content store
            if pull.sent == requests:
                fleet.incidents.lost.add(False, pull.row, False, pull.lost)
                fleet.incidents.lost.add(False, pull.row, True, pull.limited)
                if pull.fell_back is not None:
                    for host, seconds in pull.fell_back.items():
                        fleet.incidents.lost.add(False, pull.row, False, seconds, host)
                self._resolved(pull)
                return
            way = pull.way
            limits = way.limits
            if limits is not None and limits.hold_request(self, pull):
                return
            if pull.refusal >= 0:
                refusals.repeat(pull.refusal, -1)
                pull.refusal = -1
            fleet.ledger.pulls.requests[pull.row] += 1
            if len(pull.recipe.ways) > 1:
                fleet.incidents.asked.add(pull.row, way.number)
            is_manifest = pull.sent == max(requests - AFTER_TOKENS + 1, 0)  # the first GET
            status = way.source.answer(self.address, fleet.network.now, -1, is_manifest, pull.recipe.image)
            ahead = way.round_trip
            if status == FINE and limits is not None and limits.header is not None and pull.sent >= limits.slow_from:
                status, ahead = HEADER, limits.header
            if status != FINE:
                fleet.retries.refused(self, pull, status, is_manifest, ahead)
                return
            if way.handler is not None:
                # Answered at once, it goes on here: a request from within its answer to the last would nest as deep
                # as there are requests.
                before = self.asking
                self.asking = pull
                way.handler.look_up(self, pull, is_manifest)
                answered = self._is_answered()
                self.asking = before
                if answered:
                    continue
                return
            if self._taken(pull, is_manifest):
                return

    def _is_answered(self) -> bool:
        """Whether the pull whose request a source was to see about has its answer."""
        return self.asking is None

    def request_lost(self, pull: Pull, status: int, spent: float) -> None:
        """The next request got no answer in time, which cost `spent` [s]."""
        fleet = self.fleet
        if pull.refusal >= 0:
            fleet.incidents.refusals.repeat(pull.refusal, -1)
        fleet.ledger.pulls.requests[pull.row] += 1
        if len(pull.recipe.ways) > 1:
            fleet.incidents.asked.add(pull.row, pull.way.number)
        fleet.retries.refused(self, pull, status, False, 0.0, spent)

    def _taken(self, pull: Pull, is_manifest: bool) -> bool:
        """A source takes a request, and the answer is on its way; whether that takes time."""
        way = pull.way
        pull.sent += 1
        pull.failures = 0
        pull.reached = way
        if self.host_per_image and is_manifest:
            pull.ways = (way,)
        if way.buffered:
            # Whoever asks at this instant meets the queues that it leaves.
            self.fleet.network.call_afterwards(self._answered, pull)
            return True
        self._turn(pull)
        wait = way.resolve_time / self.runtime.resolve_requests
        if wait > 0.0:
            self.fleet.network.call_later(wait, self.request, pull)
        return wait > 0.0

    def _turn(self, pull: Pull) -> None:
        """Whom the next request asks first: what gets a token stays with the source that wanted it."""
        if pull.sent > self.runtime.resolve_requests - AFTER_TOKENS and not self.host_per_image:
            pull.way = pull.ways[0]

    def found(self, pull: Pull, status: int, cause: int, seconds: float) -> None:
        """A source that had to see about it answers a request about manifests, for which it waited [s]."""
        if pull.over:
            return
        way = pull.way
        is_manifest = pull.sent == max(self.runtime.resolve_requests - AFTER_TOKENS + 1, 0)
        if status != FINE:
            self.fleet.retries.refused(self, pull, status, is_manifest, way.round_trip, seconds)
            return
        self.fleet.incidents.waited.add(False, pull.row, cause, seconds)
        if not self._taken(pull, is_manifest):
            if self.asking is pull:
                self.asking = None
            else:
                self.request(pull)

    def asks(self, fetch: Fetch) -> bool:
        """Whether a fetch waits for the answer to its request."""
        return fetch.state in (ASKED, MISSED)

    @property
    def patience(self) -> float | None:
        """How long it waits for the header of an answer; None: as long as it takes [s]."""
        return self.runtime.timeouts.header

    @property
    def resolve_requests(self) -> int:
        """How many requests for manifests, token and config a pull sends."""
        return self.runtime.resolve_requests

    def waited(self, fetch: Fetch, cause: int, seconds: float) -> None:
        """A layer was not at its source, where it waited for it."""
        if seconds > 0.0:
            waited = fetch.in_trouble().waited
            waited[cause] = waited.get(cause, 0.0) + seconds

    def arrived(self, flow: Flow) -> None:
        """What a fetch read along with another one is complete."""
        self._fetched(flow)

    def _answered(self, pull: Pull) -> None:
        """A request is answered after its part of the time, and through the queues that there are."""
        way = pull.way
        self._turn(pull)
        wait = (way.resolve_time + way.resolve_trips * self._waiting(way, 0)) / self.runtime.resolve_requests
        self.fleet.network.call_later(wait, self.request, pull)

    def _resolved(self, pull: Pull) -> None:
        """The manifest is there: queue what the node lacks."""
        if pull.over:
            return
        fleet, held, coming = self.fleet, self.held, self.coming
        fleet.ledger.pulls.resolved[pull.row] = pull.moved_at = fleet.network.now
        for peers in fleet.peers:
            peers.knows(self.index, pull.recipe.image)
        queue = pull.slots.queue
        simple = self.losses is None and self.fetch_buffer is None
        for step in pull.recipe.steps:
            layer = step.layer
            if held.get(step.word, 0) & step.bit:
                continue
            pull.missing += 1
            known = coming.get(layer)
            if known is None:
                if simple:
                    fetch = coming[layer] = Fetch(pull, step, step.compressed)
                    queue.append(fetch)
                else:
                    self.want(pull, step)
            elif known.pull is not pull:
                self.wait_for(pull, known)
        self.grant(pull.slots, -1)
        if not pull.missing:
            self._complete(pull)
        elif pull.recipe.unpacks:
            self.unpack_next(pull)
        if self.progress_timeout is not None and not pull.over:
            fleet.network.call_later(min(WATCH_PERIOD, self.progress_timeout / 2), self._watch, pull)

    def _watch(self, pull: Pull) -> None:
        """Cancel a pull that waits for bytes and gets none."""
        timeout = self.progress_timeout
        if pull.over or timeout is None:
            return
        network = self.fleet.network
        moved = pull.received
        active = False
        for lead in self.coming.values():
            if lead.pull is pull and lead.state < COMMITTING:
                # Of thousands of ranges a few are under way.
                for fetch in (lead,) if lead.ranges is None else lead.ranges.under_way():
                    if fetch.state == FLOWING and fetch.flow is not None and not fetch.leg.store_and_forward:
                        moved += network.received(fetch.flow)
                    active = active or (fetch.row >= 0 and fetch.state < COMPLETE)
        # A byte, and not what rounding leaves of the rate on a link that is down.
        if moved >= pull.moved + 1.0 or not active:
            pull.moved, pull.moved_at = moved, network.now
        elif network.now - pull.moved_at > timeout:
            self.fail(pull, f"no byte arrived for {timeout:g} s (pull_progress_timeout)", False)
            return
        network.call_later(min(WATCH_PERIOD, timeout / 2), self._watch, pull)

    def want(self, pull: Pull, step: LayerStep) -> None:
        """Queue the fetch of a layer, or of what failed pulls have not left of it."""
        left, trouble = step.compressed, None
        if self.losses is not None:
            stored = self.losses.committed.pop(step.layer, None)
            if stored is not None:
                stored.pull = pull
                self.coming[step.layer] = stored
                self.wait_for(pull, stored)
                return
            arrived = self.losses.arrived_before(pull, step)
            if arrived is not None:
                self.coming[step.layer] = arrived
                return
            trouble = self.losses.left_of(step.layer)
            if trouble is not None:
                left -= sum((size for _, size in trouble.before), 0.0)
        size = self.fetch_buffer
        if size is None or left <= size:
            lead = Fetch(pull, step, left)
            pull.slots.queue.append(lead)
        else:
            fetches = Ranges(pull, step, left, size, self.fleet.network.now).fetches
            lead = fetches[0]
            pull.slots.queue.extend(fetches)
        lead.trouble = trouble
        self.coming[step.layer] = lead

    def wait_for(self, pull: Pull, fetch: Fetch) -> None:
        """Note that a pull waits for a layer that another one fetches."""
        fleet = self.fleet
        wait = fleet.ledger.waits.add(pull.row, fetch.step.layer, fleet.fetches.number(fetch.row))
        if fetch.row < 0:
            fetch.awaited_in = [*(fetch.awaited_in or ()), wait]

    def grant(self, slots: Slots, freed_by: int) -> None:
        """Give free slots to the head of the queue."""
        fleet = self.fleet
        while slots.free and slots.queue:
            slots.free -= 1
            fetch = slots.queue.pop(0)
            fetch.row = fleet.fetches.add(fetch.pull.row, fetch.step.layer, fleet.network.now, freed_by)
            for wait in fetch.awaited_in or ():
                fleet.ledger.waits.fetch[wait] = fleet.fetches.number(fetch.row)
            if self.disk is not None and not self.disk.reserve(fetch.left):
                fetch.state = ABANDONED
                self.no_space(fetch.pull, fetch.left, self.disk)
            elif fetch.way.unlimited:
                fetch.leg, fetch.replica = fetch.way, 0
                self._connected(fetch)
            else:
                self._connect(fetch)

    def fail_later(self, what: tuple[Pull, str, bool]) -> None:
        """Give a pull up, its time has come."""
        self.fail(*what)

    def _connect(self, fetch: Fetch) -> None:
        """Ask a source for a connection."""
        fetch.leg = fetch.way
        if fetch.way.unlimited:
            fetch.replica = 0
            self._connected(fetch)
            return
        fetch.holds = fetch.ticket = None
        fetch.replica = fetch.way.source.next_replica()
        limits = fetch.way.limits
        if limits is None or not limits.hold(self, fetch):
            self.line_up(fetch)

    def line_up(self, fetch: Fetch) -> None:
        """Ask a replica for a connection."""
        way = fetch.way
        source, limits = way.source, way.limits
        fetch.state = QUEUED
        fetch.asked_at = inf
        if way.fallible:
            source.fetches[fetch] = self
        ticket = source.connections[fetch.replica].ask(self._granted, fetch)
        if ticket is not None:
            fetch.ticket = ticket
            if limits is not None:
                limits.wait_in_line(self, fetch, ticket)

    def _granted(self, fetch: Fetch) -> None:
        """There is a connection: see how the source answers the request."""
        fetch.holds = fetch.way.source.connections[fetch.replica]
        fetch.ticket = None  # which knows the fetch: neither would go before the cycle collector comes
        fleet, way = self.fleet, fetch.way
        status: int = FINE
        if way.fallible:
            image = fetch.pull.recipe.image
            status = way.source.answer(self.address, fleet.network.now, fetch.step.layer, False, image)
        if status == FINE:
            self._connected(fetch)
            return
        fetch.state = ASKED
        if fetch.trouble is None or fetch.trouble.broke_at == NOT_YET:
            fleet.cells[fetch.row + CONNECTED] = fleet.network.now
        self._note_refusal(fetch, status)
        fleet.together.call_at(fleet.network.now + way.round_trip, self._refused, (fetch, status))

    def _connected(self, fetch: Fetch) -> None:
        """The source takes the request: wait for its first byte."""
        fleet, way, row, cells = self.fleet, fetch.way, fetch.row, self.fleet.cells
        fetch.state = ASKED
        cells[row + SOURCE] = way.number
        if fetch.trouble is None or fetch.trouble.broke_at == NOT_YET:
            cells[row + CONNECTED] = fleet.network.now
        if way.handler is not None:
            way.handler.hand_over(self, fetch)
        elif way.buffered:
            # What ends at this instant no longer fills a queue.
            fleet.network.call_afterwards(self._meet_queues, fetch)
        else:
            self._request_layer(fetch, 0.0)

    def take(self, fetch: Fetch, leg: Way) -> None:
        """A source that had to see about it answers a request: its bytes come by a leg."""
        if fetch.state != ASKED:
            if fetch.state == MISSED:
                self.lose(fetch, BROKEN, 0.0)
            return
        fetch.leg = leg
        self.fleet.cells[fetch.row + SOURCE] = leg.number
        if leg.buffered:
            self.fleet.network.call_afterwards(self._meet_queues, fetch)
        else:
            self._request_layer(fetch, 0.0)

    def whole(self, fetch: Fetch) -> None:
        """A source will answer a request for a range of a layer with all of it."""
        from rolloutsim.fleet.ranges import come_whole  # most scenarios have no such source, and do without

        come_whole(self, fetch)

    def _note_refusal(self, fetch: Fetch, status: int) -> None:
        fleet = self.fleet
        number = fleet.fetches.number(fetch.row)
        row = fleet.incidents.refusals.add(fetch.way.number, fleet.network.now, status, number)
        fetch.in_trouble().refusal = row

    def _refused(self, what: tuple[Fetch, int]) -> None:
        fetch, status = what
        if fetch.state != ABANDONED:
            self.let_go(fetch)
            self._again(fetch, status, fetch.way.round_trip)

    def _again(self, fetch: Fetch, status: int, lost: float) -> None:
        """Send a layer's request once more, after the runtime's delay or to the next source, or let the pull fail."""
        trouble, way, limited = fetch.in_trouble(), fetch.way, status == LIMITED
        found = again(fetch.ways, way, status, trouble.failures, self.runtime.retry)
        if found is None:
            self.fail(fetch.pull, reason_of(status), limited)
            return
        fetch.way, trouble.failures, delay = found
        fleet = self.fleet
        host = -1 if limited or way is fetch.ways[-1] else way.number
        if trouble.broke_at == NOT_YET:
            fleet.incidents.lost.add(True, fleet.fetches.number(fetch.row), limited, lost + delay, host)
        elif host >= 0:
            trouble.spent[FELL_BACK] = trouble.spent.get(FELL_BACK, 0.0) + lost + delay
            trouble.broke_at += lost + delay
        fleet.together.call_at(fleet.network.now + delay, self._reopen, fetch)

    def _reopen(self, fetch: Fetch) -> None:
        if fetch.state == ABANDONED:
            return
        trouble = fetch.in_trouble()
        if trouble.refusal >= 0:
            fleet = self.fleet
            fleet.incidents.refusals.repeat(trouble.refusal, fleet.fetches.number(fetch.row))
            trouble.refusal = -1
        self._connect(fetch)

    def _meet_queues(self, fetch: Fetch) -> None:
        """Ask for a layer through the queues that there are."""
        self._request_layer(fetch, self._waiting(fetch.leg, fetch.replica))

    def _waiting(self, way: Way, replica: int) -> float:
        """How long a packet from a source now waits in queues [s]."""
        queues = self.fleet.queues
        return 0.0 if queues is None else queues.towards(self.host, way.kinds[replica], way.round_trip, way.nic_wait)

    def _request_layer(self, fetch: Fetch, waiting: float) -> None:
        """Set up the connection and send the request; `waiting` is the time in queues per round trip [s]."""
        fleet, way, size = self.fleet, fetch.leg, fetch.left
        wait = way.before_first_byte if way.cold is None else way.first_byte(fetch.step.layer)
        if fetch.step.has_index:
            wait += way.index_time + waiting
        round_trip, saved = way.round_trip + waiting, 0.0
        if round_trip > 0.0 or way.keeps or fleet.follows or fleet.weights is not None:
            saved = fetch.pull.connect(fetch, waiting, fleet.network.now)
            wait += way.layer_trips * waiting - saved
            socket = fetch.socket
            window = socket.window
            socket.window = window + size
            socket.starts_slowly = False
            if round_trip > 0.0 and size > window:
                host, kind = self.host, fetch.kind()
                rate = expected_rate(kind, host.profile.capacities, len(host.flows))
                if fleet.weights is not None:
                    rate *= fleet.weights.first_weight(host, kind)
                product = rate * round_trip
                socket.starts_slowly = product > window
                if socket.window > product:
                    socket.window = product if product > window else window
                wait += slow_start_delay(size, rate, round_trip, window)
        if way.limits is not None:
            after = way.limits.gives_up_after(fetch, saved, waiting, fleet.network.now)
            if after >= 0.0:
                fleet.network.call_later(after, unanswered, (self, fetch, after))
                return
        if wait > 0.0:
            fleet.network.call_later(wait, self._stream, fetch)
        elif way.buffered:
            # Whoever asks at this same instant meets the same queues.
            fleet.network.call_afterwards(self._stream, fetch)
        else:
            self._stream(fetch)

    def _stream(self, fetch: Fetch) -> None:
        """The bytes flow."""
        if fetch.state != ASKED:
            if fetch.state == MISSED:
                self.lose(fetch, BROKEN, 0.0)
            return
        fleet, trouble = self.fleet, fetch.trouble
        if trouble is None or trouble.broke_at == NOT_YET:
            fleet.cells[fetch.row + STARTED] = fleet.network.now
            if trouble is not None and trouble.waited:
                for cause, seconds in trouble.waited.items():
                    fleet.incidents.waited.add(True, fleet.fetches.number(fetch.row), cause, seconds)
                trouble.waited = {}
        else:
            for cause, seconds in trouble.waited.items():
                trouble.spent[cause] = trouble.spent.get(cause, 0.0) + seconds
                trouble.broke_at += seconds
            trouble.waited = {}
            trouble.spent[RETRY] = trouble.spent.get(RETRY, 0.0) + fleet.network.now - trouble.broke_at
        fetch.state = FLOWING
        fetch.flow = fleet.start(self.host, fetch.kind(), fetch.left, self._fetched, fetch)

    def broken(self, fetch: Fetch) -> None:
        """Its source went away: a body breaks, a queue is gone; an answer on its way is missed when it is due."""
        if fetch.state == ASKED:
            fetch.state = MISSED
        elif fetch.state in (QUEUED, FLOWING):
            self.lose(fetch, BROKEN, 0.0)

    def lose(self, fetch: Fetch, status: int, spent: float) -> None:
        """A connection is broken or given up: its request, which has cost `spent` [s], is one that was not answered."""
        self._note_refusal(fetch, status)
        trouble = fetch.in_trouble()
        for seconds in trouble.waited.values():
            spent += seconds
        trouble.waited = {}
        has_flowed = fetch.state == FLOWING and fetch.way is not fetch.ways[-1] and not fetch.leg.store_and_forward
        self.let_go(fetch)
        if has_flowed and fetch.in_trouble().got > 0.0:
            # A new request, which begins at the first source again.
            fetch.way = fetch.ways[0]
            self.fleet.together.call_at(self.fleet.network.now, self._reopen, fetch)
            return
        self._again(fetch, status, spent)

    def let_go(self, fetch: Fetch) -> None:
        """Cut what is under way and give the connection back; keep count of what arrived."""
        fleet = self.fleet
        if fetch.state == FLOWING:
            flow = fetch.flow
            fetch.flow = None
            trouble = fetch.in_trouble()
            begun = flow is not None and flow.bundle is not None
            # Of what is still coming to its source it has no more than that.
            most = inf if fetch.handed is None else fetch.handed.cut(fetch)
            if flow is None:
                received = 0.0 if fetch.handed is None else most
            else:
                if begun:
                    flow.settle(fleet.network.now)
                received = fleet.network.stop(flow, most)
                if fleet.follows:
                    fleet.close(flow)
            trouble.got += received
            fetch.pull.received += received
            fleet.cells[fetch.row + BYTES_DONE] = trouble.got
            if len(fetch.pull.recipe.ways) > 1:
                fleet.incidents.parts.add(fleet.fetches.number(fetch.row), fetch.leg.number, received)
            if flow is not None and begun:
                trouble.merge(flow, fleet.network.now)
            trouble.broke_at = fleet.network.now
            if self.runtime.retry.resumes and not fetch.leg.store_and_forward:
                fetch.left -= received
            else:
                trouble.again += received
                fleet.incidents.count_again(fleet.fetches.number(fetch.row), received)
            if received > 0.0:
                trouble.failures = 0
        fetch.state = WANTED
        self.leave(fetch)

    def leave(self, fetch: Fetch) -> None:
        """Give a fetch's connection back, or its place in the line for one."""
        if fetch.way.unlimited:
            return
        if fetch.handed is not None:
            fetch.handed.left(fetch)
        fetch.way.source.fetches.pop(fetch, None)
        holds, fetch.holds = fetch.holds, None
        if holds is not None:
            holds.release()
        elif fetch.ticket is not None:
            fetch.way.source.connections[fetch.replica].give_up(fetch.ticket)
            fetch.ticket = None

    def _fetched(self, flow: Flow) -> None:
        """The layer is complete and committed, or a range of it: its slot and connection go to the next."""
        fleet = self.fleet
        fetch: Fetch = flow.tag
        if fetch.handed is not None and not fetch.handed.complete(fetch, flow):
            return
        row, pull, trouble = fetch.row, fetch.pull, fetch.trouble
        fetch.flow = None  # which knows the fetch: neither would go before the cycle collector comes
        if fleet.follows:
            fleet.close(flow)
        size, spent = flow.size, flow.spent
        if trouble is not None:
            size += trouble.got
            if trouble.spent:
                trouble.merge(flow, fleet.network.now)
                spent = trouble.spent
        cause = flow.cause if spent is None else fleet.ledger.blame(False, fleet.fetches.number(row), spent)
        fleet.fetches.finish(row, fleet.network.now, size, cause)
        cold = fetch.leg.cold
        if cold is not None and (fetch.ranges is None or fetch.ranges.left == 1):
            # Before its connection goes to somebody who is after the same layer.
            cold.warm(fetch.step.layer)
        if not fetch.way.unlimited:
            self.leave(fetch)
        if fetch.leg.keeps:
            pull.keep(fetch.socket, flow.size, fleet.network.now)
        if self.progress_timeout is not None:
            pull.received += flow.size
        if fetch.ranges is not None:
            ranges = fetch.ranges
            fetch = ranges.complete(fetch)
            if ranges.left:
                slots = pull.slots
                slots.free += 1
                if slots.queue:
                    self.grant(slots, row)
                return
        if self.writer is None:
            self.committed(fetch)
        else:
            self.commit(fetch, self.writer)
