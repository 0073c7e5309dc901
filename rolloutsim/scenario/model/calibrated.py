"""Which numbers of a scenario were fitted to pulls that somebody saw: data beside them that changes no simulation."""

from typing import Annotated

from rolloutsim.scenario.fields import Whole, key
from rolloutsim.scenario.model.kinds import Spec, Words


class CalibratedSpec(Spec):
    """How well a number is known."""

    low: Words = key(description="lower end of its 90 % interval")
    high: Words = key(description="upper end of its 90 % interval")
    pulls: Annotated[int, Whole(1, 1_000_000_000)] = key(unit="pulls", description="how many pulls it was fitted to")
    images: Annotated[int, Whole(1, 1_000_000_000)] = key(unit="images", description="of how many images they were")
    source: Words | None = key(None, description="the files that told of them")
