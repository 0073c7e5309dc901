"""The network between registries and nodes: links, racks, queues and how TCP shares."""

from typing import Annotated, Any, get_args

from rolloutsim.scenario.defaults import BUFFER, CONGESTION_CONTROL, CONQUEST, MEMORY, QUEUE, SIGMA, TCP_WINDOW
from rolloutsim.scenario.fields import Number, Quantity, Short, Whole, Word, fault, is_long, key, quoted, short
from rolloutsim.scenario.model.kinds import (
    AnySize,
    LinkRate,
    Name,
    OnOff,
    PositiveShare,
    Rate,
    Spec,
    Time,
    exactly_one,
    ruled,
    without,
)
from rolloutsim.scenario.resolved import CongestionControl, Queue

_QUEUE = Annotated[Queue, Word(get_args(Queue))]
_FAIRNESS = ("on", "off")


class RacksSpec(Spec):
    """The links between each rack and the core: `<rack>.up` and `<rack>.down`."""

    model_config = ruled(exactly_one("uplink", "oversubscription"))

    uplink: Rate | None = key(None, unit="rate", description="line rate of each rack's uplink, in each direction")
    oversubscription: Annotated[float, Number(0.001)] | None = key(
        None, unit="ratio", description="line rates of a rack's NICs together / line rate of its uplink"
    )
    latency: Time = key(
        0.0, unit="time", shown="0 s", source="assumed: within network.latency",
        description="one way, of each rack's uplink, beside network.latency",
    )  # fmt: skip


class SitesSpec(Spec):
    """The links between each site and the core: `<site>.up` and `<site>.down`."""

    uplink: Rate = key(unit="rate", description="line rate of each site's link, in each direction")
    latency: Time = key(
        0.0, unit="time", shown="0 s", source="assumed: within network.latency",
        description="one way, of each site's link, beside network.latency: half of what the round trip is longer",
    )  # fmt: skip


class LinkSpec(Spec):
    """A shared link."""

    capacity: LinkRate = key(
        unit="rate", description="line rate; 0 bit/s is a link that is down: what needs it never finishes"
    )
    latency: Time = key(0.0, unit="time", description="one way, beside network.latency", source="assumed", shown="0 s")
    buffer: Time | None = key(
        None, unit="time", shown="network.buffer", description="how long its full queue holds a packet back"
    )
    queue: _QUEUE | None = key(None, shown="network.queue", description="what its queue does when it is full")


class FairnessSpec(Spec):
    """How unevenly TCP connections share a saturated link."""

    sigma: Annotated[float, Number(0, most=3)] | None = key(
        None, shown=SIGMA.shown, source=SIGMA.source,
        description="sigma of the lognormal distribution of the connections' weights",
    )  # fmt: skip
    memory: Annotated[float, Quantity("time", unlimited=True, least=0.01)] | None = key(
        None, unit="time", shown=MEMORY.shown, source=MEMORY.source,
        description="how long a connection keeps its weight; unlimited: for its life; 10 ms at least: what changes "
        "more often evens out, and each change is simulated",
    )  # fmt: skip
    conquest: OnOff | None = key(
        None, shown=CONQUEST.shown, source=CONQUEST.source,
        description="whether new connections win their share from established ones only gradually",
    )  # fmt: skip


def _fairness(value: Any) -> Any:
    """`on` as a map, `off` as none."""
    if value is None or is_long(value):
        return value
    if value in _FAIRNESS and not isinstance(value, bool):
        return {} if value == "on" else None
    help = f"write {'on' if value else 'off'}" if isinstance(value, bool) else None
    raise fault(f"{quoted(value)} is not allowed here; allowed: on, off, or a map", help)


class NetworkSpec(Spec):
    """The network between registries and nodes."""

    model_config = ruled(without("mtu", "efficiency"))

    rate: Rate | None = key(
        None, unit="rate", description="line rate of every registry uplink and NIC that gives none of its own"
    )
    mtu: Annotated[int, Whole(576, 65535)] | None = key(
        None, unit="bytes", shown="1500",
        description="largest packet; sets the efficiency: (mtu - 52) / (mtu + 38) of a line's rate is payload",
        source="IEEE 802.3; 38 B Ethernet framing with preamble and gap, 40 B IP and TCP, 12 B timestamps",
    )  # fmt: skip
    efficiency: PositiveShare | None = key(
        None,
        unit="share",
        shown="94.1% (from mtu: 1500)",
        description="share of a line's rate that is payload",
        source="1448 / 1538: IEEE 802.3, as for mtu",
    )
    latency: Time = key(
        1e-4, unit="time", shown="0.1 ms", description="one way, on every path, beside its links' own",
        source="assumed: within one data centre",
    )  # fmt: skip
    racks: Annotated[RacksSpec, short("uplink", Quantity("rate"))] | None = key(
        None, description="uplinks of the racks that the node groups name"
    )
    sites: Annotated[SitesSpec, short("uplink", Quantity("rate"))] | None = key(
        None, description="links of the sites that the node groups name"
    )
    links: dict[Name, Annotated[LinkSpec, short("capacity", Quantity("rate", zero=True))]] = key(
        {}, name="link", description="other shared links, by name"
    )
    buffer: Time | None = key(
        None, unit="time", shown=BUFFER.shown, source=BUFFER.source,
        description="how long the full queue of a shared line holds a packet back, for registry uplinks, racks and "
        "links that give none of their own; 0 s: queues are left out",
    )  # fmt: skip
    queue: _QUEUE = key(
        QUEUE.value, source=QUEUE.source,
        description="drop_tail: loss-based TCP fills the queue; fq_codel: the queue stays short",
    )  # fmt: skip
    congestion_control: Annotated[CongestionControl, Word(get_args(CongestionControl))] = key(
        CONGESTION_CONTROL.value, source=CONGESTION_CONTROL.source,
        description="of the senders' TCP: cubic fills queues, bbr keeps them short and shares less evenly",
    )  # fmt: skip
    tcp_window: AnySize = key(
        TCP_WINDOW.value, unit="size", shown=TCP_WINDOW.shown, source=TCP_WINDOW.source,
        description="the most that a connection has on its way: none is faster than tcp_window / round trip",
    )  # fmt: skip
    fairness: Annotated[
        FairnessSpec | None, Short(_fairness, "on or off", lambda long: [{"enum": list(_FAIRNESS)}], off="off")
    ] = key(
        None, shown="off", source="assumed: max-min fair sharing is what many connections come to on average",
        description="how unevenly TCP connections share a saturated link; on: as measured for the congestion_control; "
        "off: all weigh the same, but transfers that were there before give way gradually (at once with "
        "{sigma: 0, conquest: false})",
    )  # fmt: skip


Network = Annotated[NetworkSpec, short("rate", Quantity("rate"))]
