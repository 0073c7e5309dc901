"""The facts of a case as they happen: columns that grow, a row an event's beginning, its ends filled in.

NaN stands for what has not happened. `rolloutsim.simulation` turns the columns into records.
"""

from __future__ import annotations

from array import array
from math import nan

NEVER = nan
SEVERAL = -1  # in a column of causes: see the rows of SpentColumns


class PullColumns:
    """Rows of `rolloutsim.results.records.Pulls`, with each pull's pod."""

    def __init__(self) -> None:
        self.node = array("i")
        self.image = array("i")
        self.asked = array("d")
        self.resolved = array("d")
        self.pulled = array("d")
        self.ready = array("d")

    def add(self, node: int, image: int, now: float) -> int:
        """A node asks for an image."""
        self.node.append(node)
        self.image.append(image)
        self.asked.append(now)
        self.resolved.append(NEVER)
        self.pulled.append(NEVER)
        self.ready.append(NEVER)
        return len(self.node) - 1


class FetchColumns:
    """Rows of `rolloutsim.results.records.Fetches`."""

    def __init__(self) -> None:
        self.pull = array("i")
        self.layer = array("i")
        self.granted = array("d")
        self.connected = array("d")
        self.started = array("d")
        self.fetched = array("d")
        self.freed_by = array("i")
        self.bytes_done = array("d")
        self.cause = array("h")

    def add(self, pull: int, layer: int, now: float, freed_by: int) -> int:
        """A fetch has been granted its slot."""
        self.pull.append(pull)
        self.layer.append(layer)
        self.granted.append(now)
        self.connected.append(NEVER)
        self.started.append(NEVER)
        self.fetched.append(NEVER)
        self.freed_by.append(freed_by)
        self.bytes_done.append(0.0)
        self.cause.append(SEVERAL)
        return len(self.pull) - 1


class UnpackColumns:
    """Rows of `rolloutsim.results.records.Unpacks`."""

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
    """Rows of `rolloutsim.results.records.Waits`."""

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
    """Rows of `rolloutsim.results.records.Spent`."""

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


class Ledger:
    """All columns of a case."""

    def __init__(self) -> None:
        self.pulls = PullColumns()
        self.fetches = FetchColumns()
        self.unpacks = UnpackColumns()
        self.waits = WaitColumns()
        self.spent = SpentColumns()

    def blame(self, causes: array[int], is_unpack: bool, row: int, spent: dict[int, float]) -> None:
        """Write down what limited the flow of an activity: one cause in its row, or several apart."""
        if len(spent) == 1:
            (causes[row],) = spent
        else:
            causes[row] = SEVERAL
            self.spent.add(is_unpack, row, spent)
