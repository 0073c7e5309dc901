"""Scenarios whose numbers are as odd as the format allows, simulated: an end within bounds, and numbers that are some.

Drawn scenarios and shipped ones, in which some of the numbers are replaced; what the loader refuses of that is taken
back. What takes too long, or too much memory, the runner sees (`tests.fuzz.run`).
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from rolloutsim.errors import ScenarioError
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.completing.values import MOST_NODES
from tests.fuzz.valid import refused, valid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCENARIOS = Path(__file__).parents[2] / "scenarios"
_QUANTITY = re.compile(r"(-?)[0-9.]+\s*([a-zA-Z/%]+)")
_ODD = ("0", "1e-12", "1e-9", "1e-6", "1e-4", "0.01", "1", "7", "100", "1e4", "1e6", "1e8", "1e10", "1e11", "99999")
_ODD_COUNTS = (0, 1, 2, 7, 100, 10**4, 10**6, 10**9, 2**31, 2**53)
_MANY = {"count", "nodes", "replicas", "web", "gpu", "node"}  # keys of counts of which as many take long for a reason
_ODD_MANY = (0, 1, 7, 20, 10**9, 2**53)
_TRIES = 8


def check(number: int) -> None:
    """One scenario, simulated, and its JSON."""
    data = scenario(number)
    try:
        resolved = loads(json.dumps(data)).resolve()
        result = Outcome(simulate(resolved))
    except ScenarioError:
        return  # what the file asks for is more than there may be
    json.loads(result.to_json("full"))


def scenario(number: int) -> dict[str, Any]:
    """The data of a case's scenario."""
    random = Random(f"odd {number}")
    data = deepcopy(random.choice(_shipped())) if random.random() < 0.3 else valid(random, random.choice((0.02, 0.3)))
    places = [*_numbers(data, ())]
    if not places:
        return data
    drawn = random.choice((1, 2, 3, 5, max(1, len(places) // 3)))
    chosen = random.sample(places, min(drawn, len(places)))
    before = {path: _at(data, path) for path in chosen}
    for path, value in before.items():
        _put(data, path, _odd(random, value, path[-1] in _MANY))
    for _ in range(_TRIES):
        problems = refused(data)
        if not problems:
            break
        # What is refused is among what was replaced, or hangs on something that was.
        blamed = [path for path in before if any(tuple(one)[: len(path)] == path for one in problems)] or [*before]
        for path in blamed:
            _put(data, path, before.pop(path))
    return data


@cache
def _shipped() -> list[dict[str, Any]]:
    found = []
    for file in sorted(_SCENARIOS.glob("*.yaml")):
        data = yaml.safe_load(file.read_text())
        for path in [*_numbers(data, ())]:
            if path[-1] in _MANY and isinstance(_at(data, path), int):
                _put(data, path, min(_at(data, path), MOST_NODES))
        if data.get("rolloutsim") and not refused(data):
            found.append(data)
    return found


def _numbers(data: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The places of quantities and counts."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, (dict, list)):
            yield from _numbers(value, (*path, key))
        elif (*path, key) != ("rolloutsim",) and _is_number(value):
            yield (*path, key)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _QUANTITY.fullmatch(value.strip()) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _odd(random: Random, value: Any, many: bool) -> Any:
    if isinstance(value, int):
        return random.choice(_ODD_MANY if many else _ODD_COUNTS)
    if isinstance(value, float):
        return random.choice((0.0, 1e-12, 1e-3, 1.0, 1e3, 1e9))
    match = _QUANTITY.fullmatch(value.strip())
    assert match is not None
    return f"{match[1]}{random.choice(_ODD)} {match[2]}"


def _at(data: Any, path: Sequence[Any]) -> Any:
    for step in path:
        data = data[step]
    return data


def _put(data: Any, path: Sequence[Any], value: Any) -> None:
    _at(data, path[:-1])[path[-1]] = value
