"""Random times of a document as distributions."""

from __future__ import annotations

from rolloutsim.scenario.distributions import Distribution
from rolloutsim.scenario.model import DistributionSpec

NOW = Distribution()


def distribution(spec: DistributionSpec | None) -> Distribution:
    """A random time; none is 0 s."""
    if spec is None:
        return NOW
    return Distribution(low=spec.min or 0.0, high=spec.max or 0.0, p50=spec.p50, p95=spec.p95)
