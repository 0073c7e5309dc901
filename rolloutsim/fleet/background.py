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


class ConstantRate:
    """A rate over some links in a window of time."""

    def __init__(
        self,
        network: FluidNetwork,
        spec: Background,
        links: tuple[SharedLink, ...],
        taken: dict[SharedLink, float],
    ) -> None:
        assert spec.rate is not None
        self.network = network
        self.spec = spec
        self.links = links
        self.rate = spec.rate
        self.taken = taken  # by all constant rates, shared between them
        self.started = self.finished = nan
        network.call_later(spec.start, self._start)
        if spec.until is not None:
            network.call_later(spec.until, self._finish)

    def _start(self, _: object) -> None:
        self.started = self.network.env.now
        self._take(self.rate)

    def _finish(self, _: object) -> None:
        self.finished = self.network.env.now
        self._take(-self.rate)

    def _take(self, rate: float) -> None:
        for link in self.links:
            self.taken[link] = self.taken.get(link, 0.0) + rate
            # Sums of rates that came and went leave a rounding behind; a link is never wider than itself.
            left = min(max(link.nominal - self.taken[link], 0.0), link.nominal)
            self.network.set_capacity(link, left)

    def moved(self) -> float:
        """Bytes that got through on the narrowest of the links by now [B]."""
        if self.started != self.started:
            return 0.0
        end = self.finished if self.finished == self.finished else self.network.env.now
        share = min((link.nominal / max(self.taken[link], link.nominal) for link in self.links), default=1.0)
        return self.rate * share * (end - self.started)
