"""Nodes as sources: whole layers that a node has, it serves to others over its own NIC.

A node that lacks a layer looks up who has it: a few of the holders, by a rule. Of these it asks the one from which it
fetches least at the moment, the first found of several. Nobody is found in time: the next host is asked. A layer is
there for others when it is committed, and a little later, when that is known.

Sources: Spegel `pkg/registry/registry.go`, `pkg/routing/libp2p/libp2p.go`, `pkg/oci/containerd/containerd.go` @b8c715a;
go-libp2p-kad-dht @2a10abd; peerd `pkg/discovery/content/registry/mirror.go` @21501a9. What hedged requests change is
left out (assumed: headers come at once), and so is what a node remembers of look-ups.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.ledger import LOOKED_UP
from rolloutsim.fleet.sources.source import FINE, Connections, Source
from rolloutsim.scenario.answers import BROKEN, MISSING
from rolloutsim.scenario.runtimes import AFTER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.fleet.sources.source import Asker
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario import resolved


class Upload:
    """A layer that a node serves to another one."""

    __slots__ = ("asker", "before", "fetch", "holder", "peers", "row")

    def __init__(self, peers: PeerToPeer, holder: int, asker: Asker, fetch: Fetch) -> None:
        self.peers = peers
        self.holder = holder
        self.asker = asker
        self.fetch = fetch
        self.row = -1  # of the incidents' uploads; -1: not looked up yet
        self.before = 0.0  # what had come to the asker [B]

    def left(self, fetch: Fetch) -> None:
        """It has hung up."""
        fetch.handed = None
        self.peers.ended(self, fetch.got_before() - self.before)

    def complete(self, fetch: Fetch, flow: Flow) -> bool:
        """All of it has arrived."""
        fetch.handed = None
        self.peers.ended(self, flow.size)
        return True

    def cut(self, fetch: Fetch) -> float:
        """Its holder has all of it."""
        return fetch.left


class Holders:
    """The nodes that have a layer, or an image's manifests: those that had it first before others."""

    __slots__ = ("nodes", "order")

    def __init__(self) -> None:
        self.order: list[int] = []
        self.nodes: set[int] = set()  # the same: thousands are not looked through for each look-up

    def add(self, node: int) -> None:
        """A node has it, too."""
        if node not in self.nodes:
            self.nodes.add(node)
            self.order.append(node)


class PeerToPeer(Source):
    """The nodes of some groups, as a source of layers that they have themselves.

    Parameters
    ----------
    index : int
        Their number among the case's outlets.
    spec : Peers
        How they find one another.
    fleet : Fleet
        What they share with others.
    random : callable
        Gives random numbers in [0, 1).
    racks : list of str or None
        Of each node of the case.
    """

    __slots__ = (
        "away", "fleet", "holders", "legs", "make_leg", "manifests", "members", "nobody", "racks", "random",
        "spec", "uploads",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        spec: resolved.Peers,
        fleet: Fleet,
        random: Callable[[], float],
        racks: list[str | None],
    ) -> None:
        super().__init__(index, spec.name, (Connections(None),), True)
        self.handler = self
        self.spec = spec
        self.fleet = fleet
        self.random = random
        self.racks = racks
        self.members: set[int] = set()
        self.holders: dict[int, Holders] = {}  # of layers
        self.manifests: dict[int, Holders] = {}  # of images
        self.uploads: dict[int, dict[Upload, None]] = {}  # that a node serves
        self.away: set[int] = set()  # nodes that are down
        self.make_leg: Callable[[Way, int], Way]  # set when all nodes are known
        self.legs: dict[tuple[Way, int], Way] = {}
        self.nobody = 0  # look-ups that found nobody

    def join(self, node: int, layers: list[int], images: list[int]) -> None:
        """A node is one of them, and has some layers and manifests from the beginning."""
        self.members.add(node)
        for layer in layers:
            self.holders.setdefault(layer, Holders()).add(node)
        for image in images:
            self.manifests.setdefault(image, Holders()).add(node)

    def has(self, node: int, layer: int) -> None:
        """A node has committed a layer."""
        if node in self.members:
            self.fleet.network.call_later(self.spec.announce, self._announce, (self.holders, layer, node))

    def knows(self, node: int, image: int) -> None:
        """A node has the manifests and the config of an image."""
        if node in self.members and self.spec.manifests:
            self.fleet.network.call_later(self.spec.announce, self._announce, (self.manifests, image, node))

    def _announce(self, what: Any) -> None:
        known, number, node = what
        known.setdefault(number, Holders()).add(node)

    def go_away(self, node: int) -> None:
        """A node is down: whoever fetches from it asks anew."""
        self.away.add(node)
        for upload in list(self.uploads.pop(node, ())):
            upload.asker.lose(upload.fetch, BROKEN, 0.0)

    def come_back(self, node: int) -> None:
        """A node is up again, with what it had committed."""
        self.away.discard(node)

    def go_down(self) -> None:
        """They do not fail together."""

    def settle(self) -> list[Flow]:
        """Write down what has come of layers that are on their way; flows that are nobody's but theirs: none."""
        sizes = self.fleet.incidents.uploads.bytes
        for uploads in self.uploads.values():
            for upload in uploads:
                if upload.row >= 0 and upload.fetch.flow is not None:
                    sizes[upload.row] = self.fleet.network.received(upload.fetch.flow)
        return []

    def _find(self, known: dict[int, Holders], number: int, node: int) -> list[int]:
        """The holders that a look-up finds."""
        spec, holders = self.spec, known.get(number)
        if holders is None:
            return []
        there = holders.order
        if self.away or node in holders.nodes:
            there = [one for one in there if one != node and one not in self.away]
        if spec.per_rack:
            near = [one for one in there if self.racks[one] == self.racks[node]]
            there = near or there
        if spec.finds == "first":
            return there[: spec.found]
        if len(there) <= spec.found:
            return self._shuffled(there)
        chosen: list[int] = []
        while len(chosen) < spec.found:
            one = there[int(self.random() * len(there))]
            if one not in chosen:
                chosen.append(one)
        return chosen

    def _shuffled(self, nodes: list[int]) -> list[int]:
        """The same nodes in a random order, of which the first is asked if all are alike."""
        found = list(nodes)
        for last in range(len(found) - 1, 0, -1):
            place = int(self.random() * (last + 1))
            found[place], found[last] = found[last], found[place]
        return found

    def hand_over(self, asker: Any, fetch: Fetch) -> None:
        """A layer is wanted."""
        spec, network, node = self.spec, self.fleet.network, asker.index
        found = self._find(self.holders, fetch.step.layer, node)
        if spec.connections is not None:
            found = [one for one in found if len(self.uploads.get(one, ())) < spec.connections]
        if not found:
            self.nobody += 1
            network.call_later(spec.timeout, self._nobody, (asker, fetch))
            return
        mine = Counter(upload.holder for one in found for upload in self.uploads.get(one, ()) if upload.asker is asker)
        holder = min(found, key=lambda one: mine[one])
        upload = Upload(self, holder, asker, fetch)
        self.uploads.setdefault(holder, {})[upload] = None
        fetch.handed = upload
        asker.waited(fetch, LOOKED_UP, spec.look_up)
        if spec.look_up > 0.0:
            network.call_later(spec.look_up, self._serve, upload)
        else:
            self._serve(upload)

    def _serve(self, what: Any) -> None:
        upload: Upload = what
        fetch = upload.fetch
        if fetch.handed is not upload:
            return
        key = fetch.way, upload.holder
        leg = self.legs.get(key)
        if leg is None:
            leg = self.legs[key] = self.make_leg(fetch.way, upload.holder)
        upload.row = self.fleet.incidents.uploads.add(self.fleet.fetches.number(fetch.row), self.index, upload.holder)
        upload.before = fetch.got_before()
        upload.asker.take(fetch, leg)

    def _nobody(self, what: Any) -> None:
        asker, fetch = what
        if fetch.way.source is self and asker.asks(fetch):
            asker.lose(fetch, MISSING, self.spec.timeout)

    def ended(self, upload: Upload, size: float) -> None:
        """A node serves one layer less, of which so much has come [B]."""
        if upload.row >= 0:
            self.fleet.incidents.uploads.bytes[upload.row] = size
        uploads = self.uploads.get(upload.holder)
        if uploads is not None:
            uploads.pop(upload, None)

    def look_up(self, asker: Any, pull: Pull, manifest: bool) -> None:
        """A manifest, token or config is wanted; what follows the first manifest comes from the same peers."""
        spec, image, node = self.spec, pull.recipe.image, asker.index
        first = max(asker.resolve_requests - AFTER_TOKENS, 0)
        if pull.sent < first and pull.sent < asker.resolve_requests - 1:
            asker.found(pull, FINE, LOOKED_UP, 0.0)
            return
        status = FINE if spec.manifests and self._find(self.manifests, image, node) else MISSING
        wait = spec.look_up if status == FINE else spec.timeout
        self.fleet.network.call_later(wait, self._told, (asker, pull, status, wait))

    def _told(self, what: Any) -> None:
        asker, pull, status, wait = what
        asker.found(pull, status, LOOKED_UP, wait)
