"""Other traffic on the links: applications in the background, and images that are pushed; and what goes wrong."""

from typing import Annotated

from rolloutsim.scenario.fields import Frequency, Number, Often, Quantity, Whole, key
from rolloutsim.scenario.model.kinds import (
    Ends,
    ImageNames,
    LastingTime,
    Name,
    Names,
    OnOff,
    Rate,
    Share,
    Size,
    SomeImageNames,
    SomeNames,
    Spec,
    Time,
    Trips,
    at_least_one,
    exactly_one,
    ruled,
    says,
    without,
)

PUSHER = "ci"  # what pushes, where a scenario gives it no name


class RequestSpec(Spec):
    """A service that answers requests; its latency is reported."""

    size: Size = key(unit="size", description="bytes of an answer")
    every: LastingTime = key(unit="time", description="time between two requests")
    round_trips: Trips = key(
        1.0, unit="round trips", shown="1", description="round trips of a request",
        source="assumed: on an open connection",
    )  # fmt: skip


class BackgroundSpec(Spec):
    """Traffic of other applications: a transfer, bulk connections, a constant rate, or a service."""

    model_config = ruled(
        exactly_one("links", "between"), at_least_one("size", "connections", "rate", "request"),
        without("size", "rate", "request"), without("rate", "at", "cap", "connections"),
        without("request", "at", "cap", "connections"), {"dependentRequired": {"at": ["size"]}}, without("at", "from"),
    )  # fmt: skip

    links: SomeNames | None = key(
        None, description="the links that it crosses, in order; a node's own too: web-007.nic.in; or between"
    )
    between: Ends | None = key(
        None,
        description="[from, to] in place of links: data goes from the first to the second place, answers of a service "
        "too; a place is a node (web-007), a group (its first node), a registry, or core",
    )
    size: Size | None = key(None, unit="size", description="bytes of a transfer, of all its connections together")
    connections: Annotated[int, Whole(1, 10_000)] | None = key(
        None, unit="connections", shown="1",
        description="connections of a transfer; without a size they send as fast as they can, without an end",
        source="assumed",
    )  # fmt: skip
    at: Time | None = key(None, unit="time", shown="0 s", description="when the transfer starts", source="assumed")
    cap: Rate | None = key(
        None, unit="rate", shown="none", description="largest rate of each connection of a transfer, in payload"
    )
    rate: Rate | None = key(None, unit="rate", description="constant rate on the line, protocol overhead included")
    request: RequestSpec | None = key(
        None, description="a service: answers of a size, every so often; with or without a rate beside them"
    )
    start: Time | None = key(
        None, alias="from", unit="time", shown="0 s", description="when it starts", source="assumed"
    )
    until: Time | None = key(None, unit="time", shown="the rollout's end", description="when it ends")


class PushSpec(Spec):
    """Images that are uploaded to their registries: the layers that these do not hold yet."""

    source: Name = key(
        PUSHER, alias="from", description="name of what pushes; its link is <name>.uplink", source="assumed"
    )
    link: Rate | None = key(None, unit="rate", shown="network.rate", description="line rate of its link")
    images: SomeImageNames = key(min_length=1, description="what is pushed, each to its own registry")
    held: ImageNames = key(
        (), description="images whose layers the registries hold already; of two images pushed, layers count once"
    )
    at: Time | None = key(
        None, unit="time", shown="before the rollout", description="when it starts; the rollout does not wait for it",
        source="assumed: the rollout begins when the push is complete",
    )  # fmt: skip
    parallel: Annotated[int, Whole(1, 1000)] = key(
        5, unit="layers", description="layers that are uploaded at a time",
        source="moby daemon/config/config.go L32-35: max-concurrent-uploads",
    )  # fmt: skip
    via: Names = key((), description="shared links between what pushes and the registry, in order")


class FailureSpec(Spec):
    """A failure of one node, registry, cache, mirror or link."""

    model_config = ruled(
        exactly_one("node", "group", "registry", "cache", "mirror", "link"), without("at", "rate"),
        without("flaky", "node", "group", "link", "capacity"), without("capacity", "node", "group"),
        {"if": says("silent", True), "then": {"properties": dict.fromkeys(("node", "group", "link", "flaky"), False)}},
    )  # fmt: skip

    node: Name | None = key(None, description="a node that crashes: web-007")
    group: Name | None = key(None, description="a node group of which one node, chosen at random, crashes")
    registry: Name | None = key(
        None, description="a registry that is down, or degraded with capacity, or fails requests with flaky"
    )
    cache: Name | None = key(
        None, description="a cache in place of a registry: all that one key makes, or one of them: rack-cache-r1"
    )
    mirror: Name | None = key(
        None, description="a mirror in place of a registry: all that one key makes, or one of them: site-mirror-s1"
    )
    link: Name | None = key(None, description="a shared link that is down, or degraded with capacity")
    at: Time | None = key(None, unit="time", shown="0 s, without rate", description="when it happens", source="assumed")
    rate: Annotated[Frequency, Often("2/h")] | None = key(
        None, unit="so many in a time: 2/h", description="how often it happens, at random times, in place of at"
    )
    back_after: LastingTime | None = key(
        None, unit="time", shown="never", description="how long it lasts", source="assumed"
    )
    capacity: Share | None = key(
        None, unit="share", shown="0%", description="what is left of the capacity of a registry's uplink, or a link",
        source="assumed: it is down",
    )  # fmt: skip
    silent: OnOff = key(
        False, source="assumed: a host that is up refuses connections to a closed port (RFC 9293, 3.5.2)",
        description="whether a registry, cache or mirror that is down does not even refuse connections: packets are "
        "lost, and clients wait for as long as timeouts.dial allows",
    )  # fmt: skip
    flaky: Annotated[float, Quantity("share", most=1.0)] | None = key(
        None, unit="share", description="requests to the registry that fail with 503, in place of being down"
    )


class PricesSpec(Spec):
    """What storage costs, in any currency."""

    ssd: Annotated[float, Number(0)] | None = key(
        None, unit="money per GB (10^9 bytes) and month", description="price of what lies on SSDs"
    )
    hdd: Annotated[float, Number(0)] | None = key(
        None, unit="money per GB (10^9 bytes) and month", description="price of what lies on HDDs"
    )
