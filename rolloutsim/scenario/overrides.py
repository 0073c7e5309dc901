"""Changes to a scenario by path: `network.links.wan.capacity=2 Gbit/s`, as `--set` and `with_` take them.

A change applies to the data before it is validated. Where the data has a short form and the path goes deeper,
the short form is written out first; where the data has a map and the value is its short form, the key that the
short form stands for is set and the others stay (`network=10 Gbit/s` keeps the racks); an image's layers take the
place of its bare size, a number of them divides it, and its manifest takes the place of its sizes and layers; null
takes away what is there. Names of groups, links, registries,
images and flows must exist, so that a misspelt one is an error and not a new part; a whole entry, which is a map, adds
one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.scenario.fields import is_long
from rolloutsim.scenario.hints import intended, listing
from rolloutsim.scenario.manifest_files import TOLD, is_manifest_key
from rolloutsim.scenario.places import Path, Place, Places, dotted
from rolloutsim.scenario.structure import ROOT, Part, placeholder, schema_path
from rolloutsim.scenario.text import read_value
from rolloutsim.structs import struct

_WORD = r"[^\s.\[\]{}=\"',]+"
_BRACKET = r"""\[\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\]\["']+?))\s*\]"""
_OWN_NAMES = ("metric",)  # maps to which a change may add: their keys refer to something else
_ONLY = "registry"  # what the only registry is called, which has no name in a file, and its key
_HOLDING = ("cached", "holds", "images")  # of nodes, caches and mirrors: which images there are
_OF_IMAGES = 3  # the depth of an image in these
_KEY_FORM = "write for example network.latency"
_FORM = "write KEY=VALUE, for example network.latency=5 ms or 'images[\"golang:1.8-alpine\"]=200 MB'"

# Keys of which no other value can be tried, since they are about many runs or the file: why, and what to do instead.
_IDLE: Mapping[str, str] = {
    "replications": "every value is simulated equally often; say how often with --replications",
    "sweep": "it says what a sweep varies, and changes no simulation; vary what stands there",
    "thresholds": "it judges a simulation, and changes none; sweep what is simulated, or compare with --fail-if",
    "rolloutsim": "it is the version of the file's format, of which this release reads one",
}


@struct
class Change:
    """A value for the part at a path; None takes away what is there, so that its default counts.

    `source` is what an error about it shows as its place, where it has no `place` in the scenario's text.
    """

    path: Path
    value: Any
    source: str
    place: Place | None = None


def parse_assignment(text: str) -> Change:
    """A change from `KEY=VALUE`, the value as YAML; `null` takes the key away.

    Raises UsageError if the text has no such form, ScenarioError if the value is not YAML.
    """
    key, value = split_assignment(text, "--set", _FORM)
    return parse_change(key, value, "--set", may_remove=True)


def split_assignment(text: str, option: str, form: str) -> tuple[str, str]:
    """The key and the value's text of `KEY=VALUE`; `form` tells the user of `option` how it is written.

    Raises UsageError if the text has no such form.
    """
    _, end = _parse_path(text, text, option, form)
    if text[end : end + 1] != "=":
        raise UsageError(f"{option} {text}: a value is missing; {form}")
    return text[:end], text[end + 1 :]


def parse_change(key: str, value: Any, verb: str = "with_", may_remove: bool = False) -> Change:
    """A change from a path and a value of any type; text is read as YAML, and `verb` is where errors say it is from.

    None takes the key away, and so does the text `null` if it `may_remove`.
    """
    path, end = _parse_path(key, key, verb)
    if end != len(key):
        raise UsageError(f"{verb} {key}: cannot read the path from '{key[end:]}' on; {_FORM}")
    source = f"{verb} {key}"
    read = read_value(value, source, may_remove) if isinstance(value, str) else copy.deepcopy(value)
    return Change(path, read, source)


def apply(data: Mapping[str, Any], places: Places, *changes: Change) -> dict[str, Any]:
    """A copy of the data with the changes, which shares what they leave; `places` learns where new parts come from.

    Raises UsageError if the format has no such path, or the scenario no such name.
    """
    result = dict(data)
    copies = _Copies()
    for change in changes:
        _apply(result, places, change, copies)
    return result


class _Copies:
    """The containers that were copied for a change, each once."""

    def __init__(self) -> None:
        self.own: dict[int, Any] = {}  # kept, so that no other gets its identity

    def inside(self, container: Any, step: Any, value: Any) -> Any:
        """Put a value at a step of a copy, a container as a copy."""
        if isinstance(value, (dict, list)) and id(value) not in self.own:
            value = dict(value) if isinstance(value, dict) else list(value)
            self.own[id(value)] = value
        container[step] = value
        return value


def _apply(result: dict[str, Any], places: Places, change: Change, copies: _Copies) -> None:
    container: Any = result
    part = ROOT
    for depth, step in enumerate(change.path[:-1]):
        container, part = _only_entry(container, part, step, copies)
        step, part = _step(container, part, change, depth, step)
        before = container.get(step) if isinstance(container, dict) else container[step]
        inner = _opened(before, part)
        if part.short is not None and before is not None and not is_long(before) and change.path[depth + 1] == "layers":
            # A number of layers divides the size.
            inner = inner if isinstance(change.value, int) else {}
        if not isinstance(inner, (dict, list)):
            raise _unknown(change, f"{dotted(change.path[: depth + 1])} has no keys inside")
        container = copies.inside(container, step, inner)
    last = len(change.path) - 1
    container, part = _only_entry(container, part, change.path[-1], copies)
    step, part = _step(container, part, change, last, change.path[-1])
    before = container.get(step) if isinstance(container, dict) else container[step]
    path = (*change.path[:-1], step)
    if change.value is None:
        if isinstance(container, list) or step in container:
            del container[step]
        places.override(path, change.place or Place(source=change.source))
        return
    if isinstance(before, dict) and not isinstance(change.value, (dict, list)):
        path, container, step = _short_target(change, part, container, path, copies)
    for told in _told_anew(path, container):
        container.pop(told, None)
    container[step] = change.value
    places.override(path, change.place or Place(source=change.source))


def _told_anew(path: Path, image: Any) -> Sequence[str]:
    """The keys of an image that say what a new value at a path says."""
    if is_manifest_key(path):
        return TOLD
    if len(path) == 3 and path[0] == "images":
        if path[2] == "layers":
            return ("equal_layers",)
        # A number of `layers` is the same.
        if path[2] == "equal_layers" and isinstance(image.get("layers"), int):
            return ("layers",)
    return ()


def parse_path(text: str, verb: str = "explain") -> Path:
    """The path that a text names; errors begin with the verb.

    Raises UsageError if the text is no path.
    """
    path, end = _parse_path(text, text, verb, _KEY_FORM)
    if end != len(text):
        raise UsageError(f"{verb} {text}: cannot read it from column {end + 1} on; {_KEY_FORM}")
    return path


def refuse_idle(path: Path, source: str) -> None:
    """Refuse to try values of a key that changes no simulation, with a UsageError that names the source."""
    reason = _IDLE.get(str(path[0])) if path else None
    if reason is not None:
        raise UsageError(f"{source}: {dotted(path)} has no effect here: {reason}")


def _parse_path(text: str, whole: str, verb: str = "--set", form: str = _FORM) -> tuple[Path, int]:
    """The path at the start of the text, and where it ends."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        if text[position] == "[":
            match = re.compile(_BRACKET).match(text, position)
            if match is None:
                raise UsageError(f"{verb} {whole}: the bracket at column {position + 1} is not closed; {form}")
            name = next(group for group in match.groups() if group is not None)
            path.append(re.sub(r"\\(.)", r"\1", name) if match[1] is not None else name)
        else:
            start = position + (1 if path and text[position] == "." else 0)
            match = re.compile(_WORD).match(text, start) if not path or start > position else None
            if match is None:
                break
            path.append(match[0])
        position = match.end()
    if not path:
        raise UsageError(f"{verb} {whole}: a key is missing; {form}")
    if text[position : position + 1] in ("]", "}", "{"):
        raise UsageError(
            f"{verb} {whole}: '{text[position]}' at column {position + 1} does not belong to a key; "
            f"put a name with such characters in brackets and quotes; {form}"
        )
    return tuple(path), position


def _step(container: Any, part: Part, change: Change, depth: int, step: str | int) -> tuple[Any, Part]:
    """The step as the container knows it, and what may stand there."""
    around = dotted(change.path[:depth]) or "the scenario"
    if isinstance(container, list):
        if not str(step).isdecimal() or int(step) >= len(container):
            first = dotted((*change.path[:depth], 0, *change.path[depth:]))
            hint = None if str(step).isdecimal() or not container else f"say which, as in {first}"
            raise _unknown(change, f"{around} has {len(container)} entries, numbered from 0", hint)
        step = int(step)
    elif part.short is not None and container is not None:
        step = _by_its_name(container, part.short.also, step)
    inner = part.step(step)
    if inner is None:
        keys = part.keys or ()
        what = (
            f"unknown key '{step}' in {around}; allowed: {listing(keys, 40)}"
            if keys
            else f"{around} has no keys inside"
        )
        raise _unknown(change, what, _key_hint(change, depth, str(step)))
    if part.is_map and isinstance(container, dict) and step not in container and not _may_add(part, change, depth):
        what = f"no {placeholder(part)} is named '{step}' in {around}; there are: {listing(container)}"
        hint = _name_hint(change, depth, str(step), container)
        if hint is None:
            hint = f"a whole entry, a map, adds one: {dotted(change.path[: depth + 1])}={{…}}"
        raise _unknown(change, what, hint)
    return step, inner


def _by_its_name(container: dict[str, Any], also: Mapping[str, str], step: str | int) -> str | int:
    """A key's own name, by which the container then has it as well."""
    for other, name in also.items():
        if step in (other, name):
            if other in container and name not in container:
                entries = list(container.items())
                container.clear()
                container.update((name if key == other else key, value) for key, value in entries)
            return name
    return step


def _only_entry(container: Any, part: Part, step: str | int, copies: _Copies) -> tuple[Any, Part]:
    """The one entry of a list that a key is looked for in, as if there were no list; else the container itself."""
    inner = part.step(0) if part.is_list else None
    if isinstance(container, list) and len(container) == 1 and inner is not None and step in (inner.keys or ()):
        return copies.inside(container, 0, _opened(container[0], inner)), inner
    return container, part


def _may_add(part: Part, change: Change, depth: int) -> bool:
    if placeholder(part) in _OWN_NAMES or depth == _OF_IMAGES and change.path[depth - 1] in _HOLDING:
        return True
    return depth == len(change.path) - 1 and isinstance(change.value, dict)


def _opened(value: Any, part: Part) -> Any:
    """A value as a container: nothing becomes an empty map, a short form the long one."""
    if value is None:
        return {}
    if is_long(value) or isinstance(value, list):
        return value
    return part.opened(value)


def _short_target(change: Change, part: Part, container: Any, path: Path, copies: _Copies) -> tuple[Path, Any, Any]:
    """Where a short form goes when there is a map: to the key that it stands for, or in the map's place."""
    before = container[path[-1]]
    if part.short is not None and part.short.key is not None:
        return (*path, part.short.key), copies.inside(container, path[-1], before), part.short.key
    if path == ("nodes",):
        if len(before) > 1:
            what = f"there are several groups of nodes: {listing(before)}"
            raise _unknown(change, what, "say which, as in nodes.NAME.count")
        (group,) = before
        groups, inner = copies.inside(container, "nodes", before), part.step(group)
        opened = before[group] if inner is None else _opened(before[group], inner)
        return ("nodes", group, "count"), copies.inside(groups, group, opened), "count"
    return path, container, path[-1]


def _key_hint(change: Change, depth: int, step: str) -> str | None:
    from rolloutsim.scenario.key_hints import key_hint  # only errors need it

    place = schema_path(change.path[:depth])
    hint = key_hint(step, place) if place is not None else None
    if hint is None:
        return None
    return hint.at_path(dotted((*change.path[:depth], hint.key[-1], *change.path[depth + 1 :])) if hint.key else "")


def _name_hint(change: Change, depth: int, step: str, container: dict[str, Any]) -> str | None:
    rest = [str(one) for one in change.path[depth:]]
    for length in range(len(rest), 1, -1):
        if ".".join(rest[:length]) in container:
            meant: Path = (*change.path[:depth], ".".join(rest[:length]), *change.path[depth + length :])
            return f"write {dotted(meant)}"
    if change.path[:depth] == ("registries",) and not container and step == _ONLY:
        return f"the only one has no name: write {dotted((_ONLY, *change.path[depth + 1 :]))}"
    choice = intended(step, container)
    if choice is not None:
        return f"did you mean {dotted((*change.path[:depth], choice, *change.path[depth + 1 :]))}?"
    return None


def _unknown(change: Change, what: str, help: str | None = None) -> UsageError:
    return UsageError(f"{change.source}: {what}" + (f"; {help}" if help else ""))
