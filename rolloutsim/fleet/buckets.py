"""How often something may be asked: token buckets (so many at once, so many a second), and fixed windows."""

from __future__ import annotations

from math import floor, inf

# A token that is due now may lack the last bit of a sum of floats.
_ONE = 1.0 - 1e-9
_DUE = 1e-9


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` of them a second; each acceptance takes one.

    Parameters
    ----------
    rate : float
        Tokens gained [1/s].
    burst : float
        Most tokens, and the number at the beginning.

    References
    ----------
    RFC 2697, section 3: how a token bucket is counted; golang.org/x/time/rate `Limiter`, which the kubelet uses,
    counts in the same way.
    """

    __slots__ = ("burst", "rate", "since", "tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.since = 0.0

    def accept(self, now: float) -> bool:
        """Take a token if there is one."""
        tokens = self.tokens + self.rate * (now - self.since)
        if tokens > self.burst:
            tokens = self.burst
        self.since = now
        if tokens < _ONE:
            self.tokens = tokens
            return False
        self.tokens = tokens - 1.0 if tokens > 1.0 else 0.0
        return True

    def reserve(self, now: float) -> float:
        """Take a token that is there or that will be, first come first served, and say how long until then [s]."""
        if self.accept(now):
            return 0.0
        self.tokens -= 1.0
        return -self.tokens / self.rate

    def next_at(self) -> float:
        """Until when there is no token, whoever asks [s]."""
        return self.since + (_ONE - self.tokens) / self.rate if self.rate > 0.0 else inf


class FixedWindow:
    """Accepts so many in each window of time, whenever in it they come.

    Parameters
    ----------
    count : float
        How many in a window.
    length : float
        Of a window [s].
    used : float
        How many of the first one are used up.
    ends : float
        When the first one ends [s].
    """

    __slots__ = ("count", "ends", "left", "length")

    def __init__(self, count: float, length: float, used: float, ends: float) -> None:
        self.count = count
        self.length = length
        self.left = count - used
        self.ends = ends

    def accept(self, now: float) -> bool:
        """Count one more, if the window has room."""
        # A request that is due as a window ends may lack the last bit of a sum of floats.
        late = (now - self.ends) / self.length + _DUE
        if late >= 0.0:
            self.ends += self.length * (floor(late) + 1)
            self.left = self.count
        if self.left < _ONE:
            return False
        self.left -= 1.0
        return True

    def next_at(self) -> float:
        """Until when the window has no room, whoever asks [s]."""
        return self.ends - _DUE * self.length if self.left < _ONE else -inf
