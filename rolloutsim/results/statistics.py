"""Order statistics of a sample, by the nearest rank.

The p-quantile of n values is the ceil(p·n)-th smallest, a value that really occurred (definition 1 of Hyndman
& Fan, *Sample Quantiles in Statistical Packages*, The American Statistician 50, 1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.records import Times

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

# p·n is a whole number up to this (0.07 × 100 is 7.000000000000001).
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
