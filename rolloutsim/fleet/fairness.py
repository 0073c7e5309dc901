"""How evenly TCP connections share a link: weights of the max-min fair sharing, drawn and changing.

Identical nodes do not get identical shares from real TCP. Two effects are modelled; the sharing stays exact
for the weights in force.

- *Spread.* The weight of a connection is drawn from a lognormal distribution. Pulls from a real registry have
  shares with a coefficient of variation of 0.3 to 0.55 with cubic and 0.6 to 1.0 with BBR. Weights are drawn
  from `LEVELS` equally likely levels, so that most nodes are still in one of a few states. They can be redrawn
  after a time, so that shares even out. Transfers of the background have had the time to: their weight is 1.
- *Conquest.* Newcomers win their share from an established bulk flow only as cubic gives way:
  K = (0.3·W/0.4)^(1/3) s, with the established flow's window W in packets (the time that cubic needs to return to
  its window after a loss: S. Ha, I. Rhee, L. Xu, *CUBIC: A New TCP-Friendly High-Speed TCP Variant*, 2008, section
  3.2; RFC 9438, section 4.2). It is the incumbent that retreats: its window is no larger for the next layer's
  connection than the last one left it. The share of one newcomer is taken to grow linearly over K while pulls compete,
  and to be lost again over K while none does (assumed). Transfers of the background that were there before the rollout
  have not retreated at all, those that begin later have everything to win; BBR has none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log2, sqrt
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.latency import CUBIC, KEPT
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.links import Kind, SharedLink
from rolloutsim.network.states import Flow, Host

if TYPE_CHECKING:
    from rolloutsim.fleet.background import Transfer
    from rolloutsim.fleet.pulls import Socket

# The medians of four equally likely parts of the normal distribution, scaled to a variance of 1: quantiles 1/8, 3/8,
# 5/8, 7/8 of the normal distribution are ±1.15035 and ±0.31864, whose root mean square is 0.84405.
LEVELS = (-1.36290, -0.37751, 0.37751, 1.36290)

# In how many steps an incumbent retreats; they end at the squares of equal parts, so that the first are short. In each
# its weight is that of the step's middle, which moves as many bytes as the line that the steps stand for: twice as many
# change nothing by 1 %, and a quarter of them nothing that takes longer than a conquest.
STEPS = 16

# A retreat is set to a power of two to this fraction, so that there are not many kinds of flows: to 0.14 %.
_OCTAVE = 256.0


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
    return ((1.0 - KEPT) * window / CUBIC) ** (1.0 / 3.0) if window > 0.0 else 0.0


def incumbent_weight(retreat: float) -> float:
    """What an incumbent weighs against newcomers of weight 1, when it has made so much of its retreat (0 to 1).

    One newcomer has half of that as its share: (1 / weight) / (1 + 1 / weight).
    """
    return 2.0 / retreat - 1.0


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
        self.kinds: dict[Kind, list[Kind | None]] = {}  # by level
        self.bulk: list[Incumbent] = []
        self.crossing: dict[SharedLink | Host, list[Incumbent]] = {}  # by the links and node on their way
        self.opponents: dict[Kind, list[Incumbent]] = {}  # those that a kind may meet on shared links

    def meet(self, transfer: Transfer) -> None:
        """Pulls may meet the connections of a transfer."""
        if self.conquest:
            self.bulk.append(Incumbent(self.network, transfer))

    def start(self, host: Host, kind: Kind, size: float, done: Callable[[Flow], None], tag: Any) -> Flow:
        """Start a fetch's flow with the weight of its connection, which a kept one has already.

        Otherwise as `FluidNetwork.start`.
        """
        socket: Socket = tag.socket
        if socket.level < 0:
            socket.level = self._draw()
        flow = self.network.start(host, self._kind(kind, socket.level), size, done, tag)
        if self.memory < inf:
            self.network.call_later(self.memory, Course(self, flow, kind, socket).redraw)
        return flow

    def began(self, flow: Flow) -> None:
        """A pull's flow begins to compete with the incumbents on its way."""
        for one in self._met(flow):
            one.challenge()

    def ended(self, flow: Flow) -> None:
        """A pull's flow is over."""
        for one in self._met(flow):
            one.relent()

    def first_weight(self, host: Host, kind: Kind) -> float:
        """What a new flow will weigh at first, the spread left out: slow start takes it no further."""
        lowest = 1.0
        for one in self._opponents(kind):
            # The level of a link that they compete for knows already.
            if not one.rivals:
                lowest = min(lowest, one.left_to_rivals())
        for one in self.crossing.get(host, ()):
            lowest = min(lowest, one.left_to_rivals())
        return lowest

    def _draw(self) -> int:
        if len(self.weights) == 1:
            return 0
        if not self.drawn:
            self.drawn = self.draws()
        return self.drawn.pop()

    def _kind(self, kind: Kind, level: int) -> Kind:
        known = self.kinds.get(kind)
        if known is None:
            known = self.kinds[kind] = [None] * len(self.weights)
        found = known[level]
        if found is None:
            weight = in_grains(kind.weight * self.weights[level])
            found = known[level] = self.network.weighted(kind, weight)
        return found

    def _met(self, flow: Flow) -> list[Incumbent]:
        """The incumbents that a flow competes with."""
        return [*self._opponents(flow.kind), *self.crossing.get(flow.host, ())]

    def _opponents(self, kind: Kind) -> list[Incumbent]:
        """The incumbents on the shared links of a kind's way."""
        opponents = self.opponents.get(kind)
        if opponents is None:
            if not self.crossing:
                for one in self.bulk:
                    # All that a node fetches passes through what of its own links applications cross.
                    transfer = one.transfer
                    way: list[SharedLink | Host] = [*transfer.kind.links, *[link.host for link in transfer.private]]
                    for place in way:
                        self.crossing.setdefault(place, []).append(one)
            opponents = [*dict.fromkeys(one for link in kind.links for one in self.crossing.get(link, ()))]
            self.opponents[kind] = opponents
        return opponents


def in_grains(weight: float) -> float:
    """The nearest weight that sums do not round."""
    return max(round(weight * _GRAIN), 1.0) / _GRAIN


class Incumbent:
    """A transfer of the background, which retreats while pulls compete with it and comes back while none does.

    Parameters
    ----------
    network : FluidNetwork
        Where the flows are.
    transfer : Transfer
        Whose connections they are.
    """

    __slots__ = ("network", "pace", "retreat", "rivals", "since", "ticket", "transfer")

    def __init__(self, network: FluidNetwork, transfer: Transfer) -> None:
        self.network = network
        self.transfer = transfer
        self.rivals = 0  # flows of pulls that compete with it
        self.retreat = 1.0  # how much of its retreat it had made at `since` (0 to 1)
        self.since = -1.0  # when rivals came or were gone; before there were any: never [s]
        self.pace = 0.0  # of its retreat now [1/s]
        self.ticket = 0  # of the step to come

    def challenge(self) -> None:
        """One more pull competes."""
        self.rivals += 1
        if self.rivals > 1 or not self.transfer.active:
            return
        time = conquest_time(self.transfer.window())
        self.retreat = self._after_peace(time)
        self.since = self.network.now
        self.pace = 1.0 / time if time > 0.0 else 0.0
        self._step(self.ticket)

    def relent(self) -> None:
        """One of them is gone."""
        self.rivals -= 1
        if self.rivals:
            return
        now = self.network.now
        if self.pace > 0.0:
            self.retreat = min(self.retreat + self.pace * (now - self.since), 1.0)
            self.pace = 0.0
        self.since = now
        self.ticket += 1
        self._weigh(1.0)

    def left_to_rivals(self) -> float:
        """What a pull that comes now weighs against it at first."""
        if not self.transfer.active:
            return 1.0
        if self.rivals:
            retreat = min(self.retreat + self.pace * (self.network.now - self.since), 1.0)
        else:
            retreat = self._after_peace(conquest_time(self.transfer.window()))
        return 1.0 / incumbent_weight(retreat) if retreat > 0.0 else 0.0

    def _after_peace(self, time: float) -> float:
        """What of its retreat is left when pulls come back; all is undone after a time without any [s]."""
        if time <= 0.0:
            return 1.0
        began = self.transfer.started
        if began <= 0.0 and self.since < 0.0:
            return 0.0
        return max(self.retreat - (self.network.now - max(began, self.since)) / time, 0.0)

    def _step(self, ticket: int) -> None:
        """Go on with the retreat: the weight of the middle of a step, for as long as that takes."""
        if ticket != self.ticket or not self.transfer.active:
            return
        now = self.network.now
        if now > self.since:
            self.retreat = min(self.retreat + self.pace * (now - self.since), 1.0)
            self.since = now
        first, last = self._stretch(self.retreat)
        self._weigh(self._weight(first, last))
        if first < 1.0:
            self.network.call_later((last - first) / self.pace, self._step, ticket)

    def _stretch(self, retreat: float) -> tuple[float, float]:
        """From where to where the present step goes."""
        # A step that has come to its end may lack the last bit of it.
        step = int(sqrt(retreat) * STEPS + 1e-6)
        return (1.0, 1.0) if step >= STEPS else (retreat, ((step + 1) / STEPS) ** 2)

    def _weight(self, first: float, last: float) -> float:
        middle = (first + last) / 2.0
        return in_grains(incumbent_weight(2.0 ** (round(log2(middle) * _OCTAVE) / _OCTAVE)))

    def _weigh(self, weight: float) -> None:
        """Let its connections weigh so much."""
        kind, network = self.transfer.kind, self.network
        network.reweigh_all(self.transfer.flows, kind if weight == 1.0 else network.weighted(kind, weight))


class Course:
    """The weight of one flow over time: other draws now and then."""

    __slots__ = ("flow", "kind", "socket", "weights")

    def __init__(self, weights: Weights, flow: Flow, kind: Kind, socket: Socket) -> None:
        self.weights = weights
        self.flow = flow
        self.kind = kind
        self.socket = socket

    def redraw(self, _: object) -> None:
        """The connection's luck changes."""
        weights = self.weights
        if self.flow.bundle is None:
            return
        self.socket.level = weights._draw()
        weight = weights._kind(self.kind, self.socket.level).weight
        weights.network.reweigh(self.flow, weights.network.weighted(self.flow.kind, weight))
        weights.network.call_later(weights.memory, self.redraw)


def random_places(generator: Callable[[], Any]) -> Callable[[], list[int]]:
    """Draw many places in `LEVELS` at once; `generator` gives numpy's generator when it is first needed."""

    def draw() -> list[int]:
        places: list[int] = generator().integers(0, len(LEVELS), _AT_ONCE).tolist()
        return places

    return draw
