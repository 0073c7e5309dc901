"""Max-min fair sharing by progressive filling: the textbook allocator.

All flows start at rate zero and grow together, each in proportion to its weight. Whenever a link is full
or a flow reaches its cap, the flows concerned stop growing there: that link (or the cap) is their
*bottleneck*. The result is the unique weighted max-min fair allocation.

The code is generic in the number type: with `fractions.Fraction` it is exact, and serves as the oracle of
the incremental allocator in `rolloutsim.network.sharing`. It assumes nothing about symmetry and costs
O(links × flows); simulations do not call it.

References
----------
D. Bertsekas, R. Gallager, *Data Networks*, 2nd ed., Prentice Hall 1992, section 6.5.2.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Number = TypeVar("Number")  # float or Fraction


@dataclass(frozen=True, slots=True)
class Demand(Generic[Number]):
    """A flow that wants as much as it can get.

    Parameters
    ----------
    usage : mapping of link to number
        For each link of the path, the capacity used per unit of rate: 1 where a byte is a byte, less where only a share
        of the bytes crosses it, more where a byte is written several times. Rates grow alike whatever they use.
    cap : number or None
        The highest rate allowed [B/s]; None: no cap.
    weight : number
        The share relative to other flows on the same bottleneck.
    """

    usage: Mapping[Hashable, Any]
    cap: Number | None = None
    weight: Any = 1


@dataclass(frozen=True, slots=True)
class Allocation(Generic[Number]):
    """The rate of each flow [B/s] and the link that limits it; None: its cap does."""

    rates: list[Number]
    bottlenecks: list[Hashable | None] = field(default_factory=list)


def max_min_fair(capacities: Mapping[Hashable, Any], demands: Sequence[Demand[Any]]) -> Allocation[Any]:
    """Compute the weighted max-min fair allocation.

    Parameters
    ----------
    capacities : mapping of link to number
        The capacity of each link [B/s].
    demands : sequence of Demand
        The flows.

    Returns
    -------
    Allocation
        Rates [B/s] and bottlenecks in the order of `demands`.

    Raises
    ------
    ValueError
        If a flow has neither a link nor a cap: its rate would have no bound.
    """
    for demand in demands:
        if not demand.usage and demand.cap is None:
            raise ValueError("a flow with neither a link nor a cap has no max-min fair rate")
    rates: list[Any] = [0] * len(demands)
    bottlenecks: list[Hashable | None] = [None] * len(demands)
    growing = set(range(len(demands)))
    crossing: dict[Hashable, list[int]] = {link: [] for link in capacities}
    for f, demand in enumerate(demands):
        for link in demand.usage:
            crossing[link].append(f)
    while growing:
        level, link = _next_full_link(capacities, demands, rates, growing, crossing)
        capped = [(demands[f].cap / demands[f].weight, f) for f in growing if demands[f].cap is not None]
        lowest_cap = min(capped, default=None)
        if link is None or (lowest_cap is not None and lowest_cap[0] <= level):
            assert lowest_cap is not None
            stopped = [f for cap, f in capped if cap == lowest_cap[0]]
            for f in stopped:
                rates[f] = demands[f].cap
        else:
            stopped = [f for f in growing if link in demands[f].usage]
            for f in stopped:
                rates[f], bottlenecks[f] = level * demands[f].weight, link
        growing.difference_update(stopped)
    return Allocation(rates, bottlenecks)


def _next_full_link(
    capacities: Mapping[Hashable, Any],
    demands: Sequence[Demand[Any]],
    rates: list[Any],
    growing: set[int],
    crossing: Mapping[Hashable, Sequence[int]],
) -> tuple[Any, Hashable | None]:
    """The lowest common level at which some link is full, and that link."""
    best: tuple[Any, Hashable | None] = (None, None)
    for link, flows in crossing.items():
        if growing.isdisjoint(flows):
            continue
        growth = sum(demands[f].weight * demands[f].usage[link] for f in flows if f in growing)
        if growth == 0:
            continue
        taken = sum(rates[f] * demands[f].usage[link] for f in flows if f not in growing)
        # Rounding may leave a full link a hair over its capacity; no rate is ever negative.
        level = max(capacities[link] - taken, 0 * capacities[link]) / growth
        if best[1] is None or level < best[0]:
            best = (level, link)
    return best
