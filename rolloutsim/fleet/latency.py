"""What small requests and slow start cost, in seconds.

A fluid flow has its share at once. What TCP and the server add is charged as a time before the flow starts.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Final

# Payload of a TCP segment at an MTU of 1500: 20 B of IP, 20 B of TCP, 12 B of timestamps [B].
SEGMENT: Final = 1448

# TCP_INIT_CWND segments; Linux include/net/tcp.h, RFC 6928.
INITIAL_WINDOW: Final = 10 * SEGMENT


# After how long without a packet a connection starts slowly again: the least retransmission timeout [s]; Linux
# net/ipv4/tcp_output.c (`tcp_cwnd_restart`, `tcp_slow_start_after_idle` 1), include/net/tcp.h (`TCP_RTO_MIN`).
RESTART: Final = 0.2

# CUBIC's constants, RFC 9438, section 4.1: growth [segments/s^3] and what a loss leaves of the window.
CUBIC: Final = 0.4
KEPT: Final = 0.7


def slow_start_delay(size: float, rate: float, round_trip: float, window: float = INITIAL_WINDOW) -> float:
    """The time that slow start costs a transfer against one that runs at its share at once.

    The window begins at 10 segments, that of a kept connection where it had come to, and doubles each round trip.
    While it is smaller than `rate × round_trip`, each round costs a round trip but moves only a window; the last round
    does not wait for its acknowledgements.

    Parameters
    ----------
    size : float
        Bytes to transfer [B].
    rate : float
        The share that the transfer will have [B/s].
    round_trip : float
        Round-trip time [s].
    window : float
        With which it begins [B].

    Returns
    -------
    float
        Delay [s]; zero when the round trip is zero or the share needs no more than the first window.

    References
    ----------
    N. Cardwell, S. Savage, T. Anderson, *Modeling TCP Latency*, INFOCOM 2000, section 3.2.
    """
    product = rate * round_trip
    if product <= window or size <= window:
        return 0.0
    # Rounds until the window is as large as the product; rounds until all bytes are sent, less the last.
    growing = ceil(log2(product / window))
    sending = ceil(log2(size / window + 1)) - 1
    rounds = min(growing, sending)
    sent = window * (2**rounds - 1)
    return float(max(rounds * round_trip - sent / rate, 0.0))
