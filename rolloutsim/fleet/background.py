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

from math import inf, nan
from typing import TYPE_CHECKING

from rolloutsim.fleet.latency import SEGMENT
from rolloutsim.network.guards import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from rolloutsim.fleet.queues import Queues
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario.resolved import Background

# A transfer without a size has to move what its narrowest link carries in ten days [s], longer than any rollout
# (assumed). Without an end the count of its bytes would have no precision.
ENDLESS = 864000.0


class Transfer:
    """Connections that move bytes over some links, as fast as they can.

    Parameters
    ----------
    network : FluidNetwork
        Where the links are.
    spec : Background
        Bytes, connections and times.
    links : tuple of SharedLink
        The path.
    base : float
        Its round trip without queues [s].
    queues : Queues or None
        What adds to the round trip.
    """

    def __init__(
        self,
        network: FluidNetwork,
        spec: Background,
        links: tuple[SharedLink, ...],
        base: float = 0.0,
        queues: Queues | None = None,
    ) -> None:
        self.network = network
        self.spec = spec
        self.links = links
        self.base = base
        self.queues = queues
        self.kind = network.kind(links, cap=inf if spec.cap is None else spec.cap)
        self.host = network.host(network.profile(()))
        self.flows: list[Flow] = []
        self.done = 0.0  # bytes of connections that have ended [B]
        self.started = self.finished = nan
        network.call_later(max(spec.at, spec.start), self._start)
        if spec.until is not None:
            network.call_later(spec.until, self._cut)

    @property
    def active(self) -> bool:
        """Whether it is moving bytes."""
        return bool(self.flows)

    def _start(self, _: object) -> None:
        self.started = self.network.now
        if self.spec.size is None:
            size = ENDLESS * min(link.nominal for link in self.links)
        else:
            size = self.spec.size / self.spec.connections
        for _number in range(self.spec.connections):
            self.flows.append(self.network.start(self.host, self.kind, size, self._finish))

    def _finish(self, flow: Flow) -> None:
        self.flows.remove(flow)
        self.done += flow.size
        if not self.flows:
            self.finished = self.network.now

    def _cut(self, _: object) -> None:
        for flow in self.flows:
            self.done += self.network.stop(flow)
        if self.flows:
            self.flows.clear()
            self.finished = self.network.now

    def moved(self) -> float:
        """Bytes moved by now [B]."""
        return self.done + sum(self.network.received(flow) for flow in self.flows)

    def rate(self) -> float:
        """What it gets now [B/s]."""
        return sum((self.network.rate(flow) for flow in self.flows), 0.0)

    def lost(self) -> float:
        """It sends again what is lost [B]."""
        return 0.0

    def window(self) -> float:
        """How much a connection has in flight now, queued packets included [segments]."""
        if not self.flows:
            return 0.0
        wait = 0.0 if self.queues is None else self.queues.on(self.links, self.base)
        return self.rate() / len(self.flows) * (self.base + wait) / SEGMENT

    def established(self, time: float) -> bool:
        """Whether it has been there for so long [s], or since before the rollout."""
        return self.active and (self.started <= 0.0 or self.network.now - self.started >= time)


class ConstantRates:
    """All constant rates of a case: what they take off the links, and what of them gets through.

    Where they want more than a link has, each gets the same share of its rate there; the rest is lost, so
    that no link ever carries more than its capacity.
    """

    def __init__(self, network: FluidNetwork, queues: Queues | None = None) -> None:
        self.network = network
        self.queues = queues
        self.flows: list[ConstantRate] = []
        self.since = network.now

    def change(self) -> None:
        """A flow begins or ends: settle what got through, and share the links anew."""
        self.settle()
        active = [flow for flow in self.flows if flow.active]
        through, overflowing = admitted(active)
        taken = dict.fromkeys((link for flow in self.flows for link in flow.links), 0.0)
        for flow in active:
            flow.through = through[flow]
            for link in flow.links:
                taken[link] += flow.through
        for link, rate in taken.items():
            self.network.occupy(link, rate)
        if self.queues is not None:
            self.queues.overflowing = dict.fromkeys(overflowing)

    def settle(self) -> None:
        """Count what got through by now."""
        now = self.network.now
        for flow in self.flows:
            if flow.active:
                flow.bytes += flow.through * (now - self.since)
                flow.wanted += flow.rate_wanted * (now - self.since)
        self.since = now


def admitted(active: Iterable[ConstantRate]) -> tuple[dict[ConstantRate, float], list[SharedLink]]:
    """What of constant rates gets through [B/s], and the links where some is lost."""
    wanted: dict[SharedLink, float] = {}
    flows = list(active)
    for flow in flows:
        for link in flow.links:
            wanted[link] = wanted.get(link, 0.0) + flow.rate_wanted
    # What a fault leaves of a link is all that there is. Rates that add up to it may round to a hair more.
    room = {link: link.nominal * link.share for link in wanted}
    over = [link for link, rate in wanted.items() if rate > room[link] * (1 + ROUNDING)]
    through = {}
    for flow in flows:
        shares = (room[link] / wanted[link] for link in flow.links if link in over)
        through[flow] = flow.rate_wanted * min(shares, default=1.0)
    return through, over


class ConstantRate:
    """A rate over some links in a window of time."""

    def __init__(self, rates: ConstantRates, spec: Background, links: tuple[SharedLink, ...], rate: float) -> None:
        self.rates = rates
        self.spec = spec
        self.links = links
        self.rate_wanted = rate  # [B/s]
        self.active = False
        self.through = 0.0  # what gets through now [B/s]
        self.bytes = 0.0  # what got through until the last settling [B]
        self.wanted = 0.0  # what was sent until then [B]
        self.started = self.finished = nan
        rates.flows.append(self)
        rates.network.call_later(spec.start, self._start)
        if spec.until is not None:
            rates.network.call_later(spec.until, self._finish)

    def _start(self, _: object) -> None:
        self.started = self.rates.network.now
        self.rates.settle()
        self.active = True
        self.rates.change()

    def _finish(self, _: object) -> None:
        self.finished = self.rates.network.now
        self.rates.settle()
        self.active = False
        self.rates.change()

    def moved(self) -> float:
        """Bytes that got through by now [B]."""
        self.rates.settle()
        return self.bytes

    def lost(self) -> float:
        """Bytes that did not get through by now [B]."""
        self.rates.settle()
        return max(self.wanted - self.bytes, 0.0)

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
        self.base = base
        self.queues = queues

    def latency(self) -> float:
        """What a request takes now [s]; inf: it gets no answer, since a link on its way carries nothing."""
        wait = 0.0 if self.queues is None else self.queues.on(self.links, self.base)
        speeds = {link: link.nominal * link.share for link in self.links}
        return self._takes(wait, speeds, {link: link.level for link in self.links}, self.through)

    def latency_with(
        self, saturated: dict[SharedLink, float], overflowing: Container[SharedLink], through: float
    ) -> float:
        """What a request takes while links are saturated at known levels, or overflow [s].

        `through` is what of its own rate gets through then [B/s].
        """
        wait = 0.0
        if self.queues is not None:
            for link in self.links:
                wait += self.queues.at(link, link in saturated, link in overflowing, self.base)
        return self._takes(wait, {link: link.nominal for link in self.links}, saturated, through)

    def _takes(
        self, wait: float, speeds: dict[SharedLink, float], levels: dict[SharedLink, float], through: float
    ) -> float:
        rate = inf if self.spec.cap is None else self.spec.cap
        for link, speed in speeds.items():
            fair = self.queues is not None and link in self.queues.fair
            # Where constant rates leave elastic flows nothing, it still has its own share of them.
            rate = min(rate, speed, max(levels.get(link, inf), through) if fair else inf)
        transfer = 0.0 if rate == inf else self.request.size / rate if rate > 0.0 else inf
        return self.request.round_trips * (self.base + wait) + transfer
