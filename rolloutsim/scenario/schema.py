"""The JSON Schema of scenario files, made from the model: short and long forms, no unknown keys."""

from __future__ import annotations

from typing import Any

from rolloutsim.scenario.model import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "rolloutsim scenario, format version 1"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file."""
    generated = _tidy(Document.model_json_schema(ref_template="#/$defs/{model}"))
    required = ["rolloutsim", *(key for key in generated["required"] if key != "rolloutsim")]
    return {"$schema": DIALECT, **generated, "title": TITLE, "required": required}


def _tidy(node: Any) -> Any:
    """Without what editors need not know: null for a key that is left out, generated titles, own annotations."""
    if isinstance(node, list):
        return [_tidy(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node:
        options = [option for option in _flat(node["anyOf"]) if option != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
    if "patternProperties" in node:
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
