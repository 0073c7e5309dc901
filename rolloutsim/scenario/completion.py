"""What may stand at a place of a scenario's text: keys, words, names that are there, quantities with their units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario.cursor import Cursor, cursor
from rolloutsim.scenario.examples import example_of
from rolloutsim.scenario.explanation import Explanation, default_of, explanation_of
from rolloutsim.scenario.fields import Flag, Quantity, Word
from rolloutsim.scenario.metrics import METRICS, TYPICAL
from rolloutsim.scenario.presets import names as preset_names
from rolloutsim.scenario.structure import ROOT, Part, part_at, schema_path
from rolloutsim.scenario.text import read
from rolloutsim.structs import struct
from rolloutsim.units import EXAMPLES, KNOWN_UNITS

_MOST = 200  # options (assumed: nobody scrolls further)
_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([A-Za-z/%]*)$")
# Keys whose values are names that stand in other parts of the scenario, by the last step of their path.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "registry": ("registries",), "of": ("registries",), "upstream": ("registries", "caches", "mirrors"),
    "hosts": ("caches", "mirrors", "peers", "registries"), "cache": ("caches",), "mirror": ("mirrors",),
    "images": ("images",), "image": ("images",), "base": ("images",), "cached": ("images",), "holds": ("images",),
    "groups": ("nodes",), "group": ("nodes",), "after": ("workloads",), "workload": ("workloads",),
    "via": ("network.links",), "links": ("network.links",), "link": ("network.links",),
}  # fmt: skip
_MAPS_OF_NAMES = ("cached", "holds")
_PRESET = "preset"


@struct
class Option:
    """Something that may stand there: what is shown, a word on it, what it means, what is written, and what it is."""

    label: str
    detail: str = ""
    info: str = ""
    apply: str = ""
    type: str = "value"

    def to_row(self) -> dict[str, str]:
        """As JSON holds it."""
        return {
            "label": self.label, "detail": self.detail, "info": self.info, "apply": self.apply or self.label,
            "type": self.type,
        }  # fmt: skip


@struct
class Options:
    """What may stand at a place; `start` is the column from which on it takes the place of what is there."""

    start: int
    options: tuple[Option, ...]


def complete(text: str, line: int, column: int) -> Options:
    """What may stand at a place.

    Parameters
    ----------
    text : str
        A scenario, which need not be valid.
    line, column : int
        The place, counted from 1.
    """
    place = cursor(text, line, column)
    data = _data(text, line)
    part = part_at(place.path) if place.path else ROOT
    found = list(_keys(place, part, data) if place.at == "key" else _values(place, part, data)) if part else []
    return Options(place.start, tuple(found[:_MOST]))


def _data(text: str, line: int) -> Mapping[str, Any]:
    """What the text says; without the line that is written at present where that is not YAML yet."""
    lines = text.split("\n")
    without = "\n".join([*lines[: line - 1], "", *lines[line:]])
    for each in (text, without):
        try:
            found: Mapping[str, Any] = read(each, "<scenario>").data
        except ScenarioError:
            continue
        return found
    return {}


# ---- keys -----------------------------------------------------------------------------------------------


def _keys(place: Cursor, part: Part, data: Mapping[str, Any]) -> Iterator[Option]:
    there = _at(data, place.path)
    taken = {str(key) for key in there} - {place.word} if isinstance(there, Mapping) else set()
    if part.is_list:
        part = part.step(0) or part
    for key in part.keys or ():
        if key not in taken:
            inner = part.step(key)
            path = schema_path((*place.path, key))
            if inner is not None and path is not None:
                yield _key(key, explanation_of(".".join(path), inner), inner)
    if place.path == ("thresholds",):
        yield from _metrics(taken)
    elif place.path and place.path[-1] in _MAPS_OF_NAMES:
        for name in _names(data, _NAMES[str(place.path[-1])]):
            if name not in taken:
                yield Option(name, apply=f"{_quoted(name)}: ", type="key")


def _key(key: str, about: Explanation, part: Part) -> Option:
    opens = part.keys is not None or part.is_map or part.is_list
    detail = "" if about.default.startswith("none") or not about.default else f"default: {about.default}"
    return Option(
        key, detail or about.type, about.description, f"{key}:" if opens and part.short is None else f"{key}: ", "key"
    )


def _metrics(taken: set[str]) -> Iterator[Option]:
    for name, metric in METRICS.items():
        needed = ",".join(f"{label}={TYPICAL[label]}" for label in metric.needed if label in TYPICAL)
        form = f"{name}{{{needed}}}" if needed else name
        if form not in taken:
            statistic = "p95 " if metric.needs_statistic and "p95" in metric.statistics else "max "
            limit = "20" if metric.kind == "number" else EXAMPLES[metric.kind]
            label = f'"{form}"' if needed else form
            yield Option(form, metric.kind, metric.description, f"{label}: {statistic}< {limit}", "key")


# ---- values ---------------------------------------------------------------------------------------------


def _values(place: Cursor, part: Part, data: Mapping[str, Any]) -> Iterator[Option]:
    keys = [str(step) for step in place.path if not isinstance(step, int)]
    last = keys[-1] if keys else ""
    seen: set[str] = set()
    for option in _candidates(place, part, data, last):
        if option.label not in seen:
            seen.add(option.label)
            yield option


def _candidates(place: Cursor, part: Part, data: Mapping[str, Any], last: str) -> Iterator[Option]:
    described = part.described
    if isinstance(described, Word):
        yield from (Option(one) for one in described.choices)
    elif isinstance(described, Flag):
        yield from (Option("true"), Option("false"))
    if last == _PRESET:
        yield from (Option(name, "instance type") for name in preset_names() if place.word in name)
    if last in _NAMES:
        yield from (Option(name, "name", apply=_quoted(name)) for name in _names(data, _NAMES[last]))
    kind = _quantity(part)
    if kind is not None:
        yield from _with_units(place.word, kind)
    if part.field is not None and not (place.path and isinstance(place.path[-1], int)):
        default, source = default_of(part)
        if default and not default.startswith("none") and described is not None and " (" not in default:
            yield Option(default, "default", source)
        path = schema_path(place.path)
        if path is not None and not isinstance(described, (Word, Flag)):
            example = example_of(path, part)
            if example:
                yield Option(example, "example")


def _quantity(part: Part) -> str | None:
    """The kind of a quantity that may stand there; None: none may."""
    if isinstance(part.described, Quantity):
        return part.described.kind
    words = part.short.words if part.short is not None else ""
    return words if words in KNOWN_UNITS else None


def _with_units(word: str, kind: str) -> Iterator[Option]:
    """A number that is written, with the units that it may have."""
    number = _NUMBER.match(word)
    if number is None:
        return
    gap = "" if kind == "share" else " "
    for unit in KNOWN_UNITS[kind].split():  # type: ignore[index]
        if unit.lower().startswith(number[2].lower()):
            yield Option(f"{number[1]}{gap}{unit}", "unit")


def _names(data: Mapping[str, Any], parts: tuple[str, ...]) -> Iterator[str]:
    """The names that stand in some parts of a scenario."""
    for part in parts:
        found: Any = data
        for step in part.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            yield from map(str, found)
        elif part == "registries":
            yield "registry"


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _quoted(name: str) -> str:
    """A name as a key or value of a text."""
    return (
        name
        if re.fullmatch(r"[A-Za-z0-9_](?:[\w./@-]|:(?=\S))*", name)
        else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
