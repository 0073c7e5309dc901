"""What goes wrong in a case, as it happens: refused requests, lost seconds, failed pulls, bytes fetched again."""

from __future__ import annotations

from array import array
from math import nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.fleet.retries import Crowd

# Moments of refusals that are told apart; then they are put together in intervals, the width of which doubles each time
# that there are as many again (assumed: ten times what a day of nodes in step has).
MOST = 1 << 17
FIRST_WIDTH = 2.0**-10  # of these intervals [s]


class RefusalColumns:
    """Rows of `rolloutsim.results.facts.records.Refusals`: as many as there are moments, not requests."""

    def __init__(self) -> None:
        self.source = array("i")
        self.time = array("d")
        self.status = array("h")
        self.layer = array("b")
        self.count = array("q")
        self.again = array("q")
        self.width = array("d")
        self.unanswered: dict[int, None] = {}
        self._latest: dict[tuple[int, int, bool], int] = {}  # row by source, status and whether it is a layer
        self._width = 0.0
        self._most = MOST

    def add(self, source: int, now: float, status: int, fetch: int, count: int = 1) -> int:
        """Requests were not answered with what they asked for; `fetch` is -1 for those before the layers."""
        is_layer = fetch >= 0
        if is_layer:
            self.unanswered[fetch] = None
        key = source, status, is_layer
        row = self._latest.get(key, -1)
        width = self._width
        moment = now if width == 0.0 else now // width * width
        if row >= 0 and self.time[row] == moment and self.width[row] == width:
            self.count[row] += count
            return row
        row = self._latest[key] = len(self.time)
        self.source.append(source)
        self.time.append(moment)
        self.status.append(status)
        self.layer.append(is_layer)
        self.count.append(count)
        self.again.append(0)
        self.width.append(width)
        if row + 1 == self._most:
            self._most += MOST
            self._width = 2.0 * width or FIRST_WIDTH
        return row

    def is_latest(self, row: int) -> bool:
        """Whether more of the kind of a row that was added to at this instant belong to it."""
        return self.width[row] == self._width

    def repeat(self, row: int, fetch: int, count: int = 1) -> None:
        """Requests of this row are sent again."""
        self.again[row] += count
        self.unanswered.pop(fetch, None)


class LostColumns:
    """Rows of `rolloutsim.results.facts.records.Lost`, a pull or fetch, cause and host each."""

    def __init__(self) -> None:
        self.is_fetch = array("b")
        self.activity = array("i")
        self.limited = array("b")
        self.seconds = array("d")
        self.host = array("i")
        self._of_fetch: dict[tuple[int, bool, int], int] = {}  # rows

    def add(self, is_fetch: bool, activity: int, limited: bool, seconds: float, host: int = -1) -> None:
        """Failed requests cost a pull or fetch some seconds; with a host that is not the last one it goes on."""
        if seconds <= 0.0:
            return
        if is_fetch:
            row = self._of_fetch.setdefault((activity, limited, host), len(self.seconds))
            if row < len(self.seconds):
                self.seconds[row] += seconds
                return
        self.is_fetch.append(is_fetch)
        self.activity.append(activity)
        self.limited.append(limited)
        self.seconds.append(seconds)
        self.host.append(host)


class WaitedColumns:
    """Seconds that pulls and fetches waited because their source did not have what they asked for."""

    def __init__(self) -> None:
        self.is_fetch = array("b")
        self.activity = array("i")
        self.cause = array("b")
        self.seconds = array("d")

    def add(self, is_fetch: bool, activity: int, cause: int, seconds: float) -> None:
        """A pull or a fetch waited, for a cause of `rolloutsim.fleet.ledger`."""
        if seconds > 0.0:
            self.is_fetch.append(is_fetch)
            self.activity.append(activity)
            self.cause.append(cause)
            self.seconds.append(seconds)


class AskedColumns:
    """Requests for manifests, token and config of pulls that have several hosts."""

    def __init__(self) -> None:
        self.pull = array("i")
        self.source = array("i")
        self.count = array("i")
        self._rows: dict[tuple[int, int], int] = {}  # by pull and source

    def add(self, pull: int, source: int, count: int = 1) -> None:
        """A pull asks one of its hosts."""
        row = self._rows.setdefault((pull, source), len(self.count))
        if row == len(self.count):
            self.pull.append(pull)
            self.source.append(source)
            self.count.append(0)
        self.count[row] += count


class PartColumns:
    """Bytes of fetches that had come when their connections broke, where the rest may come from another source."""

    def __init__(self) -> None:
        self.fetch = array("i")
        self.source = array("i")
        self.bytes = array("d")

    def add(self, fetch: int, source: int, size: float) -> None:
        """A connection broke."""
        if size > 0.0:
            self.fetch.append(fetch)
            self.source.append(source)
            self.bytes.append(size)


# What a cache or swarm asks its upstream for; the place of each is its number.
TAG, MANIFEST, CONFIG, LAYER, PING, HEAD = range(6)


class CacheRequestColumns:
    """Requests of caches to their upstreams."""

    def __init__(self) -> None:
        self.cache = array("i")
        self.upstream = array("i")
        self.what = array("b")
        self.time = array("d")

    def add(self, cache: int, upstream: int, what: int, now: float) -> None:
        """A cache asks its upstream."""
        self.cache.append(cache)
        self.upstream.append(upstream)
        self.what.append(what)
        self.time.append(now)


class FillColumns:
    """Layers that caches fetched for their stores, as they asked for them; what passed to a client is a fetch."""

    def __init__(self) -> None:
        self.cache = array("i")
        self.upstream = array("i")
        self.layer = array("i")
        self.asked = array("d")
        self.started = array("d")
        self.ended = array("d")
        self.bytes = array("d")

    def add(self, cache: int, upstream: int, layer: int, now: float) -> int:
        """A cache asks its upstream for a layer."""
        self.cache.append(cache)
        self.upstream.append(upstream)
        self.layer.append(layer)
        self.asked.append(now)
        self.started.append(nan)
        self.ended.append(nan)
        self.bytes.append(0.0)
        return len(self.cache) - 1


class UploadColumns:
    """Which node served a fetch; several rows where one after the other did."""

    def __init__(self) -> None:
        self.fetch = array("i")
        self.source = array("i")
        self.node = array("i")
        self.bytes = array("d")

    def add(self, fetch: int, source: int, node: int) -> int:
        """A node serves a layer to another one; the number of the row."""
        self.fetch.append(fetch)
        self.source.append(source)
        self.node.append(node)
        self.bytes.append(0.0)
        return len(self.fetch) - 1


class Incidents:
    """All that goes wrong; empty where nothing can.

    `again` maps the number of a fetch to bytes that were fetched before; `reasons` are those of failures; `crowds` are
    the pulls that wait to ask again, whose requests are not all counted yet.
    """

    def __init__(self) -> None:
        self.refusals = RefusalColumns()
        self.lost = LostColumns()
        self.waited = WaitedColumns()
        self.fills = FillColumns()
        self.uploads = UploadColumns()
        self.asked = AskedColumns()
        self.parts = PartColumns()
        self.cache_requests = CacheRequestColumns()
        self.again: dict[int, float] = {}
        self.crowds: dict[Crowd, None] = {}
        self.reasons: dict[str, int] = {}
        self.never_asked = 0  # layers and ranges that failed pulls had queued

    def reason(self, text: str) -> int:
        """The index of a reason."""
        return self.reasons.setdefault(text, len(self.reasons))

    def settle(self) -> None:
        """Write down what those who wait have asked until now, when nothing more will happen."""
        for crowd in self.crowds:
            crowd.settle()

    def count_again(self, fetch: int, size: float) -> None:
        """Bytes of a fetch must be fetched again; -1: of one before the rollout, which are not counted."""
        if size > 0.0 and fetch >= 0:
            self.again[fetch] = self.again.get(fetch, 0.0) + size
