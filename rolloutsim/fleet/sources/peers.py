"""Nodes as sources: whole layers that a node has, it serves to others over its own NIC.

A node that lacks a layer looks up who has it: a few of the holders, by a rule. Of these it asks the one from which it
fetches least at the moment, the first found of several. Nobody is found in time: the next host is asked. A layer is
there for others when it is committed, and a little later, when that is known; and no longer when image garbage
collection has removed it (assumed: others know that at once).

- What a look-up found is remembered for a while, and so is that it found too few, or nobody. Who asks again meanwhile
  gets the same answer, and waits no longer than the first look-up takes.
- Where requests are hedged, the next of those found is asked when the first has not answered as quickly as most of the
  peers that the node has asked so far; the first answer wins, and the others' are of no more interest. Nobody answers
  in time: the next host is asked. A node answers after the round trips to it (assumed: queues, and what else it serves,
  lengthen no answer). One that is down does not answer, and is found as long as others believe what it has told them.
  Where requests are not hedged, nodes that are down are not found (assumed).

Sources: Spegel `pkg/registry/registry.go`, `pkg/routing/libp2p/libp2p.go`, `pkg/routing/iterator.go`,
`internal/resilient/hedge.go`, `pkg/oci/containerd/containerd.go` @b8c715a; go-libp2p-kad-dht @2a10abd; peerd
`pkg/discovery/content/registry/mirror.go` @21501a9.
"""

from __future__ import annotations

from collections import Counter, deque
from math import inf
from typing import TYPE_CHECKING, Any, Final

from rolloutsim.fleet.ledger import LOOKED_UP
from rolloutsim.fleet.sources.source import FINE, Connections, Source
from rolloutsim.scenario.answers import BROKEN, MISSING
from rolloutsim.scenario.runtimes import AFTER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull
    from rolloutsim.fleet.recipes import Way
    from rolloutsim.fleet.sources.source import Asker
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario import resolved


# Spegel pkg/registry/registry.go: the percentiles of the times to headers after which further holders are asked.
HEDGES: Final = (80.0, 85.0, 90.0)
# pkg/registry/registry.go, raceFetch: the race lasts twice the last of these, or this [s].
LEAST_RACE: Final = 0.1
# internal/resilient/hedge.go: times are kept in whole milliseconds, and up to this [s].
LONGEST_HEADERS: Final = 0.5
# pkg/routing/libp2p/libp2p.go: nodes tell every 15 min what they have, and are believed for 4 min more [s].
ADVERTISED: Final = 900.0
VALID: Final = 1140.0
_OF_LAYERS: Final = -1  # which look-ups of a node are meant: those of manifests by the number of the request


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

    __slots__ = ("nodes", "order", "removed")

    def __init__(self) -> None:
        self.order: list[int] = []
        self.nodes: dict[int, float] = {}  # the same, and since when others know it [s]
        self.removed: dict[int, float] = {}  # who had it, and when that was over [s]

    def add(self, node: int, since: float, now: float) -> None:
        """A node has it, too, since a time; others know it from now on [s]."""
        if node not in self.nodes and self.removed.get(node, -inf) <= since:
            self.nodes[node] = now
            self.order.append(node)

    def remove(self, node: int, now: float) -> None:
        """A node does not have it any more."""
        self.removed[node] = now
        if self.nodes.pop(node, None) is not None:
            self.order.remove(node)


class Answer:
    """What a node remembers of a look-up.

    Parameters
    ----------
    found : list of int
        The holders that it found.
    began : float
        When the first look-up for the same began [s].
    until : float
        Until when nobody is asked anew [s].
    ready : float
        When the answer is there [s].
    """

    __slots__ = ("began", "found", "ready", "until")

    def __init__(self, found: list[int], began: float, until: float, ready: float) -> None:
        self.found = found
        self.began = began
        self.until = until
        self.ready = ready


class Headers:
    """How long it took until the peers that a node asked answered."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}  # by whole milliseconds
        self.total = 0

    def observe(self, seconds: float) -> None:
        """A peer has answered."""
        time = int(min(seconds, LONGEST_HEADERS) * 1e3)
        self.counts[time] = self.counts.get(time, 0) + 1
        self.total += 1

    def percentile(self, percent: float) -> float:
        """The time within which so many per cent of them came, by the nearest rank [s]; 0: under 1 ms, or none did."""
        rank, seen = int(percent / 100.0 * self.total + 0.5), 0
        for time in sorted(self.counts):
            seen += self.counts[time]
            if seen >= rank:
                return time / 1e3
        return 0.0


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
        "answer_time", "answers", "away", "dying", "fleet", "headers", "holders", "legs", "make_leg", "manifests",
        "members", "nobody", "racks", "random", "spec", "uploads",
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
        self.away: dict[int, float] = {}  # nodes that are down, and since when [s]
        # By node, layer or image, and request: what it remembers of a look-up; and when what is no longer of interest.
        self.answers: dict[tuple[int, int, int], Answer] = {}
        self.dying: deque[tuple[float, tuple[int, int, int]]] = deque()
        self.headers: dict[int, Headers] = {}  # by the node that asked
        # Set when all nodes are known: the way from a node to one that asks, and from its request to the answer [s].
        self.make_leg: Callable[[Way, int], Way]
        self.answer_time: Callable[[Way, int], float]
        self.legs: dict[tuple[Way, int], Way] = {}
        self.nobody = 0  # look-ups that found nobody, or nobody who answered

    def join(self, node: int, layers: list[int], images: list[int]) -> None:
        """A node is one of them, and has some layers and manifests from the beginning."""
        self.members.add(node)
        now = self.fleet.network.now
        for layer in layers:
            self.holders.setdefault(layer, Holders()).add(node, now, now)
        for image in images:
            self.manifests.setdefault(image, Holders()).add(node, now, now)

    def has(self, node: int, layer: int) -> None:
        """A node has committed a layer."""
        if node in self.members:
            now = self.fleet.network.now
            self.fleet.network.call_later(self.spec.announce, self._announce, (self.holders, layer, node, now))

    def knows(self, node: int, image: int) -> None:
        """A node has the manifests and the config of an image."""
        if node in self.members and self.spec.manifests:
            now = self.fleet.network.now
            self.fleet.network.call_later(self.spec.announce, self._announce, (self.manifests, image, node, now))

    def _announce(self, what: Any) -> None:
        known, number, node, since = what
        known.setdefault(number, Holders()).add(node, since, self.fleet.network.now)

    def lacks(self, node: int, layers: Iterable[int], images: Iterable[int]) -> None:
        """A node has removed layers, and manifests of images: it does not serve them any more."""
        now = self.fleet.network.now
        for known, numbers in ((self.holders, layers), (self.manifests, images)):
            for number in numbers:
                if number in known:
                    known[number].remove(node, now)

    def go_away(self, node: int) -> None:
        """A node is down: whoever fetches from it asks anew."""
        self.away[node] = self.fleet.network.now
        for upload in list(self.uploads.pop(node, ())):
            upload.asker.lose(upload.fetch, BROKEN, 0.0)

    def come_back(self, node: int) -> None:
        """A node is up again, with what it had committed."""
        self.away.pop(node, None)

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

    def _look_up(self, known: dict[int, Holders], number: int, node: int, which: int) -> tuple[list[int], float]:
        """The holders that a node finds or remembers, and how long it takes until it knows [s]."""
        spec, now = self.spec, self.fleet.network.now
        if not spec.remembers and not spec.remembers_nobody:
            found = self._find(known, number, node)
            return found, spec.look_up if found else spec.timeout
        while self.dying and self.dying[0][0] <= now:
            _, dead = self.dying.popleft()
            old = self.answers.get(dead)
            if old is not None and old.until <= now and old.began + spec.remembers <= now:
                del self.answers[dead]
        key = (node, number, which)
        answer = self.answers.get(key)
        if answer is not None and now < answer.until:
            holders = known.get(number)
            there = [one for one in answer.found if holders is not None and one in holders.nodes]
            return there, max(answer.ready - now, 0.0)
        found, began = self._find(known, number, node), now
        if answer is not None and now < answer.began + spec.remembers:
            found, began = list(dict.fromkeys((*answer.found, *found))), answer.began
        wait = spec.look_up if found else spec.timeout
        until = now + (min(spec.remembers, spec.remembers_nobody) if found else spec.remembers_nobody)
        if len(found) >= spec.found:
            until = began + spec.remembers
        self.answers[key] = Answer(found, began, until, now + wait)
        self.dying.append((max(until, began + spec.remembers), key))
        return found, wait

    def _is_gone(self, node: int, holders: Holders) -> bool:
        """Whether a node is down, and nobody finds it any more."""
        if node not in self.away:
            return False
        if self.spec.hedge is None:
            return True
        since = holders.nodes[node]
        told = since + (self.away[node] - since) // ADVERTISED * ADVERTISED
        return self.fleet.network.now >= told + VALID

    def _race(self, node: int, way: Way, found: list[int]) -> tuple[int, float]:
        """Who of some holders, the first of whom is asked first, answers first, and after what time it is asked [s].

        Nobody answers in time: -1, and after what time that is clear.
        """
        spec = self.spec
        if spec.hedge is None:
            return found[0], 0.0
        seen = self.headers.get(node)
        delays = [0.0]
        for percent in HEDGES:
            usual = 0.0 if seen is None else seen.percentile(percent)
            delays.append(usual or spec.hedge)
        best, winner, after, took, asked = max(2.0 * delays[-1], LEAST_RACE), -1, 0.0, 0.0, 0.0
        for holder, delay in zip(found, delays, strict=False):
            asked = max(asked, delay)
            if asked >= best:
                break
            answer = inf if holder in self.away else self.answer_time(way, holder)
            if asked + answer < best:
                best, winner, after, took = asked + answer, holder, asked, answer
        if winner < 0:
            return -1, best
        if seen is None:
            seen = self.headers[node] = Headers()
        seen.observe(took)
        return winner, after

    def _find(self, known: dict[int, Holders], number: int, node: int) -> list[int]:
        """The holders that a look-up finds."""
        spec, holders = self.spec, known.get(number)
        if holders is None:
            return []
        there = holders.order
        if self.away or node in holders.nodes:
            there = [one for one in there if one != node and not self._is_gone(one, holders)]
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
        found, wait = self._look_up(self.holders, fetch.step.layer, node, _OF_LAYERS)
        if spec.connections is not None and found:
            found = [one for one in found if len(self.uploads.get(one, ())) < spec.connections]
            wait = wait if found else spec.timeout
        holder = -1
        if found:
            mine = Counter(up.holder for one in found for up in self.uploads.get(one, ()) if up.asker is asker)
            holder, later = self._race(node, fetch.way, sorted(found, key=lambda one: mine[one]))
            wait += later
        if holder < 0:
            self.nobody += 1
            network.call_later(wait, self._nobody, (asker, fetch, wait))
            return
        upload = Upload(self, holder, asker, fetch)
        self.uploads.setdefault(holder, {})[upload] = None
        fetch.handed = upload
        asker.waited(fetch, LOOKED_UP, wait)
        if wait > 0.0:
            network.call_later(wait, self._serve, upload)
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
        asker, fetch, spent = what
        if fetch.way.source is self and asker.asks(fetch):
            asker.lose(fetch, MISSING, spent)

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
        status, wait = MISSING, spec.timeout
        if spec.manifests:
            found, wait = self._look_up(self.manifests, image, node, pull.sent)
            if found:
                holder, later = self._race(node, pull.way, found)
                status, wait = FINE if holder >= 0 else MISSING, wait + later
        self.fleet.network.call_later(wait, self._told, (asker, pull, status, wait))

    def _told(self, what: Any) -> None:
        asker, pull, status, wait = what
        asker.found(pull, status, LOOKED_UP, wait)
