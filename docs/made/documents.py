"""The keys of what is written as JSON, from its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from docs.made.codes import cell
from rolloutsim.planning.contract import json_schema

Schema = dict[str, Any]


def lines() -> Iterator[str]:
    """The documents, and the objects in them by name."""
    schema = json_schema()
    known: dict[str, Schema] = schema["$defs"]
    tops = [_branch(one) for one in schema["allOf"]]
    yield from ("| `schema` | is |", "|---|---|")
    yield from (f"| `{name}` | [{kind}](#{kind.lower()}) |" for name, kind in tops)
    first = [kind for _, kind in tops]
    for kind in (*first, *sorted(set(known) - set(first))):
        yield from _about(kind, known[kind])


def _branch(branch: Schema) -> tuple[str, str]:
    name: str = branch["if"]["properties"]["schema"]["const"]
    return name, branch["then"]["$ref"].rpartition("/")[2]


def _about(kind: str, shape: Schema) -> Iterator[str]:
    yield from ("", f"## {kind}", "", f"{shape.get('description', '')}", "")
    if "properties" not in shape:
        yield from (f"Written as {_type(shape)}.", "")
        return
    needed = set(shape.get("required", ()))
    yield from ("| key | type | meaning |", "|---|---|---|")
    for key, value in shape["properties"].items():
        sometimes = "" if key in needed else " (not always there)"
        yield f"| `{key}` | {cell(_type(value))} | {cell(value.get('description', ''))}{sometimes} |"


def _type(shape: Schema) -> str:
    """The type of a value, in words; objects with a name are links."""
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in shape:
            return " or ".join(map(_type, shape[several]))
    if "const" in shape or "enum" in shape:
        return ", ".join(f"`{json.dumps(one)}`" for one in shape.get("enum", [shape.get("const")]))
    kinds = shape.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_kind(kind, shape) for kind in kinds)


def _kind(kind: str, shape: Schema) -> str:
    if kind == "array":
        return f"list of {_type(shape['items'])}" if "items" in shape else "list"
    if kind == "object" and isinstance(shape.get("additionalProperties"), dict):
        return f"object, by name: {_type(shape['additionalProperties'])}"
    return kind
