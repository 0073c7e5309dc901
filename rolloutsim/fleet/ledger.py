"""The facts of a case as they happen: columns that grow, a row an event's beginning, its ends filled in.

NaN stands for what has not happened. `rolloutsim.simulation` turns the columns into records.
"""

from __future__ import annotations

from array import array
from math import nan
from struct import Struct
from typing import Final

NEVER: Final = nan
SEVERAL: Final = -1  # in a column of causes: see the rows of SpentColumns
# The cause of the seconds between a broken body and its continuation; the network's own causes are others.
RETRY: Final = -4
# The cause of what a connection gets whose cap is its TCP window over its round trip.
TCP_WINDOW: Final = -5
# Those of seconds in which a cache had not got all of a layer that it fetched: for this one, or for somebody else.
CACHE_FILL: Final = -6
OTHER_FILL: Final = -7
# That of seconds in which a node looked for peers that have a layer.
LOOKED_UP: Final = -8
# The cause of what comes as fast as reads on demand ask for it; far below those of private links.
ON_DEMAND: Final = -100
# That of members of a swarm that have all that has left its seeds.
SEEDS: Final = -9
# That of seconds lost with a host that is not the last one.
FELL_BACK: Final = -10

_SHORT: Final = 0x7FFF  # the largest number in a column of shorts


class PullColumns:
    """Rows of `rolloutsim.results.facts.records.Pulls`, with each pull's pod."""

    def __init__(self) -> None:
        self.node = array("i")
        self.image = array("i")
        self.asked = array("d")
        self.resolved = array("d")
        self.pulled = array("d")
        self.ready = array("d")
        self.failed = array("d")
        self.reason = array("h")
        self.requests = array("i")
        self.present = array("b")

    def add(self, node: int, image: int, now: float, requests: int, present: bool = False) -> int:
        """A node asks for an image, which may be there; `requests` for manifests, token and config are counted."""
        self.node.append(node)
        self.image.append(image)
        self.asked.append(now)
        self.resolved.append(NEVER)
        self.pulled.append(NEVER)
        self.ready.append(NEVER)
        self.failed.append(NEVER)
        self.reason.append(-1)
        self.requests.append(requests)
        self.present.append(present)
        return len(self.node) - 1

    def add_all(self, nodes: list[int], images: list[int], now: float) -> range:
        """Nodes ask at once, each for an image; their requests are counted one by one."""
        first, number = len(self.node), len(nodes)
        self.node.extend(nodes)
        self.image.extend(images)
        for times in (self.resolved, self.pulled, self.ready, self.failed):
            times.extend([NEVER] * number)
        self.asked.extend([now] * number)
        self.reason.extend([-1] * number)
        self.requests.extend([0] * number)
        self.present.extend([0] * number)
        return range(first, first + number)


# The columns of a fetch; their places in its row, in this order.
FETCH = (
    "pull", "layer", "granted", "connected", "started", "fetched", "bytes_done", "cause", "committed", "freed_by",
    "source",
)  # fmt: skip
PULL: Final = 0
LAYER: Final = 1
GRANTED: Final = 2
CONNECTED: Final = 3
STARTED: Final = 4
FETCHED: Final = 5
BYTES_DONE: Final = 6
CAUSE: Final = 7
COMMITTED: Final = 8
FREED_BY: Final = 9
SOURCE: Final = 10
ROW: Final = len(FETCH)

_row: Final = Struct(f"{ROW}d").pack
_end: Final = Struct(f"{COMMITTED - FETCHED + 1}d").pack_into


class FetchRows:
    """Rows of `rolloutsim.results.facts.records.Fetches`, one behind the other in one array of doubles.

    There is a row a layer of each node; written column by column it would cost as much as the sharing. A
    fetch knows its row by the row's first place in `cells`; `number` turns that into its number.
    """

    __slots__ = ("cells", "end")

    def __init__(self) -> None:
        self.cells = array("d")
        self.end = 0

    def add(self, pull: int, layer: int, now: float, freed_by: int) -> int:
        """A fetch has been granted its slot; `freed_by` is the place of the row that freed it, or -1."""
        start = self.end
        self.end = start + ROW
        self.cells.frombytes(_row(pull, layer, now, NEVER, NEVER, NEVER, 0.0, SEVERAL, NEVER, freed_by, -1))
        return start

    def finish(self, start: int, now: float, size: float, cause: int) -> None:
        """The fetch whose row starts at a place is complete: its bytes, those of broken bodies with them, and why.

        It counts as committed unless it is said later when it is.
        """
        _end(self.cells, (start + FETCHED) * self.cells.itemsize, now, size, cause, now)

    @staticmethod
    def number(start: int) -> int:
        """The number of the row that starts at a place; -1 stays -1."""
        return start // ROW


class UnpackColumns:
    """Rows of `rolloutsim.results.facts.records.Unpacks`."""

    def __init__(self) -> None:
        self.fetch = array("i")
        self.started = array("d")
        self.unpacked = array("d")
        self.cause = array("h")

    def add(self, fetch: int, now: float) -> int:
        """The unpacking of a fetched layer begins."""
        self.fetch.append(fetch)
        self.started.append(now)
        self.unpacked.append(NEVER)
        self.cause.append(SEVERAL)
        return len(self.fetch) - 1


class WaitColumns:
    """Rows of `rolloutsim.results.facts.records.Waits`."""

    def __init__(self) -> None:
        self.pull = array("i")
        self.layer = array("i")
        self.fetch = array("i")

    def add(self, pull: int, layer: int, fetch: int) -> int:
        """A pull waits for a layer that another pull of the same node fetches."""
        self.pull.append(pull)
        self.layer.append(layer)
        self.fetch.append(fetch)
        return len(self.pull) - 1


class SpentColumns:
    """Rows of `rolloutsim.results.facts.records.Spent`."""

    def __init__(self) -> None:
        self.is_unpack = array("b")
        self.activity = array("i")
        self.cause = array("h")
        self.seconds = array("d")

    def add(self, is_unpack: bool, activity: int, spent: dict[int, float]) -> None:
        """An activity's flow had several causes."""
        for cause, seconds in spent.items():
            self.is_unpack.append(is_unpack)
            self.activity.append(activity)
            self.cause.append(cause)
            self.seconds.append(seconds)


class ReadColumns:
    """Rows of `rolloutsim.results.facts.records.Reads`, and what containers waited for.

    `left` are those whose last byte is still to come; when the last of them has come and `is_last`, nothing else is
    waited for.
    """

    def __init__(self) -> None:
        self.pull = array("i")
        self.needed = array("d")
        self.rest = array("d")
        self.started = array("d")
        self.read = array("d")
        self.begun = array("d")
        self.complete = array("d")
        self.spent = SpentColumns()
        self.left = 0
        self.is_last = False

    def add(self, pull: int, needed: float, rest: float) -> int:
        """A pull has mounted layers: so many of their bytes are needed, and so many come later [B]."""
        self.pull.append(pull)
        self.needed.append(needed)
        self.rest.append(rest)
        for times in (self.started, self.read, self.begun, self.complete):
            times.append(NEVER)
        return len(self.pull) - 1


class VolumeColumns:
    """Rows of `rolloutsim.results.facts.records.VolumeReads`."""

    def __init__(self) -> None:
        self.node = array("i")
        self.bytes = array("d")
        self.started = array("d")
        self.read = array("d")

    def add(self, node: int, size: float, now: float) -> int:
        """Containers begin to read so many bytes that their node's volume does not have yet [B]."""
        self.node.append(node)
        self.bytes.append(size)
        self.started.append(now)
        self.read.append(NEVER)
        return len(self.node) - 1


class Ledger:
    """All columns of a case."""

    def __init__(self) -> None:
        self.pulls = PullColumns()
        self.fetches = FetchRows()
        self.unpacks = UnpackColumns()
        self.waits = WaitColumns()
        self.spent = SpentColumns()
        self.reads = ReadColumns()
        self.volumes = VolumeColumns()

    def make_room(self, links: int) -> None:
        """Let the columns of causes hold the numbers of so many links, whatever they hold by now."""
        if links > _SHORT and self.spent.cause.typecode == "h":
            self.unpacks.cause = array("i", self.unpacks.cause)
            self.spent.cause = array("i", self.spent.cause)
            self.reads.spent.cause = array("i", self.reads.spent.cause)

    def blame(self, is_unpack: bool, row: int, spent: dict[int, float]) -> int:
        """Write down what limited the flow of an activity: the one cause to put in its row, or several apart."""
        if len(spent) == 1:
            (cause,) = spent
            return cause
        self.spent.add(is_unpack, row, spent)
        return SEVERAL
