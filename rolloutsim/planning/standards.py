"""What can be bought: the speeds of network interfaces, of which there are only some."""

from __future__ import annotations

from rolloutsim.units import parse_rate

# IEEE 802.3ab (1), 802.3bz (2.5), 802.3ae (10), 802.3by (25), 802.3ba (40, 100), 802.3cd (50) and 802.3bs (200, 400
# Gbit/s). 802.3bz has 5 Gbit/s, too, which servers and their switches are hardly sold with (assumed).
LINK_SPEEDS = tuple(parse_rate(f"{speed} Gbit/s") for speed in (1, 2.5, 10, 25, 40, 50, 100, 200, 400))  # [B/s]

_TWICE = 2.0


def next_link_speed(rate: float, factor: float = 1.0) -> float:
    """The speed to buy in place of a rate [B/s].

    Parameters
    ----------
    rate : float
        What there is [B/s].
    factor : float
        How many times as fast it must be at least.

    Returns
    -------
    float
        The slowest that is faster, and fast enough; else the fastest, if it is twice as fast; else twice the rate, of
        several in parallel [B/s].
    """
    enough = [speed for speed in LINK_SPEEDS if speed > rate and speed >= factor * rate]
    return enough[0] if enough else max(LINK_SPEEDS[-1], _TWICE * rate)
