"""What cannot be true of a sharing, whatever the network: a run in which it is ends as a defect.

The checks stand where numbers are used, as comparisons that a NaN fails too; only the sum of all rates on a link
is made for its own sake, now and then (`rolloutsim.network.sharing.Sharing.audit`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import State

# Loads this close (relative) to a capacity are equal to it: rounding of sums over 1e5 flows stays below.
ROUNDING: Final = 1e-12

# A load or rate this far (relative) from what is possible is no rounding (assumed: a thousand times what sums over
# 1e5 flows leave).
WRONG: Final = 1e-9


class SharingFault(Exception):
    """The engine contradicts itself: a number that is none, a negative rate, a link over its capacity."""


def rounded_up(rate: float, scale: float) -> float:
    """A rate below zero as it is, but zero where rounding alone took it there.

    A formula that no flow goes by at present may well be negative; one that flows go by is looked at when their
    completion is planned.

    Parameters
    ----------
    rate : float
        Below zero, or NaN [B/s].
    scale : float
        The size of what it was computed from [B/s].

    Returns
    -------
    float
        0.0, or the rate [B/s].
    """
    return 0.0 if rate >= -WRONG * abs(scale) else rate


def audit(links: Iterable[SharedLink], states: Iterable[State], now: float) -> None:
    """Sum up the rates of flows on every link, of hosts in some states; see `Sharing.audit`."""
    loads = dict.fromkeys(links, 0.0)
    for state in states:
        own = [0.0] * len(state.profile.capacities)
        for bundle in state.bundles:
            rate = bundle.rate
            if not rate >= 0.0:
                raise SharingFault(f"a flow has a rate of {rate:g} B/s at {now:g} s")
            for link, share in zip(bundle.kind.links, bundle.kind.shares, strict=True):
                loads[link] += state.members * bundle.per_host * share * rate
            for place, per_rate in bundle.kind.usage:
                own[place] += bundle.per_host * per_rate * rate
        for load, capacity in zip(own, state.profile.capacities, strict=True):
            if not load <= capacity * (1 + WRONG):
                raise SharingFault(f"a host's link: {load:g} B/s over a capacity of {capacity:g} B/s at {now:g} s")
    for link, load in loads.items():
        if not load <= link.capacity + WRONG * link.nominal:
            raise SharingFault(f"{link.name}: {load:g} B/s over a capacity of {link.capacity:g} B/s at {now:g} s")
