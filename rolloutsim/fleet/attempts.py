"""Pulls and fetches that may fail and be tried again, and what their nodes share."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.ledger import RETRY as RETRY
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.node import Fetch, Fleet, Node, Pull
from rolloutsim.fleet.registry import Connections
from rolloutsim.fleet.routes import LayerStep, Recipe
from rolloutsim.fleet.service import BROKEN, LIMITED, Service
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.states import Flow

# States of a fetch.
IDLE, QUEUED, WAITING, FLOWING, DONE = range(5)


class RobustFetch(Fetch):
    """A layer, or a range of it, on its way: what it got, and what it lacks."""

    __slots__ = (
        "again", "before", "broke_at", "failures", "got", "holds", "lead", "left", "outages", "over", "parts_left",
        "refusal", "replica", "reserved",
        "spent", "state", "unpacking",
    )  # fmt: skip

    def __init__(self, pull: Pull, step: LayerStep, left: float) -> None:
        super().__init__(pull, step)
        self.left = left
        self.before: list[tuple[int, float]] = []  # (number of the fetch, bytes) that failed pulls had of it
        self.got = 0.0  # bytes received, lost ones included
        self.again = 0.0  # of these, to be fetched again
        self.parts_left = 1
        self.lead: RobustFetch | None = None  # the first range of the layer, which stands for it
        self.failures = 0  # in a row
        self.outages = 0
        self.refusal = -1  # row of the one after which its request is sent again
        self.replica = 0
        self.reserved = 0.0  # of the disk [B]
        self.holds: Connections | None = None
        self.over = False
        self.unpacking = False
        self.state = IDLE
        self.broke_at = nan
        self.spent: dict[int, float] | None = None


class RobustPull(Pull):
    """One image on its way; `fetches` are those it began or queued."""

    __slots__ = ("failures", "fetches", "moved", "moved_at", "node", "over", "refusal", "sent", "unpacking")

    def __init__(self, node: Node, recipe: Recipe, row: int) -> None:
        super().__init__(node, recipe, row)
        self.node = node
        self.fetches: list[RobustFetch] = []
        self.sent = 0  # requests answered
        self.refusal = -1  # row of the one after which its request is sent again
        self.failures = 0  # in a row
        self.over = False
        self.unpacking = 0
        self.moved = 0.0
        self.moved_at = 0.0


class RobustFleet(Fleet):
    """What nodes share: also the incidents, and whom to tell of failed pulls.

    Parameters
    ----------
    failed : callable
        Called with (row of the pull, reason, whether a rate limit was it).
    """

    __slots__ = ("failed", "incidents")

    def __init__(
        self,
        network: FluidNetwork,
        ledger: Ledger,
        pulled: Callable[[int], None],
        failed: Callable[[int, str, bool], None],
        incidents: Incidents,
    ) -> None:
        super().__init__(network, ledger, pulled)
        self.failed = failed
        self.incidents = incidents


def service_of(recipe: Recipe) -> Service:
    """The registry of a recipe that can fail."""
    assert recipe.service is not None
    return recipe.service


def merge(fetch: RobustFetch, flow: Flow, now: float) -> None:
    """Add a flow's seconds by cause to its fetch's; one that had a single cause kept no account."""
    spent = {flow.cause: now - flow.since} if flow.spent is None else flow.spent
    total = fetch.spent or {}
    for cause, seconds in spent.items():
        total[cause] = total.get(cause, 0.0) + seconds
    fetch.spent = total


def reason_of(status: int) -> str:
    """Why a pull failed, from how its last request was answered."""
    """Why a pull failed whose last request was answered so, in the runtime's words."""
    if status == LIMITED:
        return "429 Too Many Requests"
    return "connection refused or broken" if status == BROKEN else "503 Service Unavailable"
