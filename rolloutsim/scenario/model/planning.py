"""What a planner asks of a scenario: thresholds to meet, parameters to vary, and variants to set side by side."""

# ruff: noqa: D102 - what the methods do is said once, at `rolloutsim.scenario.fields.Described`

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic.json_schema import JsonSchemaValue

from rolloutsim.scenario.fields import Described, Short, Text, Whole, Word, fault, is_long, key, quoted
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.model.kinds import Also, FrozenDict, Spec, Words, ruled, says
from rolloutsim.scenario.resolved import Severity

MOST_REPLICATIONS = 1_000_000  # (assumed: weeks of simulation)
_DESIGNS = ("grid", "zip", "sobol")
_RANGE = ("from", "to", "scale")
_SCALES = ("linear", "log")


class ThresholdSpec(Spec):
    """A condition that a metric must meet."""

    check: Words = key(description="[statistic] comparison value, for example max < 60 s")
    severity: Annotated[Severity, Word(get_args(Severity))] = key(
        "error", description="error: a miss ends the run with exit code 3; warn: it is only shown", source="assumed"
    )


def _conditions(value: Any) -> Any:
    """One condition, or a list of them, as a list of maps."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [{"check": one} if not is_long(one) else one for one in values]


def _condition_schemas(long: dict[str, Any]) -> list[dict[str, Any]]:
    check = Text().schema()
    return [check, long["items"], {"type": "array", "items": {"anyOf": [check, long["items"]]}, "minItems": 1}]


Conditions = Annotated[
    tuple[ThresholdSpec, ...], Also(minItems=1), Short(_conditions, "condition, or a list of them", _condition_schemas)
]


ANY = {"x-any": True}  # any value but null, within others as well: the schema has one of its own for it
_SINGLE_OR_LIST = [
    {"type": ["string", "number", "boolean"]},
    {"type": "array", "minItems": 1, "allOf": [{"items": ANY}]},
]


@dataclass(eq=False, repr=False)
class Values(Described):
    """A list of values of any kind, or a range `{from, to, scale}`; each is read like a value of its key."""

    def read(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._range(value)
        values = value if isinstance(value, (list, tuple)) else [value]
        if not values:
            raise fault("the list of values is empty; give at least one")
        if None in values:
            raise fault("a value is missing; give it one, or leave it out")
        return _frozen(values)

    def write(self, value: Any) -> Any:
        return _thawed(value)

    def schema(self) -> JsonSchemaValue:
        ends = {"from": {"type": ["string", "number"]}, "to": {"type": ["string", "number"]}}
        scale = {"enum": list(_SCALES)}
        span = {
            "type": "object",
            "properties": {**ends, "scale": scale},
            "required": ["from", "to"],
            "additionalProperties": False,
        }
        return {"anyOf": [*_SINGLE_OR_LIST, span]}

    def words(self) -> str:
        return "list of values, or a range {from, to, scale: linear or log}"

    def _range(self, value: Mapping[str, Any]) -> Any:
        for name in value:
            if name not in _RANGE:
                message = f"unknown key '{name}' in a range; allowed: {listing(_RANGE)}"
                raise fault(message, did_you_mean(str(name), _RANGE))
        for name in ("from", "to"):
            if value.get(name) is None or isinstance(value[name], (Mapping, list, tuple)):
                raise fault(f"a range needs '{name}', a value; write for example {{from: 1 Gbit/s, to: 10 Gbit/s}}")
        if value.get("scale", "linear") not in _SCALES:
            raise fault(f"{quoted(value['scale'])} is no scale; allowed: {listing(_SCALES)}")
        return _frozen(value)


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return FrozenDict({name: _frozen(inner) for name, inner in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _thawed(inner) for name, inner in value.items()}
    return [_thawed(inner) for inner in value] if isinstance(value, tuple) else value


class SweepSpec(Spec):
    """What `rolloutsim sweep` varies."""

    model_config = ruled(
        {
            "if": says("design", "sobol"),
            "else": {
                "properties": {"points": False, "parameters": {"additionalProperties": {"not": {"type": "object"}}}}
            },
        }
    )

    design: Annotated[str, Word(_DESIGNS)] = key(
        "grid",
        description="grid: every combination of the values; zip: the first value of each, then the second of each; "
        "sobol: points spread evenly over ranges",
        source="assumed",
    )
    points: Annotated[int, Whole(1, 1_000_000)] | None = key(
        None, unit="points", description="how many, with design: sobol; a power of two spreads them best"
    )
    parameters: dict[str, Annotated[Any, Values()]] = key(
        name="key", min_length=1,
        description="key, as --set takes it → its values, or a range {from, to, scale: linear or log}",
    )  # fmt: skip


def _parameters(value: Any) -> Any:
    """The parameters alone as the whole."""
    if not is_long(value):
        raise fault("a sweep is a map of keys to values, for example {network: [1 Gbit/s, 10 Gbit/s]}")
    if not isinstance(value, Mapping) or any(name in SweepSpec.model_fields for name in value):
        return value
    return {"parameters": value}


def _parameter_schemas(long: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema of the short form, which has no key of the long one."""
    return [
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"not": {"enum": list(SweepSpec.model_fields)}},
            "additionalProperties": {"anyOf": _SINGLE_OR_LIST},
        }
    ]


Sweep = Annotated[SweepSpec, Short(_parameters, "map of keys to values", _parameter_schemas)]


@dataclass(eq=False, repr=False)
class Overrides(Described):
    """Keys, as `--set` takes them, with their values; each is read like a value of its key, null takes it away."""

    def read(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise fault(
                f"{quoted(value)} is no variant; a variant is a map of keys, as --set takes them, to values; "
                "{} is the file itself"
            )
        return _frozen(value)

    def write(self, value: Any) -> Any:
        return _thawed(value)

    def schema(self) -> JsonSchemaValue:
        return {"type": "object", "allOf": [{"additionalProperties": {"anyOf": [{"type": "null"}, ANY]}}]}

    def words(self) -> str:
        return "map of keys, as --set takes them, to values; null takes a key away; {} is the file itself"
