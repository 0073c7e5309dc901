"""Scenario files over each other: what `-f base.yaml -f prod.yaml` means.

Maps are merged key by key, names of groups, links or images included; anything else (a value, a list) takes the place
of what is there, and `null` takes it away, so that its default counts again. Short forms mean what they mean in
`--set`: `network: 10 Gbit/s` over a map sets its rate and keeps the rest, a map over `network: 1 Gbit/s` keeps that
rate, and an image's manifest takes the place of its sizes and layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from rolloutsim.scenario.assumed import in_force
from rolloutsim.scenario.fields import is_long
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.manifest_files import KEY, TOLD, is_manifest_key
from rolloutsim.scenario.places import Path, Place, Places, Problem
from rolloutsim.scenario.structure import ROOT, Part
from rolloutsim.scenario.text import Source


def merged(base: Source, over: Source) -> Source:
    """A text's data with another one's over it; each part stands where its text has it.

    Raises
    ------
    ScenarioError
        If the upper text alone is wrong, or says how many nodes there are where there are several groups.
    """
    taken: dict[Path, Path] = {}  # parts that are the upper text's as a whole, and where they stand there
    problems = list(over.problems)
    data = _merged(base.data, over.data, ROOT, (), (), taken, problems)
    if problems:
        raise over.places.error(problems)
    places = replace(base.places.copy(), in_text=partial(_place, base.places, over.places, taken))
    return Source(in_force(base.data, data), places, base.problems)


def _merged(
    base: Mapping[str, Any],
    over: Mapping[str, Any],
    part: Part | None,
    path: Path,
    at: Path,
    taken: dict[Path, Path],
    problems: list[Problem],
) -> dict[str, Any]:
    """A map with another one over it: what stands at `path` in the scenario, and at `at` in the upper text."""
    takes_over = over.get(KEY) is not None and is_manifest_key((*path, KEY))
    result = {key: value for key, value in base.items() if not (takes_over and key in TOLD)}
    for key, value in over.items():
        here, there = (*path, key), (*at, key)
        inner = part.step(key) if part is not None else None
        before = result.get(key)
        if value is None:
            result.pop(key, None)
            taken[here] = there
            continue
        if isinstance(value, dict):
            opened = _opened(before, value, inner)
            if isinstance(opened, dict):
                result[key] = _merged(opened, value, inner, here, there, taken, problems)
                continue
        elif isinstance(before, dict) and not isinstance(value, list):
            steps = _short(before, inner, here, there, problems)
            if steps:
                result[key] = _set(before, steps, value, inner)
                taken[(*here, *steps)] = there
                continue
        result[key] = _without_nulls(value)
        taken[here] = there
    return result


def _without_nulls(value: Any) -> Any:
    """A part that takes the place of another one, or of none, where there is nothing to take away."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _opened(before: Any, value: Mapping[str, Any], part: Part | None) -> Any:
    """What is there as a map that others can be merged over; layers take the place of a bare size."""
    if before is None or is_long(before) or part is None or part.short is None:
        return before
    if "layers" in value and not isinstance(value["layers"], int):
        return None
    return part.opened(before)


def _short(before: Mapping[str, Any], part: Part | None, here: Path, there: Path, problems: list[Problem]) -> Path:
    """The steps to the key that a short form over a map stands for; none: it takes the map's place."""
    if part is not None and part.short is not None and part.short.key is not None:
        return (part.short.key,)
    if here != ("nodes",):
        return ()
    if len(before) > 1:
        message = (
            f"there are several groups of nodes: {listing(before)}; say which, as in nodes: {{NAME: {{count: 50}}}}"
        )
        problems.append(Problem(there, message))
    return (next(iter(before)), "count") if before else ()


def _set(before: Mapping[str, Any], steps: Path, value: Any, part: Part | None) -> dict[str, Any]:
    """A map with a value at some steps below it."""
    first, *rest = steps
    if not rest:
        return {**before, str(first): value}
    inner = part.step(first) if part is not None else None
    opened = before[str(first)]
    if inner is not None:
        opened = inner.opened(opened)
    return {**before, str(first): _set(opened if isinstance(opened, dict) else {}, tuple(rest), value, inner)}


def _place(base: Places, over: Places, taken: Mapping[Path, Path], path: Path) -> Place | None:
    """Where a part stands: in the upper text if it is that one's, or in one of those below."""
    for length in range(len(path), 0, -1):
        if path[:length] in taken:
            return _from(over, (*taken[path[:length]], *path[length:]))
    return base.find(path) or _from(over, path)


def _from(places: Places, path: Path) -> Place | None:
    found = places.find(path)
    return None if found is None else replace(found, origin=found.origin or places)
