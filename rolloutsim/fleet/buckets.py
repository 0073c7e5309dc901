"""Token buckets: so many at once, so many a second."""

from __future__ import annotations

# A token that is due now may lack the last bit of a sum of floats.
_ONE = 1.0 - 1e-9


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

    @property
    def is_empty(self) -> bool:
        """Whether there was no token left when it was last asked for one."""
        return self.tokens < _ONE
