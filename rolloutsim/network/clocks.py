"""Service clocks: how many bytes each flow of a bundle has received.

All flows with the same formula for their rate share a clock that shows the bytes served to each of them
since it began. A flow that joins with r bytes left is due when the clock has advanced by r, so a change of
rate costs nothing per flow: it moves the hand of one clock. Processor sharing and weighted fair queueing
are simulated this way (A. Demers, S. Keshav, S. Shenker, *Analysis and Simulation of a Fair Queueing
Algorithm*, SIGCOMM 1989).

Three levels keep every step cheap. Flows of one size in a bundle (flows on hosts in equal states) mostly
finish in the order in which they joined: they stand in a lane, first in, first out. A bundle has a heap of
its lanes' heads by finish mark, a clock a heap of its bundles by their earliest mark. A bundle changes clocks
as a whole, by an offset. Heaps and lanes are cleaned lazily.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.network.guards import rounded_up
from rolloutsim.network.heaps import heappop, heapreplace

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Bundle


class Tickets:
    """Numbers from 1, each of them once."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0

    def draw(self) -> int:
        """The next one."""
        self.last += 1
        return self.last


# Numbers the entries of all heaps of clocks and links: ties go in the order of listing, and no two are equal.
TICKETS: Final = Tickets()


# What a rate is: a + Σ b × level of a link [B/s].
Formula = tuple[float, tuple[tuple["SharedLink", float], ...]]


class Clock:
    """Bytes served since the beginning to each flow that runs at `a + Σ b × level` [B/s].

    Invariants: `served` is what the clock showed at `moved`; the heap holds (mark, ticket, bundle) with
    marks in this clock's bytes; an entry whose ticket is not the bundle's is stale.
    """

    __slots__ = (
        "a", "changed", "due", "due_mark", "heap", "known", "moved", "rate", "served", "terms", "ticket", "users",
    )  # fmt: skip

    def __init__(self, a: float, terms: tuple[tuple[SharedLink, float], ...], now: float) -> None:
        self.a = a
        self.terms = terms
        self.rate = self.rate_now()
        self.served = 0.0
        self.moved = now
        self.heap: list[tuple[float, int, Bundle]] = []
        self.due = inf  # when the earliest mark is reached at this rate [s]
        self.due_mark = inf
        self.ticket = 0  # the number of its entry in the calendar; others are stale
        self.changed = False
        self.users = 0  # bundles that go by it
        self.known: float | None = None  # the earliest mark, while nothing was listed since it was found

    def rate_now(self) -> float:
        """The rate at the present levels; what rounding left of none is none."""
        rate = self.a
        for link, b in self.terms:
            rate += b * link.level
        return rate if rate >= 0.0 else rounded_up(rate, self.a)

    def read(self, now: float) -> float:
        """Advance to `now` and return the bytes served."""
        if now != self.moved:
            self.served += self.rate * (now - self.moved)
            self.moved = now
        return self.served

    def earliest(self) -> float:
        """The earliest mark of a flow on this clock; inf if there is none."""
        heap = self.heap
        while heap:
            mark, ticket, bundle = heap[0]
            if ticket == bundle.ticket:
                # `Bundle.first`, written out: this loop is run several times an event.
                flows = bundle.heap
                while flows:
                    head = flows[0]
                    first, flow = head[0], head[2]
                    if flow.bundle is bundle and flow.mark == first:
                        break
                    if head[3] is None:
                        heappop(flows)
                    else:
                        bundle.drop()
                else:
                    bundle.ticket = TICKETS.draw()
                    bundle.listed = inf
                    heappop(heap)
                    continue
                bundle.listed = first
                first = (first - bundle.offset) / bundle.pace
                if first == mark:
                    return mark
                bundle.ticket = ticket = TICKETS.draw()
                heapreplace(heap, (first, ticket, bundle))
                if heap[0][1] == ticket:
                    return first
            else:
                heappop(heap)
        return inf
