"""TCP windows: a connection moves no more than a window each round trip, and its window takes time to grow.

- *Bound.* The receiver's buffer bounds the window, hence the rate over a long path (M. Allman, V. Paxson, E. Blanton,
  *TCP Congestion Control*, RFC 5681, section 2; D. Borman et al., *TCP Extensions for High Performance*, RFC 7323,
  section 1.1). The round trip is that without queues: a queue is long where the link limits, and not the window.
- *Growth*, where a round trip is longer than `LONG`. A connection that comes to a full link loses packets before it has
  its share, and leaves slow start with what a loss leaves of it. From there, and when others leave capacity behind, its
  window grows as the congestion control lets it: by max(0.4·t³, 0.53·t / round trip) segments with cubic (RFC 9438,
  sections 4.2 and 4.3), by a quarter each eight round trips with BBR (N. Cardwell et al., *BBR: Congestion-Based
  Congestion Control*, ACM Queue 14(5), 2016: a gain of 1.25 in one phase of eight). While a link limits it,
  cubic's window is what it has on its way there, those of its packets among them that wait in the queue, and without a
  `buffer` as much more than the link needs as keeps that busy after a loss (assumed); BBR's estimate is the highest of
  ten round trips, in one of which it asked for a quarter more than it got.

A window has one of the sizes `limit × RUNG^-k`, each of which stands for those around it: the growth is taken in steps,
and flows of equal rungs share their state.
"""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING, Final

from rolloutsim.fleet.latency import CUBIC, KEPT, SEGMENT
from rolloutsim.fleet.ledger import TCP_WINDOW
from rolloutsim.fleet.recipes import expected_rate
from rolloutsim.network.guards import ROUNDING
from rolloutsim.network.regimes import CAP

if TYPE_CHECKING:
    from rolloutsim.fleet.pulls import Fetch
    from rolloutsim.fleet.queues import Queues
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import Kind, SharedLink
    from rolloutsim.network.states import Flow, Host

# Over shorter round trips windows have grown before it matters [s] (assumed).
LONG: Final = 0.005

# Growth of windows with cubic: the Reno-friendly slope [segments per round trip]; RFC 9438, section 4.3.
_RENO: Final = 0.53

# BBR's probing gain, and the round trips of a cycle in which it probes once.
GAIN: Final = 1.25
_CYCLE: Final = 8.0
_MOST_CYCLES: Final = 500.0  # after which any window is as large as any limit

# The ratio of two rungs (assumed: finer ones change no measured case by 1 %).
RUNG: Final = 1.1

# The least looks at a window while its flow lasts (assumed: what changes is noticed late by 4 % of it at the most), and
# at one that lets through all that the way can.
_LOOKS: Final = 24.0
_FEW_LOOKS: Final = 4.0


def or_inf(rate: float | None) -> float:
    """A rate, and an infinite one where there is no limit [B/s]."""
    return inf if rate is None else rate


def window_rate(window: float | None, round_trip: float) -> float:
    """The rate of a connection that always has a whole window on its way.

    Parameters
    ----------
    window : float or None
        The window [B]; None: unlimited.
    round_trip : float
        Round-trip time without queues [s].

    Returns
    -------
    float
        Rate [B/s]; inf where nothing limits it.
    """
    return inf if window is None or round_trip <= 0.0 else window / round_trip


def growth(time: float, window: float, round_trip: float, bbr: bool) -> float:
    """How much a window has grown that nothing but the congestion control limits.

    Parameters
    ----------
    time : float
        Since the last loss, or since BBR last had less than it asked for [s].
    window : float
        What it was then [segments].
    round_trip : float
        Round-trip time, queues included [s].
    bbr : bool
        Whether BBR says how it grows, or cubic.

    Returns
    -------
    float
        Growth [segments].
    """
    if bbr:
        cycles = time / (_CYCLE * round_trip)
        return float(window * (GAIN**cycles - 1.0)) if cycles < _MOST_CYCLES else inf
    return float(max(CUBIC * time**3, _RENO * time / round_trip))


def growth_time(more: float, window: float, round_trip: float, bbr: bool) -> float:
    """After how long a window has grown by so many segments [s]; the inverse of `growth`."""
    if bbr:
        return _CYCLE * round_trip * log(1.0 + more / window) / log(GAIN)
    return float(min((more / CUBIC) ** (1.0 / 3.0), more / _RENO * round_trip))


def connections(
    network: FluidNetwork,
    links: tuple[SharedLink, ...],
    usage: tuple[tuple[int, float], ...],
    private: float,
    cap: float,
    windowed: float,
    capped_by: int = CAP,
) -> Kind:
    """The kind of flows that are connections of their own.

    Parameters
    ----------
    network : FluidNetwork
        Where they flow.
    links, usage
        As of a kind.
    private : float
        Capacity of the narrowest private link that they use; inf: none [B/s].
    cap : float
        The highest rate that either end allows; inf: any [B/s].
    windowed : float
        What their window lets through [B/s].
    capped_by : int
        The cause of their rate at `cap`.
    """
    narrowest = min([link.nominal for link in links], default=inf)
    if windowed < min(cap, private, narrowest):
        return network.kind(links, usage, windowed, capped_by=TCP_WINDOW)
    return network.kind(links, usage, cap, capped_by=capped_by)


class Windows:
    """How the windows of a case's connections over long paths grow.

    Parameters
    ----------
    network : FluidNetwork
        Where they flow.
    bbr : bool
        Whether their congestion control is BBR, or cubic.
    queues : Queues or None
        Where their packets wait.
    """

    __slots__ = ("bbr", "network", "queues")

    def __init__(self, network: FluidNetwork, bbr: bool, queues: Queues | None) -> None:
        self.network = network
        self.bbr = bbr
        self.queues = queues

    def first(self, host: Host, kind: Kind) -> Kind:
        """The kind of a flow that now leaves slow start: its window is smaller where the way is full."""
        if not any(link.level < inf for link in kind.links) and not host.state.full.value:
            return kind
        limit = _limit(host, kind)
        # With BBR a loss is assumed to leave as much.
        return self.capped(kind, limit, KEPT * expected_rate(kind, host.profile.capacities, len(host.flows)))

    def follow(self, flow: Flow, fetch: Fetch, kind: Kind) -> None:
        """Let the window of a flow grow, which now begins, as one of a kind or with a smaller window than that."""
        # What it gets is known when the sharing has settled on it.
        self.network.call_afterwards(Window(self, flow, fetch, kind).begin)

    def capped(self, kind: Kind, limit: float, rate: float) -> Kind:
        """Flows of a kind whose window lets a rate through, on the nearest rung, none above `limit` [B/s]."""
        if rate >= limit or limit == inf:
            return kind
        cap = limit * RUNG ** -round(log(limit / max(rate, SEGMENT)) / log(RUNG))
        if cap >= limit:
            return kind
        return self.network.kind(kind.links, kind.usage, cap, kind.weight, TCP_WINDOW, kind.shares)


class Window:
    """The window of one flow over time."""

    __slots__ = ("base", "epoch", "fetch", "flow", "free", "limit", "round_trip", "window", "windows")

    def __init__(self, windows: Windows, flow: Flow, fetch: Fetch, base: Kind) -> None:
        self.windows = windows
        self.flow = flow
        self.fetch = fetch
        self.base = base  # with the largest window
        self.limit = _limit(flow.host, base)
        self.round_trip = fetch.leg.round_trip
        self.window = 0.0  # what it was at `epoch` [segments]
        self.epoch = 0.0  # since when it grows [s]
        self.free = True  # whether nothing but the window limited it when it was last looked at

    def begin(self, _: object) -> None:
        """It has its first rate."""
        if self.flow.bundle is not None:
            self._restart(min(self.flow.kind.cap, self.limit))
            self._plan(self.windows.network.rate(self.flow), self.round_trip)

    def look(self, _: object) -> None:
        """The window has grown, or the link has limited it."""
        flow, windows = self.flow, self.windows
        network, queues = windows.network, windows.queues
        if flow.bundle is None:
            return
        rate, cap, waiting = network.rate(flow), min(flow.kind.cap, self.limit), 0.0
        if rate < cap * (1.0 - ROUNDING):
            if queues is not None:
                waiting = queues.towards(flow.host, self.base, self.round_trip, self.fetch.leg.nic_wait)
            self._restart(rate * (GAIN if windows.bbr else max(1.0 + waiting / self.round_trip, 1.0 / KEPT)))
            cap, self.free = self.window, False
        else:
            if not self.free:
                # When the link became free is not known better.
                self.epoch, self.free = (self.epoch + network.now) / 2.0, True
            time = network.now - self.epoch
            cap = self.window + growth(time, self.window, self.round_trip, windows.bbr)
        cap *= SEGMENT / self.round_trip
        network.reweigh(flow, windows.capped(self._weighted(), self.limit, cap))
        self._plan(rate, self.round_trip + waiting)

    def _restart(self, rate: float) -> None:
        """From now on the window grows that lets a rate through [B/s]."""
        self.window = rate * self.round_trip / SEGMENT
        self.epoch = self.windows.network.now

    def _plan(self, rate: float, round_trip: float) -> None:
        """Look again when the window is nearer to the next rung."""
        flow, network = self.flow, self.windows.network
        if rate <= 0.0:
            # Its link is down: whoever begins anew begins with slow start.
            network.reweigh(flow, self._weighted())
            return
        next_one = min(flow.kind.cap, self.limit) * RUNG**0.5 * self.round_trip / SEGMENT
        more = max(next_one - self.window, 0.0)
        due = self.epoch + growth_time(more, self.window, round_trip, self.windows.bbr)
        left = (flow.size - network.received(flow)) / rate
        looks = _FEW_LOOKS if rate >= self.limit * (1.0 - ROUNDING) else _LOOKS
        network.call_later(max(due - network.now, round_trip, left / looks), self.look)

    def _weighted(self) -> Kind:
        """Its kind with the largest window and its present weight."""
        return self.windows.network.weighted(self.base, self.flow.kind.weight)


def _limit(host: Host, kind: Kind) -> float:
    """The most that a connection can ever have [B/s]."""
    private = min([host.profile.capacities[place] / share for place, share in kind.usage], default=inf)
    return min(private, kind.cap, *[link.nominal for link in kind.links])
