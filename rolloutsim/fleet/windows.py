"""What a connection's TCP window lets through: no more than a window each round trip.

The receiver's buffer bounds the window, hence the rate over a long path (M. Allman, V. Paxson, E. Blanton, *TCP
Congestion Control*, RFC 5681, section 2; D. Borman et al., *TCP Extensions for High Performance*, RFC 7323, section
1.1). The round trip is that without queues: a queue is longer only where the link, and not the window, is what limits.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from rolloutsim.fleet.ledger import TCP_WINDOW

if TYPE_CHECKING:
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import Kind, SharedLink


def window_rate(window: float | None, round_trip: float) -> float:
    """The rate of a connection that always has a whole window on its way.

    Parameters
    ----------
    window : float or None
        The window [B]; None: unlimited.
    round_trip : float
        Round-trip time without queues [s].

    Returns
    -------
    float
        Rate [B/s]; inf where nothing limits it.
    """
    return inf if window is None or round_trip <= 0.0 else window / round_trip


def connections(
    network: FluidNetwork,
    links: tuple[SharedLink, ...],
    usage: tuple[tuple[int, float], ...],
    private: float,
    cap: float,
    windowed: float,
) -> Kind:
    """The kind of flows that are connections of their own.

    Parameters
    ----------
    network : FluidNetwork
        Where they flow.
    links, usage
        As of a kind.
    private : float
        Capacity of the narrowest private link that they use; inf: none [B/s].
    cap : float
        The highest rate that either end allows; inf: any [B/s].
    windowed : float
        What their window lets through [B/s].
    """
    narrowest = min([link.nominal for link in links], default=inf)
    if windowed < min(cap, private, narrowest):
        return network.kind(links, usage, windowed, capped_by=TCP_WINDOW)
    return network.kind(links, usage, cap)
