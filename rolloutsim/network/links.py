"""Shared links and kinds of flows.

A *shared link* may carry the flows of many hosts. A *private link* (a NIC, a disk, a core) belongs to one
host and exists only as a capacity in the host's profile. A *kind* says everything about a flow that its
rate may depend on, beside its host: the shared links it crosses and the share of its bytes that crosses each, its use
of the host's private links, its cap and its weight. Kinds are interned: equal flows have the same kind object.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.network.levels import Thresholds, Watched

if TYPE_CHECKING:
    from rolloutsim.network.clocks import Clock, Formula
    from rolloutsim.network.states import State


# The least share of a flow's bytes that a link can carry: with the least weight, 0.01, what is counted of a flow still
# exceeds what rounding leaves of none (`levels.NO_FLOW`).
LEAST_SHARE: Final = 1e-6


class Order(Watched):
    """A driver of flows across a link, and those flows' states.

    `limit` is a level that the driver does not exceed without notice: if it is lazy and the link unsaturated, the one
    up to which the link's `bound` counts it; else, if both are saturated, one that is not above the link's. Where
    `falls`, the driver's rise takes load off the link, and the limit is one that it does not fall below.
    """

    __slots__ = ("driver", "falls", "limit", "link", "states")

    def __init__(self, link: SharedLink, driver: SharedLink) -> None:
        super().__init__()
        self.link = link
        self.driver = driver
        self.limit = driver.level
        self.falls = False
        self.states: dict[State, None] = {}


class SharedLink:
    """A link that flows of several hosts may cross.

    The load of a link is `constant + own × level + Σ drives × level` over the saturated links that drive flows across
    it; see `rolloutsim.network.sharing`.

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
        "bound", "capacity", "ceilings", "clocks", "constant", "driven", "driven_by", "drives", "edges",
        "efficiency", "feeds",
        "flows", "followers", "guards", "index", "intervals", "lazy", "lazy_drivers", "level", "name", "nominal",
        "offered", "offered_until", "orders", "own", "peak_flows", "queued", "saturated_since", "share", "sinks",
        "states", "taken",
    )  # fmt: skip

    def __init__(self, name: str, index: int, capacity: float, now: float) -> None:
        self.name = name
        self.index = index
        self.capacity = capacity
        self.nominal = capacity
        self.share = 1.0  # of the nominal capacity that a fault leaves
        self.efficiency = 1.0  # of what a fault leaves, what its sender fills
        self.taken = 0.0  # by inelastic traffic [B/s]
        self.offered = 0.0  # bytes that its capacities could carry until `offered_until`
        self.offered_until = now  # when the capacity last changed [s]
        self.states: dict[State, None] = {}  # populated states with a flow across this link
        self.flows = 0
        self.peak_flows = 0
        self.saturated_since = inf
        self.intervals: list[tuple[float, float]] = []
        self.queued = False
        self.reset()

    def reset(self) -> None:
        """Forget the bottleneck structure around this link."""
        self.level = inf  # fair rate per unit of weight of the flows bound here; inf: not saturated
        self.constant = 0.0  # load that depends on no level [B/s]
        self.own = 0.0  # load per unit of the link's own level
        self.followers = 0  # states of which it limits a flow at present: they make up `own`
        self.drives: dict[SharedLink, float] = {}  # load on other links per unit of this link's level
        self.lazy = False  # drives so many links that these do not hear of each change of its level
        self.driven_by: dict[SharedLink, Order] = {}  # drivers of flows across this link
        self.driven = 0.0  # load that drivers make which are not lazy [B/s]
        self.lazy_drivers: dict[SharedLink, Order] = {}  # the others
        self.bound = (
            0.0  # upper bound of the load, if it is unsaturated, while its lazy drivers keep to their limits [B/s]
        )
        self.feeds: dict[SharedLink, None] = {}  # links that need to hear of each change of its level
        # Levels above (or, as negatives, below) which something is to be looked at.
        self.ceilings: Thresholds[State] = Thresholds()  # states whose regime ends
        self.edges: Thresholds[State] = Thresholds()  # the same when it falls
        self.orders: Thresholds[Order] = Thresholds()  # drivers that it meets when it falls
        self.guards: Thresholds[Order] = Thresholds()  # unsaturated links that it may fill
        self.sinks: Thresholds[Order] = Thresholds()  # the same when it falls
        self.clocks: dict[Formula, Clock] = {}  # of flows whose rates depend on the level

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
    capped_by : int
        The cause of its rate while its cap is the bottleneck.
    shares : tuple of float
        The share of its bytes that crosses each of the links, above 0 and at most 1: so much of its rate loads a link,
        while those that bind have there the same rate per unit of weight, whatever share of it they send across.
    """

    index: int
    links: tuple[SharedLink, ...]
    usage: tuple[tuple[int, float], ...]
    cap: float
    weight: float
    capped_by: int
    shares: tuple[float, ...]

    @property
    def ceiling(self) -> float:
        """A normalised rate that the flow can never have, since it overfills its narrowest link."""
        narrowest = min(
            (link.nominal / share for link, share in zip(self.links, self.shares, strict=True)), default=inf
        )
        return (2 * narrowest or 1.0) / self.weight
