"""Latency under load: a saturated link holds a standing queue, and whatever crosses it waits in that queue.

The round trip of a path is its base plus the queues of its saturated links, at the moment of a request; a
queue is there as soon as a link is saturated and gone as soon as it is not. Requests, the set-up of
connections and slow start see it, and so do the running applications.

How long a full queue is:

- Drop-tail with loss-based TCP (cubic): the senders fill the buffer until it overflows. Pulls from a real
  registry measured 80 to 95 % of the buffer on average; `OCCUPANCY` is the middle. It is the bufferbloat of
  J. Gettys, K. Nichols, *Bufferbloat: Dark Buffers in the Internet*, ACM Queue 9(11), 2011.
- Drop-tail with BBR: several flows keep up to one more bandwidth-delay product in flight than the path holds,
  which adds about one base round trip, never more than the buffer (M. Hock, R. Bless, M. Zitterbart,
  *Experimental Evaluation of BBR Congestion Control*, ICNP 2017, section III).
- `fq_codel`: the queue is kept at CoDel's target, 5 ms (RFC 8289, section 4.2; RFC 8290, section 5.2.3).
- A constant rate that loses bytes at a link fills any buffer to the brim.

A link without a `buffer` has no queue.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.network.links import Kind, SharedLink
from rolloutsim.network.states import Host
from rolloutsim.scenario.resources import NIC_IN

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario

# Mean share of a drop-tail buffer that cubic keeps filled: the middle of the 80 to 95 % measured.
OCCUPANCY: Final = 0.88

# CoDel's target [s]: RFC 8289, section 4.2; Linux include/net/codel.h.
CODEL_TARGET: Final = 0.005


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


class Queues:
    """The queues of a case's links.

    Parameters
    ----------
    follows_base : bool
        Whether a queue is no longer than the base round trip of whoever waits in it (BBR).
    """

    __slots__ = ("fair", "follows_base", "full", "overflowing", "waits")

    def __init__(self, follows_base: bool) -> None:
        self.follows_base = follows_base
        self.waits: dict[SharedLink, float] = {}  # while saturated [s]
        self.full: dict[SharedLink, float] = {}  # while overflowing [s]
        self.fair: dict[SharedLink, None] = {}  # links whose packets are queued flow by flow
        self.overflowing: dict[SharedLink, None] = {}  # constant rates lose bytes there now

    def add(self, link: SharedLink, buffer: float, queue: str) -> None:
        """A link has a buffer [s]."""
        if buffer > 0.0:
            self.waits[link] = standing_queue(buffer, queue)
            self.full[link] = CODEL_TARGET if queue == "fq_codel" else buffer
            if queue == "fq_codel":
                self.fair[link] = None

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
            total += self.at(link, link.level < inf, link in self.overflowing, base)
        return total

    def at(self, link: SharedLink, saturated: bool, overflowing: bool, base: float) -> float:
        """The time that a packet waits at a link which is saturated, or overflows, or neither [s]."""
        if overflowing:
            return self.full.get(link, 0.0)
        return self._bounded(self.waits.get(link, 0.0), base) if saturated else 0.0

    def towards(self, host: Host, kind: Kind, base: float, nic: float) -> float:
        """The time that a packet of a flow to a host now waits; `nic` is the wait at the host's NIC if it binds [s]."""
        total = self.on(kind.links, base)
        if nic > 0.0 and NIC_IN in host.state.full.value:
            total += self._bounded(nic, base)
        return total

    def _bounded(self, wait: float, base: float) -> float:
        return min(wait, base) if self.follows_base else wait


def queues_of(scenario: ResolvedScenario, links: dict[str, SharedLink]) -> Queues | None:
    """The queues of a scenario's links; None if there are none.

    Parameters
    ----------
    scenario : ResolvedScenario
        What has buffers.
    links : mapping of str to SharedLink
        The network's links by name.
    """
    if not any(link.buffer > 0.0 for link in scenario.links.values()) and not any(
        group.nic_buffer > 0.0 for group in scenario.groups
    ):
        return None
    queues = Queues(scenario.congestion_control == "bbr")
    for name, link in scenario.links.items():
        queues.add(links[name], link.buffer, link.queue)
    return queues
