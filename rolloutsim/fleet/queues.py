"""Latency under load: a saturated link holds a standing queue, and whatever crosses it waits in that queue.

The round trip of a path is its base plus the queues of its saturated links, at the moment of a request. Requests, the
set-up of connections and slow start see it, and so do the running applications. A queue is gone as soon as its link is
not saturated.

How long a full queue is:

- Drop-tail with loss-based TCP (cubic): the senders fill the buffer until it overflows. Pulls from a real
  registry measured 80 to 95 % of the buffer on average; `OCCUPANCY` is the middle. It is the bufferbloat of
  J. Gettys, K. Nichols, *Bufferbloat: Dark Buffers in the Internet*, ACM Queue 9(11), 2011.
- Drop-tail with BBR: the window is twice what the path holds at the least round trip of the last `BBR_WINDOW`, which
  adds about one base round trip (M. Hock, R. Bless, M. Zitterbart, *Experimental Evaluation of BBR Congestion
  Control*, ICNP 2017, section III), and `BBR_SEGMENTS` more of each connection. Two or more connections that are
  younger than that window have never seen the path without each other's queue, and fill the buffer as cubic does.
- `fq_codel`: the queue is kept at CoDel's target, 5 ms (RFC 8289, section 4.2; RFC 8290, section 5.2.3).
- A constant rate that loses bytes at a link fills any buffer to the brim.

How a queue fills: it holds no more than the connections have on their way, and they need time to send more. A
connection leaves slow start when the round trip has grown by an eighth, at least 4 and at most 16 ms (HyStart), so with
about that much of its own in the queue, or with its initial window. Until its first loss its window then grows by 5 %
each round trip, so by 5 % of the bytes that it receives; and it never has more on its way than it has left to send.
Transfers of the background that were there before the rollout, and flows of which nothing is said here, have filled the
queue already. Sources: Linux net/ipv4/tcp_cubic.c (`HYSTART_DELAY_THRESH`, and `bictcp_update`, where
`last_max_cwnd` is 0), net/ipv4/tcp_bbr.c (`bbr_min_rtt_win_sec`, `bbr_quantization_budget`,
`bbr_ack_aggregation_cwnd`).

A link without a `buffer` has no queue.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.fleet.latency import INITIAL_WINDOW, SEGMENT
from rolloutsim.network.heaps import heappop, heappush
from rolloutsim.network.links import Kind, SharedLink
from rolloutsim.network.states import Flow, Host
from rolloutsim.scenario.resources import NIC_IN

if TYPE_CHECKING:
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.scenario.resolved import ResolvedScenario

# Mean share of a drop-tail buffer that cubic keeps filled: the middle of the 80 to 95 % measured.
OCCUPANCY: Final = 0.88

# CoDel's target [s]: RFC 8289, section 4.2; Linux include/net/codel.h.
CODEL_TARGET: Final = 0.005

# By how much a round trip has grown when slow start ends: an eighth of it within these bounds [s]; Linux tcp_cubic.c.
_RISE: Final = 0.125
LEAST_RISE: Final = 0.004
_MOST_RISE: Final = 0.016

# By how much a window grows each round trip until its first loss; Linux tcp_cubic.c.
GROWTH: Final = 0.05

# How long BBR's min-RTT filter remembers [s]; Linux tcp_bbr.c.
BBR_WINDOW: Final = 10.0

# What a BBR connection has on its way beside twice what the path holds: three quanta of 2 to 3 segments, and as much as
# its ACKs come bunched (measured: five connections kept 7 ms in the queue of 200 Mbit/s).
BBR_SEGMENTS: Final = 25


def standing_queue(buffer: float, queue: str) -> float:
    """How long the queue of a saturated link holds a packet back, if loss-based TCP or AQM makes it.

    Parameters
    ----------
    buffer : float
        How long a full queue holds a packet back [s].
    queue : str
        `drop_tail` or `fq_codel`.

    Returns
    -------
    float
        Waiting time [s].
    """
    filled = OCCUPANCY * buffer
    return min(filled, CODEL_TARGET) if queue == "fq_codel" else filled


class Sender:
    """A connection that fills queues.

    Parameters
    ----------
    base : float
        Its base round trip [s].
    since : float
        When it was set up [s].
    before : float
        What it received for layers before this one [B].
    """

    __slots__ = ("grown", "rise", "since")

    def __init__(self, base: float, since: float, before: float) -> None:
        self.rise = min(max(_RISE * base, LEAST_RISE), _MOST_RISE)  # of its round trip, when slow start ends [s]
        self.since = since
        self.grown = GROWTH * before

    def first(self, size: float, capacity: float) -> float:
        """What it has in the queue of a link at first [B]."""
        return min(size, max(self.rise * capacity, INITIAL_WINDOW) + self.grown)


class Queue:
    """The queue of a shared link, and who fills it.

    Parameters
    ----------
    link : SharedLink
        Whose it is.
    wait : float
        How long it holds a packet back while it is full [s].
    brim : float
        The same while constant rates overflow it [s].
    """

    __slots__ = ("brim", "first", "large", "link", "others", "senders", "small", "wait", "young", "youths")

    def __init__(self, link: SharedLink, wait: float, brim: float) -> None:
        self.link = link
        self.wait = wait
        self.brim = brim
        self.senders = 0  # connections that fill it
        self.others = 0  # flows that have filled it, when the sharing was last settled
        self.small = 0.0  # bytes of connections with no more than what they put into the queue at first
        self.large: dict[Flow, float] = {}  # the others, and what they put into it at first [B]
        self.first = 0.0  # the sum of these [B]
        self.youths: list[tuple[float, int, Flow]] = []  # a heap of young connections: (since when, order, flow)
        self.young = 0  # how many of their flows are not over

    def add(self, flow: Flow, first: float) -> None:
        """A connection begins to fill it."""
        self.senders += 1
        if first >= flow.size:
            self.small += flow.size
        else:
            self.large[flow] = first
            self.first += first

    def remove(self, flow: Flow) -> None:
        """A connection is over."""
        self.senders -= 1
        first = self.large.pop(flow, 0.0)
        if first > 0.0:
            self.first -= first
        else:
            self.small -= flow.size
        if not self.senders:
            self.first = self.small = 0.0  # what roundings left


class Queues:
    """The queues of a case's links.

    Parameters
    ----------
    network : FluidNetwork
        Where the links are.
    bbr : bool
        Whether the senders' TCP is BBR.
    """

    __slots__ = ("bbr", "fair", "network", "number", "overflowing", "senders", "waits")

    def __init__(self, network: FluidNetwork, bbr: bool) -> None:
        self.network = network
        self.bbr = bbr
        self.waits: dict[SharedLink, Queue] = {}
        self.fair: dict[SharedLink, None] = {}  # links whose packets are queued flow by flow
        self.overflowing: dict[SharedLink, None] = {}  # constant rates lose bytes there now
        self.senders: dict[Flow, Sender] = {}
        self.number = 0  # of flows that began

    def add(self, link: SharedLink, buffer: float, queue: str) -> None:
        """A link has a buffer [s]."""
        if buffer > 0.0:
            is_fair = queue == "fq_codel"
            self.waits[link] = Queue(link, standing_queue(buffer, queue), CODEL_TARGET if is_fair else buffer)
            if is_fair:
                self.fair[link] = None

    def began(self, flow: Flow, base: float, since: float, before: float) -> None:
        """A flow of a connection begins to fill the queues on its way; the others are as in `Sender`."""
        sender = self.senders[flow] = Sender(base, since, before)
        for link in flow.kind.links:
            queue = self.waits.get(link)
            if queue is not None:
                queue.add(flow, sender.first(flow.size, link.nominal))
                if self.bbr and since > self.network.now - BBR_WINDOW:
                    self.number += 1
                    heappush(queue.youths, (since, self.number, flow))
                    queue.young += 1

    def ended(self, flow: Flow) -> None:
        """A connection is over."""
        sender = self.senders.get(flow)
        if sender is None:
            return
        for link in flow.kind.links:
            queue = self.waits.get(link)
            if queue is not None:
                queue.remove(flow)
                if self.bbr:
                    self._grow_old(queue)
                    if sender.since > self.network.now - BBR_WINDOW:
                        queue.young -= 1
        del self.senders[flow]

    def on(self, links: tuple[SharedLink, ...], base: float) -> float:
        """The time that a packet now waits on its way over some links.

        Parameters
        ----------
        links : tuple of SharedLink
            The path.
        base : float
            Its base round trip [s].

        Returns
        -------
        float
            Waiting time [s].
        """
        total = 0.0
        for link in links:
            queue = self.waits.get(link)
            if queue is not None:
                if link in self.overflowing:
                    total += queue.brim
                elif link.level < inf:
                    total += self._standing(queue, base)
        return total

    def settled(self, link: SharedLink, flows: int, overflowing: bool, base: float) -> float:
        """The time that a packet waits at a link that so many flows have saturated for long, or that overflows [s]."""
        queue = self.waits.get(link)
        if queue is None or not (flows or overflowing):
            return 0.0
        if overflowing:
            return queue.brim
        return min(queue.wait, self._old(flows, base, link.nominal)) if self.bbr else queue.wait

    def towards(self, host: Host, kind: Kind, base: float, nic: float) -> float:
        """The time that a packet of a flow to a host now waits; `nic` is the wait at the host's NIC if it binds [s]."""
        total = self.on(kind.links, base)
        if nic > 0.0 and NIC_IN in host.state.full.value:
            total += self._at_nic(host, nic, base)
        return total

    def _standing(self, queue: Queue, base: float) -> float:
        """What waits in the queue of a saturated link [s]."""
        link = queue.link
        wait = queue.wait
        if self.bbr:
            self._grow_old(queue)
            if queue.young < 2:
                return min(wait, self._old(link.flows, base, link.nominal))
        if not self.network.update_planned:
            queue.others = link.flows - queue.senders
        room = wait * link.capacity
        if queue.others > 0 or queue.first >= room:
            return wait
        held = queue.small
        for flow, first in queue.large.items():
            held += self._held(flow, first)
        return held / link.capacity if held < room else wait

    def _at_nic(self, host: Host, wait: float, base: float) -> float:
        """What waits in the queue of a host's NIC while that binds [s]."""
        capacity = host.profile.capacities[NIC_IN]
        held, flows, young = 0.0, 0, 0
        for flow in host.flows:
            if not any(place == NIC_IN for place, _ in flow.kind.usage):
                continue
            flows += 1
            sender = self.senders.get(flow)
            if sender is None:
                held = inf
            else:
                young += sender.since > self.network.now - BBR_WINDOW
                held += self._held(flow, sender.first(flow.size, capacity))
        if self.bbr and young < 2:
            return min(wait, self._old(flows, base, capacity))
        return min(wait, held / capacity)

    def _held(self, flow: Flow, first: float) -> float:
        """What a connection has in a queue [B]."""
        received = self.network.received(flow)
        return min(first + GROWTH * received, flow.size - received)

    def _old(self, flows: int, base: float, capacity: float) -> float:
        """How long the queue is that connections of BBR keep which know the path without a queue [s]."""
        return base + flows * BBR_SEGMENTS * SEGMENT / capacity

    def _grow_old(self, queue: Queue) -> None:
        """Count those no more that are not young any longer."""
        limit = self.network.now - BBR_WINDOW
        while queue.youths and queue.youths[0][0] <= limit:
            flow = heappop(queue.youths)[2]
            if flow in self.senders:
                queue.young -= 1


def queues_of(scenario: ResolvedScenario, network: FluidNetwork, links: dict[str, SharedLink]) -> Queues | None:
    """The queues of a scenario's links; None if there are none.

    Parameters
    ----------
    scenario : ResolvedScenario
        What has buffers.
    network : FluidNetwork
        Where the links are.
    links : mapping of str to SharedLink
        The network's links by name.
    """
    if not any(link.buffer > 0.0 for link in scenario.links.values()) and not any(
        group.nic_buffer > 0.0 for group in scenario.groups
    ):
        return None
    queues = Queues(network, scenario.congestion_control == "bbr")
    for name, link in scenario.links.items():
        queues.add(links[name], link.buffer, link.queue)
    return queues
