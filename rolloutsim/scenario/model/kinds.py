"""What the parts of a scenario share: their frozen base, kinds of values, and random times.

A scenario is frozen through and through. Its maps are dictionaries for all who read them (JSON, equality, order), and
hashable like the parts they hold.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from rolloutsim.errors import FrozenError
from rolloutsim.scenario.fields import Flag, Number, Quantity, Short, Text, fault, is_long, key

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # wherever pydantic keeps it

Key = TypeVar("Key")
Value = TypeVar("Value")

Size = Annotated[float, Quantity("size")]
Rate = Annotated[float, Quantity("rate")]
# The real layers of images that only set metadata unpack to nothing.
SizeOrNone = Annotated[float, Quantity("size", zero=True)]
LinkRate = Annotated[float, Quantity("rate", zero=True)]
AnySize = Annotated[float, Quantity("size", unlimited=True)]
AnyRate = Annotated[float, Quantity("rate", unlimited=True)]
BYTE_RATE = Quantity("rate", unlimited=True, in_bytes=True)
ByteRate = Annotated[float, BYTE_RATE]
Time = Annotated[float, Quantity("time", zero=True)]
LastingTime = Annotated[float, Quantity("time")]
Share = Annotated[float, Quantity("share", zero=True, most=1.0)]
PositiveShare = Annotated[float, Quantity("share", most=1.0)]
Trips = Annotated[float, Number(0, most=1000)]
Name = Annotated[str, Text(name=True)]
Words = Annotated[str, Text()]
Lines = Annotated[str, Text(lines=True)]
OnOff = Annotated[bool, Flag()]


def refuse(*args: Any, **more: Any) -> NoReturn:
    """What every change of a scenario ends with."""
    raise FrozenError("a scenario is frozen; with_ makes a changed copy, for example scenario.with_({'nodes': 50})")


class FrozenDict(dict[Key, Value]):
    """A dictionary without the methods that change one; a copy is itself."""

    __setitem__ = __delitem__ = __ior__ = refuse
    clear = pop = popitem = setdefault = update = refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __copy__(self) -> "FrozenDict[Key, Value]":
        return self

    def __deepcopy__(self, memo: Any) -> "FrozenDict[Key, Value]":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class _OwnNames(ModelMetaclass):
    """What completion offers of a part: its keys and calls, and none of pydantic's."""

    model_fields: Mapping[str, Any]

    def __dir__(self) -> list[str]:
        hidden = {name for name in dir(BaseModel) if not name.startswith("__")}
        return sorted({*super().__dir__(), *self.model_fields} - hidden)


class Spec(BaseModel, metaclass=_OwnNames):
    """Base of all parts: unknown keys are errors, nothing changes after validation, maps included."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_post_init(self, context: Any, /) -> None:
        """Freeze the maps; the other values are frozen already."""
        for name, value in self.__dict__.items():
            if type(value) is dict:
                self.__dict__[name] = FrozenDict(value)

    def __setattr__(self, name: str, value: Any) -> None:
        refuse()

    def __delattr__(self, name: str) -> None:
        refuse()

    def __dir__(self) -> list[str]:
        return dir(type(self))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was given; all else has its default."""
        return ((name, getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set)


class Also:
    """What the JSON Schema asks of a part beside its kind; `rolloutsim.scenario.checks` says in words what fails."""

    def __init__(self, **more: Any) -> None:
        self.more = more

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), **self.more}


def ruled(*rules: JsonSchemaValue) -> ConfigDict:
    """The configuration of a part whose keys ask something of each other, for its JSON Schema; see `Also`."""
    return ConfigDict(json_schema_extra={"allOf": list(rules)})


def without(key: str, *others: str) -> JsonSchemaValue:
    """A key does not go with some others."""
    return {"dependentSchemas": {key: {"properties": dict.fromkeys(others, False)}}}


def exactly_one(*keys: str) -> JsonSchemaValue:
    """There is one of some keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def at_least_one(*keys: str) -> JsonSchemaValue:
    """There is one of some keys, or several."""
    return {"anyOf": [{"required": [key]} for key in keys]}


def says(key: str, *values: Any, default: Any = None) -> JsonSchemaValue:
    """A key has one of some values; where it is left out, it has its default."""
    required = {} if default in values else {"required": [key]}
    return {"properties": {key: {"enum": list(values)}}, **required}


def only_with(condition: JsonSchemaValue, *keys: str) -> JsonSchemaValue:
    """Some keys are there only under a condition."""
    return {"if": condition, "else": {"properties": dict.fromkeys(keys, False)}}


_EACH_ONCE = Also(uniqueItems=True)
_SOME_ONCE = Also(uniqueItems=True, minItems=1)


def _one_or_more(value: Any) -> Any:
    """One name as a list of it."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Name, ...], _EACH_ONCE]
SomeNames = Annotated[tuple[Name, ...], _SOME_ONCE]
Ends = Annotated[tuple[Name, ...], Also(uniqueItems=True, minItems=2, maxItems=2)]
GroupNames = Annotated[SomeNames, Short(_one_or_more, "name", lambda long: [long["items"]])]
ImageNames = Annotated[tuple[Words, ...], _EACH_ONCE, Short(_one_or_more, "text", lambda long: [long["items"]])]
SomeImageNames = Annotated[tuple[Words, ...], _SOME_ONCE, Short(_one_or_more, "text", lambda long: [long["items"]])]
WorkloadNames = ImageNames


class DistributionSpec(Spec):
    """A random time: uniform from `min` to `max`, or lognormal with the quantiles `p50` and `p95`."""

    model_config = ruled(
        {"oneOf": [{"required": ["min", "max"]}, {"required": ["p50", "p95"]}]},
        without("min", "p50", "p95"),
        without("p50", "min", "max"),
    )

    min: Time | None = key(None, unit="time", description="least value of a uniform distribution")
    max: Time | None = key(None, unit="time", description="largest value of a uniform distribution")
    p50: LastingTime | None = key(None, unit="time", description="median of a lognormal distribution")
    p95: LastingTime | None = key(None, unit="time", description="95 % quantile of a lognormal distribution")


def _both_bounds(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise fault("a list is not allowed here; allowed: time, or a map {min, max} or {p50, p95}")
    return value if is_long(value) else {"min": value, "max": value}


_TIME = Quantity("time", zero=True)
RandomTime = Annotated[DistributionSpec, Short(_both_bounds, _TIME.words(), lambda long: [_TIME.schema()])]
