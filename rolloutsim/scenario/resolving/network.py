"""Links with their goodput, and registries with the links that lead to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from rolloutsim.scenario import links as names_of_links
from rolloutsim.scenario.endpoints import inbound, uplinks
from rolloutsim.scenario.model import Document, LinkSpec, NetworkSpec, RateLimitSpec, RegistrySpec
from rolloutsim.scenario.physics import BUFFER, CongestionControl, fairness
from rolloutsim.scenario.resolved import Fairness, Link, LinkKind, Registry
from rolloutsim.scenario.resolved_rollout import RateLimit, Redirect

Queue = Literal["drop_tail", "fq_codel"]

DEFAULT_MTU = 1500  # [B]

_FRAMING = 38  # Ethernet with preamble and gap, IEEE 802.3 [B]
_HEADERS = 52  # IP, TCP and its time stamps inside the MTU; RFC 791, 9293, 7323 [B]


def efficiency(network: NetworkSpec) -> float:
    """The share of a line's rate that is payload: as given, or from the MTU; 1448 / 1538 at 1500."""
    if network.efficiency is not None:
        return network.efficiency
    mtu = network.mtu or DEFAULT_MTU
    return (mtu - _HEADERS) / (mtu + _FRAMING)


class Lines:
    """Makes the shared links of a document; in the ideal model lines lose nothing and have no queues."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.ideal = document.model == "ideal"
        self.share = 1.0 if self.ideal else efficiency(document.network)

    def links(self) -> Iterator[Link]:
        """Every shared link."""
        document = self.document
        taking = names_of_links.takers(document)
        for name, registry in names_of_links.registries(document).items():
            if not math.isinf(registry.storage):
                yield Link(f"{name}.storage", "registry_storage", registry.storage, registry.storage)
            rate = names_of_links.uplink_rate(registry, document)
            if rate is None or math.isinf(rate):
                continue
            for uplink in uplinks(name, registry):
                yield self._line(uplink, "registry_uplink", rate)
            if name in taking:
                # Replicas take connections in turn; one link for all of them is as wide as they are together.
                yield self._line(inbound(name), "registry_uplink", rate * registry.replicas)
        for rack, rate in self._rack_rates().items():
            yield self._line(f"{rack}.up", "rack", rate)
            yield self._line(f"{rack}.down", "rack", rate)
        for name, link in document.network.links.items():
            yield self._line(name, "link", link.capacity, link)
        push = document.push
        if push is not None:
            yield self._line(f"{push.source}.uplink", "link", push.link or document.network.rate or 0.0)

    def _line(self, name: str, kind: LinkKind, rate: float, spec: LinkSpec | None = None) -> Link:
        if self.ideal:
            return Link(name, kind, rate, rate)
        network = self.document.network
        own_buffer, own_queue = (spec.buffer, spec.queue) if spec is not None else (None, None)
        buffer = own_buffer if own_buffer is not None else network.buffer
        return Link(
            name,
            kind,
            rate * self.share,
            rate,
            spec.latency if spec is not None else 0.0,
            BUFFER.value if buffer is None else buffer,
            _queue(own_queue or network.queue),
        )

    def _rack_rates(self) -> dict[str, float]:
        """The line rate of each rack's uplink [B/s]."""
        document = self.document
        racks = document.network.racks
        if racks is None:
            return {}
        if racks.uplink is not None:
            return dict.fromkeys(names_of_links.racks(document), racks.uplink)
        below = dict.fromkeys(names_of_links.racks(document), 0.0)
        for group in document.nodes.values():
            rate = names_of_links.nic_rate(group, document) or 0.0
            for number, rack in enumerate(group.racks):
                nodes, rest = divmod(group.count, len(group.racks))
                below[rack] += rate * (nodes + (number < rest))
        return {rack: rate / (racks.oversubscription or 1.0) for rack, rate in below.items()}


def registry(name: str, spec: RegistrySpec, document: Document) -> Registry:
    """A registry; in the ideal model requests take no time, and connections have no limit."""
    ideal = document.model == "ideal"
    rate = names_of_links.uplink_rate(spec, document)
    limited = rate is None or not math.isinf(rate)
    storage = [] if math.isinf(spec.storage) else [f"{name}.storage"]
    replicas = uplinks(name, spec)
    uplink = [replicas[0]] if limited else []
    redirect = spec.redirect
    limits = spec.rate_limits or ({} if spec.rate_limit is None else {"": spec.rate_limit})
    return Registry(
        name=name,
        path=(*storage, *uplink, *spec.via),
        max_connections=None if ideal or math.isinf(spec.max_connections) else int(spec.max_connections),
        ttfb=0.0 if ideal else spec.ttfb,
        connection_cap=spec.connection_cap,
        tls=spec.tls and not ideal,
        replicas=replicas,
        rate_limits=tuple(_rate_limit(limit) for limit in limits.values()),
        redirect=None
        if redirect is None
        else Redirect(
            path=redirect.via,
            connection_cap=None if math.isinf(redirect.connection_cap) else redirect.connection_cap,
            ttfb=0.0 if ideal else redirect.ttfb,
        ),
        inbound=(inbound(name),) if limited and name in names_of_links.takers(document) else (),
    )


def congestion_control(network: NetworkSpec) -> CongestionControl:
    """The congestion control of all senders."""
    return "bbr" if network.congestion_control == "bbr" else "cubic"


def uneven_sharing(document: Document) -> Fairness | None:
    """How unevenly connections share; None: as max-min fairness has it, as always in the ideal model."""
    spec = document.network.fairness
    if spec is None or document.model == "ideal":
        return None
    return fairness(congestion_control(document.network), spec.sigma, spec.memory, spec.conquest)


def _rate_limit(spec: RateLimitSpec) -> RateLimit:
    return RateLimit(
        rate=spec.rate.rate,
        burst=float(spec.burst) if spec.burst is not None else max(1.0, spec.rate.count),
        per="address" if spec.per == "address" else "account",
        counts="pulls" if spec.counts == "pulls" else "requests",
    )


def _queue(text: str) -> Queue:
    return "fq_codel" if text == "fq_codel" else "drop_tail"
