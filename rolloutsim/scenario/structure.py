"""The format from outside: which keys are allowed where, what stands there, and its JSON Schema."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from rolloutsim.scenario.fields import Described, Short, is_long
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.model.planning import ANY
from rolloutsim.scenario.places import Path
from rolloutsim.structs import struct

_ANY = {"$ref": "#/$defs/Any"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "rolloutsim scenario, format version 1"
# Of the UUIDs that name the schemas (RFC 9562, version 5): such a name needs no host that somebody has to own.
_NAMESPACE = "cc8f7c7e-f149-41fd-8476-6f0b27af3292"


@struct
class Part:
    """What may stand at a path: a model, a map, a list or a value, and its annotations."""

    kind: Any
    notes: tuple[Any, ...] = ()
    field: FieldInfo | None = None

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The allowed keys of a model, None for anything else."""
        if not is_model(self.kind):
            return None
        return tuple(info.alias or name for name, info in self.kind.model_fields.items())

    @property
    def is_map(self) -> bool:
        """Whether its keys are the user's own names."""
        return get_origin(self.kind) is dict

    @property
    def is_list(self) -> bool:
        """Whether its parts are numbered."""
        return get_origin(self.kind) is tuple

    @property
    def short(self) -> Short | None:
        """Its short form, where it has one."""
        return next((note for note in self.notes if isinstance(note, Short)), None)

    @property
    def described(self) -> Described | None:
        """How its value is read, where it is one value."""
        return next((note for note in self.notes if isinstance(note, Described)), None)

    def opened(self, value: Any) -> Any:
        """A value in its long form; as it is where it has none, or is wrong, which is told when it is validated."""
        if self.short is None or value is None or is_long(value):
            return value
        try:
            return self.short.expand(value)
        except PydanticCustomError:
            return value

    def step(self, name: str | int) -> Part | None:
        """What may stand at one of its keys, None where nothing may."""
        if is_model(self.kind):
            return _parts_of(self.kind).get(name)
        if self.is_map or self.is_list:
            kind, notes = _unwrap(get_args(self.kind)[1 if self.is_map else 0])
            return Part(kind, notes, self.field)
        return None


ROOT = Part(Document)


def part_at(path: Path) -> Part | None:
    """What may stand at a path, None where nothing may."""
    part: Part | None = ROOT
    for name in path:
        part = part.step(name) if part else None
    return part


def all_keys(part: Part = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Part]]:
    """Every key of the format with its path; a user's own names stand as `<group>`, `<image>`, …"""
    for name in part.keys or ():
        inner = part.step(name)
        assert inner is not None
        here = (*path, name)
        yield here, inner
        while inner.is_map or inner.is_list:
            if inner.is_map:
                here = (*here, f"<{placeholder(inner)}>")
            below = inner.step(0 if inner.is_list else "")
            assert below is not None
            inner = below
        yield from all_keys(inner, here)


# Parts that are the same in several places, and the place that stands for all.
_ALIKE = (
    (("registries", "<registry>"), ("registry",)),
    (("pushes", "<pusher>"), ("push",)),
    (("workloads", "<workload>", "rollout"), ("rollout",)),
    (("workloads", "<workload>", "startup"), ("rollout", "startup")),
    (("workloads", "<workload>", "termination"), ("rollout", "termination")),
    (("rollout", "startup"), ("nodes", "<group>", "start")),
    (("nodes", "<group>", "pulls", "at"), ("nodes", "<group>", "start")),
    (("mirrors", "<mirror>", "in"), ("caches", "<cache>", "in")),
)
_SERVERS = (("caches", "<cache>"), ("mirrors", "<mirror>"))  # where the keys of a registry stand among others
_REGISTRY = ("registry",)


def home(path: tuple[str, ...]) -> tuple[str, ...]:
    """The place that stands for all that hold the same as a key, whose path `all_keys` has."""
    if "<limit>" in path:
        path = tuple("rate_limit" if step == "rate_limits" else step for step in path if step != "<limit>")
    for alike, first in _ALIKE:
        if path[: len(alike)] == alike:
            path = (*first, *path[len(alike) :])
    if is_server(path) and (len(path) == len(path[:2]) or _is_of_registries(path[2])):
        path = (*_REGISTRY, *path[2:])
    return path


def is_server(path: tuple[str, ...]) -> bool:
    """Whether a path leads into a cache or mirror, or is that of one."""
    return path[:2] in _SERVERS


def _is_of_registries(key: str) -> bool:
    registry = ROOT.step(_REGISTRY[0])
    return registry is not None and key in (registry.keys or ())


def schema_path(path: Path) -> tuple[str, ...] | None:
    """A path of a scenario as `all_keys` has it; None: there is no such place."""
    found: list[str] = []
    part = ROOT
    for step in path:
        inner = part.step(step)
        if inner is None:
            return None
        if part.is_map:
            found.append(f"<{placeholder(part)}>")
        elif not part.is_list:
            found.append(str(step))
        part = inner
    return tuple(found)


def placeholder(part: Part) -> str:
    """What a map's keys stand for."""
    extra = part.field.json_schema_extra if part.field else None
    return str(extra.get("x-name", "name")) if isinstance(extra, dict) else "name"


@cache
def _parts_of(kind: type[Spec]) -> Mapping[str | int, Part]:
    """What may stand at each key of a model."""
    parts: dict[str | int, Part] = {}
    for attribute, info in kind.model_fields.items():
        inner, notes = _unwrap(info.annotation)
        parts[info.alias or attribute] = Part(inner, (*info.metadata, *notes), info)
    return parts


def is_model(kind: Any) -> bool:
    """Whether a type is a part of the scenario with keys of its own."""
    return isinstance(kind, type) and issubclass(kind, Spec)


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type behind `Annotated` and `| None`, and the annotations."""
    notes: tuple[Any, ...] = ()
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            notes += tuple(more)
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [one for one in get_args(annotation) if one is not type(None)]
            annotation = rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007
        else:
            return annotation, notes


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file."""
    generated = _tidy(Document.model_json_schema(ref_template="#/$defs/{model}"))
    required = ["rolloutsim", *(key for key in generated["required"] if key != "rolloutsim")]
    generated["$defs"][_ANY["$ref"].rpartition("/")[2]] = {
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "array", "items": {"anyOf": [{"type": "null"}, _ANY]}},
            {"type": "object", "additionalProperties": _ANY},
        ]
    }
    return {"$schema": DIALECT, "$id": schema_id(TITLE), **generated, "title": TITLE, "required": required}


def schema_id(title: str) -> str:
    """The name of a JSON Schema, which is another one for each version of a format: a URN of its title."""
    from uuid import UUID, uuid5

    return f"urn:uuid:{uuid5(UUID(_NAMESPACE), title)}"


def _tidy(node: Any) -> Any:
    """Without what editors need not know: null for a key that is left out, generated titles, own annotations."""
    if isinstance(node, list):
        return [_tidy(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node == ANY:
        return _ANY
    if "anyOf" in node:
        options = [option for option in _flat(node["anyOf"]) if option != {"type": "null"} or ANY in node["anyOf"]]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
    if "patternProperties" in node and "type" in node:
        node = {"additionalProperties": False, **node}
    tidy = {key: _tidy(value) for key, value in node.items() if not _is_noise(key, value, node)}
    if "x-default" in node and "description" in tidy:
        tidy["description"] += f" (default: {node['x-default']})"
    return tidy


def _flat(options: list[Any]) -> list[Any]:
    """Options of options as one list."""
    flat: list[Any] = []
    for option in options:
        flat += _flat(option["anyOf"]) if set(option) == {"anyOf"} else [option]
    return flat


def _is_noise(key: str, value: Any, node: dict[str, Any]) -> bool:
    if key == "title":
        return isinstance(value, str)
    if key == "default":
        # A map's default is all its keys' defaults; those stand at the keys.
        return value is None or isinstance(value, (dict, list)) or "x-default" in node
    return key.startswith("x-")
