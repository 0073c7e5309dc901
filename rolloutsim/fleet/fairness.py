"""How evenly TCP connections share a link: weights of the max-min fair sharing, drawn and changing.

Identical nodes do not get identical shares from real TCP. Two effects are modelled; the sharing stays exact
for the weights in force.

- *Spread.* The weight of a connection is drawn from a lognormal distribution. Pulls from a real registry have
  shares with a coefficient of variation of 0.3 to 0.55 with cubic and 0.6 to 1.0 with BBR. Weights are drawn
  from `LEVELS` equally likely levels, so that most nodes are still in one of a few states. They can be redrawn
  after a time, so that shares even out. Transfers of the background have had the time to: their weight is 1.
- *Conquest.* A newcomer wins its share from an established bulk flow only as cubic gives way:
  K = (0.3·W/0.4)^(1/3) s, with the established flow's window W in packets (the time that cubic needs to return to
  its window after a loss: S. Ha, I. Rhee, L. Xu, *CUBIC: A New TCP-Friendly High-Speed TCP Variant*, 2008, section
  3.2; RFC 9438, section 4.2). Its share is taken to grow linearly over K, in `STEPS` steps (assumed). Established
  are transfers of the background that were there before the rollout, or began at least K ago; BBR has none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf
from typing import TYPE_CHECKING, Any

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.links import Kind, SharedLink
from rolloutsim.network.states import Flow, Host

if TYPE_CHECKING:
    from rolloutsim.fleet.background import Transfer

# The medians of four equally likely parts of the normal distribution, scaled to a variance of 1: quantiles 1/8, 3/8,
# 5/8, 7/8 of the normal distribution are ±1.15035 and ±0.31864, whose root mean square is 0.84405.
LEVELS = (-1.36290, -0.37751, 0.37751, 1.36290)

# In how many steps a newcomer's share grows (assumed: more change no measured case by 1 %).
STEPS = 4

# CUBIC's constants, RFC 9438, section 4.1: growth [segments/s^3] and what a loss leaves of the window.
_GROWTH = 0.4
_KEPT = 0.7


def conquest_time(window: float) -> float:
    """How long a newcomer needs to win its share from an established cubic flow.

    Parameters
    ----------
    window : float
        The established flow's window, queued packets included [segments].

    Returns
    -------
    float
        Time [s].
    """
    return ((1.0 - _KEPT) * window / _GROWTH) ** (1.0 / 3.0) if window > 0.0 else 0.0


def ramp(step: int) -> float:
    """The weight of a newcomer in a step of its conquest, relative to its weight afterwards.

    Against one flow of its own weight the share rises from nothing to a half in equal steps, on average a quarter.
    """
    share = 0.5 * (step + 1) / (STEPS + 1)
    return share / (1.0 - share)


# Weights are multiples of 1/1024: sums of them have no rounding, so that the loads of links, which the network adds up
# as flows come and go, are as exact as those of flows that all weigh 1.
_GRAIN = 1024.0

# Draws at a time: asking numpy for one costs as much as for a thousand.
_AT_ONCE = 4096


class Weights:
    """Starts flows with the weights of their connections, and changes these over time.

    Parameters
    ----------
    network : FluidNetwork
        Where the flows are.
    sigma : float
        Of the lognormal distribution of weights; 0: all are 1.
    memory : float
        After how long a weight is drawn anew [s]; inf: never.
    conquest : bool
        Whether newcomers win their share only gradually.
    draws : callable
        Gives many random places in `LEVELS`, as a list.
    """

    __slots__ = ("bulk", "conquest", "crossing", "draws", "drawn", "kinds", "memory", "network", "opponents", "weights")

    def __init__(
        self,
        network: FluidNetwork,
        sigma: float,
        memory: float,
        conquest: bool,
        draws: Callable[[], list[int]],
    ) -> None:
        self.network = network
        self.weights = [exp(sigma * z) for z in LEVELS] if sigma > 0.0 else [1.0]
        self.memory = memory if sigma > 0.0 else inf
        self.conquest = conquest
        self.draws = draws
        self.drawn: list[int] = []
        self.kinds: dict[Kind, list[Kind | None]] = {}  # by level and step
        self.bulk: list[Transfer] = []
        self.crossing: dict[SharedLink | Host, list[Transfer]] = {}  # of `bulk`, by the links and node on their way
        self.opponents: dict[Kind, list[Transfer]] = {}  # established flows that a kind may meet on shared links

    def start(self, host: Host, kind: Kind, size: float, done: Callable[[Flow], None], tag: Any) -> Flow:
        """Start a flow of a new connection; otherwise as `FluidNetwork.start`."""
        level = self._draw()
        if self.bulk and self.conquest:
            time = self._conquest(host, kind)
            if time > 0.0:
                flow = self.network.start(host, self._kind(kind, level, 0), size, done, tag)
                course = Course(self, flow, kind, level, time / STEPS)
                self.network.call_later(course.pause, course.rise)
                return flow
        flow = self.network.start(host, self._kind(kind, level, STEPS), size, done, tag)
        if self.memory < inf:
            course = Course(self, flow, kind, level, 0.0)
            self.network.call_later(self.memory, course.redraw)
        return flow

    def first_weight(self, host: Host, kind: Kind) -> float:
        """What a new flow will weigh at first, the spread left out: slow start takes it no further."""
        return ramp(0) if self.bulk and self.conquest and self._conquest(host, kind) > 0.0 else 1.0

    def _draw(self) -> int:
        if len(self.weights) == 1:
            return 0
        if not self.drawn:
            self.drawn = self.draws()
        return self.drawn.pop()

    def _kind(self, kind: Kind, level: int, step: int) -> Kind:
        known = self.kinds.get(kind)
        if known is None:
            known = self.kinds[kind] = [None] * (len(self.weights) * (STEPS + 1))
        place = level * (STEPS + 1) + step
        found = known[place]
        if found is None:
            weight = max(round(kind.weight * self.weights[level] * ramp(step) * _GRAIN), 1.0) / _GRAIN
            found = known[place] = self.network.kind(kind.links, kind.usage, kind.cap, weight, kind.capped_by)
        return found

    def _conquest(self, host: Host, kind: Kind) -> float:
        """How long a new flow needs to win its share from the established ones on its path [s]."""
        opponents = self.opponents.get(kind)
        if opponents is None:
            if not self.crossing:
                for one in self.bulk:
                    # All that a node fetches passes through what of its own links applications cross.
                    way: list[SharedLink | Host] = [*one.kind.links, *[link.host for link in one.private]]
                    for place in way:
                        self.crossing.setdefault(place, []).append(one)
            opponents = [*dict.fromkeys(one for link in kind.links for one in self.crossing.get(link, ()))]
            self.opponents[kind] = opponents
        longest = 0.0
        for one in (*opponents, *self.crossing.get(host, ())):
            time = conquest_time(one.window())
            if time > longest and one.established(time):
                longest = time
        return longest


class Course:
    """The weight of one flow over time: its conquest in steps, then other draws now and then."""

    __slots__ = ("flow", "kind", "level", "pause", "step", "weights")

    def __init__(self, weights: Weights, flow: Flow, kind: Kind, level: int, pause: float) -> None:
        self.weights = weights
        self.flow = flow
        self.kind = kind
        self.level = level
        self.pause = pause
        self.step = 0

    def rise(self, _: object) -> None:
        """The newcomer has won some more."""
        weights = self.weights
        if self.flow.bundle is None:
            return
        self.step += 1
        weights.network.reweigh(self.flow, weights._kind(self.kind, self.level, self.step))
        if self.step < STEPS:
            weights.network.call_later(self.pause, self.rise)
        elif weights.memory < inf:
            weights.network.call_later(weights.memory, self.redraw)

    def redraw(self, _: object) -> None:
        """The connection's luck changes."""
        weights = self.weights
        if self.flow.bundle is None:
            return
        self.level = weights._draw()
        weights.network.reweigh(self.flow, weights._kind(self.kind, self.level, STEPS))
        weights.network.call_later(weights.memory, self.redraw)


def random_places(generator: Callable[[], Any]) -> Callable[[], list[int]]:
    """Draw many places in `LEVELS` at once; `generator` gives numpy's generator when it is first needed."""

    def draw() -> list[int]:
        places: list[int] = generator().integers(0, len(LEVELS), _AT_ONCE).tolist()
        return places

    return draw
