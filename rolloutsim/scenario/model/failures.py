"""What goes wrong on the way."""

from typing import Annotated

from rolloutsim.scenario.fields import Frequency, Often, Quantity, key
from rolloutsim.scenario.model.kinds import LastingTime, Name, Share, Spec, Time


class FailureSpec(Spec):
    """A failure of one node, registry or link."""

    node: Name | None = key(None, description="a node that crashes: web-007")
    group: Name | None = key(None, description="a node group of which one node, chosen at random, crashes")
    registry: Name | None = key(
        None, description="a registry that is down, or degraded with capacity, or fails requests with flaky"
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
    flaky: Annotated[float, Quantity("share", most=1.0)] | None = key(
        None, unit="share", description="requests to the registry that fail with 503, in place of being down"
    )
