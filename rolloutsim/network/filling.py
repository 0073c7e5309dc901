"""The levels of all saturated links by progressive filling, from nothing.

The sharing goes from one allocation to the next; where it does not find its way within so many steps, this plain
computation over all populated states says where it leads. It costs a step per bundle and link that it crosses, in a
heap, independent of the number of hosts in a state.
"""

from __future__ import annotations

from heapq import heapify
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.network.heaps import heappop, heappush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import State


class _Room:
    """What is left of a link (shared, or private to each host of a state) while rates grow."""

    __slots__ = ("growing", "growth", "left", "link", "listed", "users")

    def __init__(self, capacity: float, link: SharedLink | None) -> None:
        self.left = capacity
        self.growth = 0.0
        self.growing = 0  # users that have not stopped
        self.listed = 0.0  # the level under which it is to be found
        self.users: list[_Growing] = []
        self.link = link

    @property
    def level(self) -> float:
        """At which it is full, if nobody stops before."""
        return max(self.left, 0.0) / self.growth


class _Growing:
    """A bundle whose rate still grows: its rooms, and the load in each per unit of level."""

    __slots__ = ("limit", "rooms", "stopped")

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.rooms: list[tuple[_Room, float]] = []
        self.stopped = False

    def use(self, room: _Room, growth: float) -> None:
        """Load a room."""
        self.rooms.append((room, growth))
        room.users.append(self)
        room.growing += 1
        room.growth += growth

    def stop(self, level: float) -> None:
        """Keep the rate that a level gives."""
        self.stopped = True
        for room, growth in self.rooms:
            room.growing -= 1
            room.growth -= growth
            room.left -= growth * level


def levels(states: Iterable[State]) -> dict[SharedLink, float]:
    """The levels of the links that limit a flow [B/s per unit of weight]."""
    rooms, growing = _rooms(states)
    found: dict[SharedLink, float] = {}
    limits = sorted((item for item in growing if item.limit < inf), key=lambda item: item.limit)
    limits.reverse()
    # By the level at which they are full; of two equal ones the first.
    coming: list[tuple[float, int, _Room]] = []
    places = {room: place for place, room in enumerate(rooms) if room.growing}
    for room, place in places.items():
        room.listed = room.level
        coming.append((room.listed, place, room))
    heapify(coming)
    remaining = len(growing)
    while remaining:
        while limits and limits[-1].stopped:
            limits.pop()
        while coming and not (coming[0][2].growing and coming[0][2].listed == coming[0][0]):
            heappop(coming)
        if limits and not (coming and coming[0][0] <= limits[-1].limit):
            stopped, level = [limits[-1]], limits[-1].limit
        else:
            assert coming  # a flow with neither a link nor a cap has no rate
            level, _, tightest = coming[0]
            stopped = [item for item in tightest.users if not item.stopped]
            if tightest.link is not None:
                found[tightest.link] = level
        changed: dict[_Room, None] = {}
        for item in stopped:
            item.stop(level)
            for room, _ in item.rooms:
                changed[room] = None
        for room in changed:
            if room.growing and room.level != room.listed:
                room.listed = room.level
                heappush(coming, (room.listed, places[room], room))
        remaining -= len(stopped)
    for item in growing:
        item.rooms.clear()  # which know their users: while a case runs, nobody collects circles
    return found


def _rooms(states: Iterable[State]) -> tuple[list[_Room], list[_Growing]]:
    shared: dict[SharedLink, _Room] = {}
    rooms: list[_Room] = []
    growing: list[_Growing] = []
    for state in states:
        private = [_Room(capacity, None) for capacity in state.profile.capacities]
        rooms.extend(room for room in private if room.left < inf)
        for kind, number in state.key:
            item = _Growing(kind.cap / kind.weight)
            growing.append(item)
            for link, share in zip(kind.links, kind.shares, strict=True):
                growth = number * state.members * kind.weight * share
                item.use(shared.setdefault(link, _Room(link.capacity, link)), growth)
            for place, per_rate in kind.usage:
                if private[place].left < inf:
                    item.use(private[place], number * kind.weight * per_rate)
    return [*shared.values(), *rooms], growing
