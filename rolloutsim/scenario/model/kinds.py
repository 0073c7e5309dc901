"""The kinds of values that the parts of a scenario share, and random times."""

from typing import Annotated, Any

from rolloutsim.scenario.fields import Flag, Number, Quantity, Short, Text, fault, is_long, key
from rolloutsim.scenario.frozen import Spec

Size = Annotated[float, Quantity("size")]
Rate = Annotated[float, Quantity("rate")]
# The real layers of images that only set metadata unpack to nothing.
SizeOrNone = Annotated[float, Quantity("size", zero=True)]
LinkRate = Annotated[float, Quantity("rate", zero=True)]
AnyRate = Annotated[float, Quantity("rate", unlimited=True)]
Time = Annotated[float, Quantity("time", zero=True)]
LastingTime = Annotated[float, Quantity("time")]
Share = Annotated[float, Quantity("share", zero=True, most=1.0)]
PositiveShare = Annotated[float, Quantity("share", most=1.0)]
Trips = Annotated[float, Number(0, most=1000)]
Name = Annotated[str, Text(name=True)]
Words = Annotated[str, Text()]
Lines = Annotated[str, Text(lines=True)]
OnOff = Annotated[bool, Flag()]


def _one_or_more(value: Any) -> Any:
    """One name as a list of it."""
    return [value] if isinstance(value, str) else value


Names = tuple[Name, ...]
GroupNames = Annotated[tuple[Name, ...], Short(_one_or_more, "name", lambda long: [long["items"]])]
ImageNames = Annotated[tuple[Words, ...], Short(_one_or_more, "text", lambda long: [long["items"]])]


class DistributionSpec(Spec):
    """A random time: uniform from `min` to `max`, or lognormal with the quantiles `p50` and `p95`."""

    min: Time | None = key(None, unit="time", description="least value of a uniform distribution")
    max: Time | None = key(None, unit="time", description="largest value of a uniform distribution")
    p50: Time | None = key(None, unit="time", description="median of a lognormal distribution")
    p95: Time | None = key(None, unit="time", description="95 % quantile of a lognormal distribution")


def _both_bounds(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise fault("a list is not allowed here; allowed: time, or a map {min, max} or {p50, p95}")
    return value if is_long(value) else {"min": value, "max": value}


_TIME = Quantity("time", zero=True)
RandomTime = Annotated[DistributionSpec, Short(_both_bounds, _TIME.words(), lambda long: [_TIME.schema()])]
