"""The traffic of other applications on the same links.

- A *transfer* is elastic: each of its connections is a flow like any other and takes its max-min fair share. It
  has a size, or goes on until its time is up.
- A *constant rate* is inelastic: it takes its rate off the links' capacities, and what does not fit is lost.
- A *service* answers small requests at its own pace: its bytes are a constant rate, and each request takes its
  round trips at that moment and the time that its response needs through the narrowest link. Behind other
  packets of a drop-tail queue a response leaves at the line's speed; where flows are queued one by one
  (`fq_codel`), at its share.

`rolloutsim.fleet.observing` looks at them while pulls disturb them.
"""

from __future__ import annotations

from math import fsum, inf, nan
from typing import TYPE_CHECKING, TypeAlias

from rolloutsim.fleet.latency import SEGMENT
from rolloutsim.fleet.windows import connections
from rolloutsim.network.guards import ROUNDING
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from rolloutsim.fleet.queues import Queues
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow, Host
    from rolloutsim.scenario.resolved import Background

# A RequestService is a ConstantRate.
Application: TypeAlias = "Transfer | ConstantRate"

# What applications cross.
Link: TypeAlias = "SharedLink | PrivateLink"

# How long a packet of a transfer waits in the queue of a full link that gives no buffer [s] (assumed: 2.5 MB at a port
# of 1 Gbit/s). Only its window hangs on it, and how long it takes to retreat on that one's cube root.
UNKNOWN_QUEUE = 0.02


@struct
class PrivateLink:
    """A link of one node that only this node's pulls and transfers cross: the network knows it by its host's profile.

    Parameters
    ----------
    node : int
        Whose it is.
    place : int
        Which of the node's links, in `RESOURCES`.
    host : Host
        The node on the network.
    wait : float
        How long its queue holds a packet back while it is full [s]; none but a NIC has one.
    """

    node: int
    place: int
    host: Host
    wait: float

    @property
    def nominal(self) -> float:
        """Its capacity [B/s]."""
        return self.host.profile.capacities[self.place]


class Transfer:
    """Connections that move bytes over some links, as fast as they can.

    Parameters
    ----------
    network : FluidNetwork
        Where the links are.
    spec : Background
        Bytes, connections and times.
    links : tuple of SharedLink or PrivateLink
        The path; private links are of one node.
    windowed : float
        What a connection's TCP window lets through [B/s].
    base : float
        Its round trip without queues [s].
    queues : Queues or None
        What adds to the round trip.
    """

    def __init__(
        self,
        network: FluidNetwork,
        spec: Background,
        links: tuple[Link, ...],
        windowed: float = inf,
        base: float = 0.0,
        queues: Queues | None = None,
    ) -> None:
        self.network = network
        self.spec = spec
        self.links = links
        self.base = base
        self.queues = queues
        self.private = tuple(link for link in links if isinstance(link, PrivateLink))
        self.kind = connections(
            network,
            tuple(link for link in links if not isinstance(link, PrivateLink)),
            tuple(sorted((link.place, 1.0) for link in self.private)),
            min([link.nominal for link in self.private], default=inf),
            inf if spec.cap is None else spec.cap,
            windowed,
        )
        self.host = self.private[0].host if self.private else network.host(network.profile(()))
        self.flows: list[Flow] = []
        self.done = 0.0  # bytes of connections that have ended [B]
        self.started = self.finished = nan
        self.news: dict[Application, None] = {}  # where it enters itself when it begins or ends
        network.call_later(max(spec.at, spec.start), self._start)
        if spec.until is not None:
            network.call_later(spec.until, self._cut)

    @property
    def active(self) -> bool:
        """Whether it is moving bytes."""
        return bool(self.flows)

    def _start(self, _: object) -> None:
        self.started = self.network.now
        self.news[self] = None
        size = inf if self.spec.size is None else self.spec.size / self.spec.connections
        for _number in range(self.spec.connections):
            flow = self.network.start(self.host, self.kind, size, self._finish)
            self.flows.append(flow)
            # Those from before the rollout have filled the queues on their way.
            if self.queues is not None and self.started > 0.0:
                self.queues.began(flow, self.base, self.started, 0.0)

    def _finish(self, flow: Flow) -> None:
        self.flows.remove(flow)
        if self.queues is not None:
            self.queues.ended(flow)
        self.done += flow.size
        if not self.flows:
            self._end()

    def _cut(self, _: object) -> None:
        for flow in self.flows:
            self.done += self.network.stop(flow)
            if self.queues is not None:
                self.queues.ended(flow)
        if self.flows:
            self.flows.clear()
            self._end()

    def _end(self) -> None:
        self.finished = self.network.now
        self.news[self] = None

    def moved(self) -> float:
        """Bytes moved by now [B]."""
        return self.done + sum(self.network.received(flow) for flow in self.flows)

    def rate(self) -> float:
        """What it gets now [B/s]."""
        # Its connections begin and end together, and are alike: there may be thousands, and this is asked often.
        return len(self.flows) * self.network.rate(self.flows[0]) if self.flows else 0.0

    def lost(self) -> float:
        """It sends again what is lost [B]."""
        return 0.0

    def window(self) -> float:
        """How much a connection has in flight now, queued packets included [segments]."""
        if not self.flows:
            return 0.0
        wait = 0.0
        if self.queues is not None:
            nic = max((link.wait for link in self.private), default=0.0)
            wait = self.queues.towards(self.host, self.kind, self.base, nic)
        if not wait and (self.host.state.full.value or any(link.level < inf for link in self.kind.links)):
            wait = UNKNOWN_QUEUE
        return self.rate() / len(self.flows) * (self.base + wait) / SEGMENT


class ConstantRates:
    """All constant rates of a case: what they take off the links, and what of them gets through.

    Where they want more than a link has, each gets the same share of its rate there; the rest is lost, so
    that no link ever carries more than its capacity. A change reaches the rates on links whose share changes with it,
    and the links of those; no others are looked at.
    """

    def __init__(self, network: FluidNetwork, queues: Queues | None = None) -> None:
        self.network = network
        self.queues = queues
        self.loads: dict[SharedLink, Load] = {}
        self._due: dict[float, list[tuple[ConstantRate, bool]]] = {}  # those that begin or end at a time [s]

    def add(self, flow: ConstantRate) -> None:
        """There is one more, which will begin and end at its times."""
        for link in flow.links:
            if link not in self.loads:
                self.loads[link] = Load(len(self.loads), link)
        self._plan(flow.spec.start, flow, True)
        if flow.spec.until is not None:
            self._plan(flow.spec.until, flow, False)

    def _plan(self, time: float, flow: ConstantRate, begins: bool) -> None:
        due = self._due.get(time)
        if due is None:
            due = self._due[time] = []
            self.network.call_later(time - self.network.now, self._change, time)
        due.append((flow, begins))

    def _change(self, time: float) -> None:
        """Some begin or end."""
        now = self.network.now
        changed: dict[SharedLink, None] = {}
        reached: dict[ConstantRate, None] = {}
        for flow, begins in self._due.pop(time):
            reached[flow] = None
            flow.active = begins
            if begins:
                flow.started = flow.since = now
            else:
                flow.finished = now
            for link in flow.links:
                changed[link] = None
                load = self.loads[link]
                if begins:
                    load.flows[flow] = None
                    load.wanted.add(flow.rate_wanted)
                else:
                    load.flows.pop(flow, None)
                    load.wanted.add(-flow.rate_wanted)
        self._share(changed, reached)

    def narrow(self, links: Iterable[SharedLink]) -> None:
        """A fault leaves another share of some links: inelastic traffic takes less of a narrower one."""
        self._share([link for link in links if link in self.loads], {})

    def _share(self, changed: Iterable[SharedLink], reached: dict[ConstantRate, None]) -> None:
        """Let through what gets through on links where something changed, and share with elastic flows anew."""
        for link in changed:
            load = self.loads[link]
            share = share_through(link, load.wanted.total())
            if share != load.share:
                load.share = share
                reached |= load.flows
                if self.queues is not None:
                    if share < 1.0:
                        self.queues.overflowing[link] = None
                    else:
                        self.queues.overflowing.pop(link, None)
        touched: dict[SharedLink, Load] = {}
        for flow in reached:
            loads = [self.loads[link] for link in flow.links]
            through = flow.rate_wanted * min((load.share for load in loads), default=1.0) if flow.active else 0.0
            if through != flow.through:
                flow.settle(self.network.now)
                for load in loads:
                    load.taken.add(-flow.through)
                    load.taken.add(through)
                    touched[load.link] = load
                flow.through = through
            flow.news[flow] = None
        for load in sorted(touched.values(), key=lambda load: load.place):
            taken = load.taken.total()
            if taken != load.link.taken:
                self.network.occupy(load.link, taken)


class ExactSum:
    """A sum of numbers that come and go, rounded once when it is read: what has gone leaves no trace in it."""

    __slots__ = ("units",)

    # Every float is a whole number of these.
    _UNIT = 1074

    def __init__(self) -> None:
        self.units = 0

    def add(self, number: float) -> None:
        """Add a number; its negative takes it away again."""
        numerator, denominator = number.as_integer_ratio()
        self.units += numerator << self._UNIT + 1 - denominator.bit_length()

    def total(self) -> float:
        """The sum as it is now."""
        return self.units / (1 << self._UNIT)


class Load:
    """What constant rates want of a link, and what they take."""

    __slots__ = ("flows", "link", "place", "share", "taken", "wanted")

    def __init__(self, place: int, link: SharedLink) -> None:
        self.place = place  # in the order in which the rates name their links
        self.link = link
        self.flows: dict[ConstantRate, None] = {}  # those that are active
        self.wanted = ExactSum()  # [B/s]
        self.taken = ExactSum()  # [B/s]
        self.share = 1.0  # of each rate, that gets through


def share_through(link: SharedLink, wanted: float) -> float:
    """What of constant rates that want so much of a link [B/s] gets through there: a share of each."""
    # What a fault leaves of a link is all that there is. Rates that add up to it may round to a hair more.
    room = link.nominal * link.share
    return room / wanted if wanted > room * (1 + ROUNDING) else 1.0


def admitted(active: Iterable[ConstantRate]) -> tuple[dict[ConstantRate, float], dict[SharedLink, None]]:
    """What of constant rates gets through [B/s], and the links where some is lost."""
    wanted: dict[SharedLink, list[float]] = {}
    flows = list(active)
    for flow in flows:
        for link in flow.links:
            wanted.setdefault(link, []).append(flow.rate_wanted)
    shares = {link: share_through(link, fsum(rates)) for link, rates in wanted.items()}
    through = {flow: flow.rate_wanted * min((shares[link] for link in flow.links), default=1.0) for flow in flows}
    return through, {link: None for link, share in shares.items() if share < 1.0}


class ConstantRate:
    """A rate over some links in a window of time."""

    def __init__(self, rates: ConstantRates, spec: Background, links: tuple[SharedLink, ...], rate: float) -> None:
        self.rates = rates
        self.spec = spec
        self.links = links
        self.rate_wanted = rate  # [B/s]
        self.active = False
        self.through = 0.0  # what gets through now [B/s]
        self.since = 0.0  # when that last changed [s]
        self.bytes = 0.0  # what got through until then [B]
        self.wanted = 0.0  # what was sent until then [B]
        self.started = self.finished = nan
        self.news: dict[Application, None] = {}  # where it enters itself when its rate changes
        rates.add(self)

    def settle(self, now: float) -> None:
        """Count what got through by now."""
        self.bytes += self.through * (now - self.since)
        self.wanted += self.rate_wanted * (now - self.since)
        self.since = now

    def moved(self) -> float:
        """Bytes that got through by now [B]."""
        if self.active:
            self.settle(self.rates.network.now)
        return self.bytes

    def lost(self) -> float:
        """Bytes that did not get through by now [B]."""
        return max(self.wanted - self.moved(), 0.0)

    def rate(self) -> float:
        """What gets through now [B/s]."""
        return self.through if self.active else 0.0


class RequestService(ConstantRate):
    """Small requests at a pace of their own, and how long each takes.

    Parameters
    ----------
    rates, spec, links
        As of a constant rate; its traffic are the responses, and a rate beside them if there is one.
    base : float
        The round trip without queues [s].
    queues : Queues or None
        What adds to it.
    """

    def __init__(
        self,
        rates: ConstantRates,
        spec: Background,
        links: tuple[SharedLink, ...],
        base: float,
        queues: Queues | None,
    ) -> None:
        assert spec.request is not None
        request = spec.request
        super().__init__(rates, spec, links, request.size / request.every + (spec.rate or 0.0))
        self.request = request
        self.cap = inf if spec.cap is None else spec.cap  # [B/s]
        self.base = base
        self.queues = queues
        self.unknown: dict[SharedLink, None] = {}  # links whose queues requests met, and that have none here

    def latency(self) -> float:
        """What a request takes now [s].

        inf: it gets no answer, since a link on its way carries nothing; NaN: that is not computed, since it waits in a
        queue of unknown length.
        """
        wait = 0.0 if self.queues is None else self.queues.on(self.links, self.base)
        rate = self.cap
        for link in self.links:
            rate = min(rate, link.nominal * link.share, self._fair_share(link, link.level, self.through))
        loads = self.rates.loads
        return self._takes(wait, rate, [link for link in self.links if link.level < inf or loads[link].share < 1.0])

    def latency_with(
        self,
        saturated: Mapping[Link, float],
        flows: Mapping[Link, int],
        overflowing: Container[SharedLink],
        through: float,
    ) -> float:
        """What a request takes while links have been saturated for long at known levels, or overflow [s].

        `flows` are those across each link, `through` is what of its own rate gets through then [B/s].
        """
        wait, rate = 0.0, self.cap
        for link in self.links:
            if self.queues is not None:
                crossing = flows[link] if link in saturated else 0
                wait += self.queues.settled(link, crossing, link in overflowing, self.base)
            rate = min(rate, link.nominal, self._fair_share(link, saturated.get(link, inf), through))
        return self._takes(wait, rate, [link for link in self.links if link in saturated or link in overflowing])

    def _fair_share(self, link: SharedLink, level: float, through: float) -> float:
        """What a response can have of a link [B/s]: all of it, unless flows are queued one by one there."""
        if self.queues is None or link not in self.queues.fair:
            return inf
        # Where constant rates leave elastic flows nothing, it still has its own share of them.
        return max(level, through)

    def _takes(self, wait: float, rate: float, full: list[SharedLink]) -> float:
        """What a request takes that waits so long in the queues of full links, as far as these are known [s]."""
        transfer = 0.0 if rate == inf else self.request.size / rate if rate > 0.0 else inf
        if transfer < inf:
            unknown = [link for link in full if self.queues is None or link not in self.queues.waits]
            if unknown:
                self.unknown |= dict.fromkeys(unknown)
                return nan
        return self.request.round_trips * (self.base + wait) + transfer
