"""A source that ignores ranges: asked for a part of a layer, it answers with all of it.

Of a layer that comes in ranges the first request tells, before others are sent; it alone is left then. What had come
over a connection that broke, or of a pull that failed, comes again, since the answer begins with the first byte.

Sources: containerd `core/remotes/docker/fetcher.go` (an answer without a range: one connection, and what comes before
the place is thrown away); moby `daemon/internal/distribution/pull_v2.go` (the file is cut, and begun anew). That other
clients do the same is assumed.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Protocol

from rolloutsim.fleet.ledger import CONNECTED, SEVERAL, STARTED
from rolloutsim.fleet.pulls import ABANDONED, FLOWING

if TYPE_CHECKING:
    from rolloutsim.fleet.disk import DiskSpace
    from rolloutsim.fleet.pulls import Fetch, Fleet, Pull, Ranges, Slots


class Fetcher(Protocol):
    """Who asked: a node, `rolloutsim.fleet.node.Node`."""

    fleet: Fleet
    disk: DiskSpace | None

    def grant(self, slots: Slots, freed_by: int) -> None:
        """Give free slots to the head of the queue."""

    def let_go(self, fetch: Fetch) -> None:
        """Cut what is under way."""

    def no_space(self, pull: Pull, size: float, disk: DiskSpace) -> None:
        """A pull fails, since so many bytes more do not fit."""


def come_whole(node: Fetcher, fetch: Fetch) -> None:
    """All of the layer comes of which a range was asked for.

    A range of which others have come, or are on their way, stays one (assumed: that is rare).

    Parameters
    ----------
    node : Node
        Who asked.
    fetch : Fetch
        The request; its source has not sent anything yet.
    """
    if fetch.ranges is None or _is_joined(node, fetch, fetch.ranges):
        _begin_anew(node.fleet, fetch)


def _is_joined(node: Fetcher, fetch: Fetch, ranges: Ranges) -> bool:
    """Let the first range of a layer stand for all of them; whether it does now."""
    others = ranges.fetches[1:]
    if fetch is not ranges.fetches[0] or any(one.state >= FLOWING or one.got_before() > 0.0 for one in others):
        return False
    queued = sum([one.left for one in others if one.row < 0], 0.0)
    if node.disk is not None and not node.disk.reserve(queued):
        node.no_space(fetch.pull, queued, node.disk)
        return False
    slots, freed_by = fetch.pull.slots, -1
    slots.queue = [one for one in slots.queue if one.ranges is not ranges]
    for one in others:
        if one.row >= 0:
            freed_by = one.row
            slots.free += 1
            _end(node, one)
    fetch.left = sum([one.left for one in ranges.fetches], 0.0)
    fetch.ranges = None
    if freed_by >= 0:
        node.grant(slots, freed_by)
    return True


def _end(node: Fetcher, fetch: Fetch) -> None:
    """A range that had its slot and got nothing is not asked for any more."""
    fleet, row = node.fleet, fetch.row
    now, cells = fleet.network.now, fleet.cells
    node.let_go(fetch)
    fetch.state = ABANDONED
    if isnan(cells[row + CONNECTED]):
        cells[row + CONNECTED] = now
    cells[row + STARTED] = now
    fleet.fetches.finish(row, now, 0.0, SEVERAL)


def _begin_anew(fleet: Fleet, fetch: Fetch) -> None:
    """What there was of a layer comes again."""
    if fetch.left >= fetch.step.compressed:
        return
    trouble, incidents = fetch.in_trouble(), fleet.incidents
    incidents.count_again(fleet.fetches.number(fetch.row), trouble.got - trouble.again)
    for number, size in trouble.before:
        incidents.count_again(number, size)
    trouble.again, trouble.before = trouble.got, []
    fetch.left = fetch.step.compressed
