"""How the flows of one host share its private links, as a function of one outside level.

The flows of a host are limited by their caps, by the host's private links, and by at most one saturated
shared link, the *driver*, that gives each flow across it at most `weight × level`. Progressive filling of
the private links (Bertsekas & Gallager, *Data Networks*, 6.5.2) with the level as a symbol yields rates
that are affine in the level, `a + b·level`, valid while the flows stop in the same order: a *regime*.
Hosts of the same shape share their regimes, so each is computed once per simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from rolloutsim.network.guards import rounded_up

# Who stopped a flow, where it is not a private link (those are 0, 1, ...).
LEVEL = -1
CAP = -2
UNBOUND = -3
# As a cause of a flow's rate, place p of the host's private links is PRIVATE - p; a shared link is its index.
PRIVATE = -10

# Levels this close (relative) to the edge of a regime belong to it: both sides give the same rates there,
# and rounding must not make the engine hop between them. A few hundred times the float resolution.
EDGE = 1e-13


@dataclass(frozen=True, slots=True)
class Part:
    """`count` equal flows of a host: weight, cap [B/s], ceiling, private links used, driven or not."""

    count: int
    weight: float
    cap: float
    ceiling: float
    usage: tuple[tuple[int, float], ...]
    driven: bool


@dataclass(frozen=True, slots=True)
class Regime:
    """Rates of a host's parts for driver levels in [lowest, highest].

    `rates[i]` is (a, b): each flow of part i runs at `a + b·level` [B/s]; `causes[i]` is LEVEL, CAP or the
    place of the private link that is its bottleneck; `full` are the private links that bind.
    """

    lowest: float
    highest: float
    rates: tuple[tuple[float, float], ...]
    causes: tuple[int, ...]
    full: tuple[int, ...]


class Shape:
    """The private capacities and parts of a host, with the regimes found so far."""

    __slots__ = ("capacities", "parts", "regimes")

    def __init__(self, capacities: tuple[float, ...], parts: tuple[Part, ...]) -> None:
        self.capacities = capacities
        self.parts = parts
        self.regimes: list[Regime] = []

    def regime(self, level: float) -> Regime:
        """The regime that holds at a driver level [B/s per unit of weight]."""
        for regime in self.regimes:
            if regime.lowest <= level <= regime.highest:
                return regime
        regime = fill(self.capacities, self.parts, level)
        self.regimes.append(regime)
        return regime


def fill(capacities: tuple[float, ...], parts: tuple[Part, ...], level: float) -> Regime:
    """Fill the private links progressively with the driver's level as a symbol."""
    lowest, highest = 0.0, inf
    growing = list(range(len(parts)))
    stops: list[tuple[float, float, int]] = [(0.0, 0.0, UNBOUND)] * len(parts)
    used = [(0.0, 0.0)] * len(capacities)
    while growing:
        candidates = _candidates(capacities, parts, growing, used, level)
        _, _, a, b, cause, stopped = min(candidates)
        for _, _, other_a, other_b, _, _ in candidates:
            slope, gap = other_b - b, other_a - a
            if slope > 0.0:
                lowest = max(lowest, -gap / slope)
            elif slope < 0.0:
                highest = min(highest, gap / -slope)
        for i in stopped:
            stops[i] = (a, b, cause)
            growing.remove(i)
            part = parts[i]
            for place, per_rate in part.usage:
                load = part.count * part.weight * per_rate
                used[place] = (used[place][0] + load * a, used[place][1] + load * b)
    scale = max((capacity for capacity in capacities if capacity < inf), default=0.0)
    rates = []
    for part, (a, b, _) in zip(parts, stops, strict=True):
        fixed = part.weight * a
        rates.append((fixed if b or fixed >= 0.0 else rounded_up(fixed, scale), part.weight * b))
    # The order of stopping was found at `level`, whatever rounding makes of the inequalities there.
    lowest, highest = min(lowest, level), max(highest, level)
    return Regime(
        lowest * (1 - EDGE),
        highest * (1 + EDGE),
        tuple(rates),
        tuple(cause for _, _, cause in stops),
        tuple(sorted({cause for _, _, cause in stops if cause >= 0})),
    )


_Candidate = tuple[float, int, float, float, int, tuple[int, ...]]


def _candidates(
    capacities: tuple[float, ...],
    parts: tuple[Part, ...],
    growing: list[int],
    used: list[tuple[float, float]],
    level: float,
) -> list[_Candidate]:
    """Everything that may stop growing parts next: (value, rank, a, b, cause, parts it stops)."""
    found: list[_Candidate] = []
    driven = tuple(i for i in growing if parts[i].driven)
    if driven and level < inf:
        found.append((level, 0, 0.0, 1.0, LEVEL, driven))
    for place, capacity in enumerate(capacities):
        growth, crossing = 0.0, []
        for i in growing:
            for p, per_rate in parts[i].usage:
                if p == place:
                    growth += parts[i].count * parts[i].weight * per_rate
                    crossing.append(i)
        if crossing and capacity < inf:
            a, b = (capacity - used[place][0]) / growth, -used[place][1] / growth
            value = max(a + b * level, 0.0) if b else max(a, 0.0)
            found.append((value, 1, a, b, place, tuple(crossing)))
    for i in growing:
        part = parts[i]
        found.append((part.cap / part.weight, 2, part.cap / part.weight, 0.0, CAP, (i,)))
        found.append((part.ceiling, 3, part.ceiling, 0.0, UNBOUND, (i,)))
    return found
