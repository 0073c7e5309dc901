"""What cannot be true of a sharing, whatever the network: a run in which it is ends as a defect.

The checks stand where numbers are used, as comparisons that a NaN fails too; only the sum of all rates on a link
is made for its own sake, now and then (`rolloutsim.network.sharing.Sharing.audit`).
"""

from __future__ import annotations

from typing import Final

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
