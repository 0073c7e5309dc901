"""A random time of a resolved scenario."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import TYPE_CHECKING

from rolloutsim.structs import struct

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@struct
class Distribution:
    """A random time: constant (`low == high`), uniform between two bounds, or lognormal by two quantiles.

    Parameters
    ----------
    low, high : float
        Bounds of the uniform distribution, or its one value [s].
    p50, p95 : float or None
        Quantiles of the lognormal distribution [s]; both or neither are given.
    """

    low: float = 0.0
    high: float = 0.0
    p50: float | None = None
    p95: float | None = None

    @property
    def is_constant(self) -> bool:
        """Whether every sample is `low`."""
        return self.p50 is None and self.low == self.high

    def sample(self, rng: Callable[[], np.random.Generator], count: int) -> npt.NDArray[np.float64]:
        """Draw `count` times [s]; a constant draws nothing, and does not ask for the generator."""
        import numpy as np

        if self.p50 is not None and self.p95 is not None:
            # The 95 % quantile of the standard normal distribution; NIST/SEMATECH e-Handbook 1.3.6.7.1.
            sigma = log(self.p95 / self.p50) / 1.6448536269514722
            return rng().lognormal(log(self.p50), sigma, count)
        if self.low == self.high:
            return np.full(count, self.low)
        return rng().uniform(self.low, self.high, count)
