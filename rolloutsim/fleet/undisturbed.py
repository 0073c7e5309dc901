"""What running applications have when they are on their own: max-min fair shares, a bottleneck at a time.

It is the progressive filling of `rolloutsim.network.maxmin`, and comes to its rates. A link is looked at again only
when it may be the next to be full: as other flows stop growing, the level at which it is full can only rise.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolloutsim.fleet.background import Link


class Elastic:
    """Flows that want as much as they can get, and share like one.

    Parameters
    ----------
    links : sequence of SharedLink or PrivateLink
        Those crossed.
    cap : float
        The highest rate of all of them together [B/s]; inf: none.
    weight : float
        Their share relative to others on the same bottleneck.
    """

    __slots__ = ("bottleneck", "cap", "growing", "links", "rate", "weight")

    def __init__(self, links: Sequence[Link], cap: float, weight: float) -> None:
        self.links = dict.fromkeys(links)
        self.cap = cap
        self.weight = weight
        self.growing = True
        self.rate = 0.0  # [B/s]
        self.bottleneck: Link | None = None  # None: its cap

    def stop(self, rate: float, bottleneck: Link | None) -> None:
        """It has all that it can get."""
        self.growing, self.rate, self.bottleneck = False, rate, bottleneck


def fill(capacities: Mapping[Link, float], flows: Sequence[Elastic]) -> None:
    """Give each flow its rate and its bottleneck.

    Parameters
    ----------
    capacities : mapping of SharedLink or PrivateLink to float
        What each link has for them [B/s].
    flows : sequence of Elastic
        The flows.
    """
    users: dict[Link, list[Elastic]] = {link: [] for link in capacities}
    for flow in flows:
        for link in flow.links:
            users[link].append(flow)
    links = list(capacities)
    rooms = [
        (_level(capacities[link], users[link]), place, len(users[link]))
        for place, link in enumerate(links)
        if users[link]
    ]
    heapify(rooms)
    growing = [len(users[link]) for link in links]
    places = {link: place for place, link in enumerate(links)}
    caps = [(flow.cap / flow.weight, number) for number, flow in enumerate(flows) if flow.cap < inf]
    heapify(caps)

    def stop(flow: Elastic, rate: float, bottleneck: Link | None) -> None:
        flow.stop(rate, bottleneck)
        for link in flow.links:
            growing[places[link]] -= 1

    while True:
        while caps and not flows[caps[0][1]].growing:
            heappop(caps)
        # Until the link on top is as it was when it was put there.
        while rooms and rooms[0][2] != growing[rooms[0][1]]:
            place = rooms[0][1]
            if growing[place]:
                link = links[place]
                heapreplace(rooms, (_level(capacities[link], users[link]), place, growing[place]))
            else:
                heappop(rooms)
        level = rooms[0][0] if rooms else inf
        if caps and caps[0][0] <= level:
            lowest = caps[0][0]
            while caps and caps[0][0] == lowest:
                flow = flows[heappop(caps)[1]]
                if flow.growing:
                    stop(flow, flow.cap, None)
        elif rooms:
            link = links[heappop(rooms)[1]]
            for flow in users[link]:
                if flow.growing:
                    stop(flow, level * flow.weight, link)
        else:
            return


def _level(capacity: float, users: Sequence[Elastic]) -> float:
    """The rate per unit of weight at which a link is full [B/s]."""
    growth = sum(flow.weight for flow in users if flow.growing)
    taken = sum(flow.rate for flow in users if not flow.growing)
    # Rounding may leave a full link a hair over its capacity; no rate is ever negative.
    return max(capacity - taken, 0.0) / growth
