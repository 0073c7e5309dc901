"""Shared links and kinds of flows.

A *shared link* may carry the flows of many hosts. A *private link* (a NIC, a disk, a core) belongs to one
host and exists only as a capacity in the host's profile. A *kind* says everything about a flow that its
rate may depend on, beside its host: the shared links it crosses, its use of the host's private links, its
cap and its weight. Kinds are interned: equal flows have the same kind object.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.network.clocks import Clock
    from rolloutsim.network.states import State


class SharedLink:
    """A link that flows of several hosts may cross.

    The load of a link is `constant + Σ drives × level` over the saturated links that drive flows
    across it; see `rolloutsim.network.sharing`.

    Parameters
    ----------
    name : str
        What the link is called.
    index : int
        Its place in the network's list of links.
    capacity : float
        Payload capacity [B/s].
    now : float
        Since when it is there [s].
    """

    __slots__ = (
        "before", "bound", "capacity", "clocks", "constant", "driven_by", "drives", "feeds", "flows",
        "followers", "guard", "highest", "index", "intervals", "lazy", "level", "lowest", "name",
        "nominal", "offered", "offered_until", "own", "peak_flows", "queued", "saturated_since", "share",
        "states", "taken",
    )  # fmt: skip

    def __init__(self, name: str, index: int, capacity: float, now: float) -> None:
        self.name = name
        self.index = index
        self.capacity = capacity
        self.nominal = capacity
        self.share = 1.0  # of the nominal capacity that a fault leaves
        self.taken = 0.0  # by inelastic traffic [B/s]
        self.offered = 0.0  # bytes that its capacities could carry until `offered_until`
        self.offered_until = now  # when the capacity last changed [s]
        self.states: dict[State, None] = {}  # populated states with a flow across this link
        self.before = inf  # the last finite level, where the search for the next one begins
        self.flows = 0
        self.peak_flows = 0
        self.saturated_since = inf
        self.intervals: list[tuple[float, float]] = []
        self.reset()

    def reset(self) -> None:
        """Forget the bottleneck structure around this link."""
        self.level = inf  # fair rate per unit of weight of the flows bound here; inf: not saturated
        self.lowest = 0.0  # the level may move in [lowest, highest] without a flow changing its bottleneck
        self.highest = inf
        self.constant = 0.0  # load that depends on no level [B/s]
        self.own = 0.0  # load per unit of the link's own level
        self.drives: dict[SharedLink, float] = {}  # load on other links per unit of this link's level
        self.followers = 0  # populated states driven by this link
        self.driven_by: dict[SharedLink, int] = {}  # drivers of states across this link, and how many
        self.feeds: dict[SharedLink, None] = {}  # the saturated ones among the links it drives
        self.bound = 0.0  # upper bound of the load while no lazy driver's level passes its guard [B/s]
        self.guard = inf
        self.lazy = False  # drives so many links that their loads are only bounded, not followed
        self.clocks: dict[tuple[float, float], Clock] = {}
        self.queued = False

    @property
    def guard_or_level(self) -> float:
        """The level up to which the links driven have room for it."""
        return self.guard if self.lazy else self.level

    def __repr__(self) -> str:
        return f"<link {self.name} {self.capacity:g} B/s>"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What two flows on equal hosts must have in common to have equal rates.

    Parameters
    ----------
    index : int
        Its place in the network's list of kinds.
    links : tuple of SharedLink
        The shared links crossed.
    usage : tuple of (int, float)
        Private links of the host, by place in its profile, and capacity used per unit of rate.
    cap : float
        Highest rate [B/s]; inf: none.
    weight : float
        Share relative to others on the same bottleneck.
    """

    index: int
    links: tuple[SharedLink, ...]
    usage: tuple[tuple[int, float], ...]
    cap: float
    weight: float

    @property
    def ceiling(self) -> float:
        """A normalised rate that the flow can never have, since it overfills its narrowest link."""
        narrowest = min((link.nominal for link in self.links), default=inf)
        return max(2 * narrowest, 1.0) / self.weight
