"""How long clients wait for a connection, its TLS handshake, and the header of an answer.

A request that takes longer fails as one whose connection breaks: the runtime's delays come first, then the next
attempt. What may take so long:

- A server that serves as many connections as it may does not accept another one. Its kernel does, and lets it wait: TCP
  is set up, and then the TLS handshake (`tls`), or without TLS the request (`header`), gets no answer. Who gave up has
  closed the connection, and is passed over when its turn comes. Over a kept connection, which is set up, the request
  waits.
- A server that answers slowly (`header`): of a layer that comes from an object storage, each of the two answers; and
  who has to get a layer first, as caches and swarms that store and forward (`rolloutsim.fleet.sources`).
- A link that a failure has left no capacity. SYNs are lost, and sent again as Linux does, until the link is back or the
  client gives up (`dial`); the request over a kept connection is likewise (`header`; without that limit it counts as
  sent). A request that is on its way when a link fails counts as answered: its bytes stand still.

Where none of these can be on a way, nobody watches it. In line, layers of a pull may count on the same kept connection
(assumed: it hardly matters, for they wait anyway).

Sources: Go net/http `transport.go` (`TLSHandshakeTimeout`, `ResponseHeaderTimeout`: from the request being written);
golang.org/x/net `netutil/listen.go` (`LimitListener`: a full server does not call accept); Linux
`Documentation/networking/ip-sysctl.rst` (`tcp_syn_linear_timeouts`: SYNs after 1, 1, 1, 1, 1, 2, 4, … s),
`include/net/tcp.h` (`TCP_RTO_MIN`: data after 0.2 s, and twice as long each time; RFC 6298).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from rolloutsim.fleet.pulls import ABANDONED, ASKED, MISSED, NOT_YET
from rolloutsim.scenario.answers import BROKEN, DIAL, HANDSHAKE, HEADER
from rolloutsim.scenario.routes import asked, carrying, outlets, round_trip, routes
from rolloutsim.scenario.runtimes import AFTER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull
    from rolloutsim.fleet.sources.source import Ticket
    from rolloutsim.network.links import SharedLink
    from rolloutsim.scenario.resolved import Case, NodeGroup, Registry, ResolvedScenario

# Of a SYN, and how often it comes again before the time doubles; and of data [s].
FIRST_SYN: Final = 1.0
LINEAR: Final = 5
FIRST_DATA: Final = 0.2

NEVER: Final = -1.0


class Asker(Protocol):
    """Whose requests they are: a node, `rolloutsim.fleet.node.Node`."""

    fleet: Fleet

    def request(self, pull: Pull) -> None:
        """Send the next request."""

    def request_lost(self, pull: Pull, status: int, spent: float) -> None:
        """The next request got no answer in time."""

    def line_up(self, fetch: Fetch) -> None:
        """Ask a source for a connection."""

    def lose(self, fetch: Fetch, status: int, spent: float) -> None:
        """Its request got no answer."""


class Limits:
    """How long clients wait on a way on which that may be too long.

    Parameters
    ----------
    dial, tls, header : float or None
        As in `rolloutsim.scenario.runtimes.Timeouts`; `tls` is None as well where there is no TLS.
    encrypted : bool
        Whether there is.
    set_up : float
        From asking for a new connection until TCP has set it up [s].
    answers : tuple of (float, float)
        Of each request for a layer: from its connection until it is sent, and from there to its answer, queues left
        out, if the connection is a new one [s].
    slow_from : int
        The first of the requests for manifests, token and config whose answer takes too long; their number: none.
    links : tuple of tuple of SharedLink
        Those that a failure may leave no capacity, by replica.
    common : tuple of SharedLink
        Those of them that every request meets.
    on_requests : bool
        Whether requests for manifests, token and config may fail.
    """

    __slots__ = (
        "answers", "common", "dial", "encrypted", "header", "links", "on_requests", "set_up", "slow_from", "tls",
    )  # fmt: skip

    def __init__(
        self,
        dial: float | None,
        tls: float | None,
        header: float | None,
        encrypted: bool,
        set_up: float,
        answers: tuple[tuple[float, float], ...],
        slow_from: int,
        links: tuple[tuple[SharedLink, ...], ...],
        common: tuple[SharedLink, ...],
        on_requests: bool,
    ) -> None:
        self.dial = dial
        self.tls = tls
        self.header = header
        self.encrypted = encrypted
        self.set_up = set_up
        self.answers = answers
        self.slow_from = slow_from
        self.links = links
        self.common = common
        self.on_requests = on_requests

    def is_lost(self) -> bool:
        """Whether a request for a manifest, token or config does not come through now."""
        return _is_down(self.common)

    def hold_request(self, node: Asker, pull: Pull) -> bool:
        """Hold the next request of a pull back if it does not come through; whether it does not."""
        if not self.is_lost():
            return False
        kept = pull.failures == 0 and node.fleet.ledger.pulls.requests[pull.row] > 0
        kept = kept and (len(pull.ways) == 1 or pull.reached is pull.way)
        return _hold(node, pull, None, self.common, self, kept)

    def hold(self, node: Asker, fetch: Fetch) -> bool:
        """Hold a fetch back if it gets no connection; whether it gets none."""
        links = self.links[fetch.replica]
        if not _is_down(links):
            return False
        kept = fetch.pull.kept(fetch.way, fetch.replica, node.fleet.network.now) >= 0
        return _hold(node, fetch.pull, fetch, links, self, kept)

    def wait_in_line(self, node: Asker, fetch: Fetch, ticket: Ticket) -> None:
        """See that a fetch does not wait too long for its turn."""
        now, way = node.fleet.network.now, fetch.way
        kept = fetch.pull.kept(way, fetch.replica, now) >= 0
        if self.encrypted and not kept:
            if self.tls is not None:
                due = now + self.set_up + self.tls
                node.fleet.together.call_at(due, _ring, (node, fetch, ticket, HANDSHAKE))
        elif self.header is not None:
            fetch.asked_at = now
            sent = self.answers[0][0] - (way.set_up if kept else 0.0)
            due = now + max(sent, 0.0) + self.header
            node.fleet.together.call_at(due, _ring, (node, fetch, ticket, HEADER))

    def gives_up_after(self, fetch: Fetch, saved: float, waiting: float, now: float) -> float:
        """When the client gives the request for a layer up whose connection it has now, from now on [s]; NEVER.

        `saved` is what a kept connection saves, `waiting` the time in queues per round trip [s].
        """
        header, way = self.header, fetch.way
        if header is None:
            return NEVER
        ahead = max(now - fetch.asked_at, 0.0)  # of the first request, which may have waited in line
        for number, (sent, takes) in enumerate(self.answers):
            takes += waiting
            if number == len(self.answers) - 1 and way.cold is not None and way.cold.is_cold(fetch.step.layer):
                takes += way.cold.time
            if ahead + takes > header:
                sent += max(way.layer_trips - 1.0, 0.0) * waiting - saved
                return max(max(sent, 0.0) - ahead + header, 0.0)
            ahead = 0.0
        return NEVER


def _ring(what: tuple[Asker, Fetch, Ticket, int]) -> None:
    """A fetch has waited in line as long as its client does."""
    node, fetch, ticket, status = what
    if not ticket.over:
        fetch.pull.drop(fetch.way, fetch.replica, node.fleet.network.now)
        node.lose(fetch, status, 0.0)


def unanswered(what: tuple[Asker, Fetch, float]) -> None:
    """The client does not wait for the answer any longer, which it began to some time ago [s]."""
    node, fetch, spent = what
    if fetch.state == ASKED:
        node.lose(fetch, HEADER, spent)
    elif fetch.state == MISSED:
        node.lose(fetch, BROKEN, 0.0)


def _is_down(links: tuple[SharedLink, ...]) -> bool:
    """Whether one of them has no capacity now."""
    return any(link.share <= 0.0 for link in links)


class _Held:
    """A connection or a request that a link holds back."""

    __slots__ = ("due", "fetch", "links", "node", "pull", "since", "status", "turn", "wait")

    def __init__(
        self, node: Asker, pull: Pull, fetch: Fetch | None, links: tuple[SharedLink, ...], status: int, limit: float
    ) -> None:
        self.node = node
        self.pull = pull
        self.fetch = fetch
        self.links = links
        self.status = status
        self.since = node.fleet.network.now
        self.due = self.since + limit
        self.turn = 0
        self.wait = FIRST_SYN if status == DIAL else FIRST_DATA

    def wait_on(self) -> None:
        """Until it is sent again, or given up."""
        together = self.node.fleet.together
        again = together.network.now + self.wait
        self.turn += 1
        if self.status != DIAL or self.turn >= LINEAR:
            self.wait *= 2.0
        if again < self.due:
            together.call_at(again, _send_again, self)
        else:
            together.call_at(self.due, _give_up, self)

    @property
    def is_over(self) -> bool:
        """Whether nobody asks any more."""
        return self.pull.over if self.fetch is None else self.fetch.state == ABANDONED


def _hold(
    node: Asker, pull: Pull, fetch: Fetch | None, links: tuple[SharedLink, ...], limits: Limits, kept: bool
) -> bool:
    """Hold back what does not come through, unless its client has no limit for it; whether that is done."""
    limit = limits.header if kept else limits.dial
    if limit is None:
        return False
    _Held(node, pull, fetch, links, HEADER if kept else DIAL, limit).wait_on()
    return True


def _send_again(held: _Held) -> None:
    if held.is_over:
        return
    if _is_down(held.links):
        held.wait_on()
        return
    node, fetch = held.node, held.fetch
    spent = node.fleet.network.now - held.since
    if fetch is None:
        held.pull.lost += spent
        node.request(held.pull)
        return
    if fetch.in_trouble().broke_at == NOT_YET:
        node.fleet.incidents.lost.add(True, node.fleet.fetches.number(fetch.row), False, spent)
    node.line_up(fetch)


def _give_up(held: _Held) -> None:
    if held.is_over:
        return
    node, fetch = held.node, held.fetch
    spent = node.fleet.network.now - held.since
    if fetch is None:
        node.request_lost(held.pull, held.status, spent)
        return
    if held.status == HEADER:
        held.pull.drop(fetch.way, fetch.replica, node.fleet.network.now)
    node.lose(fetch, held.status, spent)


class Waits:
    """What in a case may keep requests waiting.

    Parameters
    ----------
    scenario : ResolvedScenario
        The scenario.
    case : Case
        The case of it.
    """

    def __init__(self, scenario: ResolvedScenario, case: Case) -> None:
        self.scenario = scenario
        self.lost = {fault.target for fault in scenario.faults if fault.kind == "link" and fault.remaining <= 0.0}
        pulled = {pull.image for pulls in case.pulls.values() for pull in pulls}
        pulled |= {image for workload in case.workloads for image in workload.images}
        self.images = [scenario.images[name] for name in pulled]
        servers = scenario.servers
        # What is silent keeps its place, and nothing comes through.
        silent = {fault.target for fault in scenario.faults if fault.silent}
        self.lost |= {link for name in silent for link in (*servers[name].path, *servers[name].replicas)}
        self.queued = {name for name, registry in servers.items() if self._may_queue(registry)}

    def _may_queue(self, registry: Registry) -> bool:
        """Whether more layers may be fetched at a time than a replica serves."""
        if registry.max_connections is None:
            return False
        served = registry.mirrors or (registry.name,)
        images = sum(image.registry in served for image in self.images)
        fetches = sum(
            group.count * group.runtime.parallel_layers * (1 if group.runtime.slots_per == "node" else images)
            for group in self.scenario.groups
        )
        return images > 0 and fetches > registry.max_connections

    def may_be_too_long(self, group: NodeGroup, rack: str | None, registry: Registry) -> bool:
        """Whether a client on the way from a registry may not wait for it."""
        limits = group.runtime.timeouts
        if registry.name in self.queued and (limits.header is not None or (registry.tls and limits.tls is not None)):
            return True
        if self._lost_on(group, rack, registry) and (limits.dial is not None or limits.header is not None):
            return True
        return limits.header is not None and self._slowest(group, rack, registry) > limits.header

    def limits(
        self, group: NodeGroup, rack: str | None, registry: Registry, links: Mapping[str, SharedLink], first_byte: float
    ) -> Limits | None:
        """Of a way, whose links are known by name; None: nobody needs to watch it.

        `first_byte` is from a connection to the first byte of a layer that is not cold, queues left out [s].
        """
        if not self.may_be_too_long(group, rack, registry):
            return None
        runtime, given = group.runtime, group.runtime.timeouts
        requests = runtime.resolve_requests
        trip = round_trip(self.scenario, asked(registry, group, rack))
        slow_from = requests
        if given.header is not None:
            if registry.manifest_ttfb is not None and registry.manifest_ttfb + trip > given.header:
                slow_from = max(requests - AFTER_TOKENS, 0)
            if registry.ttfb + trip > given.header:
                slow_from = 0
        lost = self._lost_on(group, rack, registry)
        own = set(registry.replicas) if len(registry.replicas) > 1 else set()
        paths = carrying(registry, group, rack)
        asking = [name for name in asked(registry, group, rack) if name not in own]
        common = tuple(links[name] for name in asking if name in lost and name in links)
        return Limits(
            dial=given.dial,
            tls=given.tls if registry.tls else None,
            header=given.header,
            encrypted=registry.tls,
            set_up=runtime.layer_time + trip,
            answers=self._answers(group, rack, registry, first_byte),
            slow_from=slow_from,
            links=tuple(
                tuple(links[name] for name in dict.fromkeys((*asking, *path)) if name in lost and name in links)
                for path in paths
            ),
            common=common,
            on_requests=bool(common) or slow_from < requests,
        )

    def _lost_on(self, group: NodeGroup, rack: str | None, registry: Registry) -> set[str]:
        """The links of a way that a failure may leave no capacity."""
        if not self.lost:
            return self.lost
        return self.lost & _crossed(group, rack, registry)

    def _answers(
        self, group: NodeGroup, rack: str | None, registry: Registry, first_byte: float
    ) -> tuple[tuple[float, float], ...]:
        """When each request for a layer is sent, and how long its answer takes, as in `Limits` [s]."""
        runtime = group.runtime
        trip = round_trip(self.scenario, asked(registry, group, rack))
        first = registry.ttfb + min(runtime.layer_round_trips, 1.0) * trip
        redirect = registry.redirect
        if redirect is None:
            return ((first_byte - first, first),)
        storage = round_trip(self.scenario, carrying(registry, group, rack)[0])
        second = redirect.ttfb + storage
        # From one answer to the next request: a connection to the storage.
        return ((first_byte - second - storage - first, first), (first_byte - second, second))

    def _slowest(self, group: NodeGroup, rack: str | None, registry: Registry) -> float:
        """The longest time that an answer may take [s]."""
        answers = [takes for _, takes in self._answers(group, rack, registry, 0.0)]
        if registry.first_fetch is not None:
            answers[-1] += registry.first_fetch.time
        if registry.manifest_ttfb is not None:
            answers.append(registry.manifest_ttfb + round_trip(self.scenario, asked(registry, group, rack)))
        crossed = _crossed(group, rack, registry) & self.scenario.links.keys()
        queues = sum(self.scenario.links[name].buffer for name in sorted(crossed))
        return max(answers) + queues + group.nic_buffer


def _crossed(group: NodeGroup, rack: str | None, registry: Registry) -> set[str]:
    """The shared links that requests or layers cross on a way."""
    return {*asked(registry, group, rack), *(name for path in carrying(registry, group, rack) for name in path)}


def may_time_out(scenario: ResolvedScenario, case: Case) -> bool:
    """Whether a request of a case may take longer than its client waits."""
    for group in scenario.groups:
        swarms = (scenario.peers[host] for host in group.hosts if host in scenario.peers)
        if group.runtime.timeouts.header is not None and any(peers.store_and_forward for peers in swarms):
            return True
    waits = Waits(scenario, case)
    servers, found = scenario.servers, outlets(scenario)
    return any(
        waits.may_be_too_long(scenario.groups[route.group], route.rack, servers[found[route.source].server])
        for route in routes(scenario, case)
    )
