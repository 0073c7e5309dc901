"""Order statistics of a sample, and intervals that hold a true value with a stated confidence.

The p-quantile of n values is the ceil(p·n)-th smallest (the nearest rank), a value that really occurred (definition 1
of Hyndman & Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50, 1996). Intervals are those
of independent replications:

means
    Student's t interval, mean ± t·s/√n (Law, *Simulation Modeling and Analysis*, 5th ed., 4.5 and 9.4.1). It is
    exact for normal values and holds closely for the means of many others.
percentiles, medians among them
    Two order statistics, with ranks from the binomial distribution (David & Nagaraja, *Order Statistics*, 3rd ed.,
    7.1; Hahn & Meeker, *Statistical Intervals*, 5.2). Nothing is assumed about the distribution; the confidence
    is at least the one asked for, since ranks are whole numbers. Too few values have no such interval: a median
    needs 6 for 95 %, a 95 % percentile 72 (equal tails).

No interval stands where there is none (fewer than two values): it is None, never of zero width.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import atan, ceil, comb, cos, exp, fsum, isfinite, lgamma, log, log1p, pi, sin, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times

LEVEL = 0.95  # the confidence of every interval that the package shows (convention)

# Quantiles of Student's t are found to this relative width.
_WIDTH = 1e-14


class Interval(NamedTuple):
    """Its ends, in the unit of the values."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half its width: what stands behind ±."""
        return (self.high - self.low) / 2

    @property
    def is_rounding(self) -> bool:
        """Whether its width is but the rounding of its ends, and the values did not differ."""
        return self.half <= _ROUNDING * max(abs(self.low), abs(self.high))


def mean(values: Sequence[float]) -> float:
    """The mean; exactly the value where all are equal."""
    return values[0] if min(values) == max(values) else fsum(values) / len(values)


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Student's t interval of the mean; None for fewer than two values, or values that are not finite.

    Parameters
    ----------
    values : sequence of float
        Independent values of the same distribution.
    level : float
        The confidence, 0 to 1.
    """
    count = len(values)
    if count < 2 or not all(map(isfinite, values)):
        return None
    centre = mean(values)
    deviation = sqrt(fsum((value - centre) ** 2 for value in values) / (count - 1))
    half = student_t((1 + level) / 2, count - 1) * deviation / sqrt(count)
    return Interval(centre - half, centre + half)


def quantile_interval(values: Sequence[float], share: float, level: float = LEVEL) -> Interval | None:
    """Order statistics that enclose a quantile; None for too few values.

    Parameters
    ----------
    values : sequence of float
        Independent values of the same distribution, in any order.
    share : float
        Which quantile: 0.5 for the median.
    level : float
        The confidence, 0 to 1; half of what is left lies beyond each end at most.
    """
    ranks = _ranks(len(values), share, level)
    if ranks is None:
        return None
    ordered = sorted(values)
    return Interval(ordered[ranks[0] - 1], ordered[ranks[1] - 1])


def fewest(share: float, level: float = LEVEL) -> int:
    """How many values it takes for an interval of a quantile; parameters as for `quantile_interval`."""
    return next(count for count in range(1, 1_000_000) if _ranks(count, share, level) is not None)


@lru_cache(maxsize=256)
def student_t(share: float, freedom: int) -> float:
    """A quantile of Student's t distribution, by bisection of its closed form.

    Parameters
    ----------
    share : float
        Which quantile, between 0.5 and 1.
    freedom : int
        Degrees of freedom, at least 1.
    """
    low, high = 0.0, 1.0
    while _t_share(high, freedom) < share:
        low, high = high, 2 * high
    while high - low > _WIDTH * high:
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if _t_share(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def _t_share(t: float, freedom: int) -> float:
    """The distribution function of Student's t; finite sums, Abramowitz & Stegun 26.7.3 and 26.7.4."""
    angle = atan(t / sqrt(freedom))
    is_odd = freedom % 2 == 1
    term = sin(angle) * cos(angle) if is_odd else sin(angle)
    total = term if freedom > 1 else 0.0
    for k in range(3 if is_odd else 2, freedom - 1, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    return (1 + (2 / pi * (angle + total) if is_odd else total)) / 2


@lru_cache(maxsize=256)
def _ranks(count: int, share: float, level: float) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics around a quantile: B(count, share) values lie below it."""
    tail = (1 - level) / 2
    below = [_binomial(count, k, share) for k in range(count + 1)]
    low, high = 0, count + 1
    total = 0.0
    for k in range(count):  # the largest rank that lies above the quantile with at most this probability
        total += below[k]
        if total > tail:
            break
        low = k + 1
    total = 0.0
    for k in range(count, 0, -1):
        total += below[k]
        if total > tail:
            break
        high = k
    return (low, high) if low >= 1 and high <= count else None


def _binomial(count: int, k: int, share: float) -> float:
    """The probability of k successes."""
    if count < 500:
        return comb(count, k) * share**k * (1 - share) ** (count - k)
    ways = lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1)
    return exp(ways + k * log(share) + (count - k) * log1p(-share))


QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

# p·n is a whole number up to this (0.07 × 100 is 7.000000000000001), and so are equal numbers equal.
_ROUNDING = 1e-9


@struct
class Spread:
    """How the values of a metric are spread; in the metric's unit."""

    mean: float
    p50: float
    p95: float
    p99: float
    max: float


def quantile(ordered: Times, share: float) -> float:
    """The nearest-rank quantile of values in ascending order."""
    return float(ordered[max(ceil(share * len(ordered) - _ROUNDING), 1) - 1])


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Times) -> Spread | None:
    """Mean, quantiles and maximum; None if there are no values."""
    if not len(values):
        return None
    ordered = np.sort(values)
    quantiles = {name: quantile(ordered, share) for name, share in QUANTILES.items()}
    return Spread(mean=float(ordered.mean()), max=float(ordered[-1]), **quantiles)


def statistic(values: Times, name: str) -> float:
    """One statistic by its name: min, max, mean, p50, p95 or p99."""
    if name in QUANTILES:
        return quantile(np.sort(values), QUANTILES[name])
    if name == "mean":
        return float(values.mean())
    return float(values.min() if name == "min" else values.max())
