"""Progressive filling over bundles, from scratch, for states that depend on several saturated links.

A host that pulls from two saturated registries at once has no single driver. Such moments are left to this
plain computation over all populated states: it costs a pass over the bundles per distinct bottleneck, still
independent of the number of hosts in a state.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from rolloutsim.network.clocks import Clock
from rolloutsim.network.regimes import CAP, PRIVATE

if TYPE_CHECKING:
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.sharing import Sharing
    from rolloutsim.network.states import Bundle, State


class _Room:
    """What is left of a link (shared, or private to each host of a state) while rates grow."""

    __slots__ = ("growth", "left", "link", "place", "state", "users")

    def __init__(self, capacity: float, link: SharedLink | None, state: State | None = None, place: int = 0) -> None:
        self.left = capacity
        self.growth = 0.0
        self.users: list[_Growing] = []
        self.link, self.state, self.place = link, state, place


class _Growing:
    """A bundle whose rate still grows: its rooms, and the load in each per unit of level."""

    __slots__ = ("bundle", "limit", "rooms", "stopped")

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.limit = bundle.kind.cap / bundle.kind.weight
        self.rooms: list[tuple[_Room, float]] = []
        self.stopped = False


def prepare(state: State, now: float) -> None:
    """Give each bundle of a state a clock of its own."""
    for bundle in state.bundles:
        bundle.attach(Clock(0.0, now), now)


def fill(sharing: Sharing, now: float) -> None:
    """Compute all rates from scratch and set the bundles' clocks."""
    rooms, growing = _rooms(sharing)
    for link in sharing.links:
        link.level = inf
    full: dict[State, set[int]] = {state: set() for state in sharing.populated}
    limits = sorted((item for item in growing if item.limit < inf), key=lambda item: item.limit)
    remaining = len(growing)
    while remaining:
        limits = [item for item in limits if not item.stopped]
        tightest = min(
            (room for room in rooms if room.growth > 0.0),
            key=lambda room: max(room.left, 0.0) / room.growth,
            default=None,
        )
        level = inf if tightest is None else max(tightest.left, 0.0) / tightest.growth
        if limits and limits[0].limit < level:
            level, stopped, cause = limits[0].limit, [limits[0]], CAP
        else:
            assert tightest is not None
            stopped = [item for item in tightest.users if not item.stopped]
            cause = _blame(tightest, level, full)
        for item in stopped:
            remaining -= 1
            _stop(item, level, cause, sharing, now)
        rooms = [room for room in rooms if any(not item.stopped for item in room.users)]
    for item in growing:
        item.rooms.clear()  # which know their users: while a case runs, nobody collects circles
    for state, places in full.items():
        state.full.change(tuple(sorted(places)), now)


def _rooms(sharing: Sharing) -> tuple[list[_Room], list[_Growing]]:
    shared: dict[SharedLink, _Room] = {}
    rooms: list[_Room] = []
    growing: list[_Growing] = []
    for state in sharing.populated:
        private = [_Room(capacity, None, state, place) for place, capacity in enumerate(state.profile.capacities)]
        rooms.extend(room for room in private if room.left < inf)
        for bundle in state.bundles:
            item = _Growing(bundle)
            growing.append(item)
            kind, number = bundle.kind, bundle.per_host
            for link in kind.links:
                room = shared.setdefault(link, _Room(link.capacity, link))
                _use(item, room, number * state.members * kind.weight)
            for place, per_rate in kind.usage:
                if private[place].left < inf:
                    _use(item, private[place], number * kind.weight * per_rate)
    return [*shared.values(), *rooms], growing


def _use(item: _Growing, room: _Room, growth: float) -> None:
    item.rooms.append((room, growth))
    room.users.append(item)
    room.growth += growth


def _blame(room: _Room, level: float, full: dict[State, set[int]]) -> int:
    """The cause of those whom a full room stops."""
    if room.link is not None:
        room.link.level = level
        return room.link.index
    assert room.state is not None
    full[room.state].add(room.place)
    return PRIVATE - room.place


def _stop(item: _Growing, level: float, cause: int, sharing: Sharing, now: float) -> None:
    item.stopped = True
    for room, growth in item.rooms:
        room.growth -= growth
        room.left -= growth * level
    bundle = item.bundle
    bundle.cause.change(cause, now)
    clock = bundle.clock
    assert clock is not None
    rate = level * bundle.kind.weight
    if clock.rate != rate:
        clock.read(now)
        clock.rate = rate
    if not clock.changed:
        clock.changed = True
        sharing.changed.append(clock)
