"""The traffic of other applications on the same links.

A finite transfer is a flow like any other: it takes its max-min fair share. A constant rate is inelastic: it
takes its rate off the links' capacities, and what does not fit is lost.
"""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario.resolved import Background


class Transfer:
    """`size` bytes over some links, from a time on."""

    def __init__(self, network: FluidNetwork, spec: Background, links: tuple[SharedLink, ...]) -> None:
        assert spec.size is not None
        self.network = network
        self.spec = spec
        self.kind = network.kind(links, cap=inf if spec.cap is None else spec.cap)
        self.host = network.host(network.profile(()))
        self.flow: Flow | None = None
        self.started = self.finished = nan
        network.call_later(spec.at, self._start)

    def _start(self, _: object) -> None:
        assert self.spec.size is not None
        self.started = self.network.env.now
        self.flow = self.network.start(self.host, self.kind, self.spec.size, self._finish)

    def _finish(self, _: Flow) -> None:
        self.flow = None
        self.finished = self.network.env.now

    def moved(self) -> float:
        """Bytes moved by now [B]."""
        if self.flow is not None:
            return self.network.received(self.flow)
        return self.spec.size or 0.0 if self.finished == self.finished else 0.0


class ConstantRates:
    """All constant rates of a case: what they take off the links, and what of them gets through.

    Where they want more than a link has, each gets the same share of its rate there; the rest is lost, so
    that no link ever carries more than its capacity.
    """

    def __init__(self, network: FluidNetwork) -> None:
        self.network = network
        self.flows: list[ConstantRate] = []
        self.since = network.env.now

    def change(self) -> None:
        """A flow begins or ends: settle what got through, and share the links anew."""
        self.settle()
        active = [flow for flow in self.flows if flow.active]
        wanted: dict[SharedLink, float] = {}
        for flow in active:
            for link in flow.links:
                wanted[link] = wanted.get(link, 0.0) + flow.rate
        taken = dict.fromkeys((link for flow in self.flows for link in flow.links), 0.0)
        for flow in active:
            shares = (link.nominal / wanted[link] for link in flow.links if wanted[link] > link.nominal)
            flow.through = flow.rate * min(shares, default=1.0)
            for link in flow.links:
                taken[link] += flow.through
        for link, rate in taken.items():
            # Sums of shares may round to a hair more than the link.
            self.network.set_capacity(link, max(link.nominal - rate, 0.0))

    def settle(self) -> None:
        """Count what got through by now."""
        now = self.network.env.now
        for flow in self.flows:
            if flow.active:
                flow.bytes += flow.through * (now - self.since)
        self.since = now


class ConstantRate:
    """A rate over some links in a window of time."""

    def __init__(self, rates: ConstantRates, spec: Background, links: tuple[SharedLink, ...]) -> None:
        assert spec.rate is not None
        self.rates = rates
        self.spec = spec
        self.links = links
        self.rate = spec.rate
        self.active = False
        self.through = 0.0  # what gets through now [B/s]
        self.bytes = 0.0  # what got through until the last settling [B]
        self.started = self.finished = nan
        rates.flows.append(self)
        rates.network.call_later(spec.start, self._start)
        if spec.until is not None:
            rates.network.call_later(spec.until, self._finish)

    def _start(self, _: object) -> None:
        self.started = self.rates.network.env.now
        self.rates.settle()
        self.active = True
        self.rates.change()

    def _finish(self, _: object) -> None:
        self.finished = self.rates.network.env.now
        self.rates.settle()
        self.active = False
        self.rates.change()

    def moved(self) -> float:
        """Bytes that got through by now [B]."""
        self.rates.settle()
        return self.bytes
