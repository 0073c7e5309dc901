"""A node and its container runtime: what happens between "pull this image" and "the image is ready".

resolve (manifests, config, token: small requests in sequence) → the layers that the node lacks queue for
download slots, base first → each fetch: a connection at the registry, the request, the bytes → committed,
the layer is unpacked: in order, one at a time per image, while later layers are still being fetched → the
image is ready → the container starts → the pod is ready.

A layer that the node holds is skipped; one that another pull on the node fetches or unpacks is waited for.

Sources: containerd `core/transfer/local/transfer.go`, `core/unpack/unpacker.go`; moby
`daemon/internal/distribution/xfer/download.go` (a slot is free when the compressed blob is complete, before
its extraction).
"""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.fleet.fairness import Weights
from rolloutsim.fleet.latency import INITIAL_WINDOW, slow_start_delay
from rolloutsim.fleet.ledger import BYTES_DONE, CAUSE, CONNECTED, FETCHED, STARTED, Ledger
from rolloutsim.fleet.queues import Queues
from rolloutsim.fleet.routes import LayerStep, Recipe, expected_rate
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.links import Kind
from rolloutsim.network.states import Flow, Host


class Fetch:
    """A layer on its way to a node: queued (`row` is -1), then with a row among the ledger's fetches."""

    __slots__ = ("awaited_in", "committed", "flow", "pull", "row", "step")

    def __init__(self, pull: Pull, step: LayerStep) -> None:
        self.pull = pull
        self.step = step
        self.row = -1  # no slot yet
        self.flow: Flow | None = None
        self.committed = False
        self.awaited_in: list[int] | None = None  # rows of the ledger's waits that lack this fetch's row


class Pull:
    """One image on its way to a node; `missing` layers are not in place, none of those before `next`."""

    __slots__ = ("busy", "missing", "next", "recipe", "row", "slots")

    def __init__(self, node: Node, recipe: Recipe, row: int) -> None:
        self.recipe = recipe
        self.row = row
        self.next = 0
        self.missing = 0
        self.busy = False  # a layer of this image is being unpacked
        self.slots = node.slots


class Slots:
    """Download slots and the fetches that wait for one, first come first served."""

    __slots__ = ("free", "queue")

    def __init__(self, number: int) -> None:
        self.free = number
        self.queue: list[Fetch] = []  # short: the layers of an image or two


class Fleet:
    """What the nodes of a case share: the network, the ledger, and what follows a pull.

    Parameters
    ----------
    network : FluidNetwork
        Where bytes move.
    ledger : Ledger
        Where facts are written.
    pulled : callable
        Called with (row of the pull) when an image is ready on its node.
    """

    __slots__ = ("cells", "fetches", "ledger", "network", "pulled", "queues", "weights")

    def __init__(self, network: FluidNetwork, ledger: Ledger, pulled: Callable[[int], None]) -> None:
        self.network = network
        self.ledger = ledger
        self.fetches = ledger.fetches
        self.cells = ledger.fetches.cells
        self.pulled = pulled
        self.queues: Queues | None = None  # what adds to round trips; None: nothing does
        self.weights: Weights | None = None  # how unevenly connections share; None: evenly

    def resolve_time(self, recipe: Recipe, host: Host) -> float:
        """From asking to the first layer request, with the queues of now [s]."""
        if self.queues is None or not recipe.steps:
            return recipe.resolve_time
        waiting = self.queues.towards(host, recipe.steps[0].fetch, recipe.round_trip, recipe.nic_wait)
        return recipe.resolve_time + recipe.resolve_trips * waiting

    def start(self, host: Host, kind: Kind, size: float, done: Callable[[Flow], None], fetch: Fetch) -> Flow:
        """The bytes of a fetch flow over a connection of their own."""
        if self.weights is None:
            return self.network.start(host, kind, size, done, fetch)
        return self.weights.start(host, kind, size, done, fetch)


class Node:
    """A node: its host on the network, the layers it holds, and its runtime at work.

    Parameters
    ----------
    fleet : Fleet
        What it shares with others.
    index : int
        Its number in the case.
    host : Host
        Its private links and flows.
    parallel_layers : int
        Download slots.
    slots_per_image : bool
        Whether each image has slots of its own; else the node has one set for all.
    held : int
        Layers in place from the beginning: bit i stands for layer i of the case.
    """

    __slots__ = ("coming", "fleet", "held", "host", "index", "parallel_layers", "pulls", "slots", "slots_per_image")

    def __init__(
        self,
        fleet: Fleet,
        index: int,
        host: Host,
        parallel_layers: int,
        slots_per_image: bool,
        held: int,
    ) -> None:
        self.fleet = fleet
        self.index = index
        self.host = host
        self.parallel_layers = parallel_layers
        self.slots_per_image = slots_per_image
        self.slots = Slots(parallel_layers)
        self.held = held
        self.coming: dict[int, Fetch] = {}  # layers queued, being fetched or unpacked
        self.pulls: list[Pull] = []  # resolved and not ready

    def ask(self, recipe: Recipe) -> None:
        """Start to pull an image."""
        fleet = self.fleet
        row = fleet.ledger.pulls.add(self.index, recipe.image, fleet.network.now)
        pull = Pull(self, recipe, row)
        wait = fleet.resolve_time(recipe, self.host)
        if wait > 0.0:
            fleet.network.call_later(wait, self._resolved, pull)
        else:
            self._resolved(pull)

    def _resolved(self, pull: Pull) -> None:
        """The manifest is there: queue what the node lacks."""
        fleet, held, coming = self.fleet, self.held, self.coming
        fleet.ledger.pulls.resolved[pull.row] = fleet.network.now
        if self.slots_per_image:
            pull.slots = Slots(self.parallel_layers)
        self.pulls.append(pull)
        queue = pull.slots.queue
        for step in pull.recipe.steps:
            if held >> step.layer & 1:
                continue
            pull.missing += 1
            known = coming.get(step.layer)
            if known is None:
                self._want(pull, step, queue)
            elif known.pull is not pull:
                self._await(pull, known)
        self._grant(pull.slots, -1)
        if not pull.missing:
            self._complete(pull)
        elif pull.recipe.unpacks:
            self._unpack_next(pull)

    def _want(self, pull: Pull, step: LayerStep, queue: list[Fetch]) -> None:
        """Queue the fetch of a layer."""
        fetch = self.coming[step.layer] = Fetch(pull, step)
        queue.append(fetch)

    def _await(self, pull: Pull, fetch: Fetch) -> None:
        """Note that a pull waits for a layer that another one fetches."""
        fleet = self.fleet
        wait = fleet.ledger.waits.add(pull.row, fetch.step.layer, fleet.fetches.number(fetch.row))
        if fetch.row < 0:
            fetch.awaited_in = [*(fetch.awaited_in or ()), wait]

    def _grant(self, slots: Slots, freed_by: int) -> None:
        """Give free slots to the head of the queue."""
        fleet = self.fleet
        while slots.free and slots.queue:
            slots.free -= 1
            fetch = slots.queue.pop(0)
            pull = fetch.pull
            fetch.row = fleet.fetches.add(pull.row, fetch.step.layer, fleet.network.now, freed_by)
            for wait in fetch.awaited_in or ():
                fleet.ledger.waits.fetch[wait] = fleet.fetches.number(fetch.row)
            self._connect(fetch)

    def _connect(self, fetch: Fetch) -> None:
        """Ask the registry for a connection."""
        connections = fetch.pull.recipe.connections
        if connections.limit is None:
            self._connected(fetch)
        else:
            connections.ask(self._connected, fetch)

    def _connected(self, fetch: Fetch) -> None:
        """The registry takes the request: wait for its first byte."""
        fleet = self.fleet
        fleet.cells[fetch.row + CONNECTED] = fleet.network.now
        if fleet.queues is None:
            self._request_layer(fetch, 0.0)
        else:
            # What ends at this instant no longer fills a queue.
            fleet.network.call_afterwards(self._meet_queues, fetch)

    def _meet_queues(self, fetch: Fetch) -> None:
        """Ask for a layer through the queues that there are."""
        queues, recipe = self.fleet.queues, fetch.pull.recipe
        assert queues is not None
        waiting = queues.towards(self.host, fetch.step.fetch, recipe.round_trip, recipe.nic_wait)
        self._request_layer(fetch, waiting)

    def _request_layer(self, fetch: Fetch, waiting: float) -> None:
        """Set up the connection and send the request; `waiting` is the time in queues per round trip [s]."""
        fleet, step = self.fleet, fetch.step
        wait = step.before_first_byte + step.round_trips * waiting
        round_trip = fetch.pull.recipe.round_trip + waiting
        if round_trip > 0.0 and step.compressed > INITIAL_WINDOW:
            host = self.host
            rate = expected_rate(step.fetch, host.profile.capacities, len(host.flows))
            if fleet.weights is not None:
                rate *= fleet.weights.first_weight(step.fetch)
            wait += slow_start_delay(step.compressed, rate, round_trip)
        if wait > 0.0:
            fleet.network.call_later(wait, self._stream, fetch)
        elif fleet.queues is None:
            self._stream(fetch)
        else:
            # Whoever asks at this same instant meets the same queues.
            fleet.network.call_afterwards(self._stream, fetch)

    def _stream(self, fetch: Fetch) -> None:
        """The bytes flow."""
        fleet, step = self.fleet, fetch.step
        fleet.cells[fetch.row + STARTED] = fleet.network.now
        fetch.flow = fleet.start(self.host, step.fetch, step.compressed, self._fetched, fetch)

    def _fetched(self, flow: Flow) -> None:
        """The layer is complete and committed: its slot and connection go to the next."""
        fleet, fetch = self.fleet, flow.tag
        row, pull, cells = fetch.row, fetch.pull, fleet.cells
        cells[row + FETCHED] = fleet.network.now
        cells[row + BYTES_DONE] = flow.size
        spent = flow.spent
        cells[row + CAUSE] = (
            flow.cause if spent is None else fleet.ledger.blame(False, fleet.fetches.number(row), spent)
        )
        fetch.flow = None
        fetch.committed = True
        recipe = pull.recipe
        if recipe.connections.limit is not None:
            recipe.connections.release()
        slots = pull.slots
        slots.free += 1
        if slots.queue:
            self._grant(slots, row)
        if not recipe.unpacks:
            self._in_place(fetch)
        else:
            for waiting in self.pulls:
                self._unpack_next(waiting)

    def _unpack_next(self, pull: Pull) -> None:
        """Unpack the first layer of an image that is not in place, if it is there and nobody does."""
        steps = pull.recipe.steps
        while not pull.busy and pull.missing:
            step = steps[pull.next]
            if self.held >> step.layer & 1:
                pull.next += 1
                continue
            fetch = self.coming[step.layer]
            if not fetch.committed or fetch.flow is not None:
                return
            self._unpack(pull, fetch)

    def _unpack(self, pull: Pull, fetch: Fetch) -> None:
        """Decompress and write a layer; other pulls that need it wait for this."""
        fleet, step = self.fleet, fetch.step
        unpacks = fleet.ledger.unpacks
        row = unpacks.add(fleet.fetches.number(fetch.row), fleet.network.now)
        if step.unpack is None or step.unpacked <= 0.0:
            unpacks.unpacked[row] = fleet.network.now
            self._in_place(fetch)
        else:
            pull.busy = True
            tag = (pull, fetch, row)
            fetch.flow = fleet.network.start(self.host, step.unpack, step.unpacked, self._unpacked, tag)

    def _unpacked(self, flow: Flow) -> None:
        pull, fetch, row = flow.tag
        ledger = self.fleet.ledger
        ledger.unpacks.unpacked[row] = self.fleet.network.now
        ledger.unpacks.cause[row] = flow.cause if flow.spent is None else ledger.blame(True, row, flow.spent)
        fetch.flow = None
        pull.busy = False
        self._in_place(fetch)
        for waiting in self.pulls:
            self._unpack_next(waiting)

    def _in_place(self, fetch: Fetch) -> None:
        """A layer is ready for use, for every pull that needs it."""
        layer = fetch.step.layer
        del self.coming[layer]
        self.held |= 1 << layer
        for pull in self.pulls:
            if pull.recipe.layers >> layer & 1:
                pull.missing -= 1
                if not pull.missing:
                    self._complete(pull)

    def _complete(self, pull: Pull) -> None:
        """All layers are in place; the runtime needs a moment to say so."""
        # A new list: whoever goes through the pulls of this node goes on through the old one.
        self.pulls = [other for other in self.pulls if other is not pull]
        if pull.recipe.finish_time > 0.0:
            self.fleet.network.call_later(pull.recipe.finish_time, self.fleet.pulled, pull.row)
        else:
            self.fleet.pulled(pull.row)
