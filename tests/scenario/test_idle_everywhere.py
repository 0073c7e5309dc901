"""Of every scalar key of the shipped scenarios: where all its values make the same simulation, the key is told idle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.scenario.fields import Flag, Number, Quantity, ShareOrCount, Whole, Word
from rolloutsim.scenario.idle import no_part
from rolloutsim.scenario.overrides import parse_change
from rolloutsim.scenario.places import Path as Keys
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.resolve import resolve, simulated_alike
from rolloutsim.scenario.structure import ROOT, Part
from tests.long import one_in

FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
RICH = Path(__file__).parents[1] / "data" / "rich.yaml"
# Of what there are hundreds of equal ones a few show the same.
FEWER = {"edge-sites": ("nodes.shop.sites=6", "nodes.shop.count=12")}
# What is about many runs, or what the file is called.
BESIDE = {"rolloutsim", "name", "description", "replications", "sweep", "thresholds", "variants", "prices"}
VALUES = {
    "size": ("1 MB", "2 MB", "80 GB"), "rate": ("100 MB/s", "200 MB/s"), "time": ("1 s", "2 s"),
    "share": ("40%", "50%"),
}  # fmt: skip


def values_of(part: Part) -> tuple[Any, ...]:
    """A few values that a key may have."""
    match part.described:
        case Flag():
            return (True, False)
        case Word(choices=choices):
            return choices
        case Quantity(kind=kind):
            return VALUES[kind]
        case ShareOrCount():
            return ("10%", "60%", 1, 2)
        case Whole() | Number():
            return (1, 2, 3, 1500, 9000)
    return ()


def scalars(data: Any, part: Part, path: Keys) -> Iterator[tuple[Keys, Part]]:
    """Every scalar key that a scenario gives or may give, in the parts that it has."""
    if part.is_map or part.is_list:
        for name in data if part.is_map else range(len(data)):
            inner = part.step(name)
            assert inner is not None
            yield from scalars(data[name], inner, (*path, name))
    elif part.keys is None:
        yield path, part
    else:
        for name in part.keys:
            inner = part.step(name)
            assert inner is not None
            below = data.get(name) if isinstance(data, dict) else None
            yield from scalars({} if below is None and inner.is_map else below or (), inner, (*path, name))


@pytest.mark.parametrize("file", [RICH, *one_in(3, FILES)], ids=lambda file: file.stem)
def test_a_key_whose_values_all_make_the_same_simulation_is_told_to_play_no_part(file: Path) -> None:
    draft = rs.load(file, FEWER.get(file.stem, ())).draft()
    data = json.loads(resolve(draft.document()).document)
    silent = []
    for path, part in scalars(data, ROOT, ()):
        if path[0] in BESIDE or path[-1] == "digest" or part.described is None:
            continue
        found = []
        for value in values_of(part):
            try:
                document = draft.document([parse_change(dotted(path), value)])
            except RolloutsimError:
                continue
            found.append((document, resolve(document)))
            if len(found) > 1 and not simulated_alike(found[0][1], found[-1][1]):
                break
        else:
            if len(found) > 1 and no_part(found[0][0], path) is None:
                silent.append(dotted(path))
    assert silent == []
