"""JSON Schemas of what is written as JSON, made of the structs and typed dicts that it is made of.

Each becomes an object with its fields for keys, and no others. Those of a struct are figures of a case, which may be
means over replications, so that its counts need not be whole. No number is negative where `Bounds` do not say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from rolloutsim.structs import struct

Schema = dict[str, Any]


@struct
class Bounds:
    """What a number is at least and at most; None: anything."""

    least: float | None = 0.0
    most: float | None = None


ANY_SIGN = Bounds(None)
_USUAL = Bounds()


@struct
class Form:
    """How a struct is written: fields that are left out, those that may be missing, those with a type of their own.

    The fields of a struct in a field of `beside` stand beside the others, all of them or none; `more` is what else an
    object's schema says.
    """

    without: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    kinds: Mapping[str, Any] | None = None
    more: Schema | None = None


class Shapes:
    """The schemas of types; those of structs and typed dicts are in `defs` by name, and are referred to.

    Parameters
    ----------
    forms : mapping of type to Form
        How structs are written that are not simply objects with a key a field.
    names : mapping of str to type
        What the modules of structs import for type checkers only.
    fixed : mapping of type to Schema
        Of types that have no fields.
    """

    def __init__(self, forms: Mapping[type, Form], names: Mapping[str, Any], fixed: Mapping[type, Schema]) -> None:
        self.defs: dict[str, Schema] = {}
        self._forms, self._names, self._fixed = forms, names, fixed

    def of(self, kind: Any, bounds: Bounds = _USUAL, means: bool = False) -> Schema:
        """The schema of a type; with `means` whole numbers may be means of some."""
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self.of(inner[0], next((one for one in inner[1:] if isinstance(one, Bounds)), bounds), means)
        if origin is NotRequired:
            return self.of(inner[0], bounds, means)
        if origin in (Union, UnionType):
            return _either([self.of(one, bounds, means) for one in inner])
        if origin is Literal:
            return {"enum": list(inner)}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1], bounds, means)}
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return {"type": "array", "items": self.of(inner[0], bounds, means)}
        if kind in (int, float):
            return _number("integer" if kind is int and not means else "number", bounds)
        if kind not in _PLAIN:
            return self._referred(kind)
        return dict(_PLAIN[kind])

    def _referred(self, kind: Any) -> Schema:
        name = kind.__name__
        if name not in self.defs:
            self.defs[name] = {}  # it may refer to itself
            self.defs[name] = self._fixed.get(kind) or self._object(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, kind: Any) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        together: dict[str, list[str]] = {}
        for name, hint, is_optional in self._fields(kind):
            if name in self._form(kind).beside:
                own = self.defs[self._referred(_some(hint))["$ref"].rpartition("/")[2]]
                properties |= own["properties"]
                for key in own["required"]:
                    shared = key in together  # a key of two structs tells of neither
                    together[key] = [] if shared else [one for one in own["required"] if one != key]
            else:
                properties[name] = self.of(hint, means=is_dataclass(kind))
                required += [] if is_optional else [name]
        schema: Schema = {"type": "object", "properties": properties, "required": required}
        if together:
            schema["dependentRequired"] = {key: others for key, others in together.items() if others}
        about = (kind.__doc__ or "").partition("\n")[0]
        return {"description": about, **schema, "additionalProperties": False} | (self._form(kind).more or {})

    def _fields(self, kind: Any) -> Iterator[tuple[str, Any, bool]]:
        """The keys of a type with what stands there, and whether they may be missing."""
        hints = get_type_hints(kind, localns=dict(self._names), include_extras=True)
        form = self._form(kind)
        if is_typeddict(kind):
            yield from ((name, hint, get_origin(hint) is NotRequired) for name, hint in hints.items())
            return
        for each in fields(kind):
            hint = (form.kinds or {}).get(each.name, hints[each.name])
            if each.name not in form.without:
                is_mapping = isinstance(origin := get_origin(hint), type) and issubclass(origin, Mapping)
                yield each.name, hint, is_mapping or each.name in form.optional  # empty mappings are left out

    def _form(self, kind: Any) -> Form:
        return self._forms.get(kind, Form())


def _some(hint: Any) -> Any:
    """What stands there if anything does."""
    return next(one for one in get_args(hint) if one is not NoneType)


def _number(kind: str, bounds: Bounds) -> Schema:
    ends = {"minimum": bounds.least, "maximum": bounds.most}
    return {"type": kind} | {key: _whole(end) for key, end in ends.items() if end is not None}


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _either(options: list[Schema]) -> Schema:
    """One of several; null beside a plain type is one of its types."""
    if len(options) == 2 and options[1] == _PLAIN[NoneType] and isinstance(options[0].get("type"), str):
        return options[0] | {"type": [options[0]["type"], "null"]}
    return {"anyOf": options}


_PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
}
